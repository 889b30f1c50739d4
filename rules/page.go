package rules

import (
	"context"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/lazyregexp"
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
	Ordered bool // steps
}

// Item is a line of text, and a command or condition below it.
type Item struct {
	Text string
	Code string
}

// Page describes the rule.
func (c *Catalog) Page(r *Rule) Page {
	l := c.lang
	p := Page{ID: r.ID, Title: r.Title.Plain(), Facts: []string{
		l.T("severity %s", l.T(string(r.Severity))), l.T("fix area %s", r.FixArea), l.T("about: %s", r.Subject), l.T("family %s", r.family.Family),
	}}
	if r.Advice {
		p.Facts = append(p.Facts, l.T("advice: nothing is broken yet"))
	}
	add := func(heading string, items []Item) {
		if len(items) > 0 {
			p.Sections = append(p.Sections, Section{Heading: heading, Items: items})
		}
	}
	add(l.T("What happens"), []Item{{Text: strings.TrimSpace(r.Explanation)}})
	add(l.T("How it shows"), each(r.Signs, func(s *Sign) Item { return s.item(l) }))
	add(l.T("What would speak against it"), each(r.Against, func(a Against) Item { return Item{Text: a.Text.Plain()} }))
	add(l.T("What it explains"), each(r.effects(c), func(e Effect) Item { return e.item(l) }))
	add(l.T("What to do"), each(r.steps(c), func(s placed) Item { return s.item(l) }))
	if n := len(p.Sections); n > 0 && len(r.steps(c)) > 0 {
		p.Sections[n-1].Ordered = true
	}
	add(l.T("References"), each(r.References, func(s string) Item { return Item{Text: s} }))
	add(l.T("Examples"), each(r.Examples, func(e Example) Item {
		if e.Match {
			return Item{Text: l.T("must match: %s", e.Name)}
		}
		return Item{Text: l.T("must not match: %s", e.Name)}
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

func (s *Sign) item(l lang.Lang) Item {
	text := l.T("any %s", s.For)
	if k := kindOf(s.For); len(s.asked()) > 0 {
		text = l.T("a %s with %s %s", s.For, k.key, strings.Join(s.asked(), ", "))
	}
	sure := l.T(s.Confidence)
	if sure == "" {
		sure = l.T("as the packets prove")
	}
	text += l.T("; confidence %s", sure)
	if !s.ConfirmedBy.IsZero() {
		text += l.T(", a step more when confirmed by another place")
	}
	return Item{Text: text, Code: strings.Join(strings.Fields(s.When.Source), " ")}
}

func (e Effect) item(l lang.Lang) Item {
	text := l.T("%s of %s", strings.Join(e.Findings, ", "), l.T(joinNamed(e.Join).why))
	if e.Time == "cause-first" {
		text += l.T(", when the cause was there first")
	}
	return Item{Text: text}
}

func (p placed) item(l lang.Lang) Item {
	text := p.Where.Plain() + ": " + p.Text.Plain()
	if p.Destructive {
		text = l.T("DESTROYS DATA: ") + text
	}
	code := p.Command.Plain()
	for _, a := range p.Alternatives {
		code += "\n" + a.Plain()
	}
	return Item{Text: text + " [" + p.Source + "]", Code: strings.TrimSpace(code)}
}

var lastName = lazyregexp.New(`(?:subject|cluster)\.([a-z_]+)`)

// standIns is a cluster and a subject of names instead of addresses.
func standIns() *scope {
	c := newCluster(&fact.Set{}, lang.English)
	c.Databases, c.Primaries, c.Replicas = []string{"CLIENT", "SERVER"}, []string{"PRIMARY"}, []string{"REPLICA"}
	c.Primary, c.PrimaryName, c.PrimaryArgument = "PRIMARY", "PRIMARY", "PRIMARY"
	return &scope{cluster: c, subject: finding.Subject{Client: "CLIENT", Server: "SERVER", Port: c.Port, Node: "NODE", Side: "SIDE", File: "FILE"}, it: "EACH NODE"}
}

// Plain is the text with its expressions replaced by what they stand for: CLIENT, SERVER, NODE.
func (t Text) Plain() string {
	var b strings.Builder
	for p, err := range t.parts() {
		if err != nil {
			return t.Source
		}
		b.WriteString(p.words)
		if p.value.IsZero() {
			continue
		}
		if strings.ContainsAny(p.value.Source, `"'`) || p.value.Source == "it" { // it makes words of its own
			if words, err := p.value.text(context.Background(), standIns()); err == nil && words != "" {
				b.WriteString(words)
				continue
			}
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
