// Package filter selects packets by the expressions that tcpdump takes (pcap-filter(7)).
//
// In: an expression. Out: a [Filter] that is asked for each captured frame. With the build tag libpcap the expression is libpcap's to
// understand, whole. Without it this package does, with the same meaning for what it knows: protocols, host, net, port and
// portrange with their directions, proto, vlan, broadcast and multicast, less and greater, arithmetic on header bytes, and, or, not. What it does not know
// it refuses by name. Like tcpdump it looks at the outermost headers, and a packet that is too short for a test does not match.
//
// The flow, one file each: token.go cuts the expression, parse.go makes a tree of tests, test.go has the tests, arithmetic.go the
// comparisons of header bytes, and frame.go finds the headers of a frame. It is ours because no maintained library in Go compiles the
// language; a test holds it against tcpdump on real captures.
package filter
