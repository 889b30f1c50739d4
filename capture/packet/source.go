package packet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxZstdWindow bounds what a zstd stream may make us remember: what `zstd --long=27` needs.
const maxZstdWindow = 128 << 20

// compressions are the wrappers that are taken off by their magic number. A new one is a row here.
var compressions = []struct {
	name  string
	magic []byte
	open  func(io.Reader) (io.Reader, error)
}{
	{"gzip", []byte{0x1f, 0x8b}, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderConcurrency(1)) // 1: no goroutines to close
	}},
	{"lz4", []byte{0x04, 0x22, 0x4d, 0x18}, func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
}

// refused are formats that look like a capture and are none that can be read, with what to do about them.
var refused = []struct {
	magic []byte
	what  string
}{
	{[]byte{0x34, 0xcd, 0xb2, 0xa1}, "a pcap file in Kuznetzov's modified format (magic a1b2cd34): convert it with editcap -F pcapng"},
	{[]byte{0xa1, 0xb2, 0xcd, 0x34}, "a pcap file in Kuznetzov's modified format (magic a1b2cd34): convert it with editcap -F pcapng"},
	{[]byte{0xcd, 0x34, 0xb2, 0xa1}, "a pcap file in a modified format (magic a1b234cd): convert it with editcap -F pcapng"},
	{[]byte{0xa1, 0xb2, 0x34, 0xcd}, "a pcap file in a modified format (magic a1b234cd): convert it with editcap -F pcapng"},
	{[]byte{0x4d, 0x3c, 0x2b, 0xa1}, "a pcap file in Navtel's format (magic a12b3c4d): convert it with editcap -F pcapng"},
	{[]byte{0xa1, 0x2b, 0x3c, 0x4d}, "a pcap file in Navtel's format (magic a12b3c4d): convert it with editcap -F pcapng"},
	{[]byte{0xac, 0x01, 0x00, 0x1c}, "a capture of an IXIA device (lcap, hardware): convert it with editcap -F pcapng"},
	{[]byte{0xab, 0x01, 0x00, 0x1c}, "a capture of an IXIA device (lcap, software): convert it with editcap -F pcapng"},
	{[]byte("snoop\x00\x00\x00"), "a capture of Solaris snoop: convert it with editcap -F pcapng"},
	{[]byte("GMBU"), "a capture of Microsoft Network Monitor 2: convert it with editcap -F pcapng"},
	{[]byte("RTSS"), "a capture of Microsoft Network Monitor 1: convert it with editcap -F pcapng"},
	{[]byte("iptrace "), "a capture of AIX iptrace: convert it with editcap -F pcapng"},
	{[]byte("TRSNIFF data    \x1a"), "a capture of NetXRay or Sniffer: convert it with editcap -F pcapng"},
	{[]byte("BZh"), "compressed with bzip2: unpack it first"},
	{[]byte("\xfd7zXZ\x00"), "compressed with xz: unpack it first"},
	{[]byte("PK\x03\x04"), "a zip archive: unpack it first"},
}

// decompress takes a wrapper off the stream that begins with head. The name is "" when there is none.
func decompress(head []byte, r io.Reader) (name string, plain io.Reader, err error) {
	whole := io.MultiReader(bytes.NewReader(head), r)
	for _, c := range compressions {
		if bytes.HasPrefix(head, c.magic) {
			plain, err := c.open(whole)
			if err != nil {
				return c.name, nil, fmt.Errorf("%w: %s: %w", ErrNotCapture, c.name, err)
			}
			return c.name, plain, nil
		}
	}
	return "", r, nil
}

// identify tells the format by the first bytes. used is how many of them the header takes; pcapng's first block is left to the walk.
func identify(head []byte) (f container, s *section, format string, used int, err error) {
	for _, x := range refused {
		if bytes.HasPrefix(head, x.magic) {
			return nil, nil, "", 0, fmt.Errorf("%w: %s", ErrNotCapture, x.what)
		}
	}
	if len(head) < 4 {
		return nil, nil, "", 0, fmt.Errorf("%w: it has only %d bytes", ErrNotCapture, len(head))
	}
	switch magic := binary.LittleEndian.Uint32(head); magic {
	case blockSection:
		if len(head) >= 12 && byteOrder(head[8:]) == nil {
			return nil, nil, "", 0, fmt.Errorf("%w: a pcapng section header whose byte-order mark is % x", ErrNotCapture, head[8:12])
		}
		if len(head) < pcapHeaderLen {
			return nil, nil, "", 0, fmt.Errorf("%w: a pcapng section header that ends after %d bytes", ErrNotCapture, len(head))
		}
		if version := unknownVersion(byteOrder(head[8:]), head[12:]); version != "" {
			return nil, nil, "", 0, fmt.Errorf("%w: %s", ErrNotCapture, version)
		}
		return pcapng{}, &section{order: binary.LittleEndian, index: -1}, "pcapng", 0, nil
	default:
		switch swapped := binary.BigEndian.Uint32(head); {
		case magic != magicMicro && magic != magicNano && swapped != magicMicro && swapped != magicNano:
			return nil, nil, "", 0, fmt.Errorf("%w: it begins with % x", ErrNotCapture, head[:4])
		case len(head) < pcapHeaderLen:
			return nil, nil, "", 0, fmt.Errorf("%w: a pcap header that ends after %d of %d bytes", ErrNotCapture, len(head), pcapHeaderLen)
		}
		p, s, name, err := pcapHeader(head)
		if err != nil {
			return nil, nil, "", 0, err
		}
		return p, s, name, pcapHeaderLen, nil
	}
}
