// Package fact holds what was found out, typed and dated, without saying what it means.
//
// analyze fills a Set; rules reads it; nothing else connects the two. A fact is never a guess: where something could not
// be read there is a fact that says so. Every fact belongs to a node or to a pair of addresses and points at its evidence.
// The field names (struct tag "cel") are the vocabulary of the rule conditions. Start at Set.
package fact

import (
	"time"

	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/certificate"
	"cbdoctor/stamp"
)

// Set is everything that is known of one cluster from one body of material.
type Set struct {
	Port         uint16
	Inputs       []Input
	Nodes        []Node
	Statuses     []Status
	HealthChecks []HealthCheck
	Messages     []Message
	Upgrades     []Upgrade
	Commands     []Command
	Links        []Link
	Certificates []Certificate
	Clocks       []Clock
	Captures     []*capture.Result
	Paths        []points.Path           // what captures of several points say together
	Ladders      []capture.SessionLadder // of decisive sessions, where the captures could be read again
	Lines        Lines
	Gaps         []Gap
	Timeline     []Event
}

// Source points at the bytes that show a fact: lines of a text file, or frames of a capture.
type Source struct {
	File   string  `json:"file" cel:"file"`
	Line   int     `json:"line,omitempty" cel:"line"`     // from 1
	Frames []int64 `json:"frames,omitempty" cel:"frames"` // from 1, as Wireshark counts them
	Filter string  `json:"filter,omitempty" cel:"filter"` // Wireshark display filter
	Text   string  `json:"text,omitempty" cel:"text"`     // the line, or what the frames show; cut to 400 runes, secrets removed
}

// Span dates a fact: first and last time seen (UTC, after the node's clock offset was taken off), how often, and what shows it.
// Sources has at most SourceLimit entries: the first ones and the last; Count is complete.
type Span struct {
	First       stamp.Time    `json:"first,omitzero" cel:"first"`
	Last        stamp.Time    `json:"last,omitzero" cel:"last"`
	Uncertainty time.Duration `json:"uncertainty,omitempty" cel:"uncertainty"` // of the clock that dated it
	Count       int           `json:"count" cel:"count"`
	Sources     []Source      `json:"sources" cel:"sources"`
}

// SourceLimit is how many sources a fact keeps; an engineer reads three, a machine rarely more.
const SourceLimit = 8

// Input is one file that was looked at, and what it turned out to be.
type Input struct {
	Path    string `json:"path" cel:"path"`           // "dir/logbundle.tar.gz!log/syslog" for a member of an archive
	Kind    string `json:"kind" cel:"kind"`           // bundle.Kind
	Node    string `json:"node,omitempty" cel:"node"` // address or, when that is not known, name
	Bytes   int64  `json:"bytes" cel:"bytes"`
	SHA256  string `json:"sha256,omitempty" cel:"sha256"`
	Problem string `json:"problem,omitempty" cel:"problem"` // empty when it was read whole
	Damaged bool   `json:"-" cel:"damaged"`                 // the problem is a cut-off or broken file
	Lines   *Lines `json:"lines,omitempty" cel:"-"`         // of a text
	Place   string `json:"place,omitempty" cel:"place"`     // PlaceOpen, PlaceForeign, or "" for a file of a known node
}

// Where a file belongs, when that is not one of the cluster's nodes.
const (
	PlaceOpen    = "open"    // nothing tells which node it is of
	PlaceForeign = "foreign" // of a machine that nothing connects to the cluster
)

// Roles of a node in the cluster, in today's words.
const (
	Primary = "primary" // "Master" before 2020
	Replica = "replica" // "Slave" before 2020
	Client  = "client"  // connected without a database of its own
	Unknown = "unknown"
)

