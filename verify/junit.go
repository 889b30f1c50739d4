package verify

import (
	"fmt"
	"io"
	"strings"

	"cbdoctor/report/junit"
)

// WriteJUnit writes one test case a case, in the form that Jenkins, GitLab and others read.
func WriteJUnit(w io.Writer, results []Result) error {
	suite := junit.Suite{Name: "cbdoctor verify"}
	for _, r := range results {
		c := junit.Case{Class: "cbdoctor.verify", Name: r.Name}
		if len(r.Differences) > 0 && !r.Updated {
			var b strings.Builder
			writeDifferences(&b, "", r.Differences)
			c.Failure = &junit.Failure{
				Message: fmt.Sprintf("%d differences from what was expected", len(r.Differences)), Type: "difference", Text: b.String(),
			}
		}
		suite.Cases = append(suite.Cases, c)
	}
	return junit.Write(w, suite)
}
