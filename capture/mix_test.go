package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cbdoctor/capture"
)

// change is something that may be done to a capture without a change of its verdicts.
type change struct {
	name string
	do   func(t *rapid.T, c recording) recording
}

var changes = []change{
	{"shift time", func(t *rapid.T, c recording) recording {
		by := time.Duration(rapid.Int64Range(-1e6, 1e6).Draw(t, "seconds")) * time.Second
		return c.each(func(f frame) []frame { return []frame{{f.at.Add(by), f.data}} })
	}},
	{"see each packet twice", func(_ *rapid.T, c recording) recording {
		return c.each(func(f frame) []frame { return []frame{f, {f.at.Add(11 * time.Microsecond), f.data}} })
	}},
	{"rename addresses", func(t *rapid.T, c recording) recording {
		other := []byte{172, byte(rapid.IntRange(16, 31).Draw(t, "net")), 7}
		return c.each(func(f frame) []frame { return []frame{{f.at, bytes.ReplaceAll(f.data, []byte{10, 48, 36}, other)}} })
	}},
	{"mix with other traffic", func(t *rapid.T, c recording) recording {
		const other = 443
		port := uint16(rapid.IntRange(30000, 60000).Draw(t, "port"))
		return c.each(func(f frame) []frame {
			b := slices.Clone(f.data)
			if len(b) < 14+40 || b[12] != 8 || b[13] != 0 || b[14+9] != 6 {
				return []frame{f}
			}
			copy(b[14+12:], []byte{192, 0, 2, 1, 192, 0, 2, 2}) // hosts that have nothing to do with it
			binary.BigEndian.PutUint16(b[14+20:], port)
			binary.BigEndian.PutUint16(b[14+22:], other)
			return []frame{{f.at, b}, f}
		})
	}},
	{"tag with a VLAN", func(t *rapid.T, c recording) recording {
		vlan := uint16(rapid.IntRange(1, 4094).Draw(t, "vlan"))
		return c.relink(func(e []byte) []byte {
			return slices.Concat(e[:12], []byte{0x81, 0, byte(vlan >> 8), byte(vlan)}, e[12:])
		})
	}},
}

func (c recording) each(f func(frame) []frame) recording {
	out := recording{name: c.name, link: c.link}
	for _, one := range c.frames {
		out.frames = append(out.frames, f(one)...)
	}
	return out
}

// TestAnyMixOfChangesKeepsTheVerdict: what happens to a capture on its way to us, in any combination and format, changes no verdict. The
// captures are scenes whose times, ports and sizes of records are drawn.
func TestAnyMixOfChangesKeepsTheVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		one := rapid.SampledFrom(scenes).Draw(rt, "scene")
		text := strings.NewReplacer(
			"rec:40\n", fmt.Sprintf("rec:%d\n", rapid.IntRange(22, 4000).Draw(rt, "query")),
			"rec:433", fmt.Sprintf("rec:%d", rapid.IntRange(400, 900).Draw(rt, "parameters")),
			"rec:2000", fmt.Sprintf("rec:%d", rapid.IntRange(1200, 6000).Draw(rt, "server's flight")),
			"rec:1739", fmt.Sprintf("rec:%d", rapid.IntRange(700, 4000).Draw(rt, "client's certificate")),
		).Replace(one.text)
		c := play(t, text)
		want := c.judge(t)
		if s := want.Sessions[len(want.Sessions)-1]; s.Verdict != one.verdict {
			rt.Fatalf("%s: with other sizes it is %s: %s", one.name, s.Verdict, s.Reason)
		}
		var done []string
		for _, ch := range rapid.SliceOfNDistinct(rapid.SampledFrom(changes), 0, len(changes), func(c change) string { return c.name }).Draw(rt, "changes") {
			c, done = ch.do(rt, c), append(done, ch.name)
		}
		var file []byte
		switch rapid.IntRange(0, 3).Draw(rt, "format") {
		case 0:
			file = c.write(binary.BigEndian, true, ethernet, snapAll)
		case 1:
			file = c.write(binary.LittleEndian, false, ethernet, snapAll)
		case 2:
			file = c.pcapng(t)
		default:
			file = c.write(binary.LittleEndian, true, ethernet, snapAll)
		}
		got, err := capture.Analyze(t.Context(), one.name, bytes.NewReader(file), capture.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		only := func(r *capture.Result) (list []capture.Verdict) {
			for _, s := range r.Sessions {
				list = append(list, s.Verdict)
			}
			return list
		}
		if diff := cmp.Diff(only(want), only(got)); diff != "" {
			rt.Fatalf("%s: %v change the verdicts (-plain +changed):\n%s", one.name, done, diff)
		}
	})
}
