package capture

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"cbdoctor/capture/packet"
)

// Part is some sessions of a capture on disk.
type Part struct {
	Path     string
	Name     string // by which the evidence calls it; empty: the last part of Path
	Note     string // what else is to be said of it, such as how far its clock is ahead of another one's
	Sessions []int  // their numbers
}

// Cut reads captures again and writes the packets of the chosen sessions as one pcapng file: what to send to the firewall team. Each packet
// that is evidence of a verdict has a comment that says what it shows, the first one the verdict and its reason. Each capture has
// interfaces of its own, named like it, and the packets of all are merged by their times, which stay those of their captures' clocks. It
// returns how many packets were written.
func Cut(ctx context.Context, parts []Part, w io.Writer, opt Options) (written int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cutters := make([]*cutter, len(parts))
	var comments []string
	for i, part := range parts {
		c := &cutter{path: part.Path, source: packet.Source{Name: part.Name}, comments: map[int64]string{}, fragments: map[int64]bool{}}
		if c.source.Name == "" {
			c.source.Name = filepath.Base(part.Path)
		}
		if err := c.prepare(ctx, part.Sessions, opt); err != nil {
			return 0, err
		}
		cutters[i] = c
		comments = append(comments, fmt.Sprintf("%d of the sessions in %s, cut out by cbdoctor; frame numbers in comments are those of that file", len(part.Sessions), c.source.Name))
		if part.Note != "" {
			comments = append(comments, part.Note)
		}
	}
	out := packet.NewWriter(w, "cbdoctor", comments...)
	for _, c := range cutters {
		if err := c.start(ctx); err != nil {
			return 0, err
		}
	}
	for c := earliest(cutters); c != nil; c = earliest(cutters) {
		out.From(&c.source)
		if err := out.Write(c.head, c.comments[c.head.Frame]); err != nil {
			return written, err
		}
		written++
		c.taken <- struct{}{}
		if err := c.next(); err != nil {
			return written, err
		}
	}
	return written, out.Flush()
}

// earliest is the cutter whose next packet is the earliest, nil when none has any.
func earliest(cutters []*cutter) (first *cutter) {
	for _, c := range cutters {
		if c.head != nil && (first == nil || c.head.Time < first.head.Time) {
			first = c
		}
	}
	return first
}

// prepare finds the sessions, and what their packets show.
func (c *cutter) prepare(ctx context.Context, sessions []int, opt Options) error {
	opt.AllSessions = true
	r, err := AnalyzeFile(ctx, c.path, opt)
	if err != nil {
		return err
	}
	reader := readerOf(opt.with(r.lateSecrets))
	c.byEnds, c.byFrame = map[tuple][]*ladder{}, map[int64]*ladder{}
	for _, n := range sessions {
		i, found := slices.BinarySearchFunc(r.Sessions, n, func(s Session, n int) int { return s.Session - n })
		if !found {
			return fmt.Errorf("%w: %s has sessions 0 to %d, not %d", ErrNoSession, c.path, len(r.Sessions)-1, n)
		}
		s := &r.Sessions[i]
		c.add(newLadder(s, reader))
		c.end = max(c.end, s.end())
		c.source.Until = s.CaptureEnd.T.UnixNano()
	}
	if c.reading, err = opt.reading(); err != nil {
		return err
	}
	c.reading.Secrets = reader.secrets
	_, err = packet.ReadFile(ctx, c.path, c.reading, until(c.end, c.look))
	c.filter, c.reading.Filter, c.reading.Every = c.reading.Filter, nil, len(c.fragments) > 0
	return err
}

// add enters a session by what tells its packets.
func (c *cutter) add(l *ladder) {
	s := l.session
	if s.ICMP != nil {
		c.byFrame[s.ICMP.Frame] = l
	}
	client, err := netip.ParseAddrPort(s.Client)
	server, err2 := netip.ParseAddrPort(s.Server)
	if s.Verdict == ARPUnanswered || err != nil || err2 != nil {
		c.asking = append(c.asking, l)
		return
	}
	k := tuple{packet.AddrFrom(client.Addr()), packet.AddrFrom(server.Addr()), client.Port(), server.Port()}
	c.byEnds[k] = append(c.byEnds[k], l)
}

// ladder is that of the session to which a packet belongs, nil where it is not wanted.
func (c *cutter) ladder(p *packet.Packet) *ladder {
	candidates := c.asking
	switch p.Kind {
	case packet.TCP:
		candidates = c.byEnds[tuple{p.Src, p.Dst, p.SrcPort, p.DstPort}]
		if candidates == nil {
			candidates = c.byEnds[tuple{p.Dst, p.Src, p.DstPort, p.SrcPort}]
		}
	case packet.ICMPError:
		if l := c.byFrame[p.Frame]; l != nil && l.owns(p) {
			return l
		}
		return nil
	}
	for _, l := range candidates {
		if l.owns(p) {
			return l
		}
	}
	return nil
}

// start reads the capture once more, up to the first packet that is wanted. The reader waits while somebody looks at its packet.
func (c *cutter) start(ctx context.Context) error {
	c.packets, c.taken = make(chan *packet.Packet), make(chan struct{})
	wait := func(p *packet.Packet) error {
		if !c.wants(p) {
			return nil
		}
		select {
		case c.packets <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-c.taken:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	go func() {
		_, c.failed = packet.ReadFile(ctx, c.path, c.reading, until(c.end, wait))
		close(c.packets)
	}()
	return c.next()
}

// next takes the next packet. The error is that of the reading.
func (c *cutter) next() error {
	if c.head = <-c.packets; c.head == nil {
		return c.failed
	}
	return nil
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

// cutter hands on the packets of some sessions of a capture. It goes through the file twice: what a packet shows is known when it is
// whole, and its fragments stand before.
type cutter struct {
	path      string
	source    packet.Source
	byEnds    map[tuple][]*ladder // several where ports are used again
	byFrame   map[int64]*ladder   // by the ICMP error about it
	asking    []*ladder           // for an address that nobody has
	end       int64               // last frame of all sessions
	comments  map[int64]string    // of the evidence, by frame
	fragments map[int64]bool      // frames that are parts of packets
	reading   packet.Options
	filter    func(*packet.Packet) bool
	packets   chan *packet.Packet // that are wanted
	taken     chan struct{}       // the one that was sent last is no longer needed
	head      *packet.Packet      // that one, nil at the end
	failed    error
}

// look notes what the evidence shows, and which frames packets were put together of.
func (c *cutter) look(p *packet.Packet) error {
	l := c.ladder(p)
	if l == nil {
		return nil
	}
	if before := len(l.steps); l.packet(p) == nil && len(l.steps) > before {
		if comment := l.comment(c.source.Name, &l.steps[len(l.steps)-1]); comment != "" {
			c.comments[p.Frame] = comment
		}
		l.steps = l.steps[:0] // a long session needs no memory
	}
	if p.Frame == l.session.end() {
		l.forget()
	}
	for _, frame := range p.Fragments {
		c.fragments[frame] = true
	}
	if len(c.fragments) > maxFragments {
		return fmt.Errorf("%s: the sessions have more than %d IP fragments: choose fewer of them", c.source.Name, maxFragments)
	}
	return nil
}

// wants reports whether a packet belongs to a session.
func (c *cutter) wants(p *packet.Packet) bool {
	return c.fragments[p.Frame] || p.Kind != 0 && c.ladder(p) != nil && (c.filter == nil || c.filter(p))
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
