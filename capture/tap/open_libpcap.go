//go:build libpcap

package tap

import "cbdoctor/capture/libpcap"

func open(name string) (handle, error) { return libpcap.Open(name) }
