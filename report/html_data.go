package report

import (
	"bytes"
	"encoding/json"
	"slices"

	"cbdoctor/capture"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report/page"
)

// Bounds of the report inside a page, in bytes of JSON and in sessions. Compressed it is a sixteenth or less, so that a page stays
// below 2 MB however large the bundle was.
const (
	dataFindings = 9 << 20
	dataEvents   = 4 << 20
	dataEvidence = 1000 // of a finding
	dataSessions = 6000
)

// pageReport is the report with what a page has room for in place of its long lists.
type pageReport struct {
	*Report
	Findings []json.RawMessage `json:"findings"`
	Timeline []json.RawMessage `json:"timeline"`
	Captures []*capture.Result `json:"captures"`
}

// pageData is the report as JSON, for search and long tables. What has no room in a page is counted, and stands in the JSON report:
// the last findings and events, and good sessions before bad ones.
func (r *Report) pageData() ([]byte, page.Text, error) {
	short := pageReport{Report: r}
	var left struct{ findings, events, sessions int }
	var err error
	if short.Findings, left.findings, err = fitting(r.Findings, dataFindings, func(f finding.Finding) finding.Finding {
		f.Evidence = f.Evidence[:min(len(f.Evidence), dataEvidence)]
		return f
	}); err != nil {
		return nil, page.Text{}, err
	}
	if short.Timeline, left.events, err = fitting(r.Timeline, dataEvents, func(e Event) Event { return e }); err != nil {
		return nil, page.Text{}, err
	}
	short.Captures, left.sessions = fewerSessions(r.Captures, dataSessions)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&short); err != nil {
		return nil, page.Text{}, err
	}
	if left.findings+left.events+left.sessions == 0 {
		return b.Bytes(), page.Text{}, nil
	}
	return b.Bytes(), page.In(func(l lang.Lang) string {
		return l.T("%d findings, %d events and %d sessions have no room in this page: the JSON report has them.", left.findings, left.events, left.sessions)
	}), nil
}

// fitting marshals the list, cut as told, up to a number of bytes, and counts the rest.
func fitting[T any](list []T, room int, cut func(T) T) (out []json.RawMessage, left int, err error) {
	out = []json.RawMessage{}
	for i := range list {
		b, err := plainJSON(cut(list[i]))
		if err != nil {
			return nil, 0, err
		}
		if room -= len(b); room < 0 {
			return out, len(list) - i, nil
		}
		out = append(out, b)
	}
	return out, 0, nil
}

// fewerSessions keeps so many sessions of all captures together, failed ones first, and counts the rest.
func fewerSessions(captures []*capture.Result, room int) (out []*capture.Result, left int) {
	total := 0
	for _, c := range captures {
		total += len(c.Sessions)
	}
	if total <= room {
		return list(captures), 0
	}
	for _, c := range captures {
		keep := len(c.Sessions) * room / total // each capture has its share
		short := *c
		short.Sessions = slices.Clone(c.Sessions)
		slices.SortStableFunc(short.Sessions, func(a, b capture.Session) int {
			switch good := a.Verdict.Good(); {
			case good == b.Verdict.Good():
				return 0
			case good:
				return 1
			}
			return -1
		})
		short.Sessions = short.Sessions[:keep]
		left += len(c.Sessions) - keep
		out = append(out, &short)
	}
	return out, left
}
