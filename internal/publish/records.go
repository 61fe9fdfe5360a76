package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

const (
	fileLines = 100_000 // records in one file
	maxLine   = 8 << 20 // bytes of one; assay-verify reads no longer ones
	tileWidth = 256     // leaves of a tile
)

// ledger writes the records until it has caught up with the ledger, and the blobs of the pulls
// among them.
func (p *packer) ledger(ctx context.Context) error {
	for {
		size, err := p.m.Ledger.Size(ctx)
		if err != nil {
			return fmt.Errorf("read the size of the ledger: %w", err)
		}
		if size == p.size {
			return nil
		}
		for p.size < size {
			if err := p.records(ctx, min(size, p.size+fileLines)); err != nil {
				return err
			}
		}
		if err := p.blobs(ctx); err != nil {
			return err
		}
	}
}

// records writes one file of records, up to the one before `to`.
func (p *packer) records(ctx context.Context, to int64) error {
	name := fmt.Sprintf("ledger/records-%06d.txt", p.files)
	p.files++
	_, err := p.zip.put(name, func(w io.Writer) error {
		var line []byte
		err := p.m.Ledger.Scan(ctx, p.size, to, func(s record.Sealed) error {
			if s.Index != p.size {
				return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the ledger gave record #%d where #%d was expected", s.Index, p.size)}
			}
			line = appendLine(line[:0], s)
			if len(line) > maxLine {
				return fault.Refuse("record #%d is longer than %d bytes, which no package can hold", s.Index, maxLine)
			}
			if err := p.leaf(ctx, s); err != nil {
				return err
			}
			if err := p.note(s); err != nil {
				return err
			}
			p.size++
			_, err := w.Write(line)
			return err
		})
		if err == nil && p.size != to {
			err = &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the ledger ends at record #%d, before its size of %d", p.size, to)}
		}
		return err
	})
	return err
}

// appendLine prints a record as the package keeps it: salt and canonical bytes, or the
// commitment alone once the content was erased.
func appendLine(dst []byte, s record.Sealed) []byte {
	if s.Erased() {
		dst = append(dst, "- "...)
		return append(hex.AppendEncode(dst, s.Commitment[:]), '\n')
	}
	dst = append(hex.AppendEncode(dst, s.Salt), ' ')
	return append(append(dst, s.Bytes...), '\n')
}

// leaf holds a record against the tree, so that an altered one never leaves the house.
func (p *packer) leaf(ctx context.Context, s record.Sealed) error {
	at := int(s.Index%tileWidth) * tlog.HashSize
	if len(p.leaves) < at+tlog.HashSize || at == 0 {
		var err error
		if p.leaves, err = p.m.Ledger.Tile(ctx, s.Index/tileWidth); err != nil {
			return fmt.Errorf("read tile %d: %w", s.Index/tileWidth, err)
		}
	}
	h := ledger.LeafHash(s.Commit())
	if len(p.leaves) < at+tlog.HashSize || !bytes.Equal(p.leaves[at:at+tlog.HashSize], h[:]) {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d is not the one that the ledger's tree holds", s.Index), Hint: "run assay verify"}
	}
	return nil
}

// The registers that name files, as canonical records spell them.
var naming = [][]byte{[]byte(`"register":"assay.`), []byte(`"register":"` + evidence + `"`), []byte(`"register":"` + redactions + `"`)}

const (
	evidence   = "evidence"
	redactions = "redactions"
)

// note remembers which files pulls kept and people gave, and which of them were erased or are shown as a redacted copy alone.
func (p *packer) note(s record.Sealed) error {
	if s.Erased() || !slices.ContainsFunc(naming, func(n []byte) bool { return bytes.Contains(s.Bytes, n) }) {
		return nil
	}
	r, err := record.Decode(s.Bytes)
	if err != nil {
		return fmt.Errorf("record #%d: %w", s.Index, err)
	}
	switch r.Register {
	case evidence, redactions:
		var file struct{ Blob, Original, Redacted string }
		if err := json.Unmarshal(r.Body, &file); err != nil {
			return fmt.Errorf("%s: %w", r.Name(), err)
		}
		for _, sum := range []string{file.Blob, file.Redacted} {
			if isSum(sum) {
				p.shown = append(p.shown, sum)
			}
		}
		p.hidden[file.Original] = true
	case record.Pulls:
		var pull record.Pull
		if err := json.Unmarshal(r.Body, &pull); err != nil {
			return fmt.Errorf("pull %s: %w", r.Key, err)
		}
		if pull.Blob != "" {
			p.pulled = append(p.pulled, pulled{pull.File, s.Index})
		}
	case record.Erasures:
		var erasure struct {
			Blobs   []string `json:"blobs"`
			Kept    []string `json:"kept_files"`
			Indexes []int64  `json:"indexes"`
		}
		if err := json.Unmarshal(r.Body, &erasure); err != nil {
			return fmt.Errorf("erasure %s: %w", r.Key, err)
		}
		for _, b := range erasure.Blobs {
			p.erased[b] = true
		}
		for _, b := range erasure.Kept {
			p.kept[b] = true
		}
		for _, i := range erasure.Indexes {
			p.gone[i] = r.Key
		}
	}
	return nil
}

