package report

import (
	"fmt"
	"strings"
	"time"

	"cbdoctor/capture"
	"cbdoctor/capture/points"
	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report/page"
	"cbdoctor/stamp"
)

// pageLadders is how many ladders stand in a page, and how many comparisons of captures; each is one session of a pair that fails.
const pageLadders = 24

// ladders joins the ladders to their sessions. The first one is open, and those that findings quote come first.
func (r *Report) ladders() []page.Ladder {
	quoted := map[string]bool{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Role == finding.RootCause {
			for _, e := range f.Evidence {
				quoted[e.File+" "+e.Filter] = true
			}
		}
	}
	var first, rest []page.Ladder
	for i := range r.Ladders {
		l := &r.Ladders[i]
		s := r.session(l.File, l.Session)
		if s == nil {
			continue
		}
		out := page.Ladder{
			Name: clean(fmt.Sprintf("%s #%d", l.File, l.Session)), Client: clean(s.Client), Server: clean(s.Server), Verdict: string(s.Verdict),
			Reason: said(s.Reason), Filter: clean(s.Filter),
		}
		for _, step := range l.Steps {
			meaning := page.Same(clean(step.Meaning))
			if step.Note != "" {
				meaning = page.In(func(l lang.Lang) string { return clean(step.Meaning + " (" + l.Say(step.Note) + ")") })
			}
			out.Steps = append(out.Steps, page.Rung{
				Frame: step.Frame, Time: timeOfDay(step.Time), FromClient: step.FromClient, Protocol: step.Protocol, Length: step.Length, Meaning: meaning,
				Decisive: step.Decisive, Gap: said(step.Gap), LeftOut: step.LeftOut,
			})
		}
		if quoted[l.File+" "+s.Filter] {
			first = append(first, out)
		} else {
			rest = append(rest, out)
		}
	}
	all := append(first, rest...)
	all = all[:min(len(all), pageLadders)]
	if len(all) > 0 {
		all[0].Open = true
	}
	return all
}

func (r *Report) paths() []page.Path {
	var out []page.Path
	for _, p := range r.Paths[:min(len(r.Paths), pageLadders)] {
		out = append(out, page.Path{
			Client: r.nodeName(p.Client), Server: r.nodeName(p.Server), Near: clean(p.Near.File), Far: clean(p.Far.File), Verdict: string(p.Verdict), Conclusion: said(p.Conclusion), Text: text(p.Text, pathInJapanese(&p)),
		})
	}
	return out
}

// pathInJapanese says what the path's text says, sentence by sentence.
func pathInJapanese(p *points.Path) string {
	var out strings.Builder
	for _, s := range []string{p.ToServer.Text, p.ToClient.Text} {
		if s != "" {
			out.WriteString(lang.Japanese.Say(s) + "。")
		}
	}
	for _, s := range append([]string{p.Conclusion, p.Translated(), p.Clocks()}, p.Doubt()...) {
		out.WriteString(lang.Japanese.Say(s))
	}
	return out.String()
}

func (r *Report) session(file string, number int) *capture.Session {
	for _, c := range r.Captures {
		if c.File != file {
			continue
		}
		for i := range c.Sessions {
			if c.Sessions[i].Session == number {
				return &c.Sessions[i]
			}
		}
	}
	return nil
}

// timeOfDay has all digits that the capture has: between packets they matter.
func timeOfDay(t stamp.Time) string {
	_, after, _ := strings.Cut(strings.TrimSuffix(t.String(), "Z"), "T")
	return after
}

// pageCertificates is how many certificate cards a page has; those with problems come first.
const pageCertificates = 60

// What a certificate is, and where it was seen, in words.
var (
	sides   = map[string]string{"client": "client certificate", "server": "server certificate", "ca": "CA certificate", "": "certificate"}
	origins = map[string]string{"capture": "from packets", "file": "from a file", "pki": "from pki inspect"}
	_       = lang.Mark("client certificate", "server certificate", "CA certificate", "certificate", "from packets", "from a file", "from pki inspect")
)

func word(of map[string]string, value string) page.Text {
	english, ok := of[value]
	if !ok {
		return page.Same(value)
	}
	return page.In(func(l lang.Lang) string { return l.T(english) })
}

func (r *Report) certificates() []page.Certificate {
	var bad, good []page.Certificate
	for i := range r.Certificates {
		c := &r.Certificates[i]
		x := &c.Cert
		out := page.Certificate{
			Node: r.nodeName(c.Node), Side: word(sides, c.Side), From: word(origins, c.From), File: clean(c.File), Subject: clean(name(x.Subject, x.SubjectCN)), Issuer: clean(name(x.Issuer, x.IssuerCN)),
			NotBefore: clock(x.NotBefore), NotAfter: clock(x.NotAfter), Serial: clean(x.Serial), Key: clean(x.Key), Signature: clean(x.Signature), Usage: clean(strings.Join(x.EKU, ", ")),
			SHA256: x.SHA256, Problems: c.Problems, SelfSigned: x.SelfSigned, Rejected: c.Rejected, Malformed: clean(x.Malformed), Seen: clock(c.Seen), SeenAt: within(c, x.NotBefore.T, x.NotAfter.T), DaysLeft: c.DaysLeft,
		}
		if len(c.Problems) > 0 || c.Rejected {
			bad = append(bad, out)
		} else {
			good = append(good, out)
		}
	}
	all := append(bad, good...)
	return all[:min(len(all), pageCertificates)]
}

// name is the whole name of a certificate where it was read, else the common name.
func name(whole, cn string) string {
	if whole != "" {
		return whole
	}
	if cn == "" {
		return "(no name)"
	}
	return "CN=" + cn
}

// within places the time at which a certificate was seen in its validity, in percent, and a little outside where it is outside.
func within(c *fact.Certificate, from, to time.Time) int {
	if c.Seen.IsZero() || !to.After(from) {
		return 0
	}
	return int(min(max(100*float64(c.Seen.T.Sub(from))/float64(to.Sub(from)), -25), 125))
}
