package rules

// Interpret has CEL run every expression of the catalog.
func (c *Catalog) Interpret() {
	c.interpreted = true
	for _, other := range c.also {
		other.Interpret()
	}
}
