package sqlite_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/store/storetest"
)

// crime is a data folder whose database somebody changes while it is closed.
type crime struct {
	t    *testing.T
	dir  string
	org  id.Org
	conf sqlite.Config
	db   *sql.DB
}

// scene has 600 things in two pulls; t-00007 has two versions. Record #n+1 is t-n.
func scene(t *testing.T) *crime {
	t.Helper()
	dir := t.TempDir()
	c := &crime{t: t, dir: dir, conf: place{t, dir}.config(time.Now)}
	s := c.open(false)
	org, err := id.NewOrg(time.Now(), rand.Reader)
	c.check(err)
	c.org = org
	c.check(s.CreateOrg(t.Context(), record.Org{ID: org, Name: "Scene", Zone: "UTC"}))
	c.check(s.Ensure(t.Context(), org, storetest.Things, storetest.ProjectThing))
	var drafts []record.Draft
	for i := range 300 {
		drafts = append(drafts, storetest.Thing(fmt.Sprintf("t-%05d", i), i, "ada"))
	}
	c.pull(s, drafts)
	drafts = drafts[:0]
	for i := 300; i < 600; i++ {
		drafts = append(drafts, storetest.Thing(fmt.Sprintf("t-%05d", i), i, "ada"))
	}
	c.pull(s, append(drafts, storetest.Thing("t-00007", 700, "bob")))
	c.check(s.Close())
	return c
}

func (c *crime) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crime) open(inspect bool) *sqlite.Store {
	c.t.Helper()
	conf := c.conf
	conf.Inspect = inspect
	s, err := sqlite.Open(context.Background(), conf)
	c.check(err)
	return s
}

func (c *crime) pull(s *sqlite.Store, drafts []record.Draft) {
	c.t.Helper()
	p, err := id.NewPull(time.Now(), rand.Reader)
	c.check(err)
	w, err := s.OpenPull(c.t.Context(), c.org, p)
	c.check(err)
	_, err = w.Add(c.t.Context(), drafts)
	c.check(err)
	_, err = w.Commit(c.t.Context(), record.Pull{Register: "things"})
	c.check(err)
}

// sql changes the database behind the store's back.
func (c *crime) sql(statement string, args ...any) {
	c.t.Helper()
	r, err := c.db.Exec(statement, args...)
	c.check(err)
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		c.t.Fatalf("%s: %d rows affected, %v: the script did nothing", statement, n, err)
	}
}

func (c *crime) edit(index int, from, to string) {
	c.t.Helper()
	c.sql(`UPDATE records SET bytes = CAST(replace(CAST(bytes AS TEXT), ?, ?) AS BLOB) WHERE idx = ? AND instr(bytes, CAST(? AS BLOB)) > 0`, from, to, index, from)
}

// forge rewrites the tree and re-signs all checkpoints from the records as they stand, as
// whoever has the database and the signing key can.
func (c *crime) forge() {
	c.t.Helper()
	rows, err := c.db.Query("SELECT salt, bytes FROM records ORDER BY idx")
	c.check(err)
	var commitments [][]byte
	tree := &ledger.Tree{}
	roots := map[int64]tlog.Hash{}
	tiles := map[[2]int64][]byte{}
	keep := func(level int, n int64, h []tlog.Hash) error {
		tiles[[2]int64{int64(level), n}] = ledger.JoinTile(h)
		return nil
	}
	for rows.Next() {
		var salt, b []byte
		c.check(rows.Scan(&salt, &b))
		commitment := ledger.Commit(salt, b)
		commitments = append(commitments, commitment[:])
		c.check(tree.Append(ledger.LeafHash(commitment), keep))
		roots[tree.Size()] = tree.Root()
	}
	c.check(rows.Err())
	c.check(tree.Edge(keep))
	for i, b := range commitments {
		c.sql("UPDATE records SET commitment = ? WHERE idx = ?", b, i)
	}
	for at, b := range tiles {
		if at[0] == 0 {
			continue
		}
		c.sql("UPDATE tiles SET hashes = ? WHERE level = ? AND n = ?", b, at[0], at[1])
	}
	signer, err := c.conf.Keys.Signer(c.org)
	c.check(err)
	for size, root := range roots {
		s, err := ledger.Checkpoint{Origin: ledger.Origin(c.org), Size: size, Root: root}.Sign(signer)
		c.check(err)
		_, err = c.db.Exec("UPDATE checkpoints SET note = ? WHERE size = ?", string(s.Note), size)
		c.check(err)
	}
}

