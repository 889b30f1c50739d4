package packet

import "encoding/binary"

// Link types that hardly any Call Bridge is captured on are read as far as the IP header, and nothing of them is kept.

// fddi reads a frame control byte and two addresses. Frame control 01010... is LLC (ANSI X3.139).
func (d *decoder) fddi(s span) outcome {
	if len(s.b) < 13 || s.b[0]&0xf8 != 0x50 {
		return ignored
	}
	return d.llc(s.from(13))
}

// pflog reads what OpenBSD's packet filter logged: the header's length is its first byte, padded to words.
func (d *decoder) pflog(s span) outcome {
	if len(s.b) < 1 {
		return ignored
	}
	header := (int(s.b[0]) + 3) &^ 3
	if len(s.b) < header {
		return ignored
	}
	return d.ip(s.from(header))
}

// wlan reads a data frame of IEEE 802.11 that is not encrypted.
func (d *decoder) wlan(s span) outcome {
	const (
		kinds, data   = 0x0c, 0x08 // of the first byte
		empty, qos    = 0x40, 0x80
		relayed       = 0x03 // of the second: from one access point to another, which takes a fourth address
		locked, order = 0x40, 0x80
	)
	if len(s.b) < 2 || s.b[0]&(kinds|empty) != data || s.b[1]&locked != 0 {
		return ignored
	}
	header := 24
	if s.b[1]&relayed == relayed {
		header += 6
	}
	if s.b[0]&qos != 0 {
		header += 2
		if s.b[1]&order != 0 { // HT control
			header += 4
		}
	}
	if len(s.b) < header {
		return ignored
	}
	return d.llc(s.from(header))
}

// radiotap passes over what the receiver noted (radiotap.org): version, a byte of padding, the header's length.
func (d *decoder) radiotap(s span) outcome {
	if len(s.b) < 4 {
		return ignored
	}
	header := int(binary.LittleEndian.Uint16(s.b[2:]))
	if len(s.b) < header {
		return ignored
	}
	return d.wlan(s.from(header))
}

// prism passes over a header of the same purpose: message code, the header's length.
func (d *decoder) prism(s span) outcome {
	if len(s.b) < 8 {
		return ignored
	}
	header := binary.LittleEndian.Uint32(s.b[4:])
	if uint64(len(s.b)) < uint64(header) {
		return ignored
	}
	return d.wlan(s.from(int(header)))
}

// ppi passes over per-packet information (CACE PPI 1.0.10, section 3.1): version, flags, the header's length, and the true link type.
func (d *decoder) ppi(s span) outcome {
	const wlan = 105
	if len(s.b) < 8 {
		return ignored
	}
	header, link := int(binary.LittleEndian.Uint16(s.b[2:])), binary.LittleEndian.Uint32(s.b[4:])
	if len(s.b) < header {
		return ignored
	}
	switch link {
	case wlan:
		return d.wlan(s.from(header))
	case uint32(linkEthernet):
		return d.ethernet(s.from(header))
	}
	return ignored
}

// ipoib reads IP over InfiniBand: a global routing header, of which the capturing host has set the destination, an EtherType and 2
// bytes more (RFC 4391 section 6).
func (d *decoder) ipoib(s span) outcome {
	const routing = 40
	if len(s.b) < routing+4 {
		return ignored
	}
	return d.etherType(binary.BigEndian.Uint16(s.b[routing:]), s.from(routing+4))
}

// arcnet reads sender, receiver and protocol; IP stands behind the protocol (RFC 1051), or behind 3 bytes that tell fragments
// (RFC 1201), which are not put together.
func (d *decoder) arcnet(s span) outcome {
	const ip, ipOld = 212, 240
	if len(s.b) < 6 {
		return ignored
	}
	switch {
	case s.b[2] == ipOld:
		return d.ip(s.from(3))
	case s.b[2] == ip && s.b[3] == 0:
		return d.ip(s.from(6))
	}
	return ignored
}

// arcnetLinux is the same with 2 bytes more before the protocol.
func (d *decoder) arcnetLinux(s span) outcome {
	if len(s.b) < 2 {
		return ignored
	}
	return d.arcnet(s.from(2))
}
