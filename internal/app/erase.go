package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

// Erase removes the content of a record, the files that pulls kept and that hold it too, and the
// files named with it. Without register and key it removes the named files alone.
func (o *office) Erase(ctx context.Context, e record.Erasure) (cli.Erased, error) {
	e.Source = "assay"
	out := cli.Erased{Files: []cli.KeptFile{}, Warnings: []string{}}
	if err := o.mayErase(ctx, e); err != nil {
		return out, err
	}
	pulls, err := o.pulls(ctx)
	if err != nil {
		return out, err
	}
	sums := slices.Clone(e.Blobs)
	for _, p := range pulls {
		if e.Key != "" && p.fills(e.Register) && (p.body.FirstKey == e.Key || p.body.LastKey == e.Key) {
			out.Warnings = append(out.Warnings, fmt.Sprintf("the sealed record of pull %s (%s) still names the key as that of its first or last row", p.body.ID, p.body.Object))
		}
	}
	if e.Key != "" {
		holding, err := o.holding(ctx, pulls, e.Register, e.Key)
		if err != nil {
			return out, err
		}
		if e.KeepFiles {
			e.Kept = holding
		} else {
			sums = append(sums, holding...)
		}
	}
	slices.Sort(sums)
	e.Blobs = slices.Compact(sums)
	if err := o.heldFiles(ctx, pulls, e.Blobs); err != nil {
		return out, err
	}
	out.Receipt, err = o.st.Erase(ctx, o.org.ID, e)
	if err != nil {
		return out, err
	}
	// Kept runs may repeat in their reasons what was erased.
	if err := os.RemoveAll(o.cache().dir); err != nil {
		return out, fmt.Errorf("the record is erased, but not the kept runs: %w", err)
	}
	for _, b := range e.Blobs {
		if err := o.blobs.Remove(ctx, o.org.ID, b); err != nil {
			return out, fmt.Errorf("the record is erased, but not the file %s: %w", b, err)
		}
	}
	out.Files = filesOf(pulls, e)
	return out, nil
}

// mayErase refuses an erasure that cannot be carried out or accounted for.
func (o *office) mayErase(ctx context.Context, e record.Erasure) error {
	for _, said := range []struct{ flag, text string }{{"--reason", e.Reason}, {"--authority", e.Authority}} {
		if strings.TrimSpace(said.text) == "" {
			return &fault.Error{Kind: fault.Refused, Field: said.flag, What: "is blank; the record of the erasure has to say it"}
		}
	}
	for _, sum := range e.Blobs {
		r, err := o.blobs.Open(ctx, o.org.ID, sum)
		switch {
		case err == nil:
			err = r.Close()
		case errors.Is(err, fault.Integrity):
			err = nil // damaged: it can go all the same
		case errors.Is(err, fault.NotFound):
			err = &fault.Error{Kind: fault.Refused, Field: "--blob", What: "no file " + sum + " is kept here"}
		}
		if err != nil {
			return err
		}
	}
	switch e.Register {
	case "":
		return nil
	case engage.Acts, engage.Mail:
		return fault.Refuse("the acts of an engagement are not erased: what follows from them could not be told any more, and the other party holds them too").WithHint("files that they name can be erased by their hash")
	}
	return o.held(ctx, e)
}

// pulled is a pull at its place in the ledger.
type pulled struct {
	index int64
	body  record.Pull
}

// fills reports whether the pull may have brought rows of a register.
func (p pulled) fills(reg string) bool { return p.body.Register == reg || p.body.Children[reg] > 0 }

// repeats reports whether the pull may have read a row of the register that said nothing new. Of
// the rows that a mapping splits off nobody counted that.
func (p pulled) repeats(reg string) bool {
	return p.body.Register == reg && p.body.Unchanged > 0 || p.body.Children[reg] > 0
}

func (o *office) pulls(ctx context.Context) ([]pulled, error) {
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return nil, err
	}
	var out []pulled
	err = o.each(ctx, record.Pulls, size, func(k record.Known) error {
		p := pulled{index: k.Index}
		err := json.Unmarshal(k.Body, &p.body)
		out = append(out, p)
		return err
	})
	return out, err
}

// holding lists the kept files in which a record stands, or may stand: those of the pulls that
// brought a version of it, and those of later ones that read rows which said nothing new, for one
// of these may be its. The SHA-256 of each, once.
func (o *office) holding(ctx context.Context, pulls []pulled, reg, key string) ([]string, error) {
	brought, first, err := o.st.Brought(ctx, o.org.ID, reg, key)
	if err != nil || len(brought) == 0 {
		return nil, err
	}
	var out []string
	for _, p := range pulls {
		if p.body.Blob == "" || slices.Contains(out, p.body.Blob) {
			continue
		}
		if !slices.Contains(brought, p.body.ID) && (p.index < first || !p.repeats(reg)) {
			continue
		}
		r, err := o.blobs.Open(ctx, o.org.ID, p.body.Blob)
		if errors.Is(err, fault.NotFound) {
			continue // erased before
		}
		if err == nil {
			err = r.Close()
		}
		if err != nil && !errors.Is(err, fault.Integrity) {
			return nil, err
		}
		out = append(out, p.body.Blob)
	}
	return out, nil
}

