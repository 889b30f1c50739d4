package capture

import (
	"cmp"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"

	"cbdoctor/capture/packet"
	"cbdoctor/stamp"
)

// Listing is a judged capture whose sessions are told one by one, so that a hundred thousand of them need no memory. The Result in
// it has all but the sessions.
type Listing struct {
	Result
	lanes   []*tracker
	entries []listed
	numbers []int     // of the entries
	last    []Session // what follows the entries
	cut     int64     // sessions that are not good and that the list leaves out
	servers map[packet.Addr]firstShown
	end     stamp.Time // when the capture ended, which may be later than its last packet
	known   peers

	translated map[int]int // entries that are one connection with another one
}

// certDiffers is the observation that a server showed another certificate than in its first session.
const certDiffers = "cert-differs"

// merge judges what is still open when the file ends, and puts together what the lanes know.
func merge(name string, info *packet.Info, lanes []*tracker) *Listing {
	l := &Listing{lanes: lanes, servers: map[packet.Addr]firstShown{}}
	r := &l.Result
	r.File, r.Format, r.LinkTypes, r.Packets, r.PortPackets = name, info.Format, info.LinkTypes, info.Packets, info.PortPackets
	r.First, r.Last, r.Problem, r.Sessions = info.First, info.Last, info.Problem, []Session{}
	r.hosts = lanes[0].hosts

	l.end = stamp.Later(info.Last, info.Until)
	end := int64(0)
	if !l.end.IsZero() {
		end = l.end.T.UnixNano()
	}
	for _, t := range lanes {
		end = max(end, t.last)
	}
	var running sync.WaitGroup
	for _, t := range lanes {
		running.Go(func() { t.finishAll(end) })
	}
	running.Wait()

	known := peers{map[packet.Addr]origin{}, lanes[0].hosts}
	for _, t := range lanes {
		for addr, seen := range t.ports {
			if other, has := known.ports[addr]; has {
				seen = seen.merge(other)
			}
			known.ports[addr] = seen
		}
		for addr, shown := range t.servers {
			if other, has := l.servers[addr]; !has || shown.frame < other.frame {
				l.servers[addr] = shown
			}
		}
	}
	l.known = known
	for _, t := range lanes {
		t.compareResets(known)
	}
	judgeIssuers(lanes)
	both := l.mergePairs()
	l.mergeLists()
	l.unanswered(known)
	l.sumUp(both.order)
	l.pairTranslated()
	l.sayLeftOut(info.LeftOut)
	l.Notes = notesOf(info, l.Pairs)
	for _, t := range lanes { // what was for following; telling needs the rest
		t.index, t.queue, t.sessions, t.idle, t.pool, t.pairs = index{}, lineUp{}, nil, nil, nil, pairs{}
	}
	return l
}

// finishAll judges what is open at the end of the file.
func (t *tracker) finishAll(end int64) {
	t.last = end
	t.enterReuse()
	for i := range t.attempts.next {
		if a := t.attempts.at(i); a.frame != 0 && a.bits&attemptListed == 0 {
			t.finishAttempt(attemptRef(i), true)
		}
	}
	for _, s := range t.sessions {
		if s != nil {
			t.finish(s, true)
		}
	}
}

// mergePairs joins the pairs of all lanes.
func (l *Listing) mergePairs() *pairs {
	first := &l.lanes[0].pairs
	for _, t := range l.lanes[1:] {
		for _, p := range t.pairs.order {
			if known := first.table[p.key]; known != nil {
				known.join(p)
			} else {
				first.add(p)
			}
		}
	}
	return first
}

// mergeLists makes one list of those of all lanes.
func (l *Listing) mergeLists() {
	var good, bad []listed
	first := l.lanes[0]
	for _, t := range l.lanes {
		t.good.trim(t.drop)
		t.bad.trim(t.drop)
		l.cut += t.bad.leftOut + int64(len(t.bad.entries))
		good, bad = interleave(good, t.good.entries, first.good.limit), interleave(bad, t.bad.entries, first.bad.limit)
	}
	l.cut -= int64(len(bad))
	l.entries = interleave(good, bad, 0)
}

// sumUp makes the summaries of pairs, in the order of their first sessions, and numbers sessions: in the order of first packets over
// all lanes, then the addresses that nobody answered for.
func (l *Listing) sumUp(pairs []*pairCount) {
	frames := make([]int64, len(l.entries))
	for i, e := range l.entries {
		frames[i] = e.frame
	}
	l.numbers = numbers(l.lanes, frames)
	decisive := make([]int64, len(pairs))
	for i, p := range pairs {
		decisive[i] = p.decisive.frame
	}
	slices.Sort(decisive)
	decisiveNumbers := numbers(l.lanes, decisive)
	slices.SortFunc(pairs, func(a, b *pairCount) int { return cmp.Compare(a.firstFrame, b.firstFrame) })
	l.Pairs = make([]Pair, len(pairs))
	var running sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(pairs))
	for first := range workers {
		running.Go(func() {
			for i := first; i < len(pairs); i += workers {
				l.Pairs[i] = pairs[i].result(l)
			}
		})
	}
	running.Wait()
	for i, p := range pairs {
		r := &l.Pairs[i]
		place, _ := slices.BinarySearch(decisive, p.decisive.frame)
		r.Decisive = decisiveNumbers[place]
		for i := range l.last {
			if p.decisive.verdict == ARPUnanswered && l.last[i].FirstFrame == p.decisive.frame {
				r.Decisive = l.last[i].Session
			}
		}
	}
}

// sayLeftOut says what limits have cut.
func (l *Listing) sayLeftOut(reading string) {
	var early, pairs, shed int64
	for _, t := range l.lanes {
		early += t.early
		pairs += t.pairs.leftOut
		shed += t.shed
	}
	var what []string
	if reading != "" {
		what = append(what, reading)
	}
	if l.cut > 0 {
		what = append(what, fmt.Sprintf("%d sessions that are not good, in the list: the first %d are listed, and all are counted in their pairs", l.cut, badListed))
	}
	if pairs > 0 {
		what = append(what, fmt.Sprintf("%d sessions of further pairs of addresses: about %d pairs are summed up", pairs, maxPairs*len(l.lanes)))
	}
	if early > 0 {
		what = append(what, fmt.Sprintf("the ends of %d sessions, which were judged early: %d attempts and %d sessions are followed at a time",
			early, maxAttempts*len(l.lanes), maxSessions*len(l.lanes)))
	}
	if shed > 0 {
		what = append(what, fmt.Sprintf("payload that waited for its rest, %d times: at most %d MiB are kept", shed, maxKept>>20*len(l.lanes)))
	}
	l.LeftOut = strings.Join(what, "; ")
}

// Len is how many sessions are listed.
func (l *Listing) Len() int { return len(l.entries) + len(l.last) }

// All tells the listed sessions in the order of their numbers. Each is valid until the next is asked for.
func (l *Listing) All() iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		t := teller{listing: l}
		for i := range l.Len() {
			if !yield(t.tell(i)) {
				return
			}
		}
	}
}

// Whole is the result with all its sessions in memory.
func (l *Listing) Whole() *Result {
	r := l.Result
	r.Sessions = make([]Session, 0, l.Len())
	for s := range l.All() {
		r.Sessions = append(r.Sessions, *s)
	}
	return &r
}

// leaveOutSecrets says that secrets came too late to be used.
func (r *Result) leaveOutSecrets() {
	if r.LeftOut != "" {
		r.LeftOut += "; "
	}
	r.LeftOut += "TLS secrets that stand behind their packets, as far as these are concerned: a stream is read once, give the file itself"
}
