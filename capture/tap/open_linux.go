//go:build linux && !libpcap

package tap

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/gopacket/pcapgo"
	"golang.org/x/net/bpf"

	"cbdoctor/capture/packet"
)

// socket is a packet socket (packet(7)).
type socket struct {
	handle *pcapgo.EthernetHandle
	link   packet.LinkType
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
	h, err := pcapgo.NewEthernetHandle(name)
	if err != nil {
		return nil, fmt.Errorf("open interface %s: %w", name, permission(err))
	}
	if err := h.SetCaptureLength(frameRoom); err != nil {
		h.Close()
		return nil, fmt.Errorf("open interface %s: %w", name, err)
	}
	if intf.Flags&net.FlagLoopback != 0 {
		if err := h.SetBPF(incomingOnly); err != nil {
			h.Close()
			return nil, fmt.Errorf("open interface %s: %w", name, err)
		}
	} else if err := h.SetPromiscuous(true); err != nil {
		h.Close()
		return nil, fmt.Errorf("open interface %s: %w", name, err)
	}
	return &socket{h, link}, nil
}

// permission finds the errno again that pcapgo keeps as text only.
func permission(err error) error {
	if strings.HasSuffix(err.Error(), syscall.EPERM.Error()) {
		return fmt.Errorf("packet socket: %w", syscall.EPERM)
	}
	return err
}

// incomingOnly drops what a loopback interface sends, for it receives the same frame: "ld pkttype; jeq #PACKET_OUTGOING, drop".
var incomingOnly = func() []bpf.RawInstruction {
	const packetOutgoing = 4 // linux/if_packet.h
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: packetOutgoing, SkipTrue: 1},
		bpf.RetConstant{Val: frameRoom},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		panic(err) // a constant program
	}
	return program
}()

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
	data, info, err := s.handle.ZeroCopyReadPacketData()
	if err != nil && strings.HasSuffix(err.Error(), syscall.EINTR.Error()) {
		return nil, 0, time.Time{}, nil
	}
	return data, info.Length, info.Timestamp, err
}

func (s *socket) Close() { s.handle.Close() }
