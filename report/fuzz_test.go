package report

import (
	"bytes"
	"io"
	"testing"

	"cbdoctor/finding"
	"cbdoctor/lang"
)

// Whatever is taken for a saved report, as JSON or inside a page, every format of it can be written.
func FuzzReadAndWrite(f *testing.F) {
	for _, r := range []*Report{hostileReport(), largeReport(2)} {
		r.Findings[0].Texts = map[lang.Lang]finding.Texts{lang.Japanese: {Title: "表題"}}
		for _, format := range []string{"json", "html"} {
			var b bytes.Buffer
			if err := Write(&b, format, r, WriteOptions{}); err != nil {
				f.Fatal(err)
			}
			f.Add(b.Bytes())
		}
	}
	f.Add([]byte(`{"schema":"cbdoctor/report/v1","captures":[null,{"sessions":[{"tls":{}}],"pairs":[{}]}],"findings":[{"against":[{}],"evidence":[{}],"remedies":[{}],"texts":{"ja":{}}}],"ladders":[{"steps":[{}]}],"plan":[{}],"certificates":[{}],"timeline":[{"time":"0001-01-01T00:00:00Z"}],"paths":[{}],"clocks":[{}],"nodes":[{}],"inputs":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, format := range Formats() {
			for _, l := range lang.All {
				if err := Write(io.Discard, format, r, WriteOptions{Lang: l, Width: 80}); err != nil {
					t.Errorf("%s: %v", format, err)
				}
			}
		}
	})
}
