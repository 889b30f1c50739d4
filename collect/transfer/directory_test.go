package transfer

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// named is an entry of a part of a directory, with all attributes of version 3.
type named struct {
	Name, Long string
	Flags      uint32
	Size       uint64
	Owner      uint64
	Mode       uint32
	Accessed   uint32
	Modified   uint32
}

func regular(name string, size uint64) named {
	return named{Name: name, Flags: 15, Size: size, Mode: 0o100644, Modified: uint32(listed.Unix())}
}

// partOf is the body of an answer with names.
func partOf(names ...named) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(names)))
	for _, n := range names {
		b = append(b, ssh.Marshal(n)...)
	}
	return b
}

// directoryNode opens any directory and gives its parts, then the end. It answers no request for a part before so many are there.
func directoryNode(t *testing.T, held int, parts ...[]byte) *lane {
	t.Helper()
	here, there := net.Pipe()
	send := func(kind byte, id []byte, body []byte) {
		packet := slices.Concat([]byte{kind}, id, body)
		_, _ = there.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet))), packet...))
	}
	go func() {
		var waiting [][]byte
		for {
			var length uint32
			if binary.Read(there, binary.BigEndian, &length) != nil {
				return
			}
			packet := make([]byte, length)
			if _, err := io.ReadFull(there, packet); err != nil {
				return
			}
			id := packet[1:5]
			switch packet[0] {
			case typeOpendir:
				send(typeHandle, id, ssh.Marshal(struct{ Handle string }{"h"}))
			case typeClose:
				send(typeStatus, id, make([]byte, 12))
			case typeReaddir:
				if waiting = append(waiting, id); len(waiting) < held {
					continue
				}
				for _, id := range waiting {
					if len(parts) == 0 {
						send(typeStatus, id, ssh.Marshal(struct {
							Code              uint32
							Message, Language string
						}{Code: 1}))
						continue
					}
					send(typeName, id, parts[0])
					parts = parts[1:]
				}
				waiting, held = nil, 1
			}
		}
	}()
	l := newLane(here, newMeter(), newBuffers())
	go func() { _, _ = io.Copy(io.Discard, l) }()
	t.Cleanup(func() { l.Close(); there.Close() })
	return l
}

func listing(entries []os.FileInfo) string {
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%s %d %s %d", e.Name(), e.Size(), e.Mode().Type(), e.ModTime().Unix()))
	}
	return strings.Join(out, "\n")
}

// The names and the end of a small directory are asked for together: this node would not answer a request alone.
func TestDirectoryIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	entries, err := directoryNode(t, 2, partOf(
		regular("log", 1<<40),
		named{Name: ".", Flags: 15, Mode: 0o040755}, named{Name: "..", Flags: 15, Mode: 0o040755},
		named{Name: "dir", Flags: 15, Mode: 0o040755}, named{Name: "link", Flags: 15, Mode: 0o120777}, named{Name: "pipe", Flags: 15, Mode: 0o010644},
		regular("../../etc/passwd", 1),
	)).list(".")
	at := fmt.Sprint(listed.Unix())
	want := "log 1099511627776 ---------- " + at + "\ndir 0 d--------- 0\nlink 0 ?--------- 0\npipe 0 ?--------- 0\npasswd 1 ---------- " + at
	if got := listing(entries); got != want || err != nil {
		t.Errorf("%s\n(%v), want\n%s", got, err, want)
	}
}

// However many parts a directory has, none is left out and none comes twice.
func TestLargeDirectory(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 6, 7, 500} {
		var parts [][]byte
		for i := range n {
			parts = append(parts, partOf(regular(fmt.Sprint("log.", i), uint64(i)), regular(fmt.Sprint("a", i), 1)))
		}
		entries, err := directoryNode(t, 1, parts...).list(".")
		names := map[string]bool{}
		for _, e := range entries {
			names[e.Name()] = true
		}
		if err != nil || len(entries) != 2*n || len(names) != 2*n {
			t.Errorf("%d parts: %d entries of %d names, %v", n, len(entries), len(names), err)
		}
	}
}

// Answers that are no directory are an error, and nothing is made up from them.
func TestDirectoryThatIsNone(t *testing.T) {
	t.Parallel()
	whole := partOf(regular("log", 5))
	for name, part := range map[string][]byte{
		"more names than there are": append(binary.BigEndian.AppendUint32(nil, 1<<32-1), whole[4:]...),
		"no count":                  {0, 0},
		"cut off in a name":         whole[:9],
		"cut off in its attributes": whole[:len(whole)-1],
		"a name of 4 GiB":           {0, 0, 0, 1, 255, 255, 255, 255, 'x'},
	} {
		if entries, err := directoryNode(t, 2, part).list("."); err == nil || len(entries) > 0 {
			t.Errorf("%s: %d entries, %v", name, len(entries), err)
		}
	}
	// a part without any names is the end, as some nodes say it
	if entries, err := directoryNode(t, 2, whole, partOf()).list("."); err != nil || len(entries) != 1 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// Attributes may be left out, and unknown ones come behind the others.
func TestAttributesThatAreLeftOut(t *testing.T) {
	t.Parallel()
	var b []byte
	b = binary.BigEndian.AppendUint32(b, 2)
	b = append(b, ssh.Marshal(struct {
		Name, Long string
		Flags      uint32
		Pairs      uint32
		K, V       string
	}{"log", "", 1 << 31, 1, "acl@example.com", "x"})...)
	b = append(b, ssh.Marshal(struct {
		Name, Long      string
		Flags, At, Then uint32
	}{"live.json", "", 8, 1, 7})...)
	entries, err := directoryNode(t, 2, b).list(".")
	if got := listing(entries); err != nil || got != "log 0 ---------- 0\nlive.json 0 ---------- 7" || !entries[1].ModTime().Equal(time.Unix(7, 0)) {
		t.Errorf("%s (%v)", got, err)
	}
}
