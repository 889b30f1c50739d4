package capture

import (
	"context"
	"io"

	"cbdoctor/capture/packet"
)

// Options say what is to be judged. The zero value judges port 5432 and lists all bad and the first 1,000 good sessions.
type Options struct {
	Port        uint16 // database port; 0 means 5432
	AllSessions bool   // list every session whatever their number
	BPF         string // filter expression as tcpdump's; packets that do not match are as if they were not in the file
	KeyLog      []byte // TLS secrets in SSLKEYLOGFILE form; they are used and never printed
}

// Analyze reads a capture from a stream. A damaged capture gives a Result with a Problem and what was read up to there; the
// error says that nothing could be read as a capture, or that ctx ended.
func Analyze(ctx context.Context, name string, r io.Reader, opt Options) (*Result, error) {
	t := newTracker(opt)
	info, err := packet.Read(ctx, r, t.reading(), t.packet)
	return t.complete(name, &info, err)
}

// AnalyzeFile is [Analyze] for a file on disk, which both cores can read at once.
func AnalyzeFile(ctx context.Context, path string, opt Options) (*Result, error) {
	t := newTracker(opt)
	info, err := packet.ReadFile(ctx, path, t.reading(), t.packet)
	return t.complete(path, &info, err)
}

func (t *tracker) reading() packet.Options {
	return packet.Options{Ports: []uint16{t.port}, Hosts: t.hosts}
}

func (t *tracker) complete(name string, info *packet.Info, err error) (*Result, error) {
	if err != nil {
		return nil, err
	}
	if !info.Last.IsZero() {
		t.last = max(t.last, info.Last.T.UnixNano())
	}
	t.end()
	r := t.result
	r.File, r.Format, r.LinkTypes, r.Packets, r.PortPackets = name, info.Format, info.LinkTypes, info.Packets, info.PortPackets
	r.First, r.Last, r.Problem, r.LeftOut = info.First, info.Last, info.Problem, info.LeftOut
	return r, nil
}
