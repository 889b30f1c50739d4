package capture

import (
	"encoding/json"
	"strconv"

	"cbdoctor/stamp"
)

// jsonText is JSON being written.
type jsonText struct {
	b       []byte
	comma   bool // the next value of the object or list is not its first
	newline bool // it begins a line
	fresh   bool // what is written was made here
}

func (o *jsonText) open(c byte) { o.b, o.comma = append(o.b, c), false }

func (o *jsonText) close(c byte) { o.b, o.comma = append(o.b, c), true }

// next goes on to the next value.
func (o *jsonText) next() {
	if o.comma {
		o.b = append(o.b, ',')
	}
	o.comma = true
	if o.newline {
		o.b, o.newline = append(o.b, '\n', ' '), false
	}
}

// line puts the next value on a line of its own, for readers who are people.
func (o *jsonText) line() { o.newline = true }

func (o *jsonText) key(name string) {
	o.next()
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

// entry is the key of a map: a name that a saved report may have from anywhere.
func (o *jsonText) entry(name string) {
	o.next()
	o.value(name)
	o.b = append(o.b, ':')
}

func (o *jsonText) string(name, v string) {
	o.key(name)
	o.value(v)
}

// plain writes a string of names and numbers, which needs no escapes where it was made here.
func (o *jsonText) plain(name, v string) {
	if !o.fresh {
		o.string(name, v)
		return
	}
	o.key(name)
	o.b = append(append(append(o.b, '"'), v...), '"')
}

func (o *jsonText) optional(name, v string) {
	if v != "" {
		o.string(name, v)
	}
}

// needsEscape are the bytes that can't stand in a JSON string as they are, or not alone.
var needsEscape = func() (set [256]bool) {
	for c := range set {
		set[c] = c < ' ' || c >= 0x7f || c == '"' || c == '\\'
	}
	return set
}()

// value writes a string. One that needs escapes is rare and left to encoding/json.
func (o *jsonText) value(v string) {
	for i := range len(v) {
		if needsEscape[v[i]] {
			escaped, _ := json.Marshal(v) // a string can always be encoded
			o.b = append(o.b, escaped...)
			return
		}
	}
	o.b = append(append(append(o.b, '"'), v...), '"')
}

func (o *jsonText) strings(name string, list []string) {
	o.key(name)
	o.open('[')
	for _, v := range list {
		o.next()
		o.value(v)
	}
	o.close(']')
}

func (o *jsonText) frames(name string, list []int64) {
	o.key(name)
	o.open('[')
	for _, v := range list {
		o.next()
		o.b = strconv.AppendInt(o.b, v, 10)
	}
	o.close(']')
}

func (o *jsonText) number(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *jsonText) bool(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *jsonText) time(name string, t stamp.Time) {
	o.key(name)
	o.b = append(t.Append(append(o.b, '"')), '"')
}

func (o *jsonText) optionalTime(name string, t stamp.Time) {
	if !t.IsZero() {
		o.time(name, t)
	}
}

// any writes what is too rare to be worth code of its own.
func (o *jsonText) any(name string, v any) {
	o.key(name)
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	o.b = append(o.b, text...)
}
