package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts one headless Chromium for all tabs of a test.
func browser(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed: the HTML report is not tried in a browser")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

// tab is a page that is open, with what it asked of the network and what it complained of.
type tab struct {
	*testing.T
	ctx      context.Context
	mu       sync.Mutex
	requests []string
	problems []string
}

func open(t *testing.T, browser context.Context, file string) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(browser)
	t.Cleanup(stop)
	b := &tab{T: t}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, stop = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(stop)
	b.ctx = ctx
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+file), chromedp.WaitReady(chromedp.CSS("html.scripted")))
	return b
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, fmt.Sprintf("exception: %+v", e.ExceptionDetails))
	case *log.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// js evaluates an expression in the page; a promise is waited for.
func js[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if js[bool](b, expression) {
			return
		}
	}
	b.Fatalf("it never came true: %s", expression)
}

// quiet: nothing was fetched but the page itself, and nothing went wrong.
func (b *tab) quiet(file string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.requests, "file://"+file) {
		b.Errorf("the page itself is not among the requests %q", b.requests)
	}
	for _, url := range b.requests {
		if url != "file://"+file && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			b.Errorf("the page asked for %s", url)
		}
	}
	for _, p := range b.problems {
		b.Errorf("the page complained: %s", p)
	}
}

// hostileLog has a log line in which every value is an attack on a page.
const hostileLog = `Mar 12 10:11:12 user.info <img/src=x/onerror=document.title='PWNED'> sfpool: Health check 10.9.8.7: error (up = 1): could not connect to server: Connection refused </script><script>document.title='PWNED'</script> "'><svg/onload=document.title='PWNED'> {{.}} ${1}
Mar 12 10:12:12 user.info <img/src=x/onerror=document.title='PWNED'> sfpool: Health check 10.9.8.7: error (up = 0): could not connect to server: Connection refused <!--<script>
`

// htmlReport makes the page through the real command.
func htmlReport(t *testing.T, paths ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	var stderr bytes.Buffer
	if code := run(append([]string{"analyze", "-o", file}, paths...), strings.NewReader(""), io.Discard, &stderr); code != exitFindings && code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	return file
}

