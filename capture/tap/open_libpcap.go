//go:build libpcap

package tap

import "cbdoctor/capture/libpcap"

func open(name string) ([]handle, error) {
	h, err := libpcap.Open(name)
	return []handle{h}, err
}
