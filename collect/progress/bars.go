package progress

import (
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"cbdoctor/collect"
)

// bars shows a bar a node and, below them, one of all nodes.
type bars struct {
	all     *mpb.Progress
	overall *mpb.Bar
	nodes   map[string]*nodeBar
}

type nodeBar struct {
	bar   *mpb.Bar
	total int64
	files map[string]int64 // bytes that are here
}

func (n *nodeBar) here() (sum int64) {
	for _, bytes := range n.files {
		sum += bytes
	}
	return sum
}

func newBars(w io.Writer) *bars {
	return &bars{all: mpb.New(mpb.WithOutput(w), mpb.WithWidth(60)), nodes: map[string]*nodeBar{}}
}

func (b *bars) add(name string, priority int) *mpb.Bar {
	return b.all.AddBar(0,
		mpb.BarPriority(priority),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.CountersKibiByte("% .1f / % .1f", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1024(0), "% .1f ", decor.WCSyncSpace), decor.AverageETA(decor.ET_STYLE_GO)),
	)
}

// Event implements Reporter.
func (b *bars) Event(e collect.Event) {
	n := b.nodes[e.Node]
	if n == nil {
		n = &nodeBar{files: map[string]int64{}}
		b.nodes[e.Node] = n
		n.bar = b.add(e.Node, len(b.nodes))
		if len(b.nodes) == 2 {
			b.overall = b.add("all nodes", 1<<20)
		}
	}
	switch e.Kind {
	case collect.Chosen:
		n.total = e.Total
	case collect.Progress, collect.FileDone, collect.FileFailed:
		n.files[e.File] = e.Bytes
	}
	if e.Kind == collect.NodeFailed || e.Kind == collect.FileFailed || e.Kind == collect.Retry || e.Kind == collect.Capturing {
		fmt.Fprintf(b.all, "%s: %s\n", e.Node, e.Text) // above the bars
	}
	over := e.Kind == collect.Done || e.Kind == collect.NodeFailed
	n.bar.SetCurrent(n.here())
	n.bar.SetTotal(max(n.total, n.here()), false)
	if over {
		n.bar.SetTotal(-1, true)
	}
	if b.overall != nil {
		var here, total int64
		for _, one := range b.nodes {
			here, total = here+one.here(), total+max(one.total, one.here())
		}
		b.overall.SetCurrent(here)
		b.overall.SetTotal(total, false)
	}
}

// Close implements Reporter.
func (b *bars) Close() {
	for _, n := range b.nodes {
		n.bar.SetTotal(-1, true)
	}
	if b.overall != nil {
		b.overall.SetTotal(-1, true)
	}
	b.all.Wait()
}
