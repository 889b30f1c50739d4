package analyze

import (
	"context"
	"fmt"
	"io"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/capture"
	"cbdoctor/capture/packet"
	"cbdoctor/capture/points"
	"cbdoctor/fact"
)

// comparePoints compares captures of the same connections from several points, and lets that confirm or correct their verdicts. A
// capture that can't be read again keeps its own; only the context's error ends the analysis.
func (m *material) comparePoints(ctx context.Context, paths []string) error {
	var sources []points.Source
	for _, c := range m.captures {
		switch local := m.local[c.File]; {
		case local != "":
			sources = append(sources, points.File(c, local))
		case !strings.HasPrefix(c.File, "standard input"):
			sources = append(sources, m.member(c, paths))
		}
	}
	if len(sources) < 2 {
		return nil
	}
	found, err := points.Compare(ctx, sources, m.opt.Port)
	if err != nil {
		return ctx.Err()
	}
	points.Confirm(sources, found)
	m.paths = found
	return nil
}

// captureClocks tells the clocks of two nodes apart, of which each has a capture of its own.
func (m *material) captureClocks(s *fact.Set) {
	for i := range m.paths {
		p := &m.paths[i]
		if p.Clock == nil || p.Near.Host == "" || p.Far.Host == "" {
			continue
		}
		clock := fact.Clock{A: p.Far.Host, B: p.Near.Host, Offset: p.Clock.Offset, Within: p.Clock.Within}
		clock.Count, clock.Sources = len(p.Sessions), []fact.Source{{File: p.Far.File, Text: p.Clocks()}}
		s.Clocks = append(s.Clocks, clock)
	}
}

// member is a capture in an archive: it is read again by walking there again.
func (m *material) member(c *capture.Result, paths []string) points.Source {
	return points.Source{Result: c, Read: func(ctx context.Context, opt packet.Options, h packet.Handler) error {
		archive, _, _ := strings.Cut(c.File, "!")
		return bundle.Walk(ctx, holding(paths, archive), nil, m.opt.Limits, func(f *bundle.File, r io.Reader) error {
			if f.Path != c.File || r == nil {
				return nil
			}
			_, err := packet.Read(ctx, r, opt, h)
			return err
		})
	}}
}

// holding leaves out the paths that do not lead to a file.
func holding(paths []string, file string) (out []string) {
	for _, p := range paths {
		if p != bundle.Stdin && strings.HasPrefix(file, p) {
			out = append(out, p)
		}
	}
	return out
}

// addPath adds what captures of several points say of a link, as evidence behind its decisive session.
func (m *material) addPath(l *fact.Link) {
	for i := range m.paths {
		p := &m.paths[i]
		if int(p.Port) != l.Port || (p.Near.Client != l.Client || p.Near.Server != l.Server) && (p.Far.Client != l.Client || p.Far.Server != l.Server) {
			continue
		}
		l.Path = p.Text
		source := fact.Source{File: p.Near.File, Filter: pathFilter(p.Near, l.Port), Text: p.Text}
		for _, list := range [][]points.Loss{p.ToClient.Injected, p.ToServer.Injected, p.ToClient.Vanished, p.ToServer.Vanished} {
			for _, loss := range list {
				source.File, source.Frames = loss.File, loss.Frames
				source.Filter = pathFilter(p.Near, l.Port)
				if loss.File == p.Far.File {
					source.Filter = pathFilter(p.Far, l.Port)
				}
			}
		}
		at := min(1, len(l.Sources))
		l.Sources = append(l.Sources[:at:at], append([]fact.Source{source}, l.Sources[at:min(len(l.Sources), fact.SourceLimit-1)]...)...)
	}
}

// pathFilter is a display filter of the connections between two hosts.
func pathFilter(p points.Point, port int) string {
	family := "ip"
	if strings.Contains(p.Client, ":") {
		family = "ipv6"
	}
	return fmt.Sprintf("%s.addr == %s && %s.addr == %s && tcp.port == %d", family, p.Client, family, p.Server, port)
}
