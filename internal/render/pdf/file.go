package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

// ref is the number of an object; 0 is none.
type ref int

func (r ref) String() string { return strconv.Itoa(int(r)) + " 0 R" }

// file collects objects and writes them as a PDF 1.7 file: what is no stream goes packed into object streams,
// so that the tens of thousands of small objects of a structure tree cost a few bytes each.
type file struct {
	objects []object
	zip     *zlib.Writer
	hash    []byte // of all that was written, for the identifier: the same content has the same one
}

type object struct {
	body   string // a dictionary or another value; of a stream, its dictionary without the length
	stream []byte // packed
	isFlow bool
}

// alloc takes a number for an object that is set later.
func (f *file) alloc() ref {
	f.objects = append(f.objects, object{})
	return ref(len(f.objects))
}

func (f *file) set(r ref, body string) { f.objects[r-1].body = body }

func (f *file) add(body string) ref {
	r := f.alloc()
	f.set(r, body)
	return r
}

// stream adds a packed stream; entries are those of its dictionary besides length and filter.
func (f *file) stream(r ref, entries string, data []byte) {
	f.objects[r-1] = object{body: entries + "/Filter/FlateDecode", stream: f.pack(data), isFlow: true}
}

// plain adds a stream as it is, for metadata that other programs look for in the bytes of the file.
func (f *file) plain(r ref, entries string, data []byte) {
	f.objects[r-1] = object{body: entries, stream: data, isFlow: true}
}

func (f *file) pack(data []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(data)/3 + 64)
	if f.zip == nil {
		f.zip = zlib.NewWriter(&b)
	} else {
		f.zip.Reset(&b)
	}
	// A bytes.Buffer takes everything.
	_, _ = f.zip.Write(data)
	_ = f.zip.Close()
	return b.Bytes()
}

// perPack is how many objects share an object stream. Readers unpack one as a whole to reach into it.
const perPack = 250

// place is where an object lies: at an offset of the file, or as the n-th of an object stream.
type place struct {
	pack  ref
	where int
}

// write writes the whole file.
func (f *file) write(w io.Writer, root, info ref) error {
	loose := len(f.objects)
	places := make([]place, loose, loose+loose/perPack+2)
	var held []ref
	flush := func() {
		if len(held) > 0 {
			f.packed(held, places)
			held = held[:0]
		}
	}
	for i := range loose {
		if !f.objects[i].isFlow {
			held = append(held, ref(i+1))
		}
		if len(held) == perPack {
			flush()
		}
	}
	flush()
	var out bytes.Buffer
	// The second line tells programs that move files that this one is binary.
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i := range f.objects {
		o := &f.objects[i]
		if !o.isFlow {
			continue
		}
		for len(places) <= i {
			places = append(places, place{})
		}
		places[i] = place{where: out.Len()}
		fmt.Fprintf(&out, "%d 0 obj\n<<%s/Length %d>>\nstream\n", i+1, o.body, len(o.stream))
		out.Write(o.stream)
		out.WriteString("\nendstream\nendobj\n")
	}
	sum := sha256.Sum256(out.Bytes())
	f.hash = sum[:16]
	f.index(&out, places, root, info)
	_, err := w.Write(out.Bytes())
	return err
}

// packed puts the objects into one object stream and notes where each lies.
func (f *file) packed(refs []ref, places []place) {
	var head, body strings.Builder
	pack := f.alloc()
	for i, r := range refs {
		fmt.Fprintf(&head, "%d %d ", int(r), body.Len())
		b := f.objects[r-1].body
		if b == "" {
			b = "null"
		}
		body.WriteString(b)
		body.WriteByte('\n')
		places[r-1] = place{pack, i}
	}
	f.stream(pack, fmt.Sprintf("/Type/ObjStm/N %d/First %d", len(refs), head.Len()), []byte(head.String()+body.String()))
}

// index writes the cross-reference stream, which is an object itself, and the end of the file.
func (f *file) index(out *bytes.Buffer, places []place, root, info ref) {
	self, at := f.alloc(), out.Len()
	places = append(places, place{where: at})
	rows := make([]byte, 0, 7*(len(places)+1))
	row := func(kind byte, a uint32, b uint16) {
		rows = append(rows, kind, byte(a>>24), byte(a>>16), byte(a>>8), byte(a), byte(b>>8), byte(b))
	}
	row(0, 0, 65535)
	for _, p := range places {
		if p.pack != 0 {
			row(2, uint32(p.pack), uint16(p.where))
		} else {
			row(1, uint32(p.where), 0)
		}
	}
	f.stream(self, fmt.Sprintf("/Type/XRef/W[1 4 2]/Size %d/Root %s/Info %s/ID[<%x><%x>]", len(places)+1, root, info, f.hash, f.hash), rows)
	o := f.objects[self-1]
	fmt.Fprintf(out, "%d 0 obj\n<<%s/Length %d>>\nstream\n", int(self), o.body, len(o.stream))
	out.Write(o.stream)
	fmt.Fprintf(out, "\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", at)
}

// quote writes any text as a string object: plain where it is plain, UTF-16 otherwise.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range len(s) {
		c := s[i]
		switch {
		case c < ' ' || c > '~':
			return wide(s)
		case c == '(' || c == ')' || c == '\\':
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte(')')
	return b.String()
}

func wide(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return b.String()
}

// num appends a length in points, to the hundredth.
func num(b []byte, v float64) []byte {
	n := int64(v*100 + 0.5)
	if v < 0 {
		n = -int64(-v*100 + 0.5)
	}
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, n/100, 10)
	switch f := n % 100; {
	case f == 0:
	case f%10 == 0:
		b = append(b, '.', byte('0'+f/10))
	default:
		b = append(b, '.', byte('0'+f/10), byte('0'+f%10))
	}
	return b
}

func nums(vs ...float64) string {
	var b []byte
	for i, v := range vs {
		if i > 0 {
			b = append(b, ' ')
		}
		b = num(b, v)
	}
	return string(b)
}
