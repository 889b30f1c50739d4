package finding

import (
	"slices"

	"cbdoctor/lang"
)

// Texts is what a finding says to people, in one language. Everything else of it is the same in every language.
type Texts struct {
	Title    string      `json:"title"`
	Summary  string      `json:"summary"`
	Against  []Against   `json:"against"`
	Remedies []StepTexts `json:"remedies"` // one for each of Finding.Remedies, in their order
}

// StepTexts is what a step says to people, in one language.
type StepTexts struct {
	Where  string `json:"where"`
	Text   string `json:"text"`
	Verify string `json:"verify,omitempty"`
}

// In is the finding with its texts in the language; as it is, when it does not have them.
func (f Finding) In(l lang.Lang) Finding {
	t, ok := f.Texts[l]
	if !ok {
		return f
	}
	f.Title, f.Summary, f.Against = t.Title, t.Summary, t.Against
	f.Remedies = slices.Clone(f.Remedies)
	for i := range min(len(f.Remedies), len(t.Remedies)) {
		r := &f.Remedies[i]
		r.Where, r.Text, r.Verify = t.Remedies[i].Where, t.Remedies[i].Text, t.Remedies[i].Verify
	}
	return f
}

// In is the step with its texts in the language; as it is, when it does not have them.
func (s Step) In(l lang.Lang) Step {
	if t, ok := s.Texts[l]; ok {
		s.Where, s.Text, s.Verify = t.Where, t.Text, t.Verify
	}
	return s
}

// AddTexts takes in what another outcome of the same facts says in its language.
func (o *Outcome) AddTexts(l lang.Lang, other *Outcome) {
	for i := range min(len(o.Findings), len(other.Findings)) {
		f, from := &o.Findings[i], &other.Findings[i]
		t := Texts{Title: from.Title, Summary: from.Summary, Against: from.Against, Remedies: []StepTexts{}}
		for _, r := range from.Remedies {
			t.Remedies = append(t.Remedies, StepTexts{Where: r.Where, Text: r.Text, Verify: r.Verify})
		}
		if f.Texts == nil {
			f.Texts = map[lang.Lang]Texts{}
		}
		f.Texts[l] = t
	}
	for i := range min(len(o.Plan), len(other.Plan)) {
		s, from := &o.Plan[i], &other.Plan[i]
		if s.Texts == nil {
			s.Texts = map[lang.Lang]StepTexts{}
		}
		s.Texts[l] = StepTexts{Where: from.Where, Text: from.Text, Verify: from.Verify}
	}
}
