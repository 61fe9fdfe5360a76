package verify

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"
)

// Bounds on what is read whole. Everything else is streamed.
const (
	maxEntries    = 400_000
	maxManifest   = 48 << 20
	maxText       = 64 << 10 // checkpoint, key
	maxNotes      = 64 << 20 // ledger/checkpoints.txt
	maxProof      = 64 << 10
	chunkSize     = 128 << 10
	localHeader   = 30
	centralHeader = 46
)

// errUnreadable marks a file that is no zip at all: nothing can be said about it.
var errUnreadable = errors.New("not a zip file")

// container is the zip with every entry's digest as far as it has been read.
type container struct {
	files map[string]*zip.File
	names []string // sorted

	mu   sync.Mutex // records and tiles are read at the same time
	sums map[string][32]byte
	crc  map[string]bool // entries whose checksum in the zip is not that of their content
}

// openContainer reads the directory of a zip and refuses whatever lets two programs see two
// different packages in one file: repeated names, names that leave the folder, bytes that
// belong to no entry, headers that contradict each other, entries that lie over each other.
func openContainer(r io.ReaderAt, size int64, rep *Report) (*container, error) {
	head := make([]byte, 4)
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		if string(head) != "PK\x03\x04" {
			return nil, fmt.Errorf("%w: %w", errUnreadable, err)
		}
		rep.entryFault(Container, "", "the zip's directory cannot be read, the file is damaged or cut short: %v", err)
		return nil, nil
	}
	c := &container{files: map[string]*zip.File{}, sums: map[string][32]byte{}, crc: map[string]bool{}}
	if len(z.File) > maxEntries {
		rep.entryFault(Container, "", "%d entries; at most %d are read", len(z.File), maxEntries)
		return nil, nil
	}
	for _, f := range z.File {
		if !c.add(f, rep) {
			return nil, nil
		}
	}
	slices.Sort(c.names)
	if what := layout(r, size, z); what != "" {
		rep.entryFault(Container, "", "%s", what)
		return nil, nil
	}
	return c, nil
}

func (c *container) add(f *zip.File, rep *Report) bool {
	what := ""
	switch {
	case c.files[f.Name] != nil:
		what = "two entries of one name"
	case !safeName(f.Name):
		what = "the name is not that of a file inside the package"
	case f.Flags&1 != 0:
		what = "the entry is encrypted"
	case f.Method != zip.Store && f.Method != zip.Deflate:
		what = fmt.Sprintf("compressed by method %d; expected stored or deflated", f.Method)
	}
	if what != "" {
		rep.entryFault(Container, f.Name, "%s", what)
		return false
	}
	c.files[f.Name] = f
	c.names = append(c.names, f.Name)
	return true
}

