package capture

import (
	"fmt"
	"strconv"
	"sync"

	"cbdoctor/capture/packet"
)

// peers is what is known of hosts beside the session that is judged: with which TTL they send.
type peers struct {
	ports map[packet.Addr]origin
	hosts *packet.Hosts
}

// ttl is the one TTL with which a host's packets come here, 0 when there are several or none.
func (p peers) ttl(addr packet.Addr) uint8 {
	if seen, known := p.ports[addr]; known && seen.ttlMin == seen.ttlMax {
		return seen.ttlMin
	}
	if h := p.hosts.Lookup(addr); h != nil && h.Len == 1 {
		return h.TTLs[0].TTL
	}
	return 0
}

// compareResets judges again the sessions with a reset, now that other traffic of the hosts is known.
func (t *tracker) compareResets(known peers) {
	for i := range t.late {
		l := &t.late[i]
		m := &l.summary
		known.judge(m, &l.tuple, l.resets)
		verdict, confidence, reason, evidence := Decide(m)
		if l.listed && t.told.at(l.at).FirstFrame == l.judged.frame { // it may have had to make room in the list
			out := t.told.at(l.at)
			out.Verdict, out.Confidence, out.Reason, out.Evidence = verdict, confidence, reason, evidence
			out.ask(m, &l.tuple, packet.Addr.String)
		}
		l.judged.verdict, l.judged.class, l.judged.confidence = verdict, verdict.class(), confidence
		t.count(l.tuple.pair(), &l.judged, nil)
	}
	t.late = t.late[:0]
}

// judge compares the resets of a session that the session itself can't be held against.
func (p peers) judge(m *Summary, k *tuple, resets [2]reset) {
	for d, addr := range [2]packet.Addr{k.client, k.server} {
		if m.resetUnknown(d) {
			m.RSTForeign[d], m.RSTLike[d], m.RSTWeak[d] = p.compare(resets[d], addr)
		}
	}
}

// compare holds a reset against the other packets of its named sender: on the port, and of other ports. weak says that what makes
// it foreign is no proof.
func (p peers) compare(r reset, addr packet.Addr) (foreign, like string, weak bool) {
	if seen, known := p.ports[addr]; known {
		if r.leaves && seen.arrives {
			return sentHere("its other connections on this port"), "", false
		}
		if differs, weak := tellsApart(r.ttl, seen.ttlMin, seen.ttlMax); differs {
			return ttlDiffers("reset", r.ttl, seen.ttlMin, seen.ttlMax, "its other connections on this port"), "", weak
		}
		if chosen(r.ttl, seen.ttlMin, seen.ttlMax) {
			return "", "", false
		}
		if seen.ttlMin != seen.ttlMax {
			return "", r.passes(seen.arrives, seen.ttlMax, "its other connections on this port"), false
		}
		if why := seen.foreign(r); why != "" {
			return why, "", true
		}
		return "", ttlSame(r.ttl, "its other connections on this port"), false
	}
	if p.hosts == nil {
		return "", "", false
	}
	h := p.hosts.Lookup(addr)
	if h != nil && r.leaves && h.Arrives {
		return sentHere("its connections on other ports"), "", false
	}
	if h == nil {
		return "", "", false
	}
	least, most := h.Range()
	differs, weak := tellsApart(r.ttl, least, most)
	switch {
	case differs:
		return ttlDiffers("reset", r.ttl, least, most, "its connections on other ports"), "", weak
	case chosen(r.ttl, least, most):
		return "", "", false
	case least == most:
		return "", ttlSame(r.ttl, "its connections on other ports"), false
	}
	return "", r.passes(h.Arrives, most, "its connections on other ports"), false
}

// passes says, on a router whose capture has each packet as it comes in and as it goes out, that the reset came in like the host's other
// packets; "" where that is not so, or not known.
func (r reset) passes(arrives bool, first uint8, where string) string {
	if !arrives || r.leaves || r.ttl != first {
		return ""
	}
	return ttlSame(r.ttl, where)
}

// sentHere says that the capturing host sent a reset in the name of another one.
func sentHere(where string) string {
	return "the machine on which the capture was taken sent the reset, " + where + " arrive there from elsewhere"
}

// tellsApart reports whether a packet's TTL says that it was not sent by the host whose other packets have TTLs from least to most. That is
// weak where those differ among themselves, or where the packet comes from farther away than they do: what is on the way is nearer.
func tellsApart(ttl, least, most uint8) (differs, weak bool) {
	differs = (ttl < least || ttl > most) && !chosen(ttl, least, most)
	return differs, least != most || farther(ttl, least)
}

// chosen reports whether a packet of another TTL may be the host's own all the same: the program chose the TTL of its connection, as BGP does
// with 1 and 255 (RFC 4271, RFC 5082), and what the system sends for it has the system's.
func chosen(ttl, least, most uint8) bool {
	return least == most && ttl != least && (least == 1 || least == 255) && initialTTL(ttl) == ttl
}

// initialTTL is what systems begin with, the next above a TTL.
func initialTTL(ttl uint8) uint8 {
	switch {
	case ttl <= 64:
		return 64
	case ttl <= 128:
		return 128
	}
	return 255
}

// farther reports whether a packet has passed more routers than another of the same kind of system.
func farther(ttl, other uint8) bool { return ttl < other && initialTTL(ttl) == initialTTL(other) }

func ttlDiffers(what string, ttl, least, most uint8, where string) string {
	if least != most {
		return fmt.Sprintf("the %s has TTL %d, %s have TTL %d to %d", what, ttl, where, least, most)
	}
	return fmt.Sprintf("the %s has TTL %d, %s have TTL %d", what, ttl, where, least)
}

// ttlSame is asked for every session that ends with a reset: all that it can say is prepared.
func ttlSame(ttl uint8, where string) string {
	if where == ofSession {
		return sameOfSession()[ttl]
	}
	return sameTTL(ttl, where)
}

// ofSession names the packets that a reset is compared with first.
const ofSession = "its other packets of this session"

var sameOfSession = sync.OnceValue(func() []string {
	text := make([]string, 256)
	for ttl := range text {
		text[ttl] = sameTTL(uint8(ttl), ofSession)
	}
	return text
})

func sameTTL(ttl uint8, where string) string {
	return "the reset has the same TTL " + strconv.Itoa(int(ttl)) + " as " + where
}
