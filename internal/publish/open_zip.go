package publish

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// mostEntries is how many entries a package may have.
const mostEntries = 400_000

// opened is the zip of a package: entries by name, each once, none over another, no byte beside them.
type opened struct {
	files map[string]*zip.File
	names []string // sorted
	sums  map[string]string
}

// openZip reads the directory of a zip and refuses what two programs could read in two ways.
func openZip(r io.ReaderAt, size int64) (*opened, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fault.Refuse("this is no package: %v", err).WithHint("expected the file that assay package wrote, whole")
	}
	if len(z.File) > mostEntries {
		return nil, fault.Refuse("the zip has %d entries; at most %d are read", len(z.File), mostEntries)
	}
	o := &opened{files: map[string]*zip.File{}, sums: map[string]string{}}
	left := uint64(maxUnpacked)
	for _, f := range z.File {
		switch {
		case o.files[f.Name] != nil:
			return nil, broken(strconv.Quote(f.Name), "two entries of the zip have this name")
		case !plainPath(f.Name):
			return nil, broken(strconv.Quote(f.Name), "is no name of a file inside a package")
		case f.Flags&1 != 0 || f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, broken(f.Name, "is encrypted, or packed in a way that packages do not use")
		case f.UncompressedSize64 > left:
			return nil, fault.Refuse("the package says that it unpacks to more than %d GiB", maxUnpacked>>30)
		case f.CompressedSize64 > uint64(size):
			return nil, broken(f.Name, "is larger than the file it is in")
		}
		left -= f.UncompressedSize64
		o.files[f.Name] = f
		o.names = append(o.names, f.Name)
	}
	slices.Sort(o.names)
	return o, gapless(r, size, z)
}

// plainPath accepts relative paths of the characters that packages use.
func plainPath(s string) bool {
	if s == "" || len(s) > 300 {
		return false
	}
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-' || c == '/') {
			return false
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// gapless follows the entries from the first byte to the directory, and the directory to the last byte: each begins where the one before
// ended, and says of itself what the directory says.
func gapless(r io.ReaderAt, size int64, z *zip.Reader) error {
	type place struct {
		f    *zip.File
		data int64
	}
	var places []place
	directory := int64(0)
	for _, f := range z.File {
		data, err := f.DataOffset()
		if err != nil {
			return broken(f.Name, "its header in the zip cannot be read: %v", err)
		}
		places = append(places, place{f, data})
		directory += int64(46 + len(f.Name) + len(f.Extra) + len(f.Comment))
	}
	slices.SortFunc(places, func(a, b place) int { return int(min(1, max(-1, a.data-b.data))) })
	at := int64(0)
	for _, p := range places {
		end, err := localEntry(r, at, p.f, p.data)
		if err != nil {
			return err
		}
		at = end
	}
	return directoryEnds(r, at+directory, size, len(z.Comment))
}

func localEntry(r io.ReaderAt, at int64, f *zip.File, data int64) (int64, error) {
	head := make([]byte, 30+len(f.Name))
	if _, err := r.ReadAt(head, at); err != nil {
		return 0, broken(f.Name, "its header in the zip cannot be read: %v", err)
	}
	le := binary.LittleEndian
	name, extra := int64(le.Uint16(head[26:])), int64(le.Uint16(head[28:]))
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) || string(head[30:]) != f.Name || at+30+name+extra != data || name != int64(len(f.Name)) || le.Uint16(head[8:]) != f.Method {
		return 0, broken(f.Name, "bytes of the zip that belong to no entry stand before it, or it has two headers that contradict each other")
	}
	end := data + int64(f.CompressedSize64)
	if f.Flags&8 == 0 {
		return end, nil
	}
	// A descriptor follows: with or without a signature, a checksum and two sizes of four or eight bytes.
	b := make([]byte, 24)
	n, _ := r.ReadAt(b, end)
	for _, x := range []struct {
		signed bool
		width  int
	}{{true, 4}, {true, 8}, {false, 4}, {false, 8}} {
		d := b[:n]
		if x.signed {
			var ok bool
			if d, ok = bytes.CutPrefix(d, []byte("PK\x07\x08")); !ok {
				continue
			}
		}
		length := 4 + 2*x.width
		if len(d) < length || le.Uint32(d) != f.CRC32 {
			continue
		}
		packed, whole := uint64(le.Uint32(d[4:])), uint64(le.Uint32(d[8:]))
		if x.width == 8 {
			packed, whole = le.Uint64(d[4:]), le.Uint64(d[12:])
		}
		if packed == f.CompressedSize64 && whole == f.UncompressedSize64 {
			return end + int64(n-len(d)) + int64(length), nil
		}
	}
	return 0, broken(f.Name, "bytes of the zip that belong to no entry stand after it")
}

func directoryEnds(r io.ReaderAt, at, size int64, comment int) error {
	b := make([]byte, 76+22)
	n, _ := r.ReadAt(b, at)
	b = b[:n]
	if bytes.HasPrefix(b, []byte("PK\x06\x06")) && len(b) > 76 && bytes.HasPrefix(b[56:], []byte("PK\x06\x07")) {
		at, b = at+76, b[76:]
	}
	if !bytes.HasPrefix(b, []byte("PK\x05\x06")) || at+22+int64(comment) != size {
		return broken("the zip", "bytes that belong to no entry stand around its directory or after its end")
	}
	return nil
}

