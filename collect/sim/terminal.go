package sim

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// terminal is the MMP prompt on one channel: it echoes what is typed, as a terminal does, and answers line by line.
type terminal struct {
	server  *Server
	channel ssh.Channel
	typed   chan byte
}

const ctrlC, ctrlD = 3, 4

func (s *Server) commandLine(channel ssh.Channel) {
	t := &terminal{server: s, channel: channel, typed: make(chan byte, 256)}
	go func() {
		defer close(t.typed)
		b := make([]byte, 256)
		for {
			n, err := channel.Read(b)
			for _, c := range b[:n] {
				t.typed <- c
			}
			if err != nil {
				return
			}
		}
	}()
	t.print(s.Node.Shell.Banner)
	t.prompt()
	var line []byte
	for c := range t.typed {
		switch c {
		case '\r', '\n':
			command := strings.Join(strings.Fields(string(line)), " ")
			line = line[:0]
			t.print("\n")
			if command == "exit" || command == "quit" {
				t.leave()
				return
			}
			t.run(command)
			t.prompt()
		case ctrlC:
			line = line[:0]
			t.print("^C\n")
			t.prompt()
		case ctrlD:
			t.leave()
			return
		default:
			if len(line) < 1000 {
				line = append(line, c)
			}
			t.print(string(c))
		}
	}
}

// leave closes the channel, so that the reader of what is typed ends.
func (t *terminal) leave() {
	_ = t.channel.Close()
	for range t.typed { // drained until the reader sees the end
		continue
	}
}

func (t *terminal) print(text string) {
	_, _ = io.WriteString(t.channel, strings.ReplaceAll(text, "\n", "\r\n")) // a broken channel ends the reader too
}

func (t *terminal) prompt() {
	if t.server.Node.Shell.Color {
		t.print("\x1b[1;32m" + t.server.Node.Name + "\x1b[0m> ")
		return
	}
	t.print(t.server.Node.Name + "> ")
}

func (t *terminal) run(command string) {
	node := t.server.Node
	name, _, _ := strings.Cut(command, " ")
	switch {
	case command == "":
	case slices.Contains(node.Faults.Hang, command):
		t.untilCtrlC(nil)
	case command == "syslog follow":
		t.untilCtrlC(node.Follow)
	case name == "pcap" && node.Capture != nil:
		t.server.log("pcap started")
		t.untilCtrlC(nil)
		t.server.log("pcap stopped")
		t.server.addCapture()
	default:
		t.page(withLineEnd(t.server.answer(command)))
	}
}

// page prints and awaits a key each time that the screen is full.
func (t *terminal) page(text string) {
	every := t.server.Node.Shell.Pager
	for i, line := range strings.SplitAfter(text, "\n") {
		if every > 0 && i > 0 && i%every == 0 && line != "" {
			t.print("--More--")
			if _, more := <-t.typed; !more {
				return
			}
			t.print("\r        \r")
		}
		t.print(line)
	}
}

// untilCtrlC prints the lines, each at its time, and returns when Ctrl-C is typed or the channel ends.
func (t *terminal) untilCtrlC(lines []Line) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for _, l := range lines {
			timer := time.NewTimer(l.After)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			t.print(l.Text + "\n")
		}
	}()
	for c := range t.typed {
		if c == ctrlC {
			break
		}
	}
	stop()
	<-printed
	t.print("^C\n")
}

func (s *Server) answer(command string) string {
	if out, known := s.Node.Answers[strings.Join(strings.Fields(command), " ")]; known {
		return out
	}
	return "Unknown command\n"
}

func withLineEnd(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return text + "\n"
	}
	return text
}
