package rules

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"cbdoctor/lang"
)

// part is a piece of a text: fixed words, then an expression (not after the last words).
type part struct {
	words string
	value Expression
}

// parts splits the text at its braces.
func (t Text) parts() (parts []part, err error) {
	rest := t.Source
	var words strings.Builder
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			words.WriteByte(rest[0])
			rest = rest[2:]
		case rest[0] == '{':
			end := closingBrace(rest)
			if end < 0 {
				return nil, fmt.Errorf("%q: a brace is not closed; write {{ for a brace", t.Source)
			}
			parts = append(parts, part{words.String(), Expression{Source: rest[1:end], Line: t.Line, env: t.env}})
			words.Reset()
			rest = rest[end+1:]
		default:
			words.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return append(parts, part{words: words.String()}), nil
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
func (t Text) render(ctx context.Context, variables map[string]any) (string, error) {
	parts, err := t.parts()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.words)
		if p.value.IsZero() {
			continue
		}
		s, err := p.value.text(ctx, variables)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return strings.TrimSpace(b.String()), nil
}

// show writes a value as people read it; a list becomes "a, b and c".
func show(value ref.Val, l lang.Lang) string {
	if items, ok := value.(traits.Lister); ok {
		var words []string
		for i := items.Iterator(); i.HasNext().Value() == true; {
			words = append(words, show(i.Next(), l))
		}
		return l.List(words)
	}
	switch v := value.Value().(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Duration:
		return v.Round(time.Millisecond).String()
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
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
