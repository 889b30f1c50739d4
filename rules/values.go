package rules

import (
	"maps"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// elements turns a CEL list back into Go values; a single value is a list of one.
func elements(value ref.Val) []any {
	items, ok := value.(traits.Lister)
	if !ok {
		return []any{native(value)}
	}
	var values []any
	for i := items.Iterator(); i.HasNext().Value() == true; {
		values = append(values, native(i.Next()))
	}
	return values
}

// native is the Go value behind a CEL value, never behind a pointer except for the cluster.
func native(value ref.Val) any {
	v := value.Value()
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && r.Type() != reflect.TypeFor[*Cluster]() && !r.IsNil() {
		return r.Elem().Interface()
	}
	return v
}

func isKind(k *kind, value any) bool { return reflect.TypeOf(value) == reflect.TypeOf(k.typ) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
