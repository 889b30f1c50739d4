// Package redact makes a copy of a bundle that can be given away: addresses, names and certificates are replaced, consistently over
// logs, status texts, JSON, certificates and packets, so that the diagnosis stays the same.
//
// In: paths as package bundle opens them. Out: a directory of plain files and a [Summary] that lists what was left out. Nothing is
// written in place.
//
// It works by value. A first pass (learn.go) collects what must not be seen again: addresses, host names, users, domains, names in
// certificates. Each gets a stand-in of the same length (address.go keeps subnets, word.go keeps the kinds of letters). A second
// pass replaces the values wherever they stand (text.go), also in the bytes of packets (packet.go, stream.go, handshake.go) and of
// certificates (der.go, certificate.go). What can't be understood is left out and listed, never passed on. At the end an independent
// scan (scan.go) looks for the values in every byte that was written, in base64 and UTF-16 too, and takes back the files that have one.
package redact
