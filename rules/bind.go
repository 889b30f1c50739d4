package rules

// bind gives every expression of the family the language that it is written in.
func (c *Catalog) bind(family *Family) {
	for _, steps := range family.Remedies {
		c.bindSteps(steps)
	}
	for _, r := range family.Rules {
		r.family = family
		r.Title.env, r.Applies.env = c.env.conclusions, c.env.conclusions
		for _, s := range r.Signs {
			s.bind(c.env.signs[s.For])
		}
		for i := range r.Against {
			r.Against[i].When.env, r.Against[i].Text.env = c.env.conclusions, c.env.conclusions
		}
		c.bindSteps(r.Remedies)
	}
}

func (s *Sign) bind(env *compiler) {
	for _, e := range []*Expression{&s.When, &s.ConfirmedBy, &s.Ongoing, &s.Since, &s.Client, &s.Server, &s.Node} {
		e.env = env
	}
	s.Summary.env = env
}

func (c *Catalog) bindSteps(entries []RemedyEntry) {
	for i := range entries {
		entries[i].When.env = c.env.conclusions
		s := entries[i].Step
		if s == nil {
			continue
		}
		s.When.env, s.Each.env = c.env.conclusions, c.env.conclusions
		for _, t := range []*Text{&s.Where, &s.Text, &s.Command, &s.Verify} {
			t.env = c.env.conclusions
		}
		for i := range s.Alternatives {
			s.Alternatives[i].env = c.env.conclusions
		}
	}
}
