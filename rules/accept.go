package rules

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

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

// accept marks the drafts that somebody lives with today, and what follows from nothing else. A day that is over brings the
// finding back.
func accept(drafts []*draft, list []Acceptance, today time.Time) {
	for _, d := range drafts {
		for _, a := range list {
			if a.Finding == d.ID && a.fits(d.Subject) && !a.Over(today) {
				d.Accepted = &finding.Accepted{Reason: a.Reason, Until: a.Until}
				break
			}
		}
	}
	for _, d := range drafts {
		roots := d.roots()
		if d.Accepted == nil && len(roots) > 0 && !slices.ContainsFunc(roots, func(root *draft) bool { return root.Accepted == nil }) {
			d.Accepted = roots[0].Accepted
		}
	}
}

// Over reports whether the last day of the acceptance is behind.
func (a Acceptance) Over(today time.Time) bool { return today.UTC().Format(time.DateOnly) > a.Until }

// WriteAcceptances writes a file that ReadAcceptances reads.
func WriteAcceptances(w io.Writer, list []Acceptance) error {
	entries := make([]yaml.MapSlice, len(list))
	for i, a := range list {
		entries[i] = yaml.MapSlice{{Key: "finding", Value: a.Finding}}
		if subject := a.given(); len(subject) > 0 {
			entries[i] = append(entries[i], yaml.MapItem{Key: "subject", Value: subject})
		}
		entries[i] = append(entries[i], yaml.MapItem{Key: "reason", Value: a.Reason}, yaml.MapItem{Key: "until", Value: a.Until})
	}
	text, err := yaml.Marshal(map[string]any{"accepted": entries})
	if err != nil {
		return fmt.Errorf("write accepted findings: %w", err)
	}
	_, err = w.Write(text)
	return err
}

// given is what the acceptance says of its subject.
func (a Acceptance) given() (subject yaml.MapSlice) {
	s := a.Subject
	for _, field := range []struct{ name, value string }{{"client", s.Client}, {"server", s.Server}, {"node", s.Node}, {"side", s.Side}, {"file", s.File}} {
		if field.value != "" {
			subject = append(subject, yaml.MapItem{Key: field.name, Value: field.value})
		}
	}
	return subject
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
