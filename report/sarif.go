package report

import (
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"cbdoctor/finding"
)

// writeSARIF writes SARIF 2.1.0 (OASIS). Results are what counts as a failure, so that a run has results exactly where the
// exit code is 1; what does not count is a notification of the run, with the same text and places. A log line is the region of
// its place; frames and display filters, which SARIF has no words for, are properties.
func writeSARIF(w io.Writer, r *Report, opt WriteOptions) error {
	r = r.In(opt.Lang)
	run := sarif.NewRun()
	run.Tool = sarif.NewTool().WithDriver(sarif.NewToolComponent().WithName(r.Tool.Name).WithVersion(r.Tool.Version))
	invocation := sarif.NewInvocation().WithExecutionSuccessful(true)
	run.AddInvocation(invocation)
	rules := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		index, known := rules[f.ID]
		if !known {
			index = len(rules)
			rules[f.ID] = index
			run.Tool.Driver.AddRule(sarifRule(f))
		}
		if opt.Fails(f) || opt.threshold() == Never {
			run.AddResult(sarifResult(f, opt).WithRuleIndex(index))
		} else {
			note := sarif.NewNotification().WithLevel(sarifLevels[f.Severity]).WithMessage(sarifMessage(f)).WithLocations(sarifLocations(f, opt)).WithProperties(sarifProperties(f))
			note.WithAssociatedRule(sarif.NewReportingDescriptorReference().WithID(f.ID).WithIndex(index))
			invocation.AddToolExecutionNotification(note)
		}
	}
	document := sarif.NewReport()
	document.AddRun(run)
	if err := document.PrettyWrite(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

var sarifLevels = map[finding.Severity]string{
	finding.Critical: sarif.LevelError, finding.Error: sarif.LevelError, finding.Warning: sarif.LevelWarning, finding.Info: sarif.LevelNote,
}

// sarifRule describes a finding's ID. The web page is the first of its references; "cbdoctor explain ID" tells more.
func sarifRule(f *finding.Finding) *sarif.ReportingDescriptor {
	rule := sarif.NewReportingDescriptor().WithID(f.ID).WithName(f.ID)
	rule.WithHelp(sarif.NewMultiformatMessageString().WithText("cbdoctor explain " + f.ID))
	rule.WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevels[f.Severity]))
	rule.WithProperties(sarif.NewPropertyBag().WithTags([]string{f.FixArea}))
	for _, ref := range f.References {
		if strings.HasPrefix(ref, "https://") {
			rule.WithHelpURI(ref)
			break
		}
	}
	return rule
}

func sarifResult(f *finding.Finding, opt WriteOptions) *sarif.Result {
	result := sarif.NewResult().WithRuleID(f.ID).WithLevel(sarifLevels[f.Severity]).WithMessage(sarifMessage(f)).WithLocations(sarifLocations(f, opt)).WithProperties(sarifProperties(f))
	result.WithOccurrenceCount(max(f.Count, 1))
	result.WithPartialFingerprints(map[string]string{"cbdoctorFinding/v1": f.ID + " " + f.Subject.String()})
	return result
}

func sarifMessage(f *finding.Finding) *sarif.Message {
	return sarif.NewTextMessage(clean(f.Title) + ". " + clean(f.Summary))
}

func sarifProperties(f *finding.Finding) *sarif.PropertyBag {
	p := sarif.NewPropertyBag().Add("ref", f.Ref).Add("severity", f.Severity).Add("confidence", f.Confidence).Add("role", f.Role).Add("state", f.State)
	if len(f.ExplainedBy) > 0 {
		p.Add("explained_by", f.ExplainedBy)
	}
	if !f.First.IsZero() {
		p.Add("first", f.First).Add("last", f.Last)
	}
	return p
}

// sarifLocations are the pieces of evidence. A finding without any, such as one about the cluster, still has its subject as a place.
func sarifLocations(f *finding.Finding, opt WriteOptions) []*sarif.Location {
	subject := sarif.NewLogicalLocation().WithKind("resource").WithFullyQualifiedName(clean(f.Subject.String()))
	if len(f.Evidence) == 0 {
		return []*sarif.Location{sarif.NewLocation().WithLogicalLocations([]*sarif.LogicalLocation{subject})}
	}
	out := make([]*sarif.Location, 0, len(f.Evidence))
	for _, e := range f.Evidence {
		archive, member, inside := strings.Cut(e.File, "!")
		physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(fileURI(opt.Root, archive)))
		properties := sarif.NewPropertyBag()
		switch {
		case inside: // lines of a member are no lines of the archive
			properties.Add("member", clean(member))
			if e.Line > 0 {
				properties.Add("line", e.Line)
			}
		case e.Line > 0:
			physical.WithRegion(sarif.NewRegion().WithStartLine(e.Line).WithSnippet(sarif.NewArtifactContent().WithText(clean(e.Text))))
		}
		if len(e.Frames) > 0 {
			properties.Add("frames", e.Frames)
		}
		if e.Filter != "" {
			properties.Add("filter", e.Filter)
		}
		location := sarif.NewLocation().WithPhysicalLocation(physical).WithMessage(sarif.NewTextMessage(clean(e.Text))).WithProperties(properties)
		out = append(out, location.WithLogicalLocations([]*sarif.LogicalLocation{subject}))
	}
	return out
}

// relative names a file as seen from the root of the repository where it lies below it, with slashes.
func relative(root, file string) string {
	if root != "" {
		if full, err := filepath.Abs(file); err == nil {
			if rel, err := filepath.Rel(root, full); err == nil && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel)
			}
		}
	}
	return filepath.ToSlash(file)
}

// fileURI is the relative reference (RFC 3986) of a file below the root, or the file URI of one elsewhere.
func fileURI(root, file string) string {
	name := relative(root, file)
	if filepath.IsAbs(name) {
		return (&url.URL{Scheme: "file", Path: name}).String()
	}
	return (&url.URL{Path: name}).String()
}
