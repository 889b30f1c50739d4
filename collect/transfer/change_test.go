package transfer

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
	"cbdoctor/collect/faulty"
	"cbdoctor/collect/sim"
	"cbdoctor/collect/sshdtest"
)

var listed = time.Unix(1775000000, 0)

func content(n int) []byte { return randomBytes(rand.New(rand.NewPCG(1, uint64(n))), n) }

// open starts a node and a fetcher of it.
func open(t testing.TB, files ...sim.File) (*Fetcher, *sim.Server) {
	t.Helper()
	c, err := sim.Start(sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{{Name: "cms01", Files: files}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	node := c.Nodes[0]
	f := &Fetcher{Dial: func(context.Context, int) (*ssh.Client, error) { return quickly(node, node.Endpoint, time.Minute) }, Backoff: time.Millisecond}
	t.Cleanup(f.Close)
	return f, node
}

// A log that grows while it is read is a whole file up to where it was; its note says so.
func TestGrowingFile(t *testing.T) {
	t.Parallel()
	was := content(700_000)
	f, _ := open(t, sim.File{Name: "log", Content: bytes.Clone(was), ModTime: listed, Grows: 100})
	dir := t.TempDir()
	results, err := fetchAll(t, t.Context(), f, dir)
	if err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, []sim.File{{Name: "log", Content: was}}, results)
	if results[0].Err != nil || !strings.Contains(results[0].Note, "grew") {
		t.Errorf("note %q, error %v", results[0].Note, results[0].Err)
	}
}

// A node that lies about sizes is found out: nothing that is not the file gets its name.
func TestLyingSizes(t *testing.T) {
	t.Parallel()
	for name, claims := range map[string]int64{"too large": 400_000, "too small": 1000, "absurd": 1 << 60} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sim.File{Name: "a.pcap", Content: content(300_000), ModTime: listed, Claims: claims}
			f, _ := open(t, file)
			dir := t.TempDir()
			results, err := fetchAll(t, t.Context(), f, dir)
			if err != nil {
				t.Fatal(err)
			}
			checkFiles(t, dir, []sim.File{file}, results)
			if results[0].Err == nil {
				t.Error("it counts as whole")
			}
		})
	}
}

