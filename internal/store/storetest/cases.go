package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

func drafts(from, to int) []record.Draft {
	var out []record.Draft
	for i := from; i < to; i++ {
		out = append(out, Thing(fmt.Sprintf("t-%05d", i), i, "ada"))
	}
	return out
}

func count(out []record.Outcome, want record.Outcome) int {
	n := 0
	for _, o := range out {
		if o == want {
			n++
		}
	}
	return n
}

func testImport(t *testing.T, b *bench) {
	out, r := b.pull(drafts(0, 1000)...)
	if count(out, record.Added) != 1000 {
		t.Errorf("%d of 1000 rows were added", count(out, record.Added))
	}
	if r.First != 1 || r.Count != 1001 || r.Checkpoint.Size != 1002 {
		t.Errorf("receipt = %+v, want records 1 to 1001 of 1002", r)
	}
	k, err := b.Lookup(t.Context(), b.org, "things", "t-00777", 1)
	b.check(err)
	if k.Index != 778 || k.Pull != r.Pull || k.Source != "test" {
		t.Errorf("Lookup = %+v", k)
	}
	if _, err := b.Lookup(t.Context(), b.org, "things", "nothing", 0); !errors.Is(err, fault.NotFound) {
		t.Errorf("Lookup of nothing = %v", err)
	}
	known, err := b.System(t.Context(), b.org, record.Pulls, r.Checkpoint.Size)
	b.check(err)
	if len(known) != 1 || known[0].Key != string(r.Pull) || known[0].Index != 1001 {
		t.Errorf("pulls = %+v, want one, sealed last", known)
	}
	b.clean()
}

func testIdempotent(t *testing.T, b *bench) {
	b.pull(drafts(0, 700)...)
	before := b.dump()
	out, r := b.pull(drafts(0, 700)...)
	if n := count(out, record.Unchanged); n != 700 || r.Count != 1 {
		t.Errorf("the same again: %d unchanged, %d records; want 700 and the pull's own", n, r.Count)
	}
	if diff := cmp.Diff(before, b.dump()[:len(before)]); diff != "" {
		t.Error(diff)
	}
	receipt, err := b.Append(t.Context(), b.org, "", drafts(3, 5))
	b.check(err)
	if size, _ := b.Size(t.Context(), b.org); receipt.Count != 0 || receipt.Checkpoint.Size != size {
		t.Errorf("Append of the same = %+v", receipt)
	}
	out, _ = b.pull(append(drafts(700, 710), drafts(700, 710)...)...)
	if count(out, record.Added) != 10 || count(out, record.Unchanged) != 10 {
		t.Errorf("each row twice: %v", out)
	}
	b.clean()
}

func testSupersede(t *testing.T, b *bench) {
	b.pull(Thing("a", 1, "ada"), Thing("b", 1, "ada"))
	out, _ := b.pull(Thing("a", 2, "ada"), Thing("b", 1, "ada"), Thing("c", 1, "ada"))
	if diff := cmp.Diff([]record.Outcome{record.Superseded, record.Unchanged, record.Added}, out); diff != "" {
		t.Error(diff)
	}
	b.pull(Thing("a", 1, "ada")) // back to what it was is a new statement
	if got, want := b.latest("a"), `3 {"owner":"ada","size":1,"thing":"a"}`; got != want {
		t.Errorf("latest a = %s, want %s", got, want)
	}
	k, err := b.Lookup(t.Context(), b.org, "things", "a", 2)
	b.check(err)
	if string(k.Body) != `{"owner":"ada","size":2,"thing":"a"}` {
		t.Errorf("a@2 = %s", k.Body)
	}
	b.clean()
}

func testVersions(t *testing.T, b *bench) {
	out, _ := b.pull(thingVersion("a", 5, "ada", 5), thingVersion("a", 3, "ada", 3), thingVersion("a", 7, "ada", 7))
	if diff := cmp.Diff([]record.Outcome{record.Added, record.Added, record.Superseded}, out); diff != "" {
		t.Error(diff)
	}
	out, _ = b.pull(thingVersion("a", 5, "ada", 5), thingVersion("a", 6, "ada", 6))
	if diff := cmp.Diff([]record.Outcome{record.Unchanged, record.Added}, out); diff != "" {
		t.Error(diff)
	}
	if got := b.latest("a"); !strings.HasPrefix(got, "7 ") {
		t.Errorf("the highest version is the latest whenever it came: %s", got)
	}
	b.refused([]record.Draft{thingVersion("a", 99, "ada", 5)}, 0, "record_version", "version 5", `"a"`)
	b.pull(Thing("a", 100, "ada"))
	if got := b.latest("a"); !strings.HasPrefix(got, "8 ") {
		t.Errorf("without a version the next one follows the highest: %s", got)
	}
	b.clean()
}

