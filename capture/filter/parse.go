package filter

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"cbdoctor/capture/packet"
)

// program is a compiled expression.
type program struct{ test test }

// Match implements Filter.
func (p *program) Match(link packet.LinkType, frame []byte, length int) bool {
	v := view{link: link, b: frame, length: length}
	return p.test(&v) && !v.short
}

// parser reads an expression. And, or and juxtaposed words have one precedence and go from left to right, not binds tighter (pcap-filter(7)).
type parser struct {
	tokens []token
	at     int
	depth  int
	tags   int         // VLAN tags that the tests so far have passed: later tests look behind them
	last   *qualifiers // of the primitive before, which a bare address or port takes over
}

// qualifiers say what an address or number means.
type qualifiers struct {
	proto     string // "ip", "tcp", "ether" ..., "" when not said
	direction string // "src", "dst", "both" or "" for either
	kind      string // "host", "net", "port", "portrange", "proto", "" when not said
}

const maxDepth = 100

func parse(expression string) (*program, error) {
	list, err := tokens(expression)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: list}
	if p.peek().kind == end {
		return &program{func(*view) bool { return true }}, nil
	}
	t, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != end {
		return nil, p.unexpected("and, or, or the end")
	}
	return &program{t}, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// accept takes the next token if it is one of these.
func (p *parser) accept(texts ...string) (string, bool) {
	t := p.peek()
	for _, text := range texts {
		if t.text == text && t.kind != end {
			p.at++
			return text, true
		}
	}
	return "", false
}

func (p *parser) unexpected(wanted string) error {
	t := p.peek()
	if t.kind == end {
		return fmt.Errorf("%w: it ends where %s is expected", ErrExpression, wanted)
	}
	return fmt.Errorf("%w: %q at byte %d, where %s is expected", ErrExpression, t.text, t.at+1, wanted)
}

