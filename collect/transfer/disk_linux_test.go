package transfer

import (
	"errors"
	"syscall"
	"testing"

	"cbdoctor/collect/sim"
	"cbdoctor/collect/smalldisk"
)

// A full disk fails the file, not the program; the room is given back for what else is to be written.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := smalldisk.Mount(t, "1m")
	small := sim.File{Name: "live.json", Content: content(1000), ModTime: listed}
	large := sim.File{Name: "log", Content: content(3_000_000), ModTime: listed}
	f, _ := open(t, small, large)
	results, err := fetchAll(t, t.Context(), f, dir)
	if err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, []sim.File{small, large}, results)
	if results[0].Err != nil || !errors.Is(results[1].Err, syscall.ENOSPC) || results[1].Left != 0 {
		t.Errorf("%+v", results)
	}
}
