package transfer

import (
	"context"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/time/rate"
)

// Fetcher downloads from one node. Dial is needed; the other fields have useful zero values. Its methods are for one goroutine
// at a time.
type Fetcher struct {
	Dial        func(ctx context.Context, i int) (*ssh.Client, error) // the i-th connection, from 0; asked again after one broke
	Connections int                                                   // default 1; more help where one is bound by TCP's window
	Channels    int                                                   // of each connection over a long path; default 8
	Limit       *rate.Limiter                                         // bytes per second, of all who share it; nil: no limit
	Retries     int                                                   // in a row, without any byte in between; default 5, negative: none
	Backoff     time.Duration                                         // before the first retry, then twice as long each time; default 500 ms
	Stall       time.Duration                                         // a connection that brings nothing for so long is given up; default 60 s
	Retrying    func(err error, wait time.Duration)                   // is told of each retry; may be nil
	Kept        func(f File, size int64, sha256 string)               // is told now and then how much of a file was written, and what; may be nil
	Free        <-chan struct{}                                       // closed when what else used the connection is over: awaited where the node refuses a channel

	keepEvery time.Duration // how often Kept is told at least while a file comes

	window *window
	meter  *meter
	memory *buffers
	pool   *pool

	mu    sync.Mutex
	conns []*ssh.Client // those of the pool
}

// File is one file to fetch: where it is on the node, what to call it here, and what the listing said of it.
type File struct {
	Path    string
	Name    string
	Size    int64
	ModTime time.Time
}

// Result is what became of a file.
type Result struct {
	File
	SHA256 string // hexadecimal; of all of it
	Note   string // what is special about it, such as that it grew
	Common bool   // Err is the connection's, and the same for all files that were still to come
	Left   int64  // bytes of its beginning that are here as Name+PartSuffix, when Err is set
	Err    error
}

// keepEvery is how much of a slow download a crash may cost; a fast one is over before. Of one that has just begun it may cost keepSooner times less.
const keepEvery, keepSooner = 10 * time.Second, 5

func (f *Fetcher) init() {
	if f.window != nil {
		return
	}
	f.window, f.meter, f.memory = newWindow(), newMeter(), newBuffers()
	f.Connections = max(f.Connections, 1)
	for _, d := range []struct {
		at    *int
		value int
	}{{&f.Channels, 8}, {&f.Retries, 5}} {
		if *d.at == 0 {
			*d.at = d.value
		}
	}
	if f.keepEvery == 0 {
		f.keepEvery = keepEvery
	}
	if f.Backoff == 0 {
		f.Backoff = 500 * time.Millisecond
	}
	if f.Stall == 0 {
		f.Stall = time.Minute
	}
}
