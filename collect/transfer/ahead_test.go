package transfer

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
)

type countingReader struct {
	io.Reader
	reads int
}

func (c *countingReader) Read(p []byte) (int, error) {
	c.reads++
	return c.Reader.Read(p)
}

// An answer that is there is read at once, its beginning together with the answer before it: each read may cost a packet.
func TestAnswersAreReadAtOnce(t *testing.T) {
	t.Parallel()
	const answers = 10
	var sent []byte
	for i := range answers {
		sent = binary.BigEndian.AppendUint32(sent, 9+largeAnswer)
		sent = binary.BigEndian.AppendUint32(append(sent, typeData), firstID+uint32(i))
		sent = append(binary.BigEndian.AppendUint32(sent, largeAnswer), content(largeAnswer + i)[i:]...)
	}
	channel := &countingReader{Reader: bytes.NewReader(sent)}
	l := newLane(nodeThatSends{channel}, newMeter(), newBuffers())
	var asked []*request
	for i := range answers {
		q := &request{most: largeAnswer, done: make(chan struct{})}
		l.waiting[firstID+uint32(i)], asked = q, append(asked, q)
	}
	if b, err := io.ReadAll(l); err != nil || len(b) > 0 {
		t.Fatal(len(b), err)
	}
	for i, q := range asked {
		if q.err != nil || !bytes.Equal(q.data, content(largeAnswer + i)[i:]) {
			t.Errorf("answer %d: %d bytes, %v", i, len(q.data), q.err)
		}
	}
	if channel.reads > answers+2 { // the first beginning, and the end
		t.Errorf("%d reads for %d answers", channel.reads, answers)
	}
}
