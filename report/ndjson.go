package report

import (
	"bufio"
	"encoding/json"
	"io"
)

// writeNDJSON writes one JSON object a line, for jq, log stores and data frames. Each is an object of the report, version 1,
// with a field "record" before its own that says which: "report" (all that is not a list), then "input", "node", "finding",
// "plan", "event", "certificate", "clock", "path", "ladder", "session" and "pair" (the last two with the capture's "file").
func writeNDJSON(w io.Writer, r *Report, _ WriteOptions) error {
	out := bufio.NewWriter(w)
	l := &lines{w: out}
	l.add(r.head(), "record", "report")
	for i := range r.Inputs {
		l.add(&r.Inputs[i], "record", "input")
	}
	for i := range r.Nodes {
		l.add(&r.Nodes[i], "record", "node")
	}
	for i := range r.Findings {
		l.add(&r.Findings[i], "record", "finding")
	}
	for i := range r.Plan {
		l.add(&r.Plan[i], "record", "plan")
	}
	for i := range r.Timeline {
		l.add(&r.Timeline[i], "record", "event")
	}
	for i := range r.Certificates {
		l.add(&r.Certificates[i], "record", "certificate")
	}
	for i := range r.Clocks {
		l.add(&r.Clocks[i], "record", "clock")
	}
	for i := range r.Paths {
		l.add(&r.Paths[i], "record", "path")
	}
	for i := range r.Ladders {
		l.add(&r.Ladders[i], "record", "ladder")
	}
	for _, c := range r.Captures {
		for i := range c.Sessions {
			l.add(&c.Sessions[i], "record", "session", "file", c.File)
		}
		for i := range c.Pairs {
			l.add(&c.Pairs[i], "record", "pair", "file", c.File)
		}
	}
	if l.err != nil {
		return l.err
	}
	return out.Flush()
}

// head is the report without its lists.
func (r *Report) head() any {
	return struct {
		Schema   string   `json:"schema"`
		Tool     Tool     `json:"tool"`
		Summary  Summary  `json:"summary"`
		Coverage Coverage `json:"coverage"`
	}{r.Schema, r.Tool, r.Summary, r.Coverage}
}

// lines writes objects with a few fields put before their own, whatever writes the objects themselves.
type lines struct {
	w   *bufio.Writer
	err error
}

func (l *lines) add(object any, fields ...string) {
	if l.err != nil {
		return
	}
	body, err := plainJSON(object)
	if err != nil {
		l.err = err
		return
	}
	l.w.WriteByte('{')
	for i := 0; i < len(fields); i += 2 {
		value, err := plainJSON(fields[i+1])
		if err != nil {
			l.err = err
			return
		}
		l.w.WriteString(`"` + fields[i] + `":`)
		l.w.Write(value)
		l.w.WriteByte(',')
	}
	l.w.Write(body[1:]) // every object has fields of its own
	l.err = l.w.WriteByte('\n')
}

// plainJSON marshals without HTML's escapes, as the JSON report is written.
func plainJSON(v any) ([]byte, error) {
	var b jsonBuffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b[:len(b)-1], nil
}

type jsonBuffer []byte

func (b *jsonBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
