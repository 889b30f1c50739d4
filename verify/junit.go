package verify

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteJUnit writes one test case a case, in the form that Jenkins, GitLab and others read. There are no times in it: the
// same cases give the same bytes.
func WriteJUnit(w io.Writer, results []Result) error {
	suite := junitSuite{Name: "cbdoctor verify", Tests: len(results)}
	for _, r := range results {
		c := junitCase{Class: "cbdoctor.verify", Name: printable(r.Name)}
		if len(r.Differences) > 0 && !r.Updated {
			suite.Failures++
			var b strings.Builder
			writeDifferences(&b, "", r.Differences)
			c.Failure = &junitFailure{
				Message: fmt.Sprintf("%d differences from what was expected", len(r.Differences)), Type: "difference", Text: printable(b.String()),
			}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(junitSuites{Tests: suite.Tests, Failures: suite.Failures, Suites: []junitSuite{suite}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}
