package filter

import (
	"errors"

	"cbdoctor/capture/packet"
)

// Filter says which frames are wanted. It is safe for use by several goroutines.
type Filter interface {
	// Match reports whether a frame is wanted: its captured bytes from the link layer on, and its length on the wire.
	Match(link packet.LinkType, frame []byte, length int) bool
}

// ErrExpression says that an expression is not understood.
var ErrExpression = errors.New("the filter expression is not understood")

// Compile returns the filter of an expression. An empty one wants every frame.
func Compile(expression string) (Filter, error) { return compile(expression) }

// Packets is the filter in the form that package packet takes.
func Packets(f Filter) func(p *packet.Packet) bool {
	return func(p *packet.Packet) bool { return f.Match(p.Link, p.Data, int(p.OrigLen)) }
}
