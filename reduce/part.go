package reduce

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"cbdoctor/capture/packet"
)

// openPart reads a file: a capture by its connections, everything else by its lines.
func openPart(ctx context.Context, path string) (part, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	c := &capturePart{path: path, modified: stat.ModTime(), of: map[connection]int{}}
	_, err = packet.ReadFile(ctx, path, packet.Options{Every: true, Workers: 1}, c.take)
	if err == nil {
		return c, nil
	}
	if !errors.Is(err, packet.ErrNotCapture) {
		return nil, err
	}
	text, err := os.ReadFile(path)
	return &textPart{path: path, modified: stat.ModTime(), lines: bytes.SplitAfter(text, []byte("\n"))}, err
}

// textPart is a text; its units are its lines.
type textPart struct {
	path     string
	modified time.Time
	lines    [][]byte
}

func (p *textPart) units() int { return len(p.lines) }

func (p *textPart) likely(numbers []int64) []bool {
	keep := make([]bool, len(p.lines))
	for _, n := range numbers {
		if n >= 1 && n <= int64(len(keep)) {
			keep[n-1] = true
		}
	}
	return keep
}

func (p *textPart) write(keep []bool) error {
	var text []byte
	for i, k := range keep {
		if k {
			text = append(text, p.lines[i]...)
		}
	}
	if len(text) == 0 {
		return remove(p.path)
	}
	return replace(p.path, p.modified, text)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// connection is what the packets of one unit have in common: both ends, in a fixed order. What is no TCP belongs together.
type connection struct {
	a, b         packet.Addr
	portA, portB uint16
}

// capturePart is a capture; its units are its connections, and the packets of everything else by their two addresses.
type capturePart struct {
	path     string
	modified time.Time
	of       map[connection]int
	packets  []packet.Packet // with bytes of their own
	unit     []int           // of each packet
}

func (p *capturePart) take(q *packet.Packet) error {
	c := connection{q.Src, q.Dst, q.SrcPort, q.DstPort}
	switch q.Kind {
	case packet.TCP:
	case packet.ICMPError: // belongs to the connection that it is about
		c = connection{q.Quote.Src, q.Quote.Dst, q.Quote.SrcPort, q.Quote.DstPort}
	case packet.ARP:
		c.portA, c.portB = 0, 0
	default:
		c = connection{}
	}
	if c.a.Compare(c.b) > 0 || c.a == c.b && c.portA > c.portB {
		c = connection{c.b, c.a, c.portB, c.portA}
	}
	n, known := p.of[c]
	if !known {
		n = len(p.of)
		p.of[c] = n
	}
	kept := *q
	kept.Data, kept.Payload, kept.Layers, kept.Fragments = bytes.Clone(q.Data), nil, nil, nil
	p.packets, p.unit = append(p.packets, kept), append(p.unit, n)
	return nil
}

func (p *capturePart) units() int { return len(p.of) }

func (p *capturePart) likely(frames []int64) []bool {
	keep := make([]bool, len(p.of))
	for i := range p.packets {
		if slices.Contains(frames, p.packets[i].Frame) {
			keep[p.unit[i]] = true
		}
	}
	return keep
}

func (p *capturePart) write(keep []bool) error {
	if !slices.Contains(keep, true) {
		return remove(p.path)
	}
	var out bytes.Buffer
	w := packet.NewWriter(&out, "cbdoctor")
	for i := range p.packets {
		if keep[p.unit[i]] {
			if err := w.Write(&p.packets[i], ""); err != nil {
				return err
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return replace(p.path, p.modified, out.Bytes())
}
