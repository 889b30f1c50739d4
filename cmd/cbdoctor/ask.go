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

// onTerminal reports whether somebody can be asked: who redirects the messages to a file still sits at a terminal.
func onTerminal() bool {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return false
	}
	tty, err := promptTo(os.Stderr)
	if err == nil && tty != os.Stderr {
		tty.Close()
	}
	return err == nil
}

// promptTo is where questions are seen: the messages, or the terminal itself where those go somewhere else.
func promptTo(messages *os.File) (*os.File, error) {
	if term.IsTerminal(int(messages.Fd())) {
		return messages, nil
	}
	return os.OpenFile("/dev/tty", os.O_WRONLY, 0)
}

// asking is the user at the terminal, who can answer one question at a time. There is one for the whole program: the nodes ask from
// several goroutines.
type asking struct {
	cmd *cobra.Command
	// aside takes off the terminal what else is drawn on it, until resume is called; nil: nothing is
	aside func() (resume func())

	mu sync.Mutex
}

// ask prints a prompt and waits for a line, or for the end of the program: then the reading goroutine is left to the end of the
// process, since nothing wakes it. In any case the terminal is as it was before.
func (a *asking) ask(prompt string, hidden bool) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ctx, out := a.cmd.Context(), a.cmd.ErrOrStderr()
	if messages, ok := out.(*os.File); ok {
		if tty, err := promptTo(messages); err == nil && tty != messages {
			defer tty.Close()
			out = tty
		}
	}
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
	read := func() (string, error) { return readLine(a.cmd.InOrStdin()), nil }
	if hidden && !terminal.EchoOff(stdin) { // before the prompt: who sees it may type
		read = func() (string, error) {
			b, err := term.ReadPassword(stdin)
			return string(b), err
		}
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
	answer, err := a.ask(prompt, true)
	if err != nil {
		return "", fmt.Errorf("ask for a password: %w", err)
	}
	return answer, nil
}

func (a *asking) line(prompt string) (string, error) {
	answer, err := a.ask(prompt, false)
	return strings.TrimSpace(answer), err
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
	return strings.TrimSuffix(string(line), "\r")
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
