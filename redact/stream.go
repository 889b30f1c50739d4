package redact

import (
	"bytes"
	"fmt"

	"cbdoctor/capture/packet"
)

// flow is one direction of a connection.
type flow struct {
	src, dst         packet.Addr
	srcPort, dstPort uint16
}

func (f flow) reverse() flow { return flow{f.dst, f.src, f.dstPort, f.srcPort} }

// maxStream is how much of the beginning of a direction is looked at: TLS handshakes have 10 KiB, and everything behind the
// handshake is encrypted. In clear text what lies beyond is left out.
const maxStream = 64 << 10

// maxStreams bounds the memory of a hostile capture: 512 MiB at worst.
const maxStreams = 8192

// stream is the beginning of what one side said in one connection.
type stream struct {
	base    uint32 // sequence number of the first byte
	started bool   // its SYN was seen: base is certain
	data    []byte
	have    []bool
	flow    flow
	peer    *stream

	out  []byte // the first bytes after the replacement, as many as are known without a hole
	tail bool   // what follows is encrypted and can stay
}

// streams follows the connections of a capture's database port. Both passes feed it the same packets, so that both see the same
// streams in the same order.
type streams struct {
	port    uint16
	last    map[flow]*stream
	all     []*stream          // in the order of their first packets
	replay  map[flow][]*stream // second pass: what is left of each flow's streams
	over    bool               // there are more streams than maxStreams
	secrets bool               // the capture carries keys with which its TLS can be read
}

func newStreams(port uint16) *streams {
	return &streams{port: port, last: map[flow]*stream{}}
}

// leftOut lists what of a capture was not copied. What TLS hides is not redacted, so its keys are not handed on.
func (s *streams) leftOut(path string) (list []LeftOut) {
	if s.secrets {
		list = append(list, LeftOut{path, "the keys with which its TLS can be read, and so what only they show"})
	}
	if s.over {
		list = append(list, LeftOut{path, fmt.Sprintf("what is said in clear text after the first %d beginnings of connections", maxStreams)})
	}
	return list
}

func (s *streams) wanted(p *packet.Packet) bool {
	return p.Kind == packet.TCP && (p.SrcPort == s.port || p.DstPort == s.port)
}

// begins reports whether the packet opens another stream than st in its direction.
func begins(p *packet.Packet, st *stream) bool {
	return st == nil || p.Has(packet.SYN) && (!st.started || st.base != p.Seq+1)
}

// add is the first pass.
func (s *streams) add(p *packet.Packet) {
	f := flow{p.Src, p.Dst, p.SrcPort, p.DstPort}
	st := s.last[f]
	if begins(p, st) {
		if len(s.all) == maxStreams {
			s.over = true
			return
		}
		st = &stream{flow: f, base: p.Seq}
		if p.Has(packet.SYN) {
			st.base, st.started = p.Seq+1, true
		}
		if peer := s.last[f.reverse()]; peer != nil && (p.Flags&packet.ACK != 0 || !st.started) {
			st.peer, peer.peer = peer, st
		}
		s.last[f] = st
		s.all = append(s.all, st)
	}
	at := st.at(p)
	for i, c := range p.Payload {
		if k := at + i; k >= 0 && k < maxStream {
			st.put(k, c)
		}
	}
}

// at is where the packet's payload begins in the stream.
func (st *stream) at(p *packet.Packet) int {
	at := int(int32(p.Seq - st.base))
	if p.Has(packet.SYN) {
		at++
	}
	return at
}

func (st *stream) put(k int, c byte) {
	for len(st.data) <= k {
		st.data, st.have = append(st.data, 0), append(st.have, false)
	}
	if !st.have[k] { // of bytes that were sent twice the first ones count, as they do for the diagnosis
		st.data[k], st.have[k] = c, true
	}
}

// whole is what is known from the beginning without a hole.
func (st *stream) whole() []byte {
	n := 0
	for n < len(st.have) && st.have[n] {
		n++
	}
	return st.data[:n]
}

// each looks at what every stream says in clear text.
func (s *streams) each(v visitor) {
	for _, st := range s.all {
		v.stream(bytes.Clone(st.whole()), st.flow.dstPort == s.port, st.requests())
	}
}

// rewind makes the bytes of the second pass.
func (s *streams) rewind(v visitor) {
	s.last, s.replay = map[flow]*stream{}, map[flow][]*stream{}
	for _, st := range s.all {
		st.out = bytes.Clone(st.whole())
		st.tail = v.stream(st.out, st.flow.dstPort == s.port, st.requests())
		s.replay[st.flow] = append(s.replay[st.flow], st)
	}
}

// requests is how many answers of one byte the server owes the client: to SSLRequest and GSSENCRequest.
func (st *stream) requests() int {
	if st.peer == nil {
		return 2
	}
	return len(requestsAhead(st.peer.whole())) / requestLen
}

// payload writes over the payload of a packet in the second pass.
func (s *streams) payload(p *packet.Packet, b []byte) {
	f := flow{p.Src, p.Dst, p.SrcPort, p.DstPort}
	st := s.last[f]
	if begins(p, st) {
		st = s.next(f)
		s.last[f] = st
	}
	if st == nil {
		mask(b)
		return
	}
	at, known := st.at(p), 0
	for i := range b {
		if k := at + i; k >= 0 && k < len(st.out) {
			b[i], known = st.out[k], i+1
		}
	}
	if !st.tail {
		mask(b[known:])
	}
}

func (s *streams) next(f flow) *stream {
	list := s.replay[f]
	if len(list) == 0 {
		return nil
	}
	s.replay[f] = list[1:]
	return list[0]
}

// shortest run of printable bytes that can tell something.
const maskFrom = 4

// mask writes "x" over every run of printable bytes: what it says is not known.
func mask(b []byte) {
	begin := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= 0x20 && b[i] < 0x7f {
			continue
		}
		if i-begin >= maskFrom {
			for k := begin; k < i; k++ {
				b[k] = 'x'
			}
		}
		begin = i + 1
	}
}
