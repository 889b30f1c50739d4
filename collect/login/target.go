package login

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"cbdoctor/lazyregexp"
)

// ParseTarget reads "[USER@]HOST[:PORT]"; an IPv6 address with a port stands in brackets.
func ParseTarget(s string) (Target, error) {
	var t Target
	rest := s
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		t.User, rest = rest[:i], rest[i+1:]
	}
	t.Host = rest
	if strings.HasPrefix(rest, "[") || strings.Count(rest, ":") == 1 {
		host, port, err := net.SplitHostPort(rest)
		if err != nil && strings.HasSuffix(rest, "]") {
			host, port, err = strings.Trim(rest, "[]"), "22", nil
		}
		if err != nil {
			return t, fmt.Errorf("%q: %w", s, err)
		}
		t.Host = host
		if t.Port, err = strconv.Atoi(port); err != nil || t.Port == 0 {
			return t, fmt.Errorf("%q: %q is no port", s, port)
		}
	}
	if err := t.Check(); err != nil {
		return t, fmt.Errorf("%q: %w", s, err)
	}
	return t, nil
}

var hostPattern = lazyregexp.New(`^[A-Za-z0-9._:%-]+$`)

// Check reports what can't be a host or a port.
func (t Target) Check() error {
	switch {
	case t.Host == "":
		return errors.New("the host is missing")
	case !hostPattern.MatchString(t.Host) || strings.HasPrefix(t.Host, "-"):
		return fmt.Errorf("%q is no host name or address", t.Host)
	case t.Port < 0 || t.Port > 65535:
		return fmt.Errorf("%d is no port", t.Port)
	}
	return nil
}
