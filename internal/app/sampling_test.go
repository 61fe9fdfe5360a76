package app

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/sample"
)

// commit seals the commitment to a seed.
func (s *stage) commit(seed []byte) {
	s.t.Helper()
	if _, err := s.Commit(s.t.Context(), cli.Committing{Commitment: sample.Commit(seed), By: "auditor"}); err != nil {
		s.t.Fatal(err)
	}
}

// freeze freezes the population of a control with one test.
func (s *stage) freeze(control string) cli.FrozenPopulation {
	s.t.Helper()
	f, err := s.Freeze(s.t.Context(), cli.Freezing{Control: control}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return f.Populations[0]
}

// draws selects at random.
func (s *stage) draws(d cli.Drawing) cli.Selected {
	s.t.Helper()
	if d.Method == "" {
		d.Method = sample.Random
	}
	got, err := s.Select(s.t.Context(), d, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// changes gives so many changes that pass, one a minute, from the first number on.
func (s *stage) changes(from, to int, more ...string) {
	s.t.Helper()
	var lines, reviews []string
	for _, k := range numbered(from, to) {
		lines = append(lines, change1(k, "2025-08-01T10:00:00Z", more...))
		reviews = append(reviews, review1(k, "bob", "2025-08-01T09:00:00Z"))
	}
	s.give("changes", lines...)
	s.give("reviews", reviews...)
}

func keysSelected(s cli.Selected) (out []string) {
	for _, i := range s.Items {
		out = append(out, i.Key)
	}
	return out
}

// TestSampleIsOfTheFrozen: what is selected follows from the items as they were frozen, by the test as it was, and from the seed alone.
func TestSampleIsOfTheFrozen(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 40)
	s.commit(firstSeed)
	f := s.freeze("CHG-01")
	if f.Population.Count != 40 || !f.New || len(f.Pulls) != 1 || f.Pulls[0].Register != "changes" || f.Pulls[0].Rows != 40 || f.Population.Checkpoint.Size == 0 {
		t.Errorf("frozen: %+v; want 40 items that rest on the pull of changes", f)
	}
	p := populationOf(t, numbered(0, 40)...)
	if f.Population.Hash != p.Hash() {
		t.Errorf("hash %s, want that of the keys: %s", f.Population.Hash, p.Hash())
	}
	s.changes(40, 60)
	s.at("2026-11-02T12:00:00Z")
	got := s.draws(cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: 7})
	want, err := sample.Draw(p, sample.Commit(firstSeed), firstSeed, 7)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, i := range want.Items {
		keys = append(keys, i.Key)
	}
	if diff := cmp.Diff(keys, keysSelected(got)); diff != "" || got.Population != f.Population || got.Full {
		t.Errorf("selected from %+v (-want +got):\n%s", got.Population, diff)
	}
	k, err := s.st.Lookup(t.Context(), s.org.ID, samples, "CHG-01%2FCHG-01%2F1%2F2025-07-01%2F2026-06-30@1/draw/random/7", 1)
	if err != nil || k.Name() != got.Record || k.Source != "assay" {
		t.Errorf("Lookup = %s of %s, %v; want %s of assay", k.Name(), k.Source, err, got.Record)
	}
}

// TestFreezeNeedsACommitmentBefore: the commitment stands in the ledger before the population, and its seed is opened after it.
func TestFreezeNeedsACommitmentBefore(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 10)
	size, err := s.st.Size(t.Context(), s.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	freeze := func(f cli.Freezing) (cli.Frozen, error) {
		f.Control = "CHG-01"
		return s.Freeze(t.Context(), f, nil)
	}
	if f, err := freeze(cli.Freezing{}); !errors.Is(err, fault.Refused) || !strings.Contains(fault.Hint(err), "assay commit") {
		t.Errorf("Freeze without a commitment = %+v, %v; want refused with what to do", f, err)
	}
	if after, err := s.st.Size(t.Context(), s.org.ID); err != nil || after != size {
		t.Errorf("the ledger holds %d records, held %d; %v", after, size, err)
	}
	s.commit(firstSeed)
	s.commit(secondSeed)
	first, second := sample.Commit(firstSeed), sample.Commit(secondSeed)
	if f, err := freeze(cli.Freezing{}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), second) {
		t.Errorf("Freeze under one of two = %+v, %v; want refused, naming both", f, err)
	}
	if f, err := freeze(cli.Freezing{Commitment: strings.Repeat("0", 64)}); !errors.Is(err, fault.Refused) {
		t.Errorf("Freeze under one that does not stand there = %+v, %v; want refused", f, err)
	}
	if f, err := freeze(cli.Freezing{Commitment: first}); err != nil || f.Commitment != first || !f.Populations[0].New {
		t.Errorf("Freeze = %+v, %v; want it under the one that was named", f, err)
	}
	if f, err := freeze(cli.Freezing{}); err != nil || f.Populations[0].New || f.Commitment != first {
		t.Errorf("Freeze again = %+v, %v; want the same, and nothing written", f, err)
	}
	if _, err := s.Select(t.Context(), cli.Drawing{Control: "CHG-01", Seed: secondSeed, Size: 2, Method: sample.Random}, nil); !errors.Is(err, fault.Refused) {
		t.Errorf("Select by the other seed = %v, want refused", err)
	}
	s.draws(cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: 2})
	if f, err := freeze(cli.Freezing{Commitment: first}); !errors.Is(err, fault.Refused) {
		t.Errorf("Freeze under an opened one = %+v, %v; want refused", f, err)
	}
	s.changes(10, 12)
	f, err := freeze(cli.Freezing{})
	if err != nil || f.Commitment != second || f.Populations[0].Population.Count != 12 || !strings.HasSuffix(f.Populations[0].Record, "@2") {
		t.Errorf("Freeze of the changed population = %+v, %v; want version 2 under the other commitment", f, err)
	}
	if old, err := s.st.Lookup(t.Context(), s.org.ID, frozenPopulations, "CHG-01/CHG-01/1/2025-07-01/2026-06-30", 1); err != nil || !strings.Contains(string(old.Body), `"items":10`) {
		t.Errorf("the first version is %s, %v; want it as it was", old.Body, err)
	}
}

