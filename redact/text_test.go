package redact

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func newTest(names ...string) *Redactor {
	r := newRedactor([]byte("a key for tests"))
	for _, a := range []string{"10.48.36.61", "10.48.36.118", "10.48.54.206", "192.168.7.9", "172.16.3.4", "203.0.113.77", "2001:db8::1:61", "fe80::250:56ff:febc:fc7d"} {
		r.addresses.learn(netip.MustParseAddr(a))
	}
	for _, n := range names {
		r.words.learn(n, 2)
	}
	r.settle()
	return r
}

func TestTextKeepsItsShape(t *testing.T) {
	r := newTest("cms-02", "alice.smith@example.com", "DBMaster")
	for _, text := range []string{
		"Health check 10.48.36.61: error", "10.48.36.118:41003 to [2001:db8::1:61]:5432", "macaddress 00:50:56:BC:FC:7D via 0050.56bc.fc7d",
		"sip:alice.smith@example.com", "cms-02> version", "DBMASTER dbmaster DBMaster", "host cms-02.example.com and myexample2", "日本",
	} {
		got := r.String(text)
		if len(got) != len(text) {
			t.Errorf("%q became %q: another length", text, got)
		}
		if got == text {
			t.Errorf("%q stayed as it is", text)
		}
	}
	for _, text := range []string{
		"Mar 30 12:39:04.123 local0.warning", "1.3.6.1.5.5.7.3.2", "CiscoSSL 1.0.1u.4.13.322-fips", "prefixlen 24, mask 255.255.255.0, 0.0.0.0/0, 127.0.0.1:9899, ::1",
		"Connected Replica ( In Sync )", "0/3000000 on timeline 1", "2024-03-05T16:50:25.736", "ff:ff:ff:ff:ff:ff",
	} {
		if got := r.String(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if a, b := r.String("DBMaster"), r.String("dbmaster"); a == b || !strings.EqualFold(a, b) {
		t.Errorf("the case is not kept: %q, %q", a, b)
	}
}

// Two addresses share as many octets after as before; a stand-in is never an address of the material; texts and numbers agree.
func TestAddressesKeepTheirSubnets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []netip.Addr
		for range rapid.IntRange(2, 40).Draw(t, "addresses") {
			b := [4]byte{rapid.SampledFrom([]byte{10, 172, 192, 8, 77, 120, 203}).Draw(t, "a"), rapid.SampledFrom([]byte{16, 168, 48, 5, 200}).Draw(t, "b"), rapid.ByteRange(0, 255).Draw(t, "c"), rapid.ByteRange(1, 254).Draw(t, "d")}
			list = append(list, netip.AddrFrom4(b))
		}
		a := newAddresses([]byte(rapid.String().Draw(t, "key")))
		for _, ip := range list {
			a.learn(ip)
		}
		for _, x := range list {
			for _, y := range list {
				if before, after := common(x, y), common(a.ip(x), a.ip(y)); before != after {
					t.Fatalf("%s and %s share %d octets, their stand-ins %s and %s share %d", x, y, before, a.ip(x), a.ip(y), after)
				}
			}
			if a.real[a.ip(x)] {
				t.Fatalf("the stand-in %s of %s is an address of the material", a.ip(x), x)
			}
			if len(x.String()) != len(a.ip(x).String()) || x.IsPrivate() != a.ip(x).IsPrivate() {
				t.Fatalf("%s became %s", x, a.ip(x))
			}
		}
	})
}

func common(x, y netip.Addr) (n int) {
	a, b := x.As4(), y.As4()
	for n < 4 && a[n] == b[n] {
		n++
	}
	return n
}

func TestIPv6TextAndNumberAgree(t *testing.T) {
	r := newTest()
	for _, text := range []string{"2001:db8::1:61", "fe80::250:56ff:febc:fc7d", "2001:0db8:0000:0000:0000:0000:0001:0061", "2001:DB8:0:0:0:0:1:61"} {
		got, err := netip.ParseAddr(r.String(text))
		if want := r.addresses.ip(netip.MustParseAddr(text)); err != nil || got != want {
			t.Errorf("%s became %s (%v), its number %s", text, r.String(text), err, want)
		}
	}
}

func FuzzText(f *testing.F) {
	r := newTest("cms-02", "example.com")
	for _, s := range []string{"10.48.36.61:5432", "::", "a:b::c:", "1.2.3.4.5", "0050.56bc.fc7d", "cms-02_x", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := r.String(s); len(got) != len(s) {
			t.Fatalf("%q became %q: another length", s, got)
		}
	})
}
