package points

import (
	"cbdoctor/capture"
	"cbdoctor/capture/packet"
)

// proofs are what the fates of a session's packets prove, the first that holds. Each proves a verdict that one capture can only infer.
var proofs = []struct {
	verdict capture.Verdict
	when    func(f *fates, p *pairing) bool
}{
	{capture.RefusedByMiddlebox, func(f *fates, p *pairing) bool {
		return f[server].injected != nil && !f.passed(server, synAck) && p.met(synAck) == 0
	}},
	{capture.ResetInjected, func(f *fates, _ *pairing) bool {
		return f.opened() && (f[client].injected != nil || f[server].injected != nil)
	}},
	{capture.SYNDropped, func(f *fates, _ *pairing) bool { return f.lost(client, syn) && !f.passed(client, syn) }},
	{capture.SYNACKLost, func(f *fates, _ *pairing) bool { return f.lost(server, synAck) && !f.passed(server, synAck) }},
	{capture.MTUBlackhole, func(f *fates, p *pairing) bool { return f.lostData() && p.judged(capture.MTUBlackhole) }},
	{capture.IdleDrop, func(f *fates, p *pairing) bool { return f.lostData() && p.judged(capture.IdleDrop) }},
	{capture.BlackholeAfterTCP, func(f *fates, p *pairing) bool { return f.lostData() && p.judged(capture.BlackholeAfterTCP) }},
	{capture.SYNACKLost, func(f *fates, p *pairing) bool { return f.lost(client, ack) && p.judged(capture.SYNACKLost) }},
}

// verdict is what the session's packets at both points prove, "" when they prove nothing.
func (f *fates) verdict(p *pairing) capture.Verdict {
	for _, x := range proofs {
		if x.when(f, p) {
			return x.verdict
		}
	}
	return ""
}

func syn(r *record) bool    { return r.kind() == "SYN" }
func synAck(r *record) bool { return r.kind() == "SYN-ACK" }
func data(r *record) bool   { return r.kind() == "data" }
func ack(r *record) bool    { return r.kind() == "ACK" }

func (f *fates) passed(from int, is func(*record) bool) bool {
	for _, b := range f[from].arrived {
		if is(b[0]) {
			return true
		}
	}
	return false
}

// opened reports whether both points saw the connection open.
func (f *fates) opened() bool { return f.passed(client, syn) && f.passed(server, synAck) }

// lost reports whether a packet of a kind vanishes again and again: TCP repeats what is not answered, and a single one may be a capture's loss.
func (f *fates) lost(from int, is func(*record) bool) bool {
	times := map[uint32]int{}
	for _, r := range f[from].vanished {
		if is(r) {
			if times[r.seq]++; times[r.seq] >= 2 {
				return true
			}
		}
	}
	return false
}

func (f *fates) lostData() bool { return f.lost(client, data) || f.lost(server, data) }

// met counts the packets of a kind that either point has.
func (p *pairing) met(is func(*record) bool) (n int) {
	for _, v := range p.views {
		if v == nil {
			continue
		}
		for i := range v.records {
			if r := &v.records[i]; r.flags&packet.RST == 0 && is(r) {
				n++
			}
		}
	}
	return n
}

// judged reports whether the session was judged so at one of the points.
func (p *pairing) judged(verdict capture.Verdict) bool {
	for _, v := range p.views {
		if v != nil && v.session.Verdict == verdict {
			return true
		}
	}
	return false
}
