// Package libpcap is libpcap through gopacket/pcap, for builds with the tag libpcap (and cgo, and libpcap's headers). Without the
// tag it is empty: package filter then understands expressions itself, and package tap opens interfaces through AF_PACKET.
//
// In: a filter expression, or the name of an interface. Out: a compiled filter, or a handle that gives frames.
package libpcap
