// Package lazyregexp compiles regular expressions when they are first used.
//
// Compiling all patterns of the program takes longer than reading a small bundle, and a run needs few of them. A variable of
// this package costs nothing until then. It has the methods of regexp that are used here; add what is missing. Start at New.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp is a regular expression that may not be compiled yet. It is safe for use by several goroutines.
type Regexp struct {
	source string
	once   sync.Once
	re     *regexp.Regexp
}

// New takes a pattern without looking at it. The first use panics when it is no regular expression; tests use each.
func New(pattern string) *Regexp { return &Regexp{source: pattern} }

// Compiled is the expression itself.
func (r *Regexp) Compiled() *regexp.Regexp {
	r.once.Do(func() { r.re = regexp.MustCompile(r.source) })
	return r.re
}

// The methods below do what those of regexp do.

func (r *Regexp) String() string                 { return r.source }
func (r *Regexp) Match(b []byte) bool            { return r.Compiled().Match(b) }
func (r *Regexp) MatchString(s string) bool      { return r.Compiled().MatchString(s) }
func (r *Regexp) FindIndex(b []byte) []int       { return r.Compiled().FindIndex(b) }
func (r *Regexp) FindString(s string) string     { return r.Compiled().FindString(s) }
func (r *Regexp) SubexpNames() []string          { return r.Compiled().SubexpNames() }
func (r *Regexp) FindSubmatch(b []byte) [][]byte { return r.Compiled().FindSubmatch(b) }

func (r *Regexp) SubexpIndex(name string) int { return r.Compiled().SubexpIndex(name) }

func (r *Regexp) FindSubmatchIndex(b []byte) []int { return r.Compiled().FindSubmatchIndex(b) }

func (r *Regexp) FindAllSubmatchIndex(b []byte, n int) [][]int {
	return r.Compiled().FindAllSubmatchIndex(b, n)
}

func (r *Regexp) FindStringSubmatch(s string) []string { return r.Compiled().FindStringSubmatch(s) }

func (r *Regexp) FindStringSubmatchIndex(s string) []int {
	return r.Compiled().FindStringSubmatchIndex(s)
}

func (r *Regexp) FindAllString(s string, n int) []string { return r.Compiled().FindAllString(s, n) }

func (r *Regexp) FindAllStringIndex(s string, n int) [][]int {
	return r.Compiled().FindAllStringIndex(s, n)
}

func (r *Regexp) FindAllStringSubmatch(s string, n int) [][]string {
	return r.Compiled().FindAllStringSubmatch(s, n)
}

func (r *Regexp) ReplaceAll(src, repl []byte) []byte { return r.Compiled().ReplaceAll(src, repl) }

func (r *Regexp) ReplaceAllString(src, repl string) string {
	return r.Compiled().ReplaceAllString(src, repl)
}
