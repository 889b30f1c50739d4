package packet

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Writer writes packets as pcapng, each with a comment that Wireshark shows beside it: evidence to hand on. Times, lengths, link types
// and directions are kept as they were. It is ours because gopacket's pcapgo writes no comments.
type Writer struct {
	w      *bufio.Writer
	source *Source
	ifaces map[writtenInterface]uint32
	block  []byte
}

// Source is a capture whose packets are written.
type Source struct {
	Name  string // of its interfaces; where it has several, their numbers are added
	Until int64  // when the capture ended, nanoseconds; 0 where that is not known: silence is the proof of many a verdict
}

// writtenInterface tells the interfaces of the written file apart.
type writtenInterface struct {
	source *Source
	link   LinkType
	index  int
	digits uint8
}

// resolution is the if_tsresol of the interface: the negative power of 10 that is the unit of its times.
func (i *writtenInterface) resolution() byte {
	if i.digits > 6 {
		return 9
	}
	return 6
}

// ticks is a time in the interface's unit.
func (i *writtenInterface) ticks(ns int64) uint64 {
	if i.resolution() == 9 {
		return uint64(ns)
	}
	return uint64(ns / 1000)
}

func (i *writtenInterface) name() string {
	if i.index > 0 {
		return fmt.Sprintf("%s, interface %d", i.source.Name, i.index)
	}
	return i.source.Name
}

// NewWriter starts a pcapng file. Its section header names the application and has the comments.
func NewWriter(w io.Writer, application string, comments ...string) *Writer {
	c := &Writer{w: bufio.NewWriter(w), source: &Source{}, ifaces: map[writtenInterface]uint32{}}
	c.begin(blockSection)
	c.uint32(byteOrderMagic)
	c.uint16(1) // version 1.0
	c.uint16(0)
	c.uint32(0xffffffff) // length of the section: not known
	c.uint32(0xffffffff)
	for _, comment := range comments {
		c.option(optionComment, []byte(comment))
	}
	c.option(optionApplication, []byte(application))
	c.end() // an error stays in the bufio.Writer until Flush
	return c
}

// From says of which capture the packets are that come next. What it points to may change until [Writer.Flush], its name aside.
func (c *Writer) From(s *Source) { c.source = s }

// Write appends a packet of which Data, Time, Digits, OrigLen, Link, Interface and Direction are set. An empty comment is left out.
func (c *Writer) Write(p *Packet, comment string) error {
	on := writtenInterface{c.source, p.Link, p.Interface, max(p.Digits, 6)}
	id, err := c.iface(on)
	if err != nil {
		return err
	}
	c.begin(blockEnhanced)
	c.uint32(id)
	c.block = appendTime(c.block, on.ticks(p.Time))
	c.uint32(uint32(len(p.Data)))
	c.uint32(max(p.OrigLen, uint32(len(p.Data))))
	c.padded(p.Data)
	if comment != "" {
		c.option(optionComment, []byte(comment))
	}
	if p.Direction == Incoming || p.Direction == Outgoing {
		c.option(optionPacketFlags, binary.LittleEndian.AppendUint32(nil, uint32(p.Direction)))
	}
	return c.end()
}

// Flush ends the file: it says until when the captures went on, and writes what is still held back. The writer that was given to
// [NewWriter] is not closed.
func (c *Writer) Flush() error {
	on := make([]writtenInterface, len(c.ifaces))
	for i, id := range c.ifaces {
		on[id] = i
	}
	for id, i := range on {
		if i.source.Until == 0 {
			continue
		}
		c.begin(blockStatistics)
		c.uint32(uint32(id))
		c.block = appendTime(c.block, i.ticks(i.source.Until))
		c.option(optionEndTime, appendTime(nil, i.ticks(i.source.Until)))
		_ = c.end() // as above
	}
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("write pcapng: %w", err)
	}
	return nil
}

// iface returns the number of the interface, which is described at its first use.
func (c *Writer) iface(k writtenInterface) (uint32, error) {
	if id, known := c.ifaces[k]; known {
		return id, nil
	}
	id := uint32(len(c.ifaces))
	c.ifaces[k] = id
	c.begin(blockInterface)
	c.uint16(uint16(k.link))
	c.uint16(0)
	c.uint32(0) // no snap length
	if name := k.name(); name != "" {
		c.option(optionName, []byte(name))
	}
	if k.resolution() != 6 { // which is what is meant without the option
		c.option(optionTSResol, []byte{k.resolution()})
	}
	return id, c.end()
}

func (c *Writer) begin(kind uint32) {
	c.block = c.block[:0]
	c.uint32(kind)
	c.uint32(0) // the length, set at the end
}

// end closes the list of options, if any, and writes the block.
func (c *Writer) end() error {
	c.uint32(optionEndOfOptions)
	length := uint32(len(c.block) + 4)
	binary.LittleEndian.PutUint32(c.block[4:], length)
	c.uint32(length)
	if _, err := c.w.Write(c.block); err != nil {
		return fmt.Errorf("write pcapng: %w", err)
	}
	return nil
}

func (c *Writer) option(code uint16, value []byte) {
	value = value[:min(len(value), maxText)]
	c.uint16(code)
	c.uint16(uint16(len(value)))
	c.padded(value)
}

func (c *Writer) padded(b []byte) {
	c.block = append(c.block, b...)
	for len(c.block)%4 != 0 {
		c.block = append(c.block, 0)
	}
}

// appendTime appends a time in ticks: its upper half first, whatever the byte order (draft-ietf-opsawg-pcapng section 4.3).
func appendTime(b []byte, ticks uint64) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(ticks>>32)), uint32(ticks))
}

func (c *Writer) uint16(v uint16) { c.block = binary.LittleEndian.AppendUint16(c.block, v) }
func (c *Writer) uint32(v uint32) { c.block = binary.LittleEndian.AppendUint32(c.block, v) }
