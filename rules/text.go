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
)

// part is a piece of a text: fixed words, or an expression.
type part struct {
	words string
	code  *program
}

// compile splits the text at its braces and checks what stands in them.
func (t *Text) compile(env *compiler) error {
	t.parts = nil
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
				return fmt.Errorf("%q: a brace is not closed; write {{ for a brace", t.Source)
			}
			code, err := env.compile(rest[1:end], nil)
			if err != nil {
				return err
			}
			t.parts = append(t.parts, part{words: words.String()}, part{code: code})
			words.Reset()
			rest = rest[end+1:]
		default:
			words.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	t.parts = append(t.parts, part{words: words.String()})
	return nil
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
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.words)
		if p.code == nil {
			continue
		}
		s, err := p.code.text(ctx, variables)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return strings.TrimSpace(b.String()), nil
}

// show writes a value as people read it; a list becomes "a, b and c".
func show(value ref.Val) string {
	if items, ok := value.(traits.Lister); ok {
		var words []string
		for i := items.Iterator(); i.HasNext().Value() == true; {
			words = append(words, show(i.Next()))
		}
		return enumerate(words)
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

func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
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
