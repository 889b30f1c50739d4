// Package analyze turns the material of a cluster into facts.
//
// In: the files of package bundle. Out: a fact.Set: health checks, PostgreSQL messages, schema upgrades, commands, cluster
// states, links, certificates, nodes, a timeline, and what could not be read. It says what is there and never what it means.
//
// The way of a log line: package logline reads a file, textfile.go hears of the lines that matter, the tag decides who takes one:
// sfpool.go, pgchunks.go (regroups chunks; pgmessage.go reads their fields, messages.go is the table of messages), schema.go,
// cli.go; gaps.go finds the spans without any line. Other texts go to transcript.go
// (terminal sessions and outputs of commands), document.go (live.json, REST) and pki.go (certificates on disk). When all is read,
// years.go dates it, identity.go finds out which node is which, facts.go makes the facts, clocks.go compares the clocks (offset.go
// is the arithmetic of it), and align.go puts all times on one clock. Start at Run.
package analyze