// heldFiles refuses to erase a file that holds a record which a legal hold covers.
func (o *office) heldFiles(ctx context.Context, pulls []pulled, sums []string) error {
	if len(sums) == 0 {
		return nil
	}
	active, err := o.active(ctx)
	if err != nil {
		return err
	}
	for _, h := range active {
		for _, p := range pulls {
			if !slices.Contains(sums, p.body.Blob) {
				continue
			}
			covered, err := o.coversFile(ctx, h, pulls, p)
			if err != nil {
				return err
			}
			if covered {
				return (&fault.Error{Kind: fault.Denied, What: fmt.Sprintf("the file %s of pull %s holds what the legal hold %s covers by the authority of %s, which wins over the erasure", p.body.Object, p.body.ID, h.id, h.authority)}).
					WithHint("--keep-files erases the record alone; the file goes with assay erase --blob %s once the hold has ended", p.body.Blob)
			}
		}
	}
	return nil
}

func (o *office) coversFile(ctx context.Context, h hold, pulls []pulled, p pulled) (bool, error) {
	regs := []string{p.body.Register}
	for name := range p.body.Children {
		regs = append(regs, name)
	}
	for _, reg := range regs {
		if h.register != "" && h.register != reg || !p.fills(reg) {
			continue
		}
		if h.key == "" {
			return true, nil
		}
		in, err := o.holding(ctx, pulls, reg, h.key)
		if err != nil {
			return false, err
		}
		if slices.Contains(in, p.body.Blob) {
			return true, nil
		}
	}
	return false, nil
}

// filesOf names the files of an erasure, each as the pulls know it.
func filesOf(pulls []pulled, e record.Erasure) []cli.KeptFile {
	out, named := []cli.KeptFile{}, map[string]bool{}
	for _, p := range pulls {
		gone := slices.Contains(e.Blobs, p.body.Blob)
		if p.body.Blob == "" || !gone && !slices.Contains(e.Kept, p.body.Blob) {
			continue
		}
		named[p.body.Blob] = true
		out = append(out, cli.KeptFile{Pull: p.body.ID, File: p.body.Object, SHA256: p.body.Blob, Erased: gone})
	}
	for _, sum := range e.Blobs {
		if !named[sum] {
			out = append(out, cli.KeptFile{SHA256: sum, Erased: true})
		}
	}
	return out
}

// erasedFiles is what the records of erasures say of files.
type erasedFiles struct {
	gone, kept map[string]string // by SHA-256, the key of the erasure
	indexes    map[int64]string  // by place in the ledger, the key of the erasure
}

func (o *office) erasedFiles(ctx context.Context, size int64) (erasedFiles, error) {
	out := erasedFiles{map[string]string{}, map[string]string{}, map[int64]string{}}
	err := o.each(ctx, record.Erasures, size, func(k record.Known) error {
		var body struct {
			Blobs   []string
			Kept    []string `json:"kept_files"`
			Indexes []int64
		}
		err := json.Unmarshal(k.Body, &body)
		for _, b := range body.Blobs {
			out.gone[b] = k.Key
		}
		for _, b := range body.Kept {
			out.kept[b] = k.Key
		}
		for _, i := range body.Indexes {
			out.indexes[i] = k.Key
		}
		return err
	})
	return out, err
}

// verifyBlobs checks that every file that a pull kept is there and says what it said, and tells
// which of them hold what was erased.
func (o *office) verifyBlobs(ctx context.Context, out *cli.Verified) error {
	erased, err := o.erasedFiles(ctx, out.Size)
	if err != nil {
		return err
	}
	if err := o.verifyEvidence(ctx, erased, out); err != nil {
		return err
	}
	return o.each(ctx, record.Pulls, out.Size, func(k record.Known) error {
		var p record.Pull
		if err := json.Unmarshal(k.Body, &p); err != nil {
			return err
		}
		if p.Blob == "" {
			return nil
		}
		err := o.blobs.Verify(ctx, o.org.ID, p.Blob)
		by, gone := erased.gone[p.Blob]
		switch {
		case gone && !errors.Is(err, fault.NotFound):
			out.Notes = append(out.Notes, fmt.Sprintf("the file %s, which pull %s kept and %s erased, is here again; erase it with assay erase --blob %s", p.Object, p.ID, by, p.Blob))
		case gone:
		case err != nil:
			out.Faults = append(out.Faults, cli.VerifiedFault{Index: k.Index, Record: k.Name(), What: "the file that this pull kept: " + err.Error()})
		case erased.kept[p.Blob] != "":
			out.Notes = append(out.Notes, fmt.Sprintf("the file %s, which pull %s kept, still holds what %s erased and leaves the house in every package; erase it with assay erase --blob %s", p.Object, p.ID, erased.kept[p.Blob], p.Blob))
		}
		return nil
	})
}

// verifyEvidence holds the files that people gave as evidence against the hashes that were sealed with them.
func (o *office) verifyEvidence(ctx context.Context, erased erasedFiles, out *cli.Verified) error {
	s := o.regs["evidence"]
	if s == nil {
		return nil // the organization cannot be read, which is said elsewhere
	}
	for q := (record.Query{Limit: 1000}); ; {
		list, total, err := o.st.List(ctx, o.org.ID, s, q)
		if err != nil {
			return err
		}
		for _, k := range list {
			var b struct{ Blob string }
			if err := json.Unmarshal(k.Body, &b); err != nil {
				return err
			}
			if b.Blob == "" || erased.gone[b.Blob] != "" {
				continue
			}
			if err := o.blobs.Verify(ctx, o.org.ID, b.Blob); err != nil {
				out.Faults = append(out.Faults, cli.VerifiedFault{Index: k.Index, Record: k.Name(), What: "the file that was given as this evidence: " + err.Error()})
			}
		}
		if q.Offset += len(list); len(list) == 0 || int64(q.Offset) >= total {
			return nil
		}
	}
}
