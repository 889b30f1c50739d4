package rules

import (
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/stamp"
)

// newEnvironment is what conditions and texts can name: the facts with the field names of package fact, the cluster, the
// finding's subject, and a few functions. There is no other way out of an expression.
func newEnvironment() (*cel.Env, error) {
	clusterType := cel.ObjectType("rules.Cluster")
	stampType := cel.ObjectType("stamp.Time")
	options := []cel.EnvOption{
		ext.Strings(), ext.Lists(), ext.Sets(), ext.Math(),
		ext.NativeTypes(
			reflect.TypeFor[Cluster](), reflect.TypeFor[Member](), reflect.TypeFor[Path](), reflect.TypeFor[Capture](),
			reflect.TypeFor[fact.Link](), reflect.TypeFor[fact.HealthCheck](), reflect.TypeFor[fact.Message](), reflect.TypeFor[fact.Upgrade](),
			reflect.TypeFor[fact.Status](), reflect.TypeFor[fact.Certificate](), reflect.TypeFor[fact.Clock](), reflect.TypeFor[fact.Input](),
			reflect.TypeFor[fact.Node](), reflect.TypeFor[fact.Command](), reflect.TypeFor[fact.Gap](), reflect.TypeFor[finding.Subject](),
			ext.ParseStructField(fieldName),
		),
		cel.Variable("subject", cel.ObjectType("finding.Subject")),
		cel.Function("label", cel.MemberOverload("cluster_label", []*cel.Type{clusterType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(c, node ref.Val) ref.Val {
				return types.String(c.Value().(*Cluster).label(string(node.(types.String))))
			}))),
		cel.Function("interface_of", cel.MemberOverload("cluster_interface_of", []*cel.Type{clusterType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(c, node ref.Val) ref.Val {
				return types.String(c.Value().(*Cluster).netInterface(string(node.(types.String))))
			}))),
		cel.Function("file_of", cel.MemberOverload("cluster_file_of", []*cel.Type{clusterType, cel.StringType, cel.StringType}, cel.StringType,
			cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				return types.String(args[0].Value().(*Cluster).file(string(args[1].(types.String)), string(args[2].(types.String))))
			}))),
		cel.Function("before", cel.Overload("stamp_before", []*cel.Type{stampType, stampType}, cel.BoolType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				return types.Bool(a.Value().(stamp.Time).Before(b.Value().(stamp.Time)))
			}))),
		cel.Function("known", cel.Overload("stamp_known", []*cel.Type{stampType}, cel.BoolType,
			cel.UnaryBinding(func(a ref.Val) ref.Val { return types.Bool(!a.Value().(stamp.Time).IsZero()) }))),
	}
	for _, k := range kinds {
		options = append(options, cel.Variable(k.name, typeOf(k.typ)))
	}
	options = append(options, cel.Variable("it", cel.DynType))
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("set up the rule language: %w", err)
	}
	return env, nil
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
