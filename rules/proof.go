package rules

import (
	"context"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"cbdoctor/finding"
)

// valuesLimit bounds the values that one proof shows, and maxValue the length of each.
const (
	valuesLimit = 12
	maxValue    = 200
)

// prove says what was asked of the fact and what the fact had, so that a reader can check the conclusion by hand.
func (h *hit) prove(ctx context.Context, see *scope) error {
	h.proof = finding.Proof{
		Fact: h.sign.For, Seen: h.proofs, Condition: strings.Join(strings.Fields(h.sign.When.Source), " "),
		First: h.span.First.String(), Last: h.span.Last.String(), Count: max(h.span.Count, 1), Values: []finding.Value{},
	}
	shown, err := h.sign.shown()
	if err != nil {
		return err
	}
	for _, field := range shown {
		text, err := field.text(ctx, see)
		if err != nil {
			return err
		}
		if r := []rune(text); len(r) > maxValue {
			text = string(r[:maxValue]) + "…"
		}
		h.proof.Values = append(h.proof.Values, finding.Value{Name: field.Source, Value: text})
	}
	return nil
}

// shown is the fields of the fact that the sign asks about, in the order in which it names them.
func (s *Sign) shown() (fields []Expression, err error) {
	var paths []string
	if key := kindOf(s.For).key; len(s.asked()) > 0 {
		if key == "problem" {
			key = "problems"
		}
		paths = append(paths, s.For+"."+key)
	}
	if !s.When.IsZero() {
		code, err := s.When.env.compile(s.When.Source)
		if err != nil {
			return nil, err
		}
		paths = append(paths, code.reads(s.For)...)
	}
	for i, path := range paths {
		longer := slices.ContainsFunc(paths, func(other string) bool { return strings.HasPrefix(other, path+".") })
		if longer || slices.Contains(paths[:i], path) || len(fields) == valuesLimit || s.For == "cluster" {
			continue
		}
		fields = append(fields, Expression{Source: path, Line: s.When.Line, env: s.Summary.env})
	}
	return fields, nil
}

// fieldPaths lists the fields of the variable that an expression reads: "link.alert".
func fieldPaths(expression *cel.Ast, variable string) []string {
	var paths []string
	ast.PostOrderVisit(expression.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if path := fieldPath(e); strings.HasPrefix(path, variable+".") {
			paths = append(paths, path)
		}
	}))
	return paths
}

func fieldPath(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		if operand := fieldPath(e.AsSelect().Operand()); operand != "" {
			return operand + "." + e.AsSelect().FieldName()
		}
	}
	return ""
}
