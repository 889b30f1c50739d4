package filter

import (
	"fmt"
	"regexp"
	"strings"
)

type tokenKind uint8

const (
	end     tokenKind = iota
	word              // a name, or a number
	address           // IPv4, whole or in part, IPv6, either with a prefix length
	mac
	sign // an operator or bracket
)

type token struct {
	kind tokenKind
	text string
	at   int
}

// shapes are tried in this order at each place.
var shapes = []struct {
	kind  tokenKind
	shape *regexp.Regexp
}{
	{mac, regexp.MustCompile(`^[0-9a-fA-F]{1,2}([:.-][0-9a-fA-F]{1,2}){5}(?:[^0-9a-zA-Z:.]|$)`)},
	{address, regexp.MustCompile(`^(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{0,4}|\d+\.\d+\.\d+\.\d+)(?:/\d+)?`)},
	{address, regexp.MustCompile(`^(?:\d+\.){1,3}\d+(?:/\d+)?`)},
	{address, regexp.MustCompile(`^\d+/\d+`)},
	{word, regexp.MustCompile(`^(?:icmp6?|tcp)-[a-z0-9]+`)},
	{word, regexp.MustCompile(`^\\?[A-Za-z0-9_][A-Za-z0-9_-]*`)},
	{sign, regexp.MustCompile(`^(?:&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^<>=!()\[\]:])`)},
}

// maxExpression bounds an expression: libpcap's programs are bounded too.
const maxExpression = 16 << 10

func tokens(s string) ([]token, error) {
	if len(s) > maxExpression {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrExpression, maxExpression)
	}
	var out []token
next:
	for at := 0; ; {
		at += len(s[at:]) - len(strings.TrimLeft(s[at:], " \t\r\n"))
		if at == len(s) {
			return append(out, token{end, "", at}), nil
		}
		for _, x := range shapes {
			m := x.shape.FindString(s[at:])
			if m == "" {
				continue
			}
			if x.kind == mac && len(m) > 0 && !isHex(m[len(m)-1]) {
				m = m[:len(m)-1] // the character behind it
			}
			out = append(out, token{x.kind, m, at})
			at += len(m)
			continue next
		}
		return nil, fmt.Errorf("%w: %q at byte %d", ErrExpression, s[at:at+1], at+1)
	}
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
