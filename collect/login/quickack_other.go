//go:build !linux

package login

import "net"

func acknowledge(net.Conn) {}
