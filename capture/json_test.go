package capture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cbdoctor/capture"
	"cbdoctor/stamp"
)

// What is written by hand says the same as encoding/json makes of the tags: with every field set, so that a field that was
// added to a struct and not to its writer is found, and with none set.
func TestJSONHasEveryField(t *testing.T) {
	t.Parallel()
	var full capture.Result
	fill(reflect.ValueOf(&full).Elem(), 0)
	hostile := capture.Result{File: "a\"b\\c\x1b\u2028<&>\xff日本", Pairs: []capture.Pair{}, Sessions: []capture.Session{
		{Reason: "line\nbreak", RTTMillis: 0.001, Observations: []string{}, Evidence: []int64{}},
	}}
	for name, r := range map[string]*capture.Result{"every field": &full, "no field": {Sessions: []capture.Session{}, Pairs: []capture.Pair{}}, "hostile text": &hostile} {
		var got bytes.Buffer
		if err := r.WriteJSON(&got); err != nil {
			t.Fatal(err)
		}
		type byTags capture.Result // without its MarshalJSON
		want, err := json.Marshal((*byTags)(r))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decode(t, want), decode(t, got.Bytes())); diff != "" {
			t.Errorf("%s: WriteJSON differs from the tags (-tags +written):\n%s", name, diff)
		}
		if bytes.ContainsAny(got.Bytes(), "\x1b\xff") {
			t.Errorf("%s: a control character is written as it is", name)
		}
	}
}

func decode(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// fill sets everything in v that can be set to something that is not its zero value.
func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("text " + string(rune('a'+n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n + 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n + 1))
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.125)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), i)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, i)
			fill(value, i)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[stamp.Time]() {
			v.Set(reflect.ValueOf(stamp.New(time.Date(2026, 3, 30, 8, 0, n, 123456789, time.UTC), 3+n)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), i)
			}
		}
	}
}

// A listing, whose sessions are told as they are written, is written as the result that has them all in memory.
func TestListingIsWrittenAsItsResult(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../fixtures/captures/*/client.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures among the fixtures: %v", err)
	}
	for _, file := range files {
		l, err := capture.ListFile(context.Background(), file, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var told, whole bytes.Buffer
		if err := l.WriteJSON(&told); err != nil {
			t.Fatal(err)
		}
		if err := l.Whole().WriteJSON(&whole); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.String(), told.String()); diff != "" {
			t.Errorf("%s (-in memory +told):\n%s", file, diff)
		}
		decode(t, told.Bytes())
	}
}
