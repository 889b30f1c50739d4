package pgwire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgproto3"
)

// FuzzConn: whatever the bytes and however they are cut, reading ends without a crash and in the same state, keeps little, and
// agrees with pgproto3 on the fields of an ErrorResponse that it accepts.
func FuzzConn(f *testing.F) {
	for _, v := range conversations {
		var sides [2][]byte
		for _, p := range v.pieces {
			if p.server {
				sides[1] = append(sides[1], p.b...)
			} else {
				sides[0] = append(sides[0], p.b...)
			}
		}
		f.Add(sides[0], sides[1], uint8(3))
	}
	// A parameter after ReadyForQuery, in one piece with it and in the next.
	f.Add([]byte{}, []byte("Z\x00\x00\x00\x05IS\x00\x00\x00\x18server_version\x0015.6\x00"), uint8(5))
	f.Fuzz(func(t *testing.T, fromClient, fromServer []byte, step uint8) {
		whole, cut := &Conn{}, &Conn{}
		whole.Client(fromClient)
		whole.Server(fromServer)
		n := int(step)%16 + 1
		for i := 0; i < len(fromClient); i += n {
			cut.Client(fromClient[i:min(i+n, len(fromClient))])
		}
		for i := 0; i < len(fromServer); i += n {
			cut.Server(fromServer[i:min(i+n, len(fromServer))])
		}
		if diff := cmp.Diff(whole, cut, cmpopts.IgnoreUnexported(Conn{})); diff != "" {
			t.Errorf("in pieces of %d bytes (-whole +cut):\n%s", n, diff)
		}
		if cap(cut.server.body) > 4*maxMessage || cap(cut.client.body) > 4*maxStartup {
			t.Errorf("keeps %d and %d bytes", cap(cut.server.body), cap(cut.client.body))
		}
	})
}

// FuzzError compares the fields of an ErrorResponse with those that pgproto3 reads.
func FuzzError(f *testing.F) {
	body, err := rejected.Encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body[5:])
	f.Add([]byte("SFATAL\x00VFATAL\x00C53300\x00Msorry, too many clients already\x00\x00"))
	f.Add([]byte("M"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := parseError(body)
		var want pgproto3.ErrorResponse
		if want.Decode(body) != nil || len(body) > maxText {
			return
		}
		for name, pair := range map[string][2]string{
			"code": {want.Code, got.SQLState}, "message": {want.Message, got.Message}, "detail": {want.Detail, got.Detail},
			"hint": {want.Hint, got.Hint}, "where": {want.Where, got.Where}, "routine": {want.Routine, got.Routine},
		} {
			if text([]byte(pair[0])) != pair[1] {
				t.Errorf("%s: pgproto3 reads %q, we read %q", name, pair[0], pair[1])
			}
		}
	})
}
