// Package page draws the report as one HTML file that needs no network: for the browser, for mail, for paper.
//
// In: a Page, which is what is to be seen, in plain values. Out: the file. It knows nothing of findings or captures; package
// report fills the Page. Each text is there in both languages, and switching needs no script. The drawings are SVG written by
// hand (cluster.go, timeline.go): there are two of them, and every charting library weighs more than a whole report. The script
// (script.js) only adds to what is there: zoom, search, copying, long tables. All text is hostile: html/template escapes it, and the
// policy in the head lets nothing run or load but the one script and the one style sheet, named by their hashes. Start at Write.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"sync"
)

// Page is all that is shown. Times are strings as they are to be read, in UTC.
type Page struct {
	Lang         string // language that is shown first: "en" or "ja"
	Tool         string // name and version of what made the report
	Severity     string // "critical", "error", "warning", "info"; "resolved" when all is over, "ok" when nothing was wrong
	Headline     Text
	Since, Last  string // of what is going on
	Next         *Step  // the first thing to do
	Nodes        []Node
	Links        []Link
	Findings     []Finding // as many as are read one by one; all of them are in Report
	FindingsLeft int       // how many those are more
	Plan         []Step
	StepsLeft    int
	Lanes        []Lane
	Clocks       []Text
	Ladders      []Ladder
	Paths        []Path
	Certificates []Certificate
	Sessions     []Session
	SessionsLeft int
	Coverage     Coverage
	Report       []byte // the JSON report, for search and long tables
	ReportNote   Text   // what the JSON report had to leave out; usually nothing
}

// Finding is a cause, a symptom or advice.
type Finding struct {
	Ref, ID, Severity, Confidence, Role, State string
	Title, Summary                             Text
	Subject                                    string
	First, Last                                string
	Count                                      int
	ExplainedBy, Explains                      []string
	Evidence                                   []Evidence
	EvidenceLeft                               int
	Against                                    []Text
	Proof                                      []Proof
	References                                 []string
	Accepted                                   string
}

// Evidence is a place in the material and what stands there.
type Evidence struct{ Place, Text, Filter string }

// Proof is what a rule asked of one fact, with the values that the fact had.
type Proof struct{ Fact, Condition, Values, Seen string }

// Step is a step of the plan; equal steps on several nodes stand together.
type Step struct {
	Number       string
	Where        Text
	Text         Text
	Command      string
	Alternatives []Alternative
	Destructive  bool
	Verify       Text
	Source       string
	Findings     []string
}

// Alternative is the same for another product, or another way; its name is the comment that it begins with.
type Alternative struct{ Name, Command string }

// Path is what captures of two points say together of the packets from one host to another.
type Path struct {
	Client, Server, Near, Far, Verdict string
	Conclusion, Text                   Text
}

// Ladder is one session packet by packet.
type Ladder struct {
	Name, Client, Server string
	Verdict, Filter      string
	Reason               Text
	Steps                []Rung
	Open                 bool
}

// Rung is one packet of a ladder.
type Rung struct {
	Frame      int64
	Time       string // of day
	FromClient bool
	Protocol   string
	Length     int
	Meaning    Text
	Decisive   bool
	Gap        Text // silence before it
	LeftOut    int  // packets before it that are not shown
}

// Certificate is one certificate as a card.
type Certificate struct {
	Node, File                            string
	Side, From                            Text // "client certificate"; "from packets"
	Subject, Issuer, NotBefore, NotAfter  string
	Serial, Key, Signature, Usage, SHA256 string
	Problems                              []string
	SelfSigned, Rejected                  bool
	Malformed                             string
	Seen                                  string
	SeenAt                                int // where in its validity it was seen: 0 is its first, 100 its last moment; below and above are outside
	DaysLeft                              int
}

// Session is a row of the table of sessions.
type Session struct {
	File, Number, First, Client, Server, Verdict, Confidence, Filter string
	Reason                                                           Text
	Good                                                             bool
}

// Coverage says what was not seen.
type Coverage struct {
	Seen, Unknown int64
	FirstUnknown  Evidence
	NotEvaluated  []Missing
	Gaps          []Gap
	Inputs        []Input
}

// Missing is a rule whose input is missing.
type Missing struct{ Rule, What string }

// Gap is a span without lines in a node's log.
type Gap struct{ Node, From, To string }

// Input is a file that was looked at.
type Input struct {
	Path, Kind, Node string
	Bytes            int64
	Problem          Text
}

//go:embed page.gohtml parts.gohtml style.css script.js
var files embed.FS

var (
	style, script = mustRead("style.css"), mustRead("script.js")
	policy        = "default-src 'none'; script-src '" + hash(script) + "'; style-src '" + hash(style) + "'; img-src data:; base-uri 'none'; form-action 'none'"
)

// pages are parsed when a page is first written: few commands write one.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page.gohtml").Funcs(functions).ParseFS(files, "page.gohtml", "parts.gohtml"))
})

func mustRead(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(b)
}

// hash is the source expression of a Content Security Policy (CSP Level 3, section 2.3.1).
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// shownCauses is how many root causes have room on the first screen.
const shownCauses = 3

// Write writes the file.
func Write(w io.Writer, p *Page) error {
	data, err := pack(p.Report)
	if err != nil {
		return err
	}
	causes := slices.DeleteFunc(slices.Clone(p.Findings), func(f Finding) bool { return f.Role != "root-cause" })
	return pages().Execute(w, struct {
		*Page
		Style      template.CSS
		Script     template.JS
		Policy     string
		Cluster    *picture
		Time       *timeline
		Packed     string
		Words      map[string]string
		Shown      []Finding // root causes on the first screen
		CausesLeft int
	}{p, template.CSS(style), template.JS(script), policy, draw(p.Nodes, p.Links), place(p.Lanes), data, translations(), causes[:min(len(causes), shownCauses)], max(0, len(causes)-shownCauses)})
}
