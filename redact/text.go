package redact

import (
	"bytes"
	"encoding/hex"
	"net/netip"
)

// text replaces every address and every known word in b, in place: a stand-in has the length of what it stands for. What is not
// ASCII in it can't be told apart from a name and becomes "x".
func (r *Redactor) text(b []byte) []byte {
	for i := 0; i < len(b); {
		if n := r.address(b, i, r.write); n > 0 {
			i += n
			continue
		}
		switch c := b[i]; {
		case isWordByte(c):
			end := wordEnd(b, i)
			r.words.replace(b[i:end])
			i = end
		case c >= 0x80:
			b[i] = 'x'
			i++
		default:
			i++
		}
	}
	return b
}

func wordEnd(b []byte, i int) int {
	for i < len(b) && isWordByte(b[i]) {
		i++
	}
	return i
}

// String is the text with its values replaced.
func (r *Redactor) String(s string) string { return string(r.text([]byte(s))) }

// eachAddress calls found for every IP address in b.
func eachAddress(b []byte, found func(netip.Addr)) {
	var none Redactor
	for i := 0; i < len(b); {
		n := none.address(b, i, func(_ []byte, ip netip.Addr, _ *[6]byte) {
			if ip.IsValid() {
				found(ip)
			}
		})
		i += max(n, 1)
	}
}

// write puts the stand-in of an address over its text.
func (r *Redactor) write(text []byte, ip netip.Addr, mac *[6]byte) {
	switch {
	case mac != nil:
		m := r.addresses.mac(*mac)
		putHex(text, m[:])
	case ip.Is4():
		putOctets(text, r.addresses.ip(ip).As4())
	default:
		b := r.addresses.ip(ip).As16()
		head, tail, _ := bytes.Cut(text, []byte("::"))
		putGroups(head, b[:])
		putGroups(tail, b[16-2*groups(tail):])
	}
}

func groups(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	return bytes.Count(b, []byte(":")) + 1
}

// putGroups writes groups of hexadecimal digits over those in text, each as wide as it was.
func putGroups(text, b []byte) {
	for i := 0; i < len(text) && len(b) >= 2; i++ {
		end := i
		for end < len(text) && text[end] != ':' {
			end++
		}
		v := uint16(b[0])<<8 | uint16(b[1])
		upper := bytes.ContainsAny(text[i:end], "ABCDEF")
		for k := end - 1; k >= i; k, v = k-1, v>>4 {
			text[k] = hexDigit(byte(v&15), upper)
		}
		i, b = end, b[2:]
	}
}

// putHex writes bytes over the hexadecimal digits of text, whatever stands between them.
func putHex(text, b []byte) {
	upper, nibble := bytes.ContainsAny(text, "ABCDEF"), 0
	for i := range text {
		if isHex(text[i]) && nibble < 2*len(b) {
			v := b[nibble/2] >> 4
			if nibble%2 == 1 {
				v = b[nibble/2] & 15
			}
			text[i] = hexDigit(v, upper)
			nibble++
		}
	}
}

func hexDigit(v byte, upper bool) byte {
	switch {
	case v < 10:
		return '0' + v
	case upper:
		return 'A' + v - 10
	}
	return 'a' + v - 10
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// address looks for an IP or MAC address that begins at b[i], calls found with its text and returns its length, 0 when there is none.
func (r *Redactor) address(b []byte, i int, found func(text []byte, ip netip.Addr, mac *[6]byte)) int {
	c := b[i]
	if !isHex(c) && c != ':' || i > 0 && (isHex(b[i-1]) || isWordByte(b[i-1]) && b[i-1] != '-' || b[i-1] == ':' && c == ':') {
		return 0
	}
	if i > 1 && b[i-1] == '.' && isDigit(b[i-2]) {
		return 0 // the rest of something longer, such as an object identifier
	}
	if n := ipv4Len(b[i:]); n > 0 {
		if ip, err := netip.ParseAddr(string(b[i : i+n])); err == nil {
			found(b[i:i+n], ip, nil)
			return n
		}
		return n
	}
	end := i
	for end < len(b) && (isHex(b[end]) || b[end] == ':' || b[end] == '-' || b[end] == '.') && end-i < 45 {
		end++
	}
	if end < len(b) && isWordByte(b[end]) { // more than an address, unless it is a name with a suffix
		dot := bytes.LastIndexByte(b[i:end], '.')
		if dot < 0 {
			return 0
		}
		end = i + dot
	}
	word := bytes.TrimRight(b[i:end], ".-")
	if mac, ok := parseMAC(word); ok {
		found(word, netip.Addr{}, &mac)
		return len(word)
	}
	word = bytes.TrimRight(word, ".-")
	for trim := word; len(trim) >= 2 && bytes.Count(trim, []byte(":")) >= 2; trim = trim[:len(trim)-1] {
		if ip, err := netip.ParseAddr(string(trim)); err == nil && ip.Is6() && !bytes.Contains(trim, []byte(".")) {
			found(trim, ip, nil)
			return len(trim)
		}
		if trim[len(trim)-1] != ':' {
			break
		}
	}
	return 0
}

// ipv4Len is the length of a dotted quad at the beginning of b that nothing longer contains.
func ipv4Len(b []byte) int {
	i := 0
	for part := range 4 {
		begin := i
		for i < len(b) && isDigit(b[i]) && i-begin < 3 {
			i++
		}
		if i == begin {
			return 0
		}
		if part == 3 {
			break
		}
		if i >= len(b) || b[i] != '.' {
			return 0
		}
		i++
	}
	if i < len(b) && (isDigit(b[i]) || b[i] == '.' && i+1 < len(b) && isDigit(b[i+1])) {
		return 0
	}
	return i
}

// parseMAC reads the three ways to write a MAC address.
func parseMAC(b []byte) (mac [6]byte, ok bool) {
	step := 3
	switch {
	case len(b) == 17 && (b[2] == ':' || b[2] == '-'):
	case len(b) == 14 && b[4] == '.' && b[9] == '.':
		step = 5
	default:
		return mac, false
	}
	digits := make([]byte, 0, 12)
	for i, c := range b {
		if i%step == step-1 {
			if c != b[step-1] {
				return mac, false
			}
			continue
		}
		digits = append(digits, c)
	}
	if len(digits) != 12 {
		return mac, false
	}
	_, err := hex.Decode(mac[:], digits)
	return mac, err == nil
}
