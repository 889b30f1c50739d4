package transfer

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/cryptobyte"
)

// packetsOf cuts a stream into packets; the last one may be cut off.
func packetsOf(stream []byte) (packets [][]byte) {
	for len(stream) > 0 {
		n := len(stream)
		if n >= 4 {
			n = min(n, 4+int(binary.BigEndian.Uint32(stream)))
		}
		packets, stream = append(packets, stream[:n]), stream[n:]
	}
	return packets
}

type nodeThatSends struct{ io.Reader }

func (nodeThatSends) Write(p []byte) (int, error) { return len(p), nil }
func (nodeThatSends) Close() error                { return nil }

// Whatever a node sends, and in whatever pieces: a request gets no more than it asked for, every request gets an answer or an error,
// and pkg/sftp gets the other packets unchanged.
func FuzzLane(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0dg\x80\x00\x00\x01\x00\x00\x00\x04data\x00\x00\x00\x05e\x00\x00\x00\x02"))
	f.Add([]byte("\x00\x00\x00\x0dg\x80\x00\x00\x01\xff\xff\xff\xffdata"))
	f.Add([]byte("\x00\x00\x00\x09f\x80\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x09e\x80\x00\x00\x01\x00\x00\x00\x01"))
	f.Add([]byte("\xff\xff\xff\xffg"))
	f.Add([]byte("\x00\x00\x00\x00g\x00"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		for _, pieces := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, func(r io.Reader) io.Reader { return r }} {
			m := newMeter()
			l := newLane(nodeThatSends{pieces(bytes.NewReader(sent))}, m, newBuffers())
			asked := map[uint32]*request{firstID + 1: {most: 4}, firstID + 2: {most: largeAnswer}}
			for id, q := range asked {
				q.done = make(chan struct{})
				l.waiting[id] = q
			}
			got, err := io.ReadAll(l)
			_ = l.Close()
			for _, q := range asked {
				<-q.done
				if len(q.data) > q.most {
					t.Fatalf("%d bytes were asked for, and %d are there", q.most, len(q.data))
				}
				s := cryptobyte.String(q.body)
				_, _ = attributes(&s)
				_, _ = q.names()
				_ = q.refusal()
			}
			var want []byte
			served := map[uint32]bool{}
			for _, p := range packetsOf(sent) {
				if len(p) >= 9 {
					if id := binary.BigEndian.Uint32(p[5:]); asked[id] != nil && !served[id] && binary.BigEndian.Uint32(p) >= 5 {
						served[id] = true
						continue
					}
				}
				want = append(want, p...)
			}
			if err == nil && !bytes.Equal(got, want) || !bytes.HasPrefix(want, got) {
				t.Fatalf("%q passed, want %q (%v)", got, want, err)
			}
			m.served(largeAnswer)
			if c := m.chunk.Load(); c < 4<<10 || c > 1<<32 {
				t.Fatalf("%d bytes would be asked for at once", c)
			}
		}
	})
}
