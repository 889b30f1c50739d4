//go:build libpcap

package libpcap

import (
	"sync"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"

	"cbdoctor/capture/packet"
)

// snapLen is what a filter may look at.
const snapLen = 262144

// dataLink is libpcap's number of a link type: raw IP has another one than in files (pcap-linktype(7)).
func dataLink(l packet.LinkType) layers.LinkType {
	if l == 101 {
		return 12
	}
	return layers.LinkType(l)
}

// Filter is an expression, compiled for each link type that it meets. It is safe for use by several goroutines.
type Filter struct {
	expression string
	programs   sync.Map // packet.LinkType -> *pcap.BPF, nil where the expression means nothing there
}

// Compile compiles an expression for Ethernet, which tells whether it is understood.
func Compile(expression string) (*Filter, error) {
	program, err := pcap.NewBPF(dataLink(1), snapLen, expression)
	if err != nil {
		return nil, err
	}
	f := &Filter{expression: expression}
	f.programs.Store(packet.LinkType(1), program)
	return f, nil
}

// Match reports whether a frame is wanted.
func (f *Filter) Match(link packet.LinkType, frame []byte, length int) bool {
	known, ok := f.programs.Load(link)
	if !ok {
		program, err := pcap.NewBPF(dataLink(link), snapLen, f.expression)
		if err != nil {
			program = nil
		}
		known, _ = f.programs.LoadOrStore(link, program)
	}
	program := known.(*pcap.BPF)
	if program == nil || len(frame) == 0 {
		return program != nil && f.expression == ""
	}
	return program.Matches(gopacket.CaptureInfo{Timestamp: time.Time{}, CaptureLength: len(frame), Length: max(length, len(frame))}, frame)
}
