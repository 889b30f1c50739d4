package logwatch

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"
)

const (
	// maxLines and maxNodes bound what is kept: the last hours of the few programs that matter.
	maxLines = 20_000
	maxNodes = 64
	maxLine  = 8 << 10
)

// programs are those whose lines tell of the database cluster; a Call Bridge's own fill the rest of the log.
var programs = []string{"sfpool", "postgres", "schema_builder", "dbcluster", "cli:"}

// Window keeps the last lines of each node that matter. Add may be called from several goroutines.
type Window struct {
	mu    sync.Mutex
	lines map[string][]string
	fresh bool
}

// Add takes a line.
func (w *Window) Add(l Line) {
	if !slices.ContainsFunc(programs, func(p string) bool { return strings.Contains(l.Text, p) }) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lines == nil {
		w.lines = map[string][]string{}
	}
	node := w.lines[l.Node]
	if node == nil && len(w.lines) >= maxNodes {
		return
	}
	if len(node) >= maxLines {
		node = slices.Delete(node, 0, maxLines/2)
	}
	w.lines[l.Node] = append(node, l.Text[:min(len(l.Text), maxLine)])
	w.fresh = true
}

// Write writes each node's lines to a log in a directory of its own below dir, if there are new ones since the last time.
func (w *Window) Write(dir string) (fresh bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.fresh {
		return false, nil
	}
	w.fresh = false
	for node, lines := range w.lines {
		var b bytes.Buffer
		for _, l := range lines {
			b.WriteString(l)
			b.WriteByte('\n')
		}
		name := filepath.Join(dir, dirName(node))
		if err := os.MkdirAll(name, 0o700); err != nil {
			return false, err
		}
		if err := os.WriteFile(filepath.Join(name, "log"), b.Bytes(), 0o600); err != nil {
			return false, err
		}
	}
	return true, nil
}

// dirName makes a name that came over the network harmless.
func dirName(node string) string {
	clean := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, node)
	if clean = strings.TrimLeft(clean, "."); clean == "" {
		return "_"
	}
	return clean[:min(len(clean), 100)]
}
