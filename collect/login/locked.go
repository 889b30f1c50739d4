package login

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"
)

// locked is an encrypted private key. Its passphrase is asked for when a host takes the key and the agent does not have it, as OpenSSH does.
type locked struct {
	file   string
	public ssh.PublicKey // nil: not known before it is opened
	open   func() (ssh.Signer, error)
}

// newLocked is the key of an encrypted file, whose public half stands in it or beside it, if anywhere.
func newLocked(file string, b []byte, missing *ssh.PassphraseMissingError, ask func(file string) (string, error)) *locked {
	public := missing.PublicKey
	if public == nil {
		text, _ := os.ReadFile(file + ".pub")
		public, _, _, _, _ = ssh.ParseAuthorizedKey(text)
	}
	return &locked{file, public, sync.OnceValues(func() (ssh.Signer, error) {
		if ask == nil {
			return nil, missing
		}
		phrase, err := ask(file)
		if err != nil {
			return nil, err
		}
		return ssh.ParsePrivateKeyWithPassphrase(b, []byte(phrase))
	})}
}

// PublicKey implements ssh.Signer.
func (l *locked) PublicKey() ssh.PublicKey { return l.public }

// Sign implements ssh.Signer.
func (l *locked) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return l.SignWithAlgorithm(rand, data, "")
}

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (l *locked) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s, err := l.open()
	if err != nil {
		return nil, err
	}
	if a, ok := s.(ssh.AlgorithmSigner); ok {
		return a.SignWithAlgorithm(rand, data, algorithm)
	}
	return nil, errors.New("the key can't sign")
}

// sameKey reports whether two signers are of one key.
func sameKey(a, b ssh.Signer) bool {
	return bytes.Equal(a.PublicKey().Marshal(), b.PublicKey().Marshal())
}
