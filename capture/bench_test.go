package capture_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cbdoctor/capture"
	"cbdoctor/fixtures/bigpcap"
)

// BenchmarkCapture judges and writes captures of which all, or one packet in a hundred, is the database's. Its profile is what the program is
// compiled by: scripts/profile.sh.
func BenchmarkCapture(b *testing.B) {
	for name, opt := range map[string]bigpcap.Options{
		"pg":  {Bytes: 256 << 20, Share: 1},
		"mix": {Bytes: 256 << 20},
	} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), name+".pcap")
			write(b, path, opt)
			b.SetBytes(opt.Bytes)
			for b.Loop() {
				l, err := capture.ListFile(context.Background(), path, capture.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := l.WriteJSON(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func write(b *testing.B, path string, opt bigpcap.Options) {
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err = bigpcap.Write(file, filepath.Join("..", "fixtures", "captures"), opt); err != nil {
		b.Fatal(err)
	}
	if err = file.Close(); err != nil {
		b.Fatal(err)
	}
}
