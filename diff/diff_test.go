package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/report"
	"cbdoctor/stamp"
)

const (
	replica = "10.0.0.2"
	primary = "10.0.0.1"
)

// blocked is a report whose one finding was seen in a capture and in the log of the replica.
func blocked(state string) *report.Report {
	return &report.Report{
		Inputs: []fact.Input{{Path: "x/a.pcap", Kind: "capture", Node: replica}, {Path: "x/syslog", Kind: "syslog", Node: replica}},
		Nodes:  []fact.Node{{Address: replica, Connected: "no"}},
		Findings: []finding.Finding{{
			Ref: "F1", ID: "firewall-blocks", Severity: finding.Critical, Role: finding.RootCause, State: state,
			Subject:  finding.Subject{Kind: "pair", Client: replica, Server: primary, Port: 5432},
			Evidence: []finding.Evidence{{File: "x/a.pcap", Frames: []int64{1}}},
		}},
		Captures: []*capture.Result{{File: "x/a.pcap", Pairs: []capture.Pair{{Client: replica, Server: primary, Port: 5432, Verdict: capture.SYNDropped}}}},
	}
}

// after is a report without findings over the given material.
func after(kind string, verdict capture.Verdict) *report.Report {
	r := &report.Report{
		Inputs: []fact.Input{{Path: "y/file", Kind: kind, Node: replica}},
		Nodes:  []fact.Node{{Address: replica, Connected: "yes"}},
	}
	if verdict != "" {
		r.Captures = []*capture.Result{{File: "y/file", Pairs: []capture.Pair{{Client: replica, Server: primary, Port: 5432, Verdict: verdict}}}}
	}
	return r
}

func TestCompare(t *testing.T) {
	t.Parallel()
	notEvaluated := after("capture", capture.OK)
	notEvaluated.Coverage.RulesNotEvaluated = []finding.NotEvaluated{{ID: "firewall-blocks"}}
	none := after("capture", capture.OK)
	synced := after("status", "")
	synced.Nodes = []fact.Node{{Address: replica, Role: fact.Replica, Connected: "yes", InSync: "yes"}, {Address: primary, Role: fact.Primary}}
	behind := after("status", "")
	behind.Nodes = []fact.Node{{Address: replica, Role: fact.Replica, Connected: "yes", InSync: "no"}, {Address: primary, Role: fact.Primary}}
	for _, c := range []struct {
		name          string
		before, after *report.Report
		list, why     string
	}{
		{"a new capture shows the pair working", blocked(finding.Ongoing), after("capture", capture.OK), "fixed", "capture with 10.0.0.2 > 10.0.0.1"},
		{"the report itself says that it is over", blocked(finding.Ongoing), blocked(finding.Resolved), "fixed", "later evidence"},
		{"no capture, no proof", blocked(finding.Ongoing), after("status", ""), "unknown", "no capture with 10.0.0.2 > 10.0.0.1"},
		{"a status shows that the replica follows the primary", blocked(finding.Ongoing), synced, "fixed", "a status that shows 10.0.0.2 connected and in sync"},
		{"a status shows a replica that lags", blocked(finding.Ongoing), behind, "unknown", "no capture with 10.0.0.2 > 10.0.0.1"},
		{"a capture in which nothing was decided", blocked(finding.Ongoing), after("capture", capture.Open), "unknown", "no capture"},
		{"the rule had no input", blocked(finding.Ongoing), notEvaluated, "unknown", "no capture"},
		{"the same again", blocked(finding.Ongoing), blocked(finding.Unknown), "stays", "in both"},
		{"for the first time", none, blocked(finding.Ongoing), "new", "not in the old report"},
		{"back again", blocked(finding.Resolved), blocked(finding.Ongoing), "new", "is back"},
		{"history in both", blocked(finding.Resolved), blocked(finding.Resolved), "", ""},
		{"history that is gone", blocked(finding.Resolved), after("status", ""), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := Compare(c.before, c.after)
			for list, entries := range map[string][]Entry{"fixed": d.Fixed, "new": d.New, "stays": d.Stays, "unknown": d.Unknown} {
				switch {
				case list != c.list && len(entries) > 0:
					t.Errorf("listed as %s: %+v", list, entries)
				case list == c.list && (len(entries) != 1 || !strings.Contains(entries[0].Why, c.why)):
					t.Errorf("%s: %+v, want one because of %q", list, entries, c.why)
				}
			}
		})
	}
}

