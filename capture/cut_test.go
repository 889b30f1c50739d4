package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cbdoctor/capture"
)

// TestCutOpensInWireshark: what is cut out of a capture is valid, whole, and its comments stand at the evidence, as tshark shows them.
func TestCutOpensInWireshark(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed (scripts/setup.sh installs it)")
	}
	for _, c := range recordings(t) {
		if !slices.Contains([]string{"05-syn-drop/client.pcap", "08-icmp-port/client.pcap", "11-mtu/client.pcap", "12-idle-lost/client.pcap", "18-cert-client-expired-tls12/client.pcap"}, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := filepath.Join("../fixtures/captures", c.name)
			r, err := capture.AnalyzeFile(t.Context(), source, capture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var numbers []int
			evidence := map[string]string{} // by frame number of the source
			for _, s := range r.Sessions {
				numbers = append(numbers, s.Session)
				for i, frame := range s.Evidence {
					evidence[fmt.Sprintf("frame %d of client.pcap", frame)] = string(s.Verdict)
					if i == 0 {
						evidence[fmt.Sprintf("frame %d of client.pcap", frame)] = s.Reason
					}
				}
			}
			var out bytes.Buffer
			written, err := capture.Cut(t.Context(), []capture.Part{{Path: source, Sessions: numbers}}, &out, capture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "cut.pcapng")
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := exec.Command("tshark", "-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.comment").Output()
			if err != nil {
				t.Fatalf("tshark: %v", err)
			}
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			if len(lines) != written {
				t.Errorf("tshark reads %d packets of %d", len(lines), written)
			}
			for _, line := range lines {
				for frame, wanted := range evidence {
					if strings.Contains(line, frame+")") && strings.Contains(line, wanted) {
						delete(evidence, frame)
					}
				}
			}
			if len(evidence) > 0 {
				t.Errorf("no comment on %v in\n%s", evidence, text)
			}
			again, err := capture.AnalyzeFile(t.Context(), path, capture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "cutting", r, again)
			if again.Notes == nil || len(again.Notes.Comments) == 0 {
				t.Error("the comments are not read back")
			}
		})
	}
}

