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
		if r.ttl < seen.ttlMin || r.ttl > seen.ttlMax {
			return ttlDiffers(r.ttl, seen.ttlMin, seen.ttlMax, "its other connections on this port"), "", false
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
	switch {
	case r.ttl < least || r.ttl > most:
		return ttlDiffers(r.ttl, least, most, "its connections on other ports"), "", false
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

func ttlDiffers(reset, least, most uint8, where string) string {
	if least != most {
		return fmt.Sprintf("the reset has TTL %d, %s have TTL %d to %d", reset, where, least, most)
	}
	return fmt.Sprintf("the reset has TTL %d, %s have TTL %d", reset, where, least)
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
