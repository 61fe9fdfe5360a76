package example_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/example"
)

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	first, told := example.Files(1)
	second, again := example.Files(1)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("Files(1) twice differs (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(told.Findings, again.Findings); diff != "" {
		t.Errorf("the story of Files(1) twice differs:\n%s", diff)
	}
	other, _ := example.Files(2)
	if bytes.Equal(first[1].Data, other[1].Data) {
		t.Errorf("Files(1) and Files(2) made the same %s", first[1].Name)
	}
}

// TestPinned notices a change of the generator, which would move every figure shown for the example.
func TestPinned(t *testing.T) {
	t.Parallel()
	files, _ := example.Files(1)
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n", f.Name, len(f.Data))
		h.Write(f.Data)
		h.Write(f.Map)
	}
	const want = "2553b4e44106bc3771a39564c2a19830199a03ca3536512cb3059486931ea312"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("SHA-256 of Files(1) = %s, want %s", got, want)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		files, _ := example.Files(seed)
		records := 0
		for _, f := range files {
			n := bytes.Count(f.Data, []byte("\n"))
			switch {
			case bytes.HasPrefix(f.Data, []byte("[")):
				n -= 2
			case !strings.HasSuffix(f.Name, ".jsonl"):
				n--
			}
			if f.Expect != nil && *f.Expect != int64(n) {
				t.Errorf("seed %d: %s has %d rows, the source counts %d", seed, f.Name, n, *f.Expect)
			}
			records += n
		}
		if records < 4500 || records > 5500 {
			t.Errorf("seed %d: %d records, want about 5,000", seed, records)
		}
	}
}

// TestStoryHoldsForEverySeed: what was planted does not hang on a lucky seed.
func TestStoryHoldsForEverySeed(t *testing.T) {
	t.Parallel()
	want := map[string][2]int{ // deviating, undecided
		"CHG-01": {13, 4}, "CHG-03": {4, 0}, "IAM-02": {5, 0}, "IAM-04": {5, 0}, "AVL-02": {3, 0},
		"VUL-03": {5, 0}, "IAM-06": {3, 1}, "IAM-06.2": {2, 0}, "GOV-05": {4, 0},
	}
	for seed := range uint64(8) {
		_, story := example.Files(seed)
		got := map[string][2]int{}
		for _, f := range story.Findings {
			n := got[f.Test]
			if f.Verdict == assure.Deviation {
				n[0]++
			} else {
				n[1]++
			}
			got[f.Test] = n
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: planted [deviating undecided] (-want +got):\n%s", seed, diff)
		}
		if !slices.IsSortedFunc(story.Findings, func(a, b example.Finding) int {
			return strings.Compare(a.Test+"\x00"+a.Key, b.Test+"\x00"+b.Key)
		}) {
			t.Errorf("seed %d: the story is not sorted by test and key", seed)
		}
	}
}

func TestPopulationsComeFromTheCalendar(t *testing.T) {
	t.Parallel()
	_, story := example.Files(1)
	for test, want := range map[string]int{
		"IAM-04": 7 * 4, "AVL-02": 3 * 365, "IAM-06.2": 7 + 2 + 2, "CHG-03": 10,
	} {
		if got := story.Counts[test].Population; got != want {
			t.Errorf("population of %s = %d, want %d", test, got, want)
		}
	}
	if got, want := story.Counts["CHG-01"].NotApplicable, 10; got != want {
		t.Errorf("not applicable to CHG-01 = %d, want the %d declared emergencies", got, want)
	}
}