// Node is a machine of the cluster, whatever it was called in the material.
type Node struct {
	Address   string   `json:"address" cel:"address"` // of the database interface; empty when only a name is known
	Name      string   `json:"name,omitempty" cel:"name"`
	Aliases   []string `json:"aliases" cel:"aliases"`
	Role      string   `json:"role" cel:"role"`
	Connected string   `json:"connected,omitempty" cel:"connected"` // "yes", "no" or "" when nothing says so
	InSync    string   `json:"in_sync,omitempty" cel:"in_sync"`     // the same
	Version   string   `json:"version,omitempty" cel:"version"`     // CMS version
	Database  bool     `json:"database" cel:"database"`             // named as a database node by some status
	HasLog    bool     `json:"has_log" cel:"has_log"`
	HasStatus bool     `json:"has_status" cel:"has_status"`
	HasPcap   bool     `json:"has_capture" cel:"has_capture"`
	Timezone  string   `json:"timezone,omitempty" cel:"timezone"` // in which its log times were read, where they print none
	// ClockAhead is how far its clock is ahead of that of the others (negative: behind). It was taken off all its times.
	ClockAhead time.Duration `json:"clock_ahead,omitempty" cel:"clock_ahead"`
	Files      []string      `json:"files,omitempty" cel:"files"`       // certificate and key files that "pki list" shows
	NamedBy    []Source      `json:"named_by,omitempty" cel:"named_by"` // who names it, when it has no material of its own
	// Unreachable is why the collector got no SSH connection to it; "" when it got one, or did not try.
	Unreachable string `json:"unreachable,omitempty" cel:"unreachable"`
	// Uncollected is what the collector asked of it and did not get, and why; "" when it got all, or no connection.
	Uncollected string `json:"uncollected,omitempty" cel:"uncollected"`
}

// Status is one output of `database cluster status`: one node's view.
type Status struct {
	Node         string            `json:"node" cel:"node"`
	Time         stamp.Time        `json:"time,omitzero" cel:"time"`
	Status       string            `json:"status" cel:"status"` // "Enabled", "Error", "Disabled", as printed
	Error        string            `json:"error,omitempty" cel:"error"`
	Members      []Member          `json:"members" cel:"members"`
	NodeInUse    string            `json:"node_in_use,omitempty" cel:"node_in_use"`
	Interface    string            `json:"interface,omitempty" cel:"interface"`
	Certificates map[string]string `json:"certificates,omitempty" cel:"certificates"` // "client_certificate" -> file name; keys: server_key, server_certificate, client_key, client_certificate, ca_certificate
	LastCommand  string            `json:"last_command,omitempty" cel:"last_command"`
	LastResult   string            `json:"last_result,omitempty" cel:"last_result"` // "success", "failed", "in progress", or as printed in lower case
	Source       Source            `json:"source" cel:"source"`
	Superseded   bool              `json:"superseded,omitempty" cel:"superseded"` // a later status of the same node is here too
}

// Member is one line under "Nodes:" of a status.
type Member struct {
	Address   string `json:"address" cel:"address"`
	Me        bool   `json:"me" cel:"me"`
	Connected bool   `json:"connected" cel:"connected"`
	Role      string `json:"role" cel:"role"`
	InSync    string `json:"in_sync" cel:"in_sync"` // "yes", "no", or "" when the line does not say
	Text      string `json:"text" cel:"text"`       // as printed, without the address
	Line      int    `json:"line" cel:"line"`
}

// Reasons of a failed health check or of a failed connection that a log tells.
const (
	ReasonRefused     = "refused"
	ReasonTimeout     = "timeout"
	ReasonNoRoute     = "no-route" // host or network unreachable
	ReasonReset       = "reset"
	ReasonClosed      = "closed" // server closed the connection unexpectedly, EOF
	ReasonTLSAlert    = "tls-alert"
	ReasonTLSVerify   = "tls-verify" // we reject the other's certificate
	ReasonTLSVersion  = "tls-version"
	ReasonTLSCipher   = "tls-cipher"
	ReasonTLSOff      = "tls-off"
	ReasonTLSOther    = "tls-other"
	ReasonNotPostgres = "not-postgres"
	ReasonCertFile    = "cert-file" // a certificate or key file is missing, unreadable or does not match
	ReasonAuth        = "auth"      // FATAL of class 28
	ReasonClientCN    = "client-cn"
	ReasonClientCert  = "client-cert-missing"
	ReasonTooMany     = "too-many-connections"
	ReasonStarting    = "starting"
	ReasonStopping    = "stopping"
	ReasonResolve     = "resolve" // the name could not be resolved
	ReasonOther       = "other"
)

// HealthCheck is all failed sfpool health checks of one client against one server with one reason.
type HealthCheck struct {
	Client  string `json:"client" cel:"client"` // address of the node that checks; its name when no address is known
	Server  string `json:"server" cel:"server"`
	Port    int    `json:"port" cel:"port"`
	Reason  string `json:"reason" cel:"reason"`
	Alert   string `json:"alert,omitempty" cel:"alert"` // RFC name of the TLS alert received, e.g. "certificate_expired"
	Text    string `json:"text" cel:"text"`             // libpq's message of the last one
	Ongoing bool   `json:"ongoing" cel:"ongoing"`       // nothing later shows the same pair working, and the log does not go on long after it
	// Incidents counts runs of failures with healthy time between them; Changes counts good/bad changes of the pair, all reasons together.
	Incidents int `json:"incidents" cel:"incidents"`
	Changes   int `json:"changes" cel:"changes"`
	Span      `cel:"span"`
}

