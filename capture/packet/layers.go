package packet

// LayerKind is the kind of a header that was passed on the way into a packet.
type LayerKind uint8

// The headers that carry addresses, or checksums over them.
const (
	LayerEthernet LayerKind = iota + 1 // destination and source MAC address at 0 and 6
	LayerCooked                        // the 6 bytes of the sender's MAC address in a Linux cooked header
	LayerARP                           // RFC 826, for IPv4 over Ethernet
	LayerIPv4
	LayerIPv6
	LayerICMP
	LayerICMPv6
	LayerUDP
	LayerTCP
)

// Layer is a header in [Packet.Data]: for those who rewrite packets.
type Layer struct {
	Kind   LayerKind
	Offset int
}

// pass notes a header of which the captured bytes begin at s. Spans are cut from the frame's bytes and keep its capacity, so what
// is left of that tells where they begin.
func (d *decoder) pass(k LayerKind, s span) {
	if d.tracing {
		d.p.Layers = append(d.p.Layers, Layer{k, cap(d.p.Data) - cap(s.b)})
	}
}
