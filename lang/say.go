package lang

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"cbdoctor/strictyaml"
)

// A sentence about packets is made where the packets are judged, and stands in saved reports in English. Its translation is made when
// it is shown, from the forms of sentences in phrases-ja.yaml: "{n} SYNs within {s} and no answer of any kind within {t}".

//go:embed phrases-ja.yaml
var japanesePhrases []byte

// phrase is a form of sentence: fixed words with a hole between each two of them, and what stands for it in the other language.
type phrase struct {
	words []string
	holes []string // names, one fewer than words
	other string
}

var phrases = sync.OnceValue(func() []phrase {
	var list map[string]string
	if err := strictyaml.Decode(japanesePhrases, &list); err != nil {
		return nil // the tests don't let such a file pass
	}
	var all []phrase
	for english, other := range list {
		p := phrase{other: other}
		for rest := english; ; {
			words, hole, found := strings.Cut(rest, "{")
			p.words = append(p.words, words)
			if !found {
				break
			}
			name, after, _ := strings.Cut(hole, "}")
			p.holes, rest = append(p.holes, name), after
		}
		all = append(all, p)
	}
	// Of two forms that fit, the one that says more is meant.
	slices.SortFunc(all, func(a, b phrase) int {
		if d := len(strings.Join(b.words, "")) - len(strings.Join(a.words, "")); d != 0 {
			return d
		}
		return strings.Compare(a.other, b.other)
	})
	return all
})

// Say is a sentence that was made in English in the language. Sentences that are joined by "; " are each said for themselves. What fits
// no form, a log line for instance, stays what it is.
func (l Lang) Say(english string) string {
	if l != Japanese || english == "" || len(english) > longest {
		return english
	}
	return say(english, 0)
}

// Bounds: sentences in sentences, and bytes of what is taken for one. The longest that the program makes has some hundreds.
const (
	nested  = 4
	longest = 1500
)

func say(english string, depth int) string {
	if translated, ok := words()[english]; ok {
		return translated
	}
	if depth == nested {
		return english
	}
	for _, p := range phrases() {
		if values, ok := p.match(english); ok {
			filled := make([]string, 0, 2*len(values))
			for i, v := range values {
				switch p.holes[i] {
				case "quote": // stays as it is
				case "nth":
					v = strings.TrimRight(v, "stndrh")
				default:
					v = say(v, depth+1)
				}
				filled = append(filled, "{"+p.holes[i]+"}", v)
			}
			return strings.NewReplacer(filled...).Replace(p.other) // at once: a value may have braces of its own
		}
	}
	if first, rest, found := strings.Cut(english, "; "); found {
		return say(first, depth+1) + "；" + say(rest, depth)
	}
	return english
}

// fits reports whether a hole of the name can hold the value.
func fits(hole, value string) bool {
	switch hole {
	case "quote":
		return true
	case "n", "m", "k":
		return value != "" && strings.Trim(value, "0123456789.") == ""
	case "a", "b":
		return value != "" && !strings.Contains(value, " ")
	case "p", "q":
		return value == "" || value == "s"
	}
	return value != "" && !strings.Contains(value, "; ")
}

// match finds what stands in the holes. A hole holds as little as it can.
func (p *phrase) match(text string) (values []string, ok bool) {
	rest, ok := strings.CutPrefix(text, p.words[0])
	if !ok {
		return nil, false
	}
	for i := range p.holes {
		next := p.words[i+1]
		at := strings.Index(rest, next)
		if i == len(p.holes)-1 { // the last words end the text
			at = len(rest) - len(next)
			if at < 0 || rest[at:] != next {
				return nil, false
			}
		}
		if at < 0 || !fits(p.holes[i], rest[:at]) {
			return nil, false
		}
		values, rest = append(values, rest[:at]), rest[at+len(next):]
	}
	return values, rest == ""
}
