package collect

// mmpCommand is a command of the MMP command line that only reads. The type is not exported and its values stand in this
// table alone, so that no other text can ever be sent to a node.
type mmpCommand struct {
	text     string
	file     string // name of its output in the bundle
	required bool   // without it the node counts as failed; the others are nice to have
}

// commands are run on every node in this order. To add one, add a row: it must change nothing.
var commands = []mmpCommand{
	{"version", "version.txt", true},
	{"database cluster status", "database_cluster_status.txt", true},
	{"ipv4 a", "ipv4_a.txt", false},
	{"pki list", "pki_list.txt", false},
	{"ntp status", "ntp_status.txt", false},
	{"date", "date.txt", false},
}
