package capture_test

import (
	"context"
	"os"
	"testing"

	"cbdoctor/capture"
)

// BenchmarkAnalyze judges the capture that CBDOCTOR_BENCH_CAPTURE names.
func BenchmarkAnalyze(b *testing.B) {
	path := os.Getenv("CBDOCTOR_BENCH_CAPTURE")
	if path == "" {
		b.Skip("CBDOCTOR_BENCH_CAPTURE names no capture: make bench-capture makes one and sets it")
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := capture.AnalyzeFile(context.Background(), path, capture.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