func TestCompareTellsWhatChanged(t *testing.T) {
	t.Parallel()
	before, now := blocked(finding.Ongoing), after("capture", capture.OK)
	d := Compare(before, now)
	if want := []Change{{replica, "connected", "no", "yes"}}; !slices.Equal(d.Nodes, want) {
		t.Errorf("nodes: %v, not %v", d.Nodes, want)
	}
	if want := []Change{{"10.0.0.2 > 10.0.0.1 port 5432", "verdict", "syn-dropped", "ok"}}; !slices.Equal(d.Links, want) {
		t.Errorf("links: %v, not %v", d.Links, want)
	}
	worse := blocked(finding.Ongoing)
	worse.Findings[0].Severity, worse.Findings[0].Ref = finding.Warning, "F7"
	got := Compare(before, worse).Stays[0]
	if !slices.Equal(got.Changes, []string{"severity: warning, was critical"}) || got.OldRef != "F1" || got.NewRef != "F7" {
		t.Errorf("the change is told as %+v", got)
	}
}

func TestCompareWarns(t *testing.T) {
	t.Parallel()
	at := func(r *report.Report, hour int) *report.Report {
		r.Timeline = []report.Event{{Time: stamp.New(time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC), 0)}}
		return r
	}
	swapped := Compare(at(blocked(finding.Ongoing), 9), at(after("capture", capture.OK), 8))
	if len(swapped.Notes) != 1 || !strings.Contains(swapped.Notes[0], "swapped") {
		t.Errorf("an older NEW is not told: %q", swapped.Notes)
	}
	other := after("status", "")
	other.Nodes[0].Address = "192.0.2.1"
	if d := Compare(blocked(finding.Ongoing), other); len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "same cluster") {
		t.Errorf("another cluster is not told: %q", d.Notes)
	}
}

// Nothing is lost and nothing is told twice: every finding that is going on in one of the reports stands in exactly one list.
func TestCompareListsEachFindingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, now := drawReport(t, "old"), drawReport(t, "new")
		d := Compare(before, now)
		listed := map[string]int{}
		for _, e := range slices.Concat(d.Fixed, d.New, d.Stays, d.Unknown) {
			listed[e.ID+" "+e.Subject.Node]++
		}
		for _, f := range slices.Concat(before.Findings, now.Findings) {
			name := f.ID + " " + f.Subject.Node
			if n := listed[name]; n > 1 || n == 0 && f.State != finding.Resolved {
				t.Fatalf("%s stands in %d lists", name, n)
			}
		}
		same := Compare(before, before)
		if len(same.Fixed)+len(same.New)+len(same.Unknown)+len(same.Nodes)+len(same.Links)+len(same.Notes) > 0 {
			t.Fatalf("a report differs from itself: %+v", same)
		}
	})
}

func drawReport(t *rapid.T, label string) *report.Report {
	r := &report.Report{}
	for _, kind := range []string{"syslog", "status"} {
		if rapid.Bool().Draw(t, label+" has "+kind) {
			r.Inputs = append(r.Inputs, fact.Input{Path: kind, Kind: kind, Node: replica})
		}
	}
	seen := map[string]bool{}
	for i := range rapid.IntRange(0, 4).Draw(t, label+" findings") {
		f := finding.Finding{
			Ref: fmt.Sprintf("F%d", i+1), ID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"),
			State:    rapid.SampledFrom([]string{finding.Ongoing, finding.Resolved, finding.Unknown}).Draw(t, "state"),
			Subject:  finding.Subject{Kind: "node", Node: rapid.SampledFrom([]string{replica, primary}).Draw(t, "node")},
			Evidence: []finding.Evidence{{File: rapid.SampledFrom([]string{"syslog", "status", "elsewhere"}).Draw(t, "file")}},
		}
		if name := f.ID + f.Subject.Node; !seen[name] { // the rules give one finding per cause and subject
			seen[name] = true
			r.Findings = append(r.Findings, f)
		}
	}
	return r
}

// A report may come from a stranger: what is in it never reaches the terminal as control characters.
func TestWriteTextIsHarmless(t *testing.T) {
	t.Parallel()
	hostile := "\x1b]0;owned\x07\u202e\nroot"
	before, now := blocked(finding.Ongoing), blocked(finding.Ongoing)
	f := &now.Findings[0]
	f.ID, f.Title, f.Role, f.Ref, f.Severity = hostile, hostile, hostile, hostile, finding.Severity(hostile)
	now.Nodes = []fact.Node{{Address: hostile, Role: hostile}}
	var b bytes.Buffer
	if err := WriteText(&b, Compare(before, now)); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u202e") || strings.Contains(b.String(), "\nroot") {
		t.Errorf("control characters in %q", b.String())
	}
}
