package pgwire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgproto3"
	"pgregory.net/rapid"
)

// piece is what one side says in a conversation.
type piece struct {
	server bool
	b      []byte
}

func client(messages ...pgproto3.FrontendMessage) piece { return piece{false, encode(messages)} }

func server(messages ...pgproto3.BackendMessage) piece { return piece{true, encode(messages)} }

func encode[M pgproto3.Message](messages []M) (b []byte) {
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			panic(err)
		}
	}
	return b
}

func says(s string) piece  { return piece{true, []byte(s)} }
func sends(s string) piece { return piece{false, []byte(s)} }

// run feeds a conversation and returns what was seen and the bytes handed back for TLS, by side.
func run(pieces []piece) (*Conn, [2]string) {
	c := &Conn{}
	var tls [2]string
	for _, p := range pieces {
		if p.server {
			tls[1] += string(c.Server(p.b))
		} else {
			tls[0] += string(c.Client(p.b))
		}
	}
	return c, tls
}

var startup = &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{
	"user": "postgres", "database": "cluster", "application_name": "sfpool", "replication": "true",
}}

var rejected = &pgproto3.ErrorResponse{
	Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "28000", Message: `no pg_hba.conf entry for host "10.1.2.3"`, Detail: "d",
	Hint: "h", Position: 7, InternalPosition: 8, InternalQuery: "q", Where: "w", SchemaName: "s", TableName: "t", ColumnName: "c",
	DataTypeName: "dt", ConstraintName: "cn", File: "auth.c", Line: 543, Routine: "ClientAuthentication",
}

