package rules

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed skeleton.txt
var skeleton string

// Skeleton is a commented rule file with one rule of the id, which loads and whose examples run, ready to be filled in.
func Skeleton(id string) (string, error) {
	if !idForm.MatchString(id) {
		return "", fmt.Errorf("rule id %q: lower-case words joined by hyphens are wanted, as in health-check-refused", id)
	}
	return strings.ReplaceAll(skeleton, "ID-OF-THE-RULE", id), nil
}
