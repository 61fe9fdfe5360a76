package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/sample"
)

var (
	firstSeed  = []byte("the first secret of the auditor")
	secondSeed = []byte("the second secret of the auditor")
)

// populationOf freezes the items of a test as they were found.
func populationOf(t *testing.T, keys ...string) sample.Population {
	t.Helper()
	p, err := sample.Freeze(keys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func numbered(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("change-%03d", i))
	}
	return out
}

// TestE61VoidItem: a void item is replaced by the next of the shuffle, with a reason; one of which the evidence is missing never is.
func TestE61VoidItem(t *testing.T) {
	s := edge(t)
	s.people("ann")
	var lines []string
	for _, k := range numbered(0, 30) {
		lines = append(lines, change1(k, "2025-08-01T10:00:00Z"))
	}
	s.give("changes", lines...)
	var keys []string
	for _, i := range s.one("CHG-01").Items {
		keys = append(keys, i.Key)
	}
	p := populationOf(t, keys...)
	if p.Len() != 30 {
		t.Fatalf("population %d, want 30", p.Len())
	}
	five, err := sample.Draw(p, sample.Commit(firstSeed), firstSeed, 5)
	if err != nil {
		t.Fatal(err)
	}
	six, err := sample.Draw(p, sample.Commit(firstSeed), firstSeed, 6)
	if err != nil {
		t.Fatal(err)
	}
	void := five.Items[2].Key
	got, err := five.Replace(void, sample.Void, "the change was cancelled before it was released")
	if err != nil {
		t.Fatal(err)
	}
	last := got.Items[5]
	if len(got.Items) != 6 || last.Key != six.Items[5].Key || last.Instead != void || !strings.Contains(last.Reason, "cancelled") || !got.Items[2].Replaced {
		t.Errorf("%+v, want %s instead of %s with the reason, and both on the list", got.Items, six.Items[5].Key, void)
	}
	if _, err := five.Replace(void, sample.EvidenceMissing, "nobody finds it"); err == nil || !strings.Contains(err.Error(), "is a deviation") {
		t.Errorf("missing evidence: %v, want a refusal", err)
	}
}

// TestE62PopulationChanged: two items arrive after the draw. That is another version of the population; the sample stays, and
// a share of what it could not reach is drawn by a new seed.
func TestE62PopulationChanged(t *testing.T) {
	t.Parallel()
	was, is := populationOf(t, numbered(0, 100)...), populationOf(t, numbered(1, 102)...)
	if was.Hash() == is.Hash() {
		t.Error("two versions of the population have one hash")
	}
	s, err := sample.Draw(was, sample.Commit(firstSeed), firstSeed, 25)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(s.Items)
	top, gone, err := s.TopUp(was, is, sample.Commit(secondSeed), secondSeed)
	if err != nil {
		t.Fatal(err)
	}
	if len(top.Items) != 1 || !slices.Contains([]string{"change-100", "change-101"}, top.Items[0].Key) {
		t.Errorf("the top-up is %+v, want one of the two that came since (25 of 100, rounded up)", top.Items)
	}
	if !slices.Equal(before, s.Items) {
		t.Errorf("the sample was %v and is %v", before, s.Items)
	}
	drawn := slices.ContainsFunc(before, func(i sample.Item) bool { return i.Key == "change-000" })
	if drawn != slices.Equal(gone, []string{"change-000"}) || !drawn && len(gone) > 0 {
		t.Errorf("gone %v, drawn %v", gone, drawn)
	}
	if was.Has("change-101") || !is.Has("change-101") {
		t.Error("what came since must be shown as out of reach of the first draw")
	}
}

// TestE63MoreThanThereAre: a sample larger than the population is the population, and no formula applies.
func TestE63MoreThanThereAre(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 4)
	s.commit(firstSeed)
	s.freeze("CHG-01")
	got := s.draws(cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: 25})
	if len(got.Items) != 4 || !got.Full || got.Size != 4 || got.Asked != 25 {
		t.Errorf("%d items of %d asked for, full %v; want all 4", len(got.Items), got.Asked, got.Full)
	}
	e, err := sample.Evaluate(got.Population.Count, len(got.Items), 0, 9500, 500)
	if err != nil || !e.Full || e.Confidence != 0 || e.Formula != "" {
		t.Errorf("Evaluate = %+v, %v; want no formula and no confidence", e, err)
	}
}

// TestE64LimitAtTheTolerableRate: a limit of 4.95 % is within 5 % and one of 5.03 % is not: the comparison comes before the rounding, and
// what is printed is rounded up.
func TestE64LimitAtTheTolerableRate(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 600)
	s.commit(firstSeed)
	s.freeze("CHG-01")
	verdict := map[string]assure.Verdict{}
	for _, i := range s.one("CHG-01").Items {
		verdict[i.Key] = i.Verdict
	}
	for size, want := range map[int]sample.Evaluation{
		59: {Items: 600, Tested: 59, Formula: "binomial", Confidence: 9500, Limit: 500, Within: true},  // 4.95 %
		58: {Items: 600, Tested: 58, Formula: "binomial", Confidence: 9500, Limit: 510, Within: false}, // 5.03 %
	} {
		got := s.draws(cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: size})
		deviating := 0
		for _, i := range got.Items {
			switch verdict[i.Key] {
			case assure.Deviation:
				deviating++
			case assure.Pass:
			default:
				t.Fatalf("%s is %q", i.Key, verdict[i.Key])
			}
		}
		e, err := sample.Evaluate(got.Population.Count, len(got.Items), deviating, 9500, 500)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("%d items, %d deviate (-want +got):\n%s", size, deviating, diff)
		}
	}
	if got := sample.Rate(510).String(); got != "5.1 %" {
		t.Errorf("printed %s, want 5.1 %%", got)
	}
}

// TestE65NothingTolerated: where no deviation is tolerated, every item is tested; no sample concludes.
func TestE65NothingTolerated(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 30)
	s.commit(firstSeed)
	s.freeze("CHG-01")
	got := s.draws(cli.Drawing{Control: "CHG-01", Seed: firstSeed, Plan: &sample.Plan{Confidence: 9500}})
	if !got.Full || len(got.Items) != 30 || !strings.Contains(got.Basis, "every item") {
		t.Errorf("%d items, full %v, %q; want every item, and why", len(got.Items), got.Full, got.Basis)
	}
	if e, err := sample.Evaluate(30, 29, 0, 9500, 0); !errors.Is(err, fault.Refused) {
		t.Errorf("Evaluate(29 of 30, nothing tolerated) = %+v, %v; want refused", e, err)
	}
	if e, err := sample.Evaluate(30, 30, 0, 9500, 0); err != nil || !e.Within || e.Confidence != 0 {
		t.Errorf("Evaluate(all, nothing tolerated) = %+v, %v; want within, without a confidence", e, err)
	}
}
