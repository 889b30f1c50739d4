package rules

import (
	"cmp"
	"errors"
	"fmt"
	"go/format"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/stamp"
)

// writeNatives translates everything that the files say, in all languages, to Go. Expressions about "it" have no type of their own
// and stay with CEL.
func writeNatives(t *testing.T, families []*Family, translations map[lang.Lang][]*Translation) string {
	t.Helper()
	c := &Catalog{lang: lang.English}
	c.env = newEnvironments(c)
	for _, f := range families {
		c.add(f)
	}
	if problems := c.check(func(*Rule) bool { return true }); len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, l := range lang.All[1:] {
		texts := &translator{lang: l, checks: true}
		c.translate(texts, families, translations[l])
		if len(texts.wrong) > 0 {
			t.Fatal(texts.wrong)
		}
	}
	var all []native
	code := map[string]string{}
	compilers := map[string]*compiler{conclusions: c.env.conclusions}
	for name, signs := range c.env.signs {
		compilers[name] = signs
	}
	for name, compiler := range compilers {
		for source, checked := range compiler.checked {
			text, err := goOf(name, checked.ast)
			if errors.Is(err, errDynamic) && strings.Contains(source, "it.") {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %q: %v", name, source, err)
			}
			n := native{language: name, source: source}
			if name != conclusions {
				n.reads = fieldPaths(checked.ast, name)
			}
			all = append(all, n)
			code[name+"\n"+source] = text
		}
	}
	slices.SortFunc(all, func(a, b native) int {
		return cmp.Or(cmp.Compare(a.language, b.language), cmp.Compare(a.source, b.source))
	})
	var b strings.Builder
	for _, n := range all {
		reads := "nil"
		if len(n.reads) > 0 {
			reads = fmt.Sprintf("%#v", n.reads)
		}
		fmt.Fprintf(&b, "\t{%q, %s, %s, func(s *scope) any {\n%s\t}},\n", n.language, strconv.Quote(n.source), reads, code[n.language+"\n"+n.source])
	}
	body := b.String()
	head := generated + "import (\n"
	for _, p := range []string{"slices", "strconv", "strings", "time", "unicode/utf8", "", "cbdoctor/fact", "cbdoctor/stamp"} {
		if p == "" {
			head += "\n"
		} else if strings.Contains(body, p[strings.LastIndex(p, "/")+1:]+".") && regexp.MustCompile(`[^."\w]`+p[strings.LastIndex(p, "/")+1:]+`\.[A-Z]`).MatchString(body) {
			head += fmt.Sprintf("\t%q\n", p)
		}
	}
	out, err := format.Source([]byte(head + ")\n\n// natives is the expressions of catalog/, sorted.\nvar natives = []native{\n" + body + "}\n"))
	if err != nil {
		t.Fatal(err, "\n", body)
	}
	return string(out)
}

// errDynamic: the type of a value is known only when it is there.
var errDynamic = errors.New("its type is not known before")

// goWriter translates one expression to Go.
type goWriter struct {
	ast       *ast.AST
	language  string
	variables map[string]goValueOf
	names     int // of loops so far
}

// goValueOf is a piece of Go and the type of its value.
type goValueOf struct {
	code string
	typ  reflect.Type
}

// goOf is the body of the function that gives the expression's value.
func goOf(language string, checked *cel.Ast) (body string, err error) {
	w := &goWriter{ast: checked.NativeRep(), language: language, variables: map[string]goValueOf{
		"cluster": {"s.cluster", reflect.TypeFor[*Cluster]()}, "subject": {"s.subject", reflect.TypeFor[finding.Subject]()}, "it": {"s.it", reflect.TypeFor[any]()},
	}}
	defer func() {
		if failed := recover(); failed != nil {
			var ok bool
			if err, ok = failed.(error); !ok {
				err = fmt.Errorf("%v", failed)
			}
		}
	}()
	if k := kindOf(language); k != nil && language != "cluster" {
		w.variables[language] = goValueOf{"about", reflect.TypeOf(k.typ)}
	}
	v := w.expression(w.ast.Expr())
	if regexp.MustCompile(`\babout\b`).MatchString(v.code) {
		body = fmt.Sprintf("about := s.fact.(%s)\n", nameOf(reflect.TypeOf(kindOf(language).typ)))
	}
	return body + "return " + v.code + "\n", nil
}

