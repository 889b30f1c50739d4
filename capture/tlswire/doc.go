// Package tlswire follows the TLS records of one connection from the outside, without keys.
//
// In: the in-order bytes of both directions, each piece with its frame number. Out: a Conn that knows the version, the
// cipher, the alerts, who asked for a certificate, the certificate chains (in TLS up to 1.2, where they are in clear text)
// and the sizes of encrypted records, from which much of TLS 1.3 can be told. It never decrypts and never judges.
// Sources: RFC 5246 (TLS 1.2), RFC 8446 (TLS 1.3). Start at Conn.Feed.
package tlswire
