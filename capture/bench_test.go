package capture_test

import (
	"context"
	"io"
	"os"
	"testing"

	"cbdoctor/capture"
)

// BenchmarkCapture judges and writes the capture that CBDOCTOR_BENCH_CAPTURE names.
func BenchmarkCapture(b *testing.B) {
	path := os.Getenv("CBDOCTOR_BENCH_CAPTURE")
	if path == "" {
		b.Skip("CBDOCTOR_BENCH_CAPTURE names no capture: go run ./bench/captures writes some")
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		l, err := capture.ListFile(context.Background(), path, capture.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := l.WriteJSON(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
