package certificate

import (
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "Example Root", nil)
	both := usage(x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth)
	for _, v := range []struct {
		name string
		der  []byte
		side string
		day  int
		want []string
	}{
		{"a good client", ca.leaf(t, "postgres"), ClientSide, 15, nil},
		{"a good server has any name", ca.leaf(t, "db1.example.com"), ServerSide, 15, nil},
		{"after its end", ca.leaf(t, "postgres", to(10)), ClientSide, 15, []string{"cert-expired"}},
		{"in its last second", ca.leaf(t, "postgres", to(15)), ClientSide, 15, nil},
		{"before its start", ca.leaf(t, "postgres", from(20)), ClientSide, 15, []string{"cert-not-yet-valid"}},
		{"in its first second", ca.leaf(t, "postgres", from(15)), ClientSide, 15, nil},
		{"judged at the time of the evidence", ca.leaf(t, "postgres", to(10)), ClientSide, 9, nil},
		{"a client with another name", ca.leaf(t, "postgrest"), ClientSide, 15, []string{"cert-cn-not-postgres"}},
		{"case matters", ca.leaf(t, "Postgres"), ClientSide, 15, []string{"cert-cn-not-postgres"}},
		{"a client with a server's usage", ca.leaf(t, "postgres", usage(x509.ExtKeyUsageServerAuth)), ClientSide, 15, []string{"cert-wrong-usage"}},
		{"a server with a client's usage", ca.leaf(t, "db1", usage(x509.ExtKeyUsageClientAuth)), ServerSide, 15, []string{"cert-wrong-usage"}},
		{"both usages", ca.leaf(t, "postgres", both), ClientSide, 15, nil},
		{"any usage", ca.leaf(t, "db1", usage(x509.ExtKeyUsageAny)), ServerSide, 15, nil},
		{"a short key", ca.sign(t, "db1", smallRSA().Public()), ServerSide, 15, []string{"cert-weak"}},
		{"self-signed", (*authority)(nil).leaf(t, "db1"), ServerSide, 15, []string{"cert-self-signed"}},
		{
			"everything at once, though crypto/x509 refuses it",
			negate(t, ca.sign(t, "cb1", smallRSA().Public(), to(10), usage(x509.ExtKeyUsageServerAuth))), ClientSide, 15,
			[]string{"cert-expired", "cert-cn-not-postgres", "cert-wrong-usage", "cert-weak"},
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			c := Parse(v.der)
			if diff := cmp.Diff(v.want, Judge(&c, v.side, at(v.day))); diff != "" {
				t.Errorf("observations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnOldSignatureIsWeakExceptOnARoot(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct {
		c    Certificate
		want []string
	}{
		"SHA-1":          {Certificate{Key: "RSA 2048", Signature: "SHA1-RSA"}, []string{"cert-weak"}},
		"MD5":            {Certificate{Key: "RSA 4096", Signature: "MD5-RSA"}, []string{"cert-weak"}},
		"ECDSA SHA-1":    {Certificate{Key: "ECDSA P-256", Signature: "ECDSA-SHA1"}, []string{"cert-weak"}},
		"a root's SHA-1": {Certificate{Key: "RSA 2048", Signature: "SHA1-RSA", SelfSigned: true}, []string{"cert-self-signed"}},
		"SHA-256":        {Certificate{Key: "RSA 2048", Signature: "SHA256-RSA"}, nil},
	} {
		if diff := cmp.Diff(v.want, Judge(&v.c, ServerSide, at(15))); diff != "" {
			t.Errorf("%s: observations (-want +got):\n%s", name, diff)
		}
	}
}

func TestJudgeChain(t *testing.T) {
	t.Parallel()
	root := newAuthority(t, "Example Root", nil)
	middle := newAuthority(t, "Example Issuing", root)
	stale := newAuthority(t, "Example Stale", root, to(10))
	other := newAuthority(t, "Other Root", nil)
	namesake := newAuthority(t, "Example Root", nil)
	names := func(list ...*authority) (out []string) {
		for _, a := range list {
			out = append(out, string(a.cert.RawSubject))
		}
		return out
	}
	certs := func(list ...[]byte) (out []*Certificate) {
		for _, der := range list {
			c := Parse(der)
			out = append(out, &c)
		}
		return out
	}
	self := (*authority)(nil).leaf(t, "postgres")
	for _, v := range []struct {
		name  string
		chain [][]byte
		known Known
		want  []string
	}{
		{"nothing is known of what the peer trusts", [][]byte{root.leaf(t, "postgres")}, Known{}, nil},
		{"its issuer is named", [][]byte{root.leaf(t, "postgres")}, Known{Authorities: names(other, root)}, nil},
		{"its issuer is not named", [][]byte{root.leaf(t, "postgres")}, Known{Authorities: names(other)}, []string{"cert-unknown-issuer"}},
		{"the intermediate leads to a named root", [][]byte{middle.leaf(t, "postgres"), middle.der}, Known{Authorities: names(root)}, nil},
		{
			"the intermediate is missing but known",
			[][]byte{middle.leaf(t, "postgres")},
			Known{Authorities: names(root), Seen: certs(middle.der)},
			[]string{"cert-incomplete-chain"},
		},
		{"the intermediate is missing and not known", [][]byte{middle.leaf(t, "postgres")}, Known{Authorities: names(root)}, []string{"cert-unknown-issuer"}},
		{
			"nothing is known of what the peer trusts, and the intermediate was seen elsewhere",
			[][]byte{middle.leaf(t, "postgres")},
			Known{Seen: certs(middle.der)},
			[]string{"cert-incomplete-chain"},
		},
		{"the chain is whole but for its root, which need not be shown", [][]byte{middle.leaf(t, "postgres"), middle.der}, Known{Seen: certs(middle.der)}, nil},
		{"another authority of the intermediate's name", [][]byte{middle.leaf(t, "postgres")}, Known{Seen: certs(newAuthority(t, "Example Issuing", root).der)}, nil},
		{"the issuer is named, and the CA file lacks it", [][]byte{root.leaf(t, "postgres")}, Known{Authorities: names(root), Trusted: certs(other.der)}, []string{"cert-unknown-issuer"}},
		{
			"the CA file has the root, and the intermediate was seen elsewhere",
			[][]byte{middle.leaf(t, "postgres")},
			Known{Trusted: certs(root.der), Seen: certs(middle.der)},
			[]string{"cert-incomplete-chain"},
		},
		{"self-signed", [][]byte{self}, Known{Authorities: names(root)}, []string{"cert-self-signed", "cert-unknown-issuer"}},
		{"self-signed and trusted", [][]byte{self}, Known{Trusted: certs(self)}, []string{"cert-self-signed"}},
		{"the intermediate has expired", [][]byte{stale.leaf(t, "postgres"), stale.der}, Known{}, []string{"cert-expired"}},
		{"it leads to a trusted root", [][]byte{middle.leaf(t, "postgres"), middle.der}, Known{Trusted: certs(root.der)}, nil},
		{"the CA file has the intermediate", [][]byte{middle.leaf(t, "postgres")}, Known{Trusted: certs(root.der, middle.der)}, nil},
		{
			"an intermediate alone is no anchor for OpenSSL",
			[][]byte{middle.leaf(t, "postgres")},
			Known{Trusted: certs(middle.der)},
			[]string{"cert-unknown-issuer"},
		},
		{
			"a root of the same name with another key",
			[][]byte{root.leaf(t, "postgres")},
			Known{Trusted: certs(namesake.der)},
			[]string{"cert-unknown-issuer"},
		},
		{"the root was renewed under its name: both are trusted", [][]byte{root.leaf(t, "postgres")}, Known{Trusted: certs(namesake.der, root.der)}, nil},
		{"a chain in a circle ends", [][]byte{middle.leaf(t, "postgres"), middle.der, middle.der}, Known{Trusted: certs(other.der)}, []string{"cert-unknown-issuer"}},
		{"an issuer that crypto/x509 refuses counts by its name", [][]byte{root.leaf(t, "postgres")}, Known{Trusted: certs(negate(t, root.der))}, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(v.want, JudgeChain(certs(v.chain...), ClientSide, at(15), v.known)); diff != "" {
				t.Errorf("observations (-want +got):\n%s", diff)
			}
		})
	}
}