func nameOf(t reflect.Type) string {
	return strings.ReplaceAll(strings.ReplaceAll(t.String(), "rules.", ""), "interface {}", "any")
}

// plain makes the value one of the types that CEL has for it.
func plain(v goValueOf) goValueOf {
	switch k := v.typ.Kind(); {
	case v.typ == reflect.TypeFor[time.Duration]():
		return v
	case k >= reflect.Int && k <= reflect.Uint64 && v.typ != reflect.TypeFor[int64]():
		return goValueOf{"int64(" + v.code + ")", reflect.TypeFor[int64]()}
	case k == reflect.String && v.typ != reflect.TypeFor[string]():
		return goValueOf{"string(" + v.code + ")", reflect.TypeFor[string]()}
	}
	return v
}

func (w *goWriter) expression(e ast.Expr) goValueOf {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().Value().(type) {
		case string:
			return goValueOf{strconv.Quote(v), reflect.TypeFor[string]()}
		case bool:
			return goValueOf{strconv.FormatBool(v), reflect.TypeFor[bool]()}
		case int64:
			return goValueOf{fmt.Sprintf("int64(%d)", v), reflect.TypeFor[int64]()}
		case float64:
			return goValueOf{fmt.Sprintf("float64(%v)", v), reflect.TypeFor[float64]()}
		}
	case ast.IdentKind:
		if v, ok := w.variables[e.AsIdent()]; ok {
			return plain(v)
		}
	case ast.SelectKind:
		of := w.expression(e.AsSelect().Operand())
		return w.field(of, e.AsSelect().FieldName())
	case ast.ListKind:
		t := w.typeOf(e)
		var elements []string
		for _, element := range e.AsList().Elements() {
			elements = append(elements, w.expression(element).code)
		}
		return goValueOf{nameOf(t) + "{" + strings.Join(elements, ", ") + "}", t}
	case ast.CallKind:
		return w.call(e)
	case ast.ComprehensionKind:
		return w.comprehension(e)
	}
	panic(fmt.Errorf("no Go for %v", e.Kind()))
}

func (w *goWriter) field(of goValueOf, name string) goValueOf {
	t := of.typ
	if t.Kind() == reflect.Interface {
		panic(errDynamic)
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && fieldName(f) == name {
			return plain(goValueOf{of.code + "." + f.Name, f.Type})
		}
	}
	panic(fmt.Errorf("%s has no field %q", t, name))
}

// typeOf is the Go type of what CEL says of an expression.
func (w *goWriter) typeOf(e ast.Expr) reflect.Type { return goTypeOf(w.ast.GetType(e.ID())) }

func goTypeOf(t *types.Type) reflect.Type {
	switch t.Kind() {
	case types.StringKind:
		return reflect.TypeFor[string]()
	case types.BoolKind:
		return reflect.TypeFor[bool]()
	case types.IntKind:
		return reflect.TypeFor[int64]()
	case types.DoubleKind:
		return reflect.TypeFor[float64]()
	case types.DurationKind:
		return reflect.TypeFor[time.Duration]()
	case types.ListKind:
		return reflect.SliceOf(goTypeOf(t.Parameters()[0]))
	case types.DynKind:
		panic(errDynamic)
	}
	for _, known := range []reflect.Type{
		reflect.TypeFor[Member](), reflect.TypeFor[Path](), reflect.TypeFor[Capture](), reflect.TypeFor[fact.Link](), reflect.TypeFor[fact.HealthCheck](),
		reflect.TypeFor[fact.Message](), reflect.TypeFor[fact.Upgrade](), reflect.TypeFor[fact.Status](), reflect.TypeFor[fact.Certificate](), reflect.TypeFor[fact.Clock](),
		reflect.TypeFor[fact.Input](), reflect.TypeFor[fact.Node](), reflect.TypeFor[fact.Command](), reflect.TypeFor[fact.Gap](), reflect.TypeFor[stamp.Time](),
	} {
		if typeOf(reflect.Zero(known).Interface()).TypeName() == t.TypeName() {
			return known
		}
	}
	panic(fmt.Errorf("no Go type for %v", t))
}

