package redact

import (
	"bytes"
	"encoding/asn1"
)

// Tags of ASN.1 types whose content is text (X.680), and those that are looked into.
const (
	tagOctets    = 0x04
	tagOID       = 0x06
	tagUTF8      = 0x0c
	tagSequence  = 0x30
	tagPrintable = 0x13
	tagT61       = 0x14
	tagIA5       = 0x16
	tagUTCTime   = 0x17
	tagTime      = 0x18
	tagVisible   = 0x1a
	tagUniversal = 0x1c
	tagBMP       = 0x1e
)

// element is one ASN.1 element in DER: where its content begins and ends in the bytes it was read from.
type element struct {
	tag        byte
	start, end int
}

// readElement reads the element at b[at:]; ok is false when it does not fit.
func readElement(b []byte, at int) (e element, ok bool) {
	if at+2 > len(b) || b[at]&0x1f == 0x1f {
		return e, false
	}
	e.tag = b[at]
	length, n := int(b[at+1]), 2
	if length > 0x80 {
		bytesOfLength := length & 0x7f
		if bytesOfLength > 3 || at+2+bytesOfLength > len(b) {
			return e, false
		}
		length = 0
		for _, c := range b[at+2 : at+2+bytesOfLength] {
			length = length<<8 | int(c)
		}
		n += bytesOfLength
	} else if length == 0x80 {
		return e, false
	}
	e.start, e.end = at+n, at+n+length
	return e, e.end <= len(b)
}

// elements is what a constructed element holds; nil when the bytes are not a whole row of elements.
func elements(b []byte, start, end int) []element {
	var out []element
	for at := start; at < end; {
		e, ok := readElement(b[:end], at)
		if !ok {
			return nil
		}
		out, at = append(out, e), e.end
	}
	return out
}

// telling are extensions that give a certificate away by more than names: hashes of its key and of its issuer's, addresses of CRLs
// and OCSP, proofs of Certificate Transparency (RFC 5280 section 4.2, RFC 6962 section 3.3). Their bytes are replaced.
var telling = [][]byte{oid(2, 5, 29, 14), oid(2, 5, 29, 35), oid(1, 3, 6, 1, 4, 1, 11129, 2, 4, 2)}

func oid(numbers ...int) []byte {
	b, err := asn1.Marshal(asn1.ObjectIdentifier(numbers))
	if err != nil {
		panic(err)
	}
	return b[2:]
}

// maxDepth bounds elements within elements; a certificate has about ten levels.
const maxDepth = 24

// derVisitor is called for what tells something in DER; each function may write over what it gets.
type derVisitor struct {
	text   func(text []byte, wide bool) // strings of names, and the names, mail addresses and URIs of RFC 5280's GeneralName
	opaque func(b []byte)               // bytes that give a certificate away otherwise
	time   func(b []byte, layout string)
}

func (v derVisitor) elements(b []byte, start, end, depth int) {
	list := elements(b, start, end)
	hidden := len(list) >= 2 && list[0].tag == tagOID && isTelling(b[list[0].start:list[0].end])
	for _, e := range list {
		content := b[e.start:e.end]
		switch {
		case e.tag == tagUTF8, e.tag == tagPrintable, e.tag == tagT61, e.tag == tagIA5, e.tag == tagVisible:
			v.text(content, false)
		case e.tag == tagBMP, e.tag == tagUniversal:
			v.text(content, true)
		case e.tag == tagUTCTime:
			v.time(content, utcTime)
		case e.tag == tagTime:
			v.time(content, generalizedTime)
		case e.tag == tagOctets && hidden:
			hide(b, e.start, e.end, v.opaque)
		case depth == maxDepth:
		case e.tag&0x20 != 0, e.tag == tagOctets && elements(b, e.start, e.end) != nil:
			v.elements(b, e.start, e.end, depth+1)
		case e.tag >= 0x81 && e.tag <= 0x88 && isText(content): // rfc822Name [1], dNSName [2], URI [6], registeredID and the like
			v.text(content, false)
		}
	}
}

// hide passes on what an extension holds, without the heads of its elements, so that it stays one.
func hide(b []byte, start, end int, opaque func([]byte)) {
	list := elements(b, start, end)
	if list == nil {
		opaque(b[start:end])
		return
	}
	for _, e := range list {
		if e.tag&0x20 != 0 {
			hide(b, e.start, e.end, opaque)
		} else {
			opaque(b[e.start:e.end])
		}
	}
}

func isTelling(id []byte) bool {
	for _, t := range telling {
		if bytes.Equal(id, t) {
			return true
		}
	}
	return false
}

func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return len(b) > 1
}
