package capture

import (
	"slices"

	"cbdoctor/capture/packet"
)

// Notes are what a capture file says about itself (pcapng). They are as trustworthy as the file's author.
type Notes struct {
	Application string      `json:"application,omitempty"` // what wrote it, e.g. "Dumpcap (Wireshark) 4.0.17"
	Interfaces  []Interface `json:"interfaces,omitempty"`  // those of which the file says more than the link type
	Dropped     uint64      `json:"dropped,omitempty"`     // packets that the capturing host says it lost
	Names       []Name      `json:"names,omitempty"`       // of the hosts of the sessions
	Comments    []Comment   `json:"comments,omitempty"`
}

// Interface is an interface that was captured on.
type Interface struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Link        string `json:"link_type"`
	Filter      string `json:"filter,omitempty"` // the capture filter: what does not match is not in the file
	SnapLen     uint32 `json:"snap_length,omitempty"`
}

// Name is a host's name by the file's own records.
type Name struct {
	Address string   `json:"address"`
	Names   []string `json:"names"`
}

// Comment is what somebody wrote into the file; Frame is 0 when it belongs to no packet.
type Comment struct {
	Frame int64  `json:"frame,omitempty"`
	Text  string `json:"text"`
}

// notesOf takes over what the reading found.
func notesOf(info *packet.Info, pairs []Pair) *Notes {
	n := Notes{Application: info.Application, Dropped: info.Dropped}
	for _, i := range info.Interfaces {
		if i.Name+i.Description+i.Filter != "" {
			n.Interfaces = append(n.Interfaces, Interface{i.Name, i.Description, i.Link.String(), i.Filter, i.SnapLen})
		}
	}
	for _, c := range info.Comments {
		n.Comments = append(n.Comments, Comment{c.Frame, c.Text})
	}
	for _, name := range info.Names {
		address := name.Addr.String()
		if len(name.Names) > 0 && slices.ContainsFunc(pairs, func(p Pair) bool { return p.Client == address || p.Server == address }) {
			n.Names = append(n.Names, Name{address, name.Names})
		}
	}
	if n.Application == "" && n.Dropped == 0 && len(n.Interfaces)+len(n.Names)+len(n.Comments) == 0 {
		return nil
	}
	return &n
}
