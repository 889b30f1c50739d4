package login

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// reach says how to connect to a host: through its jump hosts, by its ProxyCommand, or directly. leave ends what that needed. been are the
// hosts that it is on the way to, itself included.
func (l *Login) reach(ctx context.Context, r resolved, timeout time.Duration, been []string) (connect dialFunc, leave func(), err error) {
	switch {
	case r.jump != "" && r.jump != "none":
	case r.command != "":
		return r.byCommand, func() {}, nil
	default:
		d := net.Dialer{Timeout: timeout}
		return d.DialContext, func() {}, nil
	}
	further := *l
	further.Jump = "" // that was for the target
	t, err := lastJump(r.jump)
	if err != nil {
		return nil, nil, err
	}
	hop := further.resolve(t)
	if slices.Contains(been, hop.endpoint()) { // "Host *" with a jump host is meant for the others
		hop.jump, hop.command = "none", ""
	}
	way, back, err := further.reach(ctx, hop, timeout, append(been, hop.endpoint()))
	if err != nil {
		return nil, nil, err
	}
	client, _, err := further.open(ctx, hop, way, timeout)
	if err != nil {
		back()
		return nil, nil, fmt.Errorf("jump host %s: %w", hop.endpoint(), err)
	}
	return client.DialContext, func() { client.Close(); back() }, nil
}

// lastJump is the last one of a list of jump hosts, "[USER@]HOST[:PORT],...". The others are its own jump hosts; where there are none, the SSH
// configuration says how to get to it, as for OpenSSH.
func lastJump(list string) (Target, error) {
	i := strings.LastIndexByte(list, ',')
	t, err := ParseTarget(strings.TrimPrefix(strings.TrimSpace(list[i+1:]), "ssh://"))
	if err != nil {
		return t, fmt.Errorf("jump host: %w", err)
	}
	t.Jump = list[:max(i, 0)]
	return t, nil
}
