package capture

import (
	"cmp"
	"slices"
	"time"

	"cbdoctor/capture/packet"
)

// Live judges sessions while their packets come. A session is told when its verdict is first known and again whenever it becomes another: a
// SYN that nobody answered for a few seconds is told as dropped, a session that works is told at once, and again should it die. It is for
// one goroutine. Memory is bounded as that of [List] is.
type Live struct {
	tracker *tracker
	frames  *packet.Frames
	tell    func(*Session)
	told    map[int64]Verdict // of the open sessions, by first frame
	scratch session
}

// NewLive returns a Live that calls tell, always from the goroutine that calls Tick. The error is that of the filter expression in opt.
func NewLive(opt Options, tell func(*Session)) (*Live, error) {
	reading, err := opt.reading()
	if err != nil {
		return nil, err
	}
	l := &Live{tracker: newTracker(opt), tell: tell, told: map[int64]Verdict{}}
	if opt.BPF == "" {
		reading.Hosts = l.tracker.hosts
	}
	l.frames = packet.NewFrames(reading, l.tracker.packet)
	return l, nil
}

// Take takes the next frame: its captured bytes from the link layer on, and its length on the wire.
func (l *Live) Take(link packet.LinkType, at time.Time, frame []byte, length int) error {
	return l.frames.Take(link, at, frame, length)
}

// Tick tells what has become known by now. Call it a few times a second: a session that ends is looked at for two more seconds.
func (l *Live) Tick(now time.Time) {
	t := l.tracker
	t.last = max(t.last, now.UnixNano())
	var news []told
	before := l.told
	l.told = make(map[int64]Verdict, len(before))
	look := func(frame int64, view func() told) {
		s := view()
		if s.Verdict == Open {
			if v, known := before[frame]; known {
				l.told[frame] = v
			}
			return
		}
		if l.told[frame] = s.Verdict; before[frame] != s.Verdict {
			news = append(news, s)
		}
	}
	for _, s := range t.sessions {
		if s != nil {
			look(s.firstFrame, func() told { return l.asOfNow(s, s.tuple) })
		}
	}
	if t.waiting <= manyAttempts { // more are an attack: they are counted, and listed at the end
		for i := range t.attempts.next {
			if a := t.attempts.at(i); a.frame != 0 && a.bits&attemptListed == 0 {
				look(a.frame, func() told {
					l.scratch = session{}
					a.replay(t, &l.scratch)
					return l.asOfNow(&l.scratch, a.tuple)
				})
			}
		}
	}
	slices.SortFunc(news, func(a, b told) int { return cmp.Compare(a.FirstFrame, b.FirstFrame) })
	var names teller
	t.enterReuse()
	for i := range news {
		s := &news[i]
		s.Session.Session = numbers([]*tracker{t}, []int64{s.FirstFrame})[0]
		names.ends(t, s)
		l.tell(&s.Session)
	}
	t.release(t.last)
	t.expire(t.last)
}

// asOfNow judges a session as if the capture ended now.
func (l *Live) asOfNow(s *session, k tuple) told {
	t := l.tracker
	var m Summary
	s.summarise(&m, t.last, true)
	peers{t.ports, t.hosts}.judge(&m, &k, s.resets(&m))
	row := rowOf(&m)
	confidence, reason, evidence := row.judge(&m)
	observations, own := observe(s, &m, nil)
	out := told{tuple: k, own: own}
	s.tell(&out.Session, &m, packet.Addr.String, row.Verdict, confidence, reason, evidence, observations)
	return out
}

// End judges what is still open and returns all that was seen.
func (l *Live) End(name string) *Listing {
	info := l.frames.Info()
	return merge(name, &info, []*tracker{l.tracker})
}
