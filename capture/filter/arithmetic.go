package filter

import (
	"fmt"
	"strconv"
)

// value is an arithmetic expression on a frame: 32 bits without sign, as in BPF.
type value func(v *view) uint32

// constants are names for offsets and values in headers (pcap-filter(7)).
var constants = map[string]uint32{
	"tcpflags": 13, "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
	"icmptype": 0, "icmpcode": 1, "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8,
	"icmp-timxceed": 11, "icmp-paramprob": 12, "icmp6type": 0, "icmp6code": 1,
	"icmp6-destinationrunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4, "icmp6-echo": 128, "icmp6-echoreply": 129,
}

// operators of arithmetic, the loosest first.
var operators = [][]string{{"|", "^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

// comparison reads "value operator value". It is not ok where none begins here: the caller then reads something else.
func (p *parser) comparison() (t test, ok bool, err error) {
	if !p.arithmeticBegins() {
		return nil, false, nil
	}
	left, err := p.arithmetic(0)
	if err != nil {
		return nil, false, nil
	}
	op, found := p.accept("<=", ">=", "==", "!=", "=", "<", ">")
	if !found {
		return nil, false, nil
	}
	right, err := p.arithmetic(0)
	if err != nil {
		return nil, true, err
	}
	return func(v *view) bool {
		v.absent = false
		a, b := left(v), right(v)
		return !v.absent && !v.short && compare(op, a, b)
	}, true, nil
}

// arithmeticBegins looks ahead: a number, "len", a header with an index, or a parenthesis that may hold one.
func (p *parser) arithmeticBegins() bool {
	t, next := p.peek(), p.tokens[min(p.at+1, len(p.tokens)-1)]
	switch {
	case t.text == "(" || t.text == "-":
		return true
	case t.kind != word:
		return false
	case t.text == "len":
		return true
	case next.text == "[":
		return true
	}
	_, err := strconv.ParseUint(t.text, 0, 32)
	_, named := constants[t.text]
	return err == nil || named
}

func compare(op string, a, b uint32) bool {
	switch op {
	case "<=":
		return a <= b
	case ">=":
		return a >= b
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	}
	return a == b
}

func (p *parser) arithmetic(level int) (value, error) {
	if level == len(operators) {
		return p.operand()
	}
	left, err := p.arithmetic(level + 1)
	for err == nil {
		op, found := p.accept(operators[level]...)
		if !found {
			return left, nil
		}
		var right value
		if right, err = p.arithmetic(level + 1); err == nil {
			left = operate(op, left, right)
		}
	}
	return nil, err
}

func operate(op string, left, right value) value {
	return func(v *view) uint32 {
		a, b := left(v), right(v)
		switch op {
		case "|":
			return a | b
		case "^":
			return a ^ b
		case "&":
			return a & b
		case "<<":
			return a << b
		case ">>":
			return a >> b
		case "+":
			return a + b
		case "-":
			return a - b
		case "*":
			return a * b
		}
		if b == 0 {
			v.short = true // BPF ends the program
			return 0
		}
		if op == "/" {
			return a / b
		}
		return a % b
	}
}

func (p *parser) operand() (value, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("%w: more than %d levels", ErrExpression, maxDepth)
	}
	defer func() { p.depth-- }()
	if _, open := p.accept("("); open {
		v, err := p.arithmetic(0)
		if err != nil {
			return nil, err
		}
		if _, closed := p.accept(")"); !closed {
			return nil, p.unexpected(`")"`)
		}
		return v, nil
	}
	if _, minus := p.accept("-"); minus {
		x, err := p.operand()
		if err != nil {
			return nil, err
		}
		return func(v *view) uint32 { return -x(v) }, nil
	}
	t := p.peek()
	if n, known := constants[t.text]; known {
		p.take()
		return func(*view) uint32 { return n }, nil
	}
	if t.text == "len" {
		p.take()
		return func(v *view) uint32 { return uint32(v.length) }, nil
	}
	if p.tokens[min(p.at+1, len(p.tokens)-1)].text == "[" {
		return p.header()
	}
	n, err := p.number()
	return func(*view) uint32 { return n }, err
}

// header reads proto[offset:size].
func (p *parser) header() (value, error) {
	proto := p.peek()
	start := starts[proto.text]
	if start == nil {
		return nil, p.unexpected("a header such as ip, tcp or ether")
	}
	p.at += 2
	offset, err := p.arithmetic(0)
	if err != nil {
		return nil, err
	}
	size := uint32(1)
	if _, sized := p.accept(":"); sized {
		if size, err = p.number(); err != nil {
			return nil, err
		}
		if size != 1 && size != 2 && size != 4 {
			return nil, fmt.Errorf("%w: a size of %d at byte %d; it can be 1, 2 or 4", ErrExpression, size, proto.at+1)
		}
	}
	if _, closed := p.accept("]"); !closed {
		return nil, p.unexpected(`"]"`)
	}
	tags := p.tags
	return func(v *view) uint32 {
		at, ok := start(v, tags)
		if !ok || v.short {
			v.absent = true
			return 0
		}
		return v.load(at+int(offset(v)), int(size))
	}, nil
}

// starts are where headers begin.
var starts = map[string]func(v *view, tags int) (at int, ok bool){
	"ether": func(v *view, _ int) (int, bool) { return 0, true },
	"link":  func(v *view, _ int) (int, bool) { return 0, true },
	"ip":    networkStart(etherIPv4), "ip6": networkStart(etherIPv6), "arp": networkStart(etherARP), "rarp": networkStart(etherRARP),
	"tcp": transportStart("tcp"), "udp": transportStart("udp"), "sctp": transportStart("sctp"), "icmp": transportStart("icmp"), "igmp": transportStart("igmp"),
	"icmp6": func(v *view, tags int) (int, bool) {
		kind, at := v.network(tags)
		return at + 40, kind == etherIPv6 && v.load(at+6, 1) == 58
	},
}

func networkStart(want int) func(*view, int) (int, bool) {
	return func(v *view, tags int) (int, bool) {
		kind, at := v.network(tags)
		return at, kind == want
	}
}

// transportStart finds a header within IPv4; like libpcap it does not look into IPv6.
func transportStart(proto string) func(*view, int) (int, bool) {
	n := uint32(protocols[proto].ip)
	return func(v *view, tags int) (int, bool) {
		kind, at := v.network(tags)
		if kind != etherIPv4 {
			return 0, false
		}
		return v.behindIPv4(at), v.load(at+9, 1) == n && v.load(at+6, 2)&0x1fff == 0
	}
}
