package redact

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
)

// Names of files are read more freely than text: an address in one may have dashes, and anything may stand beside it. A version that looks like
// one has a stand-in too, which does no harm there.

// quad is an IPv4 address in a name.
type quad struct {
	begin, end int
	ip         netip.Addr
}

// quads are the addresses in a name, none of which has a part in common with another. Those of the material come first: in 1.10.48.36.61 that
// is the second one that can be read.
func (r *Redactor) quads(name []byte) (chosen []quad) {
	for _, known := range []bool{true, false} {
		for i := range name {
			q, ok := quadAt(name, i)
			if !ok || known && !r.addresses.real[q.ip] {
				continue
			}
			free := true
			for _, c := range chosen {
				free = free && (q.end <= c.begin || q.begin >= c.end)
			}
			if free {
				chosen = append(chosen, q)
			}
		}
	}
	return chosen
}

// quadAt reads four numbers with dots, dashes or underscores between them.
func quadAt(b []byte, i int) (q quad, ok bool) {
	if i > 0 && isDigit(b[i-1]) {
		return q, false
	}
	var octets [4]byte
	q.begin, q.end = i, i
	for part := range octets {
		if part > 0 {
			if q.end == len(b) || bytes.IndexByte([]byte("._-"), b[q.end]) < 0 {
				return q, false
			}
			q.end++
		}
		begin := q.end
		for q.end < len(b) && isDigit(b[q.end]) {
			q.end++
		}
		n, err := strconv.ParseUint(string(b[begin:q.end]), 10, 8)
		if err != nil {
			return q, false
		}
		octets[part] = byte(n)
	}
	q.ip = netip.AddrFrom4(octets)
	return q, true
}

// learnPath notes the addresses in the name of a file.
func (r *Redactor) learnPath(name string) {
	eachAddress([]byte(name), r.addresses.learn)
	for _, q := range r.quads([]byte(name)) {
		r.addresses.learn(q.ip)
	}
}

// path is the name of a file in the copy.
func (r *Redactor) path(name string) string {
	b := []byte(name)
	quads := r.quads(b)
	slices.SortFunc(quads, func(a, b quad) int { return a.begin - b.begin })
	at := 0
	for _, q := range quads {
		r.text(b[at:q.begin])
		putOctets(b[q.begin:q.end], r.addresses.ip(q.ip).As4())
		at = q.end
	}
	r.text(b[at:])
	return string(b)
}

// putOctets writes the numbers of an address over those in text: they have as many digits as before, by the way octets are mapped.
func putOctets(text []byte, octets [4]byte) {
	part := len(octets) - 1
	v := octets[part]
	for i := len(text) - 1; i >= 0; i-- {
		if !isDigit(text[i]) {
			part--
			v = octets[part]
			continue
		}
		text[i], v = '0'+v%10, v/10
	}
}
