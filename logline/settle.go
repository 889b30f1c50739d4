package logline

import (
	"encoding/binary"
	"math/bits"
	"time"
	"unsafe"
)

// settler passes over the lines of no interest where they stand. It remembers how earlier lines looked: most have the same
// second and host as the one before, and one of a few facilities and programs, so that comparing some words of eight bytes
// tells that a line is well formed and whose it is. What is new is looked at by meet; what does not fit at all is left to
// split. A settled line counts exactly as if it had been split.
type settler struct {
	// The time of the last settled line as it stands, the space behind it included and the digits of the fraction left out.
	stamp    pattern
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

	// The last line whose program is wanted, but for its text, which begins at textAt.
	asked  fields
	textAt int
}

// pause is how many lines are looked at one by one after one that is not like the others.
const pause = 2

// knows is how many facilities, and how many programs, have a place. A CMS has about ten of each, which seldom meet in one place.
const knows = 256

// run settles lines, the first of which begins at b[start] and ends at b[ends[0]], up to one that it does not know. It returns
// where that begins, and how many it settled. The comparisons of a line are joined before anything is decided: a processor
// that guesses a decision wrong loses more time than all of them take. Nothing that is compared contains a line end, so that no
// comparison leaves its line unnoticed. They read up to maxHost and a few more bytes behind the line, within the slack behind
// the last one, and are not checked one by one, which would cost a quarter of the time.
func (s *settler) run(k *block, b []byte, start int, ends []uint32) (next, n int) {
	if !s.pending || len(ends) == 0 {
		return start, 0
	}
	_ = b[int(ends[len(ends)-1])+slack]
	base := unsafe.Pointer(unsafe.SliceData(b))
	low, high, length, name := s.low, s.high, s.length, &s.name
	again := 0 // lines that are not alike, as those with a priority in front, often come together
	for n < len(ends) {
		if name.fits == 1 && n >= again {
			var alike int
			if alike, low, high = s.alike(base, start, ends[n:], low, high); alike > 0 {
				n += alike
				start = int(ends[n-1]) + 1
				continue
			}
			again = n + pause
		}
		end, at := int(ends[n]), start
		if byte(at8(base, at)) == '<' {
			at += afterPriority(b[at:])
		}
		other := s.stamp.differs(0, at8(base, at)) | s.stamp.differs(1, at8(base, at+8)) | s.stamp.differs(2, at8(base, at+16))
		p := at + length
		digits := uint32(at8(base, p-8) >> 32)
		bad := uint64(notThreeDigits(digits) & s.fraction)

		first := at8(base, p)
		facility := &s.facilities[place(first)]
		bad |= facility.differs(first, at8(base, p+8))
		p += facility.length
		bad |= name.differs(at8(base, p), at8(base, p+8))
		p += name.length
		first = at8(base, p)
		program := &s.programs[place(first&mask(4))]
		bad |= program.differs(first, at8(base, p+8))

		if more := facility.short&name.short&program.short ^ 1; bad|more|other != 0 || end-start > MaxLine {
			if bad != 0 || end-start > MaxLine || !facility.ends(b, p-name.length-facility.length) || !name.ends(b, p-name.length) || !program.ends(b, p) {
				break
			}
			if other != 0 {
				if s.low, s.high = low, high; !s.tick(k, b, at) {
					break
				}
				low, high = ^uint32(0), 0
			}
		}
		digits = bits.ReverseBytes32(digits) >> 8
		low, high = min(low, digits), max(high, digits)
		n++
		start = end + 1
	}
	s.low, s.high = low, high
	s.host.Lines += int64(n)
	k.lines, k.seen, k.recognised = k.lines+int64(n), k.seen+int64(n), k.recognised+int64(n)
	return start, n
}

// tick makes the second of a line the one that lines are compared with, when it is printed in the form of the last one.
func (s *settler) tick(k *block, b []byte, start int) bool {
	second, rest, ok := parseStamp(b[start:])
	if !ok || second.UTC || second.Digits != s.second.Digits || len(b)-len(rest)-start != s.length {
		return false
	}
	s.flush()
	s.take(k, second, b[start:start+s.length])
	s.pending = true
	return true
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
	if facility.length == 0 {
		return unsettled
	}
	level := b[p : p+facility.length-1]
	dot := facilityEnd(level)
	if dot < 0 {
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
	tag, after, pid := scanTag(b[p:min(p+maxTag+24, len(b))])
	if after < 0 || b[p+after] != ' ' {
		return unsettled
	}
	o := passed
	switch program := &s.programs[place(le.Uint64(b[p:])&mask(4))]; {
	case k.wants(b[p : p+tag]):
		o, s.textAt = asked, p+after
		s.asked = fields{stamp: second, facility: level[:dot], severity: level[dot+1:], host: host, tag: b[p : p+tag], pid: pid}
	case tag+1 == after:
		*program = newWord(b, p, after+1)
	case b[p+tag] == '[':
		*program = newWord(b, p, tag+1)
		program.pid, program.short, program.fits = true, 0, 0
	}
	k.seen++
	k.recognised++
	s.flush()
	s.take(k, second, stamp)
	if second.Year == 0 {
		s.asked.stamp.Wraps = s.second.Wraps
	}
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
	for i := range 3 {
		m := mask(len(stamp)-8*i) &^ mask(len(stamp)-1-8*i) // the space at the end
		m |= mask(len(stamp) - 1 - digits - 8*i)
		s.stamp.set(i, le.Uint64(padded[8*i:]), m)
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

// at8 is eight bytes of a line, in the order of le; on other machines the bytes are turned around.
func at8(base unsafe.Pointer, at int) uint64 {
	return le.Uint64((*[8]byte)(unsafe.Add(base, at))[:])
}

// notThreeDigits is 0 when four bytes are three digits and a space.
func notThreeDigits(v uint32) uint32 {
	return (v^0x20303030)&0xfff0f0f0 | (v&0x0f0f0f+0x060606)&0xf0f0f0
}

// pattern is up to 32 bytes of which some are compared, eight at a time.
type pattern struct{ word, mask [4]uint64 }

func (m *pattern) set(i int, word, mask uint64) { m.word[i], m.mask[i] = word&mask, mask }

func (m *pattern) differs(i int, w uint64) uint64 { return (w ^ m.word[i]) & m.mask[i] }

// mask takes the first n of eight bytes.
func mask(n int) uint64 {
	if n >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*max(n, 0)) - 1
}

// word is a word of a line with what is behind it. The first sixteen bytes are compared as two words, the rest as a string.
type word struct {
	head   pattern
	length int
	rest   string
	pid    bool   // a process id follows
	short  uint64 // 1 when the first sixteen bytes are all that has to be compared
	fits   uint64 // 1 when all that has to be compared is in head
}

func newWord(b []byte, at, length int) (w word) {
	w.length = length
	for i := range w.head.word {
		w.head.set(i, le.Uint64(b[at+8*i:]), mask(length-8*i))
	}
	if length <= 32 {
		w.fits = 1
	}
	if length > 16 {
		w.rest = string(b[at+16 : at+length])
	} else {
		w.short = 1
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

func (w *word) differs(first, second uint64) uint64 {
	return w.head.differs(0, first) | w.head.differs(1, second)
}

// ends reports whether what is not in the first sixteen bytes fits too.
func (w *word) ends(b []byte, at int) bool {
	return w.short == 1 || w.length > 0 && (w.length <= 16 || string(b[at+16:at+w.length]) == w.rest) && (!w.pid || processID(b, at+w.length))
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
func place(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 >> (64 - 8) }
