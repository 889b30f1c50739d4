package rules

import (
	"fmt"
	"io"
	"time"

	"cbdoctor/finding"
	"cbdoctor/strictyaml"
)

// Acceptance is a finding that somebody knows of and lives with, until a day.
type Acceptance struct {
	Finding string          `yaml:"finding"`
	Subject finding.Subject `yaml:"subject"` // only what is given must fit
	Reason  string          `yaml:"reason"`
	Until   string          `yaml:"until"` // the last day on which it counts as accepted, "2027-03-31"
}

// maxAcceptances bounds the file of accepted findings.
const maxAcceptances = 1 << 20

// ReadAcceptances reads a file of accepted findings. Each must have a reason and a last day.
func ReadAcceptances(file string, r io.Reader) ([]Acceptance, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxAcceptances))
	if err != nil {
		return nil, fmt.Errorf("read accepted findings %s: %w", file, err)
	}
	var list struct {
		Accepted []Acceptance `yaml:"accepted"`
	}
	if err := strictyaml.Decode(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i, a := range list.Accepted {
		if a.Finding == "" || a.Reason == "" {
			return nil, fmt.Errorf("%s: accepted finding %d: finding and reason must be given", file, i+1)
		}
		if _, err := time.Parse(time.DateOnly, a.Until); err != nil {
			return nil, fmt.Errorf("%s: accepted finding %d: until %q is not a day like 2027-03-31", file, i+1, a.Until)
		}
	}
	return list.Accepted, nil
}

// accept marks the drafts that somebody lives with today. A day that is over brings the finding back.
func accept(drafts []*draft, list []Acceptance, today time.Time) {
	for _, d := range drafts {
		for _, a := range list {
			if a.Finding == d.ID && a.fits(d.Subject) && today.UTC().Format(time.DateOnly) <= a.Until {
				d.Accepted = &finding.Accepted{Reason: a.Reason, Until: a.Until}
				break
			}
		}
	}
}

func (a Acceptance) fits(s finding.Subject) bool {
	for _, field := range []struct{ want, got string }{
		{a.Subject.Client, s.Client}, {a.Subject.Server, s.Server}, {a.Subject.Node, s.Node}, {a.Subject.Side, s.Side}, {a.Subject.File, s.File},
	} {
		if field.want != "" && field.want != field.got {
			return false
		}
	}
	return true
}
