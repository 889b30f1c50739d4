package pgwire

import "bytes"

// protocols tells other protocols by how they begin, at an offset. Add another one here.
var protocols = []struct {
	name   string
	offset int
	begin  string
}{
	{"HTTP", 0, "HTTP/"},
	{"HTTP", 0, "GET "},
	{"HTTP", 0, "POST "},
	{"HTTP", 0, "HEAD "},
	{"HTTP", 0, "OPTIONS "},
	{"HTTP", 0, "PUT "},
	{"HTTP", 0, "CONNECT "},
	{"HTTP", 0, "PRI * HTTP/2"},
	{"HTTP", 0, "<!DOCTYPE"},
	{"HTTP", 0, "<html"},
	{"HTTP", 0, "<HTML"},
	{"SSH", 0, "SSH-"},
	{"SMTP or FTP", 0, "220"},
	{"SMTP or FTP", 0, "421"},
	{"SMTP or FTP", 0, "500 "},
	{"SMTP", 0, "EHLO "},
	{"SMTP", 0, "HELO "},
	{"POP3", 0, "+OK"},
	{"IMAP", 0, "* OK"},
	{"SIP", 0, "SIP/2.0"},
	{"SIP", 0, "REGISTER "},
	{"SIP", 0, "INVITE "},
	{"RTSP", 0, "RTSP/"},
	{"XMPP", 0, "<?xml"},
	{"XMPP", 0, "<stream:"},
	{"Redis", 0, "-ERR"},
	{"VNC", 0, "RFB "},
	{"MySQL", 3, "\x00\x0a"},
	{"MySQL", 3, "\x00\xff"},
	{"Telnet", 0, "\xff\xfd"},
	{"Telnet", 0, "\xff\xfb"},
	{"RDP", 0, "\x03\x00\x00"},
	{"SMB", 4, "\xffSMB"},
	{"SMB", 4, "\xfeSMB"},
	{"TLS without SSLRequest", 0, "\x16\x03"},
	{"TLS without SSLRequest", 0, "\x15\x03"},
}

const (
	unknownProtocol = "an unknown protocol"
	// openingLen is how much of a peer's first bytes is kept to name its protocol: the longest that protocols asks for.
	openingLen = 12
)

// foreign says that a side speaks something else, which begins so.
func (c *Conn) foreign(server bool, begin []byte) {
	c.speaker, c.Foreign = server, unknownProtocol
	c.noteForeign(server, begin)
	if c.Joined && c.Foreign == unknownProtocol {
		c.Foreign, c.opening = "", c.opening[:0]
		c.stream(server).lost = true
	}
}

// noteForeign takes more of the first bytes of the side that speaks something else.
func (c *Conn) noteForeign(server bool, b []byte) {
	if server != c.speaker || len(c.opening) >= openingLen {
		return
	}
	c.opening = append(c.opening, b[:min(len(b), openingLen-len(c.opening))]...)
	for _, p := range protocols {
		if len(c.opening) > p.offset && bytes.HasPrefix(c.opening[p.offset:], []byte(p.begin)) {
			c.Foreign = p.name
			return
		}
	}
}
