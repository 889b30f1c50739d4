package capture

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"slices"

	"cbdoctor/capture/filter"
	"cbdoctor/capture/packet"
	"cbdoctor/certificate"
)

// Options say what is to be judged. The zero value judges port 5432 and lists all bad and the first 1,000 good sessions.
type Options struct {
	Port        uint16                     // database port; 0 means 5432
	AllSessions bool                       // list every session whatever their number
	BPF         string                     // filter expression as tcpdump's; packets that do not match are as if they were not in the file
	KeyLog      []byte                     // TLS secrets in SSLKEYLOGFILE form; they are used and never printed
	Trusted     []*certificate.Certificate // CA certificates that both sides are said to trust: chains are judged against them, too
	lanes       int                        // how many goroutines follow sessions; 0 means one a core
}

// Analyze reads a capture from a stream. A damaged capture gives a Result with a Problem and what was read up to there; the
// error says that nothing could be read as a capture, or that ctx ended.
func Analyze(ctx context.Context, name string, r io.Reader, opt Options) (*Result, error) {
	l, err := List(ctx, name, r, opt)
	if err != nil {
		return nil, err
	}
	return l.Whole(), nil
}

// AnalyzeFile is [Analyze] for a file on disk, which all cores can read at once.
func AnalyzeFile(ctx context.Context, path string, opt Options) (*Result, error) {
	l, err := ListFile(ctx, path, opt)
	if err != nil {
		return nil, err
	}
	return l.Whole(), nil
}

// AnalyzeBytes is [Analyze] for a capture in memory. As with a file, TLS secrets open packets that stand before them.
func AnalyzeBytes(ctx context.Context, name string, b []byte, opt Options) (*Result, error) {
	l, err := again(opt, func(opt Options) (*Listing, error) { return listStream(ctx, name, bytes.NewReader(b), opt) })
	if err != nil {
		return nil, err
	}
	return l.Whole(), nil
}

// reading says which packets of a capture are wanted. The error is that of the filter expression.
func (o Options) reading() (packet.Options, error) {
	reading := packet.Options{Ports: []uint16{o.port()}}
	if o.BPF != "" {
		f, err := filter.Compile(o.BPF)
		if err != nil {
			return reading, err
		}
		reading.Filter = filter.Packets(f)
	}
	return reading, nil
}

// List is [Analyze] for captures of any size: sessions are told when they are asked for.
func List(ctx context.Context, name string, r io.Reader, opt Options) (*Listing, error) {
	return once(listStream(ctx, name, r, opt))
}

// ListFile is [List] for a file on disk. Where TLS secrets stand behind packets that they may open, it is read a second time.
func ListFile(ctx context.Context, path string, opt Options) (*Listing, error) {
	if stat, err := os.Stat(path); err == nil && !stat.Mode().IsRegular() {
		return once(listFile(ctx, path, opt))
	}
	return again(opt, func(opt Options) (*Listing, error) { return listFile(ctx, path, opt) })
}

// once is a capture that can't be read twice.
func once(l *Listing, err error) (*Listing, error) {
	if err == nil && len(l.lateSecrets) > 0 {
		l.leaveOutSecrets()
	}
	return l, err
}

// again lists a capture that can be read twice: the second time with the TLS secrets that came too late the first time.
func again(opt Options, read func(Options) (*Listing, error)) (*Listing, error) {
	l, err := read(opt)
	if err != nil || len(l.lateSecrets) == 0 {
		return l, err
	}
	late := l.lateSecrets
	if l, err = read(opt.with(late)); err == nil {
		l.lateSecrets = late
	}
	return l, err
}

// with is the options with more TLS secrets.
func (o Options) with(secrets []byte) Options {
	o.KeyLog = slices.Concat(o.KeyLog, []byte("\n"), secrets)
	return o
}

func listStream(ctx context.Context, name string, r io.Reader, opt Options) (*Listing, error) {
	return list(name, opt, func(reading packet.Options, handlers []packet.Handler) (packet.Info, error) {
		return packet.Read(ctx, r, reading, handlers...)
	})
}

func listFile(ctx context.Context, path string, opt Options) (*Listing, error) {
	return list(path, opt, func(reading packet.Options, handlers []packet.Handler) (packet.Info, error) {
		return packet.ReadFile(ctx, path, reading, handlers...)
	})
}

// list follows the sessions in as many lanes as there are cores for, at most packet.MaxLanes: all packets of a connection go to
// the same one, and the result does not depend on their number.
func list(name string, opt Options, read func(packet.Options, []packet.Handler) (packet.Info, error)) (*Listing, error) {
	n := min(packet.MaxLanes, runtime.GOMAXPROCS(0))
	if opt.lanes > 0 {
		n = opt.lanes
	}
	lanes, handlers := make([]*tracker, n), make([]packet.Handler, n)
	for i := range lanes {
		lanes[i] = newTracker(opt)
		lanes[i].lane, lanes[i].keys = uint8(i), lanes[0].keys
		handlers[i] = lanes[i].packet
	}
	reading, err := opt.reading()
	if err != nil {
		return nil, err
	}
	reading.Secrets = func(b []byte) { lanes[0].keys.Add(b) }
	if opt.BPF == "" {
		reading.Hosts = lanes[0].hosts
	}
	info, err := read(reading, handlers)
	if err != nil {
		return nil, err
	}
	l := merge(name, &info, lanes)
	if info.LateSecrets {
		l.lateSecrets = bytes.Join(info.Secrets, []byte("\n"))
	}
	return l, nil
}