// safeName accepts relative paths of plain parts, in the characters that packages use.
func safeName(s string) bool {
	if len(s) == 0 || len(s) > 300 {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	for i := range len(s) {
		ch := s[i]
		if !(ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || strings.IndexByte("._-/", ch) >= 0) {
			return false
		}
	}
	return true
}

// layout walks the local headers from the first byte to the directory and the directory to the
// last byte, and says what does not fit, or "".
func layout(r io.ReaderAt, size int64, z *zip.Reader) string {
	type span struct {
		f    *zip.File
		data int64
	}
	files := make([]span, len(z.File))
	directory := int64(0)
	for i, f := range z.File {
		off, err := f.DataOffset()
		if err != nil {
			return fmt.Sprintf("the header of %s cannot be read: %v", f.Name, err)
		}
		files[i] = span{f, off}
		directory += int64(centralHeader + len(f.Name) + len(f.Extra) + len(f.Comment))
	}
	slices.SortFunc(files, func(a, b span) int {
		if a.data < b.data {
			return -1
		}
		return 1
	})
	at := int64(0)
	for _, s := range files {
		next, what := localEntry(r, at, s.f, s.data)
		if what != "" {
			return what
		}
		at = next
	}
	end, what := directoryEnd(r, size, at+directory, len(z.Comment))
	if what != "" {
		return what
	}
	if end != size {
		return fmt.Sprintf("%d bytes after the end of the zip", size-end)
	}
	return ""
}

// localEntry checks the header at `at` against the directory and returns where the next starts.
func localEntry(r io.ReaderAt, at int64, f *zip.File, data int64) (int64, string) {
	h := make([]byte, localHeader)
	if _, err := r.ReadAt(h, at); err != nil {
		return 0, fmt.Sprintf("the header of %s cannot be read: %v", f.Name, err)
	}
	nameLen, extraLen := int64(binary.LittleEndian.Uint16(h[26:])), int64(binary.LittleEndian.Uint16(h[28:]))
	name := make([]byte, nameLen)
	if _, err := r.ReadAt(name, at+localHeader); err != nil ||
		string(h[:4]) != "PK\x03\x04" || string(name) != f.Name || at+localHeader+nameLen+extraLen != data {
		return 0, fmt.Sprintf("bytes that belong to no entry, or a second header, before %s", f.Name)
	}
	if m := binary.LittleEndian.Uint16(h[8:]); m != f.Method {
		return 0, fmt.Sprintf("%s has two compression methods", f.Name)
	}
	if f.CompressedSize64 > 1<<62 {
		return 0, fmt.Sprintf("%s: absurd size", f.Name)
	}
	end := data + int64(f.CompressedSize64)
	if f.Flags&8 == 0 {
		return end, ""
	}
	// A data descriptor follows: crc and two sizes of 4 or 8 bytes, with or without signature.
	d := make([]byte, 28)
	n, _ := r.ReadAt(d, end)
	for _, size := range []int{16, 24, 12, 20} {
		if n >= size+4 && string(d[size:size+2]) == "PK" && descriptor(d[:size], f) {
			return end + int64(size), ""
		}
	}
	return 0, fmt.Sprintf("bytes that belong to no entry after %s", f.Name)
}

// descriptor reports whether b is a data descriptor that says what the directory says.
func descriptor(b []byte, f *zip.File) bool {
	if len(b) == 16 || len(b) == 24 {
		if string(b[:4]) != "PK\x07\x08" {
			return false
		}
		b = b[4:]
	}
	if binary.LittleEndian.Uint32(b) != f.CRC32 {
		return false
	}
	if len(b) == 12 {
		return uint64(binary.LittleEndian.Uint32(b[4:])) == f.CompressedSize64 && uint64(binary.LittleEndian.Uint32(b[8:])) == f.UncompressedSize64
	}
	return binary.LittleEndian.Uint64(b[4:]) == f.CompressedSize64 && binary.LittleEndian.Uint64(b[12:]) == f.UncompressedSize64
}

// directoryEnd steps over the end records that follow the directory.
func directoryEnd(r io.ReaderAt, size, at int64, comment int) (int64, string) {
	b := make([]byte, 76+22)
	n, _ := r.ReadAt(b, at)
	b = b[:n]
	if bytes.HasPrefix(b, []byte("PK\x06\x06")) && len(b) >= 76 && string(b[56:60]) == "PK\x06\x07" {
		at += 76
		b = b[76:]
	}
	if !bytes.HasPrefix(b, []byte("PK\x05\x06")) {
		return 0, "bytes that belong to no entry around the zip's directory"
	}
	return min(at+22+int64(comment), size+1), ""
}

// open returns an entry's content, bounded by its declared size; its digest is known once it
// has been read to the end.
func (c *container) open(name string) (*entry, error) {
	f := c.files[name]
	if f == nil {
		return nil, errors.New("missing")
	}
	rc, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &entry{c: c, name: name, rc: rc, sum: sha256.New(), left: f.UncompressedSize64}, nil
}

// entry reads one entry of the zip and hashes what it reads.
type entry struct {
	c    *container
	name string
	rc   io.ReadCloser
	sum  hash.Hash
	left uint64
}

// Read never delivers more than the declared size, whatever the compressed data expands to.
// A wrong checksum of the zip is noted and read past: what differs is to be named.
func (e *entry) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, e.end()
	}
	if uint64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.rc.Read(p)
	e.left -= uint64(n)
	e.sum.Write(p[:n])
	if err == io.EOF || errors.Is(err, zip.ErrChecksum) {
		err = nil
		if e.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// end reads once more, which makes package zip compare the checksum, and files the digest.
func (e *entry) end() error {
	var b [1]byte
	n, err := e.rc.Read(b[:])
	if n > 0 {
		return errors.New("longer than its declared size")
	}
	if err == nil {
		return io.ErrNoProgress
	}
	e.c.mu.Lock()
	defer e.c.mu.Unlock()
	if errors.Is(err, zip.ErrChecksum) {
		e.c.crc[e.name] = true
		err = io.EOF
	}
	if err == io.EOF {
		e.c.sums[e.name] = [32]byte(e.sum.Sum(nil))
	}
	return err
}

// discard takes everything. io.Discard would bring a buffer of its own.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Close hashes what was left unread, so that every entry ends with a digest or an error.
func (e *entry) Close() error {
	_, err := io.CopyBuffer(discard{}, e, make([]byte, min(e.left, chunkSize)+1))
	return errors.Join(err, e.rc.Close())
}

// whole reads a small entry.
func (c *container) whole(name string, limit int64) ([]byte, error) {
	e, err := c.open(name)
	if err != nil {
		return nil, err
	}
	if e.left > uint64(limit) {
		_ = e.rc.Close()
		return nil, fmt.Errorf("%d bytes; at most %d are read", e.left, limit)
	}
	b, err := io.ReadAll(e)
	return b, errors.Join(err, e.rc.Close())
}

// sum is the SHA-256 of an entry that has been read to its end.
func (c *container) sum(name string) ([32]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sums[name]
	return s, ok
}

// digest reads an entry to its end, unless that was done, and returns its SHA-256.
func (c *container) digest(name string) (string, error) {
	if _, ok := c.sum(name); !ok {
		e, err := c.open(name)
		if err != nil {
			return "", err
		}
		if err := e.Close(); err != nil {
			return "", err
		}
	}
	sum, _ := c.sum(name)
	return hex.EncodeToString(sum[:]), nil
}
