package verify

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cbdoctor/capture"
	"cbdoctor/finding"
	"cbdoctor/report"
)

// firewall is a report with one root cause, one symptom, two sessions and a plan of two steps.
func firewall() *Diagnosis {
	pair := finding.Subject{Kind: "pair", Client: "10.0.0.2", Server: "10.0.0.1"}
	return &Diagnosis{Exit: 1, Report: &report.Report{
		Findings: []finding.Finding{
			{Ref: "F1", ID: "firewall-blocks", Role: finding.RootCause, Severity: finding.Critical, Confidence: "high", State: finding.Ongoing, Subject: pair},
			{Ref: "F2", ID: "node-not-connected", Role: finding.Symptom, Severity: finding.Error, Confidence: "high", State: finding.Ongoing, Subject: finding.Subject{Kind: "node", Node: "10.0.0.2"}},
		},
		Captures: []*capture.Result{{File: "a.pcap", Sessions: []capture.Session{
			{Session: 0, Client: "10.0.0.2:40000", FirstFrame: 1, Verdict: capture.OK},
			{Session: 1, Client: "10.0.0.2:40001", FirstFrame: 30, Evidence: []int64{30, 33}, Verdict: capture.SYNDropped, Observations: []string{"retransmissions"}},
		}}},
		Plan: []finding.Step{{Text: "open the firewall"}, {Command: "database cluster status"}},
	}}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, expect string
		differences  []string // where, in order; none means all is as expected
	}{
		{"a cause that is there", "found: [{id: firewall-blocks, role: root-cause, client: 10.0.0.2, server: 10.0.0.1}]", nil},
		{"one of several causes is there", "found: [{id: [service-down, firewall-blocks]}]", nil},
		{"a finding about the client node counts for the client", "found: [{id: node-not-connected, client: 10.0.0.2}]", nil},
		{"a cause that is missing", "found: [{id: service-down}]", []string{"found[0]"}},
		{"the right cause of the wrong pair", "found: [{id: firewall-blocks, client: 10.0.0.1}]", []string{"found[0]"}},
		{"a symptom is no root cause", "found: [{id: node-not-connected, role: root-cause}]", []string{"found[0]"}},
		{"an accusation that must not be", "not_found: [{severity: [error, critical]}]", []string{"not_found[0]", "not_found[0]"}},
		{"an accusation of another kind", "not_found: [{id: firewall-blocks, confidence: low}]", nil},
		{"exact, and one finding is not named", "match: exact\nfound: [{id: firewall-blocks}]\nverdicts: [{file: a.pcap, verdict: [ok, syn-dropped]}]", []string{"match"}},
		{"exact, and one session is not named", "match: exact\nfound: [{id: [firewall-blocks, node-not-connected]}]\nverdicts: [{file: a.pcap, frame: 1, verdict: ok}]", []string{"match"}},
		{"exact, all named", "match: exact\nfound: [{role: [root-cause, symptom]}]\nverdicts: [{file: a.pcap, verdict: [ok, syn-dropped]}]", nil},
		{"the exit code", "exit: 0", []string{"exit"}},
		{"a session by client and first frame", "verdicts: [{file: a.pcap, client: '10.0.0.2:40001', frame: 30, verdict: syn-dropped}]", nil},
		{"a session by a frame of its evidence", "verdicts: [{file: a.pcap, frame: 33, verdict: syn-dropped, observations: [retransmissions]}]", nil},
		{"a session with another verdict", "verdicts: [{file: a.pcap, frame: 30, verdict: ok}]", []string{"verdicts[0]"}},
		{"a session without the observation", "verdicts: [{file: a.pcap, frame: 30, observations: [high-rtt]}]", []string{"verdicts[0]"}},
		{"a session that is not there", "verdicts: [{file: a.pcap, frame: 31, verdict: ok}]", []string{"verdicts[0]"}},
		{"a capture that is not there", "verdicts: [{file: b.pcap, verdict: ok}]", []string{"verdicts[0]"}},
		{"not every session", "verdicts: [{file: a.pcap, verdict: ok}]", []string{"verdicts[0]"}},
		{"some session", "verdicts: [{file: a.pcap, verdict: ok, some: true}]", nil},
		{"no session at all", "verdicts: [{file: a.pcap, verdict: refused, some: true}]", []string{"verdicts[0]"}},
		{"the plan in order", "plan: [firewall, cluster status]", nil},
		{"the plan in the wrong order", "plan: [cluster status, firewall]", []string{"plan[1]"}},
		{"nothing expected is no success", "about: nothing", []string{"expect.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := ParseExpect([]byte(c.expect))
			if err != nil {
				t.Fatal(err)
			}
			var at []string
			for _, d := range Check(e, firewall()) {
				at = append(at, d.At)
				if len(d.Got) == 0 || d.Want == "" {
					t.Errorf("%s says nothing: %+v", d.At, d)
				}
			}
			if !slices.Equal(at, c.differences) {
				t.Errorf("differences at %v, not %v", at, c.differences)
			}
		})
	}
}

