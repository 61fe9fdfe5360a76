package publish

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// shop is one organization in a real store with real blobs.
type shop struct {
	*sqlite.Store
	blobs *dir.Store
	org   id.Org
}

func (s shop) Size(ctx context.Context) (int64, error) { return s.Store.Size(ctx, s.org) }
func (s shop) Scan(ctx context.Context, from, to int64, fn func(record.Sealed) error) error {
	return s.Store.Scan(ctx, s.org, from, to, fn)
}
func (s shop) Tile(ctx context.Context, n int64) ([]byte, error) {
	return s.Store.Tile(ctx, s.org, 0, n)
}
func (s shop) Seal(ctx context.Context, size int64, manifest string) (record.Sealed, ledger.Signed, error) {
	return s.Store.Seal(ctx, s.org, size, record.Draft{Source: "assay", Row: &register.Row{Register: record.Packages, Key: "package-" + manifest[:16], Body: []byte(`{"manifest":"` + manifest + `"}`)}})
}
func (s shop) Find(ctx context.Context, name, key string, version int) (int64, error) {
	k, err := s.Lookup(ctx, s.org, name, key, version)
	return k.Index, err
}
func (s shop) Hashes(ctx context.Context) tlog.HashReader { return s.Store.Hashes(ctx, s.org) }
func (s shop) Checkpoints(ctx context.Context) ([]ledger.Signed, error) {
	return s.Store.Checkpoints(ctx, s.org)
}
func (s shop) Open(ctx context.Context, sum string) (io.ReadCloser, error) {
	return s.blobs.Open(ctx, s.org, sum)
}

// open makes a store with one pull of n changes whose input file is kept.
func open(t *testing.T, n int) (shop, string) {
	t.Helper()
	ctx, root := t.Context(), t.TempDir()
	keys := sqlite.NewKeys(filepath.Join(root, "keys"), rand.Reader)
	st, err := sqlite.Open(ctx, sqlite.Config{Dir: root, Clock: time.Now, Random: rand.Reader, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	blobs := dir.Open(filepath.Join(root, "blobs"), filepath.Join(root, "keys"))
	s := shop{st, blobs, testOrg}
	s.org, err = id.NewOrg(time.Now(), rand.Reader)
	must(t, err)
	must(t, st.CreateOrg(ctx, record.Org{ID: s.org, Name: "Example", Zone: "Europe/Berlin"}))
	schema := &register.Schema{Name: "changes", Key: []string{"change_id"}, Fields: []register.Field{{Name: "change_id", Type: register.Text}, {Name: "author", Type: register.Text}}}
	must(t, st.Ensure(ctx, s.org, schema, func(b []byte) ([]any, error) { return register.Project(schema, b) }))
	sum, _, err := blobs.Put(ctx, s.org, strings.NewReader("change_id,author\n"))
	must(t, err)
	pull, err := id.NewPull(time.Now(), rand.Reader)
	must(t, err)
	w, err := st.OpenPull(ctx, s.org, pull)
	must(t, err)
	var drafts []record.Draft
	for i := range n {
		key := fmt.Sprintf("team/%d@main \"é\u2028\" <b>", i)
		body, err := register.AppendCanonical(nil, register.Value{Kind: register.String, Text: key})
		must(t, err)
		drafts = append(drafts, record.Draft{Source: "github", Row: &register.Row{Register: "changes", Key: key, Body: fmt.Appendf(nil, `{"author":"p-%d","change_id":%s}`, i, body), Columns: []any{key, fmt.Sprintf("p-%d", i)}}})
	}
	_, err = w.Add(ctx, drafts)
	must(t, err)
	_, err = w.Commit(ctx, record.Pull{ID: pull, Register: "changes", Source: "github", File: sum, Blob: sum})
	must(t, err)
	vkey, err := keys.Public(s.org)
	must(t, err)
	return s, vkey
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s shop) material(t *testing.T, vkey string, named ...string) Material {
	t.Helper()
	m := material(t, newMemory(t))
	m.Organization, m.Name, m.Key, m.Ledger, m.History, m.Blobs = s.org, "Example", vkey, s, s, s
	cp, err := s.Store.Checkpoint(t.Context(), s.org)
	must(t, err)
	m.Results.Checkpoint = assure.Checkpoint{Size: cp.Size, Root: cp.RootHex()}
	row := &m.Results.Controls[0]
	row.Findings = []assure.Finding{{Key: "k", Verdict: assure.Deviation, Attributes: []string{"A"}, Records: named}}
	row.Population, row.Deviating, row.Attributes[0].Deviations, row.Digest = 1, 1, 1, digest(row.Findings)
	return m
}

// TestRealStore packs and verifies what the store wrote, twice, with an erasure in between.
func TestRealStore(t *testing.T) {
	t.Parallel()
	s, vkey := open(t, 700)
	name := func(i int) string { return fmt.Sprintf("changes/team/%d@main \"é\u2028\" <b>@1", i) }
	first, _ := pack(t, s.material(t, vkey, name(3), name(600)))
	code, answer := verify(t, first, "--key", vkey)
	if code != 0 || answer["proofs"] != 2.0 || answer["blobs"] != 1.0 || answer["pulls"] != 1.0 {
		t.Fatalf("exit %d: %v", code, answer)
	}
	pulls, err := s.Store.System(t.Context(), s.org, record.Pulls, register.MaxIndex)
	must(t, err)
	var pull record.Pull
	must(t, json.Unmarshal(pulls[0].Body, &pull))
	_, err = s.Erase(t.Context(), s.org, record.Erasure{Register: "changes", Key: "team/3@main \"é\u2028\" <b>", Reason: "asked", Authority: "person", Source: "assay", Blobs: []string{pull.File}})
	must(t, err)
	second, _ := pack(t, s.material(t, vkey, name(3), name(600)))
	code, answer = verify(t, second, "--key", vkey, "--checkpoint", first)
	if code != 0 || answer["erased"] != 1.0 || answer["blobs_erased"] != 1.0 || answer["proofs"] != 1.0 {
		t.Errorf("after an erasure: exit %d: %v", code, answer)
	}
	if code, _ := verify(t, first, "--checkpoint", second); code != 3 {
		t.Errorf("the smaller ledger: exit %d, want 3", code)
	}
	if _, _, err := s.Seal(t.Context(), 5, strings.Repeat("0", 64)); err == nil {
		t.Error("a seal in the middle of the ledger was accepted")
	}
}
