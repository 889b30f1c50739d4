package rules

import "slices"

// clone is a copy of a family of the program's own, which several catalogs share: what a catalog binds and translates is its own.
func (f *Family) clone() *Family {
	own := *f
	own.Remedies = make(map[string][]RemedyEntry, len(f.Remedies))
	for name, steps := range f.Remedies {
		own.Remedies[name] = cloneSteps(steps)
	}
	own.Rules = make([]*Rule, len(f.Rules))
	for i, r := range f.Rules {
		own.Rules[i] = r.clone()
	}
	return &own
}

func (r *Rule) clone() *Rule {
	own := *r
	signs := make([]Sign, len(r.Signs))
	own.Signs = make([]*Sign, len(r.Signs))
	for i, s := range r.Signs {
		signs[i] = *s
		own.Signs[i] = &signs[i]
	}
	own.Against = slices.Clone(r.Against)
	own.Remedies = cloneSteps(r.Remedies)
	return &own
}

func cloneSteps(entries []RemedyEntry) []RemedyEntry {
	own := slices.Clone(entries)
	for i, e := range own {
		if e.Step != nil {
			step := *e.Step
			step.Alternatives = slices.Clone(step.Alternatives)
			own[i].Step = &step
		}
	}
	return own
}
