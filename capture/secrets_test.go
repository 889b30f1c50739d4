package capture_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cbdoctor/capture"
)

// secretsLast moves the decryption secrets blocks of a little-endian pcapng file to its end.
func secretsLast(file []byte) []byte {
	const secrets = 10
	var rest, late []byte
	for b := file; len(b) >= 12; {
		n := int(binary.LittleEndian.Uint32(b[4:]))
		if binary.LittleEndian.Uint32(b) == secrets {
			late = append(late, b[:n]...)
		} else {
			rest = append(rest, b[:n]...)
		}
		b = b[n:]
	}
	return append(rest, late...)
}

// TestSecretsBehindTheirPackets: a file is read again with them, and a stream says that they came too late.
func TestSecretsBehindTheirPackets(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../fixtures/captures/27-keys-expired-tls13/client.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	late := secretsLast(file)
	if bytes.Equal(late, file) {
		t.Fatal("there are no secrets in the file")
	}
	path := filepath.Join(t.TempDir(), "late.pcapng")
	if err := os.WriteFile(path, late, 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := capture.Analyze(t.Context(), "early", bytes.NewReader(file), capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := capture.AnalyzeFile(t.Context(), path, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Sessions {
		w, g := &want.Sessions[i], &got.Sessions[i]
		if g.Reason != w.Reason || g.Confidence != capture.High || !slices.Equal(g.Observations, w.Observations) {
			t.Errorf("session %d: %s (%s) %v, want %s (%s) %v", i, g.Reason, g.Confidence, g.Observations, w.Reason, w.Confidence, w.Observations)
		}
	}
	if got.LeftOut != "" {
		t.Errorf("left out: %s", got.LeftOut)
	}
	steps, _, err := capture.Ladder(t.Context(), path, 0, capture.Options{})
	if err != nil || !slices.ContainsFunc(steps, func(s capture.Step) bool { return strings.Contains(s.Meaning, "certificate_expired") }) {
		t.Errorf("the ladder does not show the alert (%v): %+v", err, steps)
	}
	inMemory, err := capture.AnalyzeBytes(t.Context(), "in memory", late, capture.Options{})
	if err != nil || inMemory.Sessions[0].Reason != want.Sessions[0].Reason || inMemory.LeftOut != "" {
		t.Errorf("in memory: %q, left out %q (%v)", inMemory.Sessions[0].Reason, inMemory.LeftOut, err)
	}
	kept, err := got.Ladders(t.Context(), bytes.NewReader(late), capture.Options{})
	if err != nil || len(kept) == 0 || !slices.ContainsFunc(kept[0].Steps, func(s capture.Step) bool { return strings.Contains(s.Meaning, "certificate_expired") }) {
		t.Errorf("the ladder of a report does not show the alert (%v): %+v", err, kept)
	}
	stream, err := capture.Analyze(t.Context(), "stream", bytes.NewReader(late), capture.Options{})
	if err != nil || !strings.Contains(stream.LeftOut, "TLS secrets that stand behind their packets") {
		t.Errorf("left out of the stream: %q (%v)", stream.LeftOut, err)
	}
}
