package redact

import (
	"regexp"
	"sync"
)

const (
	// shortHost is the shortest word of a host or user name that is replaced, shortName that of other names: in free text a word of
	// two letters is more often a word of the language.
	shortHost = 2
	shortName = 3
)

// namePlace is where in a text a name stands.
type namePlace struct {
	pattern  *regexp.Regexp
	shortest int
}

// named are the places in text where a name stands, by its first group. A new place is a row here. They are compiled when they are
// first asked for: most commands never do, and it takes as long as starting the program otherwise does.
var named = sync.OnceValue(func() []namePlace {
	return []namePlace{
		{regexp.MustCompile(`([\w.+%-]+@[\w-]+(?:\.[\w-]+)*)`), shortHost},                                                                                             // mail and SIP addresses
		{regexp.MustCompile(`(?i)\b((?:[\w-]+\.)+(?:com|net|org|edu|gov|mil|int|io|biz|info|local|lan|internal|corp|home|intra|test|example|[a-z]{2}))\b`), shortHost}, // domains
		{regexp.MustCompile(`\bUser (\S+) from\b`), shortHost},                                                                                                         // cli: who typed a command
		{regexp.MustCompile(`(?:user|role|database|host|hostname|server|application) "([^"]*)"`), shortHost},                                                           // PostgreSQL and libpq
		{regexp.MustCompile(`\b(?:user|host|dbname|database|application_name)=([^\s',]+)`), shortHost},
		{regexp.MustCompile(`authenticated user name \(([^)]*)\)`), shortHost},
		{regexp.MustCompile(`\)=\(([^)]*)\)`), shortName},                                                               // DETAIL: Key (name)=(value)
		{regexp.MustCompile(`(?:^|\W)'((?:[^']|''){1,400})'`), shortName},                                               // literals in SQL
		{regexp.MustCompile(`(?:\b(?:CN|OU|O|L|ST|DC|UID|emailAddress|DNS|email|URI)\s*[=:]\s*)([^,/\n]+)`), shortName}, // names as OpenSSL and pki print them
		{regexp.MustCompile(`(?i)(?:key|certificate)\s*:\s*(\S+)\.(?:key|cer|crt|pem|der|csr)\b`), shortName},           // file names in a status
		{regexp.MustCompile(`(?m)^\s*(\S+)\.(?:key|cer|crt|pem|der|csr)\s*$`), shortName},                               // pki list
		{regexp.MustCompile(`(?i)<hostname>([^<]*)</hostname>`), shortHost},
		{regexp.MustCompile(`(?i)\bhostname="([^"]*)"`), shortHost},
	}
})

// learnText notes all addresses and names in a text that is going to be kept.
func (r *Redactor) learnText(b []byte) {
	eachAddress(b, r.addresses.learn)
	for _, n := range named() {
		for _, m := range n.pattern.FindAllSubmatch(b, -1) {
			r.words.learn(string(m[1]), n.shortest)
		}
	}
}
