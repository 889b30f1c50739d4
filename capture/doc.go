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
// The flow, one file each: package packet decodes; tracker.go finds the session of a packet (index.go), which is an attempt
// (attempt.go) as long as there is nothing but a SYN, and a session (session.go) from then on; tcp.go follows TCP and stream.go puts
// its bytes in order for wire.go (TLS and PostgreSQL; inside.go with a key log); summary.go sums up what was seen; decide.go judges the sum by the table of
// table.go and its four parts, observation.go says what else is worth knowing; result_build.go lets the session go, listing.go keeps what the report
// lists of it, pair.go counts it. merge.go puts together what the goroutines (lanes) found that share the packets of a file, and
// tells sessions one by one; json.go writes them. To add a verdict or an observation add a row to its table.
package capture
