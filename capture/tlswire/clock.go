package tlswire

import "encoding/binary"

// believed is how far the time in a hello may be from the capture's, in seconds, to be taken for one. Of hellos that are all random,
// as TLS libraries make them since 2013, one in 600,000 looks like an hour around any given time.
const believed = 3600

// Skew is by how many seconds the server's clock is ahead of the client's, as the first four bytes of their randoms tell (RFC 5246
// section 7.4.1.2). Where only one side tells the time, it is compared with the capture's, given in seconds since 1970. It is 0 where
// neither does.
func (c *Conn) Skew(captured int64) int64 {
	client, clientTells := told(c.ClientRandom, captured)
	server, serverTells := told(c.ServerRandom, captured)
	switch {
	case clientTells && serverTells:
		return server - client
	case clientTells:
		return captured - client
	case serverTells:
		return server - captured
	}
	return 0
}

// told is the time that a random begins with, if it does.
func told(random [32]byte, captured int64) (seconds int64, ok bool) {
	seconds = int64(binary.BigEndian.Uint32(random[:]))
	return seconds, seconds-captured < believed && captured-seconds < believed
}
