package packet

// prefetch asks for the cache lines of the packets of some hits, up to where payload begins after the usual headers, and for those of as
// many hits as follow in memory. Nothing waits for them, and nothing is read of the packets: a place that is wrong does no harm.
//
//go:noescape
func prefetch(buf *byte, list *hit, packets, hits int)
