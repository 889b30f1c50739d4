package rules

import "cbdoctor/finding"

// scope is what an expression can name.
type scope struct {
	cluster *Cluster
	subject finding.Subject
	kind    string // of the fact that a sign is about, "" in conclusions
	fact    any
	it      any                 // the element that a step of "each" is about
	word    func(string) string // see Catalog.word
}

// variables is the scope as CEL takes it.
func (s *scope) variables() map[string]any {
	v := map[string]any{"cluster": s.cluster, "subject": s.subject, "it": s.it}
	if s.kind != "" {
		v[s.kind] = s.fact
	}
	return v
}
