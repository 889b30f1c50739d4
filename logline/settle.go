package logline

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// settler passes over the lines of no interest where they stand. It remembers how earlier lines looked: most have the same
// second and host as the one before, and one of a few facilities and programs, so that comparing some words of eight bytes
// tells that a line is well formed and whose it is. What is new is looked at by meet; what does not fit at all is left to
// split. A settled line counts exactly as if it had been split.
type settler struct {
	// The time of the last settled line as it stands, the space behind it included and the digits of the fraction left out.
	stamp    [3]masked
	length   int
	fraction uint32 // all ones when there are three digits, else 0
	second   Stamp  // what it means, without the fraction

	name       word        // of the host
	facilities [knows]word // that were seen, each at the place that its first bytes give
	programs   [knows]word // that were seen and are not wanted; the process id, which changes, left out

	// The lines of that second and host that have not reached the host yet: whether there are any, and the least and greatest
	// fraction of a second, as the digits stand.
	pending   bool
	low, high uint32
	host      *Host
}

// knows is how many facilities, and how many programs, have a place. A CMS has about ten of each.
const knows = 64

// run settles lines, the first of which begins at b[start] and ends at b[ends[0]], up to one that it does not know. It returns
// where that begins, and how many it settled. The comparisons of a line are joined before anything is decided: a processor
// that guesses a decision wrong loses more time than all of them take. b goes on for slack bytes behind its last line end.
// Nothing that is compared contains a line end, so that no comparison leaves its line unnoticed.
func (s *settler) run(k *block, b []byte, start int, ends []uint32) (next, n int) {
	if !s.pending {
		return start, 0
	}
	low, high := s.low, s.high
	length, name := s.length, &s.name
	lines := int64(0) // of s.host
	for n < len(ends) {
		end := int(ends[n])
		head := (*[24]byte)(b[start:])
		other := s.stamp[0].differs(le.Uint64(head[:])) | s.stamp[1].differs(le.Uint64(head[8:])) | s.stamp[2].differs(le.Uint64(head[16:]))
		p := start + length
		digits := le.Uint32((*[20]byte)(b[p-4:])[:])
		bad := uint64(notThreeDigits(digits) & s.fraction)
		facility := pairAt(b, p)
		f := &s.facilities[place(facility.first)]
		bad |= f.differs(facility)
		p += f.length
		bad |= name.differs(pairAt(b, p))
		p += name.length
		program := pairAt(b, p)
		t := &s.programs[place(program.first&mask(4))]
		bad |= t.differs(program)
		if bad != 0 || t.length == 0 || t.pid && !processID(b, p+t.length) || end-start > maxLine {
			break
		}
		if max(f.length, name.length, t.length) > 16 && !(f.ends(b, p-name.length-f.length) && name.ends(b, p-name.length) && t.ends(b, p)) {
			break
		}
		digits = bits.ReverseBytes32(digits) >> 8
		if other != 0 {
			second, rest, ok := parseStamp(b[start:])
			if !ok || second.UTC || second.Digits != s.second.Digits || len(b)-len(rest)-start != length {
				break
			}
			s.low, s.high, s.pending = low, high, true
			s.flush()
			s.take(k, second, b[start:start+length])
			low, high = digits, digits
		}
		low, high = min(low, digits), max(high, digits)
		lines++
		n++
		start = end + 1
	}
	s.low, s.high, s.pending = low, high, true
	s.host.Lines += lines
	k.lines, k.seen, k.recognised = k.lines+lines, k.seen+lines, k.recognised+lines
	return start, n
}

// outcome of meeting a line.
type outcome uint8

const (
	unsettled outcome = iota // split has to look at it; nothing was counted
	passed                   // counted: a line of a log, and its program is not wanted
	asked                    // counted: a line of a log, and its program is wanted
)

// meet looks at a line that has something new, and remembers that.
func (s *settler) meet(k *block, b []byte, start int) outcome {
	if b[start] == '<' {
		start += afterPriority(b[start:])
	}
	second, rest, ok := parseStamp(b[start:])
	if !ok || second.UTC || second.Digits != 0 && second.Digits != 3 {
		return unsettled
	}
	p := len(b) - len(rest)
	stamp := b[start:p]
	facility := wordAt(b, p, maxTag)
	if facility.length == 0 || facilityEnd(b[p:p+facility.length-1]) < 0 {
		return unsettled
	}
	s.facilities[place(le.Uint64(b[p:]))] = facility
	p += facility.length
	name := wordAt(b, p, maxHost)
	if name.length == 0 {
		return unsettled
	}
	host := b[p : p+name.length-1]
	p += name.length
	tag, after, _ := scanTag(b[p:min(p+maxTag+24, len(b))])
	if after < 0 || b[p+after] != ' ' {
		return unsettled
	}
	o := passed
	switch program := &s.programs[place(le.Uint64(b[p:])&mask(4))]; {
	case k.wants(b[p : p+tag]):
		o = asked
	case tag+1 == after:
		*program = newWord(b, p, after+1)
	case b[p+tag] == '[':
		*program = newWord(b, p, tag+1)
		program.pid = true
	}
	k.seen++
	k.recognised++
	s.flush()
	s.take(k, second, stamp)
	if s.host == nil || name != s.name {
		s.name, s.host = name, k.host(host)
	}
	s.host.Lines++
	s.low = bits.ReverseBytes32(le.Uint32(b[start+len(stamp)-4:])) >> 8
	s.high, s.pending = s.low, true
	return o
}

