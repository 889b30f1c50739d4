package sim

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"cbdoctor/collect/faulty"
)

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
	cluster  *Cluster
	link     *faulty.Proxy // in front of it; nil: none
	config   *ssh.ServerConfig

	mu     sync.Mutex
	conns  map[net.Conn]bool
	files  []File // those of the scenario and captures made since
	reads  []string
	events []string
	logins int
}

// Reads are the paths that were opened for reading so far.
func (s *Server) Reads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reads)
}

// Events are what happened on the node so far, such as "pcap started".
func (s *Server) Events() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Logins is how often somebody logged in so far.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

func (s *Server) log(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event)
}

// addCapture leaves a new file in the root: a second capture does not take the name of the first.
func (s *Server) addCapture() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := *s.Node.Capture
	if f.ModTime.IsZero() {
		f.ModTime = time.Now()
	}
	suffix := path.Ext(f.Name)
	stem := strings.TrimSuffix(f.Name, suffix)
	for n := 2; slices.ContainsFunc(s.files, func(have File) bool { return have.Name == f.Name }); n++ {
		f.Name = fmt.Sprintf("%s-%d%s", stem, n, suffix)
	}
	s.files = append(s.files, f)
}

// Start starts the nodes on loopback, each with a host key made for this run.
func Start(s Scenario) (*Cluster, error) {
	c := &Cluster{}
	for _, n := range s.Nodes {
		server, err := start(s, n)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start node %s: %w", n.Name, err), c.Close())
		}
		server.cluster = c
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
	address, port := n.Listen, s.Port
	if address == "" {
		address, port = "127.0.0.1", 0
	}
	at := net.JoinHostPort(address, strconv.Itoa(port))
	behind := at
	if n.Link != nil { // what is reached at the address is the bad link
		behind = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", behind)
	if err != nil {
		return nil, err
	}
	files := slices.Clone(n.Files)
	for i := range files {
		if files[i].ModTime.IsZero() {
			files[i].ModTime = time.Now()
		}
	}
	server := &Server{
		Node: n, Endpoint: listener.Addr().String(), HostKey: signer.PublicKey(), listener: listener, config: config,
		conns: map[net.Conn]bool{}, files: files,
	}
	if n.Link != nil {
		if server.link, err = faulty.ListenAt(at, server.Endpoint, func(int) faulty.Link { return *n.Link }); err != nil {
			listener.Close()
			return nil, err
		}
		server.Endpoint = server.link.Addr
	}
	return server, nil
}

// Stop takes the node off the network: its connections end and new ones are refused, until Restart.
func (s *Server) Stop() {
	s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

// Restart brings a node back that was stopped, at the same endpoint.
func (s *Server) Restart() error {
	l, err := net.Listen("tcp", s.listener.Addr().String())
	if err != nil {
		return err
	}
	s.listener = l
	s.cluster.listeners.Go(s.serve)
	return nil
}

// Close stops all nodes and waits for them.
func (c *Cluster) Close() error {
	var failed error
	for _, s := range c.Nodes {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) { // it may be stopped
			failed = errors.Join(failed, err)
		}
		if s.link != nil {
			s.link.Close()
		}
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
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	go ssh.DiscardRequests(requests)
	var open sync.WaitGroup
	defer open.Wait()
	slots := make(chan struct{}, max(s.Node.Faults.Channels, 1))
	for wanted := range channels {
		switch {
		case wanted.ChannelType() == "direct-tcpip": // a jump host
			open.Go(func() { forward(wanted) })
			continue
		case wanted.ChannelType() != "session":
			_ = wanted.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		if s.Node.Faults.Channels > 0 {
			select {
			case slots <- struct{}{}:
			default:
				_ = wanted.Reject(ssh.ResourceShortage, "too many channels")
				continue
			}
		}
		channel, requests, err := wanted.Accept()
		if err != nil {
			return
		}
		open.Go(func() {
			s.session(channel, requests)
			if s.Node.Faults.Channels > 0 {
				<-slots
			}
		})
	}
}

// session answers the requests of one channel: a terminal with the command line, one command, or SFTP.
func (s *Server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		switch {
		case r.Type == "env", r.Type == "window-change", r.Type == "pty-req" && !s.Node.Shell.NoTerminal:
			_ = r.Reply(true, nil)
		case r.Type == "shell" && !s.Node.Shell.NoTerminal:
			_ = r.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			s.commandLine(channel)
			return
		case r.Type == "exec" && !s.Node.Shell.NoExec:
			var command struct{ Text string }
			_ = ssh.Unmarshal(r.Payload, &command)
			_ = r.Reply(true, nil)
			_, _ = channel.Write([]byte(withLineEnd(s.answer(command.Text))))
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			return
		case r.Type == "subsystem" && !s.Node.Faults.NoSFTP && subsystem(r) == "sftp":
			_ = r.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			server := sftp.NewRequestServer(channel, s.handlers())
			_ = server.Serve()
			_ = server.Close()
			return
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func subsystem(r *ssh.Request) string {
	var s struct{ Name string }
	_ = ssh.Unmarshal(r.Payload, &s)
	return s.Name
}
