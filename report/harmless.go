package report

import (
	"reflect"
	"strings"

	tty "cbdoctor/terminal"
)

// harmless makes every text of a report that was read safe to print, as clean does, but for line ends and tabs. What the analysis
// writes into names and ids is safe by itself; a saved report may come from anywhere.
func harmless(r *Report) { scrub(reflect.ValueOf(r).Elem()) }

func harmful(r rune) bool { return tty.Acts(r) && r != '\n' && r != '\t' }

// scrub goes through a value by its type. The types of a report have no cycles.
func scrub(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); v.CanSet() && strings.ContainsFunc(s, harmful) {
			v.SetString(strings.Map(func(r rune) rune {
				if harmful(r) {
					return '\ufffd'
				}
				return r
			}, s))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			scrub(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scrub(v.Index(i))
		}
	case reflect.Map:
		scrubMap(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scrub(v.Field(i))
			}
		}
	}
}

// scrubMap makes a map anew: neither its keys nor its values can be changed where they are.
func scrubMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for i := v.MapRange(); i.Next(); {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		key.Set(i.Key())
		value.Set(i.Value())
		scrub(key)
		scrub(value)
		out.SetMapIndex(key, value)
	}
	v.Set(out)
}
