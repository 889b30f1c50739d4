package capture_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cbdoctor/capture"
	"cbdoctor/capture/packet"
	"cbdoctor/capture/tlswire"
)

// corpusDir has captures of other projects, with tshark's view of each. They are never part of this repository.
const corpusDir = "../../shared/captures-public"

// corpusDiffers are the streams which we read otherwise than tshark 4.0 does, and why that is right. The key is the name of the
// capture and the aspect.
var corpusDiffers = map[string]string{
	"deepflow--ip6-vxlan.pcap payload":                                "the tunnel's UDP length is less than the IP packet in it: we believe the inner header, as the sequence numbers do",
	"suricata-verify--tcp-session-decode-malformed-ipv4.pcap payload": "IPv4 options that end behind the header: the segment in the packet is sound",
	"deepflow--tcp-one-syn.pcap sessions":                             "a server on port 0, which can't be asked for",
}

type corpusEnd struct {
	IP   string `json:"ip"`
	Port uint16 `json:"port"`
}

func (e corpusEnd) String() string {
	a, err := netip.ParseAddr(e.IP)
	if err != nil {
		return e.IP
	}
	return netip.AddrPortFrom(a, e.Port).String()
}

type corpusEvent struct {
	Frame  int64  `json:"frame"`
	By     string `json:"by"`
	Level  string `json:"level"`
	Code   uint8  `json:"code"`
	SHA256 string `json:"sha256"`
}

type corpusStream struct {
	Client  corpusEnd `json:"client"`
	Server  corpusEnd `json:"server"`
	Guessed bool      `json:"guessed"`
	First   int64     `json:"first_frame"`
	Last    int64     `json:"last_frame"`
	Payload struct {
		Client int64 `json:"client"`
		Server int64 `json:"server"`
	} `json:"payload_bytes"`
	Retransmissions struct {
		Client int64 `json:"client"`
		Server int64 `json:"server"`
	} `json:"retransmissions"`
	Handshake string `json:"handshake"`
	Postgres  *struct {
		Startup *struct {
			Parameters map[string]string `json:"parameters"`
		} `json:"startup"`
		Error *struct {
			Frame    int64  `json:"frame"`
			SQLState string `json:"sqlstate"`
			Message  string `json:"message"`
		} `json:"first_error"`
		Ready    int64    `json:"ready"`
		SSLReply []string `json:"ssl_response"`
	} `json:"pgsql"`
	TLS *struct {
		Version      string        `json:"version"`
		Cipher       string        `json:"cipher"`
		SNI          string        `json:"sni"`
		Alerts       []corpusEvent `json:"alerts"`
		Certificates []corpusEvent `json:"certificates"`
		Request      []corpusEvent `json:"certificate_request"`
	} `json:"tls"`
}

type corpusFile struct {
	Ports   map[string]struct{} `json:"ports"`
	Streams []corpusStream      `json:"streams"`
}

// TestCorpusSessions judges the sessions of every server port of every public capture and compares them with tshark's streams:
// ends, frames, handshakes, TLS, certificates and PostgreSQL. Of malformed ones it asks that judging ends.
func TestCorpusSessions(t *testing.T) {
	t.Parallel()
	truths, _ := filepath.Glob(filepath.Join(corpusDir, "truth", "*", "*.json"))
	if len(truths) == 0 {
		t.Skipf("the public captures are not at %s", corpusDir)
	}
	for _, path := range truths {
		kind, name := filepath.Base(filepath.Dir(path)), strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(kind+"/"+name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var truth corpusFile
			if err := json.Unmarshal(raw, &truth); err != nil {
				t.Fatal(err)
			}
			ports := []string{"5432"}
			for port := range truth.Ports {
				ports = append(ports, port)
			}
			for _, port := range ports {
				number, _ := strconv.Atoi(port)
				r, err := capture.AnalyzeFile(t.Context(), filepath.Join(corpusDir, kind, name), capture.Options{Port: uint16(number), AllSessions: true})
				if errors.Is(err, packet.ErrNotCapture) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				showSessions(t, filepath.Join(corpusDir, kind, name), r, capture.Options{Port: uint16(number)})
				if kind != "malformed" {
					compareStreams(t, name, uint16(number), &truth, r)
				}
			}
		})
	}
}

// showSessions makes the ladder of the first session and cuts all out: neither must fail on whatever is in them.
func showSessions(t *testing.T, path string, r *capture.Result, opt capture.Options) {
	t.Helper()
	var numbers []int
	for _, s := range r.Sessions {
		numbers = append(numbers, s.Session)
	}
	if len(numbers) == 0 {
		return
	}
	steps, _, err := capture.Ladder(t.Context(), path, numbers[0], opt)
	if err != nil || len(steps) == 0 {
		t.Errorf("ladder of session %d: %d steps, %v", numbers[0], len(steps), err)
	}
	if _, err := capture.Cut(t.Context(), []capture.Part{{Path: path, Sessions: numbers}}, io.Discard, opt); err != nil {
		t.Errorf("cut: %v", err)
	}
}

