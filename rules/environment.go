package rules

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/stamp"
)

// environments are the languages of the catalog: that of the signs, one for each kind of fact, and that of the conclusions,
// which see the finding's subject and the whole cluster but no single fact, because several facts may show one finding.
type environments struct {
	conclusions *compiler
	signs       map[string]*compiler
}

// conclusions is the name of their language among those of the signs, which are called after the kinds of facts.
const conclusions = "conclusions"

func newEnvironments(c *Catalog) environments {
	base := sync.OnceValues(func() (*cel.Env, error) { return newBase(c) })
	extended := func(name string, variables ...cel.EnvOption) *compiler {
		return newCompiler(name, c, func() (*cel.Env, error) {
			env, err := base()
			if err == nil {
				env, err = env.Extend(variables...)
			}
			if err != nil {
				return nil, fmt.Errorf("set up the rule language: %w", err)
			}
			return env, nil
		})
	}
	e := environments{conclusions: extended(conclusions, cel.Variable("it", cel.DynType)), signs: map[string]*compiler{}}
	for _, k := range kinds {
		var own []cel.EnvOption
		if k.name != "cluster" { // which every expression sees
			own = append(own, cel.Variable(k.name, typeOf(k.typ)))
		}
		e.signs[k.name] = extended(k.name, own...)
	}
	return e
}

// newBase is what all of them share: the fact types, the functions, the cluster and the subject.
func newBase(c *Catalog) (*cel.Env, error) {
	provider, adapter, err := types.ComposeTypes(types.NewEmptyRegistry(), types.NewEmptyRegistry(), nativeTypes()...)
	if err != nil {
		return nil, err
	}
	return cel.NewEnv(append(functions(c, adapter),
		cel.CustomTypeProvider(provider), cel.CustomTypeAdapter(adapter),
		cel.Variable("cluster", clusterType), cel.Variable("subject", cel.ObjectType("finding.Subject")))...)
}

var (
	clusterType = cel.ObjectType("rules.Cluster")
	stampType   = cel.ObjectType("stamp.Time")
)

// nativeTypes makes the fact types known, with the field names of package fact.
func nativeTypes() []any {
	return []any{
		reflect.TypeFor[Cluster](), reflect.TypeFor[Member](), reflect.TypeFor[Path](), reflect.TypeFor[Capture](),
		reflect.TypeFor[fact.Link](), reflect.TypeFor[fact.HealthCheck](), reflect.TypeFor[fact.Message](), reflect.TypeFor[fact.Upgrade](),
		reflect.TypeFor[fact.Status](), reflect.TypeFor[fact.Certificate](), reflect.TypeFor[fact.Clock](), reflect.TypeFor[fact.Input](),
		reflect.TypeFor[fact.Node](), reflect.TypeFor[fact.Command](), reflect.TypeFor[fact.Gap](), reflect.TypeFor[finding.Subject](),
		types.ParseStructField(fieldName),
	}
}

// functions is all that an expression can call beside the standard ones: two of time, two of texts, and the methods of the cluster.
// None reaches outside the facts.
func functions(c *Catalog, adapter types.Adapter) []cel.EnvOption {
	options := []cel.EnvOption{
		ext.Strings(), ext.Lists(), ext.Sets(), ext.Math(),
		cel.Function("before", cel.Overload("stamp_before", []*cel.Type{stampType, stampType}, cel.BoolType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				return types.Bool(goValue(a).(stamp.Time).Before(goValue(b).(stamp.Time)))
			}))),
		cel.Function("known", cel.Overload("stamp_known", []*cel.Type{stampType}, cel.BoolType,
			cel.UnaryBinding(func(a ref.Val) ref.Val { return types.Bool(!goValue(a).(stamp.Time).IsZero()) }))),
		cel.Function("words", cel.Overload("words_of_text", []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(a ref.Val) ref.Val { return types.String(c.word(string(a.(types.String)))) }))),
		cel.Function("first_of", cel.Overload("first_of_texts", []*cel.Type{cel.ListType(cel.StringType)}, cel.StringType,
			cel.UnaryBinding(func(texts ref.Val) ref.Val {
				for _, text := range goValue(texts).([]any) {
					if s, ok := text.(string); ok && s != "" {
						return types.String(s)
					}
				}
				return types.String("")
			}))),
	}
	for _, m := range methods {
		arguments := append([]*cel.Type{clusterType}, slices.Repeat([]*cel.Type{cel.StringType}, m.arguments)...)
		options = append(options, cel.Function(m.name, cel.MemberOverload("cluster_"+m.name, arguments, m.result,
			cel.FunctionBinding(func(values ...ref.Val) ref.Val {
				texts := make([]string, m.arguments)
				for i := range texts {
					texts[i] = string(values[i+1].(types.String))
				}
				return adapter.NativeToValue(m.call(values[0].Value().(*Cluster), texts))
			}))))
	}
	return options
}

// methods are the questions that a text may ask the cluster: cluster.label("10.48.36.61").
var methods = []struct {
	name      string
	arguments int // all of them texts
	result    *cel.Type
	means     string
	call      func(c *Cluster, a []string) any
}{
	{
		"label", 1, cel.StringType, "the node's address with its name, as texts call it",
		func(c *Cluster, a []string) any { return c.label(a[0]) },
	},
	{
		"interface_of", 1, cel.StringType, "the interface that the node uses for the cluster; a when nothing says it",
		func(c *Cluster, a []string) any { return c.netInterface(a[0]) },
	},
	{
		"file_of", 2, cel.StringType, "the node's file for client_certificate, server_key ...; empty when nothing says it",
		func(c *Cluster, a []string) any { return c.file(a[0], a[1]) },
	},
	{
		"basename_of", 2, cel.StringType, "that of the node's client or server certificate, for pki csr",
		func(c *Cluster, a []string) any { return c.basename(a[0], a[1]) },
	},
	{
		"certs_line", 1, cel.StringType, "the arguments of database cluster certs on the node",
		func(c *Cluster, a []string) any { return c.certsLine(a[0]) },
	},
	{
		"link_of", 2, typeOf(fact.Link{}), "what the captures say of client and server; count is 0 when none saw them",
		func(c *Cluster, a []string) any { return c.link(a[0], a[1]) },
	},
	{
		"cert_of", 2, typeOf(fact.Certificate{}), "the node's client or server certificate that is at fault; no file and subject when none was seen",
		func(c *Cluster, a []string) any { return c.certificate(a[0], a[1]) },
	},
	{
		"server_fault", 2, cel.StringType, "why the client rejects the server's certificate, where anything names it: an alert, a defect; empty when nothing does",
		func(c *Cluster, a []string) any { return c.serverFault(a[0], a[1]) },
	},
	{
		"typed", 2, stampType, "when the node was last given the command; unknown when no log tells",
		func(c *Cluster, a []string) any { return c.typed(a[0], a[1]) },
	},
	{
		"paths_with", 2, cel.ListType(typeOf(Path{})), "both directions between the two, and between all database nodes",
		func(c *Cluster, a []string) any { return c.pathsWith(a[0], a[1]) },
	},
}

// fieldName makes the tag "cel" a field's name, then its JSON name: what a rule writes is what the report shows.
func fieldName(field reflect.StructField) string {
	if name := field.Tag.Get("cel"); name != "" {
		return name
	}
	if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
		return name
	}
	return strings.ToLower(field.Name)
}

func typeOf(value any) *cel.Type {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	path := strings.Split(t.PkgPath(), "/")
	return cel.ObjectType(path[len(path)-1] + "." + t.Name())
}