// What the README promises of the HTML report, in a real browser.
func TestHTMLReportInABrowser(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	file := htmlReport(t, "../../fixtures/bundles/09-two-faults", "../../fixtures/captures/18-cert-client-expired-tls12", "../../fixtures/captures/24-intermittent")

	t.Run("the first screen says how bad, the causes, since when and the next step", func(t *testing.T) {
		b := open(t, chromium, file)
		for _, selector := range []string{".hero .label", ".hero h1", ".hero .since", "#causes-h", ".cause", ".next .command code", "svg.cluster"} {
			if y := js[float64](b, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().bottom`, selector)); y <= 0 || y > 900 {
				t.Errorf("%s ends at %v, below the first screen", selector, y)
			}
		}
		b.quiet(file)
	})

	t.Run("the timeline zooms, moves and tells what is in view", func(t *testing.T) {
		b := open(t, chromium, file)
		width := `document.getElementById("marks").viewBox.baseVal.width`
		whole := js[float64](b, width)
		b.do(chromedp.Click(chromedp.CSS(`[data-zoom="in"]`)))
		if got := js[float64](b, width); got != whole/2 {
			t.Errorf("zooming in shows %v of %v", got, whole)
		}
		ticks := js[string](b, `document.getElementById("ticks").textContent`)
		b.do(chromedp.SendKeys(chromedp.CSS("#time"), "+"))
		if got := js[float64](b, width); got != whole/4 {
			t.Errorf("the key + shows %v of %v", got, whole)
		}
		if js[string](b, `document.getElementById("ticks").textContent`) == ticks {
			t.Error("the scale did not follow")
		}
		b.do(chromedp.SendKeys(chromedp.CSS("#time"), "0"))
		if got := js[float64](b, width); got != whole {
			t.Errorf("the key 0 shows %v of %v", got, whole)
		}
		js[any](b, `(document.getElementById("in-view").open = true, 1)`)
		b.await(`document.querySelectorAll("#in-view tbody tr").length > 3`)
		js[any](b, `(document.querySelector("#F1 button.go").click(), 1)`)
		if got := js[float64](b, width); got >= whole/2 {
			t.Errorf("a finding's button shows %v of %v", got, whole)
		}
		js[any](b, `(document.querySelector("#marks .mark").dispatchEvent(new MouseEvent("click", {bubbles: true})), 1)`)
		if text := js[string](b, `document.getElementById("marked").textContent`); text == "" {
			t.Error("a mark that is selected says nothing")
		}
		b.quiet(file)
	})

	t.Run("search finds findings, evidence and sessions, and goes there", func(t *testing.T) {
		b := open(t, chromium, file)
		b.do(chromedp.SendKeys(chromedp.CSS("#search"), "certificate_expired 42164"))
		b.await(`document.querySelectorAll("#results li").length > 0`)
		if text := js[string](b, `document.getElementById("results").textContent`); !strings.Contains(text, "tls-alert") {
			t.Errorf("the session is not among the hits: %s", text)
		}
		js[any](b, `(document.querySelector("#search").value = "no such thing anywhere", document.querySelector("#search").dispatchEvent(new Event("input")), 1)`)
		b.await(`document.querySelectorAll("#results li").length === 0`)
		js[any](b, `(document.querySelector("#search").value = "syn-dropped", document.querySelector("#search").dispatchEvent(new Event("input")), 1)`)
		b.await(`document.querySelectorAll("#results li").length > 0`)
		b.do(chromedp.Click(chromedp.CSS("#results a")))
		b.await(`document.getElementById("results").hidden && document.activeElement.id.startsWith("F")`)
		b.quiet(file)
	})

	t.Run("sessions can be filtered", func(t *testing.T) {
		b := open(t, chromium, file)
		rows := `document.querySelectorAll("#session-table tbody tr").length`
		all := js[float64](b, rows)
		b.do(chromedp.SendKeys(chromedp.CSS("#session-text"), "tls-alert"))
		b.await(rows + " === 1")
		js[any](b, `(document.getElementById("session-text").value = "", document.getElementById("session-bad").click(), 1)`)
		b.await(rows + fmt.Sprintf(" > 1 && %s < %v", rows, all))
	})

	t.Run("copy buttons copy", func(t *testing.T) {
		b := open(t, chromium, file)
		js[any](b, `(window.copied = [], navigator.clipboard.writeText = async (s) => { copied.push(s) }, 1)`)
		want := js[string](b, `document.querySelector(".next .command code").textContent`)
		b.do(chromedp.Click(chromedp.CSS(".next button.copy")))
		b.await(`copied.length === 1 && document.getElementById("says").textContent === "Copied"`)
		if got := js[string](b, `copied[0]`); got != want || want == "" {
			t.Errorf("copied %q, not %q", got, want)
		}
		// Without the clipboard's own interface it still works.
		js[any](b, `(navigator.clipboard.writeText = async () => { throw new Error("not allowed") }, document.addEventListener("copy", (e) => copied.push(String(document.activeElement.value)), true), 1)`)
		b.await(`document.querySelector(".next button.copy").innerText === "Copy"`)
		b.do(chromedp.Click(chromedp.CSS("#plan pre + button.copy")))
		b.await(`copied.length === 2`)
		if got, want := js[string](b, `copied[1]`), js[string](b, `document.querySelector("#plan code").textContent`); got != want {
			t.Errorf("copied %q, not %q", got, want)
		}
	})

	t.Run("the language switches, and back", func(t *testing.T) {
		b := open(t, chromium, file)
		shown := `document.getElementById("plan-h").innerText`
		english := js[string](b, shown)
		b.do(chromedp.Click(chromedp.CSS(`label[for="lang-ja"]`)))
		if got := js[string](b, shown); got == english || !strings.ContainsAny(got, "対処手順") {
			t.Errorf("Japanese shows %q", got)
		}
		if got := js[string](b, `document.documentElement.lang + document.getElementById("search").placeholder`); !strings.HasPrefix(got, "ja所見") {
			t.Errorf("the attributes are %q", got)
		}
		b.do(chromedp.Click(chromedp.CSS(`label[for="lang-en"]`)))
		if got := js[string](b, shown); got != english {
			t.Errorf("English shows %q", got)
		}
		b.quiet(file)
	})

	t.Run("dark and light, by the system and by the switch", func(t *testing.T) {
		b := open(t, chromium, file)
		dark := `(() => { const c = getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number); return c[0] + c[1] + c[2] < 200 })()`
		prefer := func(scheme string) {
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			system, press string
			want          bool
		}{{"light", "", false}, {"dark", "", true}, {"dark", "theme-light", false}, {"light", "theme-dark", true}, {"light", "theme-auto", false}} {
			prefer(c.system)
			if c.press != "" {
				b.do(chromedp.Click(chromedp.CSS(`label[for="` + c.press + `"]`)))
			}
			if got := js[bool](b, dark); got != c.want {
				t.Errorf("system %s, %q pressed: dark is %v", c.system, c.press, got)
			}
		}
	})

	t.Run("it prints with what is folded", func(t *testing.T) {
		b := open(t, chromium, file)
		pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 50_000 {
			t.Fatalf("%d bytes, %v", len(pdf), err)
		}
		if _, err := exec.LookPath("pdftotext"); err != nil {
			t.Skip("pdftotext is not installed: the text of the PDF is not read")
		}
		name := filepath.Join(t.TempDir(), "report.pdf")
		if err := os.WriteFile(name, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command("pdftotext", "-layout", name, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"CRITICAL", "Next step", "database cluster join", "nftables", "Client Hello", "Looked for against it"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the PDF has no %q", want)
			}
		}
		if strings.Contains(string(text), "Zoom in") {
			t.Error("the PDF has buttons")
		}
	})

	t.Run("every control has a name, every heading its order", func(t *testing.T) {
		b := open(t, chromium, file)
		nameless := js[string](b, `[...document.querySelectorAll("button, a, input, svg[role], table th, fieldset, summary")].filter((e) => e.offsetParent !== null || e.tagName === "svg").filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map((e) => e.outerHTML.slice(0, 120)).join("\n")`)
		if nameless != "" {
			t.Errorf("a screen reader has no name for:\n%s", nameless)
		}
		levels := js[string](b, `[...document.querySelectorAll("h1,h2,h3,h4")].map((h) => h.tagName[1]).join("")`)
		if strings.Count(levels, "1") != 1 || strings.Contains(levels, "13") || strings.Contains(levels, "24") {
			t.Errorf("the levels of the headings are %s", levels)
		}
		if twice := js[string](b, `(() => { const seen = new Set(), twice = []; for (const e of document.querySelectorAll("[id]")) { if (seen.has(e.id)) twice.push(e.id); seen.add(e.id) } return twice.join() })()`); twice != "" {
			t.Errorf("ids that are there twice: %s", twice)
		}
		if broken := js[string](b, `[...document.querySelectorAll('a[href^="#"]')].filter((a) => !document.getElementById(a.hash.slice(1))).map((a) => a.hash).join()`); broken != "" {
			t.Errorf("links that lead nowhere: %s", broken)
		}
	})

	t.Run("a phone needs no scrolling sideways", func(t *testing.T) {
		b := open(t, chromium, file)
		for _, width := range []int64{360, 768, 1920} {
			b.do(chromedp.EmulateViewport(width, 800))
			if over := js[float64](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("at %d pixels the page is %v wider", width, over)
			}
		}
	})

	t.Run("the report inside is the JSON report", func(t *testing.T) {
		b := open(t, chromium, file)
		inside := js[string](b, `(async () => { let saved; const made = URL.createObjectURL; URL.createObjectURL = (blob) => { saved = blob; return made(blob) }; HTMLAnchorElement.prototype.click = () => {}; document.getElementById("save").click(); for (let i = 0; !saved && i < 200; i++) await new Promise((r) => setTimeout(r, 20)); return saved.text() })()`)
		var document struct {
			Schema   string            `json:"schema"`
			Findings []json.RawMessage `json:"findings"`
		}
		if err := json.Unmarshal([]byte(inside), &document); err != nil || document.Schema != "cbdoctor/report/v1" || len(document.Findings) == 0 {
			t.Errorf("%v: %.200s", err, inside)
		}
	})
}

// What a log or a certificate says stays text, wherever it comes up.
func TestHostileTextStaysTextInTheBrowser(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, `<b>log.txt`), []byte(hostileLog), 0o600); err != nil {
		t.Fatal(err)
	}
	file := htmlReport(t, dir)
	b := open(t, chromium, file)
	b.do(chromedp.SendKeys(chromedp.CSS("#search"), "onerror"))
	b.await(`document.querySelectorAll("#results li").length > 0`)
	js[any](b, `(document.getElementById("in-view").open = true, 1)`)
	b.await(`document.querySelectorAll("#in-view tbody tr").length > 0`)
	if title := js[string](b, "document.title"); strings.Contains(title, "PWNED") {
		t.Errorf("text of a log ran as script")
	}
	if n := js[float64](b, `document.querySelectorAll("img, iframe, object, embed, b b, [onerror], [onload]").length`); n != 0 {
		t.Errorf("text of a log became %v elements", n)
	}
	if n := js[float64](b, `document.querySelectorAll("script").length`); n != 3 {
		t.Errorf("there are %v scripts", n)
	}
	if !js[bool](b, `document.body.textContent.includes("<img/src=x/onerror=document.title='PWNED'>")`) {
		t.Error("the text itself is not shown")
	}
	b.quiet(file)
}
