package rules

import (
	"cmp"
	"context"
	"slices"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/stamp"
)

// hit is one sign that fired on one fact.
type hit struct {
	rule       *Rule
	sign       *Sign
	fact       any
	subject    finding.Subject
	pairs      []pair
	span       fact.Span
	state      string
	confidence int      // index into confidences
	proofs     []string // the places that show it
	summary    string
	confirming []fact.Source
	proof      finding.Proof
}

// pair is a connection that a finding is about; an unknown end is empty.
type pair struct{ client, server string }

// match asks one sign about every fact of its kind. An error is the condition's own: the other rules go on.
func (r *Rule) match(ctx context.Context, s *Sign, c *Cluster) ([]*hit, error) {
	var hits []*hit
	see := &scope{cluster: c, kind: s.For}
	for _, f := range c.facts(s.For) {
		value, a := f.value, f.about
		if !s.wants(a.keys) || isFormer(value) && len(s.Verdict) == 0 {
			continue // what a sign asks of the pair as a whole is asked once
		}
		see.fact, see.subject = value, finding.Subject{}
		holds, err := s.When.holds(ctx, see)
		if err != nil {
			return hits, err
		}
		if !holds {
			continue
		}
		h, err := r.hit(ctx, s, a, see)
		if err != nil {
			return hits, err
		}
		hits = append(hits, h)
	}
	return hits, nil
}

// isFormer reports whether the fact is a verdict that a later session of its pair overtook.
func isFormer(value any) bool {
	l, isLink := value.(fact.Link)
	return isLink && l.Former
}

// isOver reports whether something later than the link's sessions speaks for the pair.
func isOver(value any) bool {
	l, isLink := value.(fact.Link)
	return isLink && (l.Former || l.Over)
}

// wants reports whether the fact carries one of the values that the sign asks for.
func (s *Sign) wants(keys []string) bool {
	asked := s.asked()
	if len(asked) == 0 {
		return true
	}
	return slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(asked, key) })
}

// asked is the values, of which a sign has those of its kind of fact only.
func (s *Sign) asked() []string {
	for _, values := range [][]string{s.Verdict, s.Reason, s.Class} {
		if len(values) > 0 {
			return values
		}
	}
	return s.Problem
}

func (r *Rule) hit(ctx context.Context, s *Sign, a about, see *scope) (*hit, error) {
	value := see.fact
	if s.For == "message" && s.As == "client" {
		a.client, a.server = a.server, a.client
	}
	for _, own := range []struct {
		expression Expression
		value      *string
	}{{s.Client, &a.client}, {s.Server, &a.server}, {s.Node, &a.node}} {
		if own.expression.IsZero() {
			continue
		}
		text, err := own.expression.text(ctx, see)
		if err != nil {
			return nil, err
		}
		*own.value = text
	}
	if s.Side != "" {
		a.side = s.Side
	}
	h := &hit{rule: r, sign: s, fact: value, span: a.span, state: a.state, proofs: []string{a.proof}, pairs: pairsOf(value, a)}
	h.subject = r.subject(a, see.cluster.Port)
	sure := max(slices.Index(confidences, cmp.Or(s.Confidence, a.confidence)), 0)
	h.confidence = sure
	if isOver(value) || len(s.Verdict) > 0 && !slices.Contains(s.Verdict, a.keys[0]) {
		// The pair's latest decisive session, or its health checks, went another way: this fault was there earlier.
		h.state = finding.Resolved
		h.confidence = min(h.confidence, slices.Index(confidences, "medium"))
	}
	if cert, ok := value.(fact.Certificate); ok && see.cluster.replaced(cert) {
		h.state = finding.Resolved
	}
	if !s.Ongoing.IsZero() {
		ongoing, err := s.Ongoing.holds(ctx, see)
		if err != nil {
			return nil, err
		}
		if h.state = going(ongoing); ongoing {
			h.confidence = sure // what came after does not speak against it: a forgotten connection lets new ones through
		}
	}
	if !s.Since.IsZero() {
		since, err := s.Since.value(ctx, see)
		if err != nil {
			return nil, err
		}
		if at := since.(stamp.Time); !at.IsZero() {
			h.span.First, h.span.Last = at, stamp.Later(at, h.span.Last)
		}
	}
	see.subject = h.subject
	if err := h.confirm(ctx, see); err != nil {
		return nil, err
	}
	if err := h.prove(ctx, see); err != nil {
		return nil, err
	}
	var err error
	h.summary, err = s.Summary.render(ctx, see)
	return h, err
}

// subject says what the finding is about, from what the fact is about.
func (r *Rule) subject(a about, port int) finding.Subject {
	s := finding.Subject{Kind: r.Subject}
	switch r.Subject {
	case "pair":
		s.Client, s.Server, s.Port, s.Side = a.client, a.server, port, a.side
		if r.Together == "server" {
			s.Client = ""
		}
	case "node":
		s.Node, s.Side = a.node, a.side
	case "file":
		s.File = a.file
	}
	return s
}

// pairsOf lists the connections that a fact is about. A certificate is shown to several peers.
func pairsOf(value any, a about) []pair {
	if c, ok := value.(fact.Certificate); ok && len(c.Peers) > 1 {
		var pairs []pair
		for _, peer := range c.Peers {
			if c.Side == "server" {
				pairs = append(pairs, pair{peer, c.Node})
			} else {
				pairs = append(pairs, pair{c.Node, peer})
			}
		}
		return pairs
	}
	if a.server == "" {
		return nil
	}
	return []pair{{a.client, a.server}}
}

// confirm looks for facts that say the same from another place. Such a fact makes the finding surer by one step.
func (h *hit) confirm(ctx context.Context, see *scope) error {
	if h.sign.ConfirmedBy.IsZero() {
		return nil
	}
	value, err := h.sign.ConfirmedBy.value(ctx, see)
	if err != nil {
		return err
	}
	for _, confirming := range elements(value) {
		for i := range kinds {
			if !isKind(&kinds[i], confirming) {
				continue
			}
			a := kinds[i].about(confirming)
			h.proofs = appendNew(h.proofs, a.proof)
			h.confirming = append(h.confirming, a.span.Sources...)
		}
	}
	return nil
}
