package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

func testErase(t *testing.T, b *bench) {
	b.pull(drafts(0, 400)...)
	b.pull(Thing("t-00007", -7, "eve"))
	gone := must(b.Lookup(t.Context(), b.org, "things", "t-00007", 1))
	var leaf tlog.Hash
	b.check(b.Scan(t.Context(), b.org, gone.Index, gone.Index+1, func(r record.Sealed) error {
		leaf = ledger.LeafHash(r.Commit())
		return nil
	}))
	cp := must(b.Checkpoint(t.Context(), b.org))
	proof := must(ledger.Prove(cp.Size, gone.Index, b.Hashes(t.Context(), b.org)))
	r, err := b.Erase(t.Context(), b.org, record.Erasure{Register: "things", Key: "t-00007", Reason: "asked", Authority: "GDPR 17"})
	b.check(err)
	if r.Count != 1 {
		t.Errorf("receipt = %+v, want the record of the erasure", r)
	}
	b.check(ledger.Proof{Index: gone.Index, Hashes: proof}.Check(cp.Checkpoint, leaf))
	erased := 0
	b.check(b.Scan(t.Context(), b.org, 0, cp.Size+1, func(r record.Sealed) error {
		if r.Erased() {
			erased++
			if h := ledger.LeafHash(r.Commit()); r.Index == gone.Index && h != leaf {
				t.Error("the leaf of an erased record changed")
			}
		}
		return nil
	}))
	if erased != 2 {
		t.Errorf("%d records erased, want both versions", erased)
	}
	if _, err := b.Lookup(t.Context(), b.org, "things", "t-00007", 0); !errors.Is(err, fault.NotFound) {
		t.Errorf("Lookup of an erased key = %v", err)
	}
	b.clean()
	if _, err := b.Erase(t.Context(), b.org, record.Erasure{Register: "things", Key: "t-00007"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a second erasure = %v", err)
	}
	known := must(b.System(t.Context(), b.org, record.Erasures, r.Checkpoint.Size))
	var body struct{ Indexes []int64 }
	b.check(json.Unmarshal(known[0].Body, &body))
	if diff := cmp.Diff([]int64{gone.Index, 402}, body.Indexes); diff != "" || strings.Contains(string(known[0].Body), "t-00007") {
		t.Errorf("the record of the erasure: %s", known[0].Body)
	}
	b.reopen()
	b.pull(Thing("t-00007", 7, "ada")) // it may come back, as something new
	b.clean()
	other := *Things
	other.Fields = append(other.Fields[:2:2], register.Field{Name: "color", Type: register.Text})
	b.check(b.Ensure(t.Context(), b.org, &other, func(body []byte) ([]any, error) {
		v, err := ProjectThing(body)
		if err != nil {
			return nil, err
		}
		return append(v[:2], nil), nil
	}))
	b.clean()
}

func testLayout(t *testing.T, b *bench) {
	b.pull(thingVersion("a", 5, "ada", 5), thingVersion("a", 3, "ada", 3), thingVersion("a", 7, "ada", 7), Thing("b", 1, "bob"))
	b.pull(Thing("b", 2, "bob"))
	wide := *Things
	wide.Fields = append(wide.Fields[:3:3], register.Field{Name: "twice", Type: register.Int})
	project := func(body []byte) ([]any, error) {
		v, err := ProjectThing(body)
		if err != nil {
			return nil, err
		}
		return append(v, 2*v[1].(int64)), nil
	}
	b.check(b.Ensure(t.Context(), b.org, &wide, project))
	b.clean()
	d := Thing("b", 3, "bob")
	d.Row.Columns = must(project(d.Row.Body))
	out, _ := b.pull(d)
	if out[0] != record.Superseded {
		t.Errorf("after a new layout: %v", out)
	}
	b.clean()
	b.check(b.Ensure(t.Context(), b.org, Things, ProjectThing))
	if got := b.latest("b"); !strings.HasPrefix(got, "3 ") {
		t.Errorf("latest b = %s", got)
	}
	b.clean()
}

func testSeal(t *testing.T, b *bench) {
	_, r := b.pull(drafts(0, 5)...)
	d := record.Draft{Row: &register.Row{Register: record.Packages, Key: "p1", Body: []byte(`{"manifest":"00"}`)}}
	if _, _, err := b.Seal(t.Context(), b.org, r.Checkpoint.Size-1, d); !errors.Is(err, fault.Busy) {
		t.Errorf("Seal at a size that is past = %v", err)
	}
	s, c, err := b.Seal(t.Context(), b.org, r.Checkpoint.Size, d)
	b.check(err)
	if s.Index != r.Checkpoint.Size || c.Size != s.Index+1 {
		t.Errorf("Seal = #%d, checkpoint %d; want #%d as the last leaf", s.Index, c.Size, r.Checkpoint.Size)
	}
	b.pull(drafts(5, 8)...)
	again := must(b.CheckpointAt(t.Context(), b.org, c.Size))
	if diff := cmp.Diff(c, again); diff != "" {
		t.Error(diff)
	}
	if _, err := b.CheckpointAt(t.Context(), b.org, 3); err != nil {
		t.Errorf("a checkpoint within a pull = %v", err)
	}
	if _, err := b.CheckpointAt(t.Context(), b.org, 1000); !errors.Is(err, fault.Refused) {
		t.Errorf("a checkpoint of the future = %v", err)
	}
}

func testReopen(t *testing.T, b *bench) {
	for i := range 12 {
		b.pull(drafts(i*50, i*50+50)...)
		if i%3 == 0 {
			_, err := b.Append(t.Context(), b.org, "", []record.Draft{Thing("same", i, "ada")})
			b.check(err)
			b.reopen()
		}
		b.clean()
	}
	if v := b.clean(); v.Anchored == 0 || v.Size != 1+12*51+4 {
		t.Errorf("Verify = %+v", v)
	}
}

// inspect opens the place and wants it to be refused for writing.
func (b *bench) inspect(says string) record.Verification {
	b.t.Helper()
	if s, err := b.place.Open(b.clock, false); !errors.Is(err, fault.Integrity) || !strings.Contains(err.Error(), says) {
		if err == nil {
			b.check(s.Close())
		}
		b.t.Fatalf("Open = %v, want an integrity failure with %q", err, says)
	}
	s, err := b.place.Open(b.clock, true)
	b.check(err)
	defer s.Close()
	b.check(s.Ensure(b.t.Context(), b.org, Things, ProjectThing))
	if _, err := s.Append(b.t.Context(), b.org, "", drafts(0, 1)); !errors.Is(err, fault.Integrity) {
		b.t.Errorf("Append to a ledger that must not be signed = %v", err)
	}
	v, err := s.Verify(b.t.Context(), b.org, nil)
	b.check(err)
	return v
}

func has(v record.Verification, kind record.DefectKind, index int64, name string) bool {
	for _, d := range v.Defects {
		if d.Kind == kind && d.Index == index && d.Name == name {
			return true
		}
	}
	return false
}

func testRolledBack(t *testing.T, b *bench) {
	b.pull(drafts(0, 300)...)
	b.check(b.Close())
	restore, err := b.place.Backup()
	b.check(err)
	b.Store = must(b.place.Open(b.clock, false))
	b.check(b.Ensure(t.Context(), b.org, Things, ProjectThing))
	b.pull(drafts(300, 600)...)
	b.check(b.Close())
	restore()
	v := b.inspect("older")
	if !has(v, record.RolledBack, 302, "") {
		t.Errorf("Verify = %+v, want a rollback from #302 on", v.Defects)
	}
}

func testForked(t *testing.T, b *bench) {
	b.pull(drafts(0, 300)...)
	b.check(b.Close())
	restore, err := b.place.Backup()
	b.check(err)
	b.Store = must(b.place.Open(b.clock, false))
	b.check(b.Ensure(t.Context(), b.org, Things, ProjectThing))
	b.pull(drafts(300, 600)...)
	b.check(b.Close())
	restore()
	// Whoever forks writes on from the older state, with what is kept outside out of the way.
	fork := must(b.place.Open(b.clock, true))
	b.check(fork.Close())
	f, ok := b.place.(Forker)
	if !ok {
		t.Skip("this place cannot play a fork")
	}
	f.Hide(func() {
		b.Store = must(b.place.Open(b.clock, false))
		b.check(b.Ensure(t.Context(), b.org, Things, ProjectThing))
		b.pull(drafts(800, 1200)...)
		b.check(b.Close())
	})
	v := b.inspect("another history")
	if !has(v, record.Forked, 302, "things/t-00800@1") {
		t.Errorf("Verify = %+v, want a fork from #302 on", v.Defects[:min(3, len(v.Defects))])
	}
}

// Forker is a place that can hide what is kept outside the database while fn runs.
type Forker interface{ Hide(fn func()) }

func testLinks(t *testing.T, b *bench) {
	firm := b.newOrg("Firm")
	cp := must(b.Checkpoint(t.Context(), b.org))
	l := record.Link{ID: "link_1", Org: b.org, Firm: firm, Client: b.org, Kind: "engagement", Checkpoint: string(cp.Note), Scope: `{"report":"soc2-type2"}`, Created: 5}
	b.check(b.CreateLink(t.Context(), l))
	if diff := cmp.Diff([]record.Link{l}, must(b.Links(t.Context(), b.org))); diff != "" {
		t.Error(diff)
	}
	if got := must(b.Links(t.Context(), firm)); len(got) != 0 {
		t.Errorf("the link of one organization shows in the other: %v", got)
	}
	l.ID, l.Org = "link_2", b.newOrg("Third")
	if err := b.CreateLink(t.Context(), l); !errors.Is(err, fault.Refused) {
		t.Errorf("a link of a third party = %v", err)
	}
}

func testProofs(t *testing.T, b *bench) {
	for i := range 5 {
		b.pull(drafts(i*130, i*130+130)...)
	}
	last := must(b.Checkpoint(t.Context(), b.org))
	r := b.Hashes(t.Context(), b.org)
	for _, c := range must(b.Checkpoints(t.Context(), b.org)) {
		p, err := ledger.ProveConsistency(last.Size, c.Size, r)
		b.check(err)
		if err := tlog.CheckTree(p, last.Size, last.Root, c.Size, c.Root); err != nil {
			t.Errorf("consistency of %d with %d: %v", c.Size, last.Size, err)
		}
	}
	b.check(b.Scan(t.Context(), b.org, 0, last.Size, func(s record.Sealed) error {
		p, err := ledger.Prove(last.Size, s.Index, r)
		if err != nil {
			return err
		}
		return ledger.Proof{Index: s.Index, Hashes: p}.Check(last.Checkpoint, ledger.LeafHash(s.Commit()))
	}))
}

// testModel makes random calls and keeps beside them a map of what must be there.
func testModel(t *testing.T, b *bench) {
	r := &sequence{}
	model := map[string][]int{} // sizes by version
	for range 60 {
		var rows []record.Draft
		said := map[string]int{}
		for range r.below(40) {
			key, size := fmt.Sprintf("k%d", r.below(30)), r.below(4)
			if was, ok := said[key]; ok {
				size = was
			}
			said[key] = size
			rows = append(rows, Thing(key, size, "ada"))
		}
		if len(rows) == 0 {
			continue
		}
		switch r.below(3) {
		case 0:
			_, err := b.Append(t.Context(), b.org, "", rows)
			b.check(err)
		case 1:
			b.pull(rows...)
		case 2:
			w := must(b.OpenPull(t.Context(), b.org, b.pullID()))
			must(w.Add(t.Context(), rows))
			b.check(w.Rollback())
			continue
		}
		for key, size := range said {
			if v := model[key]; len(v) == 0 || v[len(v)-1] != size {
				model[key] = append(v, size)
			}
		}
		if r.below(10) == 0 {
			b.reopen()
		}
	}
	got := map[string][]int{}
	b.check(b.Scan(t.Context(), b.org, 0, must(b.Size(t.Context(), b.org)), func(s record.Sealed) error {
		rec, err := record.Decode(s.Bytes)
		if err != nil || rec.Register != "things" {
			return err
		}
		v, err := ProjectThing(rec.Body)
		got[rec.Key] = append(got[rec.Key], int(v[1].(int64)))
		if rec.Version != len(got[rec.Key]) {
			t.Errorf("%s stands at place %d of its key", rec.Name(), len(got[rec.Key]))
		}
		return err
	}))
	if diff := cmp.Diff(model, got); diff != "" {
		t.Errorf("ledger (-model +got):\n%s", diff)
	}
	b.clean()
}
