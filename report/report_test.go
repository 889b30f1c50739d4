package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cbdoctor/fact"
	"cbdoctor/finding"
)

// hostile is what a log line, a certificate or a file name may hold.
const hostile = "\x1b[31mred\x1b[0m\r\n<script>alert(1)</script>\u202egnp\x00 日本語"

func hostileReport() *Report {
	set := &fact.Set{
		Inputs:   []fact.Input{{Path: hostile, Kind: "syslog", Problem: hostile}},
		Nodes:    []fact.Node{{Address: hostile, Name: hostile, Role: fact.Primary}},
		Timeline: []fact.Event{{Node: hostile, Text: hostile}},
	}
	outcome := &finding.Outcome{
		Findings: []finding.Finding{{
			Ref: "F1", ID: "firewall-blocks", Severity: finding.Critical, Confidence: "high", Role: finding.RootCause, State: finding.Ongoing,
			Title: hostile, Summary: hostile, Against: []finding.Against{{Text: hostile}}, Evidence: []finding.Evidence{{File: hostile, Line: 3, Text: hostile}},
			Remedies: []finding.Remedy{{Step: 1, Where: hostile, Text: hostile, Command: hostile, Alternatives: []string{hostile}, Verify: hostile, Source: hostile}},
		}},
		Plan: []finding.Step{{Step: 1, Where: hostile, Text: hostile, Command: hostile, Findings: []string{"F1"}}},
	}
	return New(Tool{"cbdoctor", "test"}, set, outcome)
}

// Every format takes hostile text without letting it act on a terminal.
func TestFormatsNeutraliseHostileText(t *testing.T) {
	t.Parallel()
	r := hostileReport()
	for _, name := range Formats() {
		var out bytes.Buffer
		if err := Write(&out, name, r, WriteOptions{Width: 80}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		forbidden := "\x1b\x00\r\u202e"
		if name == "json" || name == "ndjson" { // for machines: the text as it was, with JSON's own escapes
			forbidden = "\x1b\x00\r"
		}
		if i := strings.IndexAny(out.String(), forbidden); i >= 0 {
			t.Errorf("%s lets a control character through at byte %d", name, i)
		}
	}
}

func TestJSONReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	r := hostileReport()
	r.Findings[0].Title, r.Findings[0].Summary = "title", "summary"
	var first, second bytes.Buffer
	if err := Write(&first, "json", r, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	again, err := Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(&second, "json", again, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first.String(), second.String()); d != "" {
		t.Error(d)
	}
}

func TestAbsentListsAreEmptyNotNull(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Write(&out, "json", New(Tool{}, &fact.Set{}, &finding.Outcome{}), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "null") {
		t.Errorf("null where a list belongs:\n%s", out.String())
	}
}

func TestWriteNamesTheFormatsItKnows(t *testing.T) {
	t.Parallel()
	err := Write(&bytes.Buffer{}, "xml", &Report{}, WriteOptions{})
	if err == nil || !strings.Contains(err.Error(), "json") {
		t.Errorf("got %v", err)
	}
}