// take makes a time the one that lines are compared with.
func (s *settler) take(k *block, second Stamp, stamp []byte) {
	s.second, s.length, s.fraction = k.note(second).whole(), len(stamp), 0
	digits := int(second.Digits)
	if digits > 0 {
		s.fraction = ^uint32(0)
	}
	var padded [24]byte
	copy(padded[:], stamp)
	for i := range s.stamp {
		m := mask(len(stamp)-8*i) &^ mask(len(stamp)-1-8*i) // the space at the end
		m |= mask(len(stamp) - 1 - digits - 8*i)
		s.stamp[i] = masked{le.Uint64(padded[8*i:]) & m, m}
	}
}

// flush books the lines of a second.
func (s *settler) flush() {
	if s.pending {
		s.pending = false
		s.host.cover(s.second.plus(s.low), s.second.plus(s.high))
	}
}

// whole is the time without its fraction; it still says how many digits that had.
func (r Stamp) whole() Stamp {
	r.OfDay = r.OfDay.Truncate(time.Second)
	return r
}

// plus adds a fraction, as its three digits stand, when the time has one.
func (r Stamp) plus(digits uint32) Stamp {
	if r.Digits == 3 {
		ms := (digits>>16&15)*100 + (digits>>8&15)*10 + digits&15
		r.OfDay += time.Duration(ms) * time.Millisecond
	}
	return r
}

// slack is how many bytes behind the last line end may be looked at.
const slack = 512

var le = binary.LittleEndian

// pair is sixteen bytes of a line.
type pair struct{ first, second uint64 }

func pairAt(b []byte, at int) pair {
	p := (*[16]byte)(b[at:])
	return pair{le.Uint64(p[:]), le.Uint64(p[8:])}
}

// notThreeDigits is 0 when four bytes are three digits and a space.
func notThreeDigits(v uint32) uint32 {
	return (v^0x20303030)&0xfff0f0f0 | (v&0x0f0f0f+0x060606)&0xf0f0f0
}

// masked is a word of eight bytes of which some are compared.
type masked struct{ word, mask uint64 }

func (m *masked) differs(w uint64) uint64 { return (w ^ m.word) & m.mask }

// mask takes the first n of eight bytes.
func mask(n int) uint64 {
	if n >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*max(n, 0)) - 1
}

// word is a word of a line with what is behind it. The first sixteen bytes are compared as two words, the rest as a string.
type word struct {
	head   [2]masked
	length int
	rest   string
	pid    bool // a process id follows
}

func newWord(b []byte, at, length int) (w word) {
	w.length = length
	for i := range w.head {
		m := mask(length - 8*i)
		w.head[i] = masked{le.Uint64(b[at+8*i:]) & m, m}
	}
	if length > 16 {
		w.rest = string(b[at+16 : at+length])
	}
	return w
}

// wordAt finds the word that begins at b[at] and has a space behind it; its length is 0 when there is none within limit.
func wordAt(b []byte, at, limit int) word {
	end := at
	for end-at <= limit && b[end] > ' ' {
		end++
	}
	if end == at || b[end] != ' ' {
		return word{}
	}
	return newWord(b, at, end+1-at)
}

func (w *word) differs(p pair) uint64 {
	return w.head[0].differs(p.first) | w.head[1].differs(p.second)
}

// ends reports whether what is behind the first sixteen bytes is the same too.
func (w *word) ends(b []byte, at int) bool {
	return w.length <= 16 || string(b[at+16:at+w.length]) == w.rest
}

// processID reports whether "123]: " is at b[at].
func processID(b []byte, at int) bool {
	for i := at; i < at+10; i++ {
		switch {
		case digit(b[i]):
		case b[i] == ']':
			return i > at && b[i+1] == ':' && b[i+2] == ' '
		default:
			return false
		}
	}
	return false
}

// place spreads words over a table by their first bytes.
func place(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 >> 58 }
