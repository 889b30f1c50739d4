package transfer

// buffers keep the memory of pieces that are written for the next ones.
type buffers struct{ free chan []byte }

// keptPieces are as many as a short path has in flight. What a long path had in use for a moment is not worth its memory: it would be
// missing for the garbage of the transfer, which would be collected at every turn.
const keptPieces = mostShort / largeAnswer

func newBuffers() *buffers { return &buffers{make(chan []byte, keptPieces)} }

// take returns an empty slice with room for n bytes.
func (b *buffers) take(n int) []byte {
	if n <= smallAnswer {
		return make([]byte, 0, n)
	}
	select {
	case m := <-b.free:
		return m
	default:
		return make([]byte, 0, max(n, largeAnswer)+lookAhead)
	}
}

// give takes back what nobody uses any more.
func (b *buffers) give(m []byte) {
	if cap(m) < largeAnswer {
		return
	}
	select {
	case b.free <- m[:0]:
	default:
	}
}