func testTwoBodies(t *testing.T, b *bench) {
	b.pull(Thing("old", 1, "ada"))
	for name, rows := range map[string][]record.Draft{
		"new key":                      {Thing("new", 1, "ada"), Thing("new", 2, "ada")},
		"known key, the same first":    {Thing("old", 1, "ada"), Thing("old", 2, "ada")},
		"known key, the same last":     {Thing("old", 2, "ada"), Thing("old", 1, "ada")},
		"an explicit version, another": {thingVersion("old", 5, "ada", 2), thingVersion("old", 6, "ada", 2)},
	} {
		t.Run(name, func(t *testing.T) {
			rows[1].Row.Line = 17
			b.refused(rows, 17, rows[1].Row.Key)
			// The same across two calls of Add.
			w, err := b.OpenPull(t.Context(), b.org, b.pullID())
			b.check(err)
			_, err = w.Add(t.Context(), rows[:1])
			b.check(err)
			if _, err := w.Add(t.Context(), rows[1:]); !errors.Is(err, fault.Refused) {
				t.Errorf("in a second Add: %v, want a refusal", err)
			}
			if _, err := w.Commit(t.Context(), record.Pull{}); err == nil {
				t.Error("Commit after a refusal: no error")
			}
			b.check(w.Rollback())
		})
	}
	b.clean()
}

func testRollback(t *testing.T, b *bench) {
	b.pull(drafts(0, 300)...)
	before, orgs := b.dump(), must(b.Orgs(t.Context()))
	w, err := b.OpenPull(t.Context(), b.org, b.pullID())
	b.check(err)
	for i := 300; i < 3000; i += 300 {
		_, err := w.Add(t.Context(), drafts(i, i+300))
		b.check(err)
	}
	_, err = w.Add(t.Context(), []record.Draft{Thing("t-00001", 77, "eve")})
	b.check(err)
	if diff := cmp.Diff(before, b.dump()); diff != "" {
		t.Errorf("an open pull is visible:\n%s", diff)
	}
	b.check(w.Rollback())
	b.check(w.Rollback())
	if diff := cmp.Diff(before, b.dump()); diff != "" {
		t.Errorf("a rollback left a trace:\n%s", diff)
	}
	if diff := cmp.Diff(orgs, must(b.Orgs(t.Context()))); diff != "" {
		t.Error(diff)
	}
	out, _ := b.pull(drafts(250, 350)...)
	if count(out, record.Unchanged) != 50 || count(out, record.Added) != 50 {
		t.Errorf("after a rollback: %v", out)
	}
	b.reopen()
	b.clean()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func testUndeclared(t *testing.T, b *bench) {
	d := Thing("a", 1, "ada")
	d.Row.Register = "nothings"
	b.refused([]record.Draft{d}, 0, `"nothings"`)
	if _, err := b.Append(t.Context(), "org_none", "", drafts(0, 1)); !errors.Is(err, fault.NotFound) {
		t.Errorf("an organization that is not there: %v", err)
	}
}

func testGroup(t *testing.T, b *bench) {
	const writers, each = 32, 10
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				n := (w*each + i) * 3
				rows := drafts(n, n+3)
				bad := w%4 == 3
				if bad {
					rows[2] = Thing(rows[0].Row.Key, -1, "eve")
				}
				r, err := b.Append(t.Context(), b.org, "", rows)
				switch {
				case bad && !errors.Is(err, fault.Refused):
					t.Errorf("a call with two bodies of one key: %v, want a refusal", err)
				case !bad && err != nil:
					t.Error(err)
				case !bad && (r.Count != 3 || r.Checkpoint.Size < r.First+3):
					t.Errorf("receipt = %+v", r)
				case !bad:
					if k, err := b.Lookup(t.Context(), b.org, "things", rows[1].Row.Key, 0); err != nil || k.Index != r.First+1 {
						t.Errorf("Lookup after Append = %d, %v; want %d", k.Index, err, r.First+1)
					}
				}
			}
		})
	}
	all.Wait()
	want := int64(1 + 3*each*writers*3/4)
	if size := must(b.Size(t.Context(), b.org)); size != want {
		t.Errorf("size = %d, want %d", size, want)
	}
	b.reopen()
	if v := b.clean(); v.Unanchored != 0 {
		t.Errorf("%d records unanchored after Close", v.Unanchored)
	}
}