// TestSampleOfChangedRecords: where the records do not give the items that were frozen, nothing is selected.
func TestSampleOfChangedRecords(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 10)
	s.commit(firstSeed)
	s.freeze("CHG-01")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE "` + s.regs["changes"].Table() + `" SET environment = 'staging' WHERE _key = 'change-003'`); err != nil {
		t.Fatal(err)
	}
	_, err = s.Select(t.Context(), cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: 2, Method: sample.Random}, nil)
	if !errors.Is(err, fault.Integrity) || !strings.Contains(err.Error(), "10 items") || !strings.Contains(err.Error(), "give 9") {
		t.Errorf("Select = %v; want an integrity failure with both counts", err)
	}
}

// TestSampleAfterErasure: what was erased since cannot be selected from, and that is said.
func TestSampleAfterErasure(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 10)
	s.commit(firstSeed)
	s.freeze("CHG-01")
	if _, err := s.Erase(t.Context(), record.Erasure{Register: "changes", Key: "change-003", Reason: "asked", Authority: "dpo"}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Select(t.Context(), cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: 2, Method: sample.Random}, nil)
	if !errors.Is(err, fault.Integrity) || !strings.Contains(fault.Hint(err), "erasure-") {
		t.Errorf("Select = %v, hint %q; want the erasure named", err, fault.Hint(err))
	}
}

// TestSamplesAreWalled: management reads no sample through a page or a program, and the auditor does.
func TestSamplesAreWalled(t *testing.T) {
	t.Parallel()
	for _, r := range access.Roles() {
		ctx := access.With(context.Background(), access.Visitor{Person: "p", Email: "p@example.com", Org: "o", Roles: []access.Role{r}, Strong: true})
		if got, want := mayRead(ctx, samples), r == access.Auditor; got != want {
			t.Errorf("mayRead(samples) as %s = %v, want %v", r, got, want)
		}
	}
	if mayRead(context.Background(), samples) {
		t.Error("nobody who is signed in may read samples")
	}
	for _, name := range []string{seedCommitments, frozenPopulations, samples} {
		if !slices.Contains(madeHere, name) {
			t.Errorf("a file may bring %s", name)
		}
	}
}
