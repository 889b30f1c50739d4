package analyze

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"cbdoctor/fact"
	"cbdoctor/stamp"
)

// outage is a client that fails at a server for a while, as both log it.
type outage struct {
	client, server moments
	a, b           period
}

func drawOutage(t *rapid.T, skew time.Duration) outage {
	begin := time.Date(2025, 3, 5, 12, 0, 0, 0, time.UTC)
	every := time.Duration(rapid.IntRange(5, 60).Draw(t, "every")) * time.Second
	from := begin.Add(time.Duration(rapid.IntRange(300, 1200).Draw(t, "from")) * time.Second)
	count := rapid.IntRange(20, 120).Draw(t, "count")
	o := outage{
		a: period{begin.Add(skew), begin.Add(4*time.Hour + skew)},
		b: period{begin, begin.Add(4 * time.Hour)},
	}
	for i := range count {
		at := from.Add(time.Duration(i)*every + time.Duration(rapid.IntRange(0, 400).Draw(t, "jitter"))*time.Millisecond)
		o.server.add(stamp.New(at, 3), fact.Source{})
		o.client.add(stamp.New(at.Add(skew+time.Duration(rapid.IntRange(0, 100).Draw(t, "way"))*time.Millisecond), 3), fact.Source{})
	}
	return o
}

// Clocks that agree are never accused, and an offset that is claimed is the true one.
func TestOffsetIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		skew := time.Duration(rapid.SampledFrom([]int{0, 0, 1, 7, -7, 90, -90, 3600, -5400, 7 * 3600}).Draw(t, "skew")) * time.Second
		o := drawOutage(t, skew)
		c := comparison{a: o.a, b: o.b, least: minMatched}
		c.add(o.client, o.server, time.Second)
		e, ok := c.estimate()
		claimed := ok && e.offset.Abs() > sameClock+e.within
		if !claimed {
			if every := o.server.at[1].Sub(o.server.at[0]); skew.Abs() > 2*time.Second && skew.Abs()%every > 4*time.Second && every-skew.Abs()%every > 4*time.Second {
				t.Fatalf("skew %v not found: %+v", skew, e)
			}
			return // a difference of whole intervals can't be told from none
		}
		if d := (e.offset - skew).Abs(); d > e.within+500*time.Millisecond {
			t.Fatalf("offset %v within %v, and it is %v", e.offset, e.within, skew)
		}
	})
}

// The server may log the failures of other clients too, and fewer events than the client does where its log is cut off.
func TestOffsetWithMoreOnTheServer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawOutage(t, 0)
		for i, at := range o.server.at {
			if i%3 == 0 {
				o.server.add(stamp.New(at.Add(1300*time.Millisecond), 3), fact.Source{})
			}
		}
		cut := rapid.IntRange(0, len(o.client.at)-10).Draw(t, "cut")
		o.b.from = o.client.at[cut].Add(-time.Second)
		kept := moments{}
		for _, at := range o.server.at {
			if o.b.has(at) {
				kept.add(stamp.New(at, 3), fact.Source{})
			}
		}
		c := comparison{a: o.a, b: o.b, least: minMatched}
		c.add(o.client, kept, time.Second)
		if e, ok := c.estimate(); ok && e.offset.Abs() > sameClock+e.within {
			t.Fatalf("equal clocks are told to differ by %v within %v", e.offset, e.within)
		}
	})
}
