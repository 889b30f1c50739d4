package collect

import (
	"context"
	"sync"
	"time"

	"cbdoctor/bundle"
	"cbdoctor/collect/mmp"
	"cbdoctor/collect/transfer"
)

// Listing is what a collection would fetch from one node.
type Listing struct {
	Node    string // as it is reached
	Files   []transfer.File
	Skipped []bundle.ManifestFile
	Err     error
}

// List looks what Run would fetch, and fetches nothing.
func List(ctx context.Context, inv Inventory, opt Options) []Listing {
	opt = opt.withDefaults()
	out := make([]Listing, len(inv.Nodes))
	var wait sync.WaitGroup
	for i, n := range inv.Nodes {
		wait.Go(func() { out[i] = listNode(ctx, n, opt) })
	}
	wait.Wait()
	return out
}

func listNode(ctx context.Context, n Node, opt Options) Listing {
	ctx, cancel := context.WithTimeout(ctx, opt.NodeTimeout)
	defer cancel()
	l := Listing{Node: opt.Login.Endpoint(n.Target())}
	v := &visit{collection: &collection{opt: opt}, node: n}
	v.link = &link{
		login: &v.opt.Login, target: n.Target(), timeout: opt.ConnectTimeout, retries: max(opt.Retries, 0), backoff: opt.Backoff, first: true,
		told: func(string) {},
	}
	defer v.link.close()
	var clock *bundle.Clock
	if opt.Files.dated() {
		clock = v.askClock(ctx)
	}
	f := &transfer.Fetcher{Dial: v.link.nth, Retries: opt.Retries, Backoff: opt.Backoff, Stall: opt.Stall}
	defer f.Close()
	l.Files, l.Skipped, l.Err = opt.Files.plan(ctx, f, clock)
	return l
}

// askClock asks for the node's time; nil when it does not tell.
func (v *visit) askClock(ctx context.Context) *bundle.Clock {
	conn, err := v.link.get(ctx)
	if err != nil {
		return nil
	}
	s, err := mmp.Open(ctx, conn, v.opt.ConnectTimeout)
	if err != nil {
		return nil
	}
	defer s.Close()
	asked := time.Now()
	out, err := s.Run(ctx, mmp.Date, v.opt.CommandTimeout)
	if err != nil {
		return nil
	}
	return clockOf(out, v.zone(), asked, time.Since(asked))
}
