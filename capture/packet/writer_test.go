package packet_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cbdoctor/capture/packet"
)

// TestWiresharkShowsTheComments gives a written file to tshark: it must be valid and show what we wrote.
func TestWiresharkShowsTheComments(t *testing.T) {
	t.Parallel()
	_, got := read(t, pcapFile(little, true, 113,
		record{ns: t0, data: join([]byte{0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 1, 0x19, 0, 0, 8, 0}, hello.ip()), orig: 500},
		record{ns: t0 + 1, data: join([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 1, 0x19, 0, 0, 8, 0}, hello.ip())},
	), packet.Options{})
	var file bytes.Buffer
	w := packet.NewWriter(&file, "cbdoctor")
	for i, comment := range []string{"F1: the SYN that got no answer (日本語)", ""} {
		if err := w.Write(&got[i], comment); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "evidence.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.packet_flags_direction", "-e", "tcp.srcport", "-e", "frame.comment").CombinedOutput()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, out)
	}
	want := "1774857600.123456789\t500\t0x00000002\t35826\tF1: the SYN that got no answer (日本語)\n" +
		"1774857600.123456790\t64\t0x00000001\t35826\t\n"
	if _, after, ok := bytes.Cut(out, []byte("could be dangerous.\n")); ok { // tshark's warning to root
		out = after
	}
	if string(out) != want {
		t.Errorf("tshark shows\n%swant\n%s", out, want)
	}
}
