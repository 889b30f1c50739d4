package analyze_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"cbdoctor/analyze"
)

// padded is a fixture's capture with so much other traffic that it is large.
func padded(t *testing.T, size int) []byte {
	t.Helper()
	b, err := os.ReadFile("../fixtures/captures/05-syn-drop/client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	const frame = 1400
	record := make([]byte, 16+frame)
	copy(record, b[24:32]) // the time of the first packet
	binary.LittleEndian.PutUint32(record[8:], frame)
	binary.LittleEndian.PutUint32(record[12:], frame)
	record[16+12], record[16+13] = 0x88, 0xb5 // IEEE's EtherType for experiments
	return append(b, bytes.Repeat(record, size/len(record))...)
}

func tarGz(t *testing.T, name string, content []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The ladders of small captures are always kept, those of large ones where they are wanted, wherever the capture lies.
func TestLaddersAreKept(t *testing.T) {
	t.Parallel()
	small, large := padded(t, 0), padded(t, 5<<20)
	plain := filepath.Join(t.TempDir(), "a.pcap")
	if err := os.WriteFile(plain, large, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		path   string
		wanted bool
		want   bool
	}{
		{"small", "../fixtures/captures/05-syn-drop/client.pcap", false, true},
		{"small in an archive", tarGz(t, "a.pcap", small), false, true},
		{"large", plain, false, false},
		{"large and wanted", plain, true, true},
		{"large in an archive", tarGz(t, "a.pcap", large), false, false},
		{"large in an archive and wanted", tarGz(t, "a.pcap", large), true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set, err := analyze.Run(context.Background(), []string{c.path}, analyze.Options{Ladders: c.wanted})
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Captures) != 1 || len(set.Captures[0].Sessions) == 0 {
				t.Fatalf("the capture was not judged: %+v", set.Inputs)
			}
			if got := len(set.Ladders) > 0; got != c.want {
				t.Fatalf("%d ladders", len(set.Ladders))
			}
			for _, l := range set.Ladders {
				if l.File != set.Captures[0].File || len(l.Steps) < 2 {
					t.Errorf("%s has %d steps, the capture is %s", l.File, len(l.Steps), set.Captures[0].File)
				}
			}
		})
	}
}
