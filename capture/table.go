package capture

import "slices"

// Table is the decision table, most decisive rows first: the first row that holds gives the verdict. Each verdict's rule can be read
// here beside VERDICTS, and docs/verdicts.md is made from it. A new row goes to its place in one of the four parts.
var Table = slices.Concat(openRows, faultRows, reachedRows, endRows)

func sideName(d int) string {
	if d == client {
		return "client"
	}
	return "server"
}

// sureOfReset is how sure it is that somebody else sent a side's reset.
func (m *Summary) sureOfReset(d int) Confidence {
	if m.RSTWeak[d] {
		return Medium
	}
	return High
}

// tlsReadable reports whether nothing of a TLS session was missed that would tell how it ended.
func (m *Summary) tlsReadable() bool {
	return !m.TLS || m.TLSVersion != 0 && !m.Missed && !m.TLSGap
}

// bySize adds to a reason that records were told by their sizes alone.
func (m *Summary) bySize(reason string) string {
	if m.TLSCut {
		reason += "; the snap length cut records off, so this is told by sizes alone: capture whole packets"
	}
	return reason
}

// unread reports whether the snap length cut off what would tell how a session ended. Of TLS record headers are enough.
func (m *Summary) unread() bool {
	const answers = 2 // of one byte: to GSSENCRequest and SSLRequest
	switch {
	case !m.Truncated:
		return false
	case m.TLS:
		return m.TLSVersion == 0 && m.Payload[server] > answers && !m.OnlyHello
	}
	return m.Payload[server] > 0
}

// cancelRequestLen is the length of a CancelRequest (PostgreSQL protocol-message-formats).
const cancelRequestLen = 16

// maybeCancel reports whether the client's only message has the length of a CancelRequest, which has no answer, and the
// capture does not have what it says.
func (m *Summary) maybeCancel() bool {
	unread := m.Truncated && m.Payload[client] == cancelRequestLen || m.Payload[client] < cancelRequestLen && m.Received == cancelRequestLen
	return unread && m.Payload[server] == 0
}

// mute reports whether the client opened the connection and said nothing until the server, after some time, closed it.
func (m *Summary) mute() bool {
	side, reset, at, _ := m.ended()
	return side == server && !reset && m.Established > 0 && m.Payload[client] == 0 && m.Payload[server] == 0 && at-m.Start > answerWait
}

// probedInVain is the side whose keep-alives nobody answers, -1 when there is none. One may be lost by chance; a host that gives up
// after some (TCP_KEEPCNT) resets the connection.
func (m *Summary) probedInVain() int {
	for d, n := range m.Probes {
		if n >= 3 || n >= 2 && m.RST[d] > m.ProbeFrame[d] {
			return d
		}
	}
	return -1
}

// lostAfterPause is the side whose first payload after the longest pause is sent again and never acknowledged, -1 when there is none.
// Where the packet that ends the pause arrives and its answer does not, that is the side that answers.
func (m *Summary) lostAfterPause() int {
	switch d := m.PauseSide; {
	case m.lost(d) && m.Tail[d].first >= m.PauseFrame:
		return d
	case m.lost(1-d) && m.AfterPause[1-d].len > 0 && m.Tail[1-d].seq == m.AfterPause[1-d].end-uint32(m.AfterPause[1-d].len):
		return 1 - d
	}
	return -1
}

// begunOrWorked reports whether a session got so far that it may rest: it worked, or was under way when the capture began, or both
// sides spoke and what they said is not all in the capture.
func (m *Summary) begunOrWorked() bool {
	return m.worked() || !m.begun() || m.Missed && m.Payload[client] > 0 && m.Payload[server] > 0
}

// firstResetEnds: the foreign reset is what ended the session, not a straggler after a normal end.
func (m *Summary) firstResetEnds() bool {
	_, reset, _, _ := m.ended()
	return reset && (m.Established > 0 || m.SYNACK > 0 || !m.begun())
}

// lostUnderWay is lost of a session whose start is not in the capture. There the acknowledgements may not be either, so more is wanted.
func (m *Summary) lostUnderWay(d int) bool {
	t := &m.Tail[d]
	return !m.begun() && (t.times >= 3 || t.times == 2 && m.waited(t.started) > answerWait)
}

// fullSizeLost reports whether only large segments of a side get lost.
func (m *Summary) fullSizeLost(d int) bool {
	if t := &m.Tail[d]; (m.begun() && m.lost(d) || m.lostUnderWay(d) && m.BiggestAcked[d] > 0) && t.len >= fullSize && t.len > m.BiggestAcked[d] {
		return true
	}
	return m.Hole[d] >= fullSize && m.Biggest[d] < fullSize && m.Tail[d].times == 0 && m.unfilled(d, m.LastDataTime[d])
}

// neverArrived reports whether a hole in what a side sent was never filled, seen from the receiving end.
func (m *Summary) neverArrived(d int) bool {
	seen := max(m.LastDataTime[d], m.FINTime[d])
	leftBefore := m.FINTime[1-d] > 0 && m.FINTime[1-d] < seen || m.RST[1-d] > 0 && m.RSTTime[1-d] < seen // nobody waits for it any more
	return m.Hole[d] > 0 && !leftBefore && m.unfilled(d, seen)
}

// unfilled reports whether a hole in what a side sent has been there for too long to be filled any more. In a session that worked it
// may be one of the capture, unless the other side says that it does not have those bytes.
func (m *Summary) unfilled(d int, since int64) bool {
	wait := m.waited(since)
	return !m.worked() && wait > answerWait || m.HoleTold[d] && wait > silence
}
