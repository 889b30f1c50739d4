package packet_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"cbdoctor/capture/packet"
)

// check reads arbitrary bytes and asserts what holds of every input: no panic, packets in order and within the input, counts that
// agree, an error only for what is no capture.
func check(t *testing.T, file []byte, opt packet.Options) {
	var last, delivered int64
	hosts := packet.NewHosts()
	opt.Hosts = hosts
	info, err := packet.Read(context.Background(), bytes.NewReader(file), opt, func(p *packet.Packet) error {
		if p.Frame <= last {
			t.Fatalf("frame %d after %d", p.Frame, last)
		}
		last = p.Frame
		if p.Kind == packet.TCP {
			delivered++
			if len(p.Payload) > p.PayloadLen || p.PayloadLen < 0 {
				t.Fatalf("frame %d: %d bytes captured of %d", p.Frame, len(p.Payload), p.PayloadLen)
			}
		}
		if len(p.Data) != int(p.CapLen) {
			t.Fatalf("frame %d: %d bytes, the header says %d", p.Frame, len(p.Data), p.CapLen)
		}
		return nil
	})
	if err != nil {
		if !errors.Is(err, packet.ErrNotCapture) {
			t.Fatal(err)
		}
		return
	}
	if info.PortPackets != delivered || last > 0 && info.Packets == 0 {
		t.Fatalf("%d delivered, %+v", delivered, info)
	}
}

// checkFile also reads the file in small chunks, which must not make a difference.
func checkFile(t *testing.T, file []byte) {
	check(t, file, packet.Options{})
	check(t, file, packet.Options{All: true})
	path := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var streamed, chunked seen
	a, errA := packet.Read(context.Background(), bytes.NewReader(file), packet.Options{}, streamed.keep)
	b, errB := packet.ReadFile(context.Background(), path, packet.Options{ChunkSize: 100, Workers: 2}, chunked.keep)
	if (errA == nil) != (errB == nil) || len(streamed) != len(chunked) || a.Packets != b.Packets || a.Problem != b.Problem {
		t.Fatalf("stream: %d packets, %v, %+v\nfile: %d packets, %v, %+v", len(streamed), errA, a, len(chunked), errB, b)
	}
}

func FuzzPcap(f *testing.F) {
	whole := pcapFile(little, false, 1, conversation(6)...)
	f.Add(whole)
	f.Add(whole[:len(whole)-5])
	f.Add(pcapFile(big, true, 113, conversation(2)...))
	f.Add(pcapFile(little, false, 228, record{data: hello.ip(), orig: 1 << 30}))
	f.Fuzz(checkFile)
}

func FuzzPcapng(f *testing.F) {
	for _, order := range []*ngFile{newNG(little), newNG(big)} {
		g := order.iface(1, order.option(9, []byte{0x94}), order.option(2, []byte("eth0")))
		g.packet(0, 1<<50, hello.frame(), g.option(1, []byte("comment")), g.option(2, []byte{1, 0, 0, 0}))
		g.block(3, join([]byte{62, 0, 0, 0}, hello.frame())).block(4, []byte{1, 0, 6, 0, 10, 0, 0, 1, 'a', 0})
		g.block(5, make([]byte, 24)).block(10, []byte("TSLK\x04\x00\x00\x00abcd")).block(0xbad, make([]byte, 8))
		g.section().iface(101).packet(0, 2, hello.ip())
		f.Add(g.b)
		f.Add(g.b[:len(g.b)-7])
	}
	f.Fuzz(checkFile)
}

// FuzzLink decodes arbitrary bytes as a frame of any link type.
func FuzzLink(f *testing.F) {
	f.Add(uint16(1), hello.frame(), uint16(0))
	f.Add(uint16(1), hello6.frame(), uint16(9))
	f.Add(uint16(1), ethernet(0x8100, join([]byte{0, 1, 8, 0}, ipv4(routerA, routerB, 47, 1, 1, 0, join([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1}, make([]byte, 8), hello.frame())))), uint16(0))
	f.Add(uint16(1), ethernet(0x0800, ipv4(routerA, routerB, 1, 1, 1, 0, join([]byte{3, 13, 0, 0, 0, 0, 0, 0}, hello.ip()))), uint16(0))
	f.Add(uint16(1), ethernet(0x86dd, ipv6(router6, router6, 58, 255, join([]byte{136, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 16), []byte{2, 1, 1, 2, 3, 4, 5, 6}))), uint16(0))
	f.Add(uint16(113), join(make([]byte, 14), []byte{8, 0}, hello.ip()), uint16(0))
	f.Add(uint16(276), join([]byte{8, 0}, make([]byte, 18), hello.ip()), uint16(0))
	f.Add(uint16(105), join([]byte{8, 1, 0, 0}, make([]byte, 20), []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, hello.ip(), make([]byte, 4)), uint16(0))
	for _, link := range []uint16{0, 9, 10, 50, 51, 101, 104, 117, 119, 127, 204, 219} {
		f.Add(link, hello.ip(), uint16(0))
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte, missing uint16) {
		file := pcapFile(little, false, packet.LinkType(link), record{data: data, orig: len(data) + int(missing)}, record{data: data})
		check(t, file, packet.Options{})
		check(t, file, packet.Options{All: true})
	})
}

// FuzzCompressed reads arbitrary bytes behind the magic numbers of the compressions.
func FuzzCompressed(f *testing.F) {
	for _, c := range []string{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "\x28\xb5\x2f\xfd\x00\x58\x19\x00\x00abc", "\x04\x22\x4d\x18\x60\x40\x82"} {
		f.Add([]byte(c))
	}
	f.Fuzz(func(t *testing.T, file []byte) { check(t, file, packet.Options{}) })
}
