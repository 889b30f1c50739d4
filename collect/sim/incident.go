package sim

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// Addresses of the demo's cluster, those of the tech note.
const (
	primary  = "10.48.36.61"
	cutOff   = "10.48.36.118" // a firewall drops what it sends to the primary
	outdated = "10.48.36.182" // its schema does not fit
)

// incident makes the material of the demo, which starts at begin and takes most of an hour.
type incident struct{ begin time.Time }

// Incident is the scenario of the demo: one replica is cut off from the primary by a firewall, another one has the schema
// error of tech note 210530. It began an hour before now, so that logs, captures and what the nodes answer fit together.
func Incident(now time.Time) Scenario {
	i := incident{now.UTC().Add(-time.Hour).Truncate(time.Minute)}
	return Scenario{User: "admin", Password: "demo", Nodes: []Node{
		i.node("cms01", primary, "initialize", map[string]string{cutOff: "Connection Failed", outdated: "Connected Replica ( In Sync )"}, "Connected Primary", i.background("cms01"), nil),
		i.node("cms02", cutOff, "join "+primary, map[string]string{primary: "Connection Failed", outdated: "Connected Replica ( In Sync )"}, "Connected Replica ( Syncing )", i.failingChecks("cms02"), i.unansweredSYNs()),
		i.node("cms03", outdated, "join "+primary, map[string]string{primary: "Connected Primary", cutOff: "Connection Failed"}, "Connected Replica ( In Sync )", i.schemaError("cms03"), nil),
	}}
}

func (i incident) node(name, address, last string, others map[string]string, own, log string, capture []byte) Node {
	n := Node{Name: name, Address: address, Answers: map[string]string{
		"version":                 "3.9.1\n",
		"database cluster status": status(address, others, own, last),
		"ipv4 a":                  ipv4(address),
		"pki list":                "User supplied certificates and keys:\ndbclusterserver.key\ndbclusterserver.cer\ndbclusterclient.key\ndbclusterclient.cer\nrootCA.cer\n",
	}}
	maps.Copy(n.Answers, i.inspections(name))
	n.Files = []File{
		{Name: "log", Content: []byte(log), ModTime: i.begin.Add(time.Hour)},
		{Name: "dbclusterclient.key", Content: []byte("never to be fetched\n"), ModTime: i.begin},
	}
	if capture != nil {
		n.Files = append(n.Files, File{Name: "a.pcap", Content: capture, ModTime: i.begin.Add(time.Hour)})
	}
	return n
}

// status prints what `database cluster status` prints since CMS 2.9 (tech note 210530, English edition).
func status(address string, others map[string]string, own, last string) string {
	var b strings.Builder
	b.WriteString("Status                   : Enabled\n\nNodes:\n")
	for _, a := range []string{primary, cutOff, outdated} {
		label, state := a, others[a]
		if a == address {
			label, state = a+" (me)", own
		}
		fmt.Fprintf(&b, "    %-21s: %s\n", label, state)
	}
	if address != cutOff {
		fmt.Fprintf(&b, "Node in use              : %s\n", primary)
	}
	b.WriteString("\nInterface                : a\n\nCertificates\n")
	for _, c := range [][2]string{{"Server Key", "dbclusterserver.key"}, {"Server Certificate", "dbclusterserver.cer"}, {"Client Key", "dbclusterclient.key"}, {"Client Certificate", "dbclusterclient.cer"}, {"CA Certificate", "rootCA.cer"}} {
		fmt.Fprintf(&b, "  %-23s: %s\n", c[0], c[1])
	}
	fmt.Fprintf(&b, "Last command             : 'database cluster %s' (Success)\n", last)
	return b.String()
}

func ipv4(address string) string {
	return "IPv4 configuration:\n    address         " + address + "\n    default         true\n    dhcp            false\n    enabled         true\n    gateway         10.48.36.1\n    prefixlen       24\nIPv4 observed values\nAddresses:\n" + address + "/24\n"
}

// log writes lines of CMS 3.9's format in the order of their times.
type log struct {
	b     strings.Builder
	host  string
	begin time.Time
}

func (l *log) line(at time.Duration, origin, format string, args ...any) {
	program, message := origin, fmt.Sprintf(format, args...)
	facility, program, _ := strings.Cut(program, " ")
	fmt.Fprintf(&l.b, "%s %s %s %s: %s\n", l.begin.Add(at).Format("2006-01-02T15:04:05.000"), facility, l.host, program, message)
}

// ordinary is what a Call Bridge logs all day.
func (l *log) ordinary(minute int) {
	at := time.Duration(minute) * time.Minute
	l.line(at+3*time.Second, "user.info host:server", `INFO : call %d: setting up UDT RTP session for DTLS (combined media and control)`, 100+minute)
	l.line(at+21*time.Second, "user.info host:server", `INFO : API trace %d: GET for "/api/v1/system/status" (from 10.48.36.9)`, 500+minute)
}

const minutes = 45

func (i incident) background(host string) string {
	l := &log{host: host, begin: i.begin}
	for m := range minutes {
		l.ordinary(m)
	}
	return l.b.String()
}

func (i incident) failingChecks(host string) string {
	l := &log{host: host, begin: i.begin}
	for m := range minutes {
		l.ordinary(m)
		for _, second := range []int{30, 50} {
			if m < 5 {
				continue
			}
			up := 0
			if m == 5 && second == 30 {
				up = 1
			}
			l.line(time.Duration(m)*time.Minute+time.Duration(second)*time.Second, "user.info sfpool",
				`Health check %s: error (up = %d): connection to server at "%s", port 5432 failed: timeout expired|`, primary, up, primary)
		}
	}
	return l.b.String()
}

// schemaError has the lines of the tech note, whose head is cut off there too.
func (i incident) schemaError(host string) string {
	l := &log{host: host, begin: i.begin}
	for m := range minutes {
		l.ordinary(m)
		if m != 20 {
			continue
		}
		for n, text := range []string{
			`SQL statement "INSERT INTO domains(domain_id, domain_name, tenant_id, target, priority, passcode_separator) VALUES (inp_domain_id, inp_domain_name, inp_tenant_id, existing_target, inp_priority, inp_passcode_separator)"`,
			`PL/pgSQL function create_or_update_matching_domain(boolean,uuid,text,boolean,uuid,integer,integer,integer,text) line 61 at SQL statement`,
			`SQL statement "SELECT * FROM create_or_update_matching_domain(TRUE, inp_domain_id, inp_domain_name, TRUE, inp_tenant_id, inp_target_true, 0, inp_priority, inp_passcode_separator)"`,
			`PL/pgSQL function create_matching_domain(uuid,text,uuid,integer,integer,text) line 3 at SQL statement`,
		} {
			l.line(20*time.Minute+40*time.Second, "local0.warning postgres[20882]", "[2-%d] #011%s", 7+n, text)
		}
	}
	return l.b.String()
}
