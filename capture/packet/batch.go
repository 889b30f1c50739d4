package packet

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// maxRecord bounds a packet record or block that is held in memory. libpcap and Wireshark refuse packets over 256 KiB on
// ordinary links; blocks of name resolution or secrets may be larger. What is larger still is passed over and said so.
const maxRecord = 16 << 20

// noTime stands for a packet without a time (pcapng's simple packet blocks).
const noTime = math.MinInt64

// batch is a stretch of a file and what was noted in it: the unit of work that passes from those who look to the one who delivers.
type batch struct {
	buf   []byte
	base  int64 // offset of buf[0] in the (decompressed) file
	limit int   // a record that begins at or after this offset of buf belongs to the next batch

	start    int      // where the first record was taken to begin; -1 when no place could be guessed
	assumed  *section // the section that start was taken to lie in
	sections []*section
	hits     [MaxLanes][]hit  // what each lane must see, in file order
	origins  []origin         // of hits
	reached  [MaxLanes]uint32 // the origin of the last one, its place in origins
	notes    []note           // blocks and options that tell something of the file, in file order
	busy     sync.WaitGroup   // lanes that have not gone through the batch yet
	holders  atomic.Int32     // lanes and the delivery, as long as they need the batch
	free     func()           // called by the last of them; nil where somebody waits for busy

	next    int   // offset of buf behind the last record that was walked
	need    int64 // when positive: so many bytes from next on the record there has, more than buf holds
	frames  uint32
	packets int64
	cut     int64 // packets of which less was captured than was sent
	unread  []unread
	first   int64 // earliest and latest time, noTime when there is none
	last    int64
	damage  string // why nothing can be found from next on
	early   string // where that comes of, when it follows the file's first packet: a variant of the format that nothing else tells
	err     error  // why the input could not be read further than buf
	eof     bool   // buf ends where the input ends

	sequential bool  // the walk may change the section: nobody walks what follows at the same time
	halt       bool  // the record at next changes the section and the walk is not sequential
	skip       int64 // when positive: the block at next is so long that it is left out

	oddity    string // the first thing that is wrong with a record, though the file can be read on
	oddFrame  uint32
	oddOffset int64
}

// letGo is called by each holder of the batch when it needs it no more.
func (b *batch) letGo() {
	if b.holders.Add(-1) == 0 && b.free != nil {
		b.free()
	}
}

// reset makes the batch ready for another walk from offset start of buf in section s.
func (b *batch) reset(start int, s *section) {
	b.start, b.next, b.assumed, b.sections, b.notes = start, start, s, append(b.sections[:0], s), b.notes[:0]
	b.origins, b.reached = append(b.origins[:0], origin{}), [MaxLanes]uint32{}
	for i := range b.hits {
		b.hits[i] = b.hits[i][:0]
	}
	b.need, b.skip, b.frames, b.packets, b.cut, b.first, b.last = 0, 0, 0, 0, 0, noTime, noTime
	b.early, b.unread = "", b.unread[:0]
	b.damage, b.halt, b.oddity, b.oddFrame, b.oddOffset = "", false, "", 0, 0
}

// add notes a packet of the latest origin for the lane that follows its connection.
func (b *batch) add(h *hit, lane uint8) {
	if lane != everyLane {
		b.addTo(lane, h)
		return
	}
	for i := range b.hits {
		b.addTo(uint8(i), h)
	}
}

// addTo notes a packet for a lane, and where it is from when that is somewhere else than the one before.
func (b *batch) addTo(lane uint8, h *hit) {
	if latest := uint32(len(b.origins) - 1); b.reached[lane] != latest {
		b.reached[lane] = latest
		b.hits[lane] = append(b.hits[lane], hit{orig: latest, what: whatOf(hitOrigin, 0)})
	}
	appendHit(&b.hits[lane], h)
}

