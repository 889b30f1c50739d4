package capture_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cbdoctor/capture"
)

// block is a pcapng block with its lengths.
func block(kind uint32, body ...[]byte) []byte {
	b := slices.Concat(body...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	length := uint32(len(b) + 12)
	return slices.Concat(words(kind, length), b, words(length))
}

func words(list ...uint32) (b []byte) {
	for _, w := range list {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// field is an option, or a record of a name resolution block.
func field(code uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, code)
	b = append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// TestWhatAFileSaysOfItself: who captured where with which filter, how many packets that lost, names of hosts, and comments.
func TestWhatAFileSaysOfItself(t *testing.T) {
	t.Parallel()
	var c recording
	for _, r := range recordings(t) {
		if r.name == "05-syn-drop/client.pcap" {
			c = r
		}
	}
	file := slices.Concat(
		block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff), field(4, []byte("Dumpcap 4.0")), field(0, nil)),
		block(1, words(ethernet, 128), field(2, []byte("eth0")), field(3, []byte("database network")), field(11, []byte("\x00tcp port 5432 or 443")), field(0, nil)),
		block(4, field(1, append([]byte{10, 48, 36, 61}, "cms-cb1\x00cb1.example.com\x00"...)), field(1, append([]byte{192, 0, 2, 1}, "elsewhere\x00"...)), field(0, nil)),
	)
	for i, f := range c.frames {
		us := uint64(f.at.UnixMicro())
		options := []byte{}
		if i == 8 {
			options = slices.Concat(field(1, []byte("here it begins")), field(0, nil))
		}
		data := slices.Clone(f.data)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
		file = append(file, block(6, words(0, uint32(us>>32), uint32(us), uint32(len(f.data)), uint32(len(f.data))), data, options)...)
	}
	file = append(file, block(5, words(0, 0, 0), field(5, binary.LittleEndian.AppendUint64(nil, 12)), field(0, nil))...)
	got, err := capture.Analyze(t.Context(), "notes.pcapng", bytes.NewReader(file), capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &capture.Notes{
		Application: "Dumpcap 4.0", Dropped: 12,
		Interfaces: []capture.Interface{{Name: "eth0", Description: "database network", Link: "ETHERNET", Filter: "tcp port 5432 or 443", SnapLen: 128}},
		Names:      []capture.Name{{Address: "10.48.36.61", Names: []string{"cms-cb1", "cb1.example.com"}}},
		Comments:   []capture.Comment{{Frame: 9, Text: "here it begins"}},
	}
	if diff := cmp.Diff(want, got.Notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Problem != "" {
		t.Error(got.Problem)
	}
}
