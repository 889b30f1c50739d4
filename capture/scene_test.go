package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"cbdoctor/capture/packet"
)

// A scene is told one packet a line:
//
//	SECONDS SIDE FLAGS [WORD...]
//
// SIDE is C (client) or S (server); FLAGS are letters of SYN, ACK, FIN, RST and PSH ("S", "SA", "A", "PA", "FA", "R", "RA"); words say
// what is in the packet and how it differs from what the side would send by itself:
//
//	DATA        a name of messages, or rec:N (a sealed TLS record of N bytes), gss:N (a packet of GSSAPI), raw:N (N bytes)
//	again       the side's last data once more, with a new IP id
//	dup         the very packet before, captured once more
//	lost        it is sent, but not in the capture
//	gone        it is in the capture, and gets lost behind it
//	ttl=N id=N mac=N win=N mss=N   fields of its headers; id counts on by itself, mac is the last byte of the source
//	from=N      the side's TTL from here on: 64 where the capture is taken at its host
//	seq=+N ack=+N  its sequence or acknowledgement number is N ahead
//	port=N      of the client, from here on; the connection begins anew
//	icmp=T,C    instead: an ICMP error about the other side's last packet
//
// Sequence and acknowledgement numbers follow by themselves.
type scene struct {
	sides  [2]sceneSide
	port   uint16
	frames []frame
	last   []byte
}

type sceneSide struct {
	addr     netip.Addr
	next     uint32 // sequence number
	id       uint16
	ttl      uint8
	mac      byte
	data     []byte
	dataAt   uint32
	segment  []byte // IP packet sent last
	received uint32
}

var messages = map[string][]byte{
	"ssl":       {0, 0, 0, 8, 4, 210, 22, 47},
	"gss":       {0, 0, 0, 8, 4, 210, 22, 48},
	"cancel":    {0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 1, 2, 3, 4, 5, 6},
	"S":         {'S'},
	"N":         {'N'},
	"G":         {'G'},
	"E":         []byte("EFATAL:  the database system is starting up\n\x00"),
	"startup":   []byte("\x00\x00\x00\x29\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00"),
	"repl":      []byte("\x00\x00\x00\x2b\x00\x03\x00\x00user\x00postgres\x00replication\x00true\x00\x00"),
	"scram":     []byte("R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"),
	"ready":     []byte("R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"),
	"query":     []byte("Q\x00\x00\x00\x0dselect 1\x00"),
	"rows":      []byte("C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I"),
	"terminate": []byte("X\x00\x00\x00\x04"),
	"hba":       []byte("E\x00\x00\x00\x28SFATAL\x00C28000\x00Mno pg_hba.conf entry\x00\x00"),
	"http":      []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
	"ssh":       []byte("SSH-2.0-OpenSSH_9.2\r\n"),
	"hello":     hello(1, 0x0303, 0),
	"oldhello":  append([]byte{0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 4}, make([]byte, 16)...),
	"hello12":   hello(2, 0x0303, 0),
	"hello13":   hello(2, 0x0304, 0),
	"helloccm8": bytes.Replace(hello(2, 0x0304, 0), []byte{0xc0, 0x2f}, []byte{0x13, 0x05}, 1),
	"empty12":   record(22, handshakeMessage(11, []byte{0, 0, 0})),
	"ccs":       record(20, []byte{1}),
	"alert40":   record(21, []byte{2, 40}),
	"alert45":   record(21, []byte{2, 45}),
	"alert70":   record(21, []byte{2, 70}),
	"alert116":  record(21, []byte{2, 116}),
	"warn112":   record(21, []byte{1, 112}),
}

