package rules

import "context"

// Result of asking one rule.
type Result string

// The four results: "not evaluated" is not "no", because nothing was looked at.
const (
	NotApplicable Result = "not-applicable" // there is nothing here that the rule is about
	NotEvaluated  Result = "not-evaluated"  // an input is missing, or a condition failed
	No            Result = "no"
	Yes           Result = "yes"
)

type answer struct {
	Result  Result
	Missing []string
	hits    []*hit
}

func (r *Rule) ask(ctx context.Context, c *Cluster, have []string) answer {
	if missing := r.missing(have); len(missing) > 0 {
		return answer{Result: NotEvaluated, Missing: missing}
	}
	applies, err := r.Applies.holds(ctx, &scope{cluster: c})
	if err != nil {
		return answer{Result: NotEvaluated, Missing: []string{err.Error()}}
	}
	if !applies {
		return answer{Result: NotApplicable}
	}
	var hits []*hit
	for _, s := range r.Signs {
		more, err := r.match(ctx, s, c)
		hits = append(hits, more...)
		if err != nil {
			return answer{Result: NotEvaluated, Missing: []string{err.Error()}, hits: hits}
		}
	}
	if len(hits) == 0 {
		return answer{Result: No}
	}
	return answer{Result: Yes, hits: hits}
}
