package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// Page is one rule as people read it; "rules show", "explain", and the documentation in Markdown and HTML print the same.
type Page struct {
	ID       string
	Title    string
	Facts    []string // severity, fix area, subject
	Sections []Section
}

// Section is a heading with what stands under it.
type Section struct {
	Heading string
	Items   []Item
}

// Item is a line of text, and a command or condition below it.
type Item struct {
	Text string
	Code string
}

// Page describes the rule.
func (c *Catalog) Page(r *Rule) Page {
	p := Page{ID: r.ID, Title: r.Title.Plain(), Facts: []string{
		"severity " + string(r.Severity), "fix area " + r.FixArea, "about a " + r.Subject, "family " + r.family.Family,
	}}
	if r.Advice {
		p.Facts = append(p.Facts, "advice: nothing is broken yet")
	}
	add := func(heading string, items []Item) {
		if len(items) > 0 {
			p.Sections = append(p.Sections, Section{heading, items})
		}
	}
	add("What happens", []Item{{Text: strings.TrimSpace(r.Explanation)}})
	add("How it shows", each(r.Signs, (*Sign).item))
	add("What would speak against it", each(r.Against, func(a Against) Item { return Item{Text: a.Text.Plain()} }))
	add("What it explains", each(r.effects(c), Effect.item))
	add("What to do", each(r.steps(c), placed.item))
	add("References", each(r.References, func(s string) Item { return Item{Text: s} }))
	add("Examples", each(r.Examples, func(e Example) Item {
		if e.Match {
			return Item{Text: "must match: " + e.Name}
		}
		return Item{Text: "must not match: " + e.Name}
	}))
	return p
}

func each[T any](values []T, describe func(T) Item) []Item {
	items := make([]Item, len(values))
	for i, v := range values {
		items[i] = describe(v)
	}
	return items
}

func (s *Sign) item() Item {
	text := "any " + s.For
	if k := kindOf(s.For); len(s.asked()) > 0 {
		text = fmt.Sprintf("a %s with %s %s", s.For, k.key, strings.Join(s.asked(), ", "))
	}
	sure := s.Confidence
	if sure == "" {
		sure = "as the packets prove"
	}
	text += "; confidence " + sure
	if !s.ConfirmedBy.IsZero() {
		text += ", a step more when confirmed by another place"
	}
	return Item{Text: text, Code: strings.Join(strings.Fields(s.When.Source), " ")}
}

func (e Effect) item() Item {
	text := strings.Join(e.Findings, ", ") + " of " + joinNamed(e.Join).why
	if e.Time == "cause-first" {
		text += ", when the cause was there first"
	}
	return Item{Text: text}
}

func (p placed) item() Item {
	text := p.Where.Plain() + ": " + p.Text.Plain()
	if p.Destructive {
		text = "DESTROYS DATA. " + text
	}
	code := p.Command.Plain()
	for _, a := range p.Alternatives {
		code += "\n" + a.Plain()
	}
	return Item{Text: text + " [" + p.Source + "]", Code: strings.TrimSpace(code)}
}

var lastName = regexp.MustCompile(`(?:subject|cluster)\.([a-z_]+)`)

// Plain is the text with its expressions replaced by what they stand for: CLIENT, SERVER, NODE.
func (t Text) Plain() string {
	var b strings.Builder
	parts, err := t.parts()
	if err != nil {
		return t.Source
	}
	for _, p := range parts {
		b.WriteString(p.words)
		if p.value.IsZero() {
			continue
		}
		names := lastName.FindAllStringSubmatch(p.value.Source, -1)
		if len(names) == 0 {
			b.WriteString("…")
			continue
		}
		b.WriteString(strings.ToUpper(names[len(names)-1][1]))
	}
	return strings.TrimSpace(b.String())
}