func record(kind byte, body []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

func handshakeMessage(kind byte, body []byte) []byte {
	return append([]byte{kind, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

// hello is a ClientHello (1) or ServerHello (2). In its random stands the time in seconds, as old libraries put it, unless that is 0.
func hello(kind byte, version uint16, seconds uint32) []byte {
	random := []byte(strings.Repeat("\xaa", 32))
	if seconds != 0 {
		binary.BigEndian.PutUint32(random, seconds)
	}
	body := append([]byte{3, 3}, random...)
	body = append(body, 0)
	if kind == 1 {
		body = append(body, 0, 2, 0x13, 0x01, 1, 0, 0, 0)
	} else {
		body = append(body, 0xc0, 0x2f, 0, 0, 6, 0, 43, 0, 2, byte(version>>8), byte(version))
	}
	return record(22, handshakeMessage(kind, body))
}

// sceneStart is when all scenes begin.
var sceneStart = time.Unix(1_775_000_000, 0)

func newScene() *scene {
	s := &scene{}
	s.sides[0] = sceneSide{addr: netip.MustParseAddr("10.48.36.118"), next: 1000, id: 100, ttl: 64, mac: 1}
	s.sides[1] = sceneSide{addr: netip.MustParseAddr("10.48.36.61"), next: 9000, id: 500, ttl: 62, mac: 2}
	s.port = 40000
	return s
}

// play tells the scene; over says for how long the capture goes on behind it.
func play(t testing.TB, text string) recording {
	t.Helper()
	s := newScene()
	for _, line := range strings.Split(text, "\n") {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) == "" {
			continue
		}
		if err := s.line(strings.Fields(line)); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	return recording{name: "scene", link: 1, frames: s.frames}
}

func (s *scene) line(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("a line has a time, a side and flags")
	}
	seconds, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		return err
	}
	at := sceneStart.Add(time.Duration(math.Round(seconds*1e6)) * time.Microsecond)
	d := strings.Index("CS", words[1])
	if d < 0 {
		return fmt.Errorf("side %q", words[1])
	}
	me, other := &s.sides[d], &s.sides[1-d]
	var flags uint8
	for _, f := range words[2] {
		i := strings.IndexRune("FSRPA", f)
		if i < 0 && words[2] != "-" {
			return fmt.Errorf("flag %q", f)
		}
		if i >= 0 {
			flags |= 1 << i
		}
	}
	ttl, mac, window, mss, ahead, acksMore := me.ttl, me.mac, uint16(501), uint16(1460), uint32(0), uint32(0)
	id, fixed := me.id+1, false
	var data []byte
	var again, dup, lost, gone bool
	var icmp string
	for _, w := range words[3:] {
		name, value, has := strings.Cut(w, "=")
		n, _ := strconv.Atoi(value)
		switch {
		case has && name == "ttl":
			ttl = uint8(n)
		case has && name == "id":
			id, fixed = uint16(n), true
		case has && name == "from":
			ttl, me.ttl = uint8(n), uint8(n)
		case has && name == "mac":
			mac = byte(n)
		case has && name == "win":
			window = uint16(n)
		case has && name == "mss":
			mss = uint16(n)
		case has && name == "seq":
			ahead = uint32(n)
		case has && name == "ack":
			acksMore = uint32(n)
		case has && name == "port":
			s.port = uint16(n)
			s.sides[0].next, s.sides[1].next = s.sides[0].next+77777, s.sides[1].next+88888
			s.sides[0].received, s.sides[1].received = 0, 0
			s.sides[0].data, s.sides[1].data = nil, nil
		case has && name == "icmp":
			icmp = value
		case has && name == "time": // the time that a hello tells, relative to that of the scene
			binary.BigEndian.PutUint32(data[11:], uint32(sceneStart.Unix()+int64(seconds)+int64(n)))
		case w == "again":
			again = true
		case w == "dup":
			dup = true
		case w == "gone":
			gone = true
		case w == "lost":
			lost = true
		default:
			size, isRecord := strings.CutPrefix(w, "rec:")
			wrapped, isWrapped := strings.CutPrefix(w, "gss:")
			raw, isRaw := strings.CutPrefix(w, "raw:")
			switch b, known := messages[w]; {
			case known:
				data = append(data, b...)
			case isRecord:
				n, _ := strconv.Atoi(size)
				data = append(data, record(23, make([]byte, n))...)
			case isWrapped:
				n, _ := strconv.Atoi(wrapped)
				data = append(binary.BigEndian.AppendUint32(data, uint32(n)), make([]byte, n)...)
			case isRaw:
				n, _ := strconv.Atoi(raw)
				data = append(data, make([]byte, n)...)
			default:
				return fmt.Errorf("word %q", w)
			}
		}
	}
	if icmp != "" {
		kind, code, _ := strings.Cut(icmp, ",")
		k, _ := strconv.Atoi(kind)
		c, _ := strconv.Atoi(code)
		s.add(at, d, mac, ipv4(netip.MustParseAddr("10.48.36.1"), other.addr, 1, 63, 7, append([]byte{byte(k), byte(c), 0, 0, 0, 0, 0, 0}, other.segment[:28]...)))
		return nil
	}
	if dup {
		s.frames = append(s.frames, frame{at, s.last})
		return nil
	}
	if !fixed {
		me.id = id
	}
	seq := me.next + ahead
	if again {
		data, seq = me.data, me.dataAt
	} else if len(data) > 0 {
		me.data, me.dataAt = data, seq
	}
	if flags&packet.RST != 0 && !fixed {
		id = 0 // as Linux does
	}
	end := seq + uint32(len(data))
	if flags&packet.SYN != 0 && flags&packet.RST == 0 {
		end++
	}
	if flags&packet.FIN != 0 {
		end++
	}
	if int32(end-me.next) > 0 && ahead == 0 && !(again && flags&packet.SYN != 0) {
		me.next = end
	}
	if flags&packet.SYN != 0 && again {
		seq = me.next - 1
	}
	ackNumber := uint32(0)
	if flags&packet.ACK != 0 {
		ackNumber = me.received + acksMore
	}
	me.segment = s.segment(d, seq, ackNumber, flags, window, mss, ttl, id, data)
	if !lost {
		s.add(at, d, mac, me.segment)
		if ahead == 0 && ttl == me.ttl && !gone { // what is forged or lost does not get there
			other.received = me.next
		}
	}
	return nil
}

func (s *scene) segment(d int, seq, acked uint32, flags uint8, window, mss uint16, ttl uint8, id uint16, data []byte) []byte {
	tcp := make([]byte, 20, 24+len(data))
	ports := [2]uint16{s.port, 5432}
	binary.BigEndian.PutUint16(tcp, ports[d])
	binary.BigEndian.PutUint16(tcp[2:], ports[1-d])
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], acked)
	tcp[12], tcp[13] = 5<<4, flags
	binary.BigEndian.PutUint16(tcp[14:], window)
	if flags&packet.SYN != 0 {
		tcp[12] = 6 << 4
		tcp = append(tcp, 2, 4, byte(mss>>8), byte(mss))
	}
	return ipv4(s.sides[d].addr, s.sides[1-d].addr, 6, ttl, id, append(tcp, data...))
}

func ipv4(src, dst netip.Addr, protocol, ttl byte, id uint16, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, ttl, protocol
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(b[4:], id)
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	return append(b, payload...)
}

func (s *scene) add(at time.Time, d int, mac byte, ip []byte) {
	ethernet := []byte{2, 0, 0, 0, 0, s.sides[1-d].mac, 2, 0, 0, 0, 0, mac, 8, 0}
	s.last = append(ethernet, ip...)
	s.frames = append(s.frames, frame{at, s.last})
}
