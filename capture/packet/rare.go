package packet

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// rare reads link types that hardly any Call Bridge is captured on with gopacket's layers, as far as the IP header. gopacket panics
// on some malformed packets (issues of v1.1.19), so it runs behind a recover, here and nowhere else.
func rare(t layers.LinkType) func(*decoder, span) outcome {
	return func(d *decoder, s span) outcome {
		start := ipOffset(t, s.b)
		if start < 0 {
			return ignored
		}
		return d.ip(s.from(start))
	}
}

// ipOffset is where the IP header begins in a frame, -1 when there is none.
func ipOffset(t layers.LinkType, frame []byte) (start int) {
	defer func() {
		if recover() != nil {
			start = -1
		}
	}()
	p := gopacket.NewPacket(frame, t, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	for _, kind := range []gopacket.LayerType{layers.LayerTypeIPv4, layers.LayerTypeIPv6} {
		l := p.Layer(kind)
		if l == nil || len(l.LayerContents()) == 0 {
			continue
		}
		// Without copying, the layer is a slice of the frame: what both have behind their start tells how far apart they are.
		at := cap(frame) - cap(l.LayerContents())
		if at >= 0 && at < len(frame) && &frame[at] == &l.LayerContents()[0] {
			return at
		}
	}
	return -1
}
