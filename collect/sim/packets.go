package sim

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
)

// unansweredSYNs is the capture that the cut-off replica made: its SYNs to the primary, each sent again after 1 and 3
// seconds (RFC 6298), and never an answer. It is a pcap file, as CMS writes it.
func (i incident) unansweredSYNs() []byte {
	const (
		magic    = 0xa1b2c3d4 // times in microseconds
		snapLen  = 65535
		ethernet = 1
	)
	var b bytes.Buffer
	put := func(v ...any) {
		for _, field := range v {
			_ = binary.Write(&b, binary.LittleEndian, field) // a bytes.Buffer never fails
		}
	}
	put(uint32(magic), uint16(2), uint16(4), uint64(0), uint32(snapLen), uint32(ethernet))
	id := uint16(1000)
	for attempt := range 4 {
		first := i.begin.Add(30*time.Minute + time.Duration(attempt)*20*time.Second)
		for _, again := range []time.Duration{0, time.Second, 3 * time.Second} {
			at, frame := first.Add(again), syn(uint16(41000+attempt), uint32(7_000_000*(attempt+1)), id)
			put(uint32(at.Unix()), uint32(at.Nanosecond()/1000), uint32(len(frame)), uint32(len(frame)), frame)
			id++
		}
	}
	return b.Bytes()
}

// syn is the frame of a SYN with the options MSS and window scale.
func syn(port uint16, seq uint32, id uint16) []byte {
	const ipHeader, tcpHeader, protocolTCP = 20, 28, 6
	src, dst := netip.MustParseAddr(cutOff).As4(), netip.MustParseAddr(primary).As4()

	be := binary.BigEndian
	ip := be.AppendUint16([]byte{0x45, 0}, ipHeader+tcpHeader)
	ip = append(be.AppendUint16(ip, id), 0x40, 0, 64, protocolTCP, 0, 0) // don't fragment; TTL 64
	ip = append(append(ip, src[:]...), dst[:]...)
	be.PutUint16(ip[10:], checksum(ip))

	tcp := be.AppendUint16(be.AppendUint16(nil, port), 5432)
	tcp = be.AppendUint32(be.AppendUint32(tcp, seq), 0)
	tcp = be.AppendUint16(append(tcp, tcpHeader/4<<4, 0x02), 29200)
	tcp = append(tcp, 0, 0, 0, 0, 2, 4, 0x05, 0xb4, 1, 3, 3, 7)
	pseudo := append(append(src[:], dst[:]...), 0, protocolTCP, 0, tcpHeader)
	be.PutUint16(tcp[16:], checksum(append(pseudo, tcp...)))

	frame := []byte{0, 0x50, 0x56, 0xbc, 0, 1, 0, 0x50, 0x56, 0xbc, 0, 0x76, 0x08, 0x00}
	return append(append(frame, ip...), tcp...)
}

// checksum is that of IP and TCP (RFC 1071) over an even number of bytes.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for ; len(b) > 0; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
