package filter

import (
	"fmt"
	"strings"

	"cbdoctor/lazyregexp"
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
	shape *lazyregexp.Regexp
}{
	{mac, lazyregexp.New(`^[0-9a-fA-F]{1,2}([:.-][0-9a-fA-F]{1,2}){5}(?:[^0-9a-zA-Z:.]|$)`)},
	{address, lazyregexp.New(`^(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{0,4}|\d+\.\d+\.\d+\.\d+)(?:/\d+)?`)},
	{address, lazyregexp.New(`^(?:\d+\.){1,3}\d+(?:/\d+)?`)},
	{address, lazyregexp.New(`^\d+/\d+`)},
	{word, lazyregexp.New(`^(?:icmp6?|tcp)-[a-z0-9]+`)},
	{word, lazyregexp.New(`^\\?[A-Za-z0-9_][A-Za-z0-9_-]*`)},
	{sign, lazyregexp.New(`^(?:&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^<>=!()\[\]:])`)},
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
