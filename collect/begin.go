package collect

import (
	"encoding/binary"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/lazyregexp"
)

// A node tells when a file was last written to, and not when it begins. That of a rotated log is known by its neighbours, that of a
// capture by its first packet; of other files nothing is known, so --to never leaves them out.

// rotation is the part of a rotated log's name that counts: "log.2.gz" is of the family of "log".
var rotation = lazyregexp.New(`(?i)(\.\d+|-\d{8}|\.gz|\.bz2|\.xz|\.zst)+$`)

// beginnings tells when each rotated log begins: where the one before it ends.
func beginnings(entries []os.FileInfo) map[string]time.Time {
	families := map[string][]os.FileInfo{}
	for _, e := range entries {
		family := rotation.ReplaceAllString(e.Name(), "")
		families[family] = append(families[family], e)
	}
	begin := map[string]time.Time{}
	for _, members := range families {
		slices.SortFunc(members, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
		for i := 1; i < len(members); i++ {
			begin[members[i].Name()] = members[i-1].ModTime()
		}
	}
	return begin
}

// captureHead is what a capture file has up to the time of its first packet.
const captureHead = 32

// late are the captures that are wanted and were written to after the time that was asked for: they may begin before it.
func (s Selection) late(entries []os.FileInfo, clock *bundle.Clock) (names []string) {
	_, to := s.padded(clock)
	for _, e := range entries {
		isCapture, _ := path.Match("*.pcap", strings.ToLower(e.Name()))
		if wanted, _ := s.wants(e.Name()); wanted && isCapture && e.Mode().IsRegular() && !to.IsZero() && e.ModTime().After(to) {
			names = append(names, e.Name())
		}
	}
	return names
}

// captureBegins is the time of the first packet of a pcap file, whole seconds of it. It has the node's clock, as its files' times.
func captureBegins(head []byte) (time.Time, bool) {
	if len(head) < captureHead {
		return time.Time{}, false // no packet
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34: // microseconds, nanoseconds, Kuznetzov's form
			return time.Unix(int64(order.Uint32(head[24:])), 0), true
		}
	}
	return time.Time{}, false
}
