package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"cbdoctor/capture"
	"cbdoctor/certificate"
)

// sessionColumn is one column of the CSV file: its name and what a session has in it.
type sessionColumn struct {
	name  string
	value func(file string, s *capture.Session) string
}

// sessionColumns has the names of the JSON report; what is nested there is joined by "_" here.
var sessionColumns = []sessionColumn{
	{"file", func(file string, _ *capture.Session) string { return file }},
	{"session", func(_ string, s *capture.Session) string { return strconv.Itoa(s.Session) }},
	{"first", func(_ string, s *capture.Session) string { return s.First.String() }},
	{"last", func(_ string, s *capture.Session) string { return s.Last.String() }},
	{"client", func(_ string, s *capture.Session) string { return s.Client }},
	{"server", func(_ string, s *capture.Session) string { return s.Server }},
	{"verdict", func(_ string, s *capture.Session) string { return string(s.Verdict) }},
	{"confidence", func(_ string, s *capture.Session) string { return string(s.Confidence) }},
	{"reason", func(_ string, s *capture.Session) string { return s.Reason }},
	{"observations", func(_ string, s *capture.Session) string { return strings.Join(s.Observations, " ") }},
	{"evidence", func(_ string, s *capture.Session) string { return frames(s.Evidence) }},
	{"first_frame", func(_ string, s *capture.Session) string { return strconv.FormatInt(s.FirstFrame, 10) }},
	{"last_frame", func(_ string, s *capture.Session) string { return strconv.FormatInt(s.LastFrame, 10) }},
	{"rtt_ms", func(_ string, s *capture.Session) string { return strconv.FormatFloat(s.RTTMillis, 'f', -1, 64) }},
	{"bytes_client", func(_ string, s *capture.Session) string { return strconv.FormatInt(s.BytesClient, 10) }},
	{"bytes_server", func(_ string, s *capture.Session) string { return strconv.FormatInt(s.BytesServer, 10) }},
	{"tls_version", ofTLS(func(t *capture.TLS) string { return t.Version })},
	{"tls_cipher", ofTLS(func(t *capture.TLS) string { return t.Cipher })},
	{"tls_sni", ofTLS(func(t *capture.TLS) string { return t.SNI })},
	{"tls_alert_sender", ofAlert(func(a *capture.Alert) string { return a.Sender })},
	{"tls_alert_name", ofAlert(func(a *capture.Alert) string { return a.Name })},
	{"postgres_ssl_reply", ofPostgres(func(p *capture.Postgres) string { return p.SSLReply })},
	{"postgres_user", ofPostgres(func(p *capture.Postgres) string { return p.User })},
	{"postgres_database", ofPostgres(func(p *capture.Postgres) string { return p.Database })},
	{"postgres_sqlstate", ofPostgres(func(p *capture.Postgres) string { return p.SQLState })},
	{"postgres_message", ofPostgres(func(p *capture.Postgres) string { return p.Message })},
	{"certificates_client_cn", ofCertificates(func(c *capture.Certificates) []certificate.Certificate { return c.Client })},
	{"certificates_server_cn", ofCertificates(func(c *capture.Certificates) []certificate.Certificate { return c.Server })},
	{"filter", func(_ string, s *capture.Session) string { return s.Filter }},
}

func ofTLS(get func(*capture.TLS) string) func(string, *capture.Session) string {
	return func(_ string, s *capture.Session) string {
		if s.TLS == nil {
			return ""
		}
		return get(s.TLS)
	}
}

func ofAlert(get func(*capture.Alert) string) func(string, *capture.Session) string {
	return ofTLS(func(t *capture.TLS) string {
		if t.Alert == nil {
			return ""
		}
		return get(t.Alert)
	})
}

func ofPostgres(get func(*capture.Postgres) string) func(string, *capture.Session) string {
	return func(_ string, s *capture.Session) string {
		if s.Postgres == nil {
			return ""
		}
		return get(s.Postgres)
	}
}

func ofCertificates(chain func(*capture.Certificates) []certificate.Certificate) func(string, *capture.Session) string {
	return func(_ string, s *capture.Session) string {
		if s.Certificates == nil || len(chain(s.Certificates)) == 0 {
			return ""
		}
		return chain(s.Certificates)[0].SubjectCN
	}
}

// writeCSV writes a row a session, for spreadsheets.
func writeCSV(w io.Writer, r *Report, _ WriteOptions) error {
	out := csv.NewWriter(w)
	row := make([]string, len(sessionColumns))
	for i, c := range sessionColumns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for _, c := range r.Captures {
		for i := range c.Sessions {
			for j, column := range sessionColumns {
				row[j] = cell(column.value(c.File, &c.Sessions[i]))
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// cell keeps a spreadsheet from taking text of a log or a packet for a formula.
func cell(s string) string {
	s = clean(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// frames lists frame numbers with spaces between.
func frames(list []int64) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(out, " ")
}
