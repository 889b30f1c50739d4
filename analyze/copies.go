package analyze

import "cmp"

// Material often has the same lines twice: an archive and what was unpacked of it, two bundles of a node with the same rotated files,
// a log and what the central syslog server got of it. What several files have is told once.

// sighting is what an event of a node is known by, whatever file tells it.
type sighting struct {
	node   string
	second int64 // UTC: copies may have lost the fraction
	text   string
	pid    int
}

// tally is how often files have an event: the file that is being read, and the one that has it most often.
type tally struct {
	file       *textFile
	here, most int
}

// copies tells events that another file has too. All events of one file must be given before those of the next, the finest times
// first. Within a file each line counts.
type copies map[sighting]*tally

// again reports whether an event was told by another file already.
func (c copies) again(l *hostLog, s sighting) bool {
	t := c[s]
	if t == nil {
		c[s] = &tally{l.file, 1, 1}
		return false
	}
	if t.file != l.file {
		t.file, t.here = l.file, 0
	}
	if t.here++; t.here <= t.most {
		return true
	}
	t.most = t.here
	return false
}

// finest orders logs so that those that print fractions of a second come first: a copy may have lost them.
func finest(a, b *hostLog) int { return cmp.Compare(b.last.Digits, a.last.Digits) }

// inOneFile are the nodes of which one file tells alone, so that nothing has to be looked for a second time.
func (m *material) inOneFile() map[string]bool {
	alone := map[string]bool{}
	for _, t := range m.texts {
		if len(t.logs) >= maxLogs { // there may be more hosts in it
			return nil
		}
		nodes := map[string]bool{}
		for _, l := range t.logs {
			nodes[l.node] = true
		}
		for node := range nodes {
			_, other := alone[node]
			alone[node] = !other
		}
	}
	return alone
}
