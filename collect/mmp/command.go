package mmp

import (
	"fmt"
	"strings"

	"cbdoctor/lazyregexp"
)

// Command is one command that changes nothing on a node. Its text can't be set outside this file.
type Command struct {
	text string
}

// String is the command as it is typed.
func (c Command) String() string { return c.text }

// The commands that are sent as they stand. To add one, add a line: it must change nothing, whatever its output says.
var (
	Version       = Command{"version"}
	ClusterStatus = Command{"database cluster status"}
	PKIList       = Command{"pki list"}
	NTPStatus     = Command{"ntp status"}
	Date          = Command{"date"}
	Uptime        = Command{"uptime"}
	SyslogFollow  = Command{"syslog follow"}
)

// interfaces of the MMP: a to e, and the name that a virtual machine's log shows for them.
var interfaces = lazyregexp.New(`^([a-e]|admin)$`)

// IPv4 shows the addresses and routes of an interface.
func IPv4(iface string) (Command, error) { return onInterface("ipv4", iface) }

// Pcap captures on an interface until Ctrl-C and leaves one new *.pcap file in the SFTP root: the only trace that this
// program can leave on a node, and only when it was asked for.
func Pcap(iface string) (Command, error) { return onInterface("pcap", iface) }

// certificateFile is the name of a file that holds certificates: no key, no second word.
var certificateFile = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,100}\.(?i:crt|cer|der|pem)$`)

// PKIInspect shows what is in a certificate file. It is not made for a private key, of which the node would only say that it is one.
func PKIInspect(file string) (Command, error) {
	if !certificateFile.MatchString(file) || strings.Contains(strings.ToLower(file), ".key") {
		return Command{}, fmt.Errorf("%q is no name of a certificate file", file)
	}
	return Command{"pki inspect " + file}, nil
}

func onInterface(command, iface string) (Command, error) {
	if !interfaces.MatchString(iface) {
		return Command{}, fmt.Errorf("%q is no interface of an MMP: a, b, c, d, e or admin", iface)
	}
	return Command{command + " " + iface}, nil
}
