package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"cbdoctor/bundle"
	"cbdoctor/collect/faulty"
	"cbdoctor/collect/sim"
)

// fetchAll lists the node and fetches everything; each file must get one result.
func fetchAll(t testing.TB, ctx context.Context, f *Fetcher, dir string) ([]Result, error) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	entries, err := f.List(ctx)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		files = append(files, File{Path: e.Name(), Name: e.Name(), Size: e.Size(), ModTime: e.ModTime()})
	}
	results := make([]Result, len(files))
	times := make([]int, len(files))
	var mu sync.Mutex
	f.Fetch(ctx, root, files, func(int, int64) {}, func(i int, r Result) {
		mu.Lock()
		defer mu.Unlock()
		results[i] = r
		times[i]++
	})
	for i, n := range times {
		if n != 1 {
			t.Errorf("%s got %d results", files[i].Name, n)
		}
	}
	return results, nil
}

// checkFiles: a file with a result without an error is whole and right; of the others at most the beginning is there, under
// another name; and nothing else is there.
func checkFiles(t testing.TB, dir string, sources []sim.File, results []Result) {
	t.Helper()
	named := map[string]bool{}
	for _, r := range results {
		i := slices.IndexFunc(sources, func(f sim.File) bool { return f.Name == r.Name })
		want := sources[i].Content
		if r.Err != nil {
			if b, err := os.ReadFile(filepath.Join(dir, r.Name+bundle.PartSuffix)); err == nil {
				named[r.Name+bundle.PartSuffix] = true
				if int64(len(b)) != r.Left || !bytes.HasPrefix(want, b) {
					t.Errorf("%s: the part file has %d bytes, the result says %d; it must be a beginning of the file", r.Name, len(b), r.Left)
				}
			}
			continue
		}
		named[r.Name] = true
		b, err := os.ReadFile(filepath.Join(dir, r.Name))
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %d bytes differ from the %d of the node (%v)", r.Name, len(b), len(want), err)
		}
		if sum := sha256.Sum256(want); hex.EncodeToString(sum[:]) != r.SHA256 {
			t.Errorf("%s: the SHA-256 is not that of its content", r.Name)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !named[e.Name()] {
			t.Errorf("%s is there, and no result says so", e.Name())
		}
	}
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// schedule is what happens to each connection of a collection.
type schedule struct {
	links []faulty.Link // of the first connections; those after them work
}

func randomSchedule(r *rand.Rand, total int64) schedule {
	var s schedule
	for range r.IntN(6) {
		l := faulty.Link{After: r.Int64N(total + total/4), Then: faulty.Fault(1 + r.IntN(3))}
		switch r.IntN(8) {
		case 0:
			l.Then, l.Corrupt = faulty.None, true
		case 1:
			l.Delay = time.Duration(r.IntN(3)) * time.Millisecond
		case 2:
			l.Rate = 8 << 20
		}
		s.links = append(s.links, l)
	}
	return s
}

func (s schedule) link(i int) faulty.Link {
	if i < len(s.links) {
		return s.links[i]
	}
	return faulty.Link{}
}

func (s schedule) stalls() bool {
	return slices.ContainsFunc(s.links, func(l faulty.Link) bool { return l.Then == faulty.Stall })
}

// patience is short where something stalls, since that is waited for, and else longer than a busy machine takes.
func (s schedule) patience() time.Duration {
	if s.stalls() {
		return 400 * time.Millisecond
	}
	return time.Minute
}

// 1,000 collections over links that break at random: each file is whole and right, or its result says why not; nothing else.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	const schedules = 1000
	seeds := make(chan uint64, schedules)
	for seed := range uint64(schedules) {
		seeds <- seed
	}
	close(seeds)
	var whole, reported int
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range 32 { // they mostly wait
		workers.Go(func() {
			for seed := range seeds {
				w, r := oneSchedule(t, seed)
				mu.Lock()
				whole, reported = whole+w, reported+r
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if whole < 1000 || reported < 50 {
		t.Errorf("%d files whole, %d reported: the schedules are too harsh or too kind", whole, reported)
	}
}

func oneSchedule(t *testing.T, seed uint64) (whole, reported int) {
	r := rand.New(rand.NewPCG(seed, 7))
	var sources []sim.File
	var total int64 = 4000 // of the handshake
	for i := range 1 + r.IntN(4) {
		size := r.IntN([]int{1, 3000, 90_000, 300_000}[r.IntN(4)])
		sources = append(sources, sim.File{Name: fmt.Sprintf("log.%d", i), Content: randomBytes(r, size), ModTime: time.Unix(1775000000, 0)})
		total += int64(size)
	}
	s := randomSchedule(r, total)
	retries := r.IntN(5)
	c, err := sim.Start(sim.Scenario{User: "admin", Password: "x", Nodes: []sim.Node{{Name: "cms01", Files: sources}}})
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	defer c.Close()
	proxy, err := faulty.Listen(c.Nodes[0].Endpoint, s.link)
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	defer proxy.Close()
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	defer os.RemoveAll(dir)
	f := &Fetcher{
		Dial: func(ctx context.Context, i int) (*ssh.Client, error) {
			return quickly(c.Nodes[0], proxy.Addr, s.patience())
		},
		Retries: retries, Backoff: time.Millisecond, Stall: s.patience(),
	}
	if retries == 0 {
		f.Retries = -1
	}
	defer f.Close()
	results, err := fetchAll(t, t.Context(), f, dir)
	checkFiles(t, dir, sources, results)
	for _, r := range results {
		if r.Err != nil {
			reported++
		} else {
			whole++
		}
	}
	if err != nil {
		reported++
	}
	if retries >= len(s.links) && (err != nil || reported > 0) && !s.stalls() {
		t.Errorf("seed %d: %d connections fail, the next one works, and %d attempts more are allowed: %v %v", seed, len(s.links), retries, err, results)
	}
	return whole, reported
}

// quickly dials a node through a proxy that may stall at any moment.
func quickly(node *sim.Server, addr string, patience time.Duration) (*ssh.Client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	c, channels, requests, err := ssh.NewClientConn(conn, addr, &ssh.ClientConfig{
		User: "admin", Auth: []ssh.AuthMethod{ssh.Password("x")}, HostKeyCallback: ssh.FixedHostKey(node.HostKey),
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), conn.SetDeadline(time.Time{})
}

// Of a file that comes slowly it is told now and then what can be gone on from: the sum is that of its first bytes.
func TestKept(t *testing.T) {
	t.Parallel()
	file := sim.File{Name: "log", Content: content(3_000_000), ModTime: listed}
	f, _ := open(t, file)
	f.keepEvery = time.Nanosecond
	told := 0
	f.Kept = func(of File, size int64, sum string) {
		told++
		if want := sha256.Sum256(file.Content[:size]); of.Name != "log" || sum != hex.EncodeToString(want[:]) {
			t.Errorf("%s: the sum of the first %d bytes is another one", of.Name, size)
		}
	}
	if _, err := fetchAll(t, t.Context(), f, t.TempDir()); err != nil || told < 3 {
		t.Errorf("told %d times, %v", told, err)
	}
}
