package publish

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// parseLine reads the line of a record, without its line feed: salt and bytes, or the commitment of one that was erased.
func parseLine(line []byte) (record.Sealed, error) {
	bad := fault.Refuse("expected SALT RECORD or - COMMITMENT, in lower-case hex")
	first, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return record.Sealed{}, bad
	}
	if string(first) == "-" {
		b, err := hex.DecodeString(string(rest))
		if err != nil || len(b) != 32 || hex.EncodeToString(b) != string(rest) {
			return record.Sealed{}, bad
		}
		return record.Sealed{Commitment: [32]byte(b)}, nil
	}
	salt, err := hex.DecodeString(string(first))
	if err != nil || len(salt) != ledger.SaltSize || hex.EncodeToString(salt) != string(first) || len(rest) == 0 {
		return record.Sealed{}, bad
	}
	return record.Sealed{Salt: salt, Bytes: rest, Commitment: ledger.Commit(salt, rest)}, nil
}

// Each calls fn for every leaf in the order of the ledger, the seal last. What fn gets is valid during the call. A file of records that is
// not the one that was checked is a fault.Integrity after its last line.
func (o *Opened) Each(ctx context.Context, fn func(record.Sealed) error) error {
	next := int64(0)
	n := int64(0)
	for ; next < o.Records; n++ {
		if err := o.eachOf(ctx, recordFile(n), &next, fn); err != nil {
			return err
		}
	}
	if files := o.zip.below("ledger/records-"); int64(len(files)) != n {
		return broken(files[len(files)-1], "is one file of records too many")
	}
	return fn(o.seal)
}

// eachOf reads one file of records.
func (o *Opened) eachOf(ctx context.Context, name string, next *int64, fn func(record.Sealed) error) error {
	e, err := o.zip.open(name)
	if err != nil {
		return err
	}
	defer e.r.Close()
	r := bufio.NewReaderSize(e, 256<<10)
	var long []byte
	for lines := 0; ; lines++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long, err = readLong(r, append(long[:0], line...))
			line = long
		}
		if err == io.EOF && len(line) == 0 {
			break
		}
		where := fmt.Sprintf("%s, line %d", name, lines+1)
		if err != nil {
			return broken(where, "cannot be read to its end: %v", err)
		}
		if lines >= fileLines || *next >= o.Records {
			return broken(where, "there are more records than were sealed")
		}
		if lines%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		s, err := parseLine(line[:len(line)-1])
		if err != nil {
			return broken(where, "%v", err)
		}
		s.Index = *next
		*next++
		if err := fn(s); err != nil {
			return err
		}
	}
	want, ok := o.listed(name)
	if got := o.zip.sums[name]; !ok || got != want {
		return broken(name, "was changed: its SHA-256 is %s, %s was sealed", got, want)
	}
	return nil
}

