package rules

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"cbdoctor/strictyaml"
)

//go:embed catalog
var embedded embed.FS

// Options choose the rules. The zero value is the whole built-in catalog in English.
type Options struct {
	Dirs    []string // more rule files; a rule with a known id replaces it
	Disable []string // ids of rules to leave out
	Lang    string   // "en" (also "") or "ja"
	// Accepted findings stay in the report and are marked, up to and including their last day; Today decides.
	Accepted []Acceptance
	Today    time.Time
}

// Catalog is a checked set of rules. It is immutable and safe for use by several goroutines.
type Catalog struct {
	Families []*Family
	Rules    []*Rule // in the order of the families' files
	env      environments
	accepted []Acceptance
	today    time.Time
}

// Load reads and checks the catalog. Every mistake in a rule is told with file and line; several are joined by newlines.
func Load(opt Options) (*Catalog, error) {
	env, err := newEnvironments()
	if err != nil {
		return nil, err
	}
	c := &Catalog{env: env, accepted: opt.Accepted, today: opt.Today}
	builtIn, err := fs.Sub(embedded, "catalog")
	if err != nil {
		return nil, err
	}
	if err := c.addDir(builtIn, "catalog"); err != nil {
		return nil, err
	}
	for _, dir := range opt.Dirs {
		if err := c.addDir(os.DirFS(dir), dir); err != nil {
			return nil, err
		}
	}
	for _, id := range opt.Disable {
		if c.Rule(id) == nil {
			return nil, fmt.Errorf("disable rule %q: no such rule%s", id, c.hint(id))
		}
	}
	c.Rules = slices.DeleteFunc(c.Rules, func(r *Rule) bool { return slices.Contains(opt.Disable, r.ID) })
	if problems := c.check(); len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// Rule returns the rule with the id, nil when there is none.
func (c *Catalog) Rule(id string) *Rule {
	for _, r := range c.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Nearest is the id that looks most like the given one, "" when none does.
func (c *Catalog) Nearest(id string) string {
	var ids []string
	for _, r := range c.Rules {
		ids = append(ids, r.ID)
	}
	return nearest(id, ids)
}

func (c *Catalog) hint(id string) string {
	if near := c.Nearest(id); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// addDir adds the rule files of one directory, without its subdirectories (these hold translations), in the order of their names.
func (c *Catalog) addDir(dir fs.FS, name string) error {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return fmt.Errorf("read rules of %s: %w", name, err)
	}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		bytes, err := fs.ReadFile(dir, e.Name())
		if err != nil {
			return fmt.Errorf("read rules: %w", err)
		}
		if err := c.addFile(path.Join(name, e.Name()), bytes); err != nil {
			return err
		}
	}
	return nil
}

// maxRuleFile bounds a rule file; the largest of the catalog has a twentieth of it.
const maxRuleFile = 2 << 20

func (c *Catalog) addFile(file string, bytes []byte) error {
	if len(bytes) > maxRuleFile {
		return fmt.Errorf("%s: %d bytes are too many for a rule file", file, len(bytes))
	}
	family, err := decodeFamily(file, bytes)
	if err != nil {
		return err
	}
	c.Families = append(c.Families, family)
	for _, r := range family.Rules {
		if i := slices.IndexFunc(c.Rules, func(known *Rule) bool { return known.ID == r.ID }); i >= 0 && c.Rules[i].family != family {
			c.Rules[i] = r // a directory's own rule replaces the built-in one
			continue
		}
		c.Rules = append(c.Rules, r)
	}
	return nil
}

func decodeFamily(file string, bytes []byte) (*Family, error) {
	family := &Family{File: file}
	if err := strictyaml.Decode(bytes, family); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, r := range family.Rules {
		if r == nil {
			return nil, fmt.Errorf("%s: an entry of \"rules\" is empty", file)
		}
		r.family = family
		r.line = r.Title.line
	}
	return family, nil
}
