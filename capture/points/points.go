package points

import (
	"context"
	"fmt"

	"cbdoctor/capture"
	"cbdoctor/capture/packet"
)

// Source is a judged capture that can be read again.
type Source struct {
	Result *capture.Result
	// Read reads the capture from its beginning and hands on what opt wants.
	Read func(ctx context.Context, opt packet.Options, h packet.Handler) error
	// Filter, when set, is that with which the capture was judged: other packets are as if they were not there.
	Filter func(p *packet.Packet) bool
}

// File is the source of a capture on disk.
func File(r *capture.Result, path string) Source {
	return Source{Result: r, Read: func(ctx context.Context, opt packet.Options, h packet.Handler) error {
		_, err := packet.ReadFile(ctx, path, opt, h)
		return err
	}}
}

// Compare returns what the captures together say of the ways between hosts that they share, in the order of the sources. Port is the
// database port, 0 means 5432. Sources that share no pair of addresses give no path. The error is that of reading a capture again.
func Compare(ctx context.Context, sources []Source, port uint16) ([]Path, error) {
	if port == 0 {
		port = capture.DefaultPort
	}
	var all []*comparison
	indexes := make([]*index, len(sources))
	for i := range sources {
		indexes[i] = newIndex(sources[i].Result)
	}
	for i := range sources {
		for j := i + 1; j < len(sources); j++ {
			if together(sources[i].Result, sources[j].Result) {
				all = append(all, match(&sources[i], &sources[j], indexes[i], indexes[j])...)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	for i := range sources {
		if err := trace(ctx, &sources[i], port, all); err != nil {
			return nil, fmt.Errorf("read %s again: %w", sources[i].Result.File, err)
		}
	}
	for _, c := range all {
		c.align()
	}
	for i := range sources { // where no packet of the port was seen at both points, other traffic of the hosts tells the clocks and the places
		if err := traceOthers(ctx, &sources[i], port, all); err != nil {
			return nil, fmt.Errorf("read %s again: %w", sources[i].Result.File, err)
		}
	}
	var paths []Path
	for _, c := range all {
		c.alignOthers()
		c.place()
		c.tellClock()
	}
	for _, c := range neighbours(all) {
		if p, ok := c.path(port); ok {
			paths = append(paths, p)
		}
	}
	return paths, nil
}

// together reports whether two captures ran at the same time, as far as clocks can be trusted.
func together(a, b *capture.Result) bool {
	return !a.First.T.After(b.Last.T.Add(clocksApart)) && !b.First.T.After(a.Last.T.Add(clocksApart))
}
