package sim

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// Scenario is a cluster at one moment.
type Scenario struct {
	User, Password string
	Nodes          []Node
}

// Node is one machine.
type Node struct {
	Name    string            // host name; the prompt is made of it
	Address string            // in the cluster; the node is reached on loopback all the same
	Answers map[string]string // output of each command that it knows
	Files   []File            // of the SFTP root
	Login   Login             // how one logs in; the zero value takes the scenario's user and password
}

// Login is which proofs a node accepts.
type Login struct {
	Methods        []string // "password", "keyboard-interactive", "publickey"; none: password
	Password       string   // instead of the scenario's
	AuthorizedKeys []ssh.PublicKey
}

// File is one file of a node.
type File struct {
	Name    string
	Content []byte
	ModTime time.Time
}

// Cluster is a running scenario.
type Cluster struct {
	Nodes     []*Server // in the order of the scenario
	listeners sync.WaitGroup
}

// Server is one running node.
type Server struct {
	Node     Node
	Endpoint string // "127.0.0.1:port"
	HostKey  ssh.PublicKey
	listener net.Listener
	config   *ssh.ServerConfig
	mu       sync.Mutex
	conns    map[net.Conn]bool
	reads    []string
}

// Reads are the paths that were opened for reading so far.
func (s *Server) Reads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reads)
}

// Start starts the nodes on free ports of the loopback address, each with a host key made for this run.
func Start(s Scenario) (*Cluster, error) {
	c := &Cluster{}
	for _, n := range s.Nodes {
		server, err := start(s, n)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start node %s: %w", n.Name, err), c.Close())
		}
		c.Nodes = append(c.Nodes, server)
		c.listeners.Go(server.serve)
	}
	return c, nil
}

func start(s Scenario, n Node) (*Server, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, err
	}
	config := serverConfig(s, n.Login)
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Server{Node: n, Endpoint: listener.Addr().String(), HostKey: signer.PublicKey(), listener: listener, config: config, conns: map[net.Conn]bool{}}, nil
}

// Close stops all nodes and waits for them.
func (c *Cluster) Close() error {
	var failed error
	for _, s := range c.Nodes {
		failed = errors.Join(failed, s.listener.Close())
		s.mu.Lock()
		for conn := range s.conns {
			conn.Close()
		}
		s.mu.Unlock()
	}
	c.listeners.Wait()
	return failed
}

// KnownHosts is the content of a known_hosts file for the cluster.
func (c *Cluster) KnownHosts() string {
	var b strings.Builder
	for _, s := range c.Nodes {
		host, port, _ := net.SplitHostPort(s.Endpoint)
		fmt.Fprintf(&b, "[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(s.HostKey))
	}
	return b.String()
}

func (s *Server) serve() {
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		sessions.Go(func() {
			s.handle(conn)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

func (s *Server) handle(conn net.Conn) {
	defer conn.Close()
	c, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	defer c.Close()
	go ssh.DiscardRequests(requests)
	var open sync.WaitGroup
	defer open.Wait()
	for wanted := range channels {
		if wanted.ChannelType() != "session" {
			_ = wanted.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, requests, err := wanted.Accept()
		if err != nil {
			return
		}
		open.Go(func() { s.session(channel, requests) })
	}
}

// session answers the requests of one channel: a terminal with the command line, one command, or SFTP.
func (s *Server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		switch r.Type {
		case "pty-req", "env", "window-change":
			_ = r.Reply(true, nil)
		case "shell":
			_ = r.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			s.commandLine(channel)
			return
		case "exec":
			var command struct{ Text string }
			_ = ssh.Unmarshal(r.Payload, &command)
			_ = r.Reply(true, nil)
			_, _ = io.WriteString(channel, crlf(s.answer(command.Text)))
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			return
		case "subsystem":
			var subsystem struct{ Name string }
			_ = ssh.Unmarshal(r.Payload, &subsystem)
			if subsystem.Name != "sftp" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			server := sftp.NewRequestServer(channel, s.files())
			_ = server.Serve()
			_ = server.Close()
			return
		default:
			_ = r.Reply(false, nil)
		}
	}
}

// commandLine is the MMP prompt: it echoes what is typed, as a terminal does, and answers line by line.
func (s *Server) commandLine(channel ssh.Channel) {
	prompt := s.Node.Name + "> "
	if _, err := io.WriteString(channel, prompt); err != nil {
		return
	}
	var line []byte
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(channel, b); err != nil {
			return
		}
		switch b[0] {
		case '\r', '\n':
			command := strings.TrimSpace(string(line))
			line = line[:0]
			out := "\r\n"
			if command == "exit" || command == "quit" {
				return
			}
			if command != "" {
				out += crlf(s.answer(command))
			}
			if _, err := io.WriteString(channel, out+prompt); err != nil {
				return
			}
		case 3, 4: // Ctrl-C gives a new prompt, Ctrl-D leaves
			if b[0] == 4 {
				return
			}
			line = line[:0]
			if _, err := io.WriteString(channel, "^C\r\n"+prompt); err != nil {
				return
			}
		default:
			if len(line) < 1000 {
				line = append(line, b[0])
			}
			if _, err := channel.Write(b); err != nil {
				return
			}
		}
	}
}

func (s *Server) answer(command string) string {
	if out, known := s.Node.Answers[strings.Join(strings.Fields(command), " ")]; known {
		return out
	}
	return "Unknown command\n"
}

func crlf(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}
