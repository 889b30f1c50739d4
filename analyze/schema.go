package analyze

import (
	"slices"
	"strings"
	"time"

	"cbdoctor/fact"
	"cbdoctor/logline"
	"cbdoctor/stamp"
)

// A schema upgrade is followed as a state machine over the lines of schema_builder and, for its end, dbcluster_watcher. Lines are
// kept until all files are read, because a run may begin in an older file of a rotated log than it ends in.

// schemaLine is one line of schema_builder or dbcluster_watcher.
type schemaLine struct {
	log               *hostLog
	tag, text, sample string
	stamp             logline.Stamp
	line              int
}

// maxSchemaLines bounds what is kept; an upgrade has ten lines.
const maxSchemaLines = 50_000

func (m *material) schema(log *hostLog, n int, l *logline.Line, raw []byte) {
	if len(m.schemaLines) < maxSchemaLines {
		m.schemaLines = append(m.schemaLines, schemaLine{log, l.Tag, strings.TrimSpace(string(l.Text)), sample(raw), l.Stamp, n})
	}
}

// upgradeSteps are the steps of a run in their order, with the words that begin the line (tech note 210530, English edition).
var upgradeSteps = []struct{ name, tag, words string }{
	{"started", "schema_builder", "Upgrading schema with connect line"},
	{"database found", "schema_builder", "Using database name"},
	{"schema built", "schema_builder", "schema build on database cluster complete"},
	{"waiting to settle", "schema_builder", "Waiting for database cluster to settle"},
	{"settled", "schema_builder", "Database cluster settled"},
	{"complete", "schema_builder", "Schema upgrade complete"},
	{"confirmed", "dbcluster_watcher", "Operation Complete"},
}

const (
	stepStarted   = 0
	stepComplete  = 5
	stepConfirmed = 6
)

// stepOf is the step that a line shows, -1 when it is none: what the builder says of its libraries, and what went wrong.
func stepOf(l *schemaLine) int {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(l.text, "INFO"), " "))
	text = strings.TrimSpace(strings.TrimPrefix(text, ":"))
	for i, s := range upgradeSteps {
		if l.tag == s.tag && strings.HasPrefix(text, s.words) {
			return i
		}
	}
	return -1
}

// upgradeRun is one run that is being followed.
type upgradeRun struct {
	lines []schemaLine
	at    []stamp.Time
	step  int
	wrong string // the last line that says that something failed
}

// confirmWithin is how long after its end the watcher may confirm a run.
const confirmWithin = 10 * time.Minute

// makeUpgrades follows the runs of each node.
func (m *material) makeUpgrades(s *fact.Set, ends map[string]time.Time) {
	byNode, seen := map[string][]int{}, copies{}
	slices.SortStableFunc(m.schemaLines, func(a, b schemaLine) int { return finest(a.log, b.log) })
	at := make([]stamp.Time, len(m.schemaLines))
	for i := range m.schemaLines {
		l := &m.schemaLines[i]
		at[i] = m.when(l.log, l.stamp)
		if !seen.again(l.log, l.line, sighting{node: l.log.node, second: at[i].T.Unix(), text: l.tag + l.text}) {
			byNode[l.log.node] = append(byNode[l.log.node], i)
		}
	}
	for _, node := range sortedKeys(byNode) {
		order := byNode[node]
		slices.SortStableFunc(order, func(a, b int) int { return at[a].T.Compare(at[b].T) })
		var run *upgradeRun
		end := func() {
			if run != nil {
				s.Upgrades = append(s.Upgrades, run.fact(node, ends[node]))
			}
			run = nil
		}
		for _, i := range order {
			l := &m.schemaLines[i]
			step := stepOf(l)
			switch {
			case l.tag == "dbcluster_watcher" && (step < 0 || run == nil || run.step < stepComplete || at[i].T.Sub(run.at[len(run.at)-1].T) > confirmWithin):
				continue // the watcher confirms other operations too
			case step == stepStarted && run != nil && run.step == stepStarted && len(run.wrong) == 0: // the same first line again: the tech note shows it so
			case run == nil || step == stepStarted || run.step >= stepComplete && step != stepConfirmed:
				end()
				run = &upgradeRun{}
			}
			run.take(l, at[i], step)
		}
		end()
	}
}

func (r *upgradeRun) take(l *schemaLine, at stamp.Time, step int) {
	r.step = max(r.step, step)
	if step < 0 && containsAny(strings.ToLower(l.text), []string{"error", "fail", "fatal", "could not"}) {
		r.wrong = l.text
	}
	r.lines, r.at = append(r.lines, *l), append(r.at, at)
}

func (r *upgradeRun) fact(node string, end time.Time) fact.Upgrade {
	last := len(r.lines) - 1
	u := fact.Upgrade{
		Node: node, Complete: r.step >= stepComplete, Confirmed: r.step >= stepConfirmed, Step: upgradeSteps[r.step].name,
		LastStep: r.lines[last].text, Error: strings.Join(strings.Fields(strings.ReplaceAll(unescape([]byte(r.wrong)), "|", " ")), " "),
	}
	u.First, u.Last, u.Count = r.at[0], r.at[last], 1
	u.Sources = []fact.Source{{File: r.lines[0].log.file.path, Line: r.lines[0].line, Text: r.lines[0].sample}}
	if last > 0 {
		u.Sources = append(u.Sources, fact.Source{File: r.lines[last].log.file.path, Line: r.lines[last].line, Text: r.lines[last].sample})
	}
	u.CutOff = !u.Complete && !end.After(u.Last.T.Add(2*time.Minute))
	return u
}