// What an earlier attempt left is used, and only what is missing is asked for; what does not fit the node's file is not.
func TestResume(t *testing.T) {
	t.Parallel()
	want := content(3_000_000)
	other := content(2_000_001)[:2_000_000]
	tailDiffers := bytes.Clone(want[:2_000_000])
	tailDiffers[1_999_000] ^= 1
	for name, c := range map[string]struct {
		left    []byte
		resumed bool
	}{
		"the beginning":                         {want[:2_000_000], true},
		"all of it":                             {want, true},
		"nothing":                               {nil, false},
		"another file's beginning":              {other, false},
		"the beginning with a damaged end":      {tailDiffers, false},
		"more than the file has by now":         {append(bytes.Clone(want), 'x'), false},
		"less than the bytes that are compared": {want[:100], true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sim.File{Name: "log", Content: want, ModTime: listed}
			f, _ := open(t, file)
			dir := t.TempDir()
			if c.left != nil {
				if err := os.WriteFile(filepath.Join(dir, "log"+bundle.PartSuffix), c.left, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			least := int64(len(want))
			var result Result
			f.Fetch(t.Context(), root, []File{{Path: "log", Name: "log", Size: int64(len(want)), ModTime: listed}}, func(_ int, here int64) { least = min(least, here) }, func(_ int, r Result) { result = r })
			checkFiles(t, dir, []sim.File{file}, []Result{result})
			if result.Err != nil {
				t.Fatal(result.Err)
			}
			if c.resumed && least < int64(len(c.left)) {
				t.Errorf("it began again at %d of %d bytes that were there", least, len(c.left))
			}
		})
	}
}

// A download that is cut again and again, but brings something each time, comes to its end without a limit of attempts.
func TestProgressPaysForRetries(t *testing.T) {
	t.Parallel()
	file := sim.File{Name: "log", Content: content(3_000_000), ModTime: listed}
	_, node := open(t, file)
	proxy, err := faulty.Listen(node.Endpoint, func(int) faulty.Link { return faulty.Link{After: 600_000, Then: faulty.Reset} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	f := &Fetcher{Dial: func(context.Context, int) (*ssh.Client, error) { return quickly(node, proxy.Addr, time.Minute) }, Backoff: time.Millisecond, Retries: 2}
	defer f.Close()
	dir := t.TempDir()
	results, err := fetchAll(t, t.Context(), f, dir)
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	checkFiles(t, dir, []sim.File{file}, results)
}

// A log that is rotated between two openings is not mixed with the one that took its name.
func TestRotatedBetweenOpenings(t *testing.T) {
	t.Parallel()
	s := sshdtest.Start(t)
	log := filepath.Join(s.Root, "log")
	old, fresh := content(5_000_000), content(4_999_999)
	if err := os.WriteFile(log, old, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey([]byte(sshdtest.Read(t, s.Key)))
	if err != nil {
		t.Fatal(err)
	}
	dials := 0
	proxy, err := faulty.Listen(s.Addr(), func(i int) faulty.Link {
		if i == 0 {
			return faulty.Link{After: 2_000_000, Then: faulty.Cut}
		}
		return faulty.Link{}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	f := &Fetcher{Backoff: time.Millisecond, Dial: func(context.Context, int) (*ssh.Client, error) {
		if dials++; dials == 2 { // while nobody looks
			if err := errors.Join(os.Rename(log, log+".1"), os.WriteFile(log, fresh, 0o600)); err != nil {
				return nil, err
			}
		}
		return ssh.Dial("tcp", proxy.Addr, &ssh.ClientConfig{User: s.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	}}
	defer f.Close()
	dir := t.TempDir()
	results, err := fetchAll(t, t.Context(), f, dir)
	if err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, []sim.File{{Name: "log", Content: fresh}}, results)
	if results[0].Err != nil || dials < 2 {
		t.Errorf("%v after %d connections", results[0].Err, dials)
	}
}

// A node that stops answering in the middle is given up after the stall time, and the next connection goes on.
func TestStall(t *testing.T) {
	t.Parallel()
	file := sim.File{Name: "log", Content: content(2_000_000), ModTime: listed}
	_, node := open(t, file)
	proxy, err := faulty.Listen(node.Endpoint, func(i int) faulty.Link {
		if i == 0 {
			return faulty.Link{After: 1_000_000, Then: faulty.Stall}
		}
		return faulty.Link{}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	var told error
	f := &Fetcher{
		Dial: func(context.Context, int) (*ssh.Client, error) { return quickly(node, proxy.Addr, time.Minute) }, Backoff: time.Millisecond, Stall: time.Second,
		Retrying: func(err error, _ time.Duration) { told = err },
	}
	defer f.Close()
	dir := t.TempDir()
	results, err := fetchAll(t, t.Context(), f, dir)
	if err != nil || results[0].Err != nil || !errors.Is(told, ErrStalled) {
		t.Fatal(err, results, told)
	}
	checkFiles(t, dir, []sim.File{file}, results)
}

// The decision how much to ask for at once: more while answers come soon, half when they come late, and half once only.
func TestAdapt(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		size, resting   int64
		took, fastest   time.Duration
		size2, resting2 int64
	}{
		"soon":                        {4 << 20, 0, 50 * ms, 50 * ms, 4<<20 + 3000, 0},
		"soon, as much as may be":     {maxInFlight, 0, 50 * ms, 50 * ms, maxInFlight, 0},
		"not so soon":                 {4 << 20, 0, 200 * ms, 50 * ms, 4 << 20, 0},
		"late":                        {4 << 20, 0, 900 * ms, 50 * ms, 2 << 20, 2 << 20},
		"late, but just made smaller": {4 << 20, 5000, 900 * ms, 50 * ms, 4 << 20, 4000},
		"a long path is not late":     {4 << 20, 0, 1800 * ms, 700 * ms, 4 << 20, 0},
		"never less than a piece":     {1500, 0, 900 * ms, 50 * ms, 1000, 1000},
	} {
		if size, resting := adapt(c.size, c.resting, 1000, maxInFlight, c.took, c.fastest); size != c.size2 || resting != c.resting2 {
			t.Errorf("%s: %d, %d, want %d, %d", name, size, resting, c.size2, c.resting2)
		}
	}
}

func TestBackoffGrowsAndVaries(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int][2]time.Duration{1: {250 * time.Millisecond, 500 * time.Millisecond}, 2: {500 * time.Millisecond, time.Second}, 60: {30 * time.Second, time.Minute}} {
		if low, high := Backoff(500*time.Millisecond, failures, 0), Backoff(500*time.Millisecond, failures, 1); low != want[0] || high != want[1] {
			t.Errorf("after %d failures: %s to %s, want %v", failures, low, high, want)
		}
	}
}
