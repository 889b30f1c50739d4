package rules

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Expression is a CEL condition or value as written, with the line it stands on. Empty means not given.
type Expression struct {
	Source string
	Line   int
	env    *compiler
}

// UnmarshalYAML keeps the position, so that a wrong field name is reported with file and line.
func (e *Expression) UnmarshalYAML(node ast.Node) error {
	text, line, err := scalar(node)
	*e = Expression{Source: text, Line: line}
	return err
}

// IsZero reports whether nothing was written.
func (e Expression) IsZero() bool { return e.Source == "" }

// Text is a text for people with CEL values in braces: "PostgreSQL on {subject.server} is down". "{{" is a brace.
type Text struct {
	Source string
	Line   int
	env    *compiler
}

// UnmarshalYAML keeps the position.
func (t *Text) UnmarshalYAML(node ast.Node) error {
	text, line, err := scalar(node)
	*t = Text{Source: text, Line: line}
	return err
}

// IsZero reports whether nothing was written.
func (t Text) IsZero() bool { return t.Source == "" }

// UnmarshalYAML reads a name, a name with a condition, or a step.
func (r *RemedyEntry) UnmarshalYAML(node ast.Node) error {
	if _, isMap := node.(*ast.MappingNode); !isMap {
		name, _, err := scalar(node)
		r.Use = name
		return err
	}
	var sequence struct {
		Use  string     `yaml:"use"`
		When Expression `yaml:"when"`
	}
	if err := yaml.NodeToValue(node, &sequence, yaml.Strict()); err == nil && sequence.Use != "" {
		r.Use, r.When = sequence.Use, sequence.When
		return nil
	}
	r.Step = &Remedy{}
	return yaml.NodeToValue(node, r.Step, yaml.Strict())
}

// UnmarshalYAML reads either a name or an effect.
func (e *EffectEntry) UnmarshalYAML(node ast.Node) error {
	if _, isMap := node.(*ast.MappingNode); !isMap {
		name, _, err := scalar(node)
		e.Use = name
		return err
	}
	e.Effect = &Effect{}
	return yaml.NodeToValue(node, e.Effect, yaml.Strict())
}

// Facts are those of an example, as written: YAML that ReadFacts reads.
type Facts string

// UnmarshalYAML keeps this part of the file undecoded.
func (f *Facts) UnmarshalYAML(node ast.Node) error {
	*f = Facts(node.String())
	return nil
}

func scalar(node ast.Node) (text string, line int, err error) {
	if token := node.GetToken(); token != nil && token.Position != nil {
		line = token.Position.Line
	}
	if literal, ok := node.(*ast.LiteralNode); ok {
		return literal.Value.Value, line + 1, nil // the text begins on the line after the "|"
	}
	if _, ok := node.(ast.ScalarNode); !ok {
		return "", line, fmt.Errorf("line %d: a text is wanted here", line)
	}
	var value any
	if err := yaml.NodeToValue(node, &value); err != nil {
		return "", line, err
	}
	return fmt.Sprint(value), line, nil
}
