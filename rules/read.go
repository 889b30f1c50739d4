package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strconv"
	"strings"

	"cbdoctor/lang"
	"cbdoctor/lazyregexp"
	"cbdoctor/strictyaml"
)

// The directory catalog/ stands in builtin.go and natives.go as Go, made by "go generate ./rules" and held against its source by tests:
// reading the YAML takes longer than reading the logs of a node.
//
//go:generate go test -tags bare -run TestTheCatalogInGo -update .

// readBuiltIn gives the built-in rules, and their texts in the language when it is another than English. The caller may change them.
func readBuiltIn(l lang.Lang) (families []*Family, translations []*Translation) {
	for _, f := range builtIn {
		families = append(families, f.clone())
	}
	return families, builtInTexts(l)
}

// readDir reads the rule files of one directory, without its subdirectories (these hold translations), in the order of their names.
func readDir(dir fs.FS, name string) (families []*Family, err error) {
	err = eachFile(dir, ".", name, func(file string, text []byte) error {
		family, err := decodeFamily(file, text)
		families = append(families, family)
		return err
	})
	return families, err
}

// maxRuleFile bounds a file of rules or of their texts; the largest of the catalog has a thirtieth of it.
const maxRuleFile = 2 << 20

// eachFile reads the YAML files of a directory within dir, in the order of their names; name is what messages call the directory.
func eachFile(dir fs.FS, within, name string, take func(file string, text []byte) error) error {
	entries, err := fs.ReadDir(dir, within)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err // its path is that in the directory
		}
		return fmt.Errorf("read rules of %s: %w", name, err)
	}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		file := path.Join(name, e.Name())
		text, err := fs.ReadFile(dir, path.Join(within, e.Name()))
		if err != nil {
			return fmt.Errorf("read rules of %s: %w", name, err)
		}
		if len(text) > maxRuleFile {
			return fmt.Errorf("%s: %d bytes are too many for a file of rules", file, len(text))
		}
		if err := take(file, text); err != nil {
			return err
		}
	}
	return nil
}

func decodeFamily(file string, text []byte) (*Family, error) {
	family := &Family{File: file}
	if err := strictyaml.Decode(text, family); err != nil {
		return nil, notYAML(file, err)
	}
	for _, r := range family.Rules {
		if r == nil {
			return nil, fmt.Errorf("%s: an entry of \"rules\" is empty", file)
		}
	}
	return family, nil
}

var unknownField = lazyregexp.New(`unknown field "([^"]*)"`)

var place = lazyregexp.New(`^\[(\d+):\d+\] `)

// notYAML is a mistake of the file's form, in the shape of those of its content.
func notYAML(file string, err error) Problems {
	text := strings.TrimSpace(err.Error())
	p := Problem{File: file, Rule: "-", Text: text + unknownKey(text)}
	if m := place.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Text = strings.TrimPrefix(p.Text, m[0])
	}
	return Problems{p}
}

// unknownKey names the key that was most likely meant where the message complains of one that is not known.
func unknownKey(message string) string {
	m := unknownField.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	if near := nearest(m[1], keys()); near != "" {
		return fmt.Sprintf("\ndid you mean %q?", near)
	}
	return ""
}

// keys lists all that a rule file can say, wherever.
func keys() (names []string) {
	for _, t := range []reflect.Type{
		reflect.TypeFor[Family](), reflect.TypeFor[Rule](), reflect.TypeFor[Sign](), reflect.TypeFor[Against](), reflect.TypeFor[Effect](),
		reflect.TypeFor[Remedy](), reflect.TypeFor[Example](),
	} {
		for _, f := range reflect.VisibleFields(t) {
			if key := f.Tag.Get("yaml"); key != "" && key != "-" {
				names = appendNew(names, key)
			}
		}
	}
	return names
}
