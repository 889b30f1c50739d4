package redact

// Redactor replaces values. It is made by [Run] and knows all values of the material before the first is replaced.
type Redactor struct {
	key       []byte
	addresses *addresses
	words     *words
	certs     *certificates
	shift     shift
}

func newRedactor(key []byte) *Redactor {
	return &Redactor{key: key, addresses: newAddresses(key), words: newWords(key), certs: newCertificates()}
}

// settle ends the learning.
func (r *Redactor) settle() {
	r.addresses.settle()
	r.words.settle()
}
