package packet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"cbdoctor/stamp"
)

// Handler receives each packet that was asked for, in file order, always from the goroutine that called [Read]. The packet and all
// slices in it are valid during the call only. An error ends the reading and is returned by [Read] as it is, except [ErrStop].
type Handler func(p *Packet) error

// ErrStop, returned by a handler, ends the reading without an error: what was wanted has been seen.
var ErrStop = errors.New("stop reading")

// Options say what is wanted. The zero value wants TCP packets of port 5432.
type Options struct {
	// Ports are the wanted TCP ports; none means 5432.
	Ports []uint16
	// Filter, when set, is asked for each packet before the handler; packets that it refuses are neither delivered nor counted
	// as port packets.
	Filter func(p *Packet) bool
	// Hosts, when set, learns the TTLs and IP ids of traffic of other ports, always up to the packet that is being delivered.
	Hosts *Hosts
	// Secrets, when set, is given each TLS key log in the file (pcapng decryption secrets blocks) before the packets behind it.
	Secrets func(b []byte)
	// All delivers every TCP packet whatever its ports, and ICMP errors and ARP likewise: for files that are small or already filtered.
	All bool
	// Every delivers every packet of the file, with Layers; where it is none of the kinds its Kind is 0 and only what describes the
	// frame is set. IP fragments are delivered one by one and not put together.
	Every bool
	// Workers is the number of goroutines that look for wanted packets in a plain file; 0 means one a core, at most 4.
	Workers int
	// ChunkSize is how many bytes a worker looks through at a time; 0 means the size that was measured to be the fastest.
	ChunkSize int

	split bool // there are several handlers
}

// Info is what a capture says about itself. It is complete even where reading had to end early.
type Info struct {
	Format      string   // "pcap", "pcap-ns", "pcapng", with "+gzip", "+zstd", "+lz4" when compressed
	LinkTypes   []string // names of the LINKTYPE registry, in the order of their first appearance
	Packets     int64    // packets in the file
	PortPackets int64    // TCP packets of the wanted ports
	First, Last stamp.Time
	Until       stamp.Time // when the capture ended, where the file says so (pcapng isb_endtime) and it is later than Last
	Problem     string     // what is damaged, at which frame and offset; "" when the file was read to its end
	LeftOut     string     // what a documented limit made us leave out
	Truncated   int64      // packets of which less was captured than was sent
	Dropped     uint64     // packets that the capturing host says it lost (pcapng interface statistics)
	Interfaces  []Interface
	LateSecrets bool     // some of Secrets stand behind packets that they may open
	Secrets     [][]byte // TLS key logs from decryption secrets blocks, in NSS key log format; never print them
	Names       []Name   // from name resolution blocks
	Comments    []Comment
	Hardware    string
	OS          string
	Application string
}

// Interface is one interface of a capture.
type Interface struct {
	Section     int
	Link        LinkType
	SnapLen     uint32
	Name        string
	Description string
	Filter      string
	Digits      int // fractional digits of its times
}

// Name is one address with a name that the capture file carries.
type Name struct {
	Addr  Addr
	Names []string
}

// Comment is a note that somebody wrote into the file; Frame is 0 when it belongs to no packet.
type Comment struct {
	Frame int64
	Text  string
}

// ErrNotCapture says that the input is no capture file of a kind that is known here.
var ErrNotCapture = errors.New("not a capture file")

// Read reads a capture from a stream, plain or compressed. With two handlers each runs in a goroutine of its own and receives the
// packets of about half of the connections, all those of one connection in file order; what belongs to no connection goes to the
// first, as does the upkeep of Hosts, and Filter must bear to be called from both. The error tells that nothing could be read as a capture (it wraps
// [ErrNotCapture]), that ctx ended, or what the handler returned; damage further on is told in [Info.Problem].
// Where reading ends early a read from r may still be under way when Read returns.
func Read(ctx context.Context, r io.Reader, opt Options, h ...Handler) (Info, error) {
	opt.split = len(h) > 1
	head, err := readHead(r)
	if err != nil {
		return Info{}, err
	}
	name, plain, err := decompress(head, r)
	if err != nil {
		return Info{}, err
	}
	if name != "" {
		if head, err = readHead(plain); err != nil {
			return Info{}, fmt.Errorf("%s: %w", name, err)
		}
		name = "+" + name
	}
	f, s, format, used, err := identify(head)
	if err != nil {
		return Info{}, err
	}
	d := newDelivery(ctx, opt, h, format+name)
	d.listFixed(s)
	w := &streamWalker{r: plain, format: f, section: s, sifter: newSifter(opt), rest: head[used:], base: int64(used)}
	stop := d.lanes.start()
	err = readStream(w, d)
	return d.result(cmp.Or(err, stop()))
}

// ReadFile is [Read] for a file on disk, faster: all cores look for wanted packets in a plain file.
func ReadFile(ctx context.Context, path string, opt Options, h ...Handler) (Info, error) {
	opt.split = len(h) > 1
	file, err := os.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("open capture: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return Info{}, fmt.Errorf("open capture: %w", err)
	}
	head := make([]byte, pcapHeaderLen)
	if stat.Mode().IsRegular() {
		n, err := file.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return Info{}, fmt.Errorf("read %s: %w", path, err)
		}
		if f, s, format, used, err := identify(head[:n]); err == nil {
			readSequentially(file)
			d := newDelivery(ctx, opt, h, format)
			d.listFixed(s)
			c := &chunks{file: file, size: stat.Size(), chunk: opt.chunk(), format: f, opt: opt}
			stop := d.lanes.start()
			err := c.read(int64(used), s, d)
			return d.result(cmp.Or(err, stop()))
		}
	}
	info, err := Read(ctx, file, opt, h...)
	if errors.Is(err, ErrNotCapture) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return info, err
}

// readHead reads what is needed to tell the format. Less is no error: the input may be short.
func readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, pcapHeaderLen)
	n, err := readSome(r, head, len(head))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %w", ErrNotCapture, err)
	}
	return head[:n], nil
}

// result completes what the reading found.
func (d *delivery) result(err error) (Info, error) {
	if errors.Is(err, ErrStop) {
		err = nil
	}
	return d.finish(), err
}

// listFixed lists the one interface that a pcap file declares in its header.
func (d *delivery) listFixed(s *section) {
	for _, i := range s.ifaces {
		d.listInterface(Interface{Link: i.link, SnapLen: i.snap, Digits: int(i.digits)})
	}
}

const defaultPort = 5432

func (o Options) portSet() *portSet {
	if len(o.Ports) == 0 {
		return portsOf([]uint16{defaultPort})
	}
	return portsOf(o.Ports)
}

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return min(runtime.GOMAXPROCS(0), 4)
}

// helpers is how many goroutines look for wanted packets beside the lanes, which do so when they have nothing to deliver.
func (o Options) helpers() int {
	if o.split {
		return max(0, o.workers()-MaxLanes)
	}
	return o.workers()
}

func (o Options) chunk() int64 {
	if o.ChunkSize > 0 {
		return int64(o.ChunkSize)
	}
	return chunkSize
}
