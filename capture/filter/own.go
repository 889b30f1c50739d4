//go:build !libpcap

package filter

func compile(expression string) (Filter, error) { return parse(expression) }
