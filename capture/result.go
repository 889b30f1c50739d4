package capture

import (
	"net/netip"
	"slices"

	"cbdoctor/capture/packet"
	"cbdoctor/certificate"
	"cbdoctor/stamp"
)

// Confidence says how much the packets prove: see VERDICTS in docs/verdicts.md.
type Confidence string

// The three degrees of confidence.
const (
	High   Confidence = "high"   // the packets prove it
	Medium Confidence = "medium" // the packets fit it and nothing in them speaks against it
	Low    Confidence = "low"    // inferred
)

// Result is what one capture file says. Its JSON form is the element of "captures" in the report, version 1.
type Result struct {
	File        string     `json:"file"`
	Format      string     `json:"format,omitempty"` // "pcap", "pcap-ns", "pcapng", with "+gzip", "+zstd", "+lz4" when compressed
	LinkTypes   []string   `json:"link_types,omitempty"`
	Packets     int64      `json:"packets"`      // packets in the file, frames as Wireshark counts them
	PortPackets int64      `json:"port_packets"` // of these, TCP packets of the database port
	First       stamp.Time `json:"first,omitzero"`
	Last        stamp.Time `json:"last,omitzero"`
	Problem     string     `json:"problem,omitempty"`  // why the file could not be read to its end, or what is odd about it
	LeftOut     string     `json:"left_out,omitempty"` // what a documented limit made us leave out
	Notes       *Notes     `json:"notes,omitempty"`    // what the file says about itself
	Sessions    []Session  `json:"sessions"`
	Pairs       []Pair     `json:"pairs"`

	hosts       *packet.Hosts // of other ports
	lateSecrets []byte        // TLS secrets of the file, where some stand behind packets that they may open
}

// Saw reports whether the capture has packets of a host, on whatever port. Of a large capture it may miss a host without connections.
func (r *Result) Saw(host netip.Addr) bool {
	text := host.String()
	return r.hosts != nil && r.hosts.Lookup(packet.AddrFrom(host)) != nil ||
		slices.ContainsFunc(r.Pairs, func(p Pair) bool { return p.Client == text || p.Server == text })
}

// Session is one TCP connection attempt to the database port and its verdict.
type Session struct {
	Session      int           `json:"session"` // in the order of first packets, from 0
	Client       string        `json:"client"`  // "10.48.36.118:49002", "[2001:db8::1]:49002"
	Server       string        `json:"server"`
	Verdict      Verdict       `json:"verdict"`
	Confidence   Confidence    `json:"confidence"`
	Reason       string        `json:"reason"`                 // one line, figures included
	NextCapture  string        `json:"next_capture,omitempty"` // address of the node on which a capture would decide what this one can't
	Observations []string      `json:"observations"`
	Evidence     []int64       `json:"evidence"` // frame numbers, from 1
	Filter       string        `json:"filter"`   // Wireshark display filter that selects exactly this session
	History      string        `json:"history,omitempty"`
	FirstFrame   int64         `json:"first_frame"`
	LastFrame    int64         `json:"last_frame"` // of its TCP packets: an ICMP error that quotes it may come later
	First        stamp.Time    `json:"first"`
	Last         stamp.Time    `json:"last"`
	RTTMillis    float64       `json:"rtt_ms,omitempty"` // SYN to SYN-ACK or SYN-ACK to ACK, whichever crosses the path
	BytesClient  int64         `json:"bytes_client"`     // TCP payload sent by the client, retransmissions not counted
	BytesServer  int64         `json:"bytes_server"`
	ICMP         *ICMP         `json:"icmp,omitempty"`
	TLS          *TLS          `json:"tls,omitempty"`
	Postgres     *Postgres     `json:"postgres,omitempty"`
	Certificates *Certificates `json:"certificates,omitempty"`

	Trail      Trail      `json:"-"`
	CaptureEnd stamp.Time `json:"-"` // when the capture ends
}

// Trail is what tells a session again at another point of its way, where addresses and ports may be others.
type Trail struct {
	ISN    [2]uint32 // initial sequence numbers of client and server
	HasISN [2]bool   // which of them are known
	Hello  uint64    // the first 8 bytes of the ClientHello's random, 0 when none was seen
}

