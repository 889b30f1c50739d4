package certificate

import (
	"bytes"
	"hash/maphash"
)

// cacheLimit bounds the certificates remembered; a cluster has a handful, a hostile capture may have a million.
const cacheLimit = 512

// Cache parses each content once: a large capture shows the same few certificates 90,000 times. The zero value is ready.
// It is for one goroutine.
type Cache struct {
	seed    maphash.Seed
	entries map[uint64]cached
}

type cached struct {
	der  []byte
	cert Certificate
}

// Parse is the package's Parse, remembered. The bytes are copied when they are new.
func (c *Cache) Parse(der []byte) Certificate {
	if c.entries == nil {
		c.seed, c.entries = maphash.MakeSeed(), make(map[uint64]cached)
	}
	key := maphash.Bytes(c.seed, der)
	if e, seen := c.entries[key]; seen && bytes.Equal(e.der, der) {
		return e.cert
	}
	cert := Parse(der)
	if len(c.entries) < cacheLimit {
		c.entries[key] = cached{bytes.Clone(der), cert}
	}
	return cert
}
