package transfer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

const (
	// firstReads and mostReads are how many parts of a directory are asked for at the same time: two are the names of a small one and
	// its end, and each further time it is twice as many. A part is about a hundred names.
	firstReads, mostReads = 2, 32
	// mostEntries bounds what a node may tell of one directory.
	mostEntries = 1 << 20
)

// list reads a directory in two round trips, of which the second is repeated for one of many files. One part after the other, as
// pkg/sftp asks for them, are four round trips for the smallest one.
func (l *lane) list(dir string) (entries []os.FileInfo, err error) {
	handle, err := l.send(&request{}, func(id uint32) any {
		return struct {
			Type byte
			ID   uint32
			Path string
		}{typeOpendir, id, dir}
	}).handle()
	if err != nil {
		return nil, err
	}
	defer func() { go l.close(handle) }() // nobody waits for the answer
	for reads := firstReads; ; reads = min(2*reads, mostReads) {
		parts := make([]*request, reads)
		var asked sync.WaitGroup
		for i := range parts {
			asked.Go(func() { parts[i] = l.onHandle(typeReaddir, handle) })
		}
		asked.Wait()
		over := false
		for _, q := range parts {
			more, err := q.names()
			switch {
			case errors.Is(err, io.EOF):
				over = true
			case err != nil:
				return nil, err
			}
			entries = append(entries, more...)
		}
		switch {
		case over:
			return entries, nil
		case len(entries) > mostEntries:
			return nil, &FinalError{fmt.Errorf("it has more than %d entries", mostEntries)}
		}
	}
}

// names are those of one part of a directory; io.EOF when there are no more.
func (q *request) names() (entries []os.FileInfo, err error) {
	if q.err != nil || q.kind != typeName {
		return nil, errors.Join(q.err, q.refusal())
	}
	s := cryptobyte.String(q.body)
	var count uint32
	switch {
	case !s.ReadUint32(&count):
		return nil, errors.New("the names of a directory came cut off")
	case count == 0: // some say the end so
		return nil, io.EOF
	}
	for range count {
		var length uint32
		var name []byte
		if !s.ReadUint32(&length) || !s.ReadBytes(&name, int(length)) || !s.ReadUint32(&length) || !s.Skip(int(length)) {
			return nil, errors.New("the names of a directory came cut off")
		}
		e, err := attributes(&s)
		if err != nil {
			return nil, err
		}
		if e.name = path.Base(string(name)); e.name != "." && e.name != ".." {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// state is what a node says of a file. It implements os.FileInfo.
type state struct {
	name    string // in a directory
	size    int64
	mode    os.FileMode // no more than whether it is a regular file or a directory
	modTime time.Time
}

func (s state) Name() string       { return s.name }
func (s state) Size() int64        { return s.size }
func (s state) Mode() os.FileMode  { return s.mode }
func (s state) ModTime() time.Time { return s.modTime }
func (s state) IsDir() bool        { return s.mode.IsDir() }
func (s state) Sys() any           { return nil }

// attributes reads those of draft-ietf-secsh-filexfer-02 section 5. A file of which the node tells no type counts as a regular one.
func attributes(s *cryptobyte.String) (state, error) {
	const size, owner, permissions, times, extended = 1, 2, 4, 8, 1 << 31
	var flags, mode, modified, pairs, length uint32
	var bytes uint64
	whole := s.ReadUint32(&flags) &&
		(flags&size == 0 || s.ReadUint64(&bytes)) && (flags&owner == 0 || s.Skip(8)) && (flags&permissions == 0 || s.ReadUint32(&mode)) &&
		(flags&times == 0 || s.Skip(4) && s.ReadUint32(&modified)) && (flags&extended == 0 || s.ReadUint32(&pairs))
	for i := uint64(0); whole && i < 2*uint64(pairs); i++ {
		whole = s.ReadUint32(&length) && s.Skip(int(length))
	}
	if !whole {
		return state{}, errors.New("the attributes of a file came cut off")
	}
	return state{size: int64(bytes), mode: fileType(mode), modTime: time.Unix(int64(modified), 0)}, nil
}

// fileType is that of a POSIX mode.
func fileType(mode uint32) os.FileMode {
	const mask, regular, directory = 0o170000, 0o100000, 0o040000
	switch mode & mask {
	case 0, regular:
		return 0
	case directory:
		return os.ModeDir
	}
	return os.ModeIrregular
}
