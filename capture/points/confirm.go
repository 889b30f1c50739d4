package points

import (
	"slices"

	"cbdoctor/capture"
)

// corrections are the verdicts that one capture had to give and the other one disproves.
var corrections = map[capture.Verdict][]capture.Verdict{ // proved by both: given by one
	capture.RefusedByMiddlebox: {capture.Refused},
	capture.ResetInjected:      {capture.ResetByServer, capture.ResetByClient, capture.TLSClosed, capture.ClosedEarly},
	capture.SYNACKLost:         {capture.SYNDropped},
	capture.MTUBlackhole:       {capture.BlackholeAfterTCP, capture.TLSStalled, capture.ServerSilent},
	capture.BlackholeAfterTCP:  {capture.TLSStalled, capture.ServerSilent},
}

// Confirm carries what the paths prove back into the results: the verdict of a session at one point is then certain, or is put right, and
// its reason says what the other point shows.
func Confirm(sources []Source, paths []Path) {
	for i := range paths {
		p := &paths[i]
		if !p.Ordered {
			continue // both may be of the same point, one with a filter that left packets out: nothing is proved
		}
		for _, s := range p.Sessions {
			if s.Verdict == "" {
				passedOn(sources, p, s)
				continue
			}
			for _, view := range []struct {
				file, other string
				number      *int
			}{{p.Near.File, p.Far.File, s.Near}, {p.Far.File, p.Near.File, s.Far}} {
				if view.number == nil {
					continue
				}
				r, x := find(sources, view.file, *view.number)
				if x != nil && (x.Verdict == s.Verdict || slices.Contains(corrections[s.Verdict], x.Verdict)) {
					r.Correct(x, s.Verdict, view.other+" shows "+shows[s.Verdict])
				}
			}
		}
	}
}

// passedOn says of a SYN without an answer that it got as far as the other point: what drops it is there or behind.
func passedOn(sources []Source, p *Path, s Compared) {
	if s.Near == nil || !s.Reached {
		return
	}
	if _, x := find(sources, p.Near.File, *s.Near); x != nil && x.Verdict == capture.SYNDropped {
		x.Answer(p.Far.File + " has the SYN too: it is dropped there or behind, by the server's own packet filter for instance")
	}
}

func find(sources []Source, file string, number int) (*capture.Result, *capture.Session) {
	for _, s := range sources {
		if s.Result.File != file {
			continue
		}
		if i := slices.IndexFunc(s.Result.Sessions, func(x capture.Session) bool { return x.Session == number }); i >= 0 {
			return s.Result, &s.Result.Sessions[i]
		}
	}
	return nil, nil
}

// shows is what the other capture shows, as the end of a reason.
var shows = map[capture.Verdict]string{
	capture.SYNDropped:         "that they vanish on the way to the server",
	capture.SYNACKLost:         "that the server answers and the answers vanish on the way back",
	capture.RefusedByMiddlebox: "that the server sent no reset",
	capture.ResetInjected:      "that the reset was not sent by the end that it names",
	capture.MTUBlackhole:       "that these packets vanish on the way",
	capture.BlackholeAfterTCP:  "that these packets vanish on the way",
	capture.IdleDrop:           "that these packets vanish on the way",
}
