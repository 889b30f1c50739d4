package main

import (
	"testing"

	"cbdoctor/fixtures/bigpcap"
)

func TestWrongCountsAreTold(t *testing.T) {
	t.Parallel()
	truth := &bigpcap.Truth{Packets: 9, PortPackets: 5, Sessions: map[string]int64{"ok": 3, "refused": 1}}
	for report, want := range map[string]string{
		`{"packets":9,"port_packets":5,"pairs":[{"sessions":{"ok":1}},{"sessions":{"ok":2,"refused":1}}]}`:                                  "",
		`{"schema":"x","captures":[{"packets":9,"port_packets":5,"pairs":[{"sessions":{"ok":3,"refused":1}}]}]}`:                            "",
		`{"packets":8,"port_packets":5,"pairs":[{"sessions":{"ok":3,"refused":1}}]}`:                                                        "8 packets, 5 of the port instead of 9 and 5",
		`{"packets":9,"port_packets":5,"pairs":[{"sessions":{"ok":3}}]}`:                                                                    "sessions map[ok:3] instead of map[ok:3 refused:1]",
		`{"captures":[{"packets":9,"port_packets":5,"pairs":[]}],"packets":9,"port_packets":5,"pairs":[{"sessions":{"ok":3,"refused":1}}]}`: "sessions map[] instead of map[ok:3 refused:1]",
	} {
		if got := differs(truth, []byte(report)); got != want {
			t.Errorf("%s: %q, want %q", report, got, want)
		}
	}
}