// readLong reads the rest of a line that is longer than the buffer.
func readLong(r *bufio.Reader, line []byte) ([]byte, error) {
	for {
		more, err := r.ReadSlice('\n')
		if line = append(line, more...); len(line) > maxLine {
			return nil, fault.Refuse("it is longer than %d bytes", maxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// listed is the SHA-256 that the manifest gives of an entry.
func (o *Opened) listed(name string) (string, bool) {
	i, ok := slices.BinarySearchFunc(o.man.Entries, name, func(e struct {
		Bytes  int64  `json:"bytes"`
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	}, n string) int {
		return strings.Compare(e.Name, n)
	})
	if !ok {
		return "", false
	}
	return o.man.Entries[i].SHA256, true
}

// audit is what is gathered on the way over the records.
type audit struct {
	o        *Opened
	tree     ledger.Tree
	cuts     []int64 // sizes whose roots are wanted, rising
	roots    map[int64]tlog.Hash
	received civil.Instant
	withheld []int64
	erased   map[int64]bool
	blobs    map[string]bool // that erasures list
	pulled   map[string]string
}

// checkTree recomputes the tree and holds the roots against what was signed.
func (o *Opened) checkTree(ctx context.Context, held []ledger.Checkpoint) error {
	a := &audit{o: o, roots: map[int64]tlog.Hash{}, erased: map[int64]bool{}, blobs: map[string]bool{}, pulled: map[string]string{}}
	for _, h := range held {
		switch {
		case h.Origin != o.man.Origin:
			return broken("checkpoint", "is of %s; the one that is held is of %s", o.man.Origin, h.Origin)
		case h.Size > o.Checkpoint.Size:
			return fault.Refuse("the package is of %d records, and one of %d was taken in before; expected a later one", o.Checkpoint.Size, h.Size)
		}
		a.cuts = append(a.cuts, h.Size)
	}
	for _, s := range o.prefixes() {
		a.cuts = append(a.cuts, s.Size)
	}
	if n := o.Results.Checkpoint.Size; n < 0 || n > o.Records {
		return broken("results.json", "rests on %d records", n)
	}
	a.cuts = append(a.cuts, o.Results.Checkpoint.Size)
	slices.Sort(a.cuts)
	a.cut()
	if err := o.Each(ctx, a.take); err != nil {
		return err
	}
	if got := a.tree.Root(); got != o.Checkpoint.Root {
		return broken("checkpoint", "the records are not those that were signed: their root is %s, %s was signed", got, o.Checkpoint.Root)
	}
	for _, s := range o.prefixes() {
		if a.roots[s.Size] != s.Root {
			return broken("ledger/checkpoints.txt or anchors", "the checkpoint of %d records is of another history", s.Size)
		}
	}
	for _, h := range held {
		if a.roots[h.Size] != h.Root {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the ledger was forked: of its first %d records a checkpoint is held with the root %s, the package gives %s", h.Size, h.Root, a.roots[h.Size]),
				Hint: "keep both: together they prove that the organization signed two histories"}
		}
	}
	if root := a.roots[o.Results.Checkpoint.Size]; hex.EncodeToString(root[:]) != o.Results.Checkpoint.Root {
		return broken("results.json", "rests on a checkpoint of %d records that is not of this ledger", o.Results.Checkpoint.Size)
	}
	return a.withheldIsErased()
}

func (o *Opened) prefixes() []ledger.Signed {
	out := slices.Clone(o.Earlier)
	for _, s := range o.Anchors {
		out = append(out, s.Signed)
	}
	return out
}

// cut keeps the root where the tree has a size that is wanted.
func (a *audit) cut() {
	for len(a.cuts) > 0 && a.cuts[0] <= a.tree.Size() {
		a.roots[a.cuts[0]] = a.tree.Root()
		a.cuts = a.cuts[1:]
	}
}

func (a *audit) take(s record.Sealed) error {
	err := a.tree.Append(ledger.LeafHash(s.Commit()), func(int, int64, []tlog.Hash) error { return nil })
	if err != nil {
		return err
	}
	a.cut()
	if s.Erased() {
		a.withheld = append(a.withheld, s.Index)
		return nil
	}
	where := fmt.Sprintf("record #%d", s.Index)
	r, err := record.Decode(s.Bytes)
	if err != nil {
		return broken(where, "%v", err)
	}
	if r.Received < a.received {
		return broken(where, "was received at %s, before the one that it follows", r.Received)
	}
	a.received = r.Received
	switch r.Register {
	case record.Pulls:
		var p struct{ Blob, File string }
		if err := json.Unmarshal(r.Body, &p); err != nil {
			return broken(where, "%v", err)
		}
		if p.Blob != "" {
			a.pulled[p.File] = r.Key
		}
	case record.Erasures:
		var e struct {
			Indexes []int64
			Blobs   []string
		}
		if err := json.Unmarshal(r.Body, &e); err != nil {
			return broken(where, "%v", err)
		}
		for _, i := range e.Indexes {
			a.erased[i] = true
		}
		for _, b := range e.Blobs {
			a.blobs[b] = true
		}
	}
	return nil
}

// withheldIsErased refuses content that is withheld without a record of its erasure, of records as of files.
func (a *audit) withheldIsErased() error {
	for _, i := range a.withheld {
		if !a.erased[i] {
			return broken(fmt.Sprintf("record #%d", i), "its content is withheld, and no record of an erasure lists it")
		}
	}
	for sum, pull := range a.pulled {
		if !a.o.zip.has("blobs/"+sum) && !a.blobs[sum] {
			return broken("blobs/"+sum, "the file that %s kept is missing, and no record of an erasure lists it", pull)
		}
	}
	return nil
}

// checkEntries holds every entry against the manifest, byte for byte and by name.
func (o *Opened) checkEntries(ctx context.Context) error {
	for _, e := range o.man.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := o.zip.files[e.Name]
		if f == nil {
			return broken(e.Name, "is missing; the manifest lists it")
		}
		if f.UncompressedSize64 != uint64(e.Bytes) {
			return broken(e.Name, "has %d bytes; %d were sealed", f.UncompressedSize64, e.Bytes)
		}
		got, err := o.zip.sum(e.Name)
		if err != nil {
			return err
		}
		if got != e.SHA256 {
			return broken(e.Name, "was changed: its SHA-256 is %s, %s was sealed", got, e.SHA256)
		}
		if sum, ok := strings.CutPrefix(e.Name, "blobs/"); ok && sum != e.SHA256 {
			return broken(e.Name, "holds the content of %s", e.SHA256)
		}
	}
	for _, n := range o.zip.names {
		if _, ok := o.listed(n); !ok && n != "manifest.json" && n != "seal" && n != "checkpoint" {
			return broken(n, "was added: the manifest does not list it")
		}
	}
	return nil
}

// Blobs lists the input files that came along, by their SHA-256.
func (o *Opened) Blobs() []string {
	return o.zip.below("blobs/")
}

// Entry opens an entry, such as blobs/SHA256, tests/CHG-01.txtar or report.html.
func (o *Opened) Entry(name string) (io.ReadCloser, error) {
	if !o.zip.has(name) {
		return nil, &fault.Error{Kind: fault.NotFound, What: "the package holds no " + name}
	}
	e, err := o.zip.open(name)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{e, e.r}, nil
}
