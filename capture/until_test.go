package capture_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"cbdoctor/capture"
)

// listened is a pcapng file of the recording, with nanoseconds, whose statistics block has the given options.
func (c recording) listened(statistics ...[]byte) []byte {
	file := slices.Concat(
		block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff)),
		block(1, words(ethernet, 0), field(9, []byte{9}), field(0, nil)),
	)
	for _, f := range c.frames {
		ns := uint64(f.at.UnixNano())
		file = append(file, block(6, words(0, uint32(ns>>32), uint32(ns), uint32(len(f.data)), uint32(len(f.data))), f.data)...)
	}
	return append(file, block(5, words(0, 0, 0), slices.Concat(statistics...), field(0, nil))...)
}

// clockField is an option whose value is a time of 64 bits, the upper half first.
func clockField(code uint16, ticks uint64) []byte {
	return field(code, words(uint32(ticks>>32), uint32(ticks)))
}

// TestWhenTheCaptureEnded: a fault that ends with the last packet is one where the capture is known to have gone on.
func TestWhenTheCaptureEnded(t *testing.T) {
	t.Parallel()
	const ended, received = 3, 4
	syn, silent := "0 C S\n", opens+"0.02 C PA ssl\n0.03 S A\n"
	at := uint64(sceneStart.Add(8 * time.Second).UnixNano())
	count := func(n uint64) []byte { return field(received, binary.LittleEndian.AppendUint64(nil, n)) }
	for _, v := range []struct {
		name, text string
		statistics [][]byte
		want       capture.Verdict
	}{
		{"nothing says how long the capture went on", syn, nil, capture.Open},
		{"a SYN, and eight seconds of silence", syn, [][]byte{clockField(ended, at)}, capture.SYNDropped},
		{"the same as Dumpcap writes it, in microseconds", syn, [][]byte{clockField(ended, at/1000), count(1)}, capture.SYNDropped},
		{"packets were taken out of the file since", syn, [][]byte{clockField(ended, at), count(2)}, capture.Open},
		{"the capture ended half a second after the SYN", syn, [][]byte{clockField(ended, at-7_500_000_000)}, capture.Open},
		{"a time before the packets", syn, [][]byte{clockField(ended, at-3_600_000_000_000)}, capture.Open},
		{"a server that says nothing", silent, [][]byte{clockField(ended, at)}, capture.ServerSilent},
		{"a handshake that stops", tls12, [][]byte{clockField(ended, at)}, capture.TLSStalled},
		{"a session that rests is no fault", works, [][]byte{clockField(ended, at)}, capture.OK},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := judge(t, v.name, play(t, v.text).listened(v.statistics...))
			if s := r.Sessions[0]; s.Verdict != v.want {
				t.Errorf("%s: %s, want %s", s.Verdict, s.Reason, v.want)
			}
		})
	}
}

// TestOtherTrafficTellsThatTheCaptureWentOn: packets that have nothing to do with the database do.
func TestOtherTrafficTellsThatTheCaptureWentOn(t *testing.T) {
	t.Parallel()
	c := play(t, "0 C S\n")
	other := play(t, "8 C A raw:10\n").frames[0]
	binary.BigEndian.PutUint16(other.data[14+20+2:], 443)
	c.frames = append(c.frames, other)
	if s := c.judge(t).Sessions[0]; s.Verdict != capture.SYNDropped {
		t.Errorf("%s: %s", s.Verdict, s.Reason)
	}
	c.frames[1].data[14+9] = 89 // OSPF
	if s := c.judge(t).Sessions[0]; s.Verdict != capture.SYNDropped {
		t.Errorf("%s: %s", s.Verdict, s.Reason)
	}
}
