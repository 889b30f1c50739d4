// Package diff compares two reports of one cluster, before and after a repair.
//
// In: two report documents. Out: what is fixed, what is new, what stays, and what the newer material can't tell (diff.go,
// seen.go), with the nodes and links that changed (cluster.go), as text (text.go) or JSON. A finding that is absent from
// the newer report counts as fixed only where the newer material would have shown it: silence is never read as health.
// Start at Compare.
package diff

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/report"
	"cbdoctor/stamp"
)

// Schema names the document's version. Fields may be added to it, never renamed or removed.
const Schema = "cbdoctor/diff/v1"

// Diff is what changed from one report to the other.
type Diff struct {
	Schema   string    `json:"schema"`
	Language lang.Lang `json:"language,omitempty"` // of the texts: that of the newer report
	// Until is the last time that each of the two reports knows of.
	OldUntil stamp.Time `json:"old_until,omitzero"`
	NewUntil stamp.Time `json:"new_until,omitzero"`
	Fixed    []Entry    `json:"fixed"`   // was going on, and is over
	New      []Entry    `json:"new"`     // was not there, or was over, and is going on
	Stays    []Entry    `json:"stays"`   // going on in both
	Unknown  []Entry    `json:"unknown"` // was going on, and the newer material can't show whether it still is
	Nodes    []Change   `json:"nodes"`   // what changed of the nodes
	Links    []Change   `json:"links"`   // verdicts of the captures that changed
	Notes    []string   `json:"notes"`   // why the comparison may mislead
}

// Entry is one finding on its way from the old report to the new one.
type Entry struct {
	ID       string           `json:"id"`
	Severity finding.Severity `json:"severity"` // the newer one, where there are two
	Role     string           `json:"role"`
	Subject  finding.Subject  `json:"subject"`
	Title    string           `json:"title"`
	OldRef   string           `json:"old_ref,omitempty"`
	NewRef   string           `json:"new_ref,omitempty"`
	Why      string           `json:"why"`     // why it stands in this list
	Changes  []string         `json:"changes"` // what is different in the newer report: "severity: error, was critical"
}

// Change is one value that is another one now; "" is not known.
type Change struct {
	Subject string `json:"subject"` // a node, or "client > server:port"
	What    string `json:"what"`
	Old     string `json:"old"`
	New     string `json:"new"`
}

// Compare is pure: the same reports give the same lists, in the order of the reports.
func Compare(before, after *report.Report) *Diff {
	l := cmp.Or(after.Language, lang.English)
	d := &Diff{
		Schema: Schema, Language: after.Language, OldUntil: until(before), NewUntil: until(after),
		Fixed: []Entry{}, New: []Entry{}, Stays: []Entry{}, Unknown: []Entry{},
		Nodes: changedNodes(before, after), Links: changedLinks(before, after), Notes: []string{},
	}
	old := map[string]*finding.Finding{}
	for i := range before.Findings {
		if f := &before.Findings[i]; old[key(f)] == nil {
			old[key(f)] = f
		}
	}
	now := map[string]*finding.Finding{}
	for i := range after.Findings {
		f := &after.Findings[i]
		if now[key(f)] != nil {
			continue
		}
		now[key(f)] = f
		was := old[key(f)]
		switch {
		case over(f):
			if was != nil && !over(was) {
				d.Fixed = append(d.Fixed, entry(l, was, f, l.T("later evidence shows it working")))
			}
		case was == nil:
			d.New = append(d.New, entry(l, nil, f, l.T("not in the old report")))
		case over(was):
			d.New = append(d.New, entry(l, was, f, l.T("was over, and is back")))
		default:
			d.Stays = append(d.Stays, entry(l, was, f, l.T("going on in both")))
		}
	}
	seen := whatIsSeen(after)
	for i := range before.Findings {
		f := &before.Findings[i]
		if now[key(f)] != nil || over(f) || old[key(f)] != f {
			continue
		}
		if looked, missing := seen.wouldShow(f, before, l); len(looked) > 0 {
			d.Fixed = append(d.Fixed, entry(l, f, nil, l.T("not to be found any more in %s", strings.Join(looked, ", "))))
		} else {
			d.Unknown = append(d.Unknown, entry(l, f, nil, l.T("the new material has no %s", strings.Join(missing, l.T(", no ")))))
		}
	}
	d.Notes = append(d.Notes, notes(l, d, before, after)...)
	return d
}

func over(f *finding.Finding) bool { return f.State == finding.Resolved }

// key tells whether two findings are about the same thing: cause and subject. The folder of a file is left out, because it
// belongs to the bundle and not to the cluster.
func key(f *finding.Finding) string {
	s := f.Subject
	return strings.Join([]string{f.ID, s.Kind, s.Client, s.Server, strconv.Itoa(s.Port), s.Node, s.Side, filepath.Base(s.File)}, "\x00")
}

func entry(l lang.Lang, was, is *finding.Finding, why string) Entry {
	f := is
	if f == nil {
		f = was
	}
	e := Entry{ID: f.ID, Severity: f.Severity, Role: f.Role, Subject: f.Subject, Title: f.Title, Why: why, Changes: []string{}}
	if was != nil {
		e.OldRef = was.Ref
	}
	if is != nil {
		e.NewRef = is.Ref
	}
	if was == nil || is == nil {
		return e
	}
	for _, v := range []struct{ what, old, now string }{
		{"severity", string(was.Severity), string(is.Severity)},
		{"role", was.Role, is.Role},
		{"confidence", was.Confidence, is.Confidence},
		{"last seen", was.Last.String(), is.Last.String()},
	} {
		if v.old != v.now {
			e.Changes = append(e.Changes, l.T("%s: %s, was %s", l.T(v.what), l.T(orUnknown(v.now)), l.T(orUnknown(v.old))))
		}
	}
	return e
}

func orUnknown(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}

// until is the last time that a report knows of.
func until(r *report.Report) (last stamp.Time) {
	for _, e := range r.Timeline {
		last = stamp.Later(last, stamp.Later(e.Time, e.Last))
	}
	for _, f := range r.Findings {
		last = stamp.Later(last, f.Last)
	}
	for _, c := range r.Captures {
		last = stamp.Later(last, c.Last)
	}
	return last
}

func notes(l lang.Lang, d *Diff, before, after *report.Report) (notes []string) {
	if d.NewUntil.Before(d.OldUntil) {
		notes = append(notes, l.T("the new material ends at %s, before the old one does (%s): were the two swapped?", d.NewUntil, d.OldUntil))
	}
	known := map[string]bool{}
	for _, n := range before.Nodes {
		known[n.Address], known[n.Name] = true, true
	}
	delete(known, "")
	common := slices.ContainsFunc(after.Nodes, func(n node) bool { return known[n.Address] || known[n.Name] })
	if !common && len(known) > 0 && len(after.Nodes) > 0 {
		notes = append(notes, l.T("the two have no node in common: are they of the same cluster?"))
	}
	return notes
}