func (p *parser) expression() (test, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("%w: more than %d levels", ErrExpression, maxDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.term()
	for err == nil {
		op, found := p.accept("and", "&&", "or", "||")
		if !found {
			return left, nil
		}
		var right test
		if right, err = p.term(); err != nil {
			break
		}
		if op == "and" || op == "&&" {
			left = and(left, right)
		} else {
			left = or(left, right)
		}
	}
	return nil, err
}

func (p *parser) term() (test, error) {
	if _, negated := p.accept("not", "!"); negated {
		if p.depth++; p.depth > maxDepth {
			return nil, fmt.Errorf("%w: more than %d levels", ErrExpression, maxDepth)
		}
		defer func() { p.depth-- }()
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		return not(t), nil
	}
	before := *p
	if t, ok, err := p.comparison(); ok {
		return t, err
	}
	*p = before
	if _, open := p.accept("("); open {
		t, err := p.expression()
		if err != nil {
			return nil, err
		}
		if _, closed := p.accept(")"); !closed {
			return nil, p.unexpected(`")"`)
		}
		return t, nil
	}
	return p.primitive()
}

// primitive reads qualifiers and what they qualify, or a word that is a test of its own.
func (p *parser) primitive() (test, error) {
	switch t := p.peek(); t.text {
	case "vlan":
		p.take()
		return p.vlan()
	case "less", "greater":
		p.take()
		n, err := p.number()
		if err != nil {
			return nil, err
		}
		return longer(t.text == "greater", int(n)), nil
	case "broadcast", "multicast":
		p.take()
		return at(casts["ether "+t.text], p.tags), nil
	case "mpls", "pppoed", "pppoes", "geneve", "vxlan", "gateway", "protochain", "inbound", "outbound", "ifindex", "type", "subtype", "wlan", "llc", "iso":
		return nil, fmt.Errorf("%w: %q is not known without libpcap (see the build tag libpcap)", ErrExpression, t.text)
	}
	q, alone, err := p.qualifiers()
	if err != nil || alone != nil {
		return alone, err
	}
	return p.identified(q)
}

// identified reads what the qualifiers qualify: one, or several in parentheses.
func (p *parser) identified(q *qualifiers) (test, error) {
	if _, open := p.accept("("); open {
		if p.depth++; p.depth > maxDepth {
			return nil, fmt.Errorf("%w: more than %d levels", ErrExpression, maxDepth)
		}
		defer func() { p.depth-- }()
		left, err := p.identified(q)
		for err == nil {
			op, found := p.accept("and", "&&", "or", "||", ")")
			switch {
			case !found:
				return nil, p.unexpected(`")"`)
			case op == ")":
				return left, nil
			}
			var right test
			if right, err = p.identified(q); err == nil && (op == "and" || op == "&&") {
				left = and(left, right)
			} else if err == nil {
				left = or(left, right)
			}
		}
		return nil, err
	}
	return p.value(q)
}

// qualifiers reads protocol, direction and kind. A protocol that qualifies nothing is a test by itself.
func (p *parser) qualifiers() (*qualifiers, test, error) {
	q, start := &qualifiers{}, p.at
	t := p.peek()
	if _, known := protocols[t.text]; known && t.kind == word {
		q.proto = p.take().text
	}
	if d, found := p.accept("src", "dst"); found {
		q.direction = d
		if op, joined := p.accept("or", "and", "||", "&&"); joined {
			if _, ok := p.accept("src", "dst"); !ok {
				return nil, nil, p.unexpected("src or dst")
			}
			q.direction = ""
			if op == "and" || op == "&&" {
				q.direction = "both"
			}
		}
	}
	if k, found := p.accept("host", "net", "portrange", "port", "proto"); found {
		q.kind = k
	}
	if q.proto != "" && q.direction == "" && q.kind == "" {
		if c, found := p.accept("broadcast", "multicast"); found {
			if cast := casts[q.proto+" "+c]; cast != nil {
				return nil, at(cast, p.tags), nil
			}
			return nil, nil, fmt.Errorf("%w: %q of %s is not known without libpcap", ErrExpression, c, q.proto)
		}
		if next := p.peek(); next.kind != address && next.kind != mac {
			return nil, protocols[q.proto].test(p.tags), nil
		}
	}
	if p.at == start { // nothing said: as before
		if p.last == nil {
			return nil, nil, p.unexpected("a test such as host, net, port or tcp")
		}
		return p.last, nil, nil
	}
	p.last = q
	return q, nil, nil
}

// value reads an address, a port or a protocol and makes the test.
func (p *parser) value(q *qualifiers) (test, error) {
	t := p.take()
	switch kind := q.kind; {
	case t.kind == end:
		return nil, p.unexpected("an address, a port or a protocol")
	case t.kind == mac && (kind == "host" || kind == ""):
		hardware, err := net.ParseMAC(strings.NewReplacer(".", ":", "-", ":").Replace(pad(t.text)))
		if err != nil {
			return nil, fmt.Errorf("%w: %q at byte %d is no MAC address", ErrExpression, t.text, t.at+1)
		}
		return at(hardwareTest(q.direction, [6]byte(hardware)), p.tags), nil
	case kind == "port" || kind == "portrange":
		return p.portTest(q, t)
	case kind == "proto":
		n, known := numberOf(protocolNumbers, strings.TrimPrefix(t.text, `\`))
		if q.proto == "ether" {
			n, known = numberOf(etherTypes, strings.TrimPrefix(t.text, `\`))
		}
		if !known {
			return nil, fmt.Errorf("%w: %q at byte %d is no protocol", ErrExpression, t.text, t.at+1)
		}
		return at(protoTest(q.proto, n), p.tags), nil
	case t.kind == address || t.kind == word:
		if q.proto != "" && protocols[q.proto].ether == 0 {
			return nil, fmt.Errorf("%w: %s has no addresses of that kind", ErrExpression, q.proto)
		}
		prefix, err := p.prefix(t, kind)
		if err != nil {
			return nil, err
		}
		return at(addressTest(q.proto, q.direction, prefix), p.tags), nil
	}
	p.at--
	return nil, p.unexpected("an address, a port or a protocol")
}

func (p *parser) portTest(q *qualifiers, t token) (test, error) {
	set, ok := portProtocols[q.proto]
	if !ok {
		return nil, fmt.Errorf("%w: %s has no ports", ErrExpression, q.proto)
	}
	low, high, isRange := strings.Cut(t.text, "-")
	if isRange && q.kind != "portrange" {
		return nil, fmt.Errorf("%w: %q at byte %d: a range of ports is written portrange %s", ErrExpression, t.text, t.at+1, t.text)
	}
	from, err := port(low, q.proto)
	to := from
	if err == nil && isRange {
		to, err = port(high, q.proto)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %q at byte %d is no port", ErrExpression, t.text, t.at+1)
	}
	return at(portTest(set, q.direction, min(from, to), max(from, to)), p.tags), nil
}

func port(s, proto string) (uint32, error) {
	n, err := strconv.ParseUint(s, 0, 16)
	if err == nil {
		return uint32(n), nil
	}
	if proto != "udp" {
		proto = "tcp"
	}
	named, err := net.LookupPort(proto, s)
	return uint32(named), err
}

// prefix reads an address or a network: "10.48" is 10.48.0.0/16, and a mask may follow.
func (p *parser) prefix(t token, kind string) (netip.Prefix, error) {
	wrong := fmt.Errorf("%w: %q at byte %d is no address; names are not looked up", ErrExpression, t.text, t.at+1)
	text, length, hasLength := strings.Cut(t.text, "/")
	bits := -1
	if !strings.Contains(text, ":") {
		octets := strings.Count(text, ".") + 1
		if bits = 8 * octets; octets < 4 {
			if kind != "net" {
				return netip.Prefix{}, wrong
			}
			text += strings.Repeat(".0", 4-octets)
		}
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, wrong
	}
	if bits < 0 {
		bits = 128
	}
	if hasLength {
		if bits, err = strconv.Atoi(length); err != nil || kind == "host" {
			return netip.Prefix{}, wrong
		}
	} else if _, masked := p.accept("mask"); masked {
		m, err := netip.ParseAddr(p.take().text)
		if err != nil || !m.Is4() {
			return netip.Prefix{}, wrong
		}
		if bits, _ = net.IPMask(m.AsSlice()).Size(); bits == 0 && m != netip.IPv4Unspecified() {
			return netip.Prefix{}, wrong
		}
	}
	prefix, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}, wrong
	}
	if prefix.Addr() != a {
		return netip.Prefix{}, fmt.Errorf("%w: %q at byte %d has bits set behind its prefix", ErrExpression, t.text, t.at+1)
	}
	return prefix, nil
}

// pad writes each octet of a MAC address with two digits.
func pad(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '.' || r == '-' })
	for i, part := range parts {
		if len(part) == 1 {
			parts[i] = "0" + part
		}
	}
	return strings.Join(parts, ":")
}

func (p *parser) vlan() (test, error) {
	id := -1
	if t := p.peek(); t.kind == word {
		if n, err := strconv.ParseUint(t.text, 0, 12); err == nil {
			p.take()
			id = int(n)
		}
	}
	t := at(vlanTest(id), p.tags)
	p.tags++
	return t, nil
}

func (p *parser) number() (uint32, error) {
	t := p.peek()
	n, err := strconv.ParseUint(t.text, 0, 32)
	if t.kind != word || err != nil {
		return 0, p.unexpected("a number")
	}
	p.take()
	return uint32(n), nil
}
