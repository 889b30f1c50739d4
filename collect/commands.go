package collect

import "cbdoctor/collect/mmp"

// step is one command of every collection.
type step struct {
	command  mmp.Command
	file     string // name of its output in the bundle
	required bool   // without it the node counts as failed; the others are nice to have
}

// steps are run on every node in this order; to add one, add a row. What can be a command at all is decided in mmp/command.go.
func steps(iface string) ([]step, error) {
	if iface == "" {
		iface = "a"
	}
	ipv4, err := mmp.IPv4(iface)
	if err != nil {
		return nil, err
	}
	return []step{
		{mmp.Date, "date.txt", false}, // first: its answer dates the node's clock
		{mmp.Version, "version.txt", true},
		{mmp.ClusterStatus, "database_cluster_status.txt", true},
		{ipv4, "ipv4_" + iface + ".txt", false},
		{mmp.PKIList, "pki_list.txt", false},
		{mmp.NTPStatus, "ntp_status.txt", false},
		{mmp.Uptime, "uptime.txt", false},
	}, nil
}