// blobs writes the input files of the pulls seen since the last call.
func (p *packer) blobs(ctx context.Context) error {
	for _, b := range p.pulled[p.written:] {
		p.written++
		if p.zip.names["blobs/"+b.file] {
			continue
		}
		if err := p.clean(b); err != nil {
			return err
		}
		if err := p.blob(ctx, b.file); err != nil {
			return err
		}
	}
	if err := p.exhibits(ctx); err != nil {
		return err
	}
	for sum := range p.erased {
		if p.zip.names["blobs/"+sum] {
			return &fault.Error{Kind: fault.Busy, What: "the file " + sum + " was erased while the package was made", Hint: "repeat"}
		}
	}
	return nil
}

// exhibits writes the files that people gave as evidence. An original of which a redacted copy is shown stays in the house; one that is
// gone is left out, as only its hash was sealed: assay verify names it.
func (p *packer) exhibits(ctx context.Context) error {
	for sum := range p.hidden {
		if p.given[sum] {
			return &fault.Error{Kind: fault.Busy, What: "the file " + sum + " was redacted while the package was made", Hint: "repeat"}
		}
	}
	for _, sum := range p.shown {
		if p.zip.names["blobs/"+sum] || p.hidden[sum] || p.erased[sum] {
			continue
		}
		r, err := p.m.Blobs.Open(ctx, sum)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = r.Close()
		}
		if err != nil {
			return fmt.Errorf("open the evidence %s: %w", sum, err)
		}
		if err := p.blob(ctx, sum); err != nil {
			return err
		}
		p.given[sum] = true
	}
	return nil
}

// clean refuses a file that holds what was erased, unless the erasure says that it stays. Each
// transaction ends with a checkpoint, and a pull's with its own record: so an erased record came
// with this pull when the next checkpoint after it is the one right after the pull's record.
func (p *packer) clean(b pulled) error {
	if p.erased[b.file] || p.kept[b.file] {
		return nil
	}
	for index, erasure := range p.gone {
		at, _ := slices.BinarySearch(p.ends, index+1)
		if at < len(p.ends) && p.ends[at] == b.index+1 {
			return (&fault.Error{Kind: fault.Refused, What: fmt.Sprintf("the file %s still holds what %s erased, and a package would carry it out of the house", b.file, erasure)}).
				WithHint("erase the file too: assay erase --blob %s --reason REASON --authority WHO", b.file)
		}
	}
	return nil
}

func (p *packer) blob(ctx context.Context, sum string) error {
	if p.erased[sum] {
		return nil
	}
	r, err := p.m.Blobs.Open(ctx, sum)
	if errors.Is(err, fault.NotFound) {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the input file %s, which a pull kept, is gone, and no erasure lists it", sum)}
	}
	if err != nil {
		return fmt.Errorf("open blob %s: %w", sum, err)
	}
	e, err := p.zip.put("blobs/"+sum, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if e.sum != sum {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the input file %s has the content of %s", sum, e.sum)}
	}
	return nil
}

// tiles writes the leaf hashes of the records, in the layout of C2SP tlog-tiles.
func (p *packer) tiles(ctx context.Context) error {
	for n := int64(0); n*tileWidth < p.size; n++ {
		width := int(min(tileWidth, p.size-n*tileWidth))
		b, err := p.m.Ledger.Tile(ctx, n)
		if err != nil {
			return fmt.Errorf("read tile %d: %w", n, err)
		}
		if len(b) < width*tlog.HashSize {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("tile %d holds %d bytes; expected %d leaves", n, len(b), width)}
		}
		if _, err := p.zip.bytes(tilePath(n, width), b[:width*tlog.HashSize]); err != nil {
			return err
		}
	}
	return nil
}

func tilePath(n int64, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if width < tileWidth {
		s = fmt.Sprintf("%s.p/%d", s, width)
	}
	return "ledger/tiles/0/" + s
}

// seal writes the manifest, has it sealed as the next record, and closes the zip.
func (p *packer) seal(ctx context.Context) (Sealed, error) {
	entries := len(p.zip.entries)
	manifest := p.manifest()
	sum := sha256.Sum256(manifest)
	out := Sealed{Records: p.size, Entries: entries + 3, Manifest: hex.EncodeToString(sum[:])}
	if _, err := p.zip.bytes("manifest.json", manifest); err != nil {
		return Sealed{}, err
	}
	s, c, err := p.m.Ledger.Seal(ctx, p.size, out.Manifest)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal the package: %w", err)
	}
	if s.Index != p.size || c.Size != p.size+1 || c.Origin != p.origin() {
		return Sealed{}, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the seal is record #%d under a checkpoint of %d; expected #%d", s.Index, c.Size, p.size)}
	}
	if _, err := p.zip.bytes("seal", appendLine(nil, s)); err != nil {
		return Sealed{}, err
	}
	if _, err := p.zip.bytes("checkpoint", c.Note); err != nil {
		return Sealed{}, err
	}
	if err := p.zip.zip.Close(); err != nil {
		return Sealed{}, fmt.Errorf("close the package: %w", err)
	}
	out.Checkpoint = c
	return out, nil
}