// compareStreams holds the sessions of one server port against tshark's streams.
func compareStreams(t *testing.T, name string, port uint16, truth *corpusFile, r *capture.Result) {
	t.Helper()
	sessions := slices.Clone(r.Sessions)
	for i := range truth.Streams {
		x := &truth.Streams[i]
		if x.Server.Port != port {
			continue
		}
		at := slices.IndexFunc(sessions, func(s capture.Session) bool {
			return s.FirstFrame == x.First && s.Client == x.Client.String() && s.Server == x.Server.String()
		})
		if at < 0 {
			report(t, name, "sessions", fmt.Sprintf("no session %s to %s from frame %d", x.Client, x.Server, x.First))
			continue
		}
		for aspect, problem := range compareStream(x, &sessions[at]) {
			report(t, name, aspect, fmt.Sprintf("session %d from frame %d (%s): %s", sessions[at].Session, x.First, sessions[at].Verdict, problem))
		}
		sessions = slices.Delete(sessions, at, at+1)
	}
	for _, s := range sessions {
		if s.Verdict != capture.ARPUnanswered {
			report(t, name, "sessions", fmt.Sprintf("session %d (%s to %s from frame %d) is none of tshark's streams", s.Session, s.Client, s.Server, s.FirstFrame))
		}
	}
}

func report(t *testing.T, name, aspect, problem string) {
	t.Helper()
	if reason, known := corpusDiffers[name+" "+aspect]; known {
		t.Logf("%s: %s (known: %s)", aspect, problem, reason)
		return
	}
	t.Errorf("%s: %s", aspect, problem)
}

// handshakeVerdicts are what a session may be judged whose handshake ended so; a handshake that is not here says nothing.
var handshakeVerdicts = map[string][]capture.Verdict{
	"refused":          {capture.Refused, capture.RefusedByMiddlebox},
	"unanswered":       {capture.SYNDropped, capture.ICMPUnreachable, capture.Open, capture.ARPUnanswered},
	"synack not acked": {capture.SYNACKLost, capture.Open, capture.ClosedByClient, capture.ClientTimeout},
	"one-way capture":  {capture.OneWay},
}

// compareStream returns what differs, by aspect.
func compareStream(x *corpusStream, s *capture.Session) map[string]string {
	out := map[string]string{}
	differ := func(aspect string, got, want any) {
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			out[aspect] = fmt.Sprintf("%s, tshark has %s", g, w)
		}
	}
	differ("last frame", s.LastFrame, x.Last)
	if x.Retransmissions.Client+x.Retransmissions.Server == 0 {
		differ("payload", [2]int64{s.BytesClient, s.BytesServer}, [2]int64{x.Payload.Client, x.Payload.Server})
	}
	if allowed := handshakeVerdicts[x.Handshake]; allowed != nil && !slices.Contains(allowed, s.Verdict) {
		out["handshake"] = fmt.Sprintf("judged %s, tshark: %s", s.Verdict, x.Handshake)
	} else if allowed == nil {
		for _, h := range []string{"refused", "unanswered", "synack not acked"} {
			if s.Verdict != capture.Open && s.Verdict != capture.ClosedByClient && s.Verdict != capture.ClientTimeout && slices.Contains(handshakeVerdicts[h], s.Verdict) {
				out["handshake"] = fmt.Sprintf("judged %s, tshark: %s", s.Verdict, x.Handshake)
			}
		}
	}
	if p := x.Postgres; p != nil {
		got := s.Postgres
		if got == nil {
			got = &capture.Postgres{}
		}
		if len(p.SSLReply) > 0 {
			differ("ssl reply", got.SSLReply, p.SSLReply[0])
		}
		if p.Startup != nil {
			differ("user", got.User, p.Startup.Parameters["user"])
			differ("database", got.Database, p.Startup.Parameters["database"])
			differ("application_name", got.ApplicationName, p.Startup.Parameters["application_name"])
		}
		if e := p.Error; e != nil && e.SQLState != "" && (p.Ready == 0 || e.Frame < p.Ready) {
			differ("sqlstate", got.SQLState, e.SQLState)
			differ("message", got.Message, e.Message)
		}
	}
	if x.TLS == nil {
		return out
	}
	got := s.TLS
	if got == nil {
		got = &capture.TLS{}
	}
	cipher, _ := strconv.ParseUint(strings.TrimPrefix(x.TLS.Cipher, "0x"), 16, 16)
	differ("TLS version", got.Version, x.TLS.Version)
	differ("cipher", got.Cipher, tlswire.CipherName(uint16(cipher)))
	differ("SNI", got.SNI, x.TLS.SNI)
	if len(x.TLS.Request) > 0 && !got.Mutual {
		out["mutual"] = "the CertificateRequest was not seen"
	}
	alert, want := "none", "none"
	if a := got.Alert; a != nil {
		alert = fmt.Sprintf("frame %d by %s %s %d", a.Frame, a.Sender, a.Level, a.Code)
	}
	for _, a := range x.TLS.Alerts {
		if a.Code != 0 {
			want = fmt.Sprintf("frame %d by %s %s %d", a.Frame, a.By, a.Level, a.Code)
			break
		}
	}
	differ("alert", alert, want)
	chains := map[string][]string{}
	for _, c := range x.TLS.Certificates {
		chains[c.By] = append(chains[c.By], c.SHA256)
	}
	mine := s.Certificates
	if mine == nil {
		mine = &capture.Certificates{}
	}
	var client, server []string
	for _, c := range mine.Client {
		client = append(client, c.SHA256)
	}
	for _, c := range mine.Server {
		server = append(server, c.SHA256)
	}
	differ("client certificates", client, chains["client"])
	differ("server certificates", server, chains["server"])
	return out
}
