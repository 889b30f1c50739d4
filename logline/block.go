package logline

import (
	"bytes"

	"cbdoctor/terminal"
)

// block is what one block of a file turned out to be. A block holds whole lines, so that blocks can be looked at in any
// order; lines are numbered from 1 in each, and New Years counted from 0.
type block struct {
	settler
	tags     map[string]bool
	initials [256]bool         // first letters of the tags
	ends     []uint32          // room for lineEnds
	strings  map[string]string // host names and the like: each is one string however often it occurs

	lines, seen, recognised, tooLong int64
	wanted                           []wanted
	others                           []other
	blank                            int64 // the last empty line
	hosts                            map[string]*Host
	names                            []string // of the hosts, in the order of their first lines
	nameless                         Host     // what is beyond maxHosts

	firstBare, lastBare Stamp // of the lines that print no year
	year                int16 // the first that is printed
	lastDated           Stamp // the last time with a year
}

type wanted struct {
	n    int64
	line Line
	raw  []byte
}

type other struct {
	n   int64
	raw []byte
}

// Bounds of what is told apart.
const (
	maxHosts   = 1000
	maxHost    = 255 // RFC 1035 section 2.3.4
	maxStrings = 4096
)

func newBlock(tags []string) *block {
	k := &block{ends: make([]uint32, step+64), tags: map[string]bool{}, strings: map[string]string{}, hosts: map[string]*Host{}}
	for _, t := range tags {
		k.tags[t], k.initials[t[0]] = true, true
	}
	return k
}

// step is how much is searched for line ends at once: it stays in the innermost cache until its lines are looked at.
const step = 16 << 10

// scan looks at all lines of b up to its last line end, which is at b[end-1].
func (k *block) scan(b []byte, end int) {
	start := 0
	for from := 0; from < end; from += step {
		ends := lineEnds(b, from, min(from+step, end), k.ends)
		for len(ends) > 0 {
			var n int
			start, n = k.run(k, b, start, ends)
			if ends = ends[n:]; len(ends) == 0 {
				break
			}
			k.line(b, start, int(ends[0]))
			start, ends = int(ends[0])+1, ends[1:]
		}
	}
	k.flush()
}

// line looks at a line that run does not know.
func (k *block) line(b []byte, start, end int) {
	k.lines++
	if end-start > MaxLine {
		k.tooLong++
		return
	}
	switch k.meet(k, b, start) {
	case unsettled:
		k.split(b[start:end])
	case asked:
		k.want(b[start:end], k.textAt-start)
	}
}

// split looks at a line that was not settled.
func (k *block) split(b []byte) {
	b = clean(b)
	if len(b) == 0 {
		if k.blank == 0 || k.blank != k.lines-1 { // one of a run is enough
			k.others = append(k.others, other{k.lines, nil})
		}
		k.blank = k.lines
		return
	}
	k.seen++
	f, ok := split(b)
	if !ok {
		k.others = append(k.others, other{k.lines, b})
		return
	}
	k.recognised++
	k.flush()
	t := k.note(f.stamp)
	h := k.host(f.host)
	h.Lines++
	h.cover(t, t)
	if k.wants(f.tag) {
		k.add(f, t, b)
	}
}

// want keeps the line that was asked for, which is counted already.
func (k *block) want(line []byte, textAt int) {
	f, raw := k.asked, clean(line)
	if &raw[0] == &line[0] {
		f.text = bytes.TrimLeft(raw[textAt:], " ")
	} else { // control sequences were taken out of it
		t := f.stamp
		f, _ = split(raw)
		f.stamp = t
	}
	k.add(f, f.stamp, raw)
}

func (k *block) add(f fields, t Stamp, raw []byte) {
	k.wanted = append(k.wanted, wanted{k.lines, Line{
		Stamp: t, Facility: k.text(f.facility), Severity: k.text(f.severity), Host: k.text(f.host), Tag: k.text(f.tag), PID: f.pid, Relay: k.text(f.relay), Text: f.text,
	}, raw})
}

// clean takes off what is not of the line itself.
func clean(b []byte) []byte {
	b = bytes.TrimRight(b, "\r \x00")
	if len(b) > 0 && b[0] == 0 { // what a log has where its machine lost power
		b = bytes.TrimLeft(b, "\x00")
	}
	if bytes.IndexByte(b, 0x1b) >= 0 {
		b = terminal.StripSequences(b)
	}
	return b
}

func (k *block) wants(tag []byte) bool {
	return len(tag) > 0 && k.initials[tag[0]] && k.tags[string(tag)]
}

// host finds a host of the block.
func (k *block) host(name []byte) *Host {
	h := k.hosts[string(name)]
	if h == nil {
		if len(k.hosts) >= maxHosts {
			return &k.nameless
		}
		h = &Host{}
		w := k.text(name)
		k.hosts[w], k.names = h, append(k.names, w)
	}
	return h
}

func (k *block) text(b []byte) string {
	w, known := k.strings[string(b)]
	if !known {
		w = string(b)
		if len(k.strings) < maxStrings {
			k.strings[w] = w
		}
	}
	return w
}

// note follows the times of a block in the order of its lines: it counts New Years in the lines that print none.
func (k *block) note(t Stamp) Stamp {
	if t.Year != 0 {
		if k.year == 0 {
			k.year = t.Year
		}
		k.lastDated = t.whole()
		return t
	}
	t.Wraps = k.lastBare.Wraps + newYear(k.lastBare, t)
	if k.firstBare.IsZero() {
		k.firstBare = t.whole()
	}
	k.lastBare = t.whole()
	return t
}

// newYear tells from the months whether a New Year lies between two lines: 1 when it does, -1 when a line of the old year
// follows one of the new.
func newYear(before, after Stamp) int16 {
	if before.IsZero() {
		return 0
	}
	switch back := int(before.Month) - int(after.Month); {
	case back >= 6:
		return 1
	case back <= -6:
		return -1
	}
	return 0
}

// reset makes a block ready for other lines.
func (k *block) reset() {
	k.lines, k.seen, k.recognised, k.tooLong, k.blank = 0, 0, 0, 0, 0
	clear(k.wanted)
	k.wanted, k.others = k.wanted[:0], k.others[:0]
	clear(k.hosts)
	k.names = k.names[:0]
	k.nameless = Host{}
	k.pending, k.settler.host, k.name = false, nil, word{}
	k.firstBare, k.lastBare, k.lastDated, k.year = Stamp{}, Stamp{}, Stamp{}, 0
}
