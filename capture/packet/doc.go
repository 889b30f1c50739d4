// Package packet turns capture files, pipes and live interfaces into decoded packets of one port.
//
// In: pcap or pcapng, plain or compressed with gzip, zstd or lz4, of any common link type. Out: one call of a [Handler] for each TCP
// packet of the wanted ports, each ICMP error that quotes such a packet, and each ARP or neighbor discovery message, in file order;
// and an [Info] about the file itself.
//
// The package never keeps a packet, never follows a session and never judges: that is package capture's work. It decodes
// nothing before it knows that a packet is wanted, holds a few buffers whatever the size of the file, and treats every byte as hostile.
//
// Start reading at [Read] in read.go and at [Packet] in packet.go. A container format is a file beside pcap.go, a link type is a row of
// the table in link.go, a tunnel is a function in tunnel.go.
package packet
