package logwatch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"cbdoctor/collect"
	"cbdoctor/collect/login"
	"cbdoctor/collect/mmp"
	"cbdoctor/collect/transfer"
)

// Line is one line of a node's log.
type Line struct {
	Node string // its name, or the address that it was heard from
	Text string // without its end
}

// State is told when a node begins to be followed, and when it can't be any more.
type State func(node string, followed bool, err error)

// steady is how long a connection must have worked for its end to count as the first failure again.
const steady = time.Minute

// Follow passes on what a node logs until ctx ends, over new connections when one breaks. The error says why it was given up:
// the node refuses the login, its key is not trusted, or it can't be followed at all. lines is called by one goroutine at a time.
func Follow(ctx context.Context, n collect.Node, l *login.Login, lines func(Line), state State) error {
	for failures := 0; ; {
		began := time.Now()
		name, err := followOnce(ctx, n, l, lines, state)
		if ctx.Err() != nil {
			return nil
		}
		if name == "" {
			name = n.String()
		}
		state(name, false, err)
		if !collect.Lost(err) {
			return fmt.Errorf("%s: %w", n, err)
		}
		if failures++; time.Since(began) > steady {
			failures = 1
		}
		timer := time.NewTimer(transfer.Backoff(time.Second, failures, rand.Float64()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

func followOnce(ctx context.Context, n collect.Node, l *login.Login, lines func(Line), state State) (name string, err error) {
	conn, _, err := l.Dial(ctx, n.Target(), 0)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	s, err := mmp.Open(ctx, conn, login.Timeout)
	if err != nil {
		return "", err
	}
	defer s.Close()
	name = n.Name
	for _, other := range []string{s.Name, n.Host} {
		if name == "" {
			name = other
		}
	}
	state(name, true, nil)
	err = s.Stream(ctx, mmp.SyslogFollow, 5*time.Second, func(text string) { lines(Line{name, text}) })
	if err == nil {
		err = errors.New("it ended")
	}
	return name, err
}
