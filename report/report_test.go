package report

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/stamp"
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

// filled is a report in which every text is hostile and no list is empty, as a saved report may be.
func filled() *Report {
	r := hostileReport()
	fill(reflect.ValueOf(r).Elem(), 0)
	harmless(r) // as Read does
	return r
}

func fill(v reflect.Value, depth int) {
	if depth > 12 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth+1)
		fill(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*stamp.Time); ok {
			*t = stamp.New(time.Date(2026, 3, 12, 10, 11, 12, 0, time.UTC), 3)
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	}
}

// Every format takes hostile text, wherever it stands, without letting it act on a terminal or a page.
func TestFormatsNeutraliseHostileText(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Report{"usual": hostileReport(), "all": filled()} {
		for _, format := range Formats() {
			var out bytes.Buffer
			if err := Write(&out, format, r, WriteOptions{Width: 80, Full: true}); err != nil {
				t.Errorf("%s, %s: %v", format, name, err)
			}
			forbidden := "\x1b\x00\r\u202e"
			if format == "json" || format == "ndjson" { // for machines: the text as it was, with JSON's own escapes
				forbidden = "\x1b\x00\r"
			}
			if i := strings.IndexAny(out.String(), forbidden); i >= 0 {
				t.Errorf("%s, %s: a control character gets through: %q", format, name, out.String()[max(0, i-120):i+20])
			}
			if format == "html" && strings.Count(out.String(), "<script") != 3 {
				t.Errorf("%s: text became a script", name)
			}
		}
	}
}

func TestJSONReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	r := hostileReport()
	harmless(r)
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