// testGroupUndo: a refused call leaves nothing behind for those that share its transaction.
func testGroupUndo(t *testing.T, b *bench) {
	w, err := b.OpenPull(t.Context(), b.org, b.pullID()) // holds the writer until all wait
	b.check(err)
	var all sync.WaitGroup
	for i := range 40 {
		rows := drafts(2*i, 2*i+2)
		all.Go(func() {
			if _, err := b.Append(t.Context(), b.org, "", append(drafts(2*i, 2*i+2), Thing(rows[0].Row.Key, -1, "eve"))); !errors.Is(err, fault.Refused) {
				t.Errorf("two bodies of one key: %v, want a refusal", err)
			}
		})
		all.Go(func() {
			r, err := b.Append(t.Context(), b.org, "", rows)
			if err != nil || r.Count != 2 {
				t.Errorf("beside a refused call of the same keys: %+v, %v; want 2 records", r, err)
			}
		})
	}
	b.check(w.Rollback())
	all.Wait()
	if size := must(b.Size(t.Context(), b.org)); size != 81 {
		t.Errorf("size = %d, want 81", size)
	}
	b.clean()
}

func testTenants(t *testing.T, b *bench) {
	first, second := b.org, b.newOrg("Second")
	b.pull(Thing("a", 1, "ada"), Thing("b", 1, "ada"))
	before := b.dumpOf(first)
	b.org = second
	out, _ := b.pull(Thing("a", 2, "bob"), Thing("b", 1, "ada"))
	if count(out, record.Added) != 2 {
		t.Errorf("the keys of another organization count: %v", out)
	}
	if diff := cmp.Diff(before, b.dumpOf(first)); diff != "" {
		t.Errorf("a pull of one organization shows in another:\n%s", diff)
	}
	_, err := b.Erase(t.Context(), second, record.Erasure{Register: "things", Key: "a", Reason: "asked", Authority: "GDPR 17"})
	b.check(err)
	if k, err := b.Lookup(t.Context(), first, "things", "a", 0); err != nil || string(k.Body) != `{"owner":"ada","size":1,"thing":"a"}` {
		t.Errorf("Lookup of the first organization's a = %s, %v", k.Body, err)
	}
	if err := b.CreateOrg(t.Context(), record.Org{ID: first, Name: "Third", Zone: "UTC"}); !errors.Is(err, fault.Refused) {
		t.Errorf("an organization twice: %v", err)
	}
	b.clean()
	b.org = first
	b.clean()
}

func testKnownAt(t *testing.T, b *bench) {
	at := func(day int) time.Time { return time.Date(2026, 4, day, 0, 0, 0, 0, time.UTC) }
	b.set(at(1))
	_, one := b.pull(drafts(0, 10)...)
	b.set(at(3))
	w, err := b.OpenPull(t.Context(), b.org, b.pullID())
	b.check(err)
	_, err = w.Add(t.Context(), drafts(10, 20))
	b.check(err)
	b.set(at(5)) // the pull takes two days
	_, err = w.Add(t.Context(), drafts(20, 30))
	b.check(err)
	two, err := w.Commit(t.Context(), record.Pull{Register: "things"})
	b.check(err)
	for day, want := range map[int]int64{2: one.Checkpoint.Size, 4: one.Checkpoint.Size, 6: two.Checkpoint.Size} {
		if got := must(b.SizeAt(t.Context(), b.org, civil.InstantOf(at(day)))); got != want {
			t.Errorf("known on April %d: %d records, want %d; a pull is whole or it is nothing", day, got, want)
		}
	}
	if got := must(b.SizeAt(t.Context(), b.org, civil.InstantOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)))); got != 0 {
		t.Errorf("known before the first record: %d", got)
	}
	known, err := b.System(t.Context(), b.org, record.Pulls, one.Checkpoint.Size)
	b.check(err)
	if len(known) != 1 {
		t.Errorf("%d pulls known at the first, want 1", len(known))
	}
}

func testClockBack(t *testing.T, b *bench) {
	b.pull(drafts(0, 3)...)
	b.set(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
	b.pull(drafts(3, 6)...)
	b.reopen()
	b.pull(drafts(6, 9)...)
	last := civil.Instant(0)
	b.check(b.Scan(t.Context(), b.org, 0, must(b.Size(t.Context(), b.org)), func(r record.Sealed) error {
		rec, err := record.Decode(r.Bytes)
		if rec.Received < last {
			t.Errorf("record #%d was received at %s, before the one before it", r.Index, rec.Received)
		}
		last = rec.Received
		return err
	}))
	b.clean()
}