func TestCheckWithoutReport(t *testing.T) {
	t.Parallel()
	three, one := 3, 1
	unusable := &Diagnosis{Exit: 3, Err: "nothing usable in the input"}
	if got := Check(&Expect{Exit: &three}, unusable); len(got) > 0 {
		t.Errorf("an expected failure differs: %v", got)
	}
	got := Check(&Expect{Exit: &one}, unusable)
	if len(got) != 1 || !strings.Contains(got[0].Got[0], "nothing usable") {
		t.Errorf("the reason is not told: %v", got)
	}
	if got := Check(&Expect{NotFound: []Pattern{{ID: OneOf{"service-down"}}}}, unusable); len(got) != 1 {
		t.Errorf("no report, and still nothing differs: %v", got)
	}
}

func TestParseExpectRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"fuond: [{id: service-down}]":                   "fuond",
		"found: [{cause: service-down}]":                "cause",
		"match: nearly":                                 "nearly",
		"not_found: [{}]":                               "empty",
		"verdicts: [{verdict: ok}]":                     "file",
		"verdicts: [{file: a.pcap}]":                    "verdict",
		"found: [{id: {a: b}}]":                         "id",
		"found: [{id: service-down}]\nfound: [{id: x}]": "found",
	} {
		if _, err := ParseExpect([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, and does not name %q", text, err, want)
		}
	}
}

// Whatever was expected before and whatever is found now: after an update nothing differs, and a second one changes nothing.
func TestUpdateMakesItAsExpected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, d := drawExpect(t), drawDiagnosis(t)
		updated := Update(before, d)
		if got := Check(updated, d); len(got) > 0 && !updated.empty() {
			t.Fatalf("still differs after the update: %+v", got)
		}
		text, err := updated.Text()
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseExpect(text)
		if err != nil {
			t.Fatalf("can't be read back: %v\n%s", err, text)
		}
		again, err := Update(read, d).Text()
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(text) {
			t.Fatalf("a second update changed\n%s\nto\n%s", text, again)
		}
	})
}

var (
	ids       = []string{"firewall-blocks", "service-down", "cert-expired"}
	addresses = []string{"10.0.0.1", "10.0.0.2", "2001:db8::1"}
	verdicts  = []capture.Verdict{capture.OK, capture.SYNDropped, capture.Refused}
)

func drawExpect(t *rapid.T) *Expect {
	patterns := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pattern {
		return Pattern{ID: OneOf{rapid.SampledFrom(ids).Draw(t, "id")}, Client: OneOf(rapid.SliceOfN(rapid.SampledFrom(addresses), 0, 2).Draw(t, "client"))}
	}), 0, 3)
	return &Expect{
		About: rapid.StringMatching(`[a-z: #"'-]{0,12}`).Draw(t, "about"),
		Match: rapid.SampledFrom([]string{"", Partial, Exact}).Draw(t, "match"),
		Found: patterns.Draw(t, "found"), NotFound: patterns.Draw(t, "not found"),
		Verdicts: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Verdict {
			return Verdict{File: rapid.SampledFrom([]string{"a.pcap", "b.pcap"}).Draw(t, "file"), Frame: rapid.Int64Range(0, 2).Draw(t, "frame"), Verdict: OneOf{string(rapid.SampledFrom(verdicts).Draw(t, "verdict"))}, Some: rapid.Bool().Draw(t, "some")}
		}), 0, 3).Draw(t, "verdicts"),
		Plan: rapid.SliceOfN(rapid.SampledFrom([]string{"one", "two"}), 0, 2).Draw(t, "plan"),
	}
}

func drawDiagnosis(t *rapid.T) *Diagnosis {
	r := &report.Report{}
	for range rapid.IntRange(0, 3).Draw(t, "findings") {
		r.Findings = append(r.Findings, finding.Finding{
			ID: rapid.SampledFrom(ids).Draw(t, "id"), Role: rapid.SampledFrom([]string{finding.RootCause, finding.Symptom}).Draw(t, "role"),
			Subject: finding.Subject{Client: rapid.SampledFrom(addresses).Draw(t, "client"), Side: rapid.SampledFrom([]string{"", "client"}).Draw(t, "side")},
		})
	}
	c := &capture.Result{File: "a.pcap"}
	for i := range rapid.IntRange(0, 3).Draw(t, "sessions") {
		c.Sessions = append(c.Sessions, capture.Session{Session: i, Client: addresses[0] + ":1", FirstFrame: int64(i + 1), Verdict: rapid.SampledFrom(verdicts).Draw(t, "verdict")})
	}
	r.Captures = []*capture.Result{c}
	for _, s := range rapid.SliceOfN(rapid.SampledFrom([]string{"one", "two", "three\nlines"}), 0, 3).Draw(t, "steps") {
		r.Plan = append(r.Plan, finding.Step{Command: s})
	}
	return &Diagnosis{Report: r, Exit: rapid.IntRange(0, 1).Draw(t, "exit")}
}

// An expectation comes with material of strangers: no text of it may crash the reader.
func FuzzParseExpect(f *testing.F) {
	f.Add([]byte("found:\n  - {id: [a, b], role: root-cause}\nverdicts:\n  - {file: a, verdict: ok}\n"))
	f.Add([]byte("exit: 1\nmatch: exact\n"))
	f.Add([]byte("&a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseExpect(text)
		if err != nil {
			return
		}
		Check(e, firewall())
		Update(e, firewall())
	})
}
