package capture_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"cbdoctor/capture"
)

// FuzzAnalyze: whatever packets are captured, each session gets a verdict of the table with evidence in the file, and all of them can be
// written. The fuzzer changes frames of scenes, so that it gets behind the headers of file and packet at once.
func FuzzAnalyze(f *testing.F) {
	for _, s := range scenes {
		f.Add(play(f, s.text).write(binary.LittleEndian, false, ethernet, snapAll))
	}
	known := map[capture.Verdict]bool{}
	for _, row := range capture.Table {
		known[row.Verdict] = true
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := capture.Analyze(t.Context(), "fuzz", bytes.NewReader(file), capture.Options{AllSessions: true})
		if err != nil {
			return
		}
		for _, s := range r.Sessions {
			if !known[s.Verdict] && s.Verdict != capture.ARPUnanswered || s.Reason == "" {
				t.Errorf("%s is %q (%s): %q", s.Client, s.Verdict, s.Confidence, s.Reason)
			}
			for _, frame := range s.Evidence {
				if frame < 1 || frame > r.Packets {
					t.Errorf("%s: frame %d of %d is evidence", s.Client, frame, r.Packets)
				}
			}
		}
		if _, err := r.Ladders(t.Context(), bytes.NewReader(file), capture.Options{}); err != nil {
			t.Error(err)
		}
		if err := r.WriteJSON(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
