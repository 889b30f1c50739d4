package rules

import "flag"

// Update is for all tests of the package: go test -update.
var Update = flag.Bool("update", false, "write the golden files and the compiled catalog anew")

// Interpret has CEL run every expression of the catalog.
func (c *Catalog) Interpret() {
	c.interpreted = true
	for _, other := range c.also {
		other.Interpret()
	}
}
