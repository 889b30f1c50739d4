package rules

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cbdoctor/finding"
)

// sequence is a shared sequence of steps by its name, nil when no file has it.
func (c *Catalog) sequence(name string) []RemedyEntry {
	for i := len(c.Families) - 1; i >= 0; i-- { // a customer's own file comes later and replaces
		if steps, ok := c.Families[i].Remedies[name]; ok {
			return steps
		}
	}
	return nil
}

// placed is a step with the block that it belongs to: the steps of one block stay together in the plan.
type placed struct {
	*Remedy
	block string       // name of the sequence, or id of the rule for steps written in place
	index int          // in the block
	when  []Expression // of the sequences that it stands in
}

// steps is the rule's way out with the shared sequences put in their places.
func (r *Rule) steps(c *Catalog) []placed { return c.expand(r.ID, r.Remedies, nil, 0) }

// sequenceDepth bounds sequences that name sequences.
const sequenceDepth = 4

func (c *Catalog) expand(block string, entries []RemedyEntry, when []Expression, depth int) []placed {
	var steps []placed
	for i, entry := range entries {
		switch {
		case entry.Step != nil:
			steps = append(steps, placed{entry.Step, block, i, when})
		case depth < sequenceDepth:
			steps = append(steps, c.expand(entry.Use, c.sequence(entry.Use), append(slices.Clone(when), entry.When), depth+1)...)
		}
	}
	return steps
}

// planned is a step of one finding, filled in, with its place in the plan.
type planned struct {
	finding.Remedy
	phase, block string
	index        int
}

// remedies fills the rule's steps in for one finding.
func (c *Catalog) remedies(ctx context.Context, d *draft, cluster *Cluster) ([]planned, error) {
	steps := d.rule.steps(c)
	out := make([]planned, 0, len(steps))
	see := d.scope(cluster)
	for _, step := range steps {
		see.it = ""
		holds, err := step.wanted(ctx, see)
		if err != nil {
			return out, err
		}
		if !holds {
			continue
		}
		each := []any{""}
		if !step.Each.IsZero() {
			value, err := step.Each.value(ctx, see)
			if err != nil {
				return out, err
			}
			each = elements(value)
		}
		for _, it := range each {
			see.it = it
			remedy, err := step.fill(ctx, see)
			if err != nil {
				return out, err
			}
			remedy.Step = len(out) + 1
			out = append(out, planned{remedy, cmp.Or(step.Phase, phaseOf[d.FixArea]), step.block, step.index})
		}
	}
	return out, nil
}

// wanted reports whether all conditions of the step and of the sequences around it hold.
func (p placed) wanted(ctx context.Context, see *scope) (bool, error) {
	for _, when := range append(slices.Clone(p.when), p.When) {
		if holds, err := when.holds(ctx, see); err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

func (s *Remedy) fill(ctx context.Context, see *scope) (finding.Remedy, error) {
	r := finding.Remedy{Kind: s.Kind, Destructive: s.Destructive, Source: s.Source}
	for _, t := range []struct {
		text Text
		into *string
	}{{s.Where, &r.Where}, {s.Text, &r.Text}, {s.Command, &r.Command}, {s.Verify, &r.Verify}} {
		filled, err := t.text.render(ctx, see)
		if err != nil {
			return r, fmt.Errorf("remedy: %w", err)
		}
		*t.into = filled
	}
	for _, t := range s.Alternatives {
		filled, err := t.render(ctx, see)
		if err != nil {
			return r, fmt.Errorf("remedy: %w", err)
		}
		if filled != "" {
			r.Alternatives = append(r.Alternatives, filled)
		}
	}
	return r, nil
}

// scope is what the texts of a finding can name.
func (d *draft) scope(c *Cluster) *scope { return &scope{cluster: c, subject: d.Subject, it: ""} }
