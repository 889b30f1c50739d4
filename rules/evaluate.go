package rules

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/finding"
)

// Evaluate asks every rule about the facts. A rule whose condition fails is listed as not evaluated with the reason; an
// error comes only from a context that ended.
func (c *Catalog) Evaluate(ctx context.Context, set *fact.Set) (*finding.Outcome, error) {
	outcome, err := c.evaluate(ctx, set)
	if err != nil {
		return nil, err
	}
	for _, other := range c.also {
		same, err := other.evaluate(ctx, set)
		if err != nil {
			return nil, err
		}
		outcome.AddTexts(other.lang, same)
	}
	return outcome, nil
}

func (c *Catalog) evaluate(ctx context.Context, set *fact.Set) (*finding.Outcome, error) {
	cluster := newCluster(set, c.lang)
	have := cluster.inputs()
	outcome := &finding.Outcome{Language: c.lang, Findings: []finding.Finding{}, NotEvaluated: []finding.NotEvaluated{}}
	var drafts []*draft
	for _, r := range c.Rules {
		answer := r.ask(ctx, cluster, have)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("evaluate rule %s: %w", r.ID, err)
		}
		if answer.Result == NotEvaluated {
			outcome.NotEvaluated = append(outcome.NotEvaluated, finding.NotEvaluated{ID: r.ID, Missing: answer.Missing})
		}
		drafts = append(drafts, group(r, answer.hits, c.lang)...)
	}
	c.link(drafts)
	accept(drafts, c.options.Accepted, c.options.Today)
	for _, d := range drafts {
		c.tellCommands(d, cluster)
	}
	drafts = order(drafts)
	outcome.Findings = make([]finding.Finding, 0, len(drafts))
	steps := map[*draft][]planned{}
	for i, d := range drafts {
		d.Ref = fmt.Sprintf("F%d", i+1)
	}
	for _, d := range drafts {
		var err error
		if steps[d], err = c.finish(ctx, d, cluster); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			outcome.NotEvaluated = append(outcome.NotEvaluated, finding.NotEvaluated{ID: d.ID, Missing: []string{"text: " + err.Error()}})
		}
		outcome.Findings = append(outcome.Findings, d.Finding)
	}
	outcome.Plan = plan(drafts, steps)
	outcome.Event = events(set.Timeline, drafts)
	return outcome, nil
}

// finish fills the texts of one finding in: title, counter-evidence, causes and remedies.
func (c *Catalog) finish(ctx context.Context, d *draft, cluster *Cluster) ([]planned, error) {
	see := d.scope(cluster)
	title, err := d.rule.Title.render(ctx, see)
	if err != nil {
		return nil, err
	}
	d.Title = strings.Join(strings.Fields(title), " ") // an empty value leaves no double space
	d.References = slices.Clone(d.rule.References)
	d.Finding.Against, d.Remedies = []finding.Against{}, []finding.Remedy{}
	d.ExplainedBy = []string{}
	for _, cause := range d.roots() {
		d.ExplainedBy = append(d.ExplainedBy, cause.Ref)
	}
	slices.SortFunc(d.ExplainedBy, finding.CompareRefs)
	for i := range d.rule.Against {
		a := &d.rule.Against[i]
		holds, err := a.When.holds(ctx, see)
		if err != nil {
			return nil, err
		}
		if !holds {
			continue
		}
		text, err := a.Text.render(ctx, see)
		if err != nil {
			return nil, err
		}
		d.Finding.Against = append(d.Finding.Against, finding.Against{Text: text})
	}
	steps, err := c.remedies(ctx, d, cluster)
	d.Remedies = slices.Grow(d.Remedies, len(steps))
	for _, s := range steps {
		d.Remedies = append(d.Remedies, s.Remedy)
	}
	return steps, err
}

// order puts root causes first, worst first, then what they explain, then advice; what is accepted comes last.
func order(drafts []*draft) []*draft {
	roles := []string{finding.RootCause, finding.Symptom, finding.Advice}
	slices.SortStableFunc(drafts, func(a, b *draft) int {
		return cmp.Or(
			boolRank(a.Accepted != nil)-boolRank(b.Accepted != nil),
			cmp.Compare(slices.Index(roles, a.Role), slices.Index(roles, b.Role)),
			cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
			cmp.Compare(stateRank(b.State), stateRank(a.State)),
			cmp.Compare(slices.Index(confidences, b.Confidence), slices.Index(confidences, a.Confidence)),
		)
	})
	return drafts
}
