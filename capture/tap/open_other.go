//go:build !linux && !libpcap

package tap

func open(string) ([]handle, error) { return nil, ErrNotSupported }
