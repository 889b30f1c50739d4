package rules

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"

	"cbdoctor/lang"
)

// part is a piece of a text: fixed words, then an expression (not after the last words).
type part struct {
	words string
	value Expression
}

// parts splits the text at its braces. An error is the last that it gives.
func (t Text) parts() iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		rest, words := t.Source, ""
		for {
			i := strings.IndexAny(rest, "{}")
			if i < 0 {
				yield(part{words: words + rest}, nil)
				return
			}
			switch {
			case strings.HasPrefix(rest[i:], "{{"), strings.HasPrefix(rest[i:], "}}"):
				words += rest[:i+1]
				rest = rest[i+2:]
			case rest[i] == '{':
				end := closingBrace(rest[i:])
				if end < 0 {
					yield(part{}, fmt.Errorf("%q: a brace is not closed; write {{ for a brace", t.Source))
					return
				}
				if !yield(part{words + rest[:i], Expression{Source: rest[i+1 : i+end], Line: t.Line, env: t.env}}, nil) {
					return
				}
				words, rest = "", rest[i+end+1:]
			default: // a closing brace of the text's own
				words += rest[:i+1]
				rest = rest[i+1:]
			}
		}
	}
}

// closingBrace finds the end of the expression that begins at s[0], minding braces inside it and quoted text.
func closingBrace(s string) int {
	depth := 0
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// render fills the text in.
func (t Text) render(ctx context.Context, see *scope) (string, error) {
	var b strings.Builder
	b.Grow(len(t.Source))
	for p, err := range t.parts() {
		if err != nil {
			return "", err
		}
		b.WriteString(p.words)
		if p.value.IsZero() {
			continue
		}
		s, err := p.value.text(ctx, see)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return strings.TrimSpace(b.String()), nil
}

// show writes a value as people read it; a list becomes "a, b and c".
func show(value any, l lang.Lang) string {
	switch v := value.(type) {
	case string:
		return v
	case []string:
		return l.List(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		if v.IsZero() || v.Unix() == 0 { // not known; CEL has no time without a date
			return ""
		}
		return v.String()
	case time.Duration:
		return v.Round(time.Millisecond).String()
	case fmt.Stringer:
		return v.String()
	}
	if r := reflect.ValueOf(value); r.Kind() == reflect.Slice {
		var words []string
		for _, element := range elements(value) {
			words = append(words, show(element, l))
		}
		return l.List(words)
	}
	return fmt.Sprint(value)
}

// fieldsOf lists the names of a fact's fields as expressions write them.
func fieldsOf(value any) []string {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() {
			names = append(names, fieldName(f))
		}
	}
	return names
}