func (o *opened) has(name string) bool { return o.files[name] != nil }

// below lists the names that begin with a text, without it.
func (o *opened) below(prefix string) (out []string) {
	for _, n := range o.names {
		if rest, ok := strings.CutPrefix(n, prefix); ok {
			out = append(out, rest)
		}
	}
	return out
}

// open reads an entry: no more than it says it holds. Once read to its end its SHA-256 is known.
func (o *opened) open(name string) (*unpacked, error) {
	f := o.files[name]
	if f == nil {
		return nil, broken(name, "is missing")
	}
	r, err := f.Open()
	if err != nil {
		return nil, broken(name, "cannot be read: %v", err)
	}
	return &unpacked{o: o, name: name, r: r, sum: sha256.New(), left: f.UncompressedSize64}, nil
}

// whole reads an entry of at most so many bytes.
func (o *opened) whole(name string, most int64) ([]byte, error) {
	e, err := o.open(name)
	if err != nil {
		return nil, err
	}
	defer e.r.Close()
	if e.left > uint64(most) {
		return nil, broken(name, "holds %d bytes; at most %d are read", e.left, most)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(e); err != nil {
		return nil, broken(name, "cannot be read to its end: %v", err)
	}
	return b.Bytes(), nil
}

// sum is the SHA-256 of an entry's content.
func (o *opened) sum(name string) (string, error) {
	if s, ok := o.sums[name]; ok {
		return s, nil
	}
	e, err := o.open(name)
	if err != nil {
		return "", err
	}
	defer e.r.Close()
	if _, err := io.Copy(io.Discard, e); err != nil {
		return "", broken(name, "cannot be read to its end: %v", err)
	}
	return o.sums[name], nil
}

// unpacked reads one entry and hashes what it reads.
type unpacked struct {
	o    *opened
	name string
	r    io.ReadCloser
	sum  hash.Hash
	left uint64
}

func (e *unpacked) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if uint64(n) > e.left {
		return 0, errors.New("it holds more than it says")
	}
	e.left -= uint64(n)
	e.sum.Write(p[:n])
	if err == io.EOF {
		if e.left > 0 {
			return n, io.ErrUnexpectedEOF
		}
		e.o.sums[e.name] = hex.EncodeToString(e.sum.Sum(nil))
	}
	return n, err
}

// listing is manifest.json: every entry but itself, the seal and the checkpoint.
type listing struct {
	Created string `json:"created"`
	Entries []struct {
		Bytes  int64  `json:"bytes"`
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	} `json:"entries"`
	Format string `json:"format"`
	Org    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"organization"`
	Origin string `json:"origin"`
	Period struct {
		From string `json:"from"`
		To   string `json:"to"`
		Zone string `json:"zone"`
	} `json:"period"`
	Records int64 `json:"records"`
}

// parseManifest reads a manifest in its one spelling.
func parseManifest(b []byte) (*listing, error) {
	const name = "manifest.json"
	var m listing
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, broken(name, "%v", err)
	}
	if m.Format != "assay-package/1" {
		return nil, fault.Refuse("the package is of the format %q; this program reads assay-package/1", m.Format)
	}
	if !bytes.Equal(m.print(), b) {
		return nil, broken(name, "a name, a value or the order of the entries is not in its one spelling")
	}
	if m.Records < 0 {
		return nil, broken(name, "says %d records", m.Records)
	}
	for i, e := range m.Entries {
		own := e.Name == name || e.Name == "seal" || e.Name == "checkpoint"
		if e.Bytes < 0 || !isSum(e.SHA256) || own || i > 0 && m.Entries[i-1].Name >= e.Name {
			return nil, broken(name, "its line of %q is not one", e.Name)
		}
	}
	return &m, nil
}

func (m *listing) print() []byte {
	b := appendText([]byte(`{"created":`), m.Created)
	b = append(b, `,"entries":[`...)
	for i, e := range m.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"bytes":`...), e.Bytes, 10)
		b = appendText(append(b, `,"name":`...), e.Name)
		b = append(appendText(append(b, `,"sha256":`...), e.SHA256), '}')
	}
	b = appendText(append(b, `],"format":`...), m.Format)
	b = appendText(append(b, `,"organization":{"id":`...), m.Org.ID)
	b = appendText(append(b, `,"name":`...), m.Org.Name)
	b = appendText(append(b, `},"origin":`...), m.Origin)
	b = appendText(append(b, `,"period":{"from":`...), m.Period.From)
	b = appendText(append(b, `,"to":`...), m.Period.To)
	b = appendText(append(b, `,"zone":`...), m.Period.Zone)
	b = strconv.AppendInt(append(b, `},"records":`...), m.Records, 10)
	return append(b, '}')
}

// isSum reports whether a text is a SHA-256 in its one spelling.
func isSum(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == s
}

// recordFile names a file of records.
func recordFile(n int64) string { return fmt.Sprintf("ledger/records-%06d.txt", n) }
