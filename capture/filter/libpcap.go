//go:build libpcap

package filter

import (
	"fmt"

	"cbdoctor/capture/libpcap"
	"cbdoctor/capture/packet"
)

// compiled is libpcap's filter. Link types beyond 255 do not fit into gopacket's number of them: those are this package's work even here.
type compiled struct {
	*libpcap.Filter
	own *program // nil where the expression is libpcap's alone to understand
}

func compile(expression string) (Filter, error) {
	f, err := libpcap.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrExpression, err)
	}
	own, err := parse(expression)
	if err != nil {
		own = nil
	}
	return &compiled{f, own}, nil
}

// Match implements Filter.
func (c *compiled) Match(link packet.LinkType, frame []byte, length int) bool {
	if link > 255 {
		return c.own != nil && c.own.Match(link, frame, length)
	}
	return c.Filter.Match(link, frame, length)
}