// end is the last frame that has to do with the session: an ICMP error is no part of it but evidence.
func (s *Session) end() int64 {
	end := s.LastFrame
	if s.ICMP != nil {
		end = max(end, s.ICMP.Frame)
	}
	for _, frame := range s.Evidence {
		end = max(end, frame)
	}
	return end
}

// ICMP is the unreachable message that quoted this session's packet.
type ICMP struct {
	Frame  int64  `json:"frame"`
	Type   uint8  `json:"type"`
	Code   uint8  `json:"code"`
	Name   string `json:"name"` // e.g. "communication administratively prohibited" (RFC 1812 5.2.7.1)
	Sender string `json:"sender"`
	V6     bool   `json:"v6,omitempty"`
}

// TLS is what was seen of the TLS handshake.
type TLS struct {
	Version string `json:"version,omitempty"` // "TLS 1.2"
	Cipher  string `json:"cipher,omitempty"`  // IANA name
	SNI     string `json:"sni,omitempty"`
	Alert   *Alert `json:"alert,omitempty"` // the one that ended the session, else the first warning; close_notify is none
	Mutual  bool   `json:"mutual"`          // the server asked for a client certificate
}

// EndedBy is the alert that ended the session, nil where there is none, or a warning only. In TLS 1.3 the level means nothing (RFC 8446
// section 6).
func (t *TLS) EndedBy() *Alert {
	const userCanceled = 90
	if t == nil || t.Alert == nil || t.Alert.Level != "fatal" && (t.Version != "TLS 1.3" || t.Alert.Code == userCanceled) {
		return nil
	}
	return t.Alert
}

// Alert is a TLS alert in clear text (RFC 8446 section 6, RFC 5246 section 7.2).
type Alert struct {
	Frame  int64  `json:"frame"`
	Sender string `json:"sender"` // "client" or "server"
	Level  string `json:"level"`  // "warning" or "fatal"
	Code   uint8  `json:"code"`
	Name   string `json:"name"`            // RFC name, e.g. "certificate_expired"
	Stage  string `json:"stage,omitempty"` // which handshake message it answered
}

// Postgres is what was seen of the PostgreSQL protocol in clear text (or decrypted with a key log).
type Postgres struct {
	SSLReply        string `json:"ssl_reply,omitempty"` // "S", "N", "E", or the first byte as it was
	User            string `json:"user,omitempty"`
	Database        string `json:"database,omitempty"`
	ApplicationName string `json:"application_name,omitempty"`
	SQLState        string `json:"sqlstate,omitempty"`
	Message         string `json:"message,omitempty"`
}

// Certificates are the chains that both sides showed, leaf first.
type Certificates struct {
	Client []certificate.Certificate `json:"client,omitempty"`
	Server []certificate.Certificate `json:"server,omitempty"`
}

// Pair sums up all sessions from one client address to one server address and port.
type Pair struct {
	Client       string            `json:"client"`
	Server       string            `json:"server"`
	Port         uint16            `json:"port"`
	Verdict      Verdict           `json:"verdict"` // of the latest decisive session
	Confidence   Confidence        `json:"confidence"`
	Intermittent bool              `json:"intermittent"` // good and bad sessions alternate
	Changes      int               `json:"changes"`      // how often good turned to bad or bad to good
	Sessions     map[Verdict]int64 `json:"sessions"`     // counts, complete even where sessions are not listed
	First        stamp.Time        `json:"first"`
	Last         stamp.Time        `json:"last"`
	// Spans has the first and last time of each verdict.
	Spans map[Verdict]Span `json:"spans"`
	// Observations counts the sessions that carry each observation.
	Observations map[string]int64 `json:"observations,omitempty"`
	// Decisive is the number of the session that Verdict was taken from.
	Decisive int `json:"decisive"`
}

// Span is a first and a last time.
type Span struct {
	First stamp.Time `json:"first"`
	Last  stamp.Time `json:"last"`
}

// Join is the shortest span that has both; the zero value is no time at all.
func (s Span) Join(o Span) Span {
	return Span{stamp.Earlier(s.First, o.First), stamp.Later(s.Last, o.Last)}
}

// Meets reports whether two spans have a moment in common.
func (s Span) Meets(o Span) bool {
	return !s.First.T.After(o.Last.T) && !s.Last.T.Before(o.First.T)
}
