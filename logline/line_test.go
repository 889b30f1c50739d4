package logline

import (
	"testing"
)

// TestEachSampleIsSplitByItsOwnFormat keeps the table honest: a row's sample is of that row's form.
func TestEachSampleIsSplitByItsOwnFormat(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		if _, ok := f.split([]byte(f.sample)); !ok {
			t.Errorf("%s does not split its own sample %q", f.name, f.sample)
		}
	}
}

// lineSamples are real lines of every form that is known, and what they say.
var lineSamples = []struct {
	name, line     string
	host, tag      string
	pid            int
	facility, text string
}{
	{"1", `Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement "INSERT`, "DBMaster", "postgres", 20882, "local0", `[2-7] #011SQL statement "INSERT`},
	{"1b", `Mar 30 12:39:04 local0.warning ClusterCore1 postgres [20882]:  [2-7] #011SQL statement`, "ClusterCore1", "postgres", 20882, "local0", `[2-7] #011SQL statement`},
	{"1c", `Jun 20 20:38:49 kern.info acanosrv05 recorder-proxy[1]:  2016/06/20 20:38:49 Connection from 10.48.54.75:39439: Authentication succeeded`, "acanosrv05", "recorder-proxy", 1, "kern", `2016/06/20 20:38:49 Connection from 10.48.54.75:39439: Authentication succeeded`},
	{"1d", `Jul 26 14:08:23 user.info Core1 host:server:  INFO : API trace 8889: GET for "/api/v1/system/status" (from 14.80.99.226)`, "Core1", "host:server", 0, "user", `INFO : API trace 8889: GET for "/api/v1/system/status" (from 14.80.99.226)`},
	{"1e", `Nov  6 09:51:50 user.info CMS1 host:server:  INFO : SIP trace: connection 12: read failure, code 104`, "CMS1", "host:server", 0, "user", `INFO : SIP trace: connection 12: read failure, code 104`},
	{"2", `Jun 17 22:24:41.867 user.info cms-02 Uploader[1]: scanning directory: /tmp`, "cms-02", "Uploader", 1, "user", `scanning directory: /tmp`},
	{"2b", `Jul 3 15:01:22.811 user.info cms1 host:server: INFO : Active control tracing now enabled`, "cms1", "host:server", 0, "user", `INFO : Active control tracing now enabled`},
	{"2c", `Mar 18 14:54:52.698 user.err cmscb3-1 client_backend:  ERROR   : SamlManager : Invalid SSO login attempt`, "cmscb3-1", "client_backend", 0, "user", `ERROR   : SamlManager : Invalid SSO login attempt`},
	{"3", `2024-03-05T16:50:25.736 user.info cms01 host:server: INFO : AV1 Video Codec Enabled for Content: 0`, "cms01", "host:server", 0, "user", `INFO : AV1 Video Codec Enabled for Content: 0`},
	{"4", `<11>Jan 16 04:25:44 user.info cms20 authp:  Using authentication server radius1`, "cms20", "authp", 0, "user", `Using authentication server radius1`},
	{"5", `2024-03-06  12:36:05.737  Info     call 49: becoming floor`, "", "", 0, "", `call 49: becoming floor`},
	{"RFC 3164", `<134>Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  relation "x" does not exist`, "cms01", "postgres", 20882, "", `[2-1] ERROR:  relation "x" does not exist`},
	{"RFC 5424", `<165>1 2024-03-05T16:50:25.736Z cms01 postgres 811 - - [5-1] LOG:  received fast shutdown request`, "cms01", "postgres", 811, "", `[5-1] LOG:  received fast shutdown request`},
	{"behind a relay", `2024-03-05T16:50:26+00:00 10.48.36.61 Mar  5 16:50:25.736 user.info cms01 sfpool: Health check 10.48.36.61: error (up = 1): timeout expired|`, "cms01", "sfpool", 0, "user", `Health check 10.48.36.61: error (up = 1): timeout expired|`},
	{"in RFC 5424 of a relay", `<14>1 2025-03-11T17:00:00.000Z relay01 cms - - - Mar 11 17:13:06.912 user.info cms01 sfpool: Health check`, "cms01", "sfpool", 0, "user", `Health check`},
	{"in RFC 3164 of a relay", `<14>Mar 11 17:00:00 relay01 cms: Mar 11 17:13:06.912 user.info cms01 sfpool: Health check`, "cms01", "sfpool", 0, "user", `Health check`},
	{"behind tabs", "2025-03-11 17:00:00\tLocal0.Info\t10.1.1.9\tMar 11 17:13:06.912 user.info cms01 sfpool: Health check", "cms01", "sfpool", 0, "user", `Health check`},
	{"behind a priority in the middle", `Mar 11 17:00:00 relay <134>Mar 11 17:13:06.912 user.info cms01 sfpool: Health check`, "cms01", "sfpool", 0, "user", `Health check`},
	{"quoted in a mail", `> > Mar 11 17:13:06.912 user.info cms01 sfpool: Health check`, "cms01", "sfpool", 0, "user", `Health check`},
	{"numbered", `  12: Mar 11 17:13:06.912 user.info cms01 sfpool: Health check`, "cms01", "sfpool", 0, "user", `Health check`},
	{"from grep", `cms01/syslog:812:Mar 11 17:13:06.912 user.info cms01 sfpool: Health check`, "cms01", "sfpool", 0, "user", `Health check`},
	{"file of a syslog server", `Mar 30 12:39:04 cms01 postgres[20882]: [2-1] ERROR:  x`, "cms01", "postgres", 20882, "", `[2-1] ERROR:  x`},
	{"behind the address of the sender, without facility", `Mar  5 09:00:00 10.48.36.182 cms01 postgres[20882]: [2-1] ERROR:  x`, "cms01", "postgres", 20882, "", `[2-1] ERROR:  x`},
	{"RFC 5424 with its length", `112 <14>1 2024-03-05T09:00:00.453Z cms01 postgres 811 - - [5-1] LOG:  x`, "cms01", "postgres", 811, "", `[5-1] LOG:  x`},
	{"RFC 5424 without priority", `1 2024-03-05T09:00:00.453Z cms01 postgres 811 - - [5-1] LOG:  x`, "cms01", "postgres", 811, "", `[5-1] LOG:  x`},
	{"RFC 5424, UTF-8 as it says", "<14>1 2024-03-05T09:00:00.453Z cms01 postgres 811 - - \ufeff[5-1] LOG:  x", "cms01", "postgres", 811, "", `[5-1] LOG:  x`},
	{"zone without colon", `2024-03-05T16:50:26+0900 cms01 sfpool: Health check`, "cms01", "sfpool", 0, "", `Health check`},
	{"file of a syslog server, ISO", `2024-03-05T16:50:26.123456+09:00 cms01 sfpool: Health check`, "cms01", "sfpool", 0, "", `Health check`},
}

