package page

import (
	"math"
	"strconv"
)

// Node is a machine of the cluster.
type Node struct {
	Address, Name, Role string
	Connected, InSync   string // "yes", "no", or "" when nothing tells
	Version             string
	Material            Text
	State               string // "good", "bad", "warn" or "unknown"
}

// Link is who reaches whom, in one direction.
type Link struct {
	Client, Server string
	State          string // as of a Node
	Text           Text   // what shows it
	Refs           []string
}

// Measures of the picture, in units of its view box.
const (
	boxWidth, boxHeight = 158, 62
	pictureMargin       = 12
	shownNodes          = 16
	shownLetters        = 17 // of a name: what fits a box
)

// picture is the drawing of the cluster: nodes on an ellipse, primary on top, and a line for each direction. State is told by
// colour, by the dashes of a line and by the sign on it.
type picture struct {
	Width, Height int
	Boxes         []box
	Lines         []line
	Left          int // nodes that did not fit
}

type box struct {
	Node
	X, Y       int // top left
	Title, Sub string
	CenterX    int
	hx, hy     float64
	cx, cy     float64
}

type line struct {
	Link
	Path   string
	X, Y   int // of the sign in its middle
	TX, TY int // of its label
	Side   string
	Label  string
}

func draw(nodes []Node, links []Link) *picture {
	all := complete(nodes, links)
	p := &picture{}
	if len(all) > shownNodes {
		p.Left = len(all) - shownNodes
		all = all[:shownNodes]
	}
	n := len(all)
	if n == 0 {
		return p
	}
	rx, ry := 200.0, 130.0
	if n > 5 {
		rx, ry = 200+30*float64(n-5), 130+22*float64(n-5)
	}
	if n == 1 {
		rx, ry = 0, 0
	}
	p.Width = int(2*rx) + boxWidth + 2*pictureMargin
	byAddress := map[string]*box{}
	p.Boxes = make([]box, n)
	top, bottom := math.Inf(1), math.Inf(-1)
	for i := range all {
		angle := -math.Pi/2 + 2*math.Pi*float64(i)/float64(n)
		if n == 2 {
			angle = math.Pi + math.Pi*float64(i)
		}
		b := &p.Boxes[i]
		b.Node, b.hx, b.hy = all[i], boxWidth/2, boxHeight/2
		b.cx, b.cy = float64(p.Width)/2+rx*math.Cos(angle), ry*math.Sin(angle)
		top, bottom = min(top, b.cy), max(bottom, b.cy)
		byAddress[b.key()] = b
	}
	p.Height = int(bottom-top) + boxHeight + 2*pictureMargin + 8
	for i := range p.Boxes {
		b := &p.Boxes[i]
		b.cy += pictureMargin + boxHeight/2 - top
		b.X, b.Y, b.CenterX = int(b.cx-b.hx), int(b.cy-b.hy), int(b.cx)
		b.Title, b.Sub = b.Name, b.Address
		if b.Title == "" {
			b.Title, b.Sub = b.Address, ""
		}
		b.Title, b.Sub = shortened(b.Title, shownLetters), shortened(b.Sub, shownLetters+4)
	}
	for _, l := range links {
		from, to := byAddress[l.Client], byAddress[l.Server]
		if from == nil || to == nil || from == to {
			continue
		}
		p.Lines = append(p.Lines, from.lineTo(to, l))
	}
	return p
}

func (n *Node) key() string {
	if n.Address == "" {
		return n.Name
	}
	return n.Address
}

// complete puts the primary first and adds the addresses that only the links know.
func complete(nodes []Node, links []Link) []Node {
	var out, rest []Node
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.key()] = true
		if n.Role == "primary" {
			out = append(out, n)
		} else {
			rest = append(rest, n)
		}
	}
	out = append(out, rest...)
	for _, l := range links {
		for _, address := range []string{l.Server, l.Client} {
			if !known[address] {
				known[address] = true
				out = append(out, Node{Address: address, Role: "unknown", State: "unknown"})
			}
		}
	}
	return out
}

// lineTo is a line from edge to edge, a little aside so that both directions can be seen.
func (b *box) lineTo(to *box, l Link) line {
	dx, dy := to.cx-b.cx, to.cy-b.cy
	length := math.Hypot(dx, dy)
	ux, uy := dx/length, dy/length
	const aside = 9
	sx, sy := -uy*aside, ux*aside
	x1, y1 := b.edge(ux, uy)
	x2, y2 := to.edge(-ux, -uy)
	x1, y1, x2, y2 = x1+sx+4*ux, y1+sy+4*uy, x2+sx-9*ux, y2+sy-9*uy
	out := line{Link: l, Path: "M" + number(x1) + " " + number(y1) + "L" + number(x2) + " " + number(y2)}
	out.X, out.Y = int((x1+x2)/2), int((y1+y2)/2)
	out.TX, out.TY, out.Side = out.X+13, out.Y+4, "right"
	if sx < 0 {
		out.TX, out.Side = out.X-13, "left"
	}
	for i, r := range l.Refs {
		switch {
		case i == 3:
			out.Label += " …"
		case i < 3 && i > 0:
			out.Label += " " + r
		case i == 0:
			out.Label = r
		}
	}
	return out
}

// edge is where a ray from the centre leaves the box.
func (b *box) edge(ux, uy float64) (x, y float64) {
	t := math.Inf(1)
	if ux != 0 {
		t = min(t, b.hx/math.Abs(ux))
	}
	if uy != 0 {
		t = min(t, b.hy/math.Abs(uy))
	}
	return b.cx + ux*t, b.cy + uy*t
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func shortened(s string, letters int) string {
	r := []rune(s)
	if len(r) <= letters {
		return s
	}
	return string(r[:letters-1]) + "…"
}
