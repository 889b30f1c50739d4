// Package junit writes test results in the form that Jenkins, GitLab and others read ("JUnit XML").
//
// In: suites of cases. Out: the document. There are no times and no host names in it: the same results give the same bytes.
// Text may be hostile: what XML 1.0 can't hold is replaced. Start at Write.
package junit

import (
	"encoding/xml"
	"io"

	"cbdoctor/terminal"
)

// Suite is a named list of cases; its counts are filled in by Write.
type Suite struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"` // always 0; readers want to see it
	Skipped  int    `xml:"skipped,attr"`
	Cases    []Case `xml:"testcase"`
}

// Case is one test. It passed where neither Failure nor Skipped is set.
type Case struct {
	Class   string   `xml:"classname,attr"` // dotted, readers group by it
	Name    string   `xml:"name,attr"`
	Skipped *Skipped `xml:"skipped"`
	Failure *Failure `xml:"failure"`
	Output  *Output  `xml:"system-out"`
}

// Skipped says why a case decides nothing. The reason is the element's content: Jenkins' schema knows no attribute here.
type Skipped struct {
	Message string `xml:",chardata"`
}

// Failure says what is wrong: in a line, and whole.
type Failure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

// Output is what a case that did not fail has to say.
type Output struct {
	Text string `xml:",cdata"`
}

// Write writes the document.
func Write(w io.Writer, suites ...Suite) error {
	var all struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []Suite  `xml:"testsuite"`
	}
	for _, s := range suites {
		s.Cases = append([]Case(nil), s.Cases...)
		s.count()
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *Suite) count() {
	s.Name, s.Tests = printable(s.Name), len(s.Cases)
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Class, c.Name = printable(c.Class), printable(c.Name)
		if c.Output != nil {
			c.Output = &Output{printable(c.Output.Text)}
		}
		if c.Failure != nil {
			s.Failures++
			c.Failure = &Failure{printable(c.Failure.Message), printable(c.Failure.Type), printable(c.Failure.Text)}
		}
		if c.Skipped != nil {
			s.Skipped++
			c.Skipped = &Skipped{printable(c.Skipped.Message)}
		}
	}
}

// printable is text that XML holds and no reader acts on.
func printable(s string) string { return terminal.Printable(s, "\n") }
