package analyze

import (
	"cbdoctor/lazyregexp"
	"cbdoctor/logline"
)

// Every command typed on a node is in its log: "User admin from 10.140.249.233:63290 issued command < version>: permission granted".
var auditLine = lazyregexp.New(`^User (\S+)(?: from (\S+))? issued command <\s*(.*?)>: (permission granted|permission denied|.*)$`)

// command is one audit line.
type command struct {
	log              *hostLog
	user, from, text string
	granted          bool
	stamp            logline.Stamp
	line             int
	sample           string
}

func parseCommand(text []byte) (c command, ok bool) {
	m := auditLine.FindSubmatch(text)
	if m == nil {
		return c, false
	}
	return command{user: string(m[1]), from: string(m[2]), text: string(m[3]), granted: string(m[4]) == "permission granted"}, true
}