// ofCluster is the method of the cluster behind each function of the language.
var ofCluster = map[string]struct {
	name   string
	result reflect.Type
}{
	"label": {"label", reflect.TypeFor[string]()}, "interface_of": {"netInterface", reflect.TypeFor[string]()}, "file_of": {"file", reflect.TypeFor[string]()},
	"basename_of": {"basename", reflect.TypeFor[string]()}, "certs_line": {"certsLine", reflect.TypeFor[string]()}, "link_of": {"link", reflect.TypeFor[fact.Link]()},
	"cert_of": {"certificate", reflect.TypeFor[fact.Certificate]()}, "server_fault": {"serverFault", reflect.TypeFor[string]()},
	"typed": {"typed", reflect.TypeFor[stamp.Time]()}, "paths_with": {"pathsWith", reflect.TypeFor[[]Path]()},
}

// operators that Go writes the same way, on values of one plain type.
var operators = map[string]string{
	"_&&_": "&&", "_||_": "||", "_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_+_": "+", "_-_": "-", "_*_": "*", "_%_": "%",
}

// functions of CEL whose value has one type: their Go, with the arguments in place.
var goFunctions = map[string]goValueOf{
	"contains":    {"strings.Contains(%s, %s)", reflect.TypeFor[bool]()},
	"startsWith":  {"strings.HasPrefix(%s, %s)", reflect.TypeFor[bool]()},
	"join":        {"strings.Join(%s, %s)", reflect.TypeFor[string]()},
	"lowerAscii":  {"lowerASCII(%s)", reflect.TypeFor[string]()},
	"before":      {"%s.Before(%s)", reflect.TypeFor[bool]()},
	"known":       {"!%s.IsZero()", reflect.TypeFor[bool]()},
	"words":       {"s.word(%s)", reflect.TypeFor[string]()},
	"first_of":    {"firstOf(%s)", reflect.TypeFor[string]()},
	"!_":          {"!%s", reflect.TypeFor[bool]()},
	"lists.range": {"upTo(%s)", reflect.TypeFor[[]int64]()},
}

func (w *goWriter) call(e ast.Expr) goValueOf {
	call := e.AsCall()
	name := call.FunctionName()
	var arguments []goValueOf
	if call.IsMemberFunction() {
		arguments = append(arguments, w.expression(call.Target()))
	}
	for _, a := range call.Args() {
		arguments = append(arguments, w.expression(a))
	}
	codes := make([]any, len(arguments))
	for i, a := range arguments {
		codes[i] = a.code
	}
	if method, ok := ofCluster[name]; ok {
		var texts []string
		for _, a := range arguments[1:] {
			if a.typ.Kind() == reflect.Interface {
				a.code += ".(string)"
			}
			texts = append(texts, a.code)
		}
		return goValueOf{arguments[0].code + "." + method.name + "(" + strings.Join(texts, ", ") + ")", method.result}
	}
	if f, ok := goFunctions[name]; ok {
		return goValueOf{fmt.Sprintf(f.code, codes...), f.typ}
	}
	first := arguments[0].typ
	switch name {
	case "@not_strictly_false":
		return arguments[0]
	case "_?_:_":
		t := arguments[1].typ
		if arguments[2].typ != t { // one of them is "it"
			t = reflect.TypeFor[any]()
		}
		return goValueOf{fmt.Sprintf("func() %s {\nif %s {\nreturn %s\n}\nreturn %s\n}()", nameOf(t), codes[0], codes[1], codes[2]), t}
	case "size":
		if first.Kind() == reflect.String {
			return goValueOf{fmt.Sprintf("int64(utf8.RuneCountInString(%s))", codes[0]), reflect.TypeFor[int64]()}
		}
		return goValueOf{fmt.Sprintf("int64(len(%s))", codes[0]), reflect.TypeFor[int64]()}
	case "distinct":
		return goValueOf{fmt.Sprintf("distinct(%s)", codes[0]), first}
	case "string":
		switch first {
		case reflect.TypeFor[int64]():
			return goValueOf{fmt.Sprintf("strconv.FormatInt(%s, 10)", codes[0]), reflect.TypeFor[string]()}
		case reflect.TypeFor[string]():
			return arguments[0]
		}
	case "duration":
		d, err := time.ParseDuration(call.Args()[0].AsLiteral().Value().(string))
		if err != nil {
			panic(err)
		}
		return goValueOf{fmt.Sprintf("time.Duration(%d)", d), reflect.TypeFor[time.Duration]()}
	case "@in":
		in := arguments[1].typ
		if in.Kind() == reflect.Map {
			return goValueOf{fmt.Sprintf("hasKey(%s, %s)", codes[1], codes[0]), reflect.TypeFor[bool]()}
		}
		return goValueOf{fmt.Sprintf("slices.Contains(%s, %s)", codes[1], codes[0]), reflect.TypeFor[bool]()}
	case "_[_]":
		if first.Kind() == reflect.Map {
			return plain(goValueOf{fmt.Sprintf("valueOf(%s, %s)", codes[0], codes[1]), first.Elem()})
		}
		return plain(goValueOf{fmt.Sprintf("%s[%s]", codes[0], codes[1]), first.Elem()})
	case "_-_":
		if first == reflect.TypeFor[time.Time]() && arguments[1].typ == first {
			return goValueOf{fmt.Sprintf("%s.Sub(%s)", codes[0], codes[1]), reflect.TypeFor[time.Duration]()}
		}
	case "_+_":
		if first.Kind() == reflect.Slice {
			return goValueOf{fmt.Sprintf("append(%s, %s...)", codes[0], codes[1]), first}
		}
	}
	operator, ok := operators[name]
	if name == "_==_" && first.Kind() == reflect.Interface {
		return goValueOf{fmt.Sprintf("(%s == any(%s))", codes[0], codes[1]), reflect.TypeFor[bool]()}
	}
	if !ok || first != arguments[1].typ || first.Kind() == reflect.Struct || !first.Comparable() || first.Kind() == reflect.Interface {
		if first.Kind() == reflect.Interface || arguments[len(arguments)-1].typ.Kind() == reflect.Interface {
			panic(errDynamic)
		}
		panic(fmt.Errorf("no Go for %s of %v", name, first))
	}
	result := first
	if strings.ContainsAny(operator, "=<>&|") {
		result = reflect.TypeFor[bool]()
	}
	return goValueOf{fmt.Sprintf("(%s %s %s)", codes[0], operator, codes[1]), result}
}

