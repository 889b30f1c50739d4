package capture

// Verdict is the furthest point that a session reached and what stopped it there. Every session has exactly one.
type Verdict string

// The verdicts; the table in table.go says what each means and when it is given.
const (
	OK                   Verdict = "ok"
	OKRecovered          Verdict = "ok-recovered"
	OKPlaintext          Verdict = "ok-plaintext"
	SYNDropped           Verdict = "syn-dropped"
	SYNACKLost           Verdict = "synack-lost"
	Refused              Verdict = "refused"
	RefusedByMiddlebox   Verdict = "refused-by-middlebox"
	ICMPUnreachable      Verdict = "icmp-unreachable"
	ARPUnanswered        Verdict = "arp-unanswered"
	BlackholeAfterTCP    Verdict = "blackhole-after-handshake"
	MTUBlackhole         Verdict = "mtu-blackhole"
	IdleDrop             Verdict = "idle-drop"
	Stalled              Verdict = "stalled"
	ResetByServer        Verdict = "reset-by-server"
	ResetByClient        Verdict = "reset-by-client"
	ResetInjected        Verdict = "reset-injected"
	ServerSilent         Verdict = "server-silent"
	ClosedEarly          Verdict = "closed-early"
	SSLRefused           Verdict = "ssl-refused"
	ClosedByClient       Verdict = "closed-by-client"
	PGError              Verdict = "pg-error"
	NotPostgres          Verdict = "not-postgres"
	TLSAlert             Verdict = "tls-alert"
	TLSClosed            Verdict = "tls-closed"
	TLSRejectedEncrypted Verdict = "tls-rejected-encrypted"
	PGRejectedEncrypted  Verdict = "pg-rejected-encrypted"
	TLSStalled           Verdict = "tls-stalled"
	ClientTimeout        Verdict = "client-timeout"
	Open                 Verdict = "open"
	Midstream            Verdict = "midstream"
	OneWay               Verdict = "one-way"
)

// Good reports whether nothing is wrong with a session of this verdict as far as the capture shows.
func (v Verdict) Good() bool {
	switch v {
	case OK, OKRecovered, OKPlaintext, Open, Midstream, ClosedByClient:
		return true
	}
	return false
}

// fixAreas are where what is wrong must be repaired, by verdict, in the order of the documentation.
var fixAreas = []struct {
	verdict Verdict
	area    string
}{
	{OK, "none"},
	{OKRecovered, "network"},
	{OKPlaintext, "certificate"},
	{SYNDropped, "firewall"},
	{SYNACKLost, "firewall"},
	{Refused, "service"},
	{RefusedByMiddlebox, "firewall"},
	{ICMPUnreachable, "firewall or network"},
	{ARPUnanswered, "network"},
	{BlackholeAfterTCP, "firewall"},
	{MTUBlackhole, "network"},
	{IdleDrop, "firewall"},
	{Stalled, "service"},
	{ResetByServer, "service"},
	{ResetByClient, "service"},
	{ResetInjected, "firewall"},
	{ServerSilent, "service"},
	{ClosedEarly, "service"},
	{SSLRefused, "certificate"},
	{ClosedByClient, "none"},
	{PGError, "service"},
	{NotPostgres, "service"},
	{TLSAlert, "certificate"},
	{TLSClosed, "certificate"},
	{TLSRejectedEncrypted, "certificate"},
	{PGRejectedEncrypted, "certificate or service"},
	{TLSStalled, "service"},
	{ClientTimeout, "network"},
	{Open, "none"},
	{Midstream, "none"},
	{OneWay, "capture"},
}
