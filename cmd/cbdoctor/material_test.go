package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/rogpeppe/go-internal/testscript"

	"cbdoctor/finding"
)

// materialCommands make the input that scripts can't hold as text: archives, broken files, very long lines.
var materialCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"random":   randomBytes,
	"cut":      cutFile,
	"longline": longLine,
	"targz":    makeTarGz,
	"evil":     evilTar,
	"bomb":     gzipBomb,
	"zip":      makeZip,

	"causes":      wantCauses,
	"same-causes": wantSameCauses,

	"sarif-valid":   validSARIF,
	"sarif-results": countSARIF,
}

// random FILE SIZE: bytes without any meaning, the same in every run.
func randomBytes(ts *testscript.TestScript, _ bool, args []string) {
	b := make([]byte, number(ts, args[1]))
	rand.NewChaCha8([32]byte{}).Read(b)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// cut IN OUT SIZE: the first SIZE bytes of a file.
func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b[:number(ts, args[2])], 0o644))
}

// longline FILE SIZE LINE: SIZE bytes without a newline, and after it one line of a log.
func longLine(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	block := bytes.Repeat([]byte("x"), 1<<20)
	for n := number(ts, args[1]); n > 0; n -= len(block) {
		_, err := f.Write(block[:min(n, len(block))])
		ts.Check(err)
	}
	_, err = io.WriteString(f, "\n"+args[2]+"\n")
	ts.Check(err)
	ts.Check(f.Close())
}

// targz OUT DIR: a directory as logbundle.tar.gz.
func makeTarGz(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(w.Close())
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// zip OUT DIR: a directory as a zip file.
func makeZip(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// evil OUT FILE: a tar whose members want to leave it: upwards, by an absolute name, by a link, with control characters.
func evilTar(ts *testscript.TestScript, _ bool, args []string) {
	body, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"../../outside.txt", "/outside.txt", "a\x1b[2J\nb.txt"} {
		ts.Check(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(body)), Typeflag: tar.TypeReg}))
		_, err := w.Write(body)
		ts.Check(err)
	}
	ts.Check(w.WriteHeader(&tar.Header{Name: "link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}))
	ts.Check(w.WriteHeader(&tar.Header{Name: "hard", Linkname: "../../../etc/passwd", Typeflag: tar.TypeLink}))
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// bomb OUT SIZE: SIZE bytes of one line again and again, compressed twice.
func gzipBomb(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(filepath.Clean(ts.MkAbs(args[0])))
	ts.Check(err)
	outer := gzip.NewWriter(f)
	inner, err := gzip.NewWriterLevel(outer, gzip.BestSpeed)
	ts.Check(err)
	block := bytes.Repeat([]byte("Mar 12 10:11:12 user.info cms1 host:server: INFO : nothing of interest\n"), 16<<10)
	for n := number(ts, args[1]); n > 0; n -= len(block) {
		_, err := inner.Write(block[:min(n, len(block))])
		ts.Check(err)
	}
	ts.Check(inner.Close())
	ts.Check(outer.Close())
	ts.Check(f.Close())
}

// causes REPORT ID...: the report's root causes are exactly these, in any order.
func wantCauses(ts *testscript.TestScript, _ bool, args []string) {
	want := slices.Sorted(slices.Values(args[1:]))
	var got []string
	for _, f := range rootCauses(ts, args[0]) {
		got = append(got, f.ID)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		ts.Fatalf("root causes of %s (-want +got):\n%s", args[0], diff)
	}
}

// same-causes REPORT REPORT...: the root causes with their subjects are those of the first report.
func wantSameCauses(ts *testscript.TestScript, _ bool, args []string) {
	want := rootCauses(ts, args[0])
	for _, name := range args[1:] {
		if diff := cmp.Diff(want, rootCauses(ts, name)); diff != "" {
			ts.Fatalf("root causes of %s and %s differ:\n%s", args[0], name, diff)
		}
	}
}

type cause struct {
	ID      string          `json:"id"`
	Role    string          `json:"role"`
	Subject finding.Subject `json:"subject"`
}

func rootCauses(ts *testscript.TestScript, name string) []cause {
	var document struct {
		Findings []cause `json:"findings"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &document))
	return slices.DeleteFunc(document.Findings, func(c cause) bool { return c.Role != finding.RootCause })
}

// sarif-valid FILE: it conforms to the schema of SARIF 2.1.0.
func validSARIF(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(readSARIF(ts, args[0]).Validate())
}

// sarif-results FILE N: it has N results.
func countSARIF(ts *testscript.TestScript, _ bool, args []string) {
	if got := len(readSARIF(ts, args[0]).Runs[0].Results); got != number(ts, args[1]) {
		ts.Fatalf("%s has %d results, not %s", args[0], got, args[1])
	}
}

func readSARIF(ts *testscript.TestScript, name string) *sarif.Report {
	r, err := sarif.FromString(ts.ReadFile(name), sarif.WithStrictValidation())
	ts.Check(err)
	return r
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}
