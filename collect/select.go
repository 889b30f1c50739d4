package collect

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/transfer"
)

// choice is one row of the table of files.
type choice struct {
	pattern string // as path.Match, against the name in the SFTP root
	take    bool
	why     string
	lasting bool // what it says holds whenever it was written: the times that were asked for are those of events
	grows   bool // it changes by being appended to
}

// choices decide what is fetched, first match wins. Private keys and backups come first, so that no later row can take them.
var choices = []choice{
	{"*.key", false, "a private key is never fetched", false, false},
	{"*.pem", false, "it may hold a private key", false, false},
	{"*.p12", false, "it may hold a private key", false, false},
	{"*.pfx", false, "it may hold a private key", false, false},
	{"*.bak", false, "a backup holds the database and keys", false, false},
	{"*.img", false, "an upgrade image", false, false},
	{"*.lic", false, "a licence", false, false},
	{"logbundle*.tar.gz", true, "", false, false},
	{"log", true, "", false, true},
	{"log.*", true, "", false, true},
	{"*.log", true, "", false, true},
	{"syslog*", true, "", false, true},
	{"audit*", true, "", false, true},
	{"live.json", true, "", true, false},
	{"boot.json", true, "", true, false},
	{"*.pcap", true, "", false, true},
	{"*.pcapng", true, "", false, true},
	{"*.crt", true, "", true, false},
	{"*.cer", true, "", true, false},
}

// never is how many of the first rows hold for names that the user asks for by pattern too.
const never = 5

// Selection says which files of the SFTP root are wanted.
type Selection struct {
	Include  []string  // patterns of further files, as path.Match; never keys and backups
	Exclude  []string  // patterns of files that are not wanted
	From, To time.Time // between which something was written to them; zero: at any time
}

// dated reports whether times matter, so that the node's clock does.
func (s Selection) dated() bool { return !s.From.IsZero() || !s.To.IsZero() }

// Check reports a pattern that can't be one.
func (s Selection) Check() error {
	for _, p := range slices.Concat(s.Include, s.Exclude) {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", p, err)
		}
	}
	return nil
}

// wants says whether a file of the SFTP root is fetched, and why not where that matters to the reader.
func (s Selection) wants(name string) (take bool, why string) {
	c, known := s.choice(name)
	excluded := matchesAny(s.Exclude, name)
	switch {
	case known && !c.take:
		return false, c.why
	case excluded:
		return false, "it was excluded"
	case known, matchesAny(s.Include, name):
		return true, ""
	}
	return false, "it is none of the files that the diagnosis reads"
}

// choice is the row that decides about a name. Those that take nothing give way to what was asked for, except for the first ones.
func (s Selection) choice(name string) (choice, bool) {
	lower := strings.ToLower(name)
	asked := matchesAny(s.Include, name)
	for i, c := range choices {
		if ok, _ := path.Match(c.pattern, lower); ok && (c.take || i < never || !asked) {
			return c, true
		}
	}
	return choice{}, false
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, name); return ok })
}

// maxSkipped bounds how many files that are not wanted get an entry each; the others are counted.
const maxSkipped = 500

// plan lists what is on a node and decides what is fetched. clock is the node's, where it is known.
func (s Selection) plan(ctx context.Context, f *transfer.Fetcher, clock *bundle.Clock) (take []transfer.File, skipped []bundle.ManifestFile, err error) {
	entries, err := f.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	begin := beginnings(entries)
	if captures := s.late(entries, clock); len(captures) > 0 {
		heads, err := f.Heads(ctx, captures, captureHead)
		if err != nil {
			return nil, nil, err
		}
		for i, name := range captures {
			if at, known := captureBegins(heads[i]); known {
				begin[name] = at
			}
		}
	}
	take, skipped = s.choose(entries, clock, begin)
	return take, skipped, nil
}

// choose decides about each file of a listing, in the order of names, and says why one is not fetched. begin is when files begin,
// as far as that is known.
func (s Selection) choose(entries []os.FileInfo, clock *bundle.Clock, begin map[string]time.Time) (take []transfer.File, skipped []bundle.ManifestFile) {
	from, to := s.padded(clock)
	others := 0
	slices.SortFunc(entries, func(a, b os.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		wanted, why := s.wants(e.Name())
		row, _ := s.choice(e.Name())
		switch {
		case e.IsDir():
			wanted, why = false, "it is a directory"
		case !e.Mode().IsRegular():
			wanted, why = false, "it is no regular file"
		case wanted && !row.lasting && !from.IsZero() && e.ModTime().Before(from):
			wanted, why = false, "it ends before the time that was asked for"
		case wanted && !row.lasting && !to.IsZero() && begin[e.Name()].After(to):
			wanted, why = false, "it begins after the time that was asked for"
		}
		if wanted {
			take = append(take, transfer.File{Path: e.Name(), Size: max(e.Size(), 0), ModTime: e.ModTime()})
			continue
		}
		if len(skipped) >= maxSkipped {
			others++
			continue
		}
		skipped = append(skipped, bundle.ManifestFile{Remote: printable(e.Name()), Bytes: e.Size(), ModTime: e.ModTime().UTC(), Outcome: bundle.Skipped, Problem: why})
	}
	if others > 0 {
		skipped = append(skipped, bundle.ManifestFile{Remote: fmt.Sprintf("(%d more files)", others), Outcome: bundle.Skipped, Problem: "they are none of the files that the diagnosis reads"})
	}
	return take, skipped
}

// unknownClock pads the times where the node did not tell its own.
const unknownClock = 5 * time.Minute

// padded brings the times to the node's clock, with room for what is not known of it.
func (s Selection) padded(clock *bundle.Clock) (from, to time.Time) {
	offset, room := time.Duration(0), unknownClock
	if clock != nil {
		offset = time.Duration(clock.Offset * float64(time.Second))
		room = time.Minute + time.Duration(clock.Uncertainty*float64(time.Second))
	}
	if !s.From.IsZero() {
		from = s.From.Add(min(offset, 0) - room)
	}
	if !s.To.IsZero() {
		to = s.To.Add(max(offset, 0) + room)
	}
	return from, to
}

// maxName bounds the names that are made from a node's.
const maxName = 120

// safeName makes a name from the node harmless as a name on this machine: no separators, no dots in front, nothing unprintable.
func safeName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-+", r) {
			return r
		}
		return '_'
	}, name)
	clean = strings.TrimLeft(clean, ".-")
	if clean == "" {
		clean = "_"
	}
	clean = clean[:min(len(clean), maxName)]
	if lower := strings.ToLower(clean); strings.HasSuffix(lower, bundle.PartSuffix) || strings.HasSuffix(lower, ".tmp") {
		clean += "_" // these names are ours
	}
	return clean
}
