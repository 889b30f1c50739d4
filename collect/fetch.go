package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
)

// maxFiles bounds what is looked at in a node's root directory.
const maxFiles = 10_000

// fetchAll downloads the chosen files of the SFTP root into the node's directory.
func fetchAll(ctx context.Context, c *ssh.Client, dir *os.Root, report func(bundle.ManifestFile)) error {
	client, err := sftp.NewClient(c)
	if err != nil {
		return fmt.Errorf("open SFTP: %w", err)
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	home, err := client.Getwd() // "/" on a node
	if err != nil {
		return fmt.Errorf("ask for the SFTP root: %w", err)
	}
	entries, err := client.ReadDir(home)
	if err != nil {
		return fmt.Errorf("list the SFTP root: %w", err)
	}
	slices.SortFunc(entries, func(a, b os.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	if len(entries) > maxFiles {
		report(bundle.ManifestFile{Remote: "/", Outcome: bundle.Skipped, Problem: fmt.Sprintf("the directory has %d entries: only the first %d were looked at", len(entries), maxFiles)})
		entries = entries[:maxFiles]
	}
	used := map[string]bool{}
	for _, e := range entries {
		if !e.Mode().IsRegular() {
			continue
		}
		f := bundle.ManifestFile{Remote: printable(e.Name()), Bytes: e.Size(), ModTime: e.ModTime().UTC()}
		take, why := choose(e.Name())
		if !take {
			f.Outcome, f.Problem = bundle.Skipped, why
			report(f)
			continue
		}
		f.File = unique(safeName(e.Name()), used)
		if err := fetch(ctx, client, path.Join(home, e.Name()), dir, &f); err != nil {
			f.Outcome, f.Problem = outcomeOf(ctx, err), err.Error()
			f.File = ""
		}
		report(f)
	}
	return ctx.Err()
}

func unique(name string, used map[string]bool) string {
	chosen := name
	for i := 2; used[strings.ToLower(chosen)]; i++ {
		chosen = fmt.Sprintf("%d-%s", i, name)
	}
	used[strings.ToLower(chosen)] = true
	return chosen
}

// fetch downloads one file beside its name and renames it when it is whole. A log that grows meanwhile is taken as long as
// it was when the download began.
func fetch(ctx context.Context, client *sftp.Client, remote string, dir *os.Root, f *bundle.ManifestFile) (err error) {
	src, err := client.Open(remote)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer src.Close()
	part := f.File + ".part"
	dst, err := dir.Create(part)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dst.Close(), dir.Remove(part))
		}
	}()
	hash := sha256.New()
	w := &limited{w: io.MultiWriter(dst, hash), left: f.Bytes}
	if _, err := src.WriteTo(w); err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("download: %w", err)
	}
	if w.left > 0 {
		return fmt.Errorf("download: %d of %d bytes came", f.Bytes-w.left, f.Bytes)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := dst.Sync(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := dst.Close(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := dir.Rename(part, f.File); err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	f.SHA256, f.Outcome = hex.EncodeToString(hash.Sum(nil)), bundle.Success
	return nil
}

// limited takes as many bytes as the file had when it was listed.
type limited struct {
	w    io.Writer
	left int64
}

var errEnough = errors.New("enough")

func (l *limited) Write(p []byte) (int, error) {
	n := min(int64(len(p)), l.left)
	if _, err := l.w.Write(p[:n]); err != nil {
		return 0, err
	}
	l.left -= n
	if n < int64(len(p)) {
		return int(n), errEnough
	}
	return len(p), nil
}

func outcomeOf(ctx context.Context, err error) bundle.Outcome {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return bundle.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return bundle.Timeout
	}
	return bundle.Failed
}

// printable replaces what a terminal would act on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
