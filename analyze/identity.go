package analyze

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/capture"
)

// identity says which host name belongs to which address.
type identity struct {
	address map[string]string // by host name
	names   map[string][]string
	byPlace map[string]string // file, archive or directory -> address
	shared  map[string]bool   // host names of several machines
	members map[string]bool   // addresses that a status names
}

// place is a file, archive or directory with what was found in it.
type place struct {
	hosts     []string
	addresses []string
}

// identify joins names and addresses that were found in one place: the file itself first, then its archive, then its
// directory. A place with several names or several addresses proves nothing.
func (m *material) identify() *identity {
	id := &identity{address: map[string]string{}, names: map[string][]string{}, byPlace: map[string]string{}, shared: map[string]bool{}}
	members := map[string]bool{}
	id.members = members
	for _, f := range m.finds {
		for _, s := range f.statuses {
			for _, n := range s.Members {
				members[n.Address] = true
			}
		}
	}
	for _, f := range m.finds { // what stands between the prompts of one node is that node's
		own := f.addresses
		for _, s := range f.statuses {
			if s.me != "" {
				own = appendOnce(own, s.me)
			}
		}
		if own = ownAddress(own, members); f.host != "" && len(own) == 1 {
			id.learn(f.host, own[0])
		}
	}
	m.nodes(func(dir string, _ *collection, n *bundle.ManifestNode) {
		if n.Address != "" {
			id.byPlace[dir] = n.Address
			id.learn(n.Name, n.Address)
		}
	})
	for level := range 3 {
		places := map[string]*place{}
		at := func(t *textFile) *place {
			key := placeOf(t.path, t.archive, level)
			if places[key] == nil {
				places[key] = &place{}
			}
			return places[key]
		}
		for _, t := range m.texts {
			if host := t.mainHost(); host != "" {
				p := at(t)
				p.hosts = appendOnce(p.hosts, host)
			} else if len(t.Hosts) > 1 {
				p := at(t)
				for _, h := range sortedKeys(t.Hosts) {
					p.hosts = appendOnce(p.hosts, h)
				}
			}
		}
		for _, f := range m.finds {
			p := at(f.file)
			for _, s := range f.statuses {
				if s.me != "" {
					p.addresses = appendOnce(p.addresses, s.me)
				}
			}
			for _, a := range f.addresses {
				p.addresses = appendOnce(p.addresses, a)
			}
			if f.host != "" {
				p.hosts = appendOnce(p.hosts, f.host)
			}
		}
		for _, key := range sortedKeys(places) {
			p := places[key]
			own := ownAddress(p.addresses, members)
			if len(own) == 0 {
				if a, err := netip.ParseAddr(filepath.Base(key)); err == nil { // a directory named by the address
					own = []string{a.String()}
				}
			}
			if len(own) != 1 || len(p.hosts) > 1 {
				continue
			}
			id.byPlace[key] = own[0]
			if len(p.hosts) == 1 {
				id.learn(p.hosts[0], own[0])
			}
		}
	}
	for host := range id.shared { // several machines of one name, the default one perhaps: the name is no node's
		delete(id.address, host)
	}
	m.guess(id)
	for host, a := range id.address {
		id.names[a] = append(id.names[a], host)
	}
	for _, n := range id.names {
		sort.Strings(n)
	}
	return id
}

// ownAddress is the address of the database interface among those of one node: the one that a status names.
func ownAddress(addresses []string, members map[string]bool) []string {
	if len(addresses) < 2 {
		return addresses
	}
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return !members[a] })
}

func (id *identity) learn(host, address string) {
	switch have, known := id.address[host]; {
	case !known, !id.members[have] && id.members[address]: // rather the address of the database interface
		id.address[host] = address
	case have != address && id.members[have] && id.members[address]:
		id.shared[host] = true
	}
}

// placeOf is the file, its archive, or the directory of that.
func placeOf(path, archive string, level int) string {
	switch level {
	case 0:
		return path
	case 1:
		return archive
	}
	return filepath.Dir(archive)
}

// mainHost is the host that wrote the file, when it is one: a few lines of others do not count.
func (t *textFile) mainHost() string {
	best, all := "", int64(0)
	for _, h := range sortedKeys(t.Hosts) {
		all += t.Hosts[h].Lines
		if best == "" || t.Hosts[h].Lines > t.Hosts[best].Lines {
			best = h
		}
	}
	if best == "" || t.Hosts[best].Lines*10 < all*9 {
		return ""
	}
	return best
}

// guess names the hosts that are left by what they did: a host that checks a server is the one client that captures show
// connecting to it; a host whose PostgreSQL took connections is the one server. Only where there is no other choice.
func (m *material) guess(id *identity) {
	taken := map[string]bool{}
	for _, a := range id.address {
		taken[a] = true
	}
	clients, servers := map[string][]string{}, []string{}
	for _, c := range m.captures {
		for _, p := range c.Pairs {
			if p.Verdict == capture.ARPUnanswered {
				continue
			}
			clients[p.Server] = appendOnce(clients[p.Server], p.Client)
			servers = appendOnce(servers, p.Server)
		}
	}
	for _, k := range m.checkOrder {
		servers = appendOnce(servers, k.server)
	}
	free := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(a string) bool { return taken[a] })
	}
	settle := func(hosts []string, candidates func(host string) []string) {
		for _, h := range hosts {
			if _, known := id.address[h]; known {
				continue
			}
			if c := free(candidates(h)); len(c) == 1 {
				id.address[h], taken[c[0]] = c[0], true
			}
		}
	}
	var checkers []string
	for _, k := range m.checkOrder {
		checkers = appendOnce(checkers, k.host)
	}
	listening := slices.DeleteFunc(sortedKeys(m.listens), func(h string) bool { _, known := id.address[h]; return known })
	if len(listening) == 1 {
		settle(listening, func(h string) []string { // a node that can't reach a server is not that server
			return slices.DeleteFunc(slices.Clone(servers), func(a string) bool {
				return slices.ContainsFunc(m.checkOrder, func(k checkKey) bool { return k.host == h && k.server == a })
			})
		})
	}
	unknown := slices.DeleteFunc(checkers, func(h string) bool { _, known := id.address[h]; return known })
	if len(unknown) == 1 {
		settle(unknown, func(h string) []string {
			var all []string
			for _, k := range m.checkOrder {
				if k.host == h {
					for _, c := range clients[k.server] {
						all = appendOnce(all, c)
					}
				}
			}
			return all
		})
	}
}

// node is the address of a host, or its name when no address is known.
func (id *identity) node(host string) string {
	if a, known := id.address[host]; known {
		return a
	}
	return host
}

// known is the address of a host, or "".
func (id *identity) known(host string) string { return id.address[host] }

// ofSection is the node that wrote a section of a text, or "".
func (id *identity) ofSection(f *foundText) string {
	return cmp.Or(id.known(f.host), id.of(f.file), f.host)
}

// of is the node that a file belongs to, or "".
func (id *identity) of(t *textFile) string {
	if h := t.mainHost(); h != "" && !id.shared[h] {
		return id.node(h)
	}
	return id.ofPath(t.path)
}

func (id *identity) ofPath(path string) string {
	archive, _ := archiveOf(path)
	for level := range 3 {
		if a, known := id.byPlace[placeOf(path, archive, level)]; known {
			return a
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// isAddress reports whether a node is known by its address.
func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil && !strings.Contains(s, "%")
}