// TestCutKeepsTheVerdict: a session that was cut out alone is judged as in its capture, for silence counts as long as that went on. What is
// told from the host's other traffic is not in it.
func TestCutKeepsTheVerdict(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../fixtures/captures/*/*.pcap*")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	for _, file := range files {
		r, err := capture.AnalyzeFile(t.Context(), file, capture.Options{AllSessions: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Sessions {
			s := &r.Sessions[i]
			if s.Verdict == capture.RefusedByMiddlebox {
				continue
			}
			var out bytes.Buffer
			if _, err := capture.Cut(t.Context(), []capture.Part{{Path: file, Sessions: []int{s.Session}}}, &out, capture.Options{}); err != nil {
				t.Fatal(err)
			}
			alone, err := capture.AnalyzeBytes(t.Context(), file, out.Bytes(), capture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(alone.Sessions) != 1 || alone.Sessions[0].Verdict != s.Verdict {
				t.Errorf("%s: session %d is %s, and alone %v", file, s.Session, s.Verdict, verdicts(alone))
			}
		}
	}
}

// TestCutMergesCaptures: packets of several captures stand in the order of their times, each on an interface that names its capture.
func TestCutMergesCaptures(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed (scripts/setup.sh installs it)")
	}
	const folder = "../fixtures/captures/11-mtu/"
	var out bytes.Buffer
	parts := []capture.Part{{Path: folder + "client.pcap", Sessions: []int{0}}, {Path: folder + "server.pcap", Name: "at the server", Note: "its clock is right", Sessions: []int{0}}}
	written, err := capture.Cut(t.Context(), parts, &out, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.pcapng")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("tshark", "-r", path, "-T", "fields", "-e", "frame.time_delta", "-e", "frame.interface_name").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	lines, from, changes := strings.Split(strings.TrimSpace(string(text)), "\n"), map[string]int{}, 0
	for i, line := range lines {
		delta, name, _ := strings.Cut(line, "\t")
		if strings.HasPrefix(delta, "-") {
			t.Errorf("frame %d comes %s s after the one before", i+1, delta)
		}
		if from[name]++; i > 0 && !strings.HasSuffix(lines[i-1], name) {
			changes++
		}
	}
	if from["client.pcap"] != 12 || from["at the server"] != 18 || len(lines) != written || changes < 8 {
		t.Errorf("%d packets are written, tshark reads %v with %d changes between them", written, from, changes)
	}
	if r, err := capture.AnalyzeFile(t.Context(), path, capture.Options{}); err != nil || !slices.ContainsFunc(r.Notes.Comments, func(c capture.Comment) bool { return c.Text == "its clock is right" }) {
		t.Errorf("the note is not read back (%v)", err)
	}
}

// TestLaddersSayWhatMatters: the silence that is the proof is marked, and only where silence is the proof.
func TestLaddersSayWhatMatters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"05-syn-drop/client.pcap":                  "after frame 17: not one packet of the server; nothing more in the 5.0 s until the capture ends",
		"10-blackhole/client.pcap":                 "after frame 18: no packet of the server since frame 2, 6.6 s before",
		"11-mtu/client.pcap":                       "before frame 11: 4.0 s of silence",
		"12-idle-lost/client.pcap":                 "before frame 24: 3705.0 s of silence",
		"13-frozen/client.pcap":                    "before frame 6: 3.0 s of silence",
		"06-synack-lost/server.pcap":               "after frame 15: no packet of the client since frame 8, 2.0 s before; nothing more in the 2.0 s until the capture ends",
		"16-http/client.pcap":                      "",
		"01-ok-tls12/client.pcap":                  "",
		"09-refused/client.pcap":                   "",
		"18-cert-client-expired-tls12/client.pcap": "",
	} {
		steps, _, err := capture.Ladder(t.Context(), filepath.Join("../fixtures/captures", name), 0, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var marked []string
		for _, s := range steps {
			if s.GapMatters {
				marked = append(marked, fmt.Sprintf("before frame %d: %s", s.Frame, s.Gap))
			}
			if s.AfterMatters {
				marked = append(marked, fmt.Sprintf("after frame %d: %s", s.Frame, s.After))
			}
		}
		if got := strings.Join(marked, ", "); got != want {
			t.Errorf("%s: marked %q, want %q", name, got, want)
		}
	}
}

// TestLadderNotes: what a packet means among the others.
func TestLadderNotes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file  string
		frame int64
		want  string
	}{
		{"05-syn-drop/client.pcap", 12, "the 2nd time, and nothing came back"},
		{"06-synack-lost/server.pcap", 4, "the 2nd time, though it was answered"},
		{"06-synack-lost/server.pcap", 7, "the 4th time: the client's ACK did not come"},
		{"07-fw-reset/client.pcap", 11, "TTL 64"},
		{"10-blackhole/client.pcap", 6, "the 3rd time: not acknowledged"},
		{"11-mtu/client.pcap", 9, "1448 bytes before it did not come"},
		{"11-mtu/client.pcap", 10, "asks for Seq=2 again"},
		{"01-ok-tls12/client.pcap", 15, ""},
	} {
		steps, _, err := capture.Ladder(t.Context(), filepath.Join("../fixtures/captures", tt.file), 0, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(steps, func(s capture.Step) bool { return s.Frame == tt.frame })
		if i < 0 || steps[i].Note != tt.want {
			t.Errorf("%s frame %d: %+v, want the note %q", tt.file, tt.frame, steps, tt.want)
		}
	}
}

// fragmented sends every long IPv4 packet in pieces of 104 bytes, the last one first.
func (c recording) fragmented() recording {
	const size = 104
	out := recording{name: c.name, link: c.link}
	for _, f := range c.frames {
		ip := f.data[14:]
		if binary.BigEndian.Uint16(f.data[12:]) != 0x0800 || len(ip) < 20+2*size || int(binary.BigEndian.Uint16(ip[2:])) != len(ip) || binary.BigEndian.Uint16(ip[4:]) == 0 {
			out.frames = append(out.frames, f)
			continue
		}
		var pieces []frame
		for at := 0; at < len(ip)-20; at += size {
			end := min(at+size, len(ip)-20)
			b := slices.Concat(f.data[:34], ip[20+at:20+end])
			binary.BigEndian.PutUint16(b[14+2:], uint16(20+end-at))
			offset := uint16(at / 8)
			if end < len(ip)-20 {
				offset |= 1 << 13 // more fragments
			}
			binary.BigEndian.PutUint16(b[14+6:], offset)
			pieces = append(pieces, frame{f.at, b})
		}
		slices.Reverse(pieces)
		out.frames = append(out.frames, pieces...)
	}
	return out
}

// TestFragmentsAreCutWhole: fragments change no verdict, and all of them are in what is cut out.
func TestFragmentsAreCutWhole(t *testing.T) {
	t.Parallel()
	for _, c := range recordings(t) {
		if c.name != "18-cert-client-expired-tls12/client.pcap" && c.name != "11-mtu/server.pcap" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want, pieces := c.judge(t), c.fragmented()
			if len(pieces.frames) <= len(c.frames) {
				t.Fatal("nothing is long enough to be sent in pieces")
			}
			same(t, "fragments", want, pieces.judge(t))
			path := filepath.Join(t.TempDir(), "pieces.pcap")
			if err := os.WriteFile(path, pieces.write(binary.LittleEndian, true, ethernet, snapAll), 0o600); err != nil {
				t.Fatal(err)
			}
			var numbers []int
			for _, s := range want.Sessions {
				numbers = append(numbers, s.Session)
			}
			var cut bytes.Buffer
			written, err := capture.Cut(t.Context(), []capture.Part{{Path: path, Sessions: numbers}}, &cut, capture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			again := judge(t, "cut", cut.Bytes())
			same(t, "cutting out", want, again)
			for i, s := range again.Sessions {
				if w := want.Sessions[i]; s.BytesClient != w.BytesClient || s.BytesServer != w.BytesServer || s.Reason != w.Reason {
					t.Errorf("session %d: %d and %d bytes, %s; want %d and %d, %s", i, s.BytesClient, s.BytesServer, s.Reason, w.BytesClient, w.BytesServer, w.Reason)
				}
			}
			if int64(written) != again.Packets || written <= int(want.PortPackets) {
				t.Errorf("%d packets were written, %d are in the file; whole there were %d", written, again.Packets, want.PortPackets)
			}
		})
	}
}
