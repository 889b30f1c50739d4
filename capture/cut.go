package capture

import (
	"context"
	"fmt"
	"io"
	"slices"

	"cbdoctor/capture/packet"
)

// Cut reads a capture again and writes the packets of the chosen sessions as pcapng, with the verdict as a comment on each
// packet that is evidence of it: what to send to the firewall team. It returns how many packets were written.
func Cut(ctx context.Context, path string, sessions []int, w io.Writer, opt Options) (int, error) {
	opt.AllSessions = true
	r, err := AnalyzeFile(ctx, path, opt)
	if err != nil {
		return 0, err
	}
	chosen := make([]*Session, 0, len(sessions))
	for _, n := range sessions {
		i := slices.IndexFunc(r.Sessions, func(s Session) bool { return s.Session == n })
		if i < 0 {
			return 0, fmt.Errorf("%w: %s has sessions 0 to %d, not %d", ErrNoSession, path, len(r.Sessions)-1, n)
		}
		chosen = append(chosen, &r.Sessions[i])
	}
	reading, err := opt.reading()
	if err != nil {
		return 0, err
	}
	out := packet.NewWriter(w, "cbdoctor")
	written := 0
	_, err = packet.ReadFile(ctx, path, reading, func(p *packet.Packet) error {
		s := owner(chosen, p)
		if s == nil {
			return nil
		}
		comment := ""
		if slices.Contains(s.Evidence, p.Frame) {
			comment = fmt.Sprintf("cbdoctor: session %d: %s: %s", s.Session, s.Verdict, s.Reason)
		}
		written++
		return out.Write(p, comment)
	})
	if err != nil {
		return written, err
	}
	return written, out.Flush()
}

// owner is the chosen session that a packet belongs to.
func owner(chosen []*Session, p *packet.Packet) *Session {
	for _, s := range chosen {
		if p.Frame < s.FirstFrame || p.Frame > s.end() {
			continue
		}
		switch p.Kind {
		case packet.TCP:
			from, to := endpoint(p.Src.Netip(), p.SrcPort), endpoint(p.Dst.Netip(), p.DstPort)
			if from == s.Client && to == s.Server || from == s.Server && to == s.Client {
				return s
			}
		case packet.ICMPError, packet.ARP:
			if slices.Contains(s.Evidence, p.Frame) {
				return s
			}
		}
	}
	return nil
}
