package analyze

import (
	"encoding/json"
	"encoding/xml"
	"net/netip"
	"strings"

	"cbdoctor/fact"
)

// Documents: a node's configuration (live.json) and the answer of the REST interface to GET system/database.

// readDocument reads a text that is one document.
func readDocument(text, path string) (section, bool) {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "{") {
		addresses, host, ok := liveJSON(trimmed)
		return section{host: host, addresses: addresses}, ok
	}
	// curl -i leaves the header of the answer before the document
	if at := strings.Index(trimmed, "<database"); at >= 0 && (trimmed[0] == '<' || strings.HasPrefix(trimmed, "HTTP/")) {
		if s, ok := restDatabase(trimmed[at:], path); ok {
			return section{statuses: []statusText{s}}, true
		}
	}
	return section{}, false
}

// liveInterfaces gives the MMP's name of an interface in live.json (Cisco 214745).
var liveInterfaces = map[string]string{"eth4": "a", "eth3": "b", "eth2": "c", "eth1": "d", "eth0": "admin"}

// maxNesting bounds how deep live.json is followed; its interfaces lie four levels deep.
const maxNesting = 8

// liveJSON finds the addresses of the interfaces, wherever the document has an object "interfaces": all its values are strings,
// and "ipv4" has "module" on most machines and "mmp" on others. ok is false for a document without any.
func liveJSON(text string) (addresses []string, host string, ok bool) {
	var doc map[string]any
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil, "", false
	}
	var walk func(key string, value any, depth int)
	walk = func(key string, value any, depth int) {
		object, is := value.(map[string]any)
		if !is || depth > maxNesting {
			return
		}
		if key == "interfaces" {
			ok = true
			for _, name := range sortedKeys(object) {
				i, _ := object[name].(map[string]any)
				address, _ := i["address"].(string)
				_, known := liveInterfaces[name]
				if a, err := netip.ParseAddr(address); err == nil && known && i["enabled"] != "false" && i["enabled"] != false {
					addresses = appendOnce(addresses, a.String())
				}
			}
			return
		}
		if name, is := object["hostname"].(string); is && host == "" && depth < 4 {
			host = name
		}
		for _, k := range sortedKeys(object) {
			walk(k, object[k], depth+1)
		}
	}
	walk("", doc, 0)
	return addresses, host, ok
}

// restDatabase reads the REST document system/database; values stand in attributes or in elements.
func restDatabase(text, path string) (statusText, bool) {
	type node struct {
		Hostname  string `xml:"hostname"`
		HostnameA string `xml:"hostname,attr"`
		Up        string `xml:"up"`
		UpA       string `xml:"up,attr"`
		Master    string `xml:"master"`
		MasterA   string `xml:"master,attr"`
		Behind    string `xml:"syncBehind"`
		BehindA   string `xml:"syncBehind,attr"`
	}
	var doc struct {
		XMLName    xml.Name `xml:"database"`
		Clustered  string   `xml:"clustered"`
		ClusteredA string   `xml:"clustered,attr"`
		Nodes      []node   `xml:"cluster>node"`
	}
	if xml.Unmarshal([]byte(text), &doc) != nil {
		return statusText{}, false
	}
	s := statusText{Status: fact.Status{Status: strings.TrimSpace(doc.Clustered + doc.ClusteredA), Certificates: map[string]string{}, Source: fact.Source{File: path, Line: 1, Text: "system/database: clustered " + doc.Clustered + doc.ClusteredA}}}
	for _, n := range doc.Nodes {
		m := fact.Member{Address: strings.TrimSpace(n.Hostname + n.HostnameA), Role: fact.Replica, Connected: isTrue(n.Up + n.UpA), Line: 1, InSync: "yes"}
		behind := strings.TrimSpace(n.Behind + n.BehindA)
		switch {
		case isTrue(n.Master + n.MasterA):
			m.Role, m.InSync = fact.Primary, ""
		case !m.Connected:
			m.InSync = "no"
		case behind != "" && behind != "0" && behind != "false":
			m.InSync = "no"
		}
		m.Text = "up " + n.Up + n.UpA + ", master " + n.Master + n.MasterA + ", syncBehind " + behind
		s.Members = append(s.Members, m)
	}
	return s, true
}

func isTrue(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return s == "true" || s == "1" || s == "yes"
}
