package redact

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/capture/packet"
)

// The scan knows nothing of how values were replaced: it takes the list of values and looks for their bytes in what was written.

// needle is one form of a value.
type needle struct {
	bytes []byte // lower case, unless exact
	exact bool   // capital letters differ: base64
	apart bool   // nothing that would make it a part of something longer may stand beside it
	what  string
}

const (
	// scanFrom is the shortest word that is looked for in captures, whose encrypted bytes hold every short word by chance, and in
	// base64, where a byte more or less changes what is seen.
	scanFrom = 6
	// hashFrom is how many bytes of a needle choose where it is kept; shorter values are words of two letters.
	hashFrom = 2
)

// needles makes all forms of the values: plain, UTF-16 in both byte orders, base64 in its three positions.
func needles(addresses []netip.Addr, words []string) []needle {
	var list []needle
	add := func(value string, whole bool) {
		plain := []byte(strings.ToLower(value))
		list = append(list, needle{plain, false, whole, value})
		little, big := make([]byte, 0, 2*len(plain)), make([]byte, 0, 2*len(plain))
		for _, c := range plain {
			little, big = append(little, c, 0), append(big, 0, c)
		}
		if len(plain) >= 3 {
			list = append(list, needle{little, false, false, value + " in UTF-16"}, needle{big, false, false, value + " in UTF-16"})
		}
		if len(plain) < scanFrom {
			return
		}
		upper := strings.ToUpper(value)
		for _, form := range []string{value, upper, upper[:1] + value[1:]} {
			for shift := range 3 {
				list = append(list, needle{base64Core(form, shift), true, false, value + " in base64"})
			}
		}
	}
	for _, a := range addresses {
		add(a.String(), true)
	}
	for _, w := range words {
		add(w, len(w) < insideLen)
	}
	return list
}

// base64Core is what base64 makes of a value that stands after so many bytes, without the characters that depend on its neighbours.
func base64Core(value string, shift int) []byte {
	encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), value...))
	first := (shift*8 + 5) / 6
	last := (shift + len(value)) * 8 / 6
	return []byte(encoded[first:last])
}

// finder looks for many needles at once.
type finder struct {
	by      map[[hashFrom]byte][]needle
	longest int
}

func newFinder(list []needle) *finder {
	f := &finder{by: map[[hashFrom]byte][]needle{}}
	for _, n := range list {
		if len(n.bytes) >= hashFrom {
			k := [hashFrom]byte(bytes.ToLower(n.bytes[:hashFrom]))
			f.by[k] = append(f.by[k], n)
			f.longest = max(f.longest, len(n.bytes))
		}
	}
	return f
}

// find names the first value in the stream, "" when there is none.
func (f *finder) find(r io.Reader) (string, error) {
	const block = 256 << 10
	buf := make([]byte, 0, block+f.longest+1)
	lower := make([]byte, cap(buf))
	for start := 0; ; {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return "", err
		}
		low := lower[:len(buf)]
		for i, c := range buf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			low[i] = c
		}
		end := len(buf)
		if !last {
			end -= f.longest
		}
		for i := start; i < end; i++ {
			if what := f.at(buf, low, i); what != "" {
				return what, nil
			}
		}
		if last {
			return "", nil
		}
		buf = buf[:copy(buf[:cap(buf)], buf[end-1:])] // one more: what stands before the next place
		start = 1
	}
}

// at names the value that begins at i.
func (f *finder) at(b, lower []byte, i int) string {
	if i+hashFrom > len(lower) {
		return ""
	}
	for _, n := range f.by[[hashFrom]byte(lower[i:i+hashFrom])] {
		in := lower
		if n.exact {
			in = b
		}
		if !bytes.HasPrefix(in[i:], n.bytes) {
			continue
		}
		if n.apart && (i > 0 && joins(lower[i-1]) || i+len(n.bytes) < len(lower) && joins(lower[i+len(n.bytes)])) {
			continue
		}
		return n.what
	}
	return ""
}

func joins(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// scan takes back every file of the copy in which a value is found.
func (w *writing) scan() error {
	addresses, words := w.redactor.secrets()
	all := newFinder(needles(addresses, words))
	var long []string
	for _, word := range words {
		if len(word) >= scanFrom {
			long = append(long, word)
		}
	}
	binary := newFinder(needles(addresses, long))
	real := map[netip.Addr]bool{}
	for _, a := range addresses {
		real[a] = true
	}
	kept := w.summary.Files[:0]
	for _, f := range w.summary.Files {
		full := filepath.Join(w.dir, filepath.FromSlash(f.To))
		what, err := all.find(strings.NewReader(f.To))
		if what == "" && err == nil {
			what, err = scanFile(full, all, binary, real)
		}
		if err != nil {
			return fmt.Errorf("scan the copy: %s: %w", f.To, err)
		}
		if what == "" {
			kept = append(kept, f)
			continue
		}
		w.summary.LeftOut = append(w.summary.LeftOut, LeftOut{f.From, "after the replacement the scan still found " + what})
		if err := os.Remove(full); err != nil {
			return err
		}
	}
	w.summary.Files = kept
	return nil
}

// scanFile looks through a file as it is, and through what is in it where it is compressed.
func scanFile(path string, text, binary *finder, real map[netip.Addr]bool) (what string, err error) {
	err = bundle.Walk(context.Background(), []string{path}, nil, bundle.Limits{}, func(f *bundle.File, r io.Reader) error {
		if r == nil || what != "" {
			return nil
		}
		find := text
		if f.Kind == bundle.Capture {
			find = binary
			_, err := packet.ReadFile(context.Background(), f.Local, packet.Options{Every: true, Workers: 1}, func(p *packet.Packet) error {
				eachHeaderAddress(p, func(a netip.Addr) {
					if real[a.Unmap()] && what == "" {
						what = fmt.Sprintf("%s in a header of frame %d", a, p.Frame)
					}
				})
				return nil
			})
			if err != nil || what != "" {
				return err
			}
		}
		found, err := find.find(r)
		what = found
		return err
	})
	return what, err
}
