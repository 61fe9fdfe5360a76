package sqlite_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/store/storetest"
)

// original is somebody's ledger with two pulls, two versions of a key and an erasure.
func original(t *testing.T) (*crime, *sqlite.Store, string) {
	t.Helper()
	c := scene(t)
	s := c.open(false)
	t.Cleanup(func() { s.Close() })
	c.check(s.Ensure(t.Context(), c.org, storetest.Things, storetest.ProjectThing))
	_, err := s.Erase(t.Context(), c.org, record.Erasure{Register: storetest.Things.Name, Key: "t-00009", Reason: "asked", Authority: "person", Source: "assay"})
	c.check(err)
	key, err := sqlite.NewKeys(filepath.Join(c.dir, "keys"), rand.Reader).Public(c.org)
	c.check(err)
	return c, s, key
}

// copyOf is what Adopt is given of a store.
func copyOf(t *testing.T, s *sqlite.Store, org id.Org) sqlite.Adopted {
	t.Helper()
	cps, err := s.Checkpoints(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	return sqlite.Adopted{Org: org, Checkpoints: cps, Schemas: []*register.Schema{storetest.Things},
		Records: func(ctx context.Context, fn func(record.Sealed) error) error {
			return s.Scan(ctx, org, 0, cps[len(cps)-1].Size, fn)
		}}
}

func mirrored(dir string, org id.Org, key string) sqlite.Config {
	return sqlite.Config{Dir: dir, Clock: time.Now, Random: rand.Reader, Keys: sqlite.Public{org: key}}
}

// rowsOf reads a table as text.
func rowsOf(t *testing.T, dir, query string) (out []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "assay.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAdopt: the copy holds what the original holds, byte for byte, is found whole by Verify, and takes nothing.
func TestAdopt(t *testing.T) {
	t.Parallel()
	c, s, key := original(t)
	dir := filepath.Join(t.TempDir(), "copy")
	conf := mirrored(dir, c.org, key)
	unknown, err := sqlite.Adopt(t.Context(), conf, copyOf(t, s, c.org))
	if err != nil || len(unknown) != 0 {
		t.Fatalf("Adopt = %v, %v", unknown, err)
	}
	for _, query := range []string{
		"SELECT idx || ' ' || received || ' ' || coalesce(hex(salt), '-') || ' ' || coalesce(hex(bytes), '-') || ' ' || hex(commitment) FROM records ORDER BY idx",
		"SELECT level || '/' || n || ' ' || hex(hashes) FROM tiles ORDER BY level, n",
		"SELECT size || ' ' || note FROM checkpoints ORDER BY size",
		"SELECT register || ' ' || name FROM projections ORDER BY register",
		"SELECT _idx || ' ' || _key || ' ' || _version || ' ' || _until || ' ' || coalesce(_event, '-') || ' ' || _received || ' ' || _pull || ' ' || _source || ' ' || _erased || ' ' || coalesce(hex(_body), '-') FROM " + storetest.Things.Table() + " ORDER BY _idx",
	} {
		want := rowsOf(t, c.dir, query)
		if diff := cmp.Diff(want, rowsOf(t, dir, query)); diff != "" || len(want) == 0 {
			t.Errorf("%s (-original, %d rows +copy):\n%s", query[:60], len(want), diff)
		}
	}
	for _, readOnly := range []bool{false, true} {
		conf.ReadOnly = readOnly
		m, err := sqlite.Open(t.Context(), conf)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		if err := m.Ensure(t.Context(), c.org, storetest.Things, storetest.ProjectThing); err != nil {
			t.Fatal(err)
		}
		v, err := m.Verify(t.Context(), c.org, nil)
		if err != nil || len(v.Defects) != 0 || v.Anchored != v.Size {
			t.Errorf("Verify = %+v, %v; want whole and kept outside", v, err)
		}
		takesNothing(t, m, c.org)
		if cp, err := m.CheckpointAt(t.Context(), c.org, 5); err != nil || cp.Size != 5 || len(cp.Note) != 0 {
			t.Errorf("CheckpointAt(5) = %+v, %v; want the root without a signature", cp, err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlite.Open(t.Context(), place{t, dir}.config(time.Now)); err == nil {
		t.Error("the copy was opened to be signed by whoever holds the folder")
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the copy has a folder of keys: %v", err)
	}
}

// takesNothing asks a copy to write in each way there is.
func takesNothing(t *testing.T, m *sqlite.Store, org id.Org) {
	t.Helper()
	ctx := t.Context()
	before, err := m.Size(ctx, org)
	if err != nil {
		t.Fatal(err)
	}
	other, err := id.NewOrg(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pull, err := id.NewPull(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := storetest.Thing("new", 1, "eve")
	for what, act := range map[string]func() error{
		"append": func() error { _, err := m.Append(ctx, org, "", []record.Draft{d}); return err },
		"pull":   func() error { _, err := m.OpenPull(ctx, org, pull); return err },
		"seal":   func() error { _, _, err := m.Seal(ctx, org, before, d); return err },
		"erase": func() error {
			_, err := m.Erase(ctx, org, record.Erasure{Register: storetest.Things.Name, Key: "t-00001"})
			return err
		},
		"link":     func() error { return m.CreateLink(ctx, record.Link{ID: "link", Org: org, Firm: org, Client: other}) },
		"attest":   func() error { return m.Attest(ctx, org, ledger.Attestation{}) },
		"organize": func() error { return m.CreateOrg(ctx, record.Org{ID: other, Name: "Other", Zone: "UTC"}) },
	} {
		err := act()
		if err == nil {
			t.Errorf("%s was taken", what)
		}
		if what != "organize" && what != "link" && !errors.Is(err, fault.Denied) && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s = %v, want denied", what, err)
		}
	}
	if after, err := m.Size(ctx, org); err != nil || after != before {
		t.Errorf("the copy grew from %d to %d, %v", before, after, err)
	}
}

// TestAdoptRefuses: records that do not give the signed roots leave no folder that could be opened as a copy.
func TestAdoptRefuses(t *testing.T) {
	t.Parallel()
	c, s, key := original(t)
	otherKey, err := sqlite.NewKeys(filepath.Join(t.TempDir(), "keys"), rand.Reader).Signer(c.org)
	c.check(err)
	forged, err := ledger.Checkpoint{Origin: ledger.Origin(c.org), Size: 1}.Sign(otherKey)
	c.check(err)
	each := func(a sqlite.Adopted, change func(*record.Sealed) bool) sqlite.Adopted {
		records := a.Records
		a.Records = func(ctx context.Context, fn func(record.Sealed) error) error {
			return records(ctx, func(x record.Sealed) error {
				if !change(&x) {
					return nil
				}
				return fn(x)
			})
		}
		return a
	}
	for what, change := range map[string]func(sqlite.Adopted) sqlite.Adopted{
		"a changed record": func(a sqlite.Adopted) sqlite.Adopted {
			return each(a, func(x *record.Sealed) bool {
				if x.Index == 40 {
					x.Bytes = []byte(strings.Replace(string(x.Bytes), "ada", "eve", 1))
				}
				return true
			})
		},
		"a record left out": func(a sqlite.Adopted) sqlite.Adopted {
			return each(a, func(x *record.Sealed) bool { return x.Index != 40 })
		},
		"a record closed": func(a sqlite.Adopted) sqlite.Adopted {
			return each(a, func(x *record.Sealed) bool {
				if x.Index == 40 {
					x.Bytes, x.Salt = nil, nil
				}
				return true
			})
		},
		"the tail cut off": func(a sqlite.Adopted) sqlite.Adopted {
			return each(a, func(x *record.Sealed) bool { return x.Index < 500 })
		},
		"no checkpoint": func(a sqlite.Adopted) sqlite.Adopted { a.Checkpoints = nil; return a },
		"a tail that nobody signed": func(a sqlite.Adopted) sqlite.Adopted {
			a.Checkpoints = a.Checkpoints[:len(a.Checkpoints)-1]
			return a
		},
		"a checkpoint by another key": func(a sqlite.Adopted) sqlite.Adopted {
			a.Checkpoints = append([]ledger.Signed{forged}, a.Checkpoints[1:]...)
			return a
		},
	} {
		dir := filepath.Join(t.TempDir(), "copy")
		_, err := sqlite.Adopt(t.Context(), mirrored(dir, c.org, key), change(copyOf(t, s, c.org)))
		if err == nil {
			t.Errorf("%s was adopted", what)
		}
		m, err := sqlite.Open(t.Context(), mirrored(dir, c.org, key))
		if err != nil {
			t.Fatal(err)
		}
		if orgs, err := m.Orgs(t.Context()); err != nil || len(orgs) != 0 {
			t.Errorf("%s left %v, %v", what, orgs, err)
		}
		m.Close()
	}
	dir := filepath.Join(t.TempDir(), "copy")
	if _, err := sqlite.Adopt(t.Context(), place{t, dir}.config(time.Now), copyOf(t, s, c.org)); !errors.Is(err, fault.Refused) {
		t.Errorf("a copy with a key that signs: %v; want refused", err)
	}
	if _, err := sqlite.Adopt(t.Context(), mirrored(c.dir, c.org, key), copyOf(t, s, c.org)); !errors.Is(err, fault.Refused) {
		t.Errorf("into a folder with a database: %v; want refused", err)
	}
}
