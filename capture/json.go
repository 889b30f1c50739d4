package capture

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"cbdoctor/certificate"
)

// The JSON of a result is written by hand: a large capture lists a hundred thousand sessions, and encoding/json needs eight
// times as long for each. The tags of [Result] and its parts stay the norm: a test compares both for every field.

// WriteJSON writes the result as JSON, each session and each pair on a line of its own.
func (r *Result) WriteJSON(w io.Writer) error {
	return r.writeJSON(w, len(r.Sessions), false, func() func(int) *Session {
		return func(i int) *Session { return &r.Sessions[i] }
	})
}

// MarshalJSON is WriteJSON for results that are part of something else, as in a report.
func (r *Result) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	err := r.WriteJSON(&b)
	return b.Bytes(), err
}

// WriteJSON writes the listing as [Result.WriteJSON] writes a result, and tells sessions as it goes.
func (l *Listing) WriteJSON(w io.Writer) error {
	return l.writeJSON(w, l.Len(), true, func() func(int) *Session {
		t := &teller{listing: l}
		return t.tell
	})
}

// writeJSON writes n sessions of which a teller tells each by its place. Every goroutine gets a teller of its own. fresh: they come
// from here, not from somebody's file.
func (r *Result) writeJSON(w io.Writer, n int, fresh bool, teller func() func(int) *Session) error {
	o := jsonText{}
	o.open('{')
	o.line()
	o.string("file", r.File)
	o.line()
	o.optional("format", r.Format)
	if len(r.LinkTypes) > 0 {
		o.strings("link_types", r.LinkTypes)
	}
	o.line()
	o.number("packets", r.Packets)
	o.number("port_packets", r.PortPackets)
	o.line()
	o.optionalTime("first", r.First)
	o.optionalTime("last", r.Last)
	o.line()
	o.optional("problem", r.Problem)
	o.optional("left_out", r.LeftOut)
	if r.Notes != nil {
		o.line()
		o.any("notes", r.Notes)
	}
	o.line()
	o.key("sessions")
	o.open('[')
	if _, err := w.Write(o.b); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if err := writeBlocks(w, n, fresh, teller); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	o.b = o.b[:0]
	o.close(']')
	o.line()
	o.key("pairs")
	o.open('[')
	for i := range r.Pairs {
		o.line()
		o.next()
		o.pair(&r.Pairs[i])
	}
	o.close(']')
	o.close('}')
	if _, err := w.Write(append(o.b, '\n')); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// sessionBlock is how many sessions are written at a time.
const sessionBlock = 128

// writeBlocks writes the lines of n sessions, made by all cores, in order.
func writeBlocks(w io.Writer, n int, fresh bool, teller func() func(int) *Session) error {
	blocks := (n + sessionBlock - 1) / sessionBlock
	workers := min(runtime.GOMAXPROCS(0), blocks)
	made := make([]chan []byte, 2*workers) // block i is handed over in made[i%len(made)], and its memory comes back through spare[i%len(made)]
	spare := make([]chan []byte, len(made))
	for i := range made {
		made[i], spare[i] = make(chan []byte, 1), make(chan []byte, 1)
		spare[i] <- nil
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	for first := range workers {
		running.Go(func() {
			tell := teller()
			for block := first; block < blocks; block += workers {
				o := jsonText{fresh: fresh}
				select {
				case o.b = <-spare[block%len(made)]:
				case <-stop:
					return
				}
				o.b, o.comma = o.b[:0], block > 0
				for i := block * sessionBlock; i < min(n, (block+1)*sessionBlock); i++ {
					o.line()
					o.next()
					o.session(tell(i))
				}
				made[block%len(made)] <- o.b
			}
		})
	}
	defer running.Wait()
	defer close(stop)
	for block := range blocks {
		text := <-made[block%len(made)]
		if _, err := w.Write(text); err != nil {
			return err
		}
		spare[block%len(made)] <- text
	}
	return nil
}

func (o *jsonText) session(s *Session) {
	o.open('{')
	o.number("session", int64(s.Session))
	o.plain("client", s.Client)
	o.plain("server", s.Server)
	o.plain("verdict", string(s.Verdict))
	o.plain("confidence", string(s.Confidence))
	o.string("reason", s.Reason)
	o.optional("next_capture", s.NextCapture)
	o.strings("observations", s.Observations)
	o.frames("evidence", s.Evidence)
	o.plain("filter", s.Filter)
	o.optional("history", s.History)
	o.number("first_frame", s.FirstFrame)
	o.number("last_frame", s.LastFrame)
	o.time("first", s.First)
	o.time("last", s.Last)
	if s.RTTMillis != 0 {
		o.key("rtt_ms")
		o.b = strconv.AppendFloat(o.b, s.RTTMillis, 'f', -1, 64)
	}
	o.number("bytes_client", s.BytesClient)
	o.number("bytes_server", s.BytesServer)
	if s.ICMP != nil {
		o.any("icmp", s.ICMP)
	}
	if s.TLS != nil {
		o.key("tls")
		o.tls(s.TLS)
	}
	if p := s.Postgres; p != nil {
		o.key("postgres")
		o.open('{')
		o.optional("ssl_reply", p.SSLReply)
		o.optional("user", p.User)
		o.optional("database", p.Database)
		o.optional("application_name", p.ApplicationName)
		o.optional("sqlstate", p.SQLState)
		o.optional("message", p.Message)
		o.close('}')
	}
	if c := s.Certificates; c != nil {
		o.key("certificates")
		o.open('{')
		o.chain("client", c.Client)
		o.chain("server", c.Server)
		o.close('}')
	}
	o.close('}')
}

func (o *jsonText) tls(t *TLS) {
	o.open('{')
	o.optional("version", t.Version)
	o.optional("cipher", t.Cipher)
	o.optional("sni", t.SNI)
	if a := t.Alert; a != nil {
		o.key("alert")
		o.open('{')
		o.number("frame", a.Frame)
		o.string("sender", a.Sender)
		o.string("level", a.Level)
		o.number("code", int64(a.Code))
		o.string("name", a.Name)
		o.optional("stage", a.Stage)
		o.close('}')
	}
	o.bool("mutual", t.Mutual)
	o.close('}')
}

func (o *jsonText) chain(name string, chain []certificate.Certificate) {
	if len(chain) == 0 {
		return
	}
	o.key(name)
	o.open('[')
	for i := range chain {
		c := &chain[i]
		o.next()
		o.open('{')
		o.string("subject_cn", c.SubjectCN)
		o.string("issuer_cn", c.IssuerCN)
		o.optional("subject", c.Subject)
		o.optional("issuer", c.Issuer)
		o.string("serial", c.Serial)
		o.time("not_before", c.NotBefore)
		o.time("not_after", c.NotAfter)
		o.string("key", c.Key)
		o.string("signature", c.Signature)
		o.strings("eku", c.EKU)
		if c.IsCA {
			o.bool("is_ca", true)
		}
		o.bool("self_signed", c.SelfSigned)
		o.string("sha256", c.SHA256)
		o.optional("malformed", c.Malformed)
		o.close('}')
	}
	o.close(']')
}

func (o *jsonText) pair(p *Pair) {
	o.open('{')
	o.string("client", p.Client)
	o.string("server", p.Server)
	o.number("port", int64(p.Port))
	o.string("verdict", string(p.Verdict))
	o.string("confidence", string(p.Confidence))
	o.bool("intermittent", p.Intermittent)
	o.number("changes", int64(p.Changes))
	o.key("sessions")
	o.open('{')
	for _, v := range slices.Sorted(maps.Keys(p.Sessions)) {
		o.entry(string(v))
		o.b = strconv.AppendInt(o.b, p.Sessions[v], 10)
	}
	o.close('}')
	o.time("first", p.First)
	o.time("last", p.Last)
	o.key("spans")
	o.open('{')
	for _, v := range slices.Sorted(maps.Keys(p.Spans)) {
		o.entry(string(v))
		o.open('{')
		o.time("first", p.Spans[v].First)
		o.time("last", p.Spans[v].Last)
		o.close('}')
	}
	o.close('}')
	if len(p.Observations) > 0 {
		o.key("observations")
		o.open('{')
		for _, name := range slices.Sorted(maps.Keys(p.Observations)) {
			o.entry(name)
			o.b = strconv.AppendInt(o.b, p.Observations[name], 10)
		}
		o.close('}')
	}
	o.number("decisive", int64(p.Decisive))
	o.close('}')
}
