package page

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func written(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// full has every part of a page, with text that wants out of it.
func full() *Page {
	const evil = `</script><script>alert(1)</script>'"><img src=x onerror=alert(1)>{{.}}`
	x := Text{evil, evil + "日本語"}
	at := time.Date(2026, 3, 12, 10, 11, 12, 0, time.UTC)
	return &Page{
		Lang: "en", Tool: evil, Severity: "critical", Headline: x, Since: evil, Last: evil, Next: &Step{Number: "1", Where: x, Text: x, Command: evil},
		Nodes: []Node{{Address: "10.0.0.1", Name: evil, Role: "primary", State: "good"}, {Address: evil, Role: "replica", Connected: "no", State: "bad"}},
		Links: []Link{{Client: evil, Server: "10.0.0.1", State: "bad", Text: x, Refs: []string{"F1"}}},
		Findings: []Finding{{
			Ref: "F1", ID: evil, Severity: "critical", Role: "root-cause", State: "ongoing", Title: x, Summary: x, First: evil, Evidence: []Evidence{{evil, evil, evil}}, EvidenceLeft: 7,
			Against: []Text{x}, Proof: []Proof{{evil, evil, evil, evil}}, References: []string{evil, "https://example.org/" + evil}, Accepted: evil, Explains: []string{"F2"}, ExplainedBy: []string{"F1"},
		}},
		FindingsLeft: 3, Plan: []Step{{Number: "1", Where: x, Text: x, Command: evil, Alternatives: []Alternative{{evil, evil}}, Destructive: true, Verify: x, Source: evil, Findings: []string{"F1"}}},
		Lanes:  []Lane{{Node: evil, Kind: "log", Marks: []Mark{{From: at, To: at.Add(time.Hour), State: "bad", Text: evil}}}},
		Clocks: []Text{x}, Paths: []Path{{evil, evil, evil, evil, evil, x, x}}, Ladders: []Ladder{{Name: evil, Client: evil, Server: evil, Verdict: evil, Reason: x, Filter: evil, Steps: []Rung{{Meaning: x, Gap: x, LeftOut: 4, Decisive: true}}}},
		Certificates: []Certificate{{Subject: evil, Issuer: evil, Problems: []string{evil}, Malformed: evil, Serial: evil}}, Sessions: []Session{{Client: evil, Reason: x, Filter: evil, Verdict: evil}}, SessionsLeft: 2,
		Coverage: Coverage{Seen: 5, Unknown: 1, FirstUnknown: Evidence{evil, evil, ""}, NotEvaluated: []Missing{{evil, evil}}, Gaps: []Gap{{evil, evil, evil}}, Inputs: []Input{{Path: evil, Problem: x}}},
		Report:   []byte(`{"findings":[]}`), ReportNote: x,
	}
}

func TestTextNeverBecomesMarkup(t *testing.T) {
	t.Parallel()
	out := written(t, full())
	if n := strings.Count(out, "<script"); n != 3 {
		t.Errorf("%d scripts, not 3", n)
	}
	body := out[strings.Index(out, "<body"):]
	body = body[:strings.Index(body, `<script type=`)]
	for _, found := range regexp.MustCompile(`<(img|script|iframe)|\son[a-z]+=|javascript:`).FindAllString(strings.ReplaceAll(body, "onerror=alert(1)&gt;", ""), -1) {
		t.Errorf("the body has %q", found)
	}
}

// The policy allows one script, one style sheet and no other source. What it forbids must not be there either: it would be dead.
func TestThePageNeedsNothingButItself(t *testing.T) {
	t.Parallel()
	out := written(t, full())
	if !strings.Contains(out, "default-src &#39;none&#39;; script-src &#39;"+strings.ReplaceAll(hash(script), "+", "&#43;")) {
		t.Errorf("the policy is not that of the script: %.600s", out)
	}
	if strings.Contains(out, " style=") || regexp.MustCompile(`(src|href)="(//|https?:)`).MatchString(strings.ReplaceAll(out, `href="https://example.org/`, "")) {
		t.Error("the page has inline styles or loads something")
	}
	if !strings.Contains(out, "<style>"+style+"</style>") || !strings.Contains(out, "<script>"+script+"</script>") {
		t.Error("the script or the style sheet is not byte for byte what its hash is of")
	}
}

// What the script says, and what it changes with the language, is in the list of its words (whose Japanese package lang tests).
func TestTheScriptHasItsWords(t *testing.T) {
	t.Parallel()
	out := written(t, full())
	for _, pattern := range []string{`word\("([^"]+)"`, `data-(?:label|placeholder)="([^"]+)"`} {
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(script+html.UnescapeString(out), -1)
		if len(found) < 4 {
			t.Errorf("%s is not used", pattern)
		}
		for _, m := range found {
			if !slices.Contains(scriptWords, m[1]) {
				t.Errorf("the script has no word %q", m[1])
			}
		}
	}
}

// However many nodes and whatever they are called: boxes lie in the picture and apart from each other, and lines between them.
func TestThePictureHasRoomForAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "nodes")
		var nodes []Node
		for i := range n {
			nodes = append(nodes, Node{Address: fmt.Sprintf("10.0.0.%d", i), Name: rapid.StringN(0, 40, -1).Draw(t, "name"), Role: rapid.SampledFrom([]string{"primary", "replica", "unknown"}).Draw(t, "role")})
		}
		var links []Link
		for range rapid.IntRange(0, 10).Draw(t, "links") {
			links = append(links, Link{Client: fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 45).Draw(t, "client")), Server: fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 45).Draw(t, "server")), State: "bad"})
		}
		p := draw(nodes, links)
		for i, b := range p.Boxes {
			if b.X < 0 || b.Y < 0 || b.X+boxWidth > p.Width || b.Y+boxHeight > p.Height {
				t.Fatalf("box %d at %d,%d leaves the picture of %d×%d", i, b.X, b.Y, p.Width, p.Height)
			}
			for j, o := range p.Boxes[:i] {
				if math.Abs(float64(b.X-o.X)) < boxWidth && math.Abs(float64(b.Y-o.Y)) < boxHeight {
					t.Fatalf("boxes %d and %d of %d cover each other", i, j, len(p.Boxes))
				}
			}
		}
		for _, l := range p.Lines {
			if strings.Contains(l.Path, "NaN") || strings.Contains(l.Path, "Inf") {
				t.Fatalf("a line is %s", l.Path)
			}
		}
		if n > 0 && len(p.Boxes)+p.Left < n {
			t.Fatalf("%d of %d nodes are drawn, and %d counted as left out", len(p.Boxes), n, p.Left)
		}
	})
}

