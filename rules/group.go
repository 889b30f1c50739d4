package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// draft is a finding in the making: with what the engine needs to link it and to fill its texts in.
type draft struct {
	finding.Finding
	rule   *Rule
	hits   []*hit
	pairs  []pair
	causes []*draft      // that explain it
	slack  time.Duration // by which its times may be off
}

// group makes one draft for each subject of a rule, however many facts show it.
func group(r *Rule, hits []*hit, l lang.Lang) []*draft {
	bySubject := map[finding.Subject]*draft{}
	var drafts []*draft
	for _, h := range hits {
		d := bySubject[h.subject]
		if d == nil {
			d = &draft{rule: r, Finding: finding.Finding{ID: r.ID, Severity: r.Severity, FixArea: r.FixArea, Subject: h.subject}}
			bySubject[h.subject] = d
			drafts = append(drafts, d)
		}
		d.hits = append(d.hits, h)
	}
	for _, d := range drafts {
		d.sum(l)
	}
	return drafts
}

// sum fills in what all hits together say: when, how often, how sure, and whether it goes on.
func (d *draft) sum(l lang.Lang) {
	// The surest hit tells the story; among equals the one that goes on.
	slices.SortStableFunc(d.hits, func(a, b *hit) int {
		return cmp.Or(cmp.Compare(b.confidence, a.confidence), cmp.Compare(stateRank(b.state), stateRank(a.state)))
	})
	var proofs []string
	clients := map[string]bool{}
	d.State = finding.Resolved
	counts := map[string]int{}
	for _, h := range d.hits {
		d.First, d.Last = stamp.Earlier(d.First, h.span.First), stamp.Later(d.Last, h.span.Last)
		d.slack = max(d.slack, h.span.Uncertainty)
		if stateRank(h.state) > stateRank(d.State) {
			d.State = h.state
		}
		for _, p := range h.proofs {
			proofs = appendNew(proofs, p)
		}
		// The same event is counted once for each place that shows it, so places are not added up.
		counts[h.proofs[0]] += max(h.span.Count, 1)
		for _, p := range h.pairs {
			if !slices.Contains(d.pairs, p) {
				d.pairs = append(d.pairs, p)
			}
			clients[p.client] = true
		}
	}
	for _, n := range counts {
		d.Count = max(d.Count, n)
	}
	d.Severity = d.severity()
	d.Confidence = confidences[sure(d.rule, d.hits[0].confidence, proofs)]
	d.Evidence = evidence(d.hits)
	d.Summary = summary(d.hits, l)
	for _, h := range d.hits[:min(len(d.hits), evidenceLimit)] {
		d.Proof = append(d.Proof, h.proof)
	}
	if d.rule.Together == "server" && len(clients) == 1 {
		for client := range clients {
			d.Subject.Client = client
		}
	}
}

// severity is the worst that a sign gives, at most a warning for what is over.
func (d *draft) severity() finding.Severity {
	worst := finding.Info
	for _, h := range d.hits {
		s := h.sign.Severity
		if s == "" {
			s = d.rule.Severity
		}
		if s.Rank() > worst.Rank() {
			worst = s
		}
	}
	if d.State == finding.Resolved && worst.Rank() > finding.Warning.Rank() {
		return finding.Warning
	}
	return worst
}

// sure raises the confidence by one step when a second, independent place shows the same. What a firewall is accused of
// must be in packets to be high, however many logs fit.
func sure(r *Rule, base int, proofs []string) int {
	if len(proofs) > 1 {
		base = min(base+1, len(confidences)-1)
	}
	if r.FixArea == "firewall" && !slices.Contains(proofs, "capture") {
		base = min(base, slices.Index(confidences, "medium"))
	}
	return base
}

func stateRank(state string) int {
	return slices.Index([]string{finding.Resolved, finding.Unknown, finding.Ongoing}, state)
}

// evidenceLimit is how many lines and frames a finding shows: the first of each fact come before the further ones.
const evidenceLimit = 8

func evidence(hits []*hit) []finding.Evidence {
	all := []finding.Evidence{}
	add := func(s fact.Source) {
		known := slices.ContainsFunc(all, func(e finding.Evidence) bool {
			return e.File == s.File && e.Line == s.Line && slices.Equal(e.Frames, s.Frames) && e.Filter == s.Filter
		})
		if !known && s.File != "" && len(all) < evidenceLimit {
			all = append(all, s)
		}
	}
	for round := range fact.SourceLimit {
		for _, h := range hits {
			if round < len(h.span.Sources) {
				add(h.span.Sources[round])
			}
			if round < len(h.confirming) {
				add(h.confirming[round])
			}
		}
	}
	return all
}

// summaryLimit is how many different sentences a summary has; the rest is counted.
const summaryLimit = 3

func summary(hits []*hit, l lang.Lang) string {
	var sentences []string
	for _, h := range hits {
		sentences = appendNew(sentences, sentence(h.summary, l))
	}
	text := strings.Join(sentences[:min(len(sentences), summaryLimit)], " ")
	if more := len(sentences) - summaryLimit; more > 0 {
		text += l.T(" (%d more)", more)
	}
	return text
}

// sentence ends a text as a sentence, so that several can stand in a row.
func sentence(text string, l lang.Lang) string {
	text = strings.TrimRight(text, ".。 ")
	switch {
	case text == "":
		return ""
	case l == lang.Japanese:
		return text + "。"
	default:
		return text + "."
	}
}
