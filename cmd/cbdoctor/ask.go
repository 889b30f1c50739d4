package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cbdoctor/terminal"
)

// onTerminal reports whether somebody can be asked.
func onTerminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// asking is the user at the terminal, who can answer one question at a time. There is one for the whole program: the nodes ask from
// several goroutines.
type asking struct {
	cmd *cobra.Command
	// aside takes off the terminal what else is drawn on it, until resume is called; nil: nothing is
	aside func() (resume func())

	mu sync.Mutex
}

// ask prints a prompt and waits for what read brings, or for the end of the program: then the reading goroutine is left to the end of the
// process, since nothing wakes it. In any case the terminal is as it was before.
func (a *asking) ask(prompt string, hidden bool, read func() (string, error)) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ctx, out := a.cmd.Context(), a.cmd.ErrOrStderr()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if a.aside != nil {
		defer a.aside()()
	}
	stdin, prompt := int(os.Stdin.Fd()), printable(prompt)
	if before, err := term.GetState(stdin); err == nil {
		defer func() { _ = term.Restore(stdin, before) }() // a terminal that is gone needs none
	}
	if hidden { // before the prompt: who sees it may type
		terminal.EchoOff(stdin)
	}
	fmt.Fprint(out, prompt)
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		if hidden {
			fmt.Fprintln(out) // that of the answer was not shown
		}
		return got.text, got.err
	case <-ctx.Done():
		fmt.Fprintln(out)
		return "", context.Cause(ctx)
	}
}

// secret is an answer that is not shown while it is typed.
func (a *asking) secret(prompt string) (string, error) {
	return a.ask(prompt, true, func() (string, error) {
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		if err != nil {
			return "", fmt.Errorf("read from the terminal: %w", err)
		}
		return string(b), nil
	})
}

func (a *asking) line(prompt string) (string, error) {
	return a.ask(prompt, false, func() (string, error) { return readLine(a.cmd.InOrStdin()), nil })
}

// readLine reads to the line end and not beyond it, so that the next question finds its answer.
func readLine(r io.Reader) string {
	var line []byte
	b := make([]byte, 1)
	for len(line) < 1000 {
		if n, err := r.Read(b); n == 0 || err != nil || b[0] == '\n' {
			break
		}
		line = append(line, b[0])
	}
	return strings.TrimSpace(string(line))
}

// answer is to a question of the node's own (RFC 4256).
func (a *asking) answer(question string, echo bool) (string, error) {
	if echo {
		return a.line(question + " ")
	}
	return a.secret(question + " ")
}

// confirm asks about an unknown host key, as OpenSSH does: what is neither yes, no nor the fingerprint is asked about again.
func (a *asking) confirm(host, kind, fingerprint string) bool {
	prompt := fmt.Sprintf("the host key of %s is not known here:\n  %s %s\ncompare it with the node's console; is it right, and to be remembered? [yes/no/fingerprint] ", host, kind, fingerprint)
	for {
		answer, err := a.line(prompt)
		switch {
		case err != nil, answer == "", strings.EqualFold(answer, "no"):
			return false
		case strings.EqualFold(answer, "yes"), answer == fingerprint:
			return true
		}
		prompt = `please write "yes", "no" or the fingerprint: `
	}
}

// yes asks a question whose answer is no unless it is yes.
func (a *asking) yes(question string) bool {
	answer, err := a.line(question + " [y/N] ")
	answer = strings.ToLower(answer)
	return err == nil && (answer == "y" || answer == "yes")
}

// passwords are those that were typed: the first one is for all nodes, and each further one for those that refuse the ones before.
type passwords struct {
	asking *asking
	mu     sync.Mutex
	typed  []string
	given  map[string]int // by node: which of them it got last
}

// of is the first password, or the one that the node got last.
func (p *passwords) of(node string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nth(node, p.given[node], "password for "+node+" (and the other nodes): ")
}

// again is the next password for a node that refused the one it got.
func (p *passwords) again(node string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nth(node, p.given[node]+1, node+" refused the password; another one (empty: give up): ")
}

func (p *passwords) nth(node string, i int, prompt string) (string, error) {
	if i == len(p.typed) {
		typed, err := p.asking.secret(prompt)
		if err != nil {
			return "", err
		}
		if typed == "" && i > 0 {
			return "", errors.New("the password was refused")
		}
		p.typed = append(p.typed, typed)
	}
	p.given[node] = i
	return p.typed[i], nil
}

// remembered asks once for each node or file.
func remembered(ask func(string) (string, error)) func(string) (string, error) {
	var mu sync.Mutex
	known := map[string]string{}
	return func(of string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if s, have := known[of]; have {
			return s, nil
		}
		s, err := ask(of)
		if err == nil {
			known[of] = s
		}
		return s, err
	}
}
