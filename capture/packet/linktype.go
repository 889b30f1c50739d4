package packet

import "fmt"

// LinkType is a value of the registry at https://www.tcpdump.org/linktypes.html (draft-ietf-opsawg-pcaplinktype).
type LinkType uint16

// String is the registry's name, or the number where this table has none.
func (l LinkType) String() string {
	if name := linkTypeNames[l]; name != "" {
		return name
	}
	return fmt.Sprintf("LINKTYPE_%d", uint16(l))
}

// linkTypeNames are the names of the registry without their prefix LINKTYPE_.
var linkTypeNames = map[LinkType]string{
	0: "NULL", 1: "ETHERNET",
}
