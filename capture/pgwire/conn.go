// Package pgwire follows the start of a PostgreSQL connection in clear text.
//
// In: the in-order bytes of both directions. Out: a Conn that knows what was requested, who logged in where, what the server
// answered, and what the peer speaks when that is not PostgreSQL. Bytes after the server's S belong to TLS and are handed
// back. Passwords and data are never kept. Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol"
// (protocol-flow, protocol-message-formats). Start at Conn.Client and Conn.Server.
package pgwire

// Conn follows one connection. The zero value is ready. Whatever way the bytes are cut into pieces, it ends the same.
type Conn struct {
	SSLRequest    bool
	GSSRequest    bool
	GSS           bool // the server accepted GSSENCRequest: nothing more can be read
	GSSClient     int  // packets of the client after that, the tokens of the login among them
	GSSServer     int
	GSSMost       int // length of the server's longest packet after its first, which is a token
	Cancel        bool
	Startup       bool
	Joined        bool // what comes first is not the connection's beginning: it may begin inside a message
	SSLReply      byte // S, N, E, or whatever came
	TLS           bool // from here on both directions are TLS
	Direct        bool // TLS without SSLRequest (PostgreSQL 17, sslnegotiation=direct)
	User          string
	Database      string
	Application   string
	Replication   bool   // the client asked for a replication connection
	ServerVersion string // parameter server_version
	AuthMethod    string // what the server asked for first, e.g. "SASL"
	AuthAsked     bool   // the server asked for a password or another proof
	AuthAnswer    bool   // the client answered
	AuthOK        bool
	Ready         bool // ReadyForQuery was seen
	Terminate     bool
	Queries       int64
	Error         *Error // the first ErrorResponse before ReadyForQuery
	Notice        *Error // the first NoticeResponse before ReadyForQuery
	Foreign       string // what the peer speaks instead, e.g. "HTTP"

	client, server stream

	wrappedClient, wrappedServer wrapped

	pending byte   // reply of one byte expected: 'S' for SSLRequest, 'G' for GSSENCRequest
	checked bool   // the server's first byte after its S was looked at
	opening []byte // how the peer that speaks something else began
	speaker bool   // who that is: the server
}

// Reset makes the value ready for another connection, keeping its buffers.
func (c *Conn) Reset() {
	client, server, opening := c.client.body, c.server.body, c.opening
	*c = Conn{}
	c.client.body, c.server.body, c.opening = client[:0], server[:0], opening[:0]
}

// Gap says that an unknown number of bytes is missing: what follows can't be read as messages.
func (c *Conn) Gap(server bool) { c.stream(server).lost = true }

// Over reports whether both sides have gone over to TLS, so that nothing more is to be read here.
func (c *Conn) Over() bool { return c.TLS && (c.checked || c.SSLReply != 'S') && c.Foreign == "" }

// RequestMissed says that the client's SSLRequest was sent and is not here: the server's next byte is the answer to it.
func (c *Conn) RequestMissed() { c.SSLRequest, c.pending = true, 'S' }

// Lost reports whether bytes of a side are missing, so that its messages can't be told apart any more.
func (c *Conn) Lost(server bool) bool { return c.stream(server).lost }

// JoinTLS says that the connection has gone over to TLS, though the request for it, or its answer, is not here.
func (c *Conn) JoinTLS() { c.TLS, c.checked, c.pending = true, true, 0 }

// Cut is Skip for bytes that the snap length cut off the end of a segment: the next one may begin with a message. Of a StartupMessage
// the parameters are read that are here.
func (c *Conn) Cut(server bool, n int) {
	if !server && !c.Startup && !c.GSS {
		n = c.cutRequest(n)
	}
	s := c.stream(server)
	c.Skip(server, n)
	s.cut = s.cut || s.lost
}

// Skip says that the next n in-order bytes were sent but are not here. The rest of a typed message whose header was seen is passed
// over; anything else is a Gap.
func (c *Conn) Skip(server bool, n int) {
	switch {
	case c.GSS && server:
		c.wrappedServer.missing(n)
	case c.GSS:
		c.wrappedClient.missing(n)
	case server:
		c.server.missing(n, c.fromServer)
	default:
		c.client.missing(n, c.fromClient)
	}
}

func (c *Conn) stream(server bool) *stream {
	if server {
		return &c.server
	}
	return &c.client
}

// Client takes the next bytes that the client sent and returns those that belong to TLS.
func (c *Conn) Client(b []byte) (rest []byte) {
	for len(b) > 0 {
		switch {
		case c.Foreign != "" && !c.speaker:
			c.noteForeign(false, b)
			return nil
		case c.TLS:
			return b
		case c.GSS:
			c.wrap(false, b)
			return nil
		case c.Cancel || c.client.lost && !c.client.resumes(b, clientMessages):
			return nil
		case c.Startup:
			c.client.read(b, clientMessages, "", c.fromClient)
			return nil
		}
		b = c.request(b)
	}
	return nil
}

// Server takes the next bytes that the server sent and returns those that belong to TLS.
func (c *Conn) Server(b []byte) (rest []byte) {
	for len(b) > 0 {
		switch {
		case c.Foreign != "":
			c.noteForeign(true, b)
			return nil
		case c.TLS && c.SSLReply == 'S' && !c.checked:
			c.checkAfterS(b)
			continue
		case c.TLS:
			return b
		case c.server.plain:
			c.plainError(b)
			return nil
		case c.GSS:
			c.wrap(true, b)
			return nil
		case c.server.lost && !c.server.resumes(b, serverMessages):
			return nil
		case c.pending != 0 || b[0] == 'S' && c.silentClient() && !c.server.started:
			b = c.reply(b)
			continue
		}
		wanted := "RSEN"
		if c.Ready {
			wanted = ""
		}
		if rest := c.server.read(b, serverMessages, wanted, c.fromServer); c.server.lost && !c.server.whole {
			c.notTyped(rest)
		}
		return nil
	}
	return nil
}

// silentClient reports whether nothing of the client was seen: a capture of one direction.
func (c *Conn) silentClient() bool {
	return !c.SSLRequest && !c.GSSRequest && !c.Startup && !c.Cancel && len(c.client.body) == 0
}