// Marks that are drawn as one cover the same time and count what they stand for; few marks are drawn one by one.
func TestCloseMarksAreJoined(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)
	var marks []Mark
	for i := range 50_000 {
		at := start.Add(time.Duration(i) * time.Second)
		marks = append(marks, Mark{From: at, To: at.Add(100 * time.Millisecond), State: []string{"bad", "good"}[i/25_000], Text: "x"})
	}
	line := place([]Lane{{Node: "n", Kind: "session", Marks: marks}})
	drawn := line.Lanes[0].Drawn
	if len(drawn) > 2*drawnMarks || len(drawn) < 2 {
		t.Fatalf("%d marks are drawn", len(drawn))
	}
	if drawn[0].State != "bad" || !strings.Contains(drawn[0].Text, "× x") {
		t.Errorf("the first is %+v", drawn[0])
	}
	if many := place(slices.Repeat([]Lane{{Marks: marks}}, 30)); len(many.Lanes[29].Drawn) > 2*drawnMarks/30 {
		t.Errorf("%d marks are drawn of each of 30 lanes", len(many.Lanes[29].Drawn))
	}
	if few := place([]Lane{{Marks: marks[:10]}}); len(few.Lanes[0].Drawn) != 10 {
		t.Errorf("%d of 10 marks are drawn", len(few.Lanes[0].Drawn))
	}
	if place(nil) != nil || place([]Lane{{}}) != nil {
		t.Error("a timeline without times")
	}
}
