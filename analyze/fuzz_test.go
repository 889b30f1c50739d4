package analyze

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"cbdoctor/bundle"
)

const fuzzedStatus = "cms03> database cluster status\nERROR : Couldn't upgrade the schema\nStatus : Error\nNodes:\n 10.1.1.1 : Connected Master\n cms02.example.com (me) : Connected Slave ( In Sync )\n fe80::1 : Connection Failed\nNode in use : 10.1.1.1\nInterface : a\nCertificates\nClient Certificate : c.crt (expired)\nLast command : 'database cluster join 10.1.1.1' (Success)\ncms03> pki list\nUser supplied certificates and keys:\nc.crt\ncms03> version\n3.9.1\n"

// FuzzTranscript: any copied terminal session is read without a panic, and every line that a section points at is there.
func FuzzTranscript(f *testing.F) {
	f.Add(fuzzedStatus)
	f.Add(strings.Join(strings.Fields(fuzzedStatus), " "))
	f.Fuzz(func(t *testing.T, text string) {
		x := newMaterial(Options{}).readText(context.Background(), &bundle.File{Path: "x"}, strings.NewReader(text), "")
		for _, s := range readTranscript(x) {
			for _, st := range s.statuses {
				for _, m := range st.Members {
					if m.Line < 1 || m.Line > strings.Count(text, "\n")+1 || m.Address == "" {
						t.Errorf("member %+v of a text with %d lines", m, strings.Count(text, "\n"))
					}
				}
			}
		}
		if x.recognised > x.Seen || x.ignored() < 0 {
			t.Errorf("%d of %d lines recognised", x.recognised, x.Seen)
		}
	})
}

// FuzzLiveJSON: only addresses come out of it.
func FuzzLiveJSON(f *testing.F) {
	f.Add(`{"hostname":"a","ipv4": {"module": {"interfaces": {"eth4": {"enabled":"true","address":"10.1.1.1"}}}}}`)
	f.Add(`{"ipv4": {"mmp": {"interfaces": {"eth0": {"enabled":true,"address":5}}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		addresses, _, ok := liveJSON(text)
		for _, a := range addresses {
			if !isAddress(a) && !strings.Contains(a, "%") || !ok {
				t.Errorf("%q is no address", a)
			}
		}
	})
}

// FuzzREST: the document of the REST interface.
func FuzzREST(f *testing.F) {
	f.Add(`<database clustered="enabled"><cluster><node hostname="10.1.1.1" up="true" master="true" syncBehind="0"/></cluster></database>`)
	f.Add(`<database><clustered>enabled</clustered><cluster><node><hostname>a</hostname><up>1</up></node></cluster></database>`)
	f.Fuzz(func(_ *testing.T, text string) { restDatabase(text, "x") })
}

// FuzzSfpool and FuzzCLI: what a line of these programs says.
func FuzzSfpool(f *testing.F) {
	f.Add([]byte(`Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused|#011Is the server running on host "10.48.54.119" and accepting|#011TCP/IP connections on port 5432?|`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, ok := parseHealthCheck(text); ok {
			if len(c.server) == 0 {
				t.Error("a health check of no server")
			}
		}
		reasonOf(string(text))
		serverIn(string(text))
	})
}

func FuzzCLI(f *testing.F) {
	f.Add([]byte(`User admin from 10.140.249.233:63290 issued command < callbridge av1 enable>: permission granted`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, ok := parseCommand(text); ok && c.user == "" {
			t.Errorf("a command of nobody: %+v", c)
		}
	})
}

// FuzzLog: a whole file goes through everything that makes facts.
func FuzzLog(f *testing.F) {
	f.Add([]byte(strings.Join(func() []string {
		lines := []string{}
		for _, w := range wordings {
			lines = append(lines, "Mar  5 16:50:25 local0.err cms01 postgres[7]: [2-1] FATAL:  "+w.text, "Mar  5 16:50:25 local0.err cms01 postgres[7]: [2-2] #011PL/pgSQL function f(integer) line 3 at RAISE")
		}
		return lines
	}(), "\n")))
	f.Add([]byte("Mar  5 16:50:25 user.notice cms01 schema_builder: Upgrading schema with connect line 'x'\n" + fuzzedStatus))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := Run(context.Background(), []string{"-"}, Options{Stdin: io.NopCloser(bytes.NewReader(text))})
		if err != nil || set == nil {
			return
		}
		for _, m := range set.Messages {
			if m.Count < 1 || len(m.Sources) == 0 || m.Sources[0].Line < 1 {
				t.Errorf("a message without evidence: %+v", m)
			}
		}
		if set.Lines.Recognised > set.Lines.Seen {
			t.Errorf("%+v", set.Lines)
		}
	})
}
