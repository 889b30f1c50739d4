package page

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// pack compresses the report: what a browser unpacks in a moment must not make a mail too large. The alphabet has no character that
// HTML or JavaScript takes for anything.
func pack(b []byte) (string, error) {
	var out bytes.Buffer
	e := base64.NewEncoder(base64.RawURLEncoding, &out)
	z, err := gzip.NewWriterLevel(e, gzip.BestSpeed)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(b); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	if err := e.Close(); err != nil {
		return "", err
	}
	return out.String(), nil
}

// Bounds of a page that is read back, which may come from anywhere.
const (
	maxPage   = 64 << 20
	maxReport = 512 << 20
)

// ErrNoReport says that an HTML file has no report inside.
var ErrNoReport = errors.New("the page has no report inside")

// Report returns the report inside a page: what a mail brought as HTML can be written in any other format again.
func Report(r io.Reader) (io.Reader, error) {
	all, err := io.ReadAll(io.LimitReader(r, maxPage))
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	_, rest, found := bytes.Cut(all, []byte(`<script type="application/json" id="report">"`))
	packed, _, closed := bytes.Cut(rest, []byte(`"`))
	if !found || !closed {
		return nil, ErrNoReport
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.RawURLEncoding, bytes.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	return io.LimitReader(z, maxReport), nil
}
