package capture

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"cbdoctor/capture/packet"
)

// Part is some sessions of a capture on disk.
type Part struct {
	Path     string
	Sessions []int // their numbers
}

// Cut reads captures again and writes the packets of the chosen sessions as one pcapng file: what to send to the firewall team. Each packet
// that is evidence of a verdict has a comment that says what it shows, the first one the verdict and its reason. Packets of several captures
// stand one capture after the other, each on interfaces of its own. It returns how many packets were written.
func Cut(ctx context.Context, parts []Part, w io.Writer, opt Options) (written int, err error) {
	var comments []string
	for _, part := range parts {
		comments = append(comments, fmt.Sprintf("%d of the sessions in %s, cut out by cbdoctor; frame numbers in comments are those of that file", len(part.Sessions), filepath.Base(part.Path)))
	}
	out := packet.NewWriter(w, "cbdoctor", comments...)
	for i, part := range parts {
		c := cutter{name: filepath.Base(part.Path), interfaces: i << 16, comments: map[int64]string{}, fragments: map[int64]bool{}, out: out}
		err := c.cut(ctx, part, opt)
		if written += c.written; err != nil {
			return written, err
		}
	}
	return written, out.Flush()
}

// cut writes the packets of one capture.
func (c *cutter) cut(ctx context.Context, part Part, opt Options) error {
	opt.AllSessions = true
	r, err := AnalyzeFile(ctx, part.Path, opt)
	if err != nil {
		return err
	}
	opt = opt.with(r.lateSecrets)
	end := int64(0)
	for _, n := range part.Sessions {
		i := slices.IndexFunc(r.Sessions, func(s Session) bool { return s.Session == n })
		if i < 0 {
			return fmt.Errorf("%w: %s has sessions 0 to %d, not %d", ErrNoSession, part.Path, len(r.Sessions)-1, n)
		}
		c.ladders = append(c.ladders, newLadder(&r.Sessions[i], opt))
		end = max(end, r.Sessions[i].end())
	}
	reading, err := opt.reading()
	if err != nil {
		return err
	}
	reading.Secrets = func(b []byte) {
		for _, l := range c.ladders {
			l.secrets(b)
		}
	}
	if _, err = packet.ReadFile(ctx, part.Path, reading, until(end, c.look)); err != nil {
		return err
	}
	c.filter, reading.Filter, reading.Every = reading.Filter, nil, len(c.fragments) > 0
	_, err = packet.ReadFile(ctx, part.Path, reading, until(end, c.write))
	return err
}

// until hands on the packets up to a frame.
func until(end int64, h packet.Handler) packet.Handler {
	return func(p *packet.Packet) error {
		if p.Frame > end {
			return packet.ErrStop
		}
		return h(p)
	}
}

// maxFragments bounds the frames that are known to be IP fragments of the chosen sessions.
const maxFragments = 1 << 20

// cutter writes the packets of some sessions. It goes through the file twice: what a packet shows is known when it is whole, and its
// fragments stand before.
type cutter struct {
	name       string
	interfaces int // number of its first one
	ladders    []*ladder
	comments   map[int64]string // of the evidence, by frame
	fragments  map[int64]bool   // frames that are parts of packets
	filter     func(*packet.Packet) bool
	out        *packet.Writer
	written    int
}

// look notes what the evidence shows, and which frames packets were put together of.
func (c *cutter) look(p *packet.Packet) error {
	for _, l := range c.ladders {
		if !l.owns(p) {
			continue
		}
		if before := len(l.steps); l.packet(p) == nil && len(l.steps) > before {
			if comment := l.comment(c.name, &l.steps[len(l.steps)-1]); comment != "" {
				c.comments[p.Frame] = comment
			}
			l.steps = l.steps[:0] // a long session needs no memory
		}
		for _, frame := range p.Fragments {
			c.fragments[frame] = true
		}
		if len(c.fragments) > maxFragments {
			return fmt.Errorf("%s: the sessions have more than %d IP fragments: choose fewer of them", c.name, maxFragments)
		}
		return nil
	}
	return nil
}

// write writes what belongs to a session.
func (c *cutter) write(p *packet.Packet) error {
	mine := c.fragments[p.Frame]
	for _, l := range c.ladders {
		mine = mine || p.Kind != 0 && l.owns(p) && (c.filter == nil || c.filter(p))
	}
	if !mine {
		return nil
	}
	c.written++
	p.Interface += c.interfaces
	return c.out.Write(p, c.comments[p.Frame])
}

// owns reports whether a packet is of the ladder's session, or evidence of it.
func (l *ladder) owns(p *packet.Packet) bool {
	s := l.session
	if p.Frame < s.FirstFrame || p.Frame > s.end() {
		return false
	}
	switch p.Kind {
	case packet.TCP:
		from, to := endpoint(p.Src.Netip(), p.SrcPort), endpoint(p.Dst.Netip(), p.DstPort)
		return from == s.Client && to == s.Server || from == s.Server && to == s.Client
	case packet.ICMPError:
		return s.ICMP != nil && s.ICMP.Frame == p.Frame
	case packet.ARP:
		return l.asks(p)
	}
	return false
}

// comment says of a decisive packet what it shows, "" of others.
func (l *ladder) comment(file string, step *Step) string {
	if !step.Decisive {
		return ""
	}
	s := l.session
	var b strings.Builder
	fmt.Fprintf(&b, "cbdoctor: session %d, %s, evidence (frame %d of %s): %s", s.Session, s.Verdict, step.Frame, file, step.Meaning)
	if step.Note != "" {
		b.WriteString("; " + step.Note)
	}
	if step.Gap != "" {
		b.WriteString("; after " + step.Gap)
	}
	if step.Frame == slices.Min(s.Evidence) {
		fmt.Fprintf(&b, "\n%s (%s confidence): %s", s.Verdict, s.Confidence, s.Reason)
	}
	return b.String()
}
