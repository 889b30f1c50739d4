package analyze

import (
	"strings"

	"cbdoctor/logline"
)

// upgradeRun is one run of schema_builder, followed as a state machine.
type upgradeRun struct {
	host     string
	file     *textFile
	start    logline.Stamp
	end      logline.Stamp
	line     int
	lastLine int
	sample   string
	lastText string
	count    int
	complete bool
}

// Steps of a run (tech note 210530, English edition).
const (
	upgradeBegins = "Upgrading schema with connect line"
	upgradeEnds   = "Schema upgrade complete"
)

// upgrades follows the runs of each host.
type upgrades struct {
	open map[string]*upgradeRun
	runs []*upgradeRun
}

// add takes a line of schema_builder. The same first line twice in a row is one run: the tech note shows it so.
func (u *upgrades) add(f *textFile, lineNo int, l *logline.Line, raw []byte) {
	text := string(l.Text)
	run := u.open[l.Host]
	if strings.HasPrefix(text, upgradeBegins) && (run == nil || run.count > 1 && !strings.HasPrefix(run.lastText, upgradeBegins)) || run == nil {
		run = &upgradeRun{host: l.Host, file: f, start: l.Stamp, line: lineNo, sample: string(raw[:min(len(raw), 600)])}
		if u.open == nil {
			u.open = map[string]*upgradeRun{}
		}
		u.open[l.Host] = run
		u.runs = append(u.runs, run)
	}
	run.end, run.lastLine, run.lastText = l.Stamp, lineNo, strings.TrimSpace(text)
	run.count++
	if strings.HasPrefix(text, upgradeEnds) {
		run.complete = true
		delete(u.open, l.Host)
	}
}
