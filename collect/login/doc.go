// Package login opens SSH connections to nodes: directly or through jump hosts, with the proofs and host keys that the user has.
//
// In: a Target, which may be a name of ~/.ssh/config. Out: a connection to a host whose key is trusted. Secrets are in memory
// only: never in an error, a log or a file. Host keys are judged as OpenSSH judges them, and an unknown one is refused unless
// somebody or something says otherwise. Start at Login.Dial.
package login
