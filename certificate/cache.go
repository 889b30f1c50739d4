package certificate

import "hash/maphash"

// cacheLimit bounds the certificates remembered; a cluster has a handful, a hostile capture may have a million.
const cacheLimit = 512

// tail is how many bytes at its end tell a certificate from others at first sight: they are of the signature.
const tail = 64

// Cache parses each content once: a large capture shows the same few certificates 90,000 times. The zero value is ready.
// It is for one goroutine.
type Cache struct {
	seed    maphash.Seed
	entries map[uint64]*Certificate
	issuing []*Certificate
}

// Parse is the package's Parse, remembered by content. What it returns is shared and must not be changed.
func (c *Cache) Parse(der []byte) *Certificate {
	if c.entries == nil {
		c.seed, c.entries = maphash.MakeSeed(), make(map[uint64]*Certificate)
	}
	key := maphash.Bytes(c.seed, der[max(0, len(der)-tail):])
	if known, seen := c.entries[key]; seen && known.Raw == string(der) {
		return known
	}
	cert := Parse(der)
	if len(c.entries) < cacheLimit {
		c.entries[key] = &cert
		if cert.IsCA && !cert.SelfSigned {
			c.issuing = append(c.issuing, &cert)
		}
	}
	return &cert
}

// Intermediates are the remembered certificates of authorities that another one signed. They must not be changed.
func (c *Cache) Intermediates() []*Certificate { return c.issuing }
