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
	ifaces map[writtenInterface]uint32
	block  []byte
}

// writtenInterface tells the interfaces of the written file apart.
type writtenInterface struct {
	link   LinkType
	index  int
	digits uint8
}

// NewWriter starts a pcapng file. Its section header names the application and has the comments.
func NewWriter(w io.Writer, application string, comments ...string) *Writer {
	c := &Writer{w: bufio.NewWriter(w), ifaces: map[writtenInterface]uint32{}}
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

// Write appends a packet of which Data, Time, Digits, OrigLen, Link, Interface and Direction are set. An empty comment is left out.
func (c *Writer) Write(p *Packet, comment string) error {
	id, err := c.iface(writtenInterface{p.Link, p.Interface, max(p.Digits, 6)})
	if err != nil {
		return err
	}
	ticks := uint64(p.Time)
	if p.Digits <= 6 {
		ticks = uint64(p.Time / 1000)
	}
	c.begin(blockEnhanced)
	c.uint32(id)
	c.uint32(uint32(ticks >> 32))
	c.uint32(uint32(ticks))
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

// Flush writes what is still held back. The writer that was given to [NewWriter] is not closed.
func (c *Writer) Flush() error {
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
	if k.digits > 6 {
		c.option(optionTSResol, []byte{9})
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

func (c *Writer) uint16(v uint16) { c.block = binary.LittleEndian.AppendUint16(c.block, v) }
func (c *Writer) uint32(v uint32) { c.block = binary.LittleEndian.AppendUint32(c.block, v) }
