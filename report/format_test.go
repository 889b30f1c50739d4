package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"cbdoctor/capture"
	"cbdoctor/finding"
)

func TestTheLongestSuffixNamesTheFormat(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"r.json": "json", "R.JSON": "json", "scan.sarif.json": "sarif", "scan.sarif": "sarif", "a.b/r.md": "markdown", "r.jsonl": "ndjson",
		"r.xml": "junit", "r.csv": "csv", "r.txt": "table", "r.doc": "", "r": "", "": "",
	} {
		if got := FormatOf(file); got != want {
			t.Errorf("FormatOf(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestFails(t *testing.T) {
	t.Parallel()
	going := finding.Finding{Severity: finding.Error, State: finding.Ongoing}
	unknown, over, accepted := going, going, going
	unknown.State, over.State, accepted.Accepted = finding.Unknown, finding.Resolved, &finding.Accepted{Reason: "known", Until: "2030-01-01"}
	for _, c := range []struct {
		name string
		f    finding.Finding
		on   finding.Severity
		want bool
	}{
		{"at the default threshold", going, "", true},
		{"below the threshold", going, finding.Critical, false},
		{"above the threshold", going, finding.Warning, true},
		{"perhaps going on", unknown, "", true},
		{"over", over, finding.Info, false},
		{"accepted", accepted, finding.Info, false},
		{"nothing fails", going, Never, false},
	} {
		if got := (WriteOptions{FailOn: c.on}).Fails(&c.f); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// What a hostile line holds can't end the place where it stands, in any format.
func TestTextStaysWhereItStands(t *testing.T) {
	t.Parallel()
	r := hostileReport()
	r.Findings[0].Title = "t\n::error::injected\n```\n# heading <b>|@admin]]>"
	r.Findings[0].Evidence[0].Text = "```\n]]></failure><x/>"
	r.Captures = append(r.Captures, &capture.Result{File: "=HYPERLINK(1)", Sessions: []capture.Session{{Client: "a,b\"c", Reason: "+1\n=2"}}})
	write := func(format string) string {
		var b bytes.Buffer
		if err := Write(&b, format, r, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if out := write("github"); strings.Contains(out, "\n::error::injected") || strings.Count(out, "\n") != 2 {
		t.Errorf("github: a title begins a command of its own:\n%s", out)
	}
	if out := write("markdown"); strings.Contains(out, "\n# heading") || strings.Contains(out, "<b>") || !strings.Contains(out, "````") {
		t.Errorf("markdown: text turned into markup:\n%s", out)
	}
	rows, err := csv.NewReader(strings.NewReader(write("csv"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "'=HYPERLINK(1)" || rows[1][4] != `a,b"c` || rows[1][8] != "'+1 =2" {
		t.Errorf("csv: %v %q", err, rows)
	}
	for d := xml.NewDecoder(strings.NewReader(write("junit"))); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("junit: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "x" {
			t.Error("junit: text turned into an element")
		}
	}
}

// The conventions of the JUnit form that its readers rely on: counts that are those of the cases, a class and a name for each.
func TestJUnitCountsItsCases(t *testing.T) {
	t.Parallel()
	r := hostileReport()
	r.Findings = append(r.Findings, finding.Finding{Ref: "F2", ID: "cert-expires-soon", Severity: finding.Warning, State: finding.Ongoing, Title: "t"})
	r.Coverage.RulesNotEvaluated = []finding.NotEvaluated{{ID: "cert-weak", Missing: []string{"capture"}}}
	var b bytes.Buffer
	if err := Write(&b, "junit", r, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suite    []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Case     []struct {
				Class   string    `xml:"classname,attr"`
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if s := got.Suite[0]; got.Tests != 3 || got.Failures != 1 || s.Tests != 3 || s.Failures != 1 || s.Skipped != 2 || len(s.Case) != 3 {
		t.Errorf("%+v", got)
	}
	for i, c := range got.Suite[0].Case {
		if c.Class == "" || c.Name == "" || (c.Failure != nil) != (i == 0) || (c.Skipped != nil) != (i == 1 || i == 2) {
			t.Errorf("case %d: %+v", i, c)
		}
	}
}

func TestEachLineOfNDJSONSaysWhatItIs(t *testing.T) {
	t.Parallel()
	r := hostileReport()
	r.Captures = append(r.Captures, &capture.Result{File: "a.pcap", Sessions: []capture.Session{{Session: 0}, {Session: 1}}, Pairs: []capture.Pair{{Port: 5432}}})
	var b bytes.Buffer
	if err := Write(&b, "ndjson", r, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for l := range strings.Lines(b.String()) {
		var record struct {
			Record string `json:"record"`
			File   string `json:"file"`
		}
		if err := json.Unmarshal([]byte(l), &record); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		counts[record.Record+" "+record.File]++
	}
	if got, want := fmt.Sprint(counts), "map[event :1 finding :1 input :1 node :1 pair a.pcap:1 plan :1 report :1 session a.pcap:2]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGitHubShowsTheFirstTenOfALevelAndCountsTheRest(t *testing.T) {
	t.Parallel()
	r := &Report{}
	for range 25 {
		r.Findings = append(r.Findings, finding.Finding{Severity: finding.Error, State: finding.Ongoing, Role: finding.RootCause})
	}
	var b bytes.Buffer
	if err := Write(&b, "github", r, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "::error ") != 10 || !strings.Contains(b.String(), "15 further findings are not annotated") {
		t.Error(b.String())
	}
}