func TestSplitLine(t *testing.T) {
	t.Parallel()
	for _, s := range lineSamples {
		l, ok := Split([]byte(s.line))
		if !ok {
			t.Errorf("%s: not recognised: %s", s.name, s.line)
			continue
		}
		if l.Host != s.host || l.Tag != s.tag || l.PID != s.pid || l.Facility != s.facility || string(l.Text) != s.text {
			t.Errorf("%s: got host %q tag %q pid %d facility %q text %q", s.name, l.Host, l.Tag, l.PID, l.Facility, l.Text)
		}
	}
}

// TestQuotedLine: a text that quotes a log line stays the text of the line that it stands in.
func TestQuotedLine(t *testing.T) {
	t.Parallel()
	const quoted = `Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-1] ERROR:  relation "x" does not exist`
	for _, line := range []string{
		`Mar 31 10:00:00 user.info cms1 host:server: INFO : chat message from "Bob": "` + quoted + `"`,
		`<134>Mar 31 10:00:00 cms1 host:server: INFO : chat message from "Bob": "` + quoted + `"`,
		`<14>1 2025-03-11T17:00:00.000Z cms1 host:server - - - INFO : chat message from "Bob": "` + quoted + `"`,
		`2025-03-11  17:00:00.000  Info     chat message from "Bob": ` + quoted,
		`Mar 31 10:00:00 cms1 host:server: INFO : chat message: ` + quoted,
	} {
		if l, ok := Split([]byte(line)); ok && l.Tag == "postgres" {
			t.Errorf("the quoted line counts: %s as %+v", line, l)
		}
	}
}

// TestNoLine keeps prose, commands and other programs' output from being taken for log lines.
func TestNoLine(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"Hello Bob, the database is broken again since Monday",
		"cms01> database cluster status and more text here",
		"Status                 : Enabled and so on and so on",
		"Mar 30 12:39:04 this is a note that somebody typed",
		"sfpool: Health check 10.48.54.119: error (up = 1): timeout expired",
		"<999999>Mar 30 12:39:04 user.info cms1 sfpool: Health check",
		"Foo 30 12:39:04 user.info cms1 sfpool: Health check 1.2.3.4",
		"2024-13-45T99:50:25.736 user.info cms01 host:server: INFO",
		`Bob wrote: Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-1] ERROR:  relation "x" does not exist`,
	} {
		if l, ok := Split([]byte(line)); ok {
			t.Errorf("taken for a log line: %q as %+v", line, l)
		}
	}
}

// The address that a syslog server writes before a line tells machines of one name apart.
func TestRelay(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`2024-03-05T16:50:26+00:00 10.48.36.61 Mar  5 16:50:25.736 user.info cms01 sfpool: Health check`:       "10.48.36.61",
		"2025-03-11 17:00:00\tLocal0.Info\t10.1.1.9\tMar 11 17:13:06.912 user.info cms01 sfpool: Health check": "10.1.1.9",
		`<14>1 2025-03-11T17:00:00.000Z 10.1.1.9 cms - - - Mar 11 17:13:06.912 user.info cms01 sfpool: Health`: "10.1.1.9",
		`Mar  5 09:00:00 2001:db8::7 cms01 sfpool: Health check`:                                               "2001:db8::7",
		`Mar  5 09:00:00 10.48.36.182 sfpool: Health check`:                                                    "",
		`Mar 11 17:13:06.912 user.info cms01 sfpool: Health check 10.1.1.9`:                                    "",
	} {
		if l, ok := Split([]byte(line)); !ok || l.Relay != want {
			t.Errorf("%q from %q, want %q", line, l.Relay, want)
		}
	}
}

func FuzzSplitLine(f *testing.F) {
	for _, s := range lineSamples {
		f.Add([]byte(s.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if l, ok := Split(line); ok && len(l.Text) > len(line) {
			t.Errorf("the text is longer than its line %q", line)
		}
	})
}
