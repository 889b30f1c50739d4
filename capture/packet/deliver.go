package packet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"cbdoctor/stamp"
)

// delivery takes walked batches in file order, hands them to the lanes and adds up what is known of the file. It alone holds state
// that spans batches, the lanes' own aside, so it runs in one goroutine: the caller's.
type delivery struct {
	ctx   context.Context
	info  *Info
	lanes lanes

	frames  int64
	first   int64
	last    int64
	digits  uint8
	links   []LinkType
	secrets int
	tell    func(b []byte) // Options.Secrets
	leftOut []string
	unread  []unread

	statistics        map[[2]uint32]statistics // by section and interface
	received          uint64                   // packets on all interfaces, as the file says
	until, untilMicro int64                    // when the last one stopped, in the unit of its packets and in microseconds
}

func newDelivery(ctx context.Context, opt Options, h []Handler, format string) *delivery {
	return &delivery{ctx: ctx, tell: opt.Secrets, lanes: newLanes(opt, h), info: &Info{Format: format}, first: noTime, last: noTime, statistics: map[[2]uint32]statistics{}}
}

// batch delivers what was noted in b.
func (d *delivery) batch(b *batch) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	for i := range b.notes {
		h := &b.notes[i]
		s := b.sections[h.section]
		if h.block {
			d.note(s, d.frames+int64(h.frame), b.buf[h.offset:h.offset+h.cap])
		} else {
			d.noteComments(s, d.frames+int64(h.frame), b.packetOptions(h.offset, h.cap, h.options))
		}
	}
	if err := d.lanes.take(b, d.frames); err != nil {
		return err
	}
	d.count(b)
	return nil
}

// count adds up what the walk counted.
func (d *delivery) count(b *batch) {
	if b.oddity != "" && d.info.Problem == "" {
		d.problem("frame %d at byte %d: %s", d.frames+int64(b.oddFrame), b.oddOffset, b.oddity)
	}
	d.frames += int64(b.frames)
	d.info.Packets += b.packets
	d.info.Truncated += b.cut
	for _, u := range b.unread {
		d.unread = countUnread(d.unread, u.link, u.packets)
	}
	if b.first != noTime {
		if d.first == noTime || b.first < d.first {
			d.first = b.first
		}
		d.last = max(d.last, b.last)
	}
	if b.skip > 0 {
		d.leaveOut(fmt.Sprintf("a block of %d bytes at byte %d: blocks over %d MiB are passed over", b.skip, b.base+int64(b.next), maxRecord>>20))
	}
}

// end says why reading ended where the batch ends.
func (d *delivery) end(b *batch) {
	at := b.base + int64(b.next)
	switch {
	case b.damage != "" && b.early != "" && d.frames == 1:
		d.problem("damaged after frame %d, at byte %d: %s; %s", d.frames, at, b.damage, b.early)
	case b.damage != "":
		d.problem("damaged after frame %d, at byte %d: %s", d.frames, at, b.damage)
	case b.err != nil && !errors.Is(b.err, io.EOF):
		d.problem("after frame %d, at byte %d: %v", d.frames, at, b.err)
	case b.need > 0 && len(b.buf) > b.next:
		d.problem("cut off after frame %d, at byte %d: %d of at least %d bytes of the next record are there", d.frames, at, len(b.buf)-b.next, b.need)
	}
}

// problem adds to what is wrong with the file, damage and oddities being few.
func (d *delivery) problem(format string, args ...any) {
	if d.info.Problem != "" {
		d.info.Problem += "; "
	}
	d.info.Problem += fmt.Sprintf(format, args...)
}

func (d *delivery) leaveOut(what string) {
	if len(d.leftOut) < 8 && !slices.Contains(d.leftOut, what) {
		d.leftOut = append(d.leftOut, what)
	}
}

// listInterface notes an interface and its link type.
func (d *delivery) listInterface(i Interface) {
	d.digits = max(d.digits, uint8(i.Digits))
	if len(d.info.Interfaces) < maxListedInterfs {
		d.info.Interfaces = append(d.info.Interfaces, i)
	} else {
		d.leaveOut(fmt.Sprintf("the list of interfaces beyond %d", maxListedInterfs))
	}
	if len(d.links) == maxListedInterfs || slices.Contains(d.links, i.Link) {
		return
	}
	d.links = append(d.links, i.Link)
	d.info.LinkTypes = append(d.info.LinkTypes, i.Link.String())
}

func stampOf(ns int64, digits uint8) stamp.Time { return stamp.New(time.Unix(0, ns), int(digits)) }

// finish completes the info.
func (d *delivery) finish() Info {
	if d.first != noTime {
		d.info.First, d.info.Last = stampOf(d.first, d.digits), stampOf(d.last, d.digits)
	}
	if until := d.listenedUntil(); until != noTime {
		d.info.Until = stampOf(until, d.digits)
	}
	d.info.PortPackets = d.lanes.portPackets()
	for _, u := range d.unread {
		d.leaveOut(fmt.Sprintf("packets of link type %s (%d), which is not known here", u.link, u.packets))
	}
	if n := d.lanes[0].decoder.parts.leftOut; n > 0 {
		d.leaveOut(fmt.Sprintf("%d fragmented datagrams: at most %d are put together at a time", n, maxDatagrams))
	}
	for i, what := range d.leftOut {
		if i > 0 {
			d.info.LeftOut += "; "
		}
		d.info.LeftOut += what
	}
	return *d.info
}
