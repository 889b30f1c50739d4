package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"cbdoctor/capture"
)

const (
	opens     = "0.000 C S\n0.010 S SA\n0.011 C A\n"
	tls12     = opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C PA hello\n0.05 S PA hello12\n"
	tls13     = opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C PA hello\n0.05 S PA hello13 rec:2000\n"
	works     = tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.07 C PA rec:81\n0.08 S PA rec:433\n0.09 C PA rec:40\n0.10 S PA rec:60\n"
	closes    = "0.20 C PA rec:22\n0.21 C FA\n0.22 S FA\n0.23 C A\n"
	otherGood = "0 C S port=41000\n0.010 S SA\n0.011 C A\n0.02 C PA startup\n0.03 S PA ready\n0.04 C PA query\n0.05 S PA rows\n0.06 C PA terminate\n0.061 C FA\n0.07 S FA\n0.071 C A\n"
)

// Scenes that a lab can't make at will. Each is one session, the last of its capture; "..." in a reason stands for anything.
var scenes = []struct {
	name, text   string
	verdict      capture.Verdict
	confidence   capture.Confidence
	reason       string
	observations string // exactly these, separated by spaces
	next         string // the node on which to capture next
}{
	{name: "all is well", text: works + closes, verdict: capture.OK, confidence: capture.High},
	{
		name: "a simultaneous open is a session", verdict: capture.OKPlaintext, confidence: capture.High,
		text: "0 C S\n0.001 S S\n0.002 C SA again\n0.003 S SA again\n0.01 C PA startup\n0.02 S PA ready\n0.03 C PA query\n0.04 S PA rows\n",
	},
	{
		name: "a port pair that is used again is a new session", verdict: capture.Refused, confidence: capture.High,
		text: works + closes + "60 C S port=40000\n60.01 S RA\n", reason: "same TTL 62",
	},
	{
		name: "a half-open connection on the same ports is reset first", verdict: capture.OKPlaintext, confidence: capture.High, observations: "retransmissions",
		text: works + "100 C S port=40000\n100.01 S A seq=-88889 ack=-77778\n100.011 C R seq=-77778 gone\n101 C S again\n101.01 S A seq=-88889 ack=-77778\n101.011 C R seq=-77778\n" +
			"104 C S again\n104.01 S SA\n104.011 C A\n104.02 C PA startup\n104.03 S PA ready\n104.04 C PA query\n104.05 S PA rows\n",
	},
	{
		name: "a half-open connection whose client never gets the challenge", verdict: capture.SYNACKLost, confidence: capture.Medium, observations: "retransmissions", next: "10.48.36.61",
		text:   works + "100 C S port=40000\n100.01 S A seq=-88889 ack=-77778\n101 C S again\n101.01 S A seq=-88889 ack=-77778\n103 C S again\n105 S A seq=-88889 ack=-77778\n",
		reason: "an older connection with these ports that the server still holds",
	},
	{
		name: "TLS 1.3: the client's flight in one record", verdict: capture.OK, confidence: capture.High,
		text: tls13 + "0.06 C PA rec:2089\n0.07 C PA rec:81\n0.08 S PA rec:433\n0.09 C PA rec:40\n0.10 S PA rec:60\n" + closes,
	},
	{
		name: "TLS 1.3: a query of the size of a Finished", verdict: capture.OK, confidence: capture.High,
		text: tls13 + "0.06 C PA rec:2089\n0.07 C PA rec:81\n0.08 S PA rec:433\n0.09 C PA rec:53\n0.10 S PA rec:60\n" + closes,
	},
	{
		name: "TLS 1.3: the client's flight in one record is rejected", verdict: capture.TLSRejectedEncrypted, confidence: capture.Medium,
		text: tls13 + "0.06 C PA rec:2089 rec:81\n0.07 S PA rec:19\n0.071 S FA\n0.08 C FA\n",
	},
	{
		name: "keep-alives are no retransmissions", verdict: capture.OK, confidence: capture.High,
		text: works + "10 C A seq=-1\n10.01 S A\n20 C A seq=-1\n20.01 S A\n" + strings.ReplaceAll(closes, "0.2", "30.2"),
	},
	{
		name: "a packet captured twice has the same IP id", verdict: capture.OK, confidence: capture.High, observations: "duplicate-packets",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.0601 C - dup\n0.07 C PA rec:81\n0.08 S PA rec:433\n0.09 C PA rec:40\n0.10 S PA rec:60\n" + closes,
	},
	{
		name: "the capture lost the last bytes before the end", verdict: capture.OK, confidence: capture.High, observations: "packets-missing",
		text: works + "0.15 C PA rec:40\n0.16 S PA rec:60 lost\n0.161 S FA\n0.17 C A\n0.18 C FA\n0.19 S A\n",
	},
	{
		name: "a retransmission has a new one", verdict: capture.OKRecovered, confidence: capture.High, observations: "retransmissions",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.27 C PA again\n0.28 C PA rec:81\n0.3 S PA rec:433\n0.31 C PA rec:40\n0.32 S PA rec:60\n" + strings.ReplaceAll(closes, "0.2", "0.4"),
	},

	{
		name: "nothing to compare a reset with", text: "0 C S\n0.01 S RA\n", verdict: capture.Refused, confidence: capture.Medium,
		reason: "a firewall that rejects can't be excluded; a capture on 10.48.36.61 tells", next: "10.48.36.61",
	},
	{name: "a reset with the server's TTL", text: otherGood + "9 C S port=42000\n9.01 S RA\n", verdict: capture.Refused, confidence: capture.High, reason: "same TTL 62 as its other connections on this port"},
	{name: "a reset with another TTL", text: otherGood + "9 C S port=42000\n9.01 S RA ttl=63\n", verdict: capture.RefusedByMiddlebox, confidence: capture.High, reason: "TTL 63, its other connections on this port have TTL 62"},
	{
		name: "a reset much too early", text: otherGood + "9 C S port=42000\n9.0005 S RA\n", verdict: capture.RefusedByMiddlebox, confidence: capture.Medium,
		reason: "0.5 ms after the SYN, its other answers take at least 10.0 ms",
	},
	{
		name: "a reset of another machine on the server's segment", verdict: capture.RefusedByMiddlebox, confidence: capture.Medium,
		text: strings.Replace(otherGood, "S SA", "S SA from=64", 1) + "9 C S port=42000\n9.01 S RA mac=9\n", reason: "MAC address",
	},
	{
		name: "an IP id out of order", text: works + "1 C PA rec:40\n1.01 S RA id=31000\n", verdict: capture.ResetInjected, confidence: capture.Medium,
		reason: "the IP id 31000 of the reset does not follow",
	},
	{name: "an IP id in order", text: works + "1 C PA rec:40\n1.01 S RA id=510\n", verdict: capture.ResetByServer, confidence: capture.Medium, next: "10.48.36.61"},
	{
		name: "a reset with another TTL in a session", text: works + "1 C PA rec:40\n1.001 S RA ttl=61\n", verdict: capture.ResetInjected, confidence: capture.High,
		reason: "TTL 61, its other packets of this session have TTL 62",
	},
	{
		name: "a reset in the server's name, then the server's own answer", text: "0 C S\n0.001 S RA ttl=63\n0.01 S SA\n0.011 C R\n", verdict: capture.RefusedByMiddlebox, confidence: capture.High,
		reason: "TTL 63, its other packets of this session have TTL 62",
	},
	{name: "a reset that follows the SYN-ACK", text: "0 C S\n0.01 S SA\n0.0101 S RA ttl=63\n", verdict: capture.ResetInjected, confidence: capture.High},
	{
		name: "resets with several sequence numbers", verdict: capture.ResetInjected, confidence: capture.Medium, reason: "its sequence number is 1460 beyond what its named sender has sent",
		text: opens + "0.02 C PA ssl\n0.021 S RA\n0.0211 S RA seq=+1460\n0.0212 S RA seq=+4380\n",
	},
	{
		name: "a reset behind data that was lost before it came here", verdict: capture.ResetByServer, confidence: capture.Medium,
		text: works + "1 S RA seq=+24\n", next: "10.48.36.61",
	},
	{
		name: "a reset from before the connection", verdict: capture.ResetInjected, confidence: capture.High, reason: "its sequence number lies before the connection's first",
		text: opens + "0.02 C PA ssl\n0.021 S RA seq=-5000\n",
	},
	{
		name: "a reset from farther away than the SYN-ACK, which a nearer device may have sent", verdict: capture.ResetInjected, confidence: capture.Medium,
		text: "0 C S\n0.001 S SA ttl=64\n0.002 C A ack=+1\n0.003 C PA ssl ack=+1\n0.01 S RA ttl=62\n",
	},
	{
		name: "a reset within the range of a session whose SYN-ACK came from nearer", verdict: capture.ResetByServer, confidence: capture.Medium, next: "10.48.36.61",
		text: strings.Replace(works, "S SA", "S SA ttl=64", 1) + "1 S RA ttl=62\n",
	},
	{
		name: "a reset from farther away than the server's other connections", verdict: capture.RefusedByMiddlebox, confidence: capture.Medium,
		text: otherGood + "9 C S port=42000\n9.01 S RA ttl=60\n", reason: "TTL 60, its other connections on this port have TTL 62",
	},
	{
		name: "the program sends with TTL 1, the system resets with its own", verdict: capture.ResetByServer, confidence: capture.Medium, next: "10.48.36.61",
		text: strings.Replace(works, "S SA", "S SA from=1", 1) + "1 S RA ttl=64\n",
	},
	{
		name: "the program sends with TTL 255, the system refuses with its own", verdict: capture.Refused, confidence: capture.Medium, next: "10.48.36.61",
		text: strings.Replace(otherGood, "S SA", "S SA from=255", 1) + "9 C S port=42000\n9.01 S RA ttl=64\n",
	},
	{
		name: "a FIN with another TTL", verdict: capture.ClosedEarly, confidence: capture.Low, next: "10.48.36.61",
		text: opens + "0.02 C PA ssl\n0.021 S FA ttl=63\n0.022 C FA\n", reason: "the FIN has TTL 63, its other packets of this session have TTL 62: a device on the way may have closed it in the name of the server",
	},
	{
		name: "a FIN, and then what its named sender says", verdict: capture.TLSClosed, confidence: capture.Low,
		text: opens + "0.02 C PA ssl\n0.021 S FA ttl=62 seq=+0\n0.022 C A\n0.03 S PA S seq=-1\n0.031 C R\n", reason: "went on as if it had sent none",
	},
	{name: "a reset that nobody believes", text: works + "0.15 S RA seq=+90000 ttl=61\n0.151 C A\n0.16 C PA rec:40\n0.17 S PA rec:60\n" + closes, verdict: capture.OK, confidence: capture.High},
	{name: "copies of what was sent before the reset, without IP ids", text: works + "1 C RA\n1.001 C PA again id=0\n1.0015 C A seq=-40 id=0\n", verdict: capture.OK, confidence: capture.High, observations: "retransmissions"},
	{name: "a sender that goes on after its reset, without IP ids", text: works + "1 C RA\n1.2 C PA again id=0\n1.6 C PA again id=0\n", verdict: capture.ResetInjected, confidence: capture.High, reason: "went on as if it had sent none", observations: "retransmissions"},
	{name: "a reset after the end is nothing", text: works + closes + "0.3 S R ttl=61\n", verdict: capture.OK, confidence: capture.High},

	{name: "ICMP administratively prohibited", text: "0 C S\n0.01 S - icmp=3,13\n", verdict: capture.ICMPUnreachable, confidence: capture.High, reason: "communication administratively prohibited"},
	{name: "ICMP network unreachable", text: "0 C S\n0.01 S - icmp=3,0\n", verdict: capture.ICMPUnreachable, confidence: capture.High, reason: "network unreachable"},
	{name: "ICMP host unreachable", text: "0 C S\n0.01 S - icmp=3,1\n", verdict: capture.ICMPUnreachable, confidence: capture.High, reason: "host unreachable"},
	{name: "ICMP time exceeded: a routing loop", text: "0 C S\n0.01 S - icmp=11,0\n", verdict: capture.ICMPUnreachable, confidence: capture.High, reason: "time to live exceeded"},
	{
		name: "ICMP fragmentation needed", verdict: capture.MTUBlackhole, confidence: capture.High, observations: "retransmissions", reason: "fragmentation is needed",
		text: tls12 + "0.06 C PA raw:900\n0.061 S - icmp=3,4\n0.3 C PA again\n0.9 C PA again\n1.9 C PA again\n", next: "10.48.36.61",
	},
	{
		name: "the server gives up a handshake that the client does not complete", verdict: capture.SYNACKLost, confidence: capture.High, observations: "retransmissions", next: "10.48.36.118",
		text: "0 C S\n0.01 S SA\n1.01 S SA again\n3.01 S SA again\n7.01 S SA again\n15 S RA\n", reason: "1 SYN, 4 SYN-ACKs, and never the client's ACK",
	},
	{
		name: "SYN-ACKs without an IP id that come at once, of one SYN", verdict: capture.SYNACKLost, confidence: capture.High, next: "10.48.36.118", observations: "retransmissions",
		text: "0 C S\n0.0001 S SA id=0\n0.0002 S SA again id=0\n0.0003 S SA again id=0\n0.0004 S R seq=+900\n", reason: "1 SYN, 3 SYN-ACKs",
	},
	{
		name: "every packet captured twice", verdict: capture.ResetByServer, confidence: capture.Medium, observations: "duplicate-packets", next: "10.48.36.61",
		text: "0 C S\n0.0001 C - dup\n0.0002 S SA id=0\n0.0003 S - dup\n0.0004 S R\n", reason: "after its SYN-ACK, before the client's ACK",
	},
	{
		name: "SYN-ACKs of a SYN that is not in the capture", verdict: capture.SYNACKLost, confidence: capture.Medium, next: "10.48.36.118", observations: "retransmissions",
		text: "0 S SA\n1 S SA again\n3 S SA again\n7 S SA again\n", reason: "4 SYN-ACKs",
	},
	{
		name: "several answers at once, whose question is not in the capture", verdict: capture.Open, confidence: capture.Low, observations: "retransmissions",
		text: "0 S SA\n0.0001 S SA seq=+1\n0.0011 S SA seq=+2\n",
	},
	{
		name: "a reset stands before the SYN that it answers", verdict: capture.Refused, confidence: capture.Medium, next: "10.48.36.61",
		text: "0 S RA ack=1001\n0.001 C S\n",
	},
	{
		name: "a SYN-ACK that never gets there", text: "0 C S ttl=62\n0.0001 S SA ttl=64\n1 S SA again ttl=64\n1.01 C S again ttl=62\n3 S SA again ttl=64\n7 S SA again ttl=64\n",
		verdict: capture.SYNACKLost, confidence: capture.High, observations: "retransmissions", next: "10.48.36.118",
	},
	{
		name: "the capture ends with the second SYN", text: "0 C S\n1 C S again\n", verdict: capture.SYNDropped, confidence: capture.Medium, observations: "retransmissions", next: "10.48.36.61",
	},
	{
		name: "the capture ends with the third SYN", text: "0 C S\n1 C S again\n3 C S again\n", verdict: capture.SYNDropped, confidence: capture.High, observations: "retransmissions", next: "10.48.36.61",
	},
	{
		name: "a router says that the SYN-ACK is prohibited", verdict: capture.SYNACKLost, confidence: capture.High, observations: "retransmissions", next: "10.48.36.118",
		text: "0 C S from=62\n0.0001 S SA from=64\n0.001 C - icmp=3,13\n1 S SA again\n1.001 C - icmp=3,13\n3 S SA again\n3.001 C - icmp=3,13\n", reason: "administratively prohibited",
	},
	{
		name: "the SYN-ACK is lost once", verdict: capture.OKRecovered, confidence: capture.High, observations: "retransmissions high-rtt",
		text: "0 C S\n0.01 S SA gone\n1.01 S SA again\n1.02 C A\n" + strings.ReplaceAll(strings.TrimPrefix(works, opens), "0.", "1.1"),
	},
	{
		name: "SYNs arrive at the server and are not answered", verdict: capture.SYNDropped, confidence: capture.High, observations: "retransmissions", reason: "they arrive here, at the server itself",
		text: strings.NewReplacer("0 C S port=41000", "0 C S port=41000 from=62", "S SA", "S SA from=64").Replace(otherGood) + "9 C S port=42000\n10 C S again\n12 C S again\n",
	},
	{
		name: "one SYN, and the capture goes on", text: "0 C S\n5 C S port=40001\n", verdict: capture.Open, confidence: capture.Low,
	},

	{name: "alert 40 after an empty Certificate", text: tls12 + "0.06 C PA empty12\n0.07 S PA alert40\n0.08 S FA\n", verdict: capture.TLSAlert, confidence: capture.High, reason: "the client sent no certificate, and one is required", observations: "cert-missing"},
	{name: "alert 116 after an empty Certificate", text: tls12 + "0.06 C PA empty12\n0.07 S PA alert116\n0.08 S FA\n", verdict: capture.TLSAlert, confidence: capture.High, reason: "116 certificate_required", observations: "cert-missing"},
	{name: "alert 40 without one", text: opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C PA hello\n0.05 S PA alert40\n0.06 S FA\n", verdict: capture.TLSAlert, confidence: capture.High, reason: "40 handshake_failure after the ClientHello"},
	{name: "no common version", text: opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C PA hello\n0.05 S PA alert70\n0.06 S FA\n", verdict: capture.TLSAlert, confidence: capture.High, reason: "70 protocol_version"},
	{
		name: "TLS 1.3: the client's certificate is rejected", verdict: capture.TLSRejectedEncrypted, confidence: capture.Medium, reason: "the client's certificate was rejected",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:19\n0.071 S RA\n",
	},
	{
		name: "the capture ends with the alert", verdict: capture.TLSRejectedEncrypted, confidence: capture.Medium, reason: "the client's certificate was rejected",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:19\n",
	},
	{
		name: "TLS 1.3: no certificate, and one is required", verdict: capture.TLSRejectedEncrypted, confidence: capture.Medium, observations: "cert-missing", reason: "no certificate, and one is required",
		text: tls13 + "0.06 C PA rec:25 rec:69\n0.07 S PA rec:19\n0.071 S FA\n0.08 C FA\n",
	},
	{
		name: "TLS 1.3: an error inside", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, reason: "the size of an error",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:140\n0.071 S PA rec:19\n0.072 S FA\n0.08 C PA rec:19\n0.081 C FA\n0.09 S A\n",
	},
	{
		name: "a wrong password inside TLS", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, reason: "the password is refused",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:60\n0.08 C PA rec:72\n0.09 S PA rec:110\n0.1 C PA rec:126\n0.11 S PA rec:124\n0.111 S PA rec:19\n0.112 S FA\n0.12 C PA rec:19\n0.121 C FA\n0.13 S A\n",
	},
	{
		name: "a right password inside TLS", verdict: capture.OK, confidence: capture.High,
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:60\n0.08 C PA rec:72\n0.09 S PA rec:110\n0.1 C PA rec:126\n0.11 S PA rec:480\n0.12 C PA rec:22\n0.121 C PA rec:19\n0.122 C FA\n0.13 S FA\n0.131 C A\n",
	},
	{
		name: "a password is wanted inside TLS, and there is none", verdict: capture.ClosedByClient, confidence: capture.Medium, reason: "when the server asks for a password",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:60\n0.08 C PA rec:19\n0.081 C FA\n0.09 S FA\n0.091 C A\n",
	},
	{
		name: "a password is wanted inside TLS, the client leaves and the server is quicker to close", verdict: capture.ClosedByClient, confidence: capture.Medium, reason: "when the server asks for a password",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.07 S PA rec:60\n0.08 C PA rec:19\n0.09 S PA rec:19\n0.091 S FA\n0.092 C RA\n",
	},
	{
		name: "one ticket before the startup is no answer", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, reason: "answers the startup message with 140 bytes",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:53\n0.07 S PA rec:1667\n0.071 C PA rec:81\n0.08 S PA rec:140\n0.081 S PA rec:19\n0.082 S FA\n0.09 C PA rec:19\n0.091 C FA\n0.1 S A\n",
	},
	{name: "a client that says nothing until the server closes", text: opens + "60.01 S FA\n60.02 C FA\n60.03 S A\n", verdict: capture.ClosedByClient, confidence: capture.High, reason: "says nothing for 60.0 s"},
	{name: "a server that closes at once", text: opens + "0.02 S FA\n0.03 C FA\n0.04 S A\n", verdict: capture.ClosedEarly, confidence: capture.High, next: "10.48.36.61"},
	{name: "a client that does not begin TLS", text: opens + "0.02 C PA ssl\n0.03 S PA S\n60 S FA\n60.01 C FA\n60.02 S A\n", verdict: capture.TLSClosed, confidence: capture.High, reason: "does not begin TLS for 60.0 s"},
	{
		name: "TLS is done, and the startup is never answered", verdict: capture.ServerSilent, confidence: capture.Medium, next: "10.48.36.61",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:81\n0.1 S A\n4.06 C PA rec:19\n4.061 C FA\n4.1 S A\n",
	},
	{
		name: "session tickets that come apart are no answer", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, reason: "answers the startup message with 140 bytes",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:53\n0.061 C PA rec:81\n0.07 S PA rec:265\n0.071 S PA rec:265\n0.08 S PA rec:140\n0.081 S PA rec:19\n0.082 S FA\n0.09 C PA rec:19\n0.091 C FA\n0.1 S A\n",
	},
	{
		name: "TLS 1.3: the client rejects the server and says so encrypted", verdict: capture.TLSClosed, confidence: capture.High, reason: "it may reject the server's certificate",
		text: tls13 + "0.06 C PA rec:19\n0.061 C FA\n0.07 S FA\n",
	},
	{
		name: "TLS 1.3: the client leaves when the handshake is done", verdict: capture.TLSClosed, confidence: capture.High, reason: "before its StartupMessage",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:19\n0.062 C FA\n0.07 S PA rec:19\n0.071 C R\n",
	},
	{
		name: "session tickets are no answer", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, reason: "answers the startup message with 140 bytes",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:53\n0.061 C PA rec:81\n0.07 S PA rec:265 rec:265\n0.08 S PA rec:140\n0.081 S PA rec:19\n0.082 S FA\n0.09 C PA rec:19\n0.091 C FA\n0.1 S A\n",
	},
	{
		name: "a hash of 32 bytes", verdict: capture.TLSRejectedEncrypted, confidence: capture.Medium,
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:53\n0.061 C PA rec:81\n0.07 S PA rec:19\n0.071 S FA\n0.08 C R\n",
	},
	{
		name: "a single session ticket behind the startup is no answer", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, reason: "answers the startup message with 140 bytes",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:53\n0.061 C PA rec:81\n0.07 S PA rec:1667\n0.08 S PA rec:140\n0.081 S PA rec:19\n0.082 S FA\n0.09 C PA rec:19\n0.091 C FA\n0.1 S A\n",
	},
	{
		name: "a web server and its client, inside TLS at once", verdict: capture.NotPostgres, confidence: capture.High, reason: "TLS without SSLRequest",
		text: opens + "0.04 C PA hello\n0.05 S PA hello13 rec:2000\n0.06 C PA rec:69\n0.061 C PA rec:500\n0.07 S PA rec:265 rec:265\n0.071 S PA rec:5000\n0.08 C PA rec:300\n0.09 S PA rec:4000\n0.1 C PA rec:19\n0.11 C FA\n0.12 S FA\n",
	},
	{
		name: "a cipher with short tags", verdict: capture.TLSRejectedEncrypted, confidence: capture.Medium, reason: "(11 bytes)",
		text: strings.Replace(tls13, "hello13", "helloccm8", 1) + "0.06 C PA rec:1731 rec:273 rec:45\n0.061 C PA rec:73\n0.07 S PA rec:11\n0.071 S FA\n0.08 C R\n",
	},
	{
		name: "a cipher with short tags, no certificate, and an error inside", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, observations: "cert-missing",
		text: strings.Replace(tls13, "hello13", "helloccm8", 1) + "0.06 C PA rec:17 rec:45\n0.061 C PA rec:73\n0.07 S PA rec:132\n0.071 S PA rec:11\n0.072 S FA\n0.08 C PA rec:11\n0.081 C FA\n0.09 S A\n",
	},
	{name: "not even the SYN is in the capture, but all that was said", text: strings.Replace(tls12, opens, "", 1) + "0.06 S FA\n0.07 C FA\n0.08 S A\n", verdict: capture.TLSClosed, confidence: capture.High, reason: "the server closes"},
	{name: "the same of a web server", text: "0.02 C PA ssl\n0.03 S PA http\n0.031 S FA\n0.04 C FA\n", verdict: capture.NotPostgres, confidence: capture.High, reason: "HTTP"},
	{
		name: "the same of a server that is silent", text: "0.02 C PA ssl\n0.03 S A\n4 C FA\n4.01 S A\n", verdict: capture.ServerSilent, confidence: capture.Medium, next: "10.48.36.61",
	},
	{name: "the server closes inside the handshake", text: tls12 + "0.06 S FA\n0.07 C FA\n0.08 S A\n", verdict: capture.TLSClosed, confidence: capture.High, reason: "the server closes"},
	{name: "the client closes after S, as libpq does that can't read its key", text: opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C FA\n0.05 S FA\n0.06 C A\n", verdict: capture.TLSClosed, confidence: capture.High},
	{name: "the client resets before TLS begins", text: opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C RA\n", verdict: capture.ResetByClient, confidence: capture.Medium},
	{name: "the client resets inside TLS", text: tls12 + "0.06 C RA\n", verdict: capture.TLSClosed, confidence: capture.High, reason: "the client resets"},
	{
		name: "the handshake stops", text: tls12 + "0.06 S A\n4 C FA\n4.01 S A\n", verdict: capture.TLSStalled, confidence: capture.Medium, next: "10.48.36.61",
	},
	{
		name: "clocks that hellos tell", verdict: capture.TLSClosed, confidence: capture.High, observations: "clock-skew",
		text: opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C PA hello time=0\n0.05 S PA hello12 time=40\n0.06 S FA\n0.07 C FA\n",
	},
	{
		name: "clocks that agree", verdict: capture.TLSClosed, confidence: capture.High,
		text: opens + "0.02 C PA ssl\n0.03 S PA S\n0.04 C PA hello time=0\n0.05 S PA hello12 time=1\n0.06 S FA\n0.07 C FA\n",
	},

	{name: "GSSENCRequest, then all is well", text: opens + "0.02 C PA gss\n0.03 S PA N\n" + strings.TrimPrefix(works, opens) + closes, verdict: capture.OK, confidence: capture.High, observations: "gssenc-request"},
	{
		name: "GSSAPI encryption that works", verdict: capture.OK, confidence: capture.Medium, observations: "gssenc-request", reason: "GSSAPI encryption: 4 packets of the client and 3 of the server",
		text: opens + "0.02 C PA gss\n0.03 S PA G\n0.04 C PA gss:1420\n0.05 S PA gss:156\n0.06 C PA gss:150\n0.07 S PA gss:480\n0.08 C PA gss:80\n0.09 S PA gss:140\n0.1 C PA gss:65\n0.11 C FA\n0.12 S FA\n",
	},
	{
		name: "GSSAPI encryption, and a refusal inside", verdict: capture.PGRejectedEncrypted, confidence: capture.Medium, observations: "gssenc-request", reason: "answers the startup message with 210 bytes",
		text: opens + "0.02 C PA gss\n0.03 S PA G\n0.04 C PA gss:1420\n0.05 S PA gss:156\n0.06 C PA gss:150\n0.07 S PA gss:210\n0.08 S FA\n0.09 C FA\n",
	},
	{name: "a CancelRequest", text: opens + "0.02 C PA cancel\n0.03 S FA\n0.04 C FA\n", verdict: capture.OK, confidence: capture.High, observations: "cancel-request"},
	{
		name: "a CancelRequest inside TLS", verdict: capture.OK, confidence: capture.Medium, observations: "cancel-request",
		text: tls13 + "0.06 C PA rec:1739 rec:281 rec:69\n0.061 C PA rec:33\n0.07 S PA rec:19\n0.071 S FA\n0.08 C FA\n0.09 S A\n",
	},
	{name: "a replication session", text: opens + "0.02 C PA repl\n0.03 S PA ready\n0.04 C PA query\n0.05 S PA rows\n", verdict: capture.OKPlaintext, confidence: capture.High, observations: "replication"},
	{name: "an error in clear text", text: opens + "0.02 C PA startup\n0.03 S PA hba\n0.031 S FA\n0.04 C FA\n", verdict: capture.PGError, confidence: capture.High, reason: "28000: no pg_hba.conf entry"},
	{name: "an error in place of S", text: opens + "0.02 C PA ssl\n0.03 S PA E\n0.031 S FA\n0.04 C FA\n", verdict: capture.PGError, confidence: capture.High, reason: "the database system is starting up"},
	{name: "TLS is off", text: opens + "0.02 C PA ssl\n0.03 S PA N\n0.04 C FA\n0.05 S FA\n", verdict: capture.SSLRefused, confidence: capture.High},
	{name: "a password is wanted", text: opens + "0.02 C PA startup\n0.03 S PA scram\n0.04 C FA\n0.05 S FA\n", verdict: capture.ClosedByClient, confidence: capture.High, reason: "asks for a password"},
	{name: "a web server", text: opens + "0.02 C PA ssl\n0.03 S PA http\n0.031 S FA\n0.04 C FA\n", verdict: capture.NotPostgres, confidence: capture.High, reason: "HTTP"},
	{name: "an SSH server", text: opens + "0.02 S PA ssh\n0.03 C PA ssl\n0.031 S FA\n0.04 C FA\n", verdict: capture.NotPostgres, confidence: capture.High, reason: "SSH"},

	{
		name: "full-size segments of an answer vanish, seen at the client", verdict: capture.MTUBlackhole, confidence: capture.Medium, reason: "1448 bytes of the server never arrive here", next: "10.48.36.61",
		text: opens + "0.02 C PA startup\n0.03 S PA ready\n0.04 C PA query\n0.05 S PA raw:1448 lost\n0.051 S PA raw:200\n0.052 C A ack=-1648\n9 C FA ack=-1648\n",
	},
	{
		name: "a full-size segment never comes where others do: that is no matter of size", verdict: capture.BlackholeAfterTCP, confidence: capture.Medium, next: "10.48.36.61",
		text:   opens + "0.02 C PA startup\n0.03 S PA ready\n0.04 C PA query\n0.05 S A raw:1448\n0.0501 S PA raw:1448 lost\n0.051 S PA raw:1448\n0.052 C A ack=-2896\n9 C FA ack=-2896\n",
		reason: "1448 bytes of the server never arrive here",
	},
	{
		name: "a capture without acknowledgements that begins in the middle proves little", verdict: capture.Midstream, confidence: capture.Medium, observations: "retransmissions",
		text: "0 C PA raw:100\n0.1 S PA raw:200\n0.2 C A raw:1448\n0.2001 C PA raw:1448\n0.3 C PA again\n0.31 C PA raw:300\n30 C PA raw:20\n",
	},
	{
		name: "what a session under way sends is never acknowledged, and nothing else is here", verdict: capture.BlackholeAfterTCP, confidence: capture.Medium, observations: "retransmissions", next: "10.48.36.61",
		text: "0 C PA rec:120\n13 C PA again\n40 C PA again\n", reason: "in a session that was under way",
	},
	{name: "a ClientHello that is sent again at once, and no other packet", text: "0 C PA hello\n0.2 C PA again\n0.4 C PA again\n0.41 C RA\n", verdict: capture.Open, confidence: capture.Low, observations: "retransmissions"},
	{
		name: "a scanner's SYN, and the reset of the host that knows nothing of it", verdict: capture.ClosedByClient, confidence: capture.High,
		text: "0 C S ttl=43 win=1024\n0.01 S SA\n0.011 C R\n", reason: "a port probe",
	},
	{
		name: "an opening that a device resets in the client's name", verdict: capture.ResetInjected, confidence: capture.High,
		text: "0 C S from=43\n0.01 S SA\n0.011 C R ttl=64\n", reason: "the reset has TTL 64",
	},
	{
		name: "a capture that begins inside a message of the server, who says all", verdict: capture.Midstream, confidence: capture.Medium,
		text: "0 S PA raw:1000\n0.01 C A\n0.02 S PA raw:1400\n0.03 C A\n",
	},
	{
		name: "a large segment of a session under way, of which nothing passes", verdict: capture.BlackholeAfterTCP, confidence: capture.High, observations: "retransmissions", next: "10.48.36.61",
		text: "0 C PA rec:1400\n1 C PA again\n3 C PA again\n7 C PA again\n",
	},
	{
		name: "the window stays at zero", verdict: capture.Stalled, confidence: capture.High,
		text: "0 C S\n0.01 S SA\n0.011 C A\n0.02 C PA startup\n0.03 S PA ready\n0.04 C PA query raw:900\n0.05 S A win=0\n0.3 C A seq=-1\n0.31 S A win=0\n1 C A seq=-1\n1.01 S A win=0\n3 C A seq=-1\n3.01 S A win=0\n7 C A seq=-1\n7.01 S A win=0\n9 C RA\n",
	},
	{
		name: "the window opens again", verdict: capture.OKPlaintext, confidence: capture.High,
		text: "0 C S\n0.01 S SA\n0.011 C A\n0.02 C PA startup\n0.03 S PA ready\n0.04 C PA query\n0.05 S A win=0\n5 S A win=400\n5.1 S PA rows\n5.2 C PA terminate\n5.21 C FA\n5.3 S FA\n",
	},
	{
		name: "a long rest and then silence", verdict: capture.IdleDrop, confidence: capture.High, observations: "retransmissions", next: "10.48.36.61",
		text: works + "3600 C PA rec:40\n3600.2 C PA again\n3600.6 C PA again\n3601.4 C PA again\n",
	},
	{
		name: "a long rest and then a reset", verdict: capture.IdleDrop, confidence: capture.High, reason: "is answered by a reset", next: "10.48.36.61",
		text: works + "3600 C PA rec:40\n3600.01 S R\n",
	},
	{
		name: "a longer rest that did no harm came before", verdict: capture.IdleDrop, confidence: capture.High, reason: "rested for 1800.0 s", next: "10.48.36.61",
		text: works + "7200 C PA rec:40\n7200.01 S PA rec:60\n9000.01 C PA rec:40\n9000.02 S R\n",
	},
	{
		name: "keep-alives that nobody answers", verdict: capture.IdleDrop, confidence: capture.Medium, reason: "rested for 7200.0 s; 3 keep-alives of the server", next: "10.48.36.61",
		text: works + "0.11 C A\n7200.11 S A seq=-1\n7275.1 S A seq=-1\n7350.1 S A seq=-1\n7425.1 S R\n",
	},
	{
		name: "a client that gives up after its keep-alives", verdict: capture.IdleDrop, confidence: capture.Medium, reason: "2 keep-alives of the client", next: "10.48.36.61",
		text: works + "0.11 C A\n2 C A seq=-1\n3 C A seq=-1\n4 C RA\n",
	},
	{
		name: "the first packet after a long rest arrives, its answer does not", verdict: capture.IdleDrop, confidence: capture.High, next: "10.48.36.118", observations: "retransmissions",
		text:   strings.NewReplacer("0.000 C S", "0.000 C S from=62", "S SA", "S SA from=64").Replace(works) + "3600 C PA rec:40\n3600.001 S PA rec:60 gone\n3600.2 S PA again gone\n3600.21 C PA again\n3600.6 S PA again gone\n3600.61 C PA again\n3601.4 S PA again gone\n",
		reason: "the first packet of the server after that is sent",
	},
	{
		name: "nothing but keep-alives in view, and then silence", verdict: capture.IdleDrop, confidence: capture.Medium, reason: "4 keep-alives of the client", next: "10.48.36.61",
		text: "0 C A\n0.1 S A\n60 C A seq=-1\n60.1 S A\n120 C A seq=-1\n121 C A seq=-1\n122 C A seq=-1\n123 C A seq=-1\n124 C RA\n",
	},
	{
		name: "nothing but keep-alives in view, and then a reset", verdict: capture.IdleDrop, confidence: capture.High, reason: "is answered by a reset", next: "10.48.36.61",
		text: "0 C A\n0.1 S A\n61 C A seq=-1\n61.1 S A\n122 C A seq=-1\n122.1 S R\n",
	},
	{
		name: "keep-alives that are answered", verdict: capture.OK, confidence: capture.High,
		text: works + "0.11 C A\n7200 S A seq=-1\n7200.1 C A\n7275 S A seq=-1\n7275.1 C A\n7350 S A seq=-1\n",
	},
	{
		name: "pauses between retransmissions are no rest", verdict: capture.IdleDrop, confidence: capture.High, reason: "rested for 3599.9 s", next: "10.48.36.61", observations: "retransmissions",
		text: works + "3600 C PA rec:40\n3602 C PA again\n3632 C PA again\n3696 C PA again\n3820 C PA again\n",
	},
	{
		name: "a rest that did no harm", verdict: capture.OK, confidence: capture.High,
		text: works + "3600 C PA rec:40\n3600.01 S PA rec:60\n" + strings.ReplaceAll(closes, "0.2", "3600.2"),
	},
	{
		name: "the path dies inside the handshake", verdict: capture.BlackholeAfterTCP, confidence: capture.High, observations: "retransmissions", next: "10.48.36.61",
		text: tls12 + "0.06 C A\n4 C FA\n4.2 C FA again\n4.6 C FA again\n", reason: "its FIN is sent 3 times and never acknowledged",
	},
	{
		name: "the ClientHello never arrives, seen at the server", verdict: capture.BlackholeAfterTCP, confidence: capture.Medium, next: "10.48.36.118",
		text: "0 C S from=62\n0.0001 S SA from=64\n0.01 C A\n0.011 C PA ssl\n0.012 S PA S\n0.02 C PA hello lost\n4 C FA\n4.0001 S A ack=-53\n60 S FA ack=-53\n60.01 C R\n",
	},
	{
		name: "the server acknowledges and is silent, seen at the client", verdict: capture.ServerSilent, confidence: capture.Medium, next: "10.48.36.61",
		text: opens + "0.02 C PA ssl\n0.03 S A\n4 C FA\n4.01 S A\n", reason: "answers that are lost on the way look the same from here",
	},
	{
		name: "the server acknowledges and is silent, seen at the server", verdict: capture.ServerSilent, confidence: capture.High,
		text: "0 C S from=62\n0.0001 S SA from=64\n0.011 C A\n0.02 C PA ssl\n0.0201 S A\n4 C FA\n4.001 S A\n",
	},
	{
		name: "the client gives up while things move", verdict: capture.ClientTimeout, confidence: capture.Medium, observations: "high-rtt",
		text: "0 C S\n0.9 S SA\n0.901 C A\n0.902 C PA ssl\n1.8 S PA S\n1.801 C PA hello\n2.7 S PA hello13 rec:2000\n2.71 C PA rec:1739 rec:281 rec:69\n2.72 C PA rec:81\n3.6 S A\n4 C FA\n4.5 S PA rec:433\n4.6 S FA\n4.61 C R\n",
	},
	{name: "the remains of an earlier session", text: "0 S R\n5 C S port=40001\n5.01 S SA\n", verdict: capture.Open, confidence: capture.Low},
	{name: "a SYN-ACK that comes when all is over", text: "0 S SA\n0.0001 C R\n", verdict: capture.Open, confidence: capture.Low},
}

func TestScenes(t *testing.T) {
	t.Parallel()
	for _, v := range scenes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := play(t, v.text).judge(t)
			if len(r.Sessions) == 0 {
				t.Fatal("no session")
			}
			s := r.Sessions[len(r.Sessions)-1]
			if s.Verdict != v.verdict || s.Confidence != v.confidence || !strings.Contains(s.Reason, v.reason) {
				t.Errorf("%s (%s): %s\nwant %s (%s): %s", s.Verdict, s.Confidence, s.Reason, v.verdict, v.confidence, v.reason)
			}
			if got := strings.Join(s.Observations, " "); got != v.observations {
				t.Errorf("observations %q, want %q", got, v.observations)
			}
			if s.NextCapture != v.next {
				t.Errorf("next capture on %q, want %q", s.NextCapture, v.next)
			}
		})
	}
}

// TestResetWithText: what a reset says counts as payload, and as no answer.
func TestResetWithText(t *testing.T) {
	t.Parallel()
	s := play(t, opens+"0.02 C PA ssl\n0.03 S RA raw:11\n").judge(t).Sessions[0]
	if s.BytesClient != 8 || s.BytesServer != 11 || s.Verdict != capture.ResetByServer {
		t.Errorf("%s: %d and %d bytes", s.Verdict, s.BytesClient, s.BytesServer)
	}
}

// TestRefusedAgain: a refused SYN that is sent again three seconds later, as Windows did, is the same attempt.
func TestRefusedAgain(t *testing.T) {
	t.Parallel()
	r := play(t, "0 C S\n0.01 S RA\n2.95 C S again\n2.96 S RA\n").judge(t)
	if len(r.Sessions) != 1 || r.Sessions[0].Verdict != capture.Refused || r.Sessions[0].LastFrame != 4 {
		t.Errorf("%d sessions, the first %s to frame %d", len(r.Sessions), r.Sessions[0].Verdict, r.Sessions[0].LastFrame)
	}
}

// TestCutICMPError: of an error that the snap length cut before the ports, the addresses, the length and the time tell what it is about.
func TestCutICMPError(t *testing.T) {
	t.Parallel()
	const noPorts = 14 + 20 + 8 + 22
	scene := play(t, otherGood+"9 C S port=42000\n9.01 S - icmp=3,13\n10 C S port=43000\n10.01 S SA\n")
	want := []capture.Verdict{capture.OKPlaintext, capture.ICMPUnreachable, capture.Open}
	for i, s := range judge(t, "cut", scene.write(binary.LittleEndian, true, ethernet, noPorts)).Sessions {
		if s.Verdict != want[i] {
			t.Errorf("session %d is %s: %s", i, s.Verdict, s.Reason)
		}
	}
}

// TestBothSidesOfATranslation: a firewall's own capture has a connection twice, before and behind its translation of addresses. Each of the two says so.
func TestBothSidesOfATranslation(t *testing.T) {
	t.Parallel()
	outside, inside := []byte{10, 48, 36, 61}, []byte{192, 168, 7, 61}
	both := recording{name: "both sides", link: 1}
	for _, f := range play(t, otherGood+"9 C S port=42000\n10 C S again\n12 C S again\n").frames {
		both.frames = append(both.frames, f)
		if at := f.at.Add(40 * time.Microsecond); at.Sub(sceneStart) < 12*time.Second { // the third SYN is dropped
			both.frames = append(both.frames, frame{at, bytes.ReplaceAll(f.data, outside, inside)})
		}
	}
	sessions := both.judge(t).Sessions
	if len(sessions) != 4 {
		t.Fatalf("%d sessions", len(sessions))
	}
	for i, s := range sessions {
		other := sessions[i^1]
		want := fmt.Sprintf("session %d, %s to %s, is the same connection on the other side of an address translation", other.Session, other.Client, other.Server)
		if !strings.Contains(s.Reason, want) {
			t.Errorf("%s: %q lacks %q", s.Verdict, s.Reason, want)
		}
	}
	sessions[2].Answer("it is dropped")
	if !strings.HasSuffix(sessions[2].Reason, "an address translation; it is dropped") {
		t.Errorf("the answer is lost: %s", sessions[2].Reason)
	}
}

// TestNoTranslation: connections of one scanner with the same number are not one.
func TestNoTranslation(t *testing.T) {
	t.Parallel()
	scan := recording{name: "scan", link: 1}
	for i, f := range play(t, "0 C S\n0.001 C S again port=40000\n").frames {
		for host := range byte(4) {
			other := bytes.ReplaceAll(f.data, []byte{10, 48, 36, 61}, []byte{10, 48, 36, 70 + host})
			scan.frames = append(scan.frames, frame{f.at.Add(time.Duration(int(host)+i) * time.Microsecond), other})
		}
	}
	for _, s := range scan.judge(t).Sessions {
		if strings.Contains(s.Reason, "translation") {
			t.Error(s.Reason)
		}
	}
}

// TestWarning: an alert that ends nothing is told, and makes no verdict; one that ends the session counts more.
func TestWarning(t *testing.T) {
	t.Parallel()
	warned := strings.Replace(tls12, "S PA hello12", "S PA warn112 hello12", 1)
	goesOn := warned + "0.06 C PA ccs\n0.061 C PA rec:40\n0.07 S PA ccs rec:60\n0.08 C PA rec:40\n0.09 S PA rec:400\n"
	for text, want := range map[string]capture.Alert{
		goesOn:                       {Frame: 7, Sender: "server", Level: "warning", Code: 112, Name: "unrecognized_name", Stage: "ClientHello"},
		warned + "0.06 C PA alert45": {Frame: 8, Sender: "client", Level: "fatal", Code: 45, Name: "certificate_expired", Stage: "ServerHello"},
	} {
		s := play(t, text).judge(t).Sessions[0]
		if s.TLS == nil || s.TLS.Alert == nil || *s.TLS.Alert != want {
			t.Errorf("%s: TLS is %+v, want the alert %+v", s.Verdict, s.TLS, want)
		}
		fatal := want.Level == "fatal"
		if ended := s.TLS.EndedBy() != nil; ended != fatal || (s.Verdict == capture.TLSAlert) != fatal {
			t.Errorf("%s: ended by %+v", s.Verdict, s.TLS.EndedBy())
		}
	}
}

// TestOldHelloInTheMiddle: a capture that begins with a ClientHello in the form of SSL 2.0 is one of TLS.
func TestOldHelloInTheMiddle(t *testing.T) {
	t.Parallel()
	s := play(t, "0.04 C PA oldhello\n0.05 S PA hello12\n").judge(t).Sessions[0]
	if s.TLS == nil || s.TLS.Version != "TLS 1.2" {
		t.Errorf("%s: TLS is %+v", s.Verdict, s.TLS)
	}
}

// TestTLSOfTheServerAlone: a capture of one direction shows what the server negotiates, with and without an SSLRequest before.
func TestTLSOfTheServerAlone(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"after S": "0.03 S PA S ack=8\n", "without SSLRequest": ""} {
		text := "0.010 S SA\n" + answer + "0.05 S PA hello12 ack=300\n0.07 S PA ccs rec:40 ack=600\n"
		s := play(t, text).judge(t).Sessions[0]
		if s.TLS == nil || s.TLS.Version != "TLS 1.2" || s.TLS.Cipher != "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" {
			t.Errorf("%s: %s: TLS is %+v", name, s.Verdict, s.TLS)
		}
	}
}
