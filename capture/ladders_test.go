package capture

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The ladders that a report keeps are those that "capture --session" prints, for every fixture; a healthy capture has none.
func TestLaddersAreThoseOfEachSession(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../fixtures/captures/*/*.pcap*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			r, err := AnalyzeFile(context.Background(), file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			chosen := r.decisive()
			bad := 0
			for _, s := range r.Sessions {
				if s.Verdict.class() == badClass {
					bad++
				}
			}
			if (bad == 0) != (len(chosen) == 0) {
				t.Fatalf("%d bad sessions, %d of them decisive", bad, len(chosen))
			}
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, err := r.Ladders(context.Background(), f, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i, l := range got {
				want, _, err := Ladder(context.Background(), file, chosen[i].Session, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(shorten(want), l.Steps); d != "" {
					t.Errorf("session %d (-single +several):\n%s", l.Session, d)
				}
			}
		})
	}
}

// A long session keeps its beginning, its end and its evidence, and says where something is missing.
func TestShortLadderCountsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	steps := make([]Step, 5000)
	for i := range steps {
		steps[i] = Step{Frame: int64(i + 1), Decisive: i%100 == 50}
	}
	once := shorten(steps)
	var bitByBit []Step
	for _, s := range steps {
		if bitByBit = append(bitByBit, s); len(bitByBit) > 8*ladderEnds {
			bitByBit = shorten(bitByBit)
		}
	}
	for name, short := range map[string][]Step{"at once": once, "bit by bit": shorten(bitByBit)} {
		if len(short) > 2*ladderEnds+ladderProofs || short[0].Frame != 1 || short[len(short)-1].Frame != 5000 {
			t.Fatalf("%s: %d steps from %d to %d", name, len(short), short[0].Frame, short[len(short)-1].Frame)
		}
		next := int64(1)
		for _, s := range short {
			if s.Frame != next+int64(s.LeftOut) {
				t.Fatalf("%s: frame %d after %d says that %d were left out", name, s.Frame, next-1, s.LeftOut)
			}
			next = s.Frame + 1
		}
	}
	if n := len(once); n != 2*ladderEnds+ladderProofs {
		t.Errorf("%d steps", n)
	}
}