func (c *crime) commit(script func(*crime)) {
	c.t.Helper()
	var err error
	c.db, err = sql.Open("sqlite", "file:"+filepath.Join(c.dir, "assay.db"))
	c.check(err)
	c.db.SetMaxOpenConns(1)
	script(c)
	c.check(c.db.Close())
}

func (c *crime) verify() record.Verification {
	c.t.Helper()
	s := c.open(true)
	defer s.Close()
	c.check(s.Ensure(c.t.Context(), c.org, storetest.Things, storetest.ProjectThing))
	v, err := s.Verify(c.t.Context(), c.org, nil)
	c.check(err)
	return v
}

const thingsTable = "(SELECT name FROM projections WHERE register = 'things')"

// table is the name of a register's projection.
func (c *crime) table(register string) string {
	c.t.Helper()
	var name string
	c.check(c.db.QueryRow("SELECT name FROM projections WHERE register = ?", register).Scan(&name))
	return name
}

// rows edits the projection table of things.
func (c *crime) rows(statement string, args ...any) {
	c.t.Helper()
	var name string
	c.check(c.db.QueryRow("SELECT " + thingsTable).Scan(&name))
	c.sql(fmt.Sprintf(statement, `"`+name+`"`), args...)
}

func TestTamper(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name   string
		script func(*crime)
		kind   record.DefectKind
		names  []string // every record named in a defect, and no other
	}{
		{"edit a body", func(c *crime) { c.edit(78, `"size":77`, `"size":78`) }, record.Altered, []string{"things/t-00077@1"}},
		{"edit a body and its row", func(c *crime) {
			c.edit(78, `"size":77`, `"size":78`)
			c.rows("UPDATE %s SET size = 78 WHERE _key = 't-00077'")
		}, record.Altered, []string{"things/t-00077@1"}},
		{"edit a salt", func(c *crime) { c.sql("UPDATE records SET salt = randomblob(16) WHERE idx = 78") }, record.Altered, []string{"things/t-00077@1"}},
		{"edit a pull's counts", func(c *crime) { c.edit(301, `"new":0`, `"new":9`) }, record.Altered, []string{"assay.pulls/"}},
		{"delete the last record", func(c *crime) { c.sql("DELETE FROM records WHERE idx = 603") }, record.Deleted, []string{"assay.pulls/"}},
		{"delete a record in the middle", func(c *crime) { c.sql("DELETE FROM records WHERE idx = 78") }, record.Deleted, []string{"things/t-00077@1"}},
		{"delete a record and its row", func(c *crime) {
			c.sql("DELETE FROM records WHERE idx = 78")
			c.rows("DELETE FROM %s WHERE _idx = 78")
		}, record.Deleted, []string{""}},
		{"insert a record at the end", func(c *crime) {
			c.sql("INSERT INTO records SELECT org, 604, received, salt, CAST(replace(CAST(bytes AS TEXT), 't-00077', 't-99999') AS BLOB), commitment FROM records WHERE idx = 78")
		}, record.Inserted, []string{"things/t-99999@1"}},
		{"reorder two", func(c *crime) {
			c.sql("UPDATE records SET idx = -1 WHERE idx = 78")
			c.sql("UPDATE records SET idx = 78 WHERE idx = 79")
			c.sql("UPDATE records SET idx = 79 WHERE idx = -1")
		}, record.Altered, []string{"things/t-00077@1", "things/t-00078@1"}},
		{"back-date the received time", func(c *crime) {
			c.sql(`UPDATE records SET received = 5, bytes = CAST(replace(CAST(bytes AS TEXT), '"received":"20', '"received":"19') AS BLOB) WHERE idx = 78`)
		}, record.Altered, []string{"things/t-00077@1"}},
		{"back-date the received time beside the record only", func(c *crime) { c.sql("UPDATE records SET received = received - 5 WHERE idx = 604 - 1") },
			record.Misplaced, []string{"assay.pulls/"}},
		{"give an event time", func(c *crime) { c.edit(78, `},"key"`, `},"event":"2020-01-01T00:00:00Z","key"`) }, record.Altered, []string{"things/t-00077@1"}},
		{"edit a row only", func(c *crime) { c.rows("UPDATE %s SET owner = 'eve' WHERE _key = 't-00077'") }, record.Projection, []string{"things/t-00077@1"}},
		{"back-date a row only", func(c *crime) { c.rows("UPDATE %s SET _event = 5 WHERE _key = 't-00077'") }, record.Projection, []string{"things/t-00077@1"}},
		{"delete a row", func(c *crime) { c.rows("DELETE FROM %s WHERE _key = 't-00077'") }, record.Projection, []string{"things/t-00077@1"}},
		{"add a row", func(c *crime) {
			c.rows("INSERT INTO %[1]s SELECT _org, 9999, 't-99999', 1, _until, _event, _recorded, _received, _pull, _source, _erased, _body, thing, size, owner FROM %[1]s WHERE _idx = 78")
		}, record.Projection, []string{"things/t-99999@1"}},
		{"hide a row as superseded", func(c *crime) { c.rows("UPDATE %s SET _until = 78 WHERE _key = 't-00077'") }, record.Projection, []string{"things/t-00077@1"}},
		{"show a superseded row as the latest", func(c *crime) {
			c.rows("UPDATE %s SET _until = 9223372036854775807 WHERE _key = 't-00007' AND _version = 1")
		}, record.Projection, []string{"things/t-00007@1"}},
		{"number versions anew", func(c *crime) {
			c.edit(8, `"version":1`, `"version":2`)
			c.edit(602, `"version":2`, `"version":1`)
		}, record.Altered, []string{"things/t-00007@1", "things/t-00007@2"}},
		{"number rows anew", func(c *crime) {
			c.rows("UPDATE %s SET _version = 3 - _version + 10 WHERE _key = 't-00007'")
			c.rows("UPDATE %s SET _version = _version - 10 WHERE _key = 't-00007'")
		}, record.Projection, []string{"things/t-00007@1", "things/t-00007@2"}},
		{"empty a record as if erased", func(c *crime) {
			c.sql("UPDATE records SET salt = NULL, bytes = NULL WHERE idx = 78")
		}, record.Unopened, []string{"things/t-00077@1"}},
		{"edit a commitment", func(c *crime) { c.sql("UPDATE records SET commitment = randomblob(32) WHERE idx = 78") }, record.Tile, []string{"things/t-00077@1"}},
		{"edit a body and its commitment", func(c *crime) {
			c.edit(78, `"size":77`, `"size":78`)
			c.rows("UPDATE %s SET size = 78 WHERE _key = 't-00077'")
			var salt, b []byte
			c.check(c.db.QueryRow("SELECT salt, bytes FROM records WHERE idx = 78").Scan(&salt, &b))
			commitment := ledger.Commit(salt, b)
			c.sql("UPDATE records SET commitment = ? WHERE idx = 78", commitment[:])
		}, record.Altered, []string{"things/t-00077@1"}},
		{"edit an upper tile", func(c *crime) { c.sql("UPDATE tiles SET hashes = randomblob(64) WHERE level = 1") }, record.Tile, []string{""}},
		{"delete a tile", func(c *crime) { c.sql("DELETE FROM tiles WHERE level = 1") }, record.Tile, nil},
		{"edit an earlier checkpoint", func(c *crime) {
			c.sql("UPDATE checkpoints SET note = replace(note, char(10) || '302' || char(10), char(10) || '301' || char(10)) WHERE size = 302")
		}, record.BadSeal, []string{""}},
		{"edit the last checkpoint", func(c *crime) {
			c.sql("UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 302) WHERE size = 604")
		}, record.BadSeal, nil},
		{"delete the last checkpoint", func(c *crime) { c.sql("DELETE FROM checkpoints WHERE size = 604") }, record.Inserted, nil},
		{"edit a body, forge the tree and sign it with the stolen key", func(c *crime) {
			c.edit(78, `"size":77`, `"size":78`)
			c.rows("UPDATE %s SET size = 78 WHERE _key = 't-00077'")
			c.forge()
		}, record.Forked, []string{"things/t-00077@1"}},
		{"edit the first record, forge the tree and sign it with the stolen key", func(c *crime) {
			c.edit(1, `"size":0`, `"size":9`)
			c.rows("UPDATE %s SET size = 9 WHERE _key = 't-00000'")
			c.forge()
		}, record.Forked, []string{"things/t-00000@1"}},
		{"swap two records, forge the tree and sign it with the stolen key", func(c *crime) {
			c.sql("UPDATE records SET idx = -1 WHERE idx = 78")
			c.sql("UPDATE records SET idx = 78 WHERE idx = 79")
			c.sql("UPDATE records SET idx = 79 WHERE idx = -1")
			c.forge()
		}, record.Forked, []string{"things/t-00077@1", "things/t-00078@1"}},
		{"delete a record, close the gap, forge and sign", func(c *crime) {
			c.sql("DELETE FROM records WHERE idx = 600")
			for i := 601; i < 604; i++ {
				c.sql("UPDATE records SET idx = ? WHERE idx = ?", i-1, i)
			}
			c.sql("DELETE FROM checkpoints WHERE size = 604")
			c.sql("INSERT INTO checkpoints SELECT org, 603, note FROM checkpoints WHERE size = 302")
			c.forge()
		}, record.RolledBack, nil},
		{"rename the organization", func(c *crime) { c.sql("UPDATE organizations SET name = 'Other'") }, record.Altered, []string{"assay.organizations/"}},
		{"move the organization to another zone", func(c *crime) { c.sql("UPDATE organizations SET zone = 'Asia/Tokyo'") }, record.Altered, []string{"assay.organizations/"}},
		{"found the organization earlier", func(c *crime) { c.sql("UPDATE organizations SET created = created - 1") }, record.Altered, []string{"assay.organizations/"}},
		{"delete the organization", func(c *crime) { c.sql("DELETE FROM organizations") }, record.Deleted, []string{"assay.organizations/"}},
		{"number the organization anew", func(c *crime) { c.sql("UPDATE organizations SET id = 'org_06h1hvqhvnc90xrz7jcmm2rps4'") }, record.Deleted, []string{"assay.organizations/"}},
		{"delete all checkpoints", func(c *crime) { c.sql("DELETE FROM checkpoints") }, record.Inserted, nil},
		{"delete the first checkpoint", func(c *crime) { c.sql("DELETE FROM checkpoints WHERE size = 1") }, record.BadSeal, []string{"assay.organizations/"}},
		{"delete a checkpoint in the middle", func(c *crime) { c.sql("DELETE FROM checkpoints WHERE size = 302") }, record.BadSeal, []string{"assay.pulls/"}},
		{"name another table for a register", func(c *crime) { c.sql("UPDATE projections SET name = 'r_things_zz' WHERE register = 'things'") }, record.UnknownRows, []string{""}},
		{"name another table for the pulls", func(c *crime) {
			c.sql("UPDATE projections SET name = (SELECT name FROM projections WHERE register = 'things') WHERE register = 'assay.pulls'")
		}, record.UnknownRows, []string{""}},
		{"delete the name of a register's table", func(c *crime) { c.sql("DELETE FROM projections WHERE register = 'things'") }, record.Projection, nil},
		{"delete the checkpoint outside", func(c *crime) {
			c.check(os.Remove(filepath.Join(c.dir, "anchor", string(c.org), "checkpoint")))
		}, record.RolledBack, []string{""}},
		{"delete the folder outside", func(c *crime) { c.check(os.RemoveAll(filepath.Join(c.dir, "anchor"))) }, record.RolledBack, []string{""}},
		{"delete the tree outside", func(c *crime) {
			c.check(os.RemoveAll(filepath.Join(c.dir, "anchor", string(c.org), "tile")))
		}, record.Tile, []string{""}},
		{"cut the last pull off, its rows and its checkpoint", func(c *crime) {
			c.sql("DELETE FROM records WHERE idx >= 302")
			c.rows("DELETE FROM %s WHERE _idx >= 302")
			c.rows("UPDATE %s SET _until = 9223372036854775807")
			c.sql(`DELETE FROM "` + c.table("assay.pulls") + `" WHERE _idx >= 302`)
			c.sql("DELETE FROM checkpoints WHERE size > 302")
			c.sql("UPDATE tiles SET hashes = substr(hashes, 1, 32) WHERE level = 1")
		}, record.RolledBack, []string{""}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := scene(t)
			c.commit(x.script)
			v := c.verify()
			seen := false
			for _, d := range v.Defects {
				seen = seen || d.Kind == x.kind && (x.names == nil || slices.ContainsFunc(x.names, func(n string) bool { return names(n, d.Name) }))
				if x.names != nil && d.Name != "" && !slices.ContainsFunc(x.names, func(n string) bool { return names(n, d.Name) }) {
					t.Errorf("%s #%d: %s: an untouched record is named", d.Name, d.Index, d.What)
				}
			}
			for _, want := range x.names {
				if !slices.ContainsFunc(v.Defects, func(d record.Defect) bool { return names(want, d.Name) }) {
					t.Errorf("%q is not named", want)
				}
			}
			if !seen || t.Failed() {
				t.Errorf("Verify = %+v, want %s of %q", v.Defects[:min(len(v.Defects), 6)], x.kind, x.names)
			}
		})
	}
}

