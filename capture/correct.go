package capture

import (
	"strings"

	"cbdoctor/stamp"
)

// Correct gives a session of the result the verdict that another capture proves, with high confidence, and keeps the pair's summary true to it. Shows is
// what that capture shows: it takes the place of what the reason asked for.
func (r *Result) Correct(s *Session, verdict Verdict, shows string) {
	before := s.Verdict
	s.Answer(shows)
	s.Verdict, s.Confidence = verdict, High
	for i := range r.Pairs {
		p := &r.Pairs[i]
		if host(s.Client) != bracketed(p.Client) || host(s.Server) != bracketed(p.Server) {
			continue
		}
		if p.Decisive == s.Session {
			p.Verdict, p.Confidence = verdict, High
		}
		if before == verdict {
			return
		}
		if p.Sessions[before]--; p.Sessions[before] <= 0 {
			delete(p.Sessions, before)
			delete(p.Spans, before)
		}
		p.Sessions[verdict]++
		span := p.Spans[verdict]
		p.Spans[verdict] = Span{stamp.Earlier(span.First, s.First), stamp.Later(span.Last, s.Last)}
		return
	}
}

// Answer puts what another capture shows in the place of the reason's question for one.
func (s *Session) Answer(shows string) {
	if i := strings.Index(s.Reason, "; a capture on "+s.NextCapture+" tells "); s.NextCapture != "" && i >= 0 {
		s.Reason = s.Reason[:i]
	}
	s.Reason += "; " + shows
	s.NextCapture = ""
}

// bracketed is an address as it stands before a port.
func bracketed(address string) string {
	for i := range len(address) {
		if address[i] == ':' {
			return "[" + address + "]"
		}
	}
	return address
}