// Message is all PostgreSQL messages of one node of one class (and the same key arguments), regrouped from their chunks.
type Message struct {
	Node        string            `json:"node" cel:"node"`
	Class       string            `json:"class" cel:"class"`             // row of the message table in analyze, e.g. "wal-removed"
	Reason      string            `json:"reason,omitempty" cel:"reason"` // Reason constants, for messages about a connection
	Alert       string            `json:"alert,omitempty" cel:"alert"`   // TLS alert named in the message
	Level       string            `json:"level,omitempty" cel:"level"`   // PostgreSQL severity, "" when the head is missing
	SQLState    string            `json:"sqlstate,omitempty" cel:"sqlstate"`
	Text        string            `json:"text" cel:"text"` // primary message of the last one
	Detail      string            `json:"detail,omitempty" cel:"detail"`
	Function    string            `json:"function,omitempty" cel:"function"` // innermost PL/pgSQL function of the CONTEXT
	HeadMissing bool              `json:"head_missing" cel:"head_missing"`   // chunks 1..n are not in the log: the error text is not known
	Peer        string            `json:"peer,omitempty" cel:"peer"`         // address of the other side, when the message or a neighbour tells it
	Args        map[string]string `json:"args,omitempty" cel:"args"`         // values taken from the text, e.g. "user", "authenticated", "file"
	Ongoing     bool              `json:"ongoing" cel:"ongoing"`             // no later evidence that it is over
	Span        `cel:"span"`
}

// Upgrade is one run of schema_builder.
type Upgrade struct {
	Node      string `json:"node" cel:"node"`
	Complete  bool   `json:"complete" cel:"complete"`
	Confirmed bool   `json:"confirmed" cel:"confirmed"`   // dbcluster_watcher said "Operation Complete" after it
	Step      string `json:"step" cel:"step"`             // the furthest step reached: "started" ... "complete", "confirmed"
	LastStep  string `json:"last_step" cel:"last_step"`   // the last line of the run that was seen
	Error     string `json:"error,omitempty" cel:"error"` // what it says went wrong
	CutOff    bool   `json:"cut_off" cel:"cut_off"`       // the log ends within two minutes of the last step: it may still have been running
	Span      `cel:"span"`
}

// Command is an MMP command that somebody typed (the audit line of `cli`).
type Command struct {
	Node    string     `json:"node" cel:"node"`
	User    string     `json:"user" cel:"user"`
	From    string     `json:"from,omitempty" cel:"from"`
	Command string     `json:"command" cel:"command"`
	Granted bool       `json:"granted" cel:"granted"`
	Time    stamp.Time `json:"time,omitzero" cel:"time"`
	Source  Source     `json:"source" cel:"source"`
}