// names reports whether a wanted name, or the start of one that ends with a slash, is this one.
func names(want, got string) bool {
	return want == got || strings.HasSuffix(want, "/") && strings.HasPrefix(got, want)
}

// TestTamperUntouched shows that the scene itself is clean: what the scripts find is theirs.
func TestTamperUntouched(t *testing.T) {
	t.Parallel()
	c := scene(t)
	if v := c.verify(); len(v.Defects) > 0 || v.Size != 604 || v.Anchored != 604 || v.Unanchored != 0 {
		t.Errorf("Verify = %+v", v)
	}
}

// TestUnanchored: after the last checkpoint that somebody outside holds, a forger with the key
// leaves no trace. Nobody can promise otherwise; it is said how many records that concerns.
func TestUnanchored(t *testing.T) {
	t.Parallel()
	c := scene(t)
	anchor := filepath.Join(c.dir, "anchor")
	c.check(os.CopyFS(anchor+".then", os.DirFS(anchor)))
	s := c.open(false)
	c.check(s.Ensure(t.Context(), c.org, storetest.Things, storetest.ProjectThing))
	c.pull(s, []record.Draft{storetest.Thing("t-00900", 1, "ada"), storetest.Thing("t-00901", 1, "ada")})
	c.check(s.Close())
	c.check(os.RemoveAll(anchor))
	c.check(os.Rename(anchor+".then", anchor))

	if v := c.verify(); len(v.Defects) > 0 || v.Anchored != 604 || v.Unanchored != 3 {
		t.Errorf("Verify = %+v, want 604 records anchored and 3 not", v)
	}
	c.commit(func(c *crime) { c.edit(604, `"size":1`, `"size":2`) })
	if v := c.verify(); !slices.ContainsFunc(v.Defects, func(d record.Defect) bool { return d.Kind == record.Altered && d.Name == "things/t-00900@1" }) {
		t.Errorf("an edit without the key: %+v", v.Defects)
	}
	c.commit(func(c *crime) {
		c.rows("UPDATE %s SET size = 2, _body = (SELECT _body FROM %[1]s WHERE _idx = 604) WHERE _idx = 604")
		c.forge()
	})
	if v := c.verify(); v.Unanchored != 3 || v.Anchored != 604 {
		t.Errorf("after a forgery in the tail: %+v, want 3 records unanchored", v)
	}
}

