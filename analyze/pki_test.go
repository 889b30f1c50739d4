package analyze_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// ca is a certificate authority made for a test.
type ca struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newCA(t *testing.T, name string) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &ca{t, key, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
	}}
}

// issue makes a certificate that ends on a day, in PEM; without a name, that of the CA itself.
func (c *ca) issue(name, notAfter string, usage ...x509.ExtKeyUsage) string {
	c.t.Helper()
	template := *c.cert
	if name != "" {
		end, err := time.Parse(time.DateOnly, notAfter)
		if err != nil {
			c.t.Fatal(err)
		}
		template = x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: end.AddDate(-1, 0, 0), NotAfter: end, ExtKeyUsage: usage}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, c.cert, c.key.Public(), c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// The log gives the time at which the certificates are judged.
const logOf2025 = "2025-03-05T16:50:25.736 user.info cms03 host:server: INFO : nothing\n"

// Certificates in a bundle are judged as those of a capture; which ones belong to the database is told by the status.
func TestCertificatesOnDisk(t *testing.T) {
	t.Parallel()
	own, other := newCA(t, "Root CA"), newCA(t, "Other CA")
	good := own.issue("postgres", "2026-01-01", x509.ExtKeyUsageClientAuth)
	for name, c := range map[string]struct {
		files map[string]string
		want  string // "side file: problems" of each certificate that has some
	}{
		"all fine":                  {map[string]string{"dbclusterclient.cer": good, "vngtpRootca.cer": own.issue("", "")}, ""},
		"expired":                   {map[string]string{"dbclusterclient.cer": own.issue("postgres", "2025-03-01")}, "client dbclusterclient.cer: cert-expired"},
		"not yet valid":             {map[string]string{"dbclusterserver.cer": own.issue("cms03", "2027-03-01")}, "server dbclusterserver.cer: cert-not-yet-valid"},
		"wrong name":                {map[string]string{"dbclusterclient.cer": own.issue("postgrest", "2026-01-01")}, "client dbclusterclient.cer: cert-cn-not-postgres"},
		"wrong usage":               {map[string]string{"dbclusterclient.cer": own.issue("postgres", "2026-01-01", x509.ExtKeyUsageServerAuth)}, "client dbclusterclient.cer: cert-wrong-usage"},
		"of another CA":             {map[string]string{"dbclusterclient.cer": other.issue("postgres", "2026-01-01"), "vngtpRootca.cer": own.issue("", "")}, "client dbclusterclient.cer: cert-unknown-issuer"},
		"not used by the database":  {map[string]string{"webadmin.cer": own.issue("web", "2025-03-01"), "dbclusterclient.cer": good}, ""},
		"in DER, by another letter": {map[string]string{"DBclusterClient.CER": der(t, own.issue("postgres", "2025-03-01"))}, "client DBclusterClient.CER: cert-expired"},
		"behind Windows newlines":   {map[string]string{"dbclusterclient.cer": strings.ReplaceAll(own.issue("postgres", "2025-03-01"), "\n", "\r\n")}, "client dbclusterclient.cer: cert-expired"},
		"called expired by the status": {map[string]string{
			"status.txt": strings.Replace(newWords, "dbclusterclient.cer", "dbclusterclient.cer (Expired)", 1),
		}, "client dbclusterclient.cer: cert-expired"},
		"inspected in a terminal": {map[string]string{
			"pki.txt": "cms03> pki inspect dbclusterclient.cer\nChecking ssh public keys...not found\nCertificate:\n    Data:\n        Issuer: CN = Root CA\n            Not Before: Mar  1 00:00:00 2024 GMT\n            Not After : Mar  1 00:00:00 2025 GMT\n        Subject: CN = postgres\ncms03> \n",
		}, "client dbclusterclient.cer: cert-expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"cms03/log": logOf2025, "cms03/status.txt": newWords}
			for file, text := range c.files {
				files["cms03/"+file] = text
			}
			set := run(t, files)
			var got []string
			for _, x := range set.Certificates {
				if x.Node != "10.48.36.182" {
					t.Errorf("%s belongs to %q", x.File, x.Node)
				}
				if len(x.Problems) > 0 {
					got = append(got, x.Side+" "+x.File+": "+strings.Join(x.Problems, " "))
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func der(t *testing.T, text string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	return string(block.Bytes)
}

// Keys are named as a risk, and nothing of them gets into a fact.
func TestPrivateKeysAreNotRead(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	set := run(t, map[string]string{
		"cms03/log": logOf2025, "cms03/a.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})), "cms03/b.key": string(b),
	})
	keys := 0
	for _, in := range set.Inputs {
		if in.Kind == "private-key" && strings.Contains(in.Problem, "private key") {
			keys++
		}
	}
	if keys != 2 || len(set.Certificates) != 0 {
		t.Errorf("%d keys named in %+v", keys, set.Inputs)
	}
}

// A session of one terminal on three nodes gives each node its own.
func TestTranscriptOfSeveralNodes(t *testing.T) {
	t.Parallel()
	set := run(t, map[string]string{"session.txt": "cms01> version\n3.9.1\ncms01> ipv4 a\nIPv4 configuration:\n    address         10.48.36.61\ncms01> exit\n" +
		"cms03> database cluster status\n" + newWords + "cms03> version\n3.8.2\ncms03> license\nFeature: callbridge status: Activated\ncms03> \n"})
	versions := map[string]string{}
	for _, n := range set.Nodes {
		versions[n.Address] = n.Name + " " + n.Version
	}
	if versions["10.48.36.61"] != "cms01 3.9.1" || versions["10.48.36.182"] != "cms03 3.8.2" {
		t.Errorf("%v", versions)
	}
	if len(set.Statuses) != 1 || set.Statuses[0].Node != "10.48.36.182" {
		t.Errorf("%+v", set.Statuses)
	}
	if set.Lines.Seen != set.Lines.Recognised {
		t.Errorf("%d of %d lines recognised, first unknown %+v", set.Lines.Recognised, set.Lines.Seen, set.Lines.Unknown)
	}
}
