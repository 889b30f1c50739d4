// Package logwatch follows what nodes log, as it is logged: over SSH with "syslog follow", or as a syslog server to which they send.
//
// In: nodes, or addresses to listen on. Out: lines, each with the node that logged it; and, of what was found in them each time
// that somebody looked, which incidents begin and which end. It finds nothing itself. Start at Follow, Listen and Incidents.
package logwatch
