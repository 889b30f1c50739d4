//go:build bare

package rules

// natives is empty in the build that makes them, so that a change of the facts never stands in the way of it.
var natives []native
