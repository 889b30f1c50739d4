// Package analyze turns the material of a cluster into facts.
//
// In: the files of package bundle. Out: a fact.Set: health checks, PostgreSQL messages, schema upgrades, commands, cluster
// states, links, certificates, nodes, a timeline, and what could not be read. It says what is there and never what it means.
//
// The way of a log line: logfile.go reads lines, line.go splits them (the formats stand there with samples), the tag decides
// who takes it: sfpool.go, postgres.go (regroups chunks; messages.go is the table of messages), schema.go, cli.go. Other
// texts go to transcript.go and from there to status.go and its neighbours. When all is read, years.go dates it, identity.go
// finds out which node is which, and facts.go makes the facts. Start at Run.
package analyze
