package analyze

import (
	"time"

	"cbdoctor/bundle"
	"cbdoctor/logline"
)

// A log prints local times of its node and never the zone. It is given for all nodes, or for each: by an option, or by the inventory
// through the manifest of a collection. Files with lines of several nodes have the zone for all.

// zones gives the files of nodes with a zone of their own that zone, and reports whether there is any.
func (m *material) zones(id *identity) (any bool) {
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
		for _, name := range []string{id.of(t), t.mainHost()} {
			if zone := of[name]; zone != nil && name != "" {
				t.zone, any = zone, true
			}
		}
	}
	return any
}

// zoneName is what the report says of a file's times.
func (m *material) zoneName(t *textFile) string {
	if t.zone != nil {
		return t.zone.String()
	}
	return m.opt.Timezone.String()
}

// watch notes what a stamp shows of its calendar: a 29 February, and an hour that comes a second time.
func (t *textFile) watch(l *logline.Line) {
	s := &l.Stamp
	if s.Month == 2 && s.Day == 29 && s.Year == 0 {
		t.leapDay, t.leapWraps = true, s.Wraps
	}
	last, had := t.lastOf[l.Host]
	if had && last.Month == s.Month && last.Day == s.Day && last.Year == s.Year {
		back := last.OfDay - s.OfDay
		s.Again = last.Again || back > 20*time.Minute && back <= 61*time.Minute
	}
	if len(t.lastOf) < maxWatched || had {
		t.lastOf[l.Host] = *s
	}
}

// maxWatched bounds the hosts of one file that are followed.
const maxWatched = 1000
