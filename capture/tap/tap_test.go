//go:build linux

package tap_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cbdoctor/capture"
	"cbdoctor/capture/tap"
)

// namespace runs f in a network namespace of its own, in which the loopback interface is up. It is gone when f returns.
func namespace(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, and the namespace with it
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopbackUp()
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; errors.Is(err, fs.ErrPermission) {
		t.Skip("a network namespace needs root")
	} else if err != nil {
		t.Fatal(err)
	}
}

func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r)
}

// told gathers what a Live tells.
type told struct {
	verdicts []capture.Verdict
	reasons  []string
}

// watch judges what happens on the loopback interface while happen runs, until enough verdicts were told or the time is up.
func watch(t *testing.T, iface string, opt capture.Options, enough int, happen func()) (told, *capture.Listing) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	frames, failed, err := tap.Listen(ctx, iface)
	if err != nil {
		t.Error(err)
		return told{}, nil
	}
	var out told
	live, err := capture.NewLive(opt, func(s *capture.Session) {
		out.verdicts, out.reasons = append(out.verdicts, s.Verdict), append(out.reasons, s.Reason)
	})
	if err != nil {
		t.Error(err)
		return told{}, nil
	}
	happen()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for len(out.verdicts) < enough && ctx.Err() == nil {
		select {
		case f := <-frames:
			if err := live.Take(f.Link, f.At, f.Data, f.Length); err != nil {
				t.Error(err)
			}
		case now := <-tick.C:
			live.Tick(now)
		case <-ctx.Done():
		}
	}
	cancel()
	if err := failed(); err != nil {
		t.Error(err)
	}
	return out, live.End("lo")
}

// TestSessionsAreJudgedAsTheyHappen: a connection to a web server, one that is refused, and one that a real firewall drops.
func TestSessionsAreJudgedAsTheyHappen(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("nft is not installed (scripts/setup.sh installs it)")
	}
	namespace(t, func() {
		const port = 5432
		connect := func(address string) {
			if c, err := net.DialTimeout("tcp", address, 100*time.Millisecond); err == nil {
				_, _ = c.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
				_, _ = c.Read(make([]byte, 100))
				c.Close()
			}
		}
		l, err := net.Listen("tcp", "127.0.0.1:5432")
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Write([]byte("HTTP/1.0 400 Bad Request\r\n\r\n"))
				c.Close()
			}
		}()
		out, whole := watch(t, "lo", capture.Options{Port: port}, 1, func() { connect("127.0.0.1:5432") })
		if len(out.verdicts) != 1 || out.verdicts[0] != capture.NotPostgres || !strings.Contains(out.reasons[0], "HTTP") {
			t.Errorf("a web server: %+v", out)
		}
		if whole == nil || len(whole.Pairs) != 1 || whole.Len() != 1 || whole.PortPackets < 5 {
			t.Errorf("the summary: %+v", whole)
		}
		if out, _ := watch(t, "any", capture.Options{Port: port}, 1, func() { connect("127.0.0.2:5432") }); len(out.verdicts) != 1 || out.verdicts[0] != capture.Refused {
			t.Errorf("nobody listens: %+v", out)
		}
		rules := "add table inet t; add chain inet t i { type filter hook input priority 0; }; add rule inet t i ip daddr 127.0.0.3 tcp dport 5432 drop"
		if text, err := exec.Command("nft", rules).CombinedOutput(); err != nil {
			t.Errorf("nft: %v: %s", err, text)
			return
		}
		// Of two connections the filter lets one be seen.
		out, whole = watch(t, "lo", capture.Options{Port: port, BPF: "host 127.0.0.3"}, 1, func() {
			connect("127.0.0.1:5432")
			connect("127.0.0.3:5432")
		})
		if len(out.verdicts) != 1 || out.verdicts[0] != capture.SYNDropped || whole.Len() != 1 {
			t.Errorf("a firewall drops: %+v", out)
		}
	})
}

// TestInterfaceThatIsNotThere names those that are.
func TestInterfaceThatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, _, err := tap.Listen(t.Context(), "nosuch0"); err == nil || !strings.Contains(err.Error(), "nosuch0") {
		t.Errorf("%v", err)
	}
}
