package capture

import (
	"cbdoctor/capture/packet"
	"cbdoctor/capture/pgwire"
	"cbdoctor/capture/tlskeys"
	"cbdoctor/capture/tlswire"
	"cbdoctor/certificate"
)

// The two directions of a session.
const (
	client = 0
	server = 1
)

// tuple names a connection: client first.
type tuple struct {
	client, server         packet.Addr
	clientPort, serverPort uint16
}

// set fills a tuple field by field: what is copied whole as soon as it is written has to wait for the store.
func (k *tuple) set(client, server *packet.Addr, clientPort, serverPort uint16) {
	k.client.Hi, k.client.Lo, k.server.Hi, k.server.Lo = client.Hi, client.Lo, server.Hi, server.Lo
	k.clientPort, k.serverPort = clientPort, serverPort
}

// session is one connection attempt while it is followed. What every packet touches stands first, here and in [side], in few cache lines:
// hundreds of sessions are open at once.
type session struct {
	tuple     tuple
	packets   int64
	lastFrame int64
	last      int64 // nanoseconds

	established int64 // frame that completed the handshake, 0 before
	wire        *wire // TLS and PostgreSQL, once there is payload
	kept        int   // bytes of payload that wait for their rest: see settle
	longestIdle int64 // longest pause between packets after the session worked
	pauseSide   int   // who spoke first after it
	pauseOver   bool  // the other side has spoken since
	closed      bool
	cutShort    bool // the snap length cut payload
	challenged  bool // the server answered the SYN for a connection that had these ports before
	icmpFirst   bool // it came before anything of the server
	mssChanged  bool
	digits      uint8
	latestNext  uint8  // where in latest the next packet goes
	at          uint32 // its place in tracker.sessions
	closedAt    int64  // both sides are done: keep it a little for stragglers

	sides  [2]side
	latest [6]seen // packets, to tell duplicates

	firstFrame int64
	first      int64 // nanoseconds

	synAckAfterSYN int64 // ns from the first SYN to the first SYN-ACK
	ackAfterSYNACK int64 // ns from the SYN-ACK to the client's next packet

	icmp       *ICMP
	fragNeeded int64
	duplicates int64
	idleBefore int64      // frame that ended the longest pause
	afterPause [2]segment // the first payload of each side since
}

// seen is what identifies a packet that was captured.
type seen struct {
	numbers uint64 // sequence and acknowledgement number
	time    int64
	what    uint32 // length of the payload, flags and side; 0 where no packet was seen
	ipid    uint16
	mss     uint16
}

// side is one direction: what that end sent.
type side struct {
	packets  int64
	lastTime int64
	acks     int64
	syn      int64 // SYN of the client, SYN-ACK of the server
	fin      int64
	rst      int64
	probes   int64 // keep-alives since the other side's last packet
	data     int64 // segments with new payload

	payload      int64  // bytes, retransmissions not counted
	next         uint32 // highest sequence number sent, plus one
	acked        uint32 // highest acknowledgement that came for it
	hasNext      bool
	hasAcked     bool
	hasISN       bool
	ackMoved     bool // it acknowledged more than at first
	hasTTL       bool
	hasMAC       bool
	ttl          uint8
	ttlMin       uint8 // several where the capture sees packets on both sides of a router
	ttlMax       uint8
	synAcks      bool // the first SYN carried an ACK
	synBare      bool // it has no options that hosts send, and a window that scanners have
	pendingAny   bool
	window       uint16
	lastID       uint16
	idSteps      uint16 // how often the IP id followed the one before it
	idJumps      uint16 // and how often it did not
	zeroWindow   int64  // since when the window is zero; 0 when it is not
	zeroCount    int64
	biggestAcked int32
	biggest      int32 // payload of a segment

	order        inOrder
	lastData     int64 // frame and time of the last new payload
	lastDataTime int64
	tail         tail       // what is sent and not acknowledged
	pending      [8]segment // segments in flight that are larger than any that was acknowledged
	pendingNext  uint8

	rstTTL               uint8
	isn                  uint32
	synAcked             uint32 // what the first SYN-ACK acknowledged
	synFrame, synLast    int64  // first and last SYN
	synTime, synLastTime int64
	synCopies            int64 // SYNs that were taken for copies of one
	rstFrame, rstTime    int64 // of the first one, as all of the resets
	rstAck               uint32
	rstSeq               uint32 // the number of the first one
	rstPayload           int64  // bytes in resets: RFC 9293 section 3.5.3 lets them say why, and no application reads it
	rstID                uint16
	rstMAC               [6]byte
	mac                  [6]byte
	mss                  uint16
	rstLeaves            bool   // the capturing host sent it, and had not received it before
	arrives              bool   // its other packets come to the capturing host from elsewhere
	rstBefore            bool   // a reset had a sequence number before the connection's first
	rstVaries            bool   // others had other numbers
	rstBeyond            uint32 // how far beyond what the side had sent a reset's sequence number was
	rstUpTo              uint32 // that number
	afterRST             int64  // packets with data or ACK after this side's own reset
	finFrame, finTime    int64
	finLast              int64 // frame of its last repetition
	finSeq, finAck       uint32
	finID                uint16 // of the first one, as
	finTTL               uint8
	retrans              int64 // retransmitted segments
	handshakeRetrans     int64
	zeroFrame            int64
	probeFrame           int64 // the first of them
	probeIdle            int64 // how long the session had rested then
}

// segment is one piece of payload in flight.
type segment struct {
	end uint32
	len int32
}

// tail is the oldest part of a side's data that is retransmitted and not acknowledged.
type tail struct {
	seq     uint32
	len     int32
	times   int64 // how often it was sent again
	first   int64 // frame of the first sending
	last    int64
	started int64
}

// wire is what the payload says. It is pooled: most of a session's memory is here.
type wire struct {
	session  *session
	pg       pgwire.Conn
	tls      tlswire.Conn
	upgraded bool                         // another protocol than PostgreSQL's that went over to TLS
	chain    [2][]certificate.Certificate // in tracker.issuers, too
	keys     *tlskeys.Session             // opens the records, where a key log knows the connection
	asked    bool                         // the key log was asked
	inside   pgwire.Conn                  // what is said inside TLS, where records are opened
	opened   bool                         // some were
	notes    [2][]string                  // observations about the certificates
	chains   chainsOf                     // the chains in tracker.issuers
	flowed   flow                         // what flow made
	flowOf   int                          // of how many records, plus one
}

// seqLess compares sequence numbers modulo 2^32 (RFC 9293 section 3.4).
func seqLess(a, b uint32) bool { return int32(a-b) < 0 }
