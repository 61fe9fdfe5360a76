package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
	t.Parallel()
	s, err := sample.Draw(populationOf(t, numbered(0, 4)...), sample.Commit(firstSeed), firstSeed, 25)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Items) != 4 || !s.Full() {
		t.Errorf("%d items, full %v; want all 4", len(s.Items), s.Full())
	}
}
