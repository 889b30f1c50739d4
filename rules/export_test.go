package rules

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"google.golang.org/protobuf/proto"

	"cbdoctor/lang"
)

// What the tests of the compiled catalog need.
var (
	ReadBuiltIn      = readBuiltIn
	ReadDir          = readDir
	ReadTranslations = readTranslations
	ReadChecked      = readChecked
)

// CheckedExpressions compiles everything that the files say, in all languages.
func CheckedExpressions(families []*Family, translations map[lang.Lang][]*Translation) (map[string]map[string][]byte, error) {
	all := map[string]map[string][]byte{}
	c := &Catalog{lang: lang.English}
	c.env = newEnvironments(c, nil)
	for _, f := range families {
		c.add(f)
	}
	if problems := c.check(func(*Rule) bool { return true }); len(problems) > 0 {
		return nil, problems
	}
	for _, l := range lang.All[1:] {
		t := &translator{lang: l, checks: true}
		c.translate(t, families, translations[l])
		if len(t.wrong) > 0 {
			return nil, t.wrong
		}
	}
	for name, compiler := range c.env.signs {
		all[name] = compiler.checkedExpressions()
	}
	all[conclusions] = c.env.conclusions.checkedExpressions()
	return all, nil
}

func (c *compiler) checkedExpressions() map[string][]byte {
	list := map[string][]byte{}
	for source, code := range c.done {
		expression, err := cel.AstToCheckedExpr(code.ast)
		if err != nil {
			panic(fmt.Sprintf("%q: %v", source, err))
		}
		expression.SourceInfo = nil // places: mistakes are told when the catalog is checked
		if list[source], err = (proto.MarshalOptions{Deterministic: true}).Marshal(expression); err != nil {
			panic(fmt.Sprintf("%q: %v", source, err))
		}
	}
	return list
}
