//go:build linux && !libpcap

package tap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"cbdoctor/capture/packet"
)

// socket is a packet socket (packet(7)).
type socket struct {
	fd      int
	link    packet.LinkType
	frame   []byte
	control []byte // room for the time at which the kernel saw the frame
}

// frameRoom is more than any frame: segments that the network card will cut, or has joined, have up to 64 KiB and more (BIG TCP).
const frameRoom = 256 << 10

func open(name string) ([]handle, error) {
	if name != "any" {
		h, err := openOne(name)
		if err != nil {
			return nil, err
		}
		return []handle{h}, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var open []handle
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		h, err := openOne(i.Name)
		if errors.Is(err, ErrNotSupported) {
			continue // a kind of link that is not known here
		}
		if err != nil {
			for _, h := range open {
				h.Close()
			}
			return nil, err
		}
		open = append(open, h)
	}
	return open, nil
}

func openOne(name string) (*socket, error) {
	intf, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("open interface %s: %w; there are %s", name, err, strings.Join(names(), ", "))
	}
	link, err := linkOf(name)
	if err != nil {
		return nil, err
	}
	s, err := newSocket(intf, link)
	if err != nil {
		return nil, fmt.Errorf("open interface %s: packet socket: %w", name, err)
	}
	return s, nil
}

// wait is how long a read waits for a frame, so that a listener without traffic ends too.
var wait = unix.NsecToTimeval(int64(200 * time.Millisecond))

// newSocket listens to all that an interface receives and sends.
func newSocket(intf *net.Interface, link packet.LinkType) (*socket, error) {
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL)) // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)            // of no protocol until it is bound: nothing of other interfaces comes in
	if err != nil {
		return nil, err
	}
	s := &socket{fd, link, make([]byte, frameRoom), make([]byte, unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))))}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if err == nil {
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
	}
	switch loopback := intf.Flags&net.FlagLoopback != 0; {
	case err != nil:
	case loopback:
		err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(incomingOnly)), Filter: &incomingOnly[0]})
	default:
		err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(intf.Index), Type: unix.PACKET_MR_PROMISC})
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: intf.Index})
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// incomingOnly drops what a loopback interface sends, for it receives the same frame: "ld #type; jeq #4, drop" (linux/filter.h,
// linux/if_packet.h: PACKET_OUTGOING).
var incomingOnly = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 0xfffff004}, // SKF_AD_OFF + SKF_AD_PKTTYPE
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 4, Jt: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: frameRoom},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
}

func names() (out []string) {
	all, _ := net.Interfaces()
	for _, i := range all {
		out = append(out, i.Name)
	}
	return out
}

// linkOf tells an interface's link type by its hardware type (linux/if_arp.h). Those without a link layer begin at the IP header.
func linkOf(name string) (packet.LinkType, error) {
	const ethernet, raw = 1, 101
	text, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(name), "type"))
	if err != nil {
		return 0, fmt.Errorf("open interface %s: %w", name, err)
	}
	switch kind, _ := strconv.Atoi(strings.TrimSpace(string(text))); kind {
	case 1, 772: // ARPHRD_ETHER, ARPHRD_LOOPBACK
		return ethernet, nil
	case 768, 769, 776, 778, 65534: // tunnels of IP in IP, and ARPHRD_NONE of tun and WireGuard
		return raw, nil
	default:
		return 0, fmt.Errorf("open interface %s: hardware type %d is not known here: %w", name, kind, ErrNotSupported)
	}
}

func (s *socket) Link() packet.LinkType { return s.link }

func (s *socket) Next() ([]byte, int, time.Time, error) {
	length, controls, _, _, err := unix.Recvmsg(s.fd, s.frame, s.control, unix.MSG_TRUNC)
	switch {
	case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN): // nothing came for a while
		return nil, 0, time.Time{}, nil
	case err != nil:
		return nil, 0, time.Time{}, fmt.Errorf("packet socket: %w", err)
	}
	return s.frame[:min(length, len(s.frame))], length, seen(s.control[:controls]), nil
}

// seen is when the kernel saw a frame.
func seen(control []byte) time.Time {
	h, data, _, err := unix.ParseOneSocketControlMessage(control)
	var at unix.Timespec
	if err != nil || h.Type != unix.SO_TIMESTAMPNS || len(data) < int(unsafe.Sizeof(at)) {
		return time.Now()
	}
	at = *(*unix.Timespec)(unsafe.Pointer(&data[0]))
	return time.Unix(at.Unix())
}

func (s *socket) Close() { _ = unix.Close(s.fd) }
