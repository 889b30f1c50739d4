package collect

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Secret says where a password is. It never holds one, so that it can be written, printed and compared.
type Secret struct {
	Env     string `yaml:"env"`     // environment variable
	File    string `yaml:"file"`    // its first line
	Command string `yaml:"command"` // first line of what a shell command prints, such as "pass show cms"
	FD      int    `yaml:"-"`       // file descriptor; its first line, read once
	written bool   // a password stood in its place
}

// UnmarshalYAML takes no password that was written in place of where it is, and remembers that there was one.
func (s *Secret) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Secret // without this method
	if err := unmarshal((*plain)(s)); err != nil {
		var word string
		if unmarshal(&word) == nil {
			*s = Secret{written: true}
			return nil
		}
		return err
	}
	return nil
}

func (s Secret) check() error {
	if s.written {
		return errors.New(`a password does not belong in this file: say where it is, as {env: NAME}, {file: PATH} or {command: "..."}`)
	}
	given := 0
	for _, where := range []string{s.Env, s.File, s.Command} {
		if where != "" {
			given++
		}
	}
	if given > 1 {
		return errors.New("password: one of env, file and command is enough")
	}
	return nil
}

// Read fetches the password. The node is told to a command as CBDOCTOR_NODE.
func (s Secret) Read(node string) (string, error) {
	switch {
	case s.Env != "":
		v, set := os.LookupEnv(s.Env)
		if !set {
			return "", fmt.Errorf("the password should be in the environment variable %s, which is not set", s.Env)
		}
		return v, nil
	case s.File != "":
		f, err := os.Open(s.File)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		defer f.Close()
		return firstLine(f)
	case s.FD != 0:
		f := os.NewFile(uintptr(s.FD), "password")
		if f == nil {
			return "", fmt.Errorf("read the password: %d is no open file descriptor", s.FD)
		}
		defer f.Close()
		return firstLine(f)
	case s.Command != "":
		return s.run(node)
	}
	return "", errors.New("nobody said where the password is")
}

func (s Secret) run(node string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", s.Command)
	cmd.Env = append(os.Environ(), "CBDOCTOR_NODE="+node)
	cmd.Stderr = os.Stderr // where it asks for a PIN
	cmd.Stdin = os.Stdin
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("the password command failed: %w", err) // its output may be a secret
	}
	return firstLine(strings.NewReader(string(out)))
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("read the password: there is none")
	}
	return line, nil
}
