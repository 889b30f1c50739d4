// Package sim is a cluster of simulated CMS nodes for the demo, for tests and for training.
//
// In: a Scenario, which is data: nodes with their addresses, the answers of their command line and their files. Out: real
// SSH servers on loopback with the MMP command line and an SFTP subsystem, until Close. Nothing of a node is simulated that
// the scenario does not say. Start at Start; incident.go is the scenario of the demo.
package sim
