package analyze

import (
	"slices"
	"strings"
	"time"

	"cbdoctor/logline"
)

// hostLog is what one file has of one host. What it tells belongs to a machine: hosts of one name in several files may be several
// machines, and each has a clock of its own.
type hostLog struct {
	file  *textFile
	host  string         // "" in the event log of the Web Admin interface
	relay string         // address that a central syslog server wrote before its lines
	node  string         // address of the machine, or its name; identify finds it out
	zone  *time.Location // of its times, when the machine has one of its own
	last  logline.Stamp  // of its lines that were taken
	parts []int          // lines at which its times go back: what follows may be a copy of what was before
}

// maxParts bounds the parts of a log that are told apart.
const maxParts = 1000

// goesBack is by how much the times of a log go back where another part begins; a relay exchanges lines of one moment.
const goesBack = 5 * time.Second

// part is the number of the part that a line is in.
func (l *hostLog) part(line int) int {
	n, _ := slices.BinarySearch(l.parts, line+1)
	return n
}

// relay is a host and the address that a central syslog server got its lines from, "" where it does not say.
type relay struct{ host, address string }

// log is the log of a host in the file.
func (t *textFile) log(host string) *hostLog { return t.relayed(host, "") }

// relayed is what the file has of a host from one address.
func (t *textFile) relayed(host, address string) *hostLog {
	l := t.logs[relay{host, address}]
	if l == nil {
		l = &hostLog{file: t, host: host, relay: address, node: host}
		if len(t.logs) < maxLogs {
			t.logs[relay{host, address}] = l
		}
	}
	return l
}

// machines lists the logs of the machines that a file has lines of. Those of one name are told apart by the addresses they came from.
func (t *textFile) machines() (list []*hostLog) {
	for _, host := range sortedKeys(t.Hosts) {
		own := t.log(host)
		n := len(list)
		for _, l := range t.logs {
			if l.host == host && l.relay != "" && l.node != own.node && !slices.ContainsFunc(list[n:], func(o *hostLog) bool { return o.node == l.node }) {
				list = append(list, l)
			}
		}
		if len(list) == n {
			list = append(list, own)
		}
		slices.SortFunc(list[n:], func(a, b *hostLog) int { return strings.Compare(a.node, b.node) })
	}
	return list
}

// maxLogs bounds the hosts of one file that are followed.
const maxLogs = 1000

// watch notes what a stamp shows of its calendar: a 29 February, an hour that comes a second time, and where a part begins.
func (l *hostLog) watch(s *logline.Stamp, line int) {
	if s.Since(l.last) < -goesBack && !l.last.IsZero() && len(l.parts) < maxParts {
		l.parts = append(l.parts, line)
	}
	if s.Month == 2 && s.Day == 29 && s.Year == 0 {
		l.file.leapDay, l.file.leapWraps = true, s.Wraps
	}
	if last := l.last; last.Month == s.Month && last.Day == s.Day && last.Year == s.Year {
		back := last.OfDay - s.OfDay
		s.Again = last.Again || back > 20*time.Minute && back <= 61*time.Minute
	}
	l.last = *s
}
