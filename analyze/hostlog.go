package analyze

import (
	"time"

	"cbdoctor/logline"
)

// hostLog is what one file has of one host. What it tells belongs to a machine: hosts of one name in several files may be several
// machines, and each has a clock of its own.
type hostLog struct {
	file *textFile
	host string         // "" in the event log of the Web Admin interface
	node string         // address of the machine, or its name; identify finds it out
	zone *time.Location // of its times, when the machine has one of its own
	last logline.Stamp  // of its lines that were taken
}

// log is the log of a host in the file.
func (t *textFile) log(host string) *hostLog {
	l := t.logs[host]
	if l == nil {
		l = &hostLog{file: t, host: host, node: host}
		if len(t.logs) < maxLogs {
			t.logs[host] = l
		}
	}
	return l
}

// maxLogs bounds the hosts of one file that are followed.
const maxLogs = 1000

// watch notes what a stamp shows of its calendar: a 29 February, and an hour that comes a second time.
func (l *hostLog) watch(s *logline.Stamp) {
	if s.Month == 2 && s.Day == 29 && s.Year == 0 {
		l.file.leapDay, l.file.leapWraps = true, s.Wraps
	}
	if last := l.last; last.Month == s.Month && last.Day == s.Day && last.Year == s.Year {
		back := last.OfDay - s.OfDay
		s.Again = last.Again || back > 20*time.Minute && back <= 61*time.Minute
	}
	l.last = *s
}
