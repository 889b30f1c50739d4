package rules

import (
	"maps"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// elements are those of a list; a single value is a list of one.
func elements(value any) []any {
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		return []any{value}
	}
	values := make([]any, list.Len())
	for i := range values {
		values[i] = list.Index(i).Interface()
	}
	return values
}

// goValue is the Go value behind a CEL value, never behind a pointer except for the cluster.
func goValue(value ref.Val) any {
	if items, ok := value.(traits.Lister); ok {
		values := []any{}
		for i := items.Iterator(); i.HasNext().Value() == true; {
			values = append(values, goValue(i.Next()))
		}
		return values
	}
	v := value.Value()
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && r.Type() != reflect.TypeFor[*Cluster]() && !r.IsNil() {
		return r.Elem().Interface()
	}
	return v
}

func isKind(k *kind, value any) bool { return reflect.TypeOf(value) == reflect.TypeOf(k.typ) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// appendNew adds a text that is not in the list yet; an empty one is none.
func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
