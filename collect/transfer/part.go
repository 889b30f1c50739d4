package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"syscall"

	"cbdoctor/bundle"
)

// FinalError is a failure that trying again does not mend, such as a full disk here or a password that the node refuses.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }
func (e *FinalError) Unwrap() error { return e.Err }

// part is the beginning of a remote file, beside its final name.
type part struct {
	root *os.Root
	name string
	file *os.File
	size int64
	hash hash.Hash // of all of it
	sent int64     // bytes that the disk was told to begin with
}

// stretch is what the disk gets at once.
const stretch = 8 << 20

// openPart opens what an earlier attempt left, or begins anew.
func openPart(root *os.Root, name string) (*part, error) {
	f, err := root.OpenFile(name+bundle.PartSuffix, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, &FinalError{fmt.Errorf("create: %w", err)}
	}
	p := &part{root: root, name: name, file: f, hash: sha256.New()}
	if p.size, err = io.Copy(p.hash, f); err != nil {
		return nil, &FinalError{errors.Join(fmt.Errorf("read what an earlier attempt left: %w", err), f.Close())}
	}
	return p, nil
}

// append adds the next bytes of the file; the caller hashes them.
func (p *part) append(b []byte) error {
	if _, err := p.file.WriteAt(b, p.size); err != nil {
		return &FinalError{err}
	}
	p.size += int64(len(b))
	if p.size-p.sent >= stretch {
		startWriteback(p.file, p.sent, p.size-p.sent)
		p.sent = p.size
	}
	return nil
}

// restart forgets all of it.
func (p *part) restart() error {
	if err := p.file.Truncate(0); err != nil {
		return &FinalError{fmt.Errorf("begin again: %w", err)}
	}
	p.size, p.sent, p.hash = 0, 0, sha256.New()
	return nil
}

// finish gives it its final name and returns its SHA-256.
func (p *part) finish() (string, error) {
	if err := p.file.Close(); err != nil {
		return "", &FinalError{err}
	}
	if err := p.root.Rename(p.name+bundle.PartSuffix, p.name); err != nil {
		return "", &FinalError{fmt.Errorf("rename: %w", err)}
	}
	return p.sum(), nil
}

// sum is the SHA-256 of what was hashed so far.
func (p *part) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }

// leave closes it after err. What there is stays for the next attempt, unless it is nothing, or the disk is full: then the
// manifest needs the room.
func (p *part) leave(err error) (left int64) {
	_ = p.file.Close() // nothing is claimed of it
	if p.size > 0 && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return p.size
	}
	_ = p.root.Remove(p.name + bundle.PartSuffix)
	return 0
}
