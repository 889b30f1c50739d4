// Package capture turns packets into sessions with verdicts.
//
// In: a capture file of any common format. Out: a [Result]: every TCP connection attempt to the database port, how far it got
// and what stopped it there (its verdict, with confidence, reason, evidence frames and a Wireshark filter), and a summary of
// each pair of addresses. The words are those of docs/verdicts.md.
//
// The package never keeps a packet, and its memory follows the sessions that are open at the same moment, not the length of
// the file. It never says more than the packets do: what one capture can't decide is in the reason, with the node on which to
// capture next.
//
// The flow, one file each: package packet decodes; table.go finds the session; session.go and stream.go follow TCP and hand
// in-order bytes to wire.go (TLS and PostgreSQL); summary.go sums up what was seen; verdict.go and observation.go judge the
// sum by tables; collect.go and pair.go make the result. To add a verdict or an observation add a row to its table.
package capture