var conversations = []struct {
	name   string
	pieces []piece
	want   Conn
	tls    [2]string
}{
	{
		name:   "TLS is accepted",
		pieces: []piece{client(&pgproto3.SSLRequest{}), says("S"), sends("\x16\x03\x01hello"), says("\x16\x03\x03answer")},
		want:   Conn{SSLRequest: true, SSLReply: 'S', TLS: true},
		tls:    [2]string{"\x16\x03\x01hello", "\x16\x03\x03answer"},
	},
	{
		name:   "the ServerHello follows S in the same segment",
		pieces: []piece{client(&pgproto3.SSLRequest{}), says("S\x16\x03\x03answer")},
		want:   Conn{SSLRequest: true, SSLReply: 'S', TLS: true},
		tls:    [2]string{"", "\x16\x03\x03answer"},
	},
	{
		name: "TLS is refused, the client goes on in clear text and works",
		pieces: []piece{
			client(&pgproto3.SSLRequest{}), says("N"), client(startup),
			server(&pgproto3.AuthenticationOk{}, &pgproto3.ParameterStatus{Name: "server_version", Value: "15.20"}, &pgproto3.ReadyForQuery{TxStatus: 'I'}),
			client(&pgproto3.Query{String: "select 1"}), server(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42703", Message: "later"}),
			client(&pgproto3.Terminate{}),
		},
		want: Conn{
			SSLRequest: true, SSLReply: 'N', Startup: true, User: "postgres", Database: "cluster", Application: "sfpool", Replication: true,
			ServerVersion: "15.20", AuthOK: true, Ready: true, Queries: 1, Terminate: true,
		},
	},
	{
		name:   "an error before the session is ready",
		pieces: []piece{client(startup), server(&pgproto3.NoticeResponse{Severity: "WARNING", Message: "soon"}, rejected)},
		want: Conn{
			Startup: true, User: "postgres", Database: "cluster", Application: "sfpool", Replication: true,
			Notice: &Error{Severity: "WARNING", Message: "soon"},
			Error: &Error{
				Severity: "FATAL", SQLState: "28000", Message: `no pg_hba.conf entry for host "10.1.2.3"`, Detail: "d", Hint: "h",
				Position: "7", InternalPosition: "8", InternalQuery: "q", Where: "w", Schema: "s", Table: "t", Column: "c",
				DataType: "dt", Constraint: "cn", File: "auth.c", Line: "543", Routine: "ClientAuthentication",
			},
		},
	},
	{
		name: "a password is asked for and never kept",
		pieces: []piece{
			client(startup), server(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}}),
			client(&pgproto3.PasswordMessage{Password: "secret"}),
		},
		want: Conn{
			Startup: true, User: "postgres", Database: "cluster", Application: "sfpool", Replication: true,
			AuthAsked: true, AuthMethod: "SASL", AuthAnswer: true,
		},
	},
	{
		name: "GSS encryption is refused, then TLS is accepted",
		pieces: []piece{
			client(&pgproto3.GSSEncRequest{}), says("N"), client(&pgproto3.SSLRequest{}), says("S"), sends("\x16\x03\x01"),
		},
		want: Conn{GSSRequest: true, SSLRequest: true, SSLReply: 'S', TLS: true},
		tls:  [2]string{"\x16\x03\x01", ""},
	},
	{
		name:   "GSS encryption is accepted: nothing after it is read",
		pieces: []piece{client(&pgproto3.GSSEncRequest{}), says("G"), sends("Q\x00\x00\x00\x04"), says("Z\x00\x00\x00\x05I")},
		want:   Conn{GSSRequest: true, GSS: true},
	},
	{
		name:   "a query is cancelled",
		pieces: []piece{client(&pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte{0, 0, 0, 2}})},
		want:   Conn{Cancel: true},
	},
	{
		name:   "the postmaster can't fork and answers in plain text",
		pieces: []piece{client(&pgproto3.SSLRequest{}), says("Ecould not fork new process for connection: Cannot allocate memory\n\x00")},
		want: Conn{
			SSLRequest: true, SSLReply: 'E',
			Error: &Error{Message: "could not fork new process for connection: Cannot allocate memory"},
		},
	},
	{
		name:   "a web server answers",
		pieces: []piece{client(&pgproto3.SSLRequest{}), says("HTTP/1.1 400 Bad Request\r\n")},
		want:   Conn{SSLRequest: true, SSLReply: 'H', Foreign: "HTTP"},
	},
	{
		name:   "an SSH server speaks first",
		pieces: []piece{says("SSH-2.0-OpenSSH_9.2\r\n"), client(&pgproto3.SSLRequest{})},
		want:   Conn{SSLReply: 'S', Foreign: "SSH", SSLRequest: true},
	},
	{
		name:   "an SSH server's banner comes after the SSLRequest",
		pieces: []piece{client(&pgproto3.SSLRequest{}), says("SSH-2.0-OpenSSH_9.2\r\n")},
		want:   Conn{SSLRequest: true, SSLReply: 'S', Foreign: "SSH"},
	},
	{
		name:   "a mail server speaks first",
		pieces: []piece{says("220 mail.example.com ESMTP\r\n")},
		want:   Conn{Foreign: "SMTP or FTP"},
	},
	{
		name:   "a MySQL server speaks first",
		pieces: []piece{says("\x4a\x00\x00\x00\x0a5.7.44\x00")},
		want:   Conn{Foreign: "MySQL"},
	},
	{
		name:   "a browser asks",
		pieces: []piece{sends("GET / HTTP/1.1\r\n\r\n")},
		want:   Conn{Foreign: "HTTP"},
	},
	{
		name:   "TLS begins without an SSLRequest",
		pieces: []piece{sends("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), says("\x16\x03\x03")},
		want:   Conn{TLS: true, Direct: true},
		tls:    [2]string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "\x16\x03\x03"},
	},
	{
		name:   "only the client's direction was captured",
		pieces: []piece{client(&pgproto3.SSLRequest{}), sends("\x16\x03\x01\x02\x00\x01\x00\x01\xfc")},
		want:   Conn{SSLRequest: true, TLS: true},
		tls:    [2]string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", ""},
	},
	{
		name:   "only the server's direction was captured",
		pieces: []piece{says("S"), says("\x16\x03\x03answer")},
		want:   Conn{SSLReply: 'S', TLS: true},
		tls:    [2]string{"", "\x16\x03\x03answer"},
	},
	{
		name:   "random bytes",
		pieces: []piece{sends("\x01\x02\x03\x04\x05\x06\x07\x08"), says("\xf0\xf1\xf2\xf3\xf4")},
		want:   Conn{Foreign: "an unknown protocol"},
	},
}

func TestConversations(t *testing.T) {
	t.Parallel()
	for _, v := range conversations {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			got, tls := run(v.pieces)
			if diff := cmp.Diff(&v.want, got, cmpopts.IgnoreUnexported(Conn{})); diff != "" {
				t.Errorf("seen (-want +got):\n%s", diff)
			}
			if tls != v.tls {
				t.Errorf("bytes of TLS: got %q, want %q", tls, v.tls)
			}
		})
	}
}

func TestEverySplitGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	for _, v := range conversations {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				var cut []piece
				for _, p := range v.pieces {
					for b := p.b; len(b) > 0; {
						n := rapid.IntRange(1, len(b)).Draw(r, "bytes")
						cut, b = append(cut, piece{p.server, b[:n]}), b[n:]
					}
				}
				got, tls := run(cut)
				if diff := cmp.Diff(&v.want, got, cmpopts.IgnoreUnexported(Conn{})); diff != "" {
					r.Errorf("seen (-want +got):\n%s", diff)
				}
				if tls != v.tls {
					r.Errorf("bytes of TLS: got %q, want %q", tls, v.tls)
				}
			})
		})
	}
}

func TestResetForgetsTheConnectionBefore(t *testing.T) {
	t.Parallel()
	c := &Conn{}
	for _, v := range conversations {
		for _, p := range v.pieces {
			if p.server {
				c.Server(p.b)
			} else {
				c.Client(p.b)
			}
		}
		if diff := cmp.Diff(&v.want, c, cmpopts.IgnoreUnexported(Conn{})); diff != "" {
			t.Errorf("%s: seen (-want +got):\n%s", v.name, diff)
		}
		c.Reset()
	}
}

func TestBytesThatTheSnapLengthCutOff(t *testing.T) {
	t.Parallel()
	query := encode([]pgproto3.FrontendMessage{&pgproto3.Query{String: "select 1"}})
	bye := encode([]pgproto3.FrontendMessage{&pgproto3.Terminate{}})
	t.Run("the rest of a message is passed over", func(t *testing.T) {
		t.Parallel()
		c, _ := run([]piece{client(startup), {false, query[:7]}})
		c.Skip(false, len(query)-7)
		c.Client(bye)
		if c.Queries != 1 || !c.Terminate {
			t.Errorf("got %d queries, terminate %v; want 1, true", c.Queries, c.Terminate)
		}
	})
	t.Run("an error whose fields are missing is an error all the same", func(t *testing.T) {
		t.Parallel()
		b := encode([]pgproto3.BackendMessage{rejected})
		c, _ := run([]piece{client(startup), {true, b[:20]}})
		c.Skip(true, len(b)-20)
		if diff := cmp.Diff(&Error{}, c.Error); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
	})
	t.Run("a missing header ends reading", func(t *testing.T) {
		t.Parallel()
		c, _ := run([]piece{client(startup)})
		c.Skip(false, 3)
		c.Client(bye)
		if c.Terminate {
			t.Error("read a message from bytes that are no message")
		}
	})
	t.Run("the segment after a cut begins with a message", func(t *testing.T) {
		t.Parallel()
		login := encode([]pgproto3.FrontendMessage{startup})
		c := &Conn{}
		c.Client(login[:19])
		c.Cut(false, len(login)-19)
		answer := encode([]pgproto3.BackendMessage{&pgproto3.AuthenticationOk{}, &pgproto3.ParameterStatus{Name: "TimeZone", Value: "UTC"}, &pgproto3.ReadyForQuery{TxStatus: 'I'}})
		c.Server(answer[:12])
		c.Cut(true, len(answer)-12)
		if !c.Startup || !c.AuthOK || c.Ready {
			t.Errorf("startup %v, authenticated %v, ready %v; want true, true, false", c.Startup, c.AuthOK, c.Ready)
		}
		c.Client(query)
		if !c.Ready || c.Queries != 1 {
			t.Errorf("ready %v, %d queries: a query shows that the session was ready", c.Ready, c.Queries)
		}
	})
	t.Run("a gap ends reading", func(t *testing.T) {
		t.Parallel()
		c, _ := run([]piece{client(startup)})
		c.Gap(true)
		c.Server(encode([]pgproto3.BackendMessage{&pgproto3.ReadyForQuery{TxStatus: 'I'}}))
		if c.Ready {
			t.Error("read a message after a gap")
		}
	})
}

func TestALongMessageIsNotKept(t *testing.T) {
	t.Parallel()
	c, _ := run([]piece{client(startup), server(&pgproto3.AuthenticationOk{}), says("E\x00\x10\x00\x00MToo long\x00")})
	chunk := make([]byte, 1000)
	for range 2000 {
		c.Server(chunk)
	}
	if n := cap(c.server.body); n > 4*maxMessage {
		t.Errorf("keeps %d bytes of a message, more than %d", n, 4*maxMessage)
	}
	if c.Error == nil || c.Error.Message != "Too long" {
		t.Errorf("error of a long message: %+v", c.Error)
	}
}
