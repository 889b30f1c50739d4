package analyze

import "cmp"

// Material often has the same lines twice: an archive and what was unpacked of it, two bundles of a node with the same rotated files,
// a log and what the central syslog server got of it, a file into which the same was copied twice. What several of them have is told once.

// sighting is what an event of a node is known by, whatever file tells it.
type sighting struct {
	node   string
	second int64 // UTC: copies may have lost the fraction
	text   string
	pid    int
}

// tally is how often files have an event: the part of the file that is being read, and the one that has it most often.
type tally struct {
	file       *textFile
	part       int
	here, most int
}

// copies tells events that another file has too, or another part of the file. All events of one file must be given before those of the
// next, the finest times first. Within a part each line counts.
type copies map[sighting]*tally

// again reports whether an event was told by another file or part already.
func (c copies) again(l *hostLog, line int, s sighting) bool {
	part := l.part(line)
	t := c[s]
	if t == nil {
		c[s] = &tally{l.file, part, 1, 1}
		return false
	}
	if t.file != l.file || t.part != part {
		t.file, t.part, t.here = l.file, part, 0
	}
	if t.here++; t.here <= t.most {
		return true
	}
	t.most = t.here
	return false
}

// finest orders logs so that those that print fractions of a second come first: a copy may have lost them.
func finest(a, b *hostLog) int { return cmp.Compare(b.last.Digits, a.last.Digits) }

// inOneFile are the nodes of which one part of one file tells alone, so that nothing has to be looked for a second time.
func (m *material) inOneFile() map[string]bool {
	alone := map[string]bool{}
	for _, t := range m.texts {
		if len(t.logs) >= maxLogs { // there may be more hosts in it
			return nil
		}
		whole := map[string]bool{}
		for _, l := range t.logs {
			before, met := whole[l.node]
			whole[l.node] = len(l.parts) == 0 && (before || !met)
		}
		for node, is := range whole {
			_, other := alone[node]
			alone[node] = is && !other
		}
	}
	return alone
}
