package transfer

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

// Whatever a node sends, and in whatever pieces, the stream passes unchanged and the meter stays within bounds.
func FuzzAnswerReader(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0dg\x00\x00\x00\x01\x00\x00\x00\x04data\x00\x00\x00\x05e\x00\x00\x00\x02"))
	f.Add([]byte("\xff\xff\xff\xffg"))
	f.Add([]byte("\x00\x00\x00\x00g\x00"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		for _, pieces := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, func(r io.Reader) io.Reader { return r }} {
			m := newMeter()
			got, err := io.ReadAll(&answerReader{r: pieces(bytes.NewReader(sent)), meter: m})
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("%d of %d bytes passed, %v", len(got), len(sent), err)
			}
			m.served(largeAnswer)
			if c := m.chunk.Load(); c < 4<<10 || c > 1<<32 {
				t.Fatalf("%d bytes would be asked for at once", c)
			}
		}
	})
}
