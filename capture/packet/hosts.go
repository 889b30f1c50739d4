package packet

// Limits of [Hosts]: a capture with more hosts than that is a scan or an attack, and then TTLs of other ports prove nothing.
const (
	maxHosts   = 4096
	maxHostTTL = 4
)

// Hosts remembers with which TTL hosts sent packets that have nothing to do with the wanted ports. A reset that comes with
// another TTL than everything else of its sender was sent by a device on the way.
//
// In the first 4 MiB of a file every packet counts; beyond, SYN-ACKs, resets and every 64th packet (by IP id) do. It holds at most 4,096
// hosts with 4 TTLs each.
type Hosts struct {
	table map[Addr]*HostTTLs
}

// HostTTLs is what is known of one host.
type HostTTLs struct {
	TTLs      [maxHostTTL]HostTTL
	Len       int    // how many of TTLs are set
	LastID    uint16 // latest IPv4 identification other than 0
	LastFrame int64  // the frame that had it
	Arrives   bool   // its packets come to the capturing host from elsewhere: see [Packet.Arrives]
}

// Range is the least and the greatest TTL: two where a capture sees packets on both sides of a router.
func (t *HostTTLs) Range() (least, most uint8) {
	least = 255
	for _, h := range t.TTLs[:t.Len] {
		least, most = min(least, h.TTL), max(most, h.TTL)
	}
	return least, most
}

// HostTTL is one TTL of a host.
type HostTTL struct {
	TTL        uint8
	Count      int64
	FirstFrame int64
}

// NewHosts returns an empty table.
func NewHosts() *Hosts { return &Hosts{table: map[Addr]*HostTTLs{}} }

// Lookup returns what is known of a host so far; nil when nothing. The result changes as reading goes on.
func (h *Hosts) Lookup(a Addr) *HostTTLs { return h.table[a] }

func (h *Hosts) note(p *Packet) {
	a, ttl, id, frame := p.Src, p.TTL, p.IPID, p.Frame
	t := h.table[a]
	if t == nil {
		if len(h.table) >= maxHosts {
			return
		}
		t = &HostTTLs{}
		h.table[a] = t
	}
	t.Arrives = t.Arrives || p.Arrives()
	if id != 0 {
		t.LastID, t.LastFrame = id, frame
	}
	for i := range t.TTLs[:t.Len] {
		if t.TTLs[i].TTL == ttl {
			t.TTLs[i].Count++
			return
		}
	}
	if t.Len < maxHostTTL {
		t.TTLs[t.Len] = HostTTL{TTL: ttl, Count: 1, FirstFrame: frame}
		t.Len++
	}
}
