package capture

import (
	"cmp"
	"fmt"
	"slices"

	"cbdoctor/capture/packet"
	"cbdoctor/stamp"
)

// maxAsks bounds the address questions that are followed.
const maxAsks = 1024

func (t *tracker) neighbor(p *packet.Packet) {
	n := &p.Neighbor
	if n.Reply {
		for k, a := range t.arp {
			if k.target == n.Sender {
				a.answered = true
			}
		}
		return
	}
	if n.Sender.IsZero() || n.Sender == n.Target {
		return // a probe for a duplicate address (RFC 5227), or an announcement
	}
	k := arpKey{n.Sender, n.Target}
	a := t.arp[k]
	if a == nil {
		if len(t.arp) >= maxAsks {
			return
		}
		a = &arpAsk{firstFrame: p.Frame, firstTime: p.Time}
		t.arp[k] = a
	}
	a.count++
	a.last, a.lastTime = p.Frame, p.Time
}

// askedEnough: an address that is there answers at once; Linux asks three times, a second apart.
const askedEnough = 3

// askedByMany: a host that asks for more addresses than this in vain looks for anybody.
const askedByMany = 8

// askFilter is a display filter for the questions: ARP's, or the neighbor solicitations of IPv6 (RFC 4861 section 4.3).
func askFilter(k arpKey) string {
	if k.target.Is4() {
		return fmt.Sprintf("arp.src.proto_ipv4 == %s && arp.dst.proto_ipv4 == %s", k.asker, k.target)
	}
	return fmt.Sprintf("ipv6.src == %s && icmpv6.nd.ns.target_address == %s", k.asker, k.target)
}

// unanswered makes a session of every address that was asked for and never answered, when it is a known peer of the port, or
// when nothing else in the file concerns the port.
func (l *Listing) unanswered(known peers) {
	t := l.lanes[0] // which sees what belongs to no connection
	keys := make([]arpKey, 0, len(t.arp))
	for k := range t.arp {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b arpKey) int { return cmp.Compare(t.arp[a].firstFrame, t.arp[b].firstFrame) })
	talking := map[packet.Addr]bool{}
	for _, p := range t.pairs.order {
		talking[p.key.server], talking[p.key.client] = true, true
	}
	number := 0
	for _, t := range l.lanes {
		number += t.starts.count
	}
	asked := map[packet.Addr]int{} // how many addresses each host asks for in vain
	for _, k := range keys {
		if !t.arp[k].answered {
			asked[k.asker]++
		}
	}
	alone := len(t.pairs.order) == 0
	for _, k := range keys {
		a := t.arp[k]
		if a.answered || a.count < askedEnough || asked[k.asker] > askedByMany || !alone && !talking[k.target] || known.hosts.Lookup(k.target) != nil {
			continue
		}
		if _, alive := known.ports[k.target]; alive {
			continue
		}
		confidence := Medium
		if alone {
			confidence = Low
		}
		s := Session{
			Session: number, Client: endpoint(k.asker.Netip(), 0), Server: endpoint(k.target.Netip(), t.port), Verdict: ARPUnanswered, Confidence: confidence,
			Reason:       fmt.Sprintf("%s asks %d times for the MAC address of %s and gets no answer; no SYN can leave", k.asker, a.count, k.target),
			Observations: []string{}, Evidence: frames([]int64{a.firstFrame, a.last}), FirstFrame: a.firstFrame, LastFrame: a.last,
			Filter: askFilter(k),
			First:  stamp.New(nsTime(a.firstTime), 6), Last: stamp.New(nsTime(a.lastTime), 6),
		}
		number++
		l.last = append(l.last, s)
		t.count(pairKey{k.asker, k.target, t.port}, &judged{
			frame: a.firstFrame, first: a.firstTime, last: a.lastTime, digits: 6, verdict: s.Verdict, class: badClass, confidence: s.Confidence,
		}, nil)
	}
}
