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
	for i := range first {
		if !bytes.Equal(first[i].Data, second[i].Data) || first[i].Name != second[i].Name {
			t.Errorf("Files(1) twice differs in %s", first[i].Name)
		}
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
	const want = "d48593f4460f8a6fbcf56082e228bba13a45196d9847cb08bf3457c3cea885f4"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("SHA-256 of Files(1) = %s, want %s", got, want)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		files, _ := example.Files(seed)
		records, registers := 0, map[string]bool{}
		for _, f := range files {
			registers[f.Register] = true
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
		if records < 60_000 || records > 75_000 {
			t.Errorf("seed %d: %d records, want about 67,000", seed, records)
		}
		if n := len(registers); n < 25 {
			t.Errorf("seed %d: %d registers, want 25 or more", seed, n)
		}
	}
}

// TestStoryHoldsForEverySeed: what was planted does not hang on a lucky seed, nor on how much work
// there is besides.
func TestStoryHoldsForEverySeed(t *testing.T) {
	t.Parallel()
	planted := func(seed uint64, factor int) map[string][2]int { // deviating, undecided
		_, story := example.Scaled(seed, factor)
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
		if !slices.IsSortedFunc(story.Findings, func(a, b example.Finding) int {
			return strings.Compare(a.Test+"\x00"+a.Key, b.Test+"\x00"+b.Key)
		}) {
			t.Errorf("seed %d: the story is not sorted by test and key", seed)
		}
		return got
	}
	want := planted(0, 1)
	deviations := 0
	for _, n := range want {
		deviations += n[0]
	}
	if deviations < 200 {
		t.Errorf("%d deviations are planted, want 200 or more", deviations)
	}
	for test, n := range map[string][2]int{"CHG-01": {13, 4}, "CHG-03": {4, 0}, "IAM-02": {5, 0}, "IAM-04": {5, 0}, "AVL-02": {3, 0}} {
		if want[test] != n {
			t.Errorf("%s: planted %v, want %v", test, want[test], n)
		}
	}
	for seed := uint64(1); seed < 6; seed++ {
		if diff := cmp.Diff(want, planted(seed, 1)); diff != "" {
			t.Errorf("seed %d: planted [deviating undecided] (-seed 0 +got):\n%s", seed, diff)
		}
	}
	if diff := cmp.Diff(want, planted(1, 2)); diff != "" {
		t.Errorf("twice the work: planted [deviating undecided] (-once +got):\n%s", diff)
	}
}

func TestPopulationsComeFromTheCalendar(t *testing.T) {
	t.Parallel()
	_, story := example.Files(1)
	for test, want := range map[string]int{
		"IAM-04": 8 * 4, "AVL-02": 3 * 365, "IAM-06.2": 8 + 2 + 2, "CHG-03": 10,
	} {
		if got := story.Counts[test].Population; got != want {
			t.Errorf("population of %s = %d, want %d", test, got, want)
		}
	}
	if got, want := story.Counts["CHG-01"].NotApplicable, 10; got != want {
		t.Errorf("not applicable to CHG-01 = %d, want the %d declared emergencies", got, want)
	}
}
