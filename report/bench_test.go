package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"cbdoctor/capture"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/stamp"
)

// largeReport has n findings with a piece of evidence each, and as many sessions: far more than any cluster gives.
func largeReport(n int) *Report {
	start := time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)
	set, outcome := &fact.Set{}, &finding.Outcome{}
	result := &capture.Result{File: "bundle/cms02/a.pcap", Format: "pcap"}
	for i := range n {
		at := stamp.New(start.Add(time.Duration(i)*time.Second), 6)
		client, server := fmt.Sprintf("10.%d.%d.2", i>>8&255, i&255), "10.48.36.61"
		filter := fmt.Sprintf("ip.addr == %s && ip.addr == %s && tcp.port == %d && tcp.port == 5432", client, server, 1024+i%60000)
		role, severity := finding.Symptom, finding.Error
		if i < 3 {
			role, severity = finding.RootCause, finding.Critical
		}
		outcome.Findings = append(outcome.Findings, finding.Finding{
			Ref: fmt.Sprintf("F%d", i+1), ID: "health-check-timeout", Severity: severity, Confidence: "medium", Role: role, State: finding.Ongoing, ExplainedBy: []string{"F1"},
			Subject: finding.Subject{Kind: "pair", Client: client, Server: server, Port: 5432}, First: at, Last: at, Count: 1,
			Title: fmt.Sprintf("%s gets no answer from %s; the log can't tell why", client, server), Summary: fmt.Sprintf("%d health checks of %s by %s timed out.", i, server, client),
			Evidence: []finding.Evidence{{File: "bundle/cms02/syslog", Line: i + 1, Text: fmt.Sprintf("Mar 12 10:11:12.%03d user.info cms02 sfpool: Health check %s: error (up = 1): timeout expired %d|", i%1000, server, i)}},
		})
		result.Sessions = append(result.Sessions, capture.Session{
			Session: i, Client: fmt.Sprintf("%s:%d", client, 1024+i%60000), Server: server + ":5432", Verdict: capture.SYNDropped, Confidence: capture.High,
			Reason: "3 SYNs within 3.0 s and no answer of any kind within 9.0 s", Evidence: []int64{int64(3*i + 1), int64(3*i + 3)}, Filter: filter, FirstFrame: int64(3*i + 1), LastFrame: int64(3*i + 3), First: at, Last: at,
		})
		set.Timeline = append(set.Timeline, fact.Event{Time: at, Last: at, Count: 1, Node: client, Kind: "health-check", Text: "health check of 10.48.36.61 fails: timeout expired"})
	}
	set.Captures = []*capture.Result{result}
	return New(Tool{"cbdoctor", "bench"}, set, outcome)
}

// BenchmarkFormats writes a report of 100,000 findings and sessions in every format.
func BenchmarkFormats(b *testing.B) {
	r := largeReport(100_000)
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				n := &counted{}
				if err := Write(n, format, r, WriteOptions{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n.bytes)/1e6, "MB")
			}
		})
	}
}

// BenchmarkPageInBrowser opens the page of such a report in Chromium: until it is loaded, until the first search has its hits (the
// data is unpacked for it), and until the next one has.
func BenchmarkPageInBrowser(b *testing.B) {
	if _, err := exec.LookPath("chromium"); err != nil {
		b.Skip("chromium is not installed")
	}
	file := filepath.Join(b.TempDir(), "large.html")
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(Write(f, "html", largeReport(100_000), WriteOptions{}), f.Close()); err != nil {
		b.Fatal(err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(b.TempDir()))
	ctx, stop := chromedp.NewExecAllocator(b.Context(), options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	search := func(text string) chromedp.Action[float64] {
		return chromedp.Evaluate[float64](fmt.Sprintf(`(async () => { const start = performance.now(), s = document.getElementById("search"), n = document.querySelector("#results .count"); n.textContent = ""; s.value = %q; s.dispatchEvent(new Event("input")); while (n.textContent === "") await new Promise((r) => setTimeout(r, 5)); return performance.now() - start })()`, text), chromedp.EvalAwaitPromise)
	}
	for b.Loop() {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+file), chromedp.WaitReady(chromedp.CSS("html.scripted"))); err != nil {
			b.Fatal(err)
		}
		for _, m := range []struct {
			unit string
			ask  chromedp.Action[float64]
		}{
			{"ms-load", chromedp.Evaluate[float64](`performance.getEntriesByType("navigation")[0].loadEventEnd`)}, {"ms-first-search", search("10.3.7.2 timed")}, {"ms-next-search", search("syn-dropped")},
		} {
			v, err := chromedp.Run(ctx, m.ask)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(v, m.unit)
		}
	}
}

type counted struct{ bytes int64 }

func (c *counted) Write(b []byte) (int, error) {
	c.bytes += int64(len(b))
	return len(b), nil
}

var _ io.Writer = (*counted)(nil)
