package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// A reader of PDF that shares nothing with the writer but the format: it follows the cross-reference stream, unpacks
// object streams and refuses what it does not understand.

type (
	name      string
	dict      map[string]any
	array     []any
	reference int // a reference to an object
)

type pdfStream struct {
	dict dict
	data []byte
}

type pdfFile struct {
	t       testing.TB
	raw     []byte
	objects map[int]any
	trailer dict
	kept    []dict
}

func readPDF(t testing.TB, raw []byte) *pdfFile {
	t.Helper()
	f := &pdfFile{t: t, raw: raw, objects: map[int]any{}}
	if !bytes.HasPrefix(raw, []byte("%PDF-1.7\n")) || !bytes.HasSuffix(raw, []byte("\n%%EOF\n")) {
		t.Fatal("not a PDF: no head or no end")
	}
	tail := raw[bytes.LastIndex(raw, []byte("startxref\n"))+10:]
	at, err := strconv.Atoi(string(tail[:bytes.IndexByte(tail, '\n')]))
	if err != nil {
		t.Fatal(err)
	}
	xref := f.objectAt(at, 0).(pdfStream)
	f.trailer = xref.dict
	size := int(xref.dict["Size"].(float64))
	if len(xref.data) != 7*size {
		t.Fatalf("cross-reference stream of %d bytes for %d objects", len(xref.data), size)
	}
	var packed [][3]int
	for i := range size {
		row := xref.data[7*i : 7*i+7]
		a := int(row[1])<<24 | int(row[2])<<16 | int(row[3])<<8 | int(row[4])
		switch row[0] {
		case 1:
			f.objects[i] = f.objectAt(a, i)
		case 2:
			packed = append(packed, [3]int{i, a, int(row[5])<<8 | int(row[6])})
		}
	}
	packs := map[int][]any{}
	for _, p := range packed {
		if packs[p[1]] == nil {
			packs[p[1]] = f.unpack(f.objects[p[1]].(pdfStream))
		}
		f.objects[p[0]] = packs[p[1]][p[2]]
	}
	return f
}

func (f *pdfFile) unpack(s pdfStream) (out []any) {
	first := int(s.dict["First"].(float64))
	head := strings.Fields(string(s.data[:first]))
	for i := 1; i < 2*int(s.dict["N"].(float64)); i += 2 {
		at, err := strconv.Atoi(head[i])
		if err != nil {
			f.t.Fatal(err)
		}
		l := &lexer{t: f.t, b: s.data, at: first + at}
		out = append(out, l.value())
	}
	return out
}

func (f *pdfFile) objectAt(at, want int) any {
	l := &lexer{t: f.t, b: f.raw, at: at}
	n := int(l.value().(float64))
	l.value()
	if op := l.value(); op != operator("obj") || want != 0 && n != want {
		f.t.Fatalf("at %d: object %d, want %d (%v)", at, n, want, op)
	}
	v := l.value()
	d, ok := v.(dict)
	if ok && bytes.HasPrefix(l.b[l.at:], []byte("\nstream\n")) {
		from, n := l.at+8, int(d["Length"].(float64))
		data := l.b[from : from+n]
		if !bytes.HasPrefix(l.b[from+n:], []byte("\nendstream\nendobj\n")) {
			f.t.Fatalf("stream at %d: its length is wrong", at)
		}
		if d["Filter"] == name("FlateDecode") {
			z, err := zlib.NewReader(bytes.NewReader(data))
			if err != nil {
				f.t.Fatal(err)
			}
			if data, err = io.ReadAll(z); err != nil {
				f.t.Fatal(err)
			}
		}
		return pdfStream{d, data}
	}
	return v
}

// get follows a reference.
func (f *pdfFile) get(v any) any {
	if r, ok := v.(reference); ok {
		o, known := f.objects[int(r)]
		if !known {
			f.t.Fatalf("object %d is not there", int(r))
		}
		return o
	}
	return v
}

func (f *pdfFile) dict(v any) dict {
	d, _ := f.get(v).(dict)
	return d
}

func (f *pdfFile) array(v any) array {
	a, _ := f.get(v).(array)
	return a
}

func (f *pdfFile) root() dict { return f.dict(f.trailer["Root"]) }

// textString decodes a text string.
func textString(v any) string {
	s, _ := v.(string)
	if !strings.HasPrefix(s, "\xfe\xff") {
		return s
	}
	var u []uint16
	for i := 2; i+1 < len(s); i += 2 {
		u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(u))
}

type operator string

type lexer struct {
	t  testing.TB
	b  []byte
	at int
}

func (l *lexer) skip() {
	for l.at < len(l.b) && strings.IndexByte(" \n\r\t\x00", l.b[l.at]) >= 0 {
		l.at++
	}
}

const delimiters = " \n\r\t\x00()<>[]/%"

func (l *lexer) regular() string {
	from := l.at
	for l.at < len(l.b) && strings.IndexByte(delimiters, l.b[l.at]) < 0 {
		l.at++
	}
	if from == l.at {
		l.t.Fatalf("nothing to read at %d: %.40q", from, l.b[from:])
	}
	return string(l.b[from:l.at])
}

func (l *lexer) value() any {
	l.skip()
	if l.at >= len(l.b) {
		return nil
	}
	switch c := l.b[l.at]; {
	case c == '/':
		l.at++
		return name(l.regular())
	case c == '(':
		return l.literal()
	case c == '[':
		l.at++
		out := array{}
		for l.skip(); l.b[l.at] != ']'; l.skip() {
			out = append(out, l.value())
		}
		l.at++
		return out
	case bytes.HasPrefix(l.b[l.at:], []byte("<<")):
		l.at += 2
		out := dict{}
		for l.skip(); !bytes.HasPrefix(l.b[l.at:], []byte(">>")); l.skip() {
			k := l.value().(name)
			out[string(k)] = l.value()
		}
		l.at += 2
		return out
	case c == '<':
		end := bytes.IndexByte(l.b[l.at:], '>')
		s, err := hex.DecodeString(string(l.b[l.at+1 : l.at+end]))
		if err != nil {
			l.t.Fatal(err)
		}
		l.at += end + 1
		return string(s)
	}
	word := l.regular()
	n, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return operator(word)
	}
	// "12 0 R"?
	save := l.at
	if l.skip(); bytes.HasPrefix(l.b[l.at:], []byte("0 R")) && (l.at+3 == len(l.b) || strings.IndexByte(delimiters, l.b[l.at+3]) >= 0) {
		l.at += 3
		return reference(n)
	}
	l.at = save
	return n
}

func (l *lexer) literal() string {
	var b strings.Builder
	for l.at++; l.b[l.at] != ')'; l.at++ {
		if l.b[l.at] == '\\' {
			l.at++
		}
		b.WriteByte(l.b[l.at])
	}
	l.at++
	return b.String()
}
