package tlskeys

import (
	"strings"
	"testing"
)

// FuzzLog: whatever a key log holds, reading it ends, and what was taken opens no record that is not authentic.
func FuzzLog(f *testing.F) {
	random, secret := strings.Repeat("00", 32), strings.Repeat("cd", 48)
	f.Add([]byte("CLIENT_RANDOM "+random+" "+secret+"\n"), uint16(version12), uint16(0xc02f), uint8(23), []byte("0123456789abcdef0123456789abcdef"))
	f.Add([]byte("CLIENT_RANDOM "+random+" "+secret+"\n"), uint16(version12), uint16(0xc027), uint8(22), make([]byte, 64))
	f.Add([]byte("SERVER_TRAFFIC_SECRET_0 "+random+" "+secret+"\n"), uint16(version13), uint16(0x1302), uint8(23), make([]byte, 40))
	f.Fuzz(func(t *testing.T, keys []byte, version, cipher uint16, kind uint8, body []byte) {
		var log Log
		log.Add(keys)
		for _, encryptThenMAC := range []bool{false, true} {
			s := log.Session(Random{}, Random{}, version, cipher, encryptThenMAC)
			if s == nil {
				continue
			}
			for side := range 2 {
				if _, plain, ok := s.Open(side, kind, body); ok {
					t.Errorf("a record by chance was opened: %q", plain)
				}
			}
		}
	})
}
