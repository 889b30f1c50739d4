package redact

import (
	"net/netip"
	"sort"
)

// Mapping is what stands for what: the owner's to keep, and nobody else's.
type Mapping struct {
	Addresses map[string]string `json:"addresses"`
	Names     map[string]string `json:"names"`
}

func (r *Redactor) mapping() Mapping {
	m := Mapping{Addresses: map[string]string{}, Names: map[string]string{}}
	for ip := range r.addresses.real {
		m.Addresses[ip.String()] = r.addresses.ip(ip).String()
	}
	for word, standIn := range r.words.of {
		m.Names[word] = standIn
	}
	return m
}

// secrets are the values that must not occur in the copy.
func (r *Redactor) secrets() (addresses []netip.Addr, words []string) {
	for ip := range r.addresses.real {
		addresses = append(addresses, ip)
	}
	for word, standIn := range r.words.of {
		if word != standIn {
			words = append(words, word)
		}
	}
	sort.Slice(addresses, func(i, j int) bool { return addresses[i].Less(addresses[j]) })
	sort.Strings(words)
	return addresses, words
}

// keptNames are names that stayed because they are words of the formats.
func (w *words) keptNames() []string {
	var list []string
	for word := range w.kept {
		list = append(list, word)
	}
	sort.Strings(list)
	return list
}
