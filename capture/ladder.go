package capture

import (
	"context"
	"io"

	"cbdoctor/stamp"
)

// Step is one packet of a session as a row of its ladder.
type Step struct {
	Frame      int64      `json:"frame"`
	Time       stamp.Time `json:"time"`
	FromClient bool       `json:"from_client"`
	Protocol   string     `json:"protocol"` // "TCP", "PGSQL", "TLSv1.2", "ICMP"
	Length     int        `json:"length"`   // of the frame on the wire, bytes
	Flags      string     `json:"flags"`    // "SYN", "SYN, ACK" ...
	Seq        uint32     `json:"seq"`      // relative to the first sequence number, as Wireshark shows it
	Ack        uint32     `json:"ack"`
	Payload    int        `json:"payload"`            // bytes of TCP payload
	Meaning    string     `json:"meaning"`            // what the packet says: "SSLRequest", "Client Hello", "retransmission of frame 4"
	Decisive   bool       `json:"decisive,omitempty"` // it is evidence of the verdict
	Gap        string     `json:"gap,omitempty"`      // what is missing or how long nothing came before this packet, where that matters
}

// Ladder reads a capture again and returns the packets of one session in order.
func Ladder(ctx context.Context, path string, session int, opt Options) ([]Step, error) {
	return nil, nil
}

// Cut reads a capture again and writes the packets of the chosen sessions as pcapng, with a comment on each decisive one.
func Cut(ctx context.Context, path string, sessions []int, w io.Writer, opt Options) error {
	return nil
}