// appendHit copies field by field: h was written just now, and to read it in larger pieces than it was written in waits for the stores.
func appendHit(list *[]hit, h *hit) {
	n := len(*list)
	if n == cap(*list) {
		*list = slices.Grow(*list, max(1, n))
	}
	*list = (*list)[:n+1]
	to := &(*list)[n]
	to.time, to.offset, to.cap, to.orig, to.what = h.time, h.offset, h.cap, h.orig, h.what
}

// from says where the packets that are added next are from.
func (b *batch) from(o origin) {
	if b.origins[len(b.origins)-1] != o {
		b.origins = append(b.origins, o)
	}
}

// unread counts the packets of a link type that can't be read.
type unread struct {
	link    LinkType
	packets int64
}

// countUnread adds to one of the counts in list.
func countUnread(list []unread, link LinkType, packets int64) []unread {
	i := slices.IndexFunc(list, func(u unread) bool { return u.link == link })
	if i < 0 {
		i, list = len(list), append(list, unread{link: link})
	}
	list[i].packets += packets
	return list
}

// current is the section that the walk has reached.
func (b *batch) current() *section { return b.sections[len(b.sections)-1] }

func (b *batch) clock(ns int64) {
	if b.first == noTime || ns < b.first {
		b.first = ns
	}
	if ns > b.last {
		b.last = ns
	}
}

// hit is a packet that a lane must see. It is small: each of them goes from one core to another.
type hit struct {
	time   int64
	offset uint32 // of the packet's bytes in batch.buf
	cap    uint32 // length of that
	orig   uint32 // length on the wire; of hitOrigin: a place in batch.origins
	what   uint32 // kind, and above it the number of the record in the batch, from 1
}

// kindBits is how many bits of hit.what are the kind.
const kindBits = 3

func whatOf(kind hitKind, frame uint32) uint32 { return frame<<kindBits | uint32(kind) }

func (h *hit) kind() hitKind { return hitKind(h.what & (1<<kindBits - 1)) }
func (h *hit) frame() uint32 { return h.what >> kindBits }

// origin is where packets are from, which those that follow each other mostly share. The first origin of a batch is the zero value.
type origin struct {
	section uint32 // index in batch.sections
	iface   uint32
	options uint32 // bytes of pcapng options behind the packet's bytes and their padding
}

// note is a block that tells something of the file, or the options of a packet that has comments.
type note struct {
	origin
	offset uint32 // of the packet's bytes, or of the block, in batch.buf
	cap    uint32 // length of that
	frame  uint32 // number of the record in the batch, from 1
	block  bool
}

type hitKind uint8

const (
	hitNone   hitKind = iota
	hitFixed          // Ethernet, IPv4 without options and TCP of a wanted port, all at fixed offsets
	hitOther          // wanted as far as a stateless look can tell; to be decoded from its link layer on
	hitHost           // not wanted, but tells the TTL of a host
	hitOrigin         // no packet: the next ones are from elsewhere
)

// section is what a container says once about the records that follow. It is never changed, only replaced, so that several
// batches may share it.
type section struct {
	order  binary.ByteOrder
	swap   bool // order is not little-endian
	ifaces []iface
	index  int // number of the section in the file
}

// iface is what must be known of an interface to read its packets.
type iface struct {
	link   LinkType
	digits uint8
	snap   uint32
	scale  scale
	decode func(*decoder, span) outcome // nil where the link type can't be read
}

// newInterface looks the link type's decoder up. A frame check sequence at the end of frames needs no mention: the IP header says
// where its packet ends.
func newInterface(l LinkType, snap uint32, s scale, digits uint8) iface {
	return iface{link: l, digits: digits, snap: snap, scale: s, decode: linkTypes[l].decode}
}

// container is a file format whose records can be found in a stretch of the file.
type container interface {
	// walk notes the records from b.next on until one begins at b.limit or later, or needs more bytes than b.buf holds (b.need), or
	// the format is broken (b.damage).
	walk(b *batch, s *sifter)
	// guess finds where the first record in b.buf[:b.limit] begins, without knowing what lies before. It may be wrong.
	guess(b *batch, s *section) (start int, ok bool)
}
