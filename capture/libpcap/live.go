//go:build libpcap

package libpcap

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/gopacket/pcap"

	"cbdoctor/capture/packet"
)

// Live gives the frames of an interface.
type Live struct{ handle *pcap.Handle }

// patience is how long libpcap may wait before it says that nothing came.
const patience = 250 * time.Millisecond

// Open opens an interface; "any" is all of them.
func Open(name string) (*Live, error) {
	inactive, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, fmt.Errorf("open interface %s: %w", name, err)
	}
	defer inactive.CleanUp()
	for _, set := range []func() error{
		func() error { return inactive.SetSnapLen(snapLen) },
		func() error { return inactive.SetPromisc(name != "any") },
		func() error { return inactive.SetTimeout(patience) },
		func() error { return inactive.SetImmediateMode(true) },
	} {
		if err := set(); err != nil {
			return nil, fmt.Errorf("open interface %s: %w", name, err)
		}
	}
	handle, err := inactive.Activate()
	if err != nil {
		return nil, fmt.Errorf("open interface %s: %w", name, err)
	}
	return &Live{handle}, nil
}

// Link is the interface's link type.
func (l *Live) Link() packet.LinkType {
	if n := l.handle.LinkType(); n != 12 && n != 14 {
		return packet.LinkType(n)
	}
	return 101
}

// Next waits for the next frame, for a while: then the frame is nil.
func (l *Live) Next() (frame []byte, length int, at time.Time, err error) {
	frame, info, err := l.handle.ZeroCopyReadPacketData()
	if errors.Is(err, pcap.NextErrorTimeoutExpired) {
		return nil, 0, time.Time{}, nil
	}
	return frame, info.Length, info.Timestamp, err
}

// Close closes the interface.
func (l *Live) Close() { l.handle.Close() }
