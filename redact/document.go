package redact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"cbdoctor/bundle"
	"cbdoctor/certificate"
)

// liveKeys are the parts of a node's configuration that the diagnosis reads; the others hold whatever people configured.
var liveKeys = []string{"ipv4", "ipv6", "hostname", "database"}

func liveKept(key string) bool {
	for _, k := range liveKeys {
		if strings.HasPrefix(strings.ToLower(key), k) {
			return true
		}
	}
	return false
}

// eachString calls change for every string of a JSON document, with the key it stands under, and puts its answer there.
func eachString(v any, key string, change func(key, s string) string) any {
	switch v := v.(type) {
	case string:
		return change(key, v)
	case []any:
		for i := range v {
			v[i] = eachString(v[i], key, change)
		}
	case map[string]any:
		for k, inner := range v {
			v[k] = eachString(inner, k, change)
		}
	}
	return v
}

func decodeJSON(r io.Reader, kind bundle.Kind) (map[string]any, error) {
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader(readAll(r)))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("not JSON that can be read: %w", err)
	}
	if kind == bundle.LiveJSON {
		for k := range doc {
			if !liveKept(k) {
				delete(doc, k)
			}
		}
	}
	return doc, nil
}

// learnJSON notes addresses and names in live.json or a manifest.
func (r *Redactor) learnJSON(src io.Reader, kind bundle.Kind) error {
	doc, err := decodeJSON(src, kind)
	if err != nil {
		return err
	}
	eachString(doc, "", func(key, s string) string {
		r.learnText([]byte(s))
		if key == "hostname" || kind == bundle.ManifestDoc && (key == "name" || key == "dir") {
			r.words.learnHost(s)
		}
		return s
	})
	return nil
}

// writeJSON writes the parts of live.json that are kept.
func (r *Redactor) writeJSON(dst io.Writer, src io.Reader) error {
	doc, err := decodeJSON(src, bundle.LiveJSON)
	if err != nil {
		return err
	}
	return encode(dst, eachString(doc, "", func(_, s string) string { return r.String(s) }))
}

func encode(dst io.Writer, v any) error {
	e := json.NewEncoder(dst)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// manifestCopy is a manifest that is written when all files are: it has their sizes and hashes.
type manifestCopy struct {
	from, dir string
	text      []byte
}

func (w *writing) manifests() error {
	for _, m := range w.pending {
		doc, err := decodeJSON(bytes.NewReader(m.text), bundle.ManifestDoc)
		if err != nil {
			w.summary.LeftOut = append(w.summary.LeftOut, LeftOut{m.from, err.Error()})
			continue
		}
		doc, _ = eachString(doc, "", func(key, s string) string {
			switch key {
			case "schema", "outcome":
				return s
			case "host_key", "sha256":
				return ""
			case "dir", "file", "partial", "remote": // as the copy has them
				return w.redactor.path(s)
			}
			return string(w.redactor.shift.text([]byte(w.redactor.String(s))))
		}).(map[string]any)
		w.measure(doc, m.dir)
		to := w.name(path.Join(m.dir, bundle.ManifestName))
		full := filepath.Join(w.dir, filepath.FromSlash(to))
		file, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("make the copy: %w", err)
		}
		err = encode(file, doc)
		if closed := file.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", to, err)
		}
		w.summary.Files = append(w.summary.Files, Written{From: m.from, To: to})
	}
	return nil
}

// measure puts the sizes and hashes of the copied files into a manifest; a file that was left out is not named any more.
func (w *writing) measure(v any, dir string) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			w.measure(inner, dir)
		}
	case map[string]any:
		for _, inner := range v {
			w.measure(inner, dir)
		}
		name, isFile := v["file"].(string)
		if _, hasSum := v["sha256"]; !isFile || !hasSum {
			return
		}
		b, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(w.redactor.path(dir)), filepath.FromSlash(path.Clean("/"+name))))
		if err != nil {
			delete(v, "file")
			v["outcome"], v["problem"] = string(bundle.Skipped), "left out when the bundle was redacted"
			return
		}
		sum := sha256.Sum256(b)
		v["sha256"], v["bytes"] = hex.EncodeToString(sum[:]), len(b)
	}
}

// learnPKI notes the certificates of a file, or the text of pki list and pki inspect.
func (r *Redactor) learnPKI(src io.Reader) error {
	b := readAll(src)
	_, list, _, err := certificate.ParseFile(b)
	if err != nil {
		return r.learnLines(bytes.NewReader(b))
	}
	for _, der := range list {
		if err := r.learnCertificate(der); err != nil {
			return err
		}
	}
	return nil
}

// writePKI writes the certificates alone: what stands around them in a PEM file is anybody's text.
func (r *Redactor) writePKI(dst io.Writer, src io.Reader) (n lineCount, err error) {
	b := readAll(src)
	_, list, _, err := certificate.ParseFile(b)
	if err != nil {
		return r.writeLines(dst, bytes.NewReader(b))
	}
	for _, der := range list {
		if bytes.Equal(der, b) {
			_, err := dst.Write(r.certificate(der))
			return n, err
		}
		if err := pem.Encode(dst, &pem.Block{Type: "CERTIFICATE", Bytes: r.certificate(der)}); err != nil {
			return n, err
		}
	}
	return n, nil
}
