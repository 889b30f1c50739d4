package packet

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// The short way through the usual packet must end where the long one does.
func TestFixedIsGeneral(t *testing.T) {
	t.Parallel()
	opt := Options{}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 14+40, 120).Draw(t, "frame")
		binary.BigEndian.PutUint16(b[12:], 0x0800)
		b[14], b[23] = 0x45, protoTCP
		binary.BigEndian.PutUint16(b[16:], rapid.Uint16Range(40, 130).Draw(t, "total length"))
		binary.BigEndian.PutUint16(b[20:], rapid.SampledFrom([]uint16{0, 1 << 14}).Draw(t, "flags"))
		binary.BigEndian.PutUint16(b[36:], 5432)
		b[46] = rapid.SampledFrom([]byte{0x50, 0x80, 0x80, 0x80, 0x60, 0x40, 0xf0}).Draw(t, "header length")
		if len(b) >= 58 && rapid.Bool().Draw(t, "usual options") {
			binary.BigEndian.PutUint32(b[54:], usualOptions)
		}
		var short, long decoder
		short.ports, long.ports = opt.portSet(), opt.portSet()
		i := newInterface(linkEthernet, 0, scale{}, 6)
		got, want := short.fixed(b), long.frame(&i, b, uint32(len(b)))
		if got != want {
			t.Fatalf("outcome %v, the general way says %v", got, want)
		}
		if diff := cmp.Diff(long.p, short.p, cmpopts.EquateEmpty()); got == wanted && diff != "" {
			t.Fatal(diff)
		}
	})
}