// comprehension writes the loop behind exists, all, filter and map.
func (w *goWriter) comprehension(e ast.Expr) goValueOf {
	c := e.AsComprehension()
	over := w.expression(c.IterRange())
	w.names++
	element, result := fmt.Sprintf("e%d", w.names), fmt.Sprintf("r%d", w.names)
	loop := fmt.Sprintf("for i := range list {\n%s := &list[i]\n", element)
	of := plain(goValueOf{"(*" + element + ")", over.typ.Elem()})
	if over.typ.Kind() == reflect.Map {
		loop, of = fmt.Sprintf("for %s := range list {\n", element), goValueOf{element, over.typ.Key()}
	}
	t := goTypeOf(w.ast.GetType(c.AccuInit().ID()))
	hidden := map[string]goValueOf{c.IterVar(): w.variables[c.IterVar()], c.AccuVar(): w.variables[c.AccuVar()]}
	initial := w.expression(c.AccuInit()).code
	w.variables[c.IterVar()], w.variables[c.AccuVar()] = of, goValueOf{result, t}
	var b strings.Builder
	fmt.Fprintf(&b, "func() %s {\nlist, %s := %s, %s\n%s", nameOf(t), result, over.code, initial, loop)
	switch while := w.expression(c.LoopCondition()).code; while {
	case "true":
	case "!" + result:
		fmt.Fprintf(&b, "if %s {\nbreak\n}\n", result)
	case result:
		fmt.Fprintf(&b, "if !%s {\nbreak\n}\n", result)
	default:
		fmt.Fprintf(&b, "if !(%s) {\nbreak\n}\n", while)
	}
	step := c.LoopStep()
	if step.Kind() == ast.CallKind && step.AsCall().FunctionName() == "_?_:_" && step.AsCall().Args()[2].Kind() == ast.IdentKind {
		fmt.Fprintf(&b, "if %s {\n%s = %s\n}\n", w.expression(step.AsCall().Args()[0]).code, result, w.expression(step.AsCall().Args()[1]).code)
	} else {
		fmt.Fprintf(&b, "%s = %s\n", result, w.expression(step).code)
	}
	fmt.Fprintf(&b, "}\nreturn %s\n}()", w.expression(c.Result()).code)
	for name, v := range hidden {
		w.variables[name] = v
		if v.typ == nil {
			delete(w.variables, name)
		}
	}
	return goValueOf{b.String(), t}
}
