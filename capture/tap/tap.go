// Package tap gives the frames of network interfaces as they come.
//
// In: the name of an interface. Out: calls of a function for each frame, until the context ends. With the build tag libpcap it is libpcap that
// captures; without it Linux's packet sockets are used, and other systems get an error that says so.
package tap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"cbdoctor/capture/packet"
)

// Frame is one captured frame.
type Frame struct {
	Link   packet.LinkType
	At     time.Time
	Data   []byte // from the link layer on
	Length int    // on the wire
}

// ErrNotSupported says that this build can't capture on this system.
var ErrNotSupported = errors.New("capturing is not supported here: build with the tag libpcap, or capture with tcpdump and pipe it in: tcpdump -i IF -U -w - | cbdoctor capture -")

// handle is an open interface. Next returns no data when nothing came for a while.
type handle interface {
	Link() packet.LinkType
	Next() (data []byte, length int, at time.Time, err error)
	Close()
}

// queued is how many frames may wait for the reader. When it is full the system drops frames, as it does for tcpdump.
const queued = 4096

// Listen captures on an interface; "any" is all that are up. Frames come through the channel until ctx ends, or the interface fails: then the channel is
// closed, and the function says why. The error here says that the interface could not be opened.
func Listen(ctx context.Context, name string) (frames <-chan Frame, failed func() error, err error) {
	handles, err := open(name)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w; capturing needs root, or once: setcap cap_net_raw+ep on the program", err)
		}
		return nil, nil, err
	}
	out, broken := make(chan Frame, queued), make(chan error, len(handles))
	var running sync.WaitGroup
	for _, h := range handles {
		running.Go(func() {
			if err := listen(ctx, h, out); err != nil {
				broken <- fmt.Errorf("capture on %s: %w", name, err)
			}
		})
	}
	go func() {
		running.Wait()
		close(out)
	}()
	return out, func() error {
		select {
		case err := <-broken:
			return err
		default:
			return nil
		}
	}, nil
}

// listen hands on what one interface gives.
func listen(ctx context.Context, h handle, out chan<- Frame) error {
	defer h.Close()
	for ctx.Err() == nil {
		data, length, at, err := h.Next()
		if err != nil && ctx.Err() == nil {
			return err
		}
		if data == nil || err != nil {
			continue
		}
		select {
		case out <- Frame{h.Link(), at, append([]byte(nil), data...), length}:
		case <-ctx.Done():
		}
	}
	return nil
}
