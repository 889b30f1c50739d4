package rules

import (
	"cmp"
	"slices"
	"strings"
)

// native is an expression of the built-in catalog as Go: setting CEL up, and planning a program for each expression that a run asks
// for, takes longer than all of their answers. "go generate ./rules" translates what CEL has checked (natives.go), and a test holds
// the answers of the two against each other. What a customer's own rules add is run by CEL.
type native struct {
	language string // name of the language of a sign, or "conclusions"
	source   string
	reads    []string // the fields of the sign's fact that it names, see [Sign.shown]
	value    func(s *scope) any
}

// nativeOf finds the translation of an expression, nil when there is none.
func nativeOf(language, source string) *native {
	i, found := slices.BinarySearchFunc(natives, source, func(n native, source string) int {
		return cmp.Or(cmp.Compare(n.language, language), cmp.Compare(n.source, source))
	})
	if !found {
		return nil
	}
	return &natives[i]
}

// answer is the value of the expression. It is not ok where CEL has an error, such as an element that is not there: CEL says which.
func (n *native) answer(s *scope) (value any, ok bool) {
	defer func() { ok = recover() == nil }()
	return n.value(s), true
}

// What CEL has as functions and Go has not.

// valueOf is the value of a key, which must be there.
func valueOf[V any](m map[string]V, key string) V {
	v, ok := m[key]
	if !ok {
		panic("no such key")
	}
	return v
}

func hasKey[V any](m map[string]V, key string) bool {
	_, ok := m[key]
	return ok
}

func distinct[T comparable](list []T) (out []T) {
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// upTo is lists.range.
func upTo(n int64) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i)
	}
	return list
}

// lowerASCII changes no other letters.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func firstOf(texts []string) string { return cmp.Or(texts...) }
