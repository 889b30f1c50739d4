// Package strictyaml reads the YAML files that people hand in: rules, inventories, scenarios, expectations, accepted findings.
//
// It is the one place that calls the YAML library to decode: a key that is not known is an error that shows its place, and a
// text that makes the library panic is an error like any other.
package strictyaml

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Decode reads text into the value that into points to. The error shows the line and what was expected there; what was decoded
// before it may stand in into.
func Decode(text []byte, into any) (err error) {
	defer recovered(&err)
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		return &syntaxError{err}
	}
	return nil
}

// JSON turns YAML into JSON, for values that are read by their JSON names.
func JSON(text []byte) (out []byte, err error) {
	defer recovered(&err)
	out, err = yaml.YAMLToJSON(text)
	if err != nil {
		return nil, &syntaxError{err}
	}
	return out, nil
}

// recovered turns a panic of the library into an error: v1.19 dereferences nil on some texts, such as a tag before a comment.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("not YAML that can be read (%v)", r)
	}
}

// syntaxError prints the library's error with the lines around its place.
type syntaxError struct{ err error }

func (e *syntaxError) Error() string { return yaml.FormatError(e.err, false, true) }
func (e *syntaxError) Unwrap() error { return e.err }

// WithoutText is an error of Decode that shows the place and nothing of the text: for files that may hold a secret.
func WithoutText(err error) error {
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		return errors.New(yaml.FormatError(syntax.err, false, false))
	}
	return err
}