// TestAnchorTamper: what is kept outside is checked too.
func TestAnchorTamper(t *testing.T) {
	t.Parallel()
	c := scene(t)
	name := filepath.Join(c.dir, "anchor", string(c.org), "checkpoint")
	b, err := os.ReadFile(name)
	c.check(err)
	c.check(os.WriteFile(name, []byte(strings.Replace(string(b), "\n604\n", "\n304\n", 1)), 0o600))
	if _, err := sqlite.Open(t.Context(), c.conf); err == nil || !strings.Contains(err.Error(), "not valid") {
		t.Errorf("Open with an edited checkpoint outside = %v", err)
	}
	if v := c.verify(); len(v.Defects) != 1 || v.Defects[0].Kind != record.BadSeal || v.Unanchored != 604 {
		t.Errorf("Verify = %+v", v)
	}
}

// TestTwoHistories: whoever runs the installation keeps two ledgers and shows each to another
// person. Each is clean by itself; whoever compares their checkpoints finds the fork by name.
func TestTwoHistories(t *testing.T) {
	t.Parallel()
	one := scene(t)
	two := &crime{t: t, dir: t.TempDir(), org: one.org}
	one.check(os.CopyFS(two.dir, os.DirFS(one.dir)))
	two.conf = place{t, two.dir}.config(time.Now)
	for c, owner := range map[*crime]string{one: "ada", two: "eve"} {
		s := c.open(false)
		c.check(s.Ensure(t.Context(), c.org, storetest.Things, storetest.ProjectThing))
		c.pull(s, []record.Draft{storetest.Thing("t-00900", 1, owner), storetest.Thing("t-00901", 1, "ada")})
		c.check(s.Close())
		if v := c.verify(); len(v.Defects) > 0 || v.Size != 607 {
			t.Fatalf("the history with %s is not clean by itself: %+v", owner, v)
		}
	}
	kept := filepath.Join(one.dir, "anchor")
	one.check(os.RemoveAll(kept))
	one.check(os.CopyFS(kept, os.DirFS(filepath.Join(two.dir, "anchor"))))
	v := one.verify()
	if !slices.ContainsFunc(v.Defects, func(d record.Defect) bool { return d.Kind == record.Forked && d.Name == "things/t-00900@1" }) {
		t.Errorf("Verify = %+v, want the fork at things/t-00900@1", v.Defects)
	}
	for _, d := range v.Defects {
		if d.Index >= 0 && d.Index < 604 {
			t.Errorf("%s #%d: %s: a record of the common past is named", d.Name, d.Index, d.What)
		}
	}
}
