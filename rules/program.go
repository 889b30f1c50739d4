package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"

	"cbdoctor/lazyregexp"
)

// costLimit bounds one evaluation. The most expensive condition of the catalog costs some thousands on a large bundle;
// a condition that walks every fact against every other of 10,000 would need 10^8 and is stopped.
const costLimit = 5_000_000

// program is an expression, ready to run: a native one, or one that CEL checked.
type program struct {
	source string
	native *native
	run    cel.Program
	ast    *cel.Ast
}

// reads lists the fields of the variable that the expression names: "link.alert".
func (p *program) reads(variable string) []string {
	if p.native != nil {
		return p.native.reads
	}
	return fieldPaths(p.ast, variable)
}

// compiler compiles what is asked for, when it is: most of the catalog is about what a given cluster does not have. It
// remembers what it compiled, because half of all expressions are repetitions. It is safe for use by several goroutines.
type compiler struct {
	language    string
	catalog     *Catalog // in whose language values are shown
	word        func(string) string
	environment func() (*cel.Env, error)
	lock        sync.Mutex
	done        map[string]*program // by source
	checked     map[string]*program
}

func newCompiler(language string, c *Catalog, environment func() (*cel.Env, error)) *compiler {
	return &compiler{language: language, catalog: c, word: c.word, environment: sync.OnceValues(environment), done: map[string]*program{}, checked: map[string]*program{}}
}

// compile makes the expression ready to run, in Go where the catalog has it so.
func (c *compiler) compile(source string) (*program, error) {
	c.lock.Lock()
	code := c.done[source]
	if code == nil {
		if n := nativeOf(c.language, source); n != nil && !c.catalog.interpreted {
			code = &program{source: source, native: n}
			c.done[source] = code
		}
	}
	c.lock.Unlock()
	if code != nil {
		return code, nil
	}
	return c.check(source)
}

// check has CEL check the expression's names and types. The error names the unknown field and the nearest one that exists.
func (c *compiler) check(source string) (*program, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if code := c.checked[source]; code != nil {
		return code, nil
	}
	env, err := c.environment()
	if err != nil {
		return nil, err
	}
	code, err := compile(env, source)
	if err != nil {
		return nil, err
	}
	c.checked[source] = code
	return code, nil
}

// gives reports an error when the program's value is of another type.
func (p *program) gives(want *cel.Type) error {
	if got := p.ast.OutputType(); !got.IsExactType(want) && got.String() != "dyn" {
		return fmt.Errorf("%q gives %s, but %s is wanted", p.source, got, want)
	}
	return nil
}

func compile(env *cel.Env, source string) (*program, error) {
	ast, issues := env.Compile(source)
	if issues != nil && issues.Err() != nil {
		return nil, fmt.Errorf("%q: %s", source, explainIssues(issues))
	}
	run, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit), cel.InterruptCheckFrequency(1000))
	if err != nil {
		return nil, fmt.Errorf("%q: %w", source, err)
	}
	return &program{source: source, run: run, ast: ast}, nil
}

// value evaluates in the scope. It is a Go value; a list of CEL is a []any.
func (e Expression) value(ctx context.Context, see *scope) (any, error) {
	code, err := e.env.compile(e.Source)
	if err == nil && code.native != nil {
		see.word = e.env.word
		if value, ok := code.native.answer(see); ok {
			return value, nil
		}
		code, err = e.env.check(e.Source)
	}
	if err != nil {
		return nil, fmt.Errorf("condition %w", err)
	}
	value, _, err := code.run.ContextEval(ctx, see.variables())
	if err != nil {
		return nil, fmt.Errorf("condition %q: %w", e.Source, err)
	}
	return goValue(value), nil
}

// holds evaluates a condition; one that was not written holds.
func (e Expression) holds(ctx context.Context, see *scope) (bool, error) {
	if e.IsZero() {
		return true, nil
	}
	value, err := e.value(ctx, see)
	if err != nil {
		return false, err
	}
	b, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("condition %q gives %v instead of true or false", e.Source, value)
	}
	return b, nil
}

// text evaluates an expression and writes its value as people read it.
func (e Expression) text(ctx context.Context, see *scope) (string, error) {
	value, err := e.value(ctx, see)
	if err != nil {
		return "", err
	}
	return show(value, e.env.catalog.lang), nil
}

var undefined = lazyregexp.New(`undefined field '([^']*)'|undeclared reference to '([^']*)'`)

// explainIssues turns the checker's report into one line per mistake, with the nearest known name.
func explainIssues(issues *cel.Issues) string {
	var lines []string
	for _, e := range issues.Errors() {
		line := e.Message
		if m := undefined.FindStringSubmatch(e.Message); m != nil {
			line += didYouMean(m[1]+m[2], vocabulary())
		}
		lines = append(lines, fmt.Sprintf("column %d: %s", e.Location.Column()+1, line))
	}
	return strings.Join(lines, "; ")
}

// vocabulary is every variable and field name that an expression can use, sorted.
func vocabulary() []string {
	names := []string{"subject", "it"}
	for _, k := range kinds {
		names = append(names, k.name)
		names = append(names, fieldsOf(k.typ)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
