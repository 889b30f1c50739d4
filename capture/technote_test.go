package capture_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cbdoctor/capture"
	"cbdoctor/fixtures/technote"
)

// The session that tech note 210530 prints is judged ok, and its ladder has the rows of the note's table.
func TestTechNoteSession(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := technote.Write(&file); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "technote.pcap")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, session, err := capture.Ladder(t.Context(), path, 0, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if session.Verdict != capture.OK || session.Confidence != capture.High {
		t.Errorf("judged %s (%s): %s", session.Verdict, session.Confidence, session.Reason)
	}
	if session.Certificates == nil || session.Certificates.Client[0].SubjectCN != "postgres" || session.Certificates.Server[0].SubjectCN != "vngtpres.aca" {
		t.Errorf("certificates: %+v", session.Certificates)
	}
	var want, got []string
	for _, r := range technote.Rows {
		info := r.Info
		switch {
		case r.Protocol == "TCP":
			info = fmt.Sprintf("[%s] Seq=%d", r.Flags, r.Seq)
			if r.Ack > 0 {
				info += fmt.Sprintf(" Ack=%d", r.Ack)
			}
			info += fmt.Sprintf(" Win=%d Len=0", r.Window)
			if r.Seq == 0 {
				info += " MSS=1460 SACK_PERM=1 WS=128"
			}
		case info == ">":
			info = "SSLRequest" // the note prints only the direction of PostgreSQL messages
		case info == "<":
			info = "SSL reply S"
		}
		want = append(want, fmt.Sprintf("%d 2017-03-31T08:36:13.%06dZ %t %s %d %s", r.Frame, r.Micros, r.FromClient, r.Protocol, r.Length, info))
	}
	for _, s := range steps {
		got = append(got, fmt.Sprintf("%d %s %t %s %d %s", s.Frame, s.Time, s.FromClient, s.Protocol, s.Length, s.Meaning))
	}
	if d := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); d != "" {
		t.Errorf("the ladder differs from the note's table:\n%s", d)
	}
}
