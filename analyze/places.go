package analyze

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// What lies together is of one machine: a log and a status in one archive or directory. The narrower place counts before the wider.

// place is a file, archive or directory with what was found in it.
type place struct {
	hosts, addresses []found
}

// found is a name or an address, and the part of the place that has it: a file, an archive, or a directory.
type found struct {
	what, part string
	directory  bool
}

// enclosing lists what a file lies in, from the inside: itself, the directories and archives within its archive, that archive, and
// the directories on disk up to top, which all of the material is in.
func enclosing(path, top string) (list []string) {
	archive, _ := archiveOf(path)
	for len(path) > len(archive) {
		list = append(list, path)
		path = path[:max(strings.LastIndexAny(path, "/!"), len(archive))]
	}
	list = append(list, archive)
	for dir := filepath.Dir(archive); ; dir = filepath.Dir(dir) {
		list = append(list, dir)
		if dir == top || dir == filepath.Dir(dir) {
			return list
		}
	}
}

// topOf is the directory that all files are in.
func topOf(paths []string) (top string) {
	for i, p := range paths {
		archive, _ := archiveOf(p)
		dir := filepath.Dir(archive)
		for i > 0 && top != filepath.Dir(top) && dir != top && !strings.HasPrefix(dir, top+string(filepath.Separator)) {
			top = filepath.Dir(top)
		}
		if i == 0 {
			top = dir
		}
	}
	return top
}

// places lists what the material was found in, the narrowest first, with the names and addresses in each.
func (m *material) places(top string) (keys []string, places map[string]*place) {
	places = map[string]*place{}
	add := func(t *textFile, list func(p *place) *[]found, what ...string) {
		part := ""
		for _, key := range enclosing(t.path, top) {
			p := places[key]
			if p == nil {
				p = &place{}
				places[key] = p
			}
			for _, w := range what {
				*list(p) = append(*list(p), found{w, part, strings.ContainsAny(t.path[len(part):min(len(part)+1, len(t.path))], `/\`) && part != ""})
			}
			part = key
		}
	}
	hosts, addresses := func(p *place) *[]found { return &p.hosts }, func(p *place) *[]found { return &p.addresses }
	for _, t := range m.texts {
		if host := t.mainHost(); host != "" {
			add(t, hosts, host)
		} else if len(t.Hosts) > 1 {
			add(t, hosts, sortedKeys(t.Hosts)...)
		}
	}
	for _, f := range m.finds {
		for _, s := range f.statuses {
			if s.me != "" {
				add(f.file, addresses, s.me)
			}
		}
		add(f.file, addresses, f.addresses...)
		if f.host != "" {
			add(f.file, hosts, f.host)
		}
	}
	keys = sortedKeys(places)
	depth := func(key string) int {
		return strings.Count(key, string(filepath.Separator)) + strings.Count(key, "!")*100
	}
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(depth(b), depth(a)) })
	return keys, places
}

// inOne reports whether all was found in one directory within the place: what else the place has is not its.
func (p *place) inOne() bool {
	all := slices.Concat(p.hosts, p.addresses)
	return len(all) > 0 && all[0].directory && !slices.ContainsFunc(all, func(f found) bool { return f.part != all[0].part })
}

// names lists each name or address once.
func names(list []found) (out []string) {
	for _, f := range list {
		out = appendOnce(out, f.what)
	}
	return out
}

// named reports a directory that has the address for its name.
func named(dir string) []string {
	if a, err := netip.ParseAddr(filepath.Base(dir)); err == nil {
		return []string{a.String()}
	}
	return nil
}

// apart reports whether the name and the address of a place are of two machines: a directory is called by the name, and the address
// is in another one.
func (p *place) apart(host string) bool {
	for _, h := range p.hosts {
		if h.what != host {
			continue
		}
		for _, a := range p.addresses {
			if h.part == a.part || !h.directory || !a.directory || !strings.Contains(strings.ToLower(filepath.Base(h.part)), strings.ToLower(host)) {
				return false
			}
		}
	}
	return len(p.addresses) > 0
}
