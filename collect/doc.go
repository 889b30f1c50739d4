// Package collect fetches from live nodes what the diagnosis needs and leaves the nodes as they were.
//
// In: an inventory of nodes and how to log in. Out: a bundle (package bundle): a directory per node with the output of a few
// MMP commands and the logs and captures found over SFTP, and a manifest of everything that was asked for, fetched or not.
// It can't send a command that changes a node: commands are values of a type that only commands.go makes. It never
// fetches a private key. Names that come from a node are used for nothing but names. Start at Run.
package collect
