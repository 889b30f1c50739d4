package page

import (
	"html"
	"html/template"
	"strings"

	"cbdoctor/lang"
)

// Text is a text in the languages of the page. Where JA is empty, EN serves both: a quotation, a command, a name.
type Text struct{ EN, JA string }

// Same is a text that is the same in both languages.
func Same(s string) Text { return Text{EN: s} }

// In asks for a text in each language.
func In(say func(lang.Lang) string) Text { return Text{say(lang.English), say(lang.Japanese)} }

// html shows the text in the language that is switched on; mark is the element that holds each.
func (t Text) html(mark string) template.HTML {
	if t.JA == "" || t.JA == t.EN {
		return template.HTML(html.EscapeString(t.EN))
	}
	return template.HTML("<" + mark + ` class="en" lang="en">` + html.EscapeString(t.EN) + "</" + mark + "><" + mark + ` class="ja" lang="ja">` + html.EscapeString(t.JA) + "</" + mark + ">")
}

// functions of the templates. T is a text of the page itself, as everywhere in the program; its words are in package lang.
var functions = template.FuncMap{
	"T": func(english string, values ...any) template.HTML {
		return In(func(l lang.Lang) string { return l.T(english, values...) }).html("span")
	},
	"tr": func(t Text) template.HTML { return t.html("span") },
	// term is a word of the report's vocabulary, such as a severity.
	"term": func(value string) template.HTML { return term(value).html("span") },
	// drawn is term within a drawing, where HTML's elements may not stand.
	"drawn": func(value string) template.HTML { return term(value).html("tspan") },
	"confidence": func(value string) template.HTML {
		return In(func(l lang.Lang) string { return l.T("%s confidence", l.T(value)) }).html("span")
	},
	"web":  func(s string) bool { return strings.HasPrefix(s, "https://") },
	"add":  func(a, b int) int { return a + b },
	"list": func(s ...string) []string { return s },
}

// Terms that stand nowhere else in the program; the others are those of the terminal.
var _ = lang.Mark("ok", "root-cause", "symptom", "advice", "session", "command")

func term(value string) Text { return In(func(l lang.Lang) string { return l.T(value) }) }

// scriptWords are the texts that the script shows, and those of attributes, which it changes with the language.
var scriptWords = lang.Mark(
	"%d hits",
	"%d of %d sessions",
	"%d times",
	"All evidence (%d)",
	"Certificates",
	"Colours",
	"Copied",
	"Copy",
	"Filter these rows",
	"Language",
	"Plan",
	"Search",
	"Search findings, evidence, sessions …",
	"Select it and press Ctrl+C",
	"Sessions",
	"Show %d further findings",
	"Timeline",
	"What was read",
	"Who reaches whom. The same stands in the table below it.",
	"node",
	"nothing found",
	"the first %d of %d hits",
	"critical", "error", "warning", "info",
)

// translations has the Japanese of the script's words.
func translations() map[string]string {
	out := map[string]string{}
	for _, w := range scriptWords {
		out[w] = lang.Japanese.T(w)
	}
	return out
}
