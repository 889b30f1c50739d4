// Package sshconfig reads ssh_config(5) and says what it has for one host, as "ssh -G" does. In: files. Out: the settings of a host. It knows
// which lines hold for a host, and nothing of what the keywords mean. It runs no commands: a Match block with exec does not hold. Start at Read.
package sshconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is a configuration, with the files that it includes in their places, and that of the machine behind the user's own.
type File struct {
	// Ignored are the Match lines that never hold here although they may for OpenSSH, each a sentence.
	Ignored []string

	lines []line
	final bool // a Match block asks for a second pass
}

// line is one keyword with its arguments.
type line struct {
	keyword  string // in small letters
	args     []string
	criteria []criterion // of Match
	included []line      // of Include: all files of it
}

// maxDepth is READCONF_MAX_DEPTH of OpenSSH.
const maxDepth = 16

// Read reads the user's own configuration and that of the machine; "" for none. One that is not there is empty. home is what "~" stands for;
// names of included files without a directory are those of files in ~/.ssh, or beside the machine's configuration.
func Read(home, own, system string) (*File, error) {
	f := &File{}
	for _, from := range []place{{own, home, filepath.Join(home, ".ssh")}, {system, home, filepath.Dir(system)}} {
		if from.path == "" {
			continue
		}
		lines, err := f.read(from, 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the SSH configuration: %w", err)
		}
		f.lines = append(f.lines, append(lines, line{keyword: endOfFile})...)
	}
	return f, nil
}

// place is a file, and what the names of others in it are relative to.
type place struct{ path, home, dir string }

func (f *File) read(from place, depth int) ([]line, error) {
	path := from.path
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: more than %d files include each other", path, maxDepth)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []line
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		words, err := split(strings.TrimSpace(string(raw)))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if len(words) < 2 {
			continue // empty, a comment, or a keyword without a value
		}
		l := line{keyword: strings.ToLower(words[0]), args: words[1:]}
		switch l.keyword {
		case "proxycommand": // the shell takes it apart
			l.args = []string{strings.TrimLeft(strings.TrimSpace(string(raw))[len(words[0]):], " \t=")}
		case "match":
			var why string
			if l.criteria, why = criteriaOf(l.args); why != "" {
				f.Ignored = append(f.Ignored, fmt.Sprintf("%s:%d: the settings below %q are not used: %s", path, number, strings.TrimSpace(string(raw)), why))
			}
			for _, c := range l.criteria {
				f.final = f.final || c.name == "final"
			}
		case "include":
			if l.included, err = f.include(l.args, from, depth); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, number, err)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// include reads the files that patterns name. Those that can't be read are done without, as OpenSSH does.
func (f *File) include(patterns []string, from place, depth int) (lines []line, err error) {
	for _, p := range patterns {
		if rest, ok := strings.CutPrefix(p, "~/"); ok {
			p = filepath.Join(from.home, rest)
		} else if !filepath.IsAbs(p) {
			p = filepath.Join(from.dir, p)
		}
		files, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("include %q: %w", p, err)
		}
		for _, name := range files {
			more, err := f.read(place{name, from.home, from.dir}, depth+1)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
				return nil, err
			}
			lines = append(lines, more...)
			// whatever block a file ends in, the next one begins in that of the Include line
			lines = append(lines, line{keyword: endOfFile})
		}
	}
	return lines, nil
}

// endOfFile stands behind each file.
const endOfFile = "(end)"

// split takes a line apart: a keyword, "=" or spaces, arguments. Quotes keep spaces together, a backslash keeps quotes and itself from their
// meaning, and "#" at the beginning of a word is a comment, as in argv_split of OpenSSH.
func split(s string) (words []string, err error) {
	end := strings.IndexAny(s, " \t=")
	if end < 0 || strings.HasPrefix(s, "#") {
		return nil, nil
	}
	words = append(words, s[:end])
	s = strings.TrimLeft(s[end:], " \t")
	s = strings.TrimLeft(strings.TrimPrefix(s, "="), " \t")
	var word []byte
	quote, inWord := byte(0), false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (strings.IndexByte(`"'\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
			i++
			word, inWord = append(word, s[i]), true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word = append(word, c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			if inWord {
				words = append(words, string(word))
			}
			word, inWord = word[:0], false
		case c == '#' && !inWord:
			return words, nil
		default:
			word, inWord = append(word, c), true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, nil
}
