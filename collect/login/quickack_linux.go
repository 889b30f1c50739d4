package login

import (
	"net"

	"golang.org/x/sys/unix"
)

// acknowledge has what was read acknowledged at once.
func acknowledge(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok { // through a jump host
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) }) // a hint
	}
}
