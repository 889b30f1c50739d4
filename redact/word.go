package redact

import (
	_ "embed"
	"sort"
	"strings"
	"sync"
)

// vocabulary has the words that the formats themselves consist of, one or more a line. They are never replaced: a stand-in for "in"
// would make "In Sync" unreadable. A name that is such a word is no secret (a host called "server") and is listed.
//
//go:embed vocabulary.txt
var vocabularyText string

var vocabulary = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for _, line := range strings.Split(vocabularyText, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			words[w] = true
		}
	}
	return words
})

// words gives names stand-ins. A word is a run of letters, digits, "-" and "_" without a dot; upper and lower case are the same word.
type words struct {
	key  []byte
	of   map[string]string // lower case to stand-in
	used map[string]bool   // stand-ins
	kept map[string]bool   // names that are words of the vocabulary
	long map[string][]string
}

// insideLen is the length from which a word is replaced within longer ones too: "example" in "myexample2".
const insideLen = 6

func newWords(key []byte) *words {
	return &words{key: key, of: map[string]string{}, used: map[string]bool{}, kept: map[string]bool{}, long: map[string][]string{}}
}

// learn notes a name: a host name, a user, a domain, a name in a certificate. It is taken apart into its words.
func (w *words) learn(name string, shortest int) {
	for _, word := range split(name) {
		w.learnWord(word, shortest)
	}
}

// learnHost notes what is the name of a machine or a person for certain. One that is a word of the vocabulary stays, and is listed.
func (w *words) learnHost(name string) {
	if lower := strings.ToLower(name); vocabulary()[lower] {
		w.kept[lower] = true
		return
	}
	w.learn(name, shortHost)
}

// learnWord notes one word. Words shorter than the least, numbers and words of the vocabulary stay.
func (w *words) learnWord(word string, shortest int) {
	word = strings.ToLower(strings.Trim(word, "-_"))
	if len(word) < shortest || strings.Trim(word, "0123456789-_") == "" {
		return
	}
	if vocabulary()[word] {
		return
	}
	if _, known := w.of[word]; known {
		return
	}
	w.of[word] = "" // the stand-in comes when all are known: see settle
}

// settle makes the stand-ins, which depend on the key and the set of words alone.
func (w *words) settle() {
	list := make([]string, 0, len(w.of))
	for word := range w.of {
		list = append(list, word)
	}
	sort.Strings(list)
	for _, word := range list {
		w.of[word] = w.standIn(word)
		if len(word) >= insideLen {
			w.long[word[:insideLen]] = append(w.long[word[:insideLen]], word)
		}
	}
	for _, same := range w.long { // the longest first
		sort.Slice(same, func(i, j int) bool { return len(same[i]) > len(same[j]) })
	}
}

func (w *words) standIn(word string) string {
	for round := byte(0); ; round++ {
		sum := derive(w.key, "word", append([]byte{round}, word...))
		out := []byte(word)
		for i, c := range out {
			x := sum[i%len(sum)] ^ byte(i/len(sum)*37)
			switch {
			case c >= 'a' && c <= 'z':
				out[i] = 'a' + x%26
			case c >= '0' && c <= '9':
				out[i] = '0' + x%10
			}
		}
		s := string(out)
		_, real := w.of[s]
		if !real && !w.used[s] && !vocabulary()[s] || round == 255 {
			w.used[s] = true
			return s
		}
	}
}

// replace puts stand-ins into a run of word bytes, in place and of the same length. It reports whether anything changed.
func (w *words) replace(run []byte) bool {
	lower := strings.ToLower(string(run))
	if s, known := w.of[lower]; known {
		put(run, s)
		return true
	}
	changed := false
	for i := 0; i < len(lower); { // the words of the run between "-" and "_"
		end := i
		for end < len(lower) && lower[end] != '-' && lower[end] != '_' {
			end++
		}
		if s, known := w.of[lower[i:end]]; known && end > i {
			put(run[i:end], s)
			changed = true
		}
		i = end + 1
	}
	if changed {
		lower = strings.ToLower(string(run))
	}
	for i := 0; i+insideLen <= len(lower); i++ {
		for _, word := range w.long[lower[i:i+insideLen]] {
			if strings.HasPrefix(lower[i:], word) {
				put(run[i:i+len(word)], w.of[word])
				changed = true
				i += len(word) - 1
				break
			}
		}
	}
	return changed
}

// put writes the stand-in over b in b's own case.
func put(b []byte, standIn string) {
	for i := range b {
		c := standIn[i]
		if b[i] >= 'A' && b[i] <= 'Z' && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		b[i] = c
	}
}

// split takes a name apart at everything that is no part of a word.
func split(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r > 127 || !isWordByte(byte(r)) })
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
