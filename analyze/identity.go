package analyze

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"
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
	members map[string]bool   // addresses that a status names, or a health check
	top     string            // the directory that all of the material is in
}

// identify joins names and addresses that were found in one place (places.go). A place with several names or several addresses
// proves nothing.
func (m *material) identify() *identity {
	id := &identity{address: map[string]string{}, names: map[string][]string{}, byPlace: map[string]string{}, shared: map[string]bool{}}
	members := map[string]bool{}
	id.members = members
	var paths []string
	for _, in := range m.inputs {
		paths = append(paths, in.Path)
	}
	id.top = topOf(paths)
	for _, f := range m.finds {
		for _, s := range f.statuses {
			for _, n := range s.Members {
				members[n.Address] = true
			}
		}
	}
	for _, k := range m.checkOrder { // only database nodes are checked
		if isAddress(k.server) {
			members[k.server] = true
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
		address := n.Address
		if host, _, _ := net.SplitHostPort(n.Reached); address == "" && members[host] { // its own status did not say, others do
			address = host
		}
		if address != "" {
			id.byPlace[dir] = address
			id.learn(n.Name, address)
		}
	})
	m.learnPlaces(id)
	m.learnRelays(id)
	for host := range id.shared { // several machines of one name, the default one perhaps: the name is no node's
		delete(id.address, host)
	}
	m.guess(id)
	for _, t := range m.texts {
		for host := range t.Hosts {
			t.log(host) // also of hosts without a line that says something
		}
		for _, l := range t.logs {
			l.node = id.in(l)
		}
	}
	for host, a := range id.address {
		id.names[a] = append(id.names[a], host)
	}
	for _, n := range id.names {
		slices.Sort(n)
	}
	return id
}

// learnPlaces joins the name and the address that one place has.
func (m *material) learnPlaces(id *identity) {
	keys, places := m.places(id.top)
	for _, key := range keys {
		p := places[key]
		hosts, own := names(p.hosts), ownAddress(names(p.addresses), id.members)
		if len(own) == 0 {
			own = named(key)
		}
		if len(own) != 1 || len(hosts) > 1 || p.inOne() || len(hosts) == 1 && p.apart(hosts[0]) {
			continue
		}
		id.byPlace[key] = own[0]
		if len(hosts) == 1 {
			if have := id.address[hosts[0]]; have != "" && have != own[0] && id.members[have] == id.members[own[0]] && p.hosts[0].part != "" {
				id.shared[hosts[0]] = true // two archives or directories with an address each: two machines
			}
			id.learn(hosts[0], own[0])
		}
	}
}

// learnRelays takes the address that a central syslog server got lines from for that of the machine, where one name came from it. A
// name that came from several such addresses is that of several machines.
func (m *material) learnRelays(id *identity) {
	hosts, addresses := map[string][]string{}, map[string][]string{}
	for _, t := range m.texts {
		for r := range t.logs {
			if r.address != "" {
				hosts[r.address] = appendOnce(hosts[r.address], r.host)
				addresses[r.host] = appendOnce(addresses[r.host], r.address)
			}
		}
	}
	for _, host := range sortedKeys(addresses) {
		from := slices.DeleteFunc(addresses[host], func(a string) bool { return len(hosts[a]) > 1 })
		switch {
		case len(from) == 1 && id.address[host] == "" && (len(hosts) > 1 || id.members[from[0]]):
			id.learn(host, from[0])
		case len(from) > 1:
			id.shared[host] = true
		}
	}
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
	// settle names the only host of the list without an address, where one address is left for it.
	settle := func(hosts []string, candidates func(host string) []string) {
		nameless := slices.DeleteFunc(hosts, func(h string) bool { _, known := id.address[h]; return known })
		if len(nameless) != 1 {
			return
		}
		free := slices.DeleteFunc(candidates(nameless[0]), func(a string) bool { return taken[a] })
		if len(free) == 1 {
			id.address[nameless[0]], taken[free[0]] = free[0], true
		}
	}
	others := func(h string, addresses []string) []string { // a node that can't reach a server is not that server
		return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool {
			return slices.ContainsFunc(m.checkOrder, func(k checkKey) bool { return k.log.host == h && k.server == a })
		})
	}
	settle(sortedKeys(m.listens), func(h string) []string { return others(h, servers) })
	// The one that remains when all others of a status are known.
	settle(sortedKeys(m.databases), func(h string) []string { return others(h, m.inStatus()) })
	var checkers []string
	for _, k := range m.checkOrder {
		checkers = appendOnce(checkers, k.log.host)
	}
	settle(checkers, func(h string) (all []string) {
		for _, k := range m.checkOrder {
			if k.log.host == h {
				for _, c := range clients[k.server] {
					all = appendOnce(all, c)
				}
			}
		}
		return all
	})
}

// inStatus lists the addresses that the statuses name.
func (m *material) inStatus() (addresses []string) {
	for _, f := range m.finds {
		for _, s := range f.statuses {
			for _, member := range s.Members {
				addresses = appendOnce(addresses, member.Address)
			}
		}
	}
	return addresses
}

// node is the address of a host, or its name when no address is known.
func (id *identity) node(host string) string {
	if a, known := id.address[host]; known {
		return a
	}
	return host
}

// in is the machine whose lines a log has.
func (id *identity) in(l *hostLog) string {
	if id.shared[l.host] {
		return cmp.Or(l.relay, id.ofPath(l.file.path), l.host)
	}
	return id.node(l.host)
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
	for _, key := range enclosing(path, id.top) {
		if a, known := id.byPlace[key]; known {
			return a
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// isAddress reports whether a node is known by its address.
func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil && !strings.Contains(s, "%")
}
