package sim

import (
	"io"
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"
)

// forward connects a direct-tcpip channel (RFC 4254 section 7.2), so that a simulated node can be a jump host too. It reaches
// loopback addresses alone.
func forward(wanted ssh.NewChannel) {
	var target struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(wanted.ExtraData(), &target); err != nil {
		_ = wanted.Reject(ssh.ConnectionFailed, "not understood")
		return
	}
	if ip := net.ParseIP(target.Host); ip == nil || !ip.IsLoopback() {
		_ = wanted.Reject(ssh.Prohibited, "only loopback addresses")
		return
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(target.Host, strconv.Itoa(int(target.Port))))
	if err != nil {
		_ = wanted.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := wanted.Accept()
	if err != nil {
		conn.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(conn, channel); conn.Close() })
	both.Go(func() { _, _ = io.Copy(channel, conn); channel.Close() })
	both.Wait()
}
