package capture

import (
	"context"
	"io"

	"cbdoctor/capture/packet"
)

// SessionLadder is the ladder of one session as a report keeps it: the beginning, the evidence and the end.
type SessionLadder struct {
	File    string `json:"file"`
	Session int    `json:"session"` // its number in the capture, from 0
	Steps   []Step `json:"steps"`   // where packets were left out, the step after them says how many
}

const (
	ladderEnds    = 40 // steps kept of the beginning, and as many of the end
	ladderProofs  = 40 // decisive steps kept between them
	laddersOfFile = 24 // an engineer reads two or three
)

// decisive lists the sessions whose ladders show what is wrong: for each pair of the capture the session that its
// verdict was taken from, where that is bad, else the last bad one. A healthy capture has none.
func (r *Result) decisive() []*Session {
	last := map[string]*Session{}
	key := func(s *Session) string { return host(s.Client) + ">" + s.Server }
	for i := range r.Sessions {
		if s := &r.Sessions[i]; s.Verdict.class() == badClass {
			last[key(s)] = s
		}
	}
	chosen := map[int]bool{}
	for _, p := range r.Pairs {
		chosen[p.Decisive] = p.Verdict.class() == badClass
	}
	var out []*Session
	for i := range r.Sessions {
		s := &r.Sessions[i]
		if (chosen[s.Session] || last[key(s)] == s) && len(out) < laddersOfFile {
			out = append(out, s)
		}
	}
	return out
}

// host is an endpoint without its port.
func host(endpoint string) string {
	for i := len(endpoint) - 1; i >= 0; i-- {
		if endpoint[i] == ':' {
			return endpoint[:i]
		}
	}
	return endpoint
}

// Ladders reads a capture again and returns the ladders of its decisive sessions. One pass serves all.
func (r *Result) Ladders(ctx context.Context, again io.Reader, opt Options) ([]SessionLadder, error) {
	sessions := r.decisive()
	opt = opt.with(r.lateSecrets)
	if len(sessions) == 0 {
		return nil, nil
	}
	reader := readerOf(opt)
	ladders, end := make([]*ladder, len(sessions)), int64(0)
	for i, s := range sessions {
		ladders[i] = newLadder(s, reader)
		end = max(end, s.end())
	}
	reading, err := opt.reading()
	if err != nil {
		return nil, err
	}
	reading.Secrets = reader.secrets
	_, err = packet.Read(ctx, again, reading, func(p *packet.Packet) error {
		if p.Frame > end {
			return packet.ErrStop
		}
		for _, l := range ladders {
			if p.Frame > l.session.end() {
				continue
			}
			if err := l.packet(p); err != nil {
				return err
			}
			if len(l.steps) > 8*ladderEnds {
				l.steps = shorten(l.steps)
			}
		}
		return nil
	})
	out := make([]SessionLadder, len(ladders))
	for i, l := range ladders {
		l.finish()
		out[i] = SessionLadder{Session: l.session.Session, Steps: shorten(l.steps)}
	}
	return out, err
}

// shorten keeps the beginning, the end, and between them what is decisive.
func shorten(steps []Step) []Step {
	out, proofs, left := []Step{}, 0, 0
	for i, s := range steps {
		keep := i < ladderEnds || i >= len(steps)-ladderEnds
		if !keep && s.Decisive && proofs < ladderProofs {
			keep = true
			proofs++
		}
		if !keep {
			left += 1 + s.LeftOut
			continue
		}
		s.LeftOut += left
		left = 0
		out = append(out, s)
	}
	return out
}
