package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// Bounds on what is only there for convenience: the package holds the whole ledger, from which
// every proof can be made again.
const (
	maxProofs      = 10_000
	maxCheckpoints = 2_000
)

func (p *packer) origin() string { return ledger.Origin(p.m.Organization) }

// documents writes what people read, and what says who signs.
func (p *packer) documents(context.Context) error {
	guide, err := readme(p.m)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		name string
		fill func(io.Writer) error
	}{
		{"README.md", raw(guide)},
		{"key", raw([]byte(p.m.Key + "\n"))},
		{"program.json", raw(p.m.Program)},
		{"report.html", p.m.ReportHTML},
		{"report.json", p.m.ReportJSON},
		{"verify.py", raw(verifierText)},
	} {
		if _, err := p.zip.put(d.name, d.fill); err != nil {
			return err
		}
	}
	return nil
}

func raw(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// conclusions writes tests, results and findings.
func (p *packer) conclusions(context.Context) error {
	for _, t := range p.m.Tests {
		for _, form := range []struct {
			suffix string
			text   []byte
		}{{".txtar", t.Txtar}, {".duckdb.sql", t.DuckDB}, {".postgres.sql", t.Postgres}} {
			if len(form.text) == 0 {
				continue
			}
			if _, err := p.zip.bytes("tests/"+t.ID+form.suffix, form.text); err != nil {
				return err
			}
		}
	}
	if _, err := p.zip.put("results.json", inJSON(p.m.Results)); err != nil {
		return err
	}
	type row struct {
		Control  string           `json:"control"`
		Version  int              `json:"version"`
		Test     string           `json:"test"`
		Digest   string           `json:"digest"`
		Findings []assure.Finding `json:"findings"`
	}
	rows := map[string][]row{}
	var order []string
	for _, r := range p.m.Results.Controls {
		if rows[r.Control] == nil {
			order = append(order, r.Control)
		}
		rows[r.Control] = append(rows[r.Control], row{r.Control, r.Version, r.Test, r.Digest, r.Findings})
	}
	for _, control := range order {
		if _, err := p.zip.put("findings/"+control+".json", inJSON(rows[control])); err != nil {
			return err
		}
	}
	return nil
}

func inJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
}

// populations writes the copies that an auditor queries.
func (p *packer) populations(ctx context.Context) error {
	for _, r := range p.m.Relations {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := p.zip.put("populations/"+r.Name+".parquet", func(w io.Writer) error { return p.m.Tables.Write(w, r) }); err != nil {
			return err
		}
	}
	return nil
}

// history writes the earlier checkpoints, and a proof for each record that a finding rests on.
// The proofs lead to the newest of those checkpoints: the one that seals this package cannot be
// inside what it seals.
func (p *packer) history(ctx context.Context) error {
	signed, err := p.m.History.Checkpoints(ctx)
	if err != nil {
		return fmt.Errorf("read the checkpoints: %w", err)
	}
	signed = slices.DeleteFunc(slices.Clone(signed), func(s ledger.Signed) bool { return s.Size == 0 })
	slices.SortStableFunc(signed, func(a, b ledger.Signed) int { return int(min(1, max(-1, a.Size-b.Size))) })
	signed = slices.CompactFunc(signed, func(a, b ledger.Signed) bool { return a.Size == b.Size })
	for _, s := range signed {
		p.ends = append(p.ends, s.Size)
	}
	if len(signed) == 0 {
		return nil
	}
	notes := make([][]byte, 0, maxCheckpoints)
	step := (len(signed) + maxCheckpoints - 1) / maxCheckpoints
	for i, s := range signed {
		if (len(signed)-1-i)%step == 0 { // the newest is always among them
			notes = append(notes, s.Note)
		}
	}
	if _, err := p.zip.bytes("ledger/checkpoints.txt", bytes.Join(notes, []byte("\n"))); err != nil {
		return err
	}
	return p.proofs(ctx, signed[len(signed)-1])
}

func (p *packer) proofs(ctx context.Context, c ledger.Signed) error {
	hashes := p.m.History.Hashes(ctx)
	done := map[string]bool{}
	for _, name := range p.named() {
		register, key, version, ok := splitName(name)
		if !ok {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("a finding names the record %q; expected register/key@version", name)}
		}
		index, err := p.m.History.Find(ctx, register, key, version)
		if errors.Is(err, fault.NotFound) {
			continue // erased since; the verifier counts it against the erasures
		}
		if err != nil {
			return fmt.Errorf("find %s: %w", name, err)
		}
		entry := fmt.Sprintf("proofs/%s/%d.tlog-proof", register, index)
		if index >= c.Size || done[entry] {
			continue
		}
		done[entry] = true
		path, err := ledger.Prove(c.Size, index, hashes)
		if err != nil {
			return fmt.Errorf("prove %s: %w", name, err)
		}
		if _, err := p.zip.bytes(entry, ledger.Proof{Index: index, Hashes: path, Checkpoint: c.Note}.Text()); err != nil {
			return err
		}
	}
	return nil
}

// named lists the records that findings rest on, each once, in order.
func (p *packer) named() []string {
	seen := map[string]bool{}
	var names []string
	for _, c := range p.m.Results.Controls {
		for _, f := range c.Findings {
			for _, n := range f.Records {
				if !seen[n] && len(names) < maxProofs {
					seen[n] = true
					names = append(names, n)
				}
			}
		}
	}
	return names
}

// splitName cuts register/key@version; the key may hold both signs.
func splitName(s string) (register, key string, version int, ok bool) {
	register, rest, ok := strings.Cut(s, "/")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 1 {
		return "", "", 0, false
	}
	version, err := strconv.Atoi(rest[at+1:])
	return register, rest[:at], version, err == nil
}
