package analyze

import (
	"cmp"
	"time"

	"cbdoctor/bundle"
)

// A log prints local times of its node and never the zone. It is given for all nodes, or for each: by an option, or by the inventory
// through the manifest of a collection.

// zones gives the logs of nodes that have a zone of their own that zone.
func (m *material) zones(id *identity) {
	of := map[string]*time.Location{}
	m.nodes(func(dir string, _ *collection, n *bundle.ManifestNode) {
		if zone, err := time.LoadLocation(n.Zone); err == nil && n.Zone != "" {
			for _, name := range []string{n.Name, n.Address, id.byPlace[dir]} {
				of[name] = zone
			}
		}
	})
	for name, zone := range m.opt.Zones {
		of[name], of[id.node(name)] = zone, zone
	}
	delete(of, "")
	for _, t := range m.texts {
		for _, l := range t.logs {
			l.zone = cmp.Or(of[l.node], of[l.host])
		}
	}
}

// zoneName is what the report says of the times of a log.
func (m *material) zoneName(l *hostLog) string { return cmp.Or(l.zone, m.opt.Timezone).String() }