// Link is what all captures together say of the connections from one address to another on the database port.
type Link struct {
	Client       string         `json:"client" cel:"client"`
	Server       string         `json:"server" cel:"server"`
	Port         int            `json:"port" cel:"port"`
	Verdict      string         `json:"verdict" cel:"verdict"` // of the latest decisive session
	Confidence   string         `json:"confidence" cel:"confidence"`
	Reason       string         `json:"reason" cel:"reason"`
	NextCapture  string         `json:"next_capture,omitempty" cel:"next_capture"`
	Intermittent bool           `json:"intermittent" cel:"intermittent"`
	Changes      int            `json:"changes" cel:"changes"`
	Verdicts     map[string]int `json:"verdicts" cel:"verdicts"`         // sessions by verdict
	Observations map[string]int `json:"observations" cel:"observations"` // sessions by observation
	Good         int            `json:"good" cel:"good"`                 // sessions that worked
	Bad          int            `json:"bad" cel:"bad"`
	LastGood     stamp.Time     `json:"last_good,omitzero" cel:"last_good"`
	LastBad      stamp.Time     `json:"last_bad,omitzero" cel:"last_bad"`
	Points       []string       `json:"points" cel:"points"`       // capture files that saw it
	Path         string         `json:"path,omitempty" cel:"path"` // what captures of several points say together, in words
	// Of the decisive session:
	RTTMillis    float64  `json:"rtt_ms,omitempty" cel:"rtt_ms"`
	ICMPName     string   `json:"icmp,omitempty" cel:"icmp"`
	ICMPFirewall bool     `json:"icmp_firewall,omitempty" cel:"icmp_firewall"` // the ICMP code says administratively prohibited, or a port unreachable that a host with a live TCP service does not send
	Alert        string   `json:"alert,omitempty" cel:"alert"`
	AlertSender  string   `json:"alert_sender,omitempty" cel:"alert_sender"` // "client" or "server"
	SQLState     string   `json:"sqlstate,omitempty" cel:"sqlstate"`
	Message      string   `json:"message,omitempty" cel:"message"`
	Meanwhile    []string `json:"meanwhile,omitempty" cel:"meanwhile"`       // other clients that the server served while it refused all of this one
	ServerAlive  []string `json:"server_alive,omitempty" cel:"server_alive"` // what else of the server was seen working, e.g. "answered on 443 within 0.4 ms"
	// Earlier has the other verdicts of the pair, each as a link with the details of its latest session: what was wrong before.
	Earlier []Link       `json:"earlier,omitempty" cel:"-"`
	Former  bool         `json:"former,omitempty" cel:"former"` // this is such an earlier verdict
	Over    bool         `json:"over,omitempty" cel:"over"`     // the client's health checks failed at the same time, and stopped failing while its log goes on
	Span    `cel:"span"` // Sources: decisive session first
}

// Certificate is a certificate of a node, wherever it was seen.
type Certificate struct {
	Node     string                  `json:"node" cel:"node"`             // the node that presents it
	Side     string                  `json:"side" cel:"side"`             // "client", "server", "ca" or "" when the file does not say
	From     string                  `json:"from" cel:"from"`             // "capture", "file", "pki" (the text of pki inspect) or "status"
	File     string                  `json:"file" cel:"file"`             // name of the file on the node, when known
	Problems []string                `json:"problems" cel:"problems"`     // observations of VERDICTS.md: "cert-expired", ...
	Peers    []string                `json:"peers,omitempty" cel:"peers"` // addresses to which it was shown
	Rejected bool                    `json:"rejected" cel:"rejected"`     // a session in which it was shown failed in the TLS handshake or right after
	Seen     stamp.Time              `json:"seen,omitzero" cel:"seen"`    // when it was judged: capture or collection time
	Cert     certificate.Certificate `json:"certificate" cel:"certificate"`
	DaysLeft int                     `json:"days_left" cel:"days_left"` // from Seen to NotAfter, rounded down
	Span     `cel:"span"`
}

// Clock is the difference between two clocks, estimated from events that both saw.
type Clock struct {
	A      string        `json:"a" cel:"a"` // node, or capture file
	B      string        `json:"b" cel:"b"`
	Offset time.Duration `json:"offset" cel:"offset"`         // what A shows minus what B shows
	Within time.Duration `json:"within" cel:"within"`         // the true offset is in Offset ± Within
	Given  bool          `json:"given,omitempty" cel:"given"` // the user said which lines show the same event
	Span   `cel:"span"`
}

// Lines is the coverage of the logs.
type Lines struct {
	Seen       int64   `json:"seen" cel:"seen"`
	Recognised int64   `json:"recognised" cel:"recognised"`
	Ignored    int64   `json:"ignored,omitempty" cel:"ignored"` // of these: of programs and commands that say nothing of the database
	Unknown    *Source `json:"first_unknown,omitempty" cel:"first_unknown"`
}

// Gap is a span in which a node's log has no line although it should.
type Gap struct {
	Node string     `json:"node" cel:"node"`
	From stamp.Time `json:"from" cel:"from"`
	To   stamp.Time `json:"to" cel:"to"`
}

// Event is one entry of the timeline, thinned: a thousand equal failures are one entry.
type Event struct {
	Time   stamp.Time `json:"time" cel:"time"`
	Last   stamp.Time `json:"last,omitzero" cel:"last"`
	Count  int        `json:"count,omitempty" cel:"count"`
	Node   string     `json:"node" cel:"node"`
	Kind   string     `json:"kind" cel:"kind"` // "health-check", "postgres", "schema", "command", "session"
	Text   string     `json:"text" cel:"text"`
	Pair   string     `json:"pair,omitempty" cel:"pair"` // "client>server", to join it to findings
	Source Source     `json:"evidence" cel:"source"`
}
