package progress

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"cbdoctor/collect"
)

// bars shows a bar a node and, below them, one of all nodes.
type bars struct {
	*screen
	all     *mpb.Progress
	overall *bar
	nodes   map[string]*bar
}

// bar is one line: before anything is to be fetched, and when that failed, a word stands where the bar is.
type bar struct {
	*mpb.Bar
	total int64
	files map[string]int64 // bytes that are here

	mu    sync.Mutex
	word  string
	began time.Time
	ended time.Time // zero: it goes on
}

func (b *bar) here() (sum int64) {
	for _, bytes := range b.files {
		sum += bytes
	}
	return sum
}

// say sets the word; "" shows the bar.
func (b *bar) say(word string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.word = word
}

func (b *bar) said() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.word
}

func newBars(w io.Writer) *bars {
	s := &screen{out: w}
	return &bars{screen: s, all: mpb.New(mpb.WithConsoleWriter(s)), nodes: map[string]*bar{}}
}

// barWidth is enough to see the bar move.
const barWidth = 40

func (b *bars) add(name string, priority int) *bar {
	n := &bar{files: map[string]int64{}}
	n.Bar = b.all.New(0, mpb.BarStyle().Rbound("] "),
		mpb.BarPriority(priority), mpb.BarWidth(barWidth),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.BarFillerMiddleware(func(filler mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
				if word := n.said(); word != "" {
					_, err := io.WriteString(w, word[:min(len(word), max(s.AvailableWidth, 0))])
					return err
				}
				return filler.Fill(w, s)
			})
		}),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return n.figures(s.Current, s.Total, time.Now()) }, decor.WCSyncWidthR)),
	)
	return n
}

// Event implements Reporter.
func (b *bars) Event(e collect.Event) {
	n := b.nodes[e.Node]
	if n == nil {
		n = b.add(e.Node, len(b.nodes))
		b.nodes[e.Node] = n
		if len(b.nodes) == 2 {
			b.overall = b.add("all nodes", 1<<20)
			b.overall.say(" ")
		}
	}
	over := e.Kind == collect.Done || e.Kind == collect.NodeFailed
	switch e.Kind {
	case collect.Connecting, collect.CommandRun, collect.Capturing, collect.Done:
		if n.total == 0 {
			n.say(e.Text)
		}
	case collect.NodeFailed:
		word, _, _ := strings.Cut(e.Text, ":")
		n.say(word)
	case collect.Chosen:
		n.total = e.Total
		if e.Total > 0 {
			n.begin()
			if b.overall != nil && b.overall.said() != "" {
				b.overall.begin()
			}
		}
	case collect.Progress, collect.FileDone, collect.FileFailed:
		n.files[e.File] = e.Bytes
	}
	if e.Kind == collect.NodeFailed || e.Kind == collect.FileFailed || e.Kind == collect.Retry || e.Kind == collect.Capturing {
		b.screen.say(e.Node + ": " + e.Text)
	}
	n.set(n.here(), n.total, over)
	if b.overall != nil {
		var here, total int64
		for _, one := range b.nodes {
			here, total = here+one.here(), total+max(one.total, one.here())
		}
		b.overall.set(here, total, false)
	}
}

// begin shows the bar, whose speed counts from now on.
func (b *bar) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.word, b.began = "", time.Now()
}

// end stops the clock of the bar.
func (b *bar) end() {
	b.mu.Lock()
	if b.ended.IsZero() {
		b.ended = time.Now()
	}
	b.mu.Unlock()
	b.SetTotal(-1, true)
}

// figures is what stands behind the bar: how much is here, how fast it came, and how long the rest takes.
func (b *bar) figures(here, total int64, now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.word != "" {
		return ""
	}
	text := collect.Size(here) + " of " + collect.Size(total)
	if !b.ended.IsZero() {
		now = b.ended
	}
	speed := float64(here) / max(now.Sub(b.began).Seconds(), 0.001)
	text += ", " + collect.Size(int64(speed)) + "/s"
	switch left := float64(total-here) / speed; {
	case !b.ended.IsZero():
		return text + ", done"
	case here == 0, left > (99 * time.Hour).Seconds(): // nobody knows
		return text
	default:
		return text + ", " + (time.Duration(left) * time.Second).String() + " left"
	}
}

func (b *bar) set(here, total int64, over bool) {
	b.SetCurrent(here)
	b.SetTotal(max(total, here), false)
	if over {
		b.end()
	}
}

// Close implements Reporter.
func (b *bars) Close() {
	for _, n := range b.nodes {
		n.end()
	}
	if b.overall != nil {
		b.overall.end()
	}
	b.all.Wait()
}
