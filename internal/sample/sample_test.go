package sample

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func keys(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("CHG-%d", i))
	}
	return out
}

func frozen(t *testing.T, list []string) Population {
	t.Helper()
	p, err := Freeze(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var seed = []byte("sixteen bytes or more")

func drawn(t *testing.T, p Population, n int) Sample {
	t.Helper()
	s, err := Draw(p, Commit(seed), seed, n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(s Sample) []string {
	var out []string
	for _, i := range s.Items {
		out = append(out, i.Key)
	}
	return out
}

// TestGolden holds the construction still: these values were computed by the Python of the package's comment.
func TestGolden(t *testing.T) {
	t.Parallel()
	p := frozen(t, keys(1000))
	if got := p.Hash(); got != goldenPopulation {
		t.Errorf("population hash %s, want %s", got, goldenPopulation)
	}
	if got := Commit(seed); got != goldenCommitment {
		t.Errorf("commitment %s, want %s", got, goldenCommitment)
	}
	if got := strings.Join(names(drawn(t, p, 5)), " "); got != goldenSample {
		t.Errorf("sample %s, want %s", got, goldenSample)
	}
	shuffled := keys(1000)
	slices.Reverse(shuffled)
	if got := frozen(t, shuffled).Hash(); got != goldenPopulation {
		t.Errorf("the order in which keys come changes the hash: %s", got)
	}
}

// TestPython repeats a draw with the Python of the package's comment.
func TestPython(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	list := append(keys(200), "", "ключ", "a b/c:1\n2")
	script := `import sys
from hashlib import sha256
keys = [bytes.fromhex(x) for x in sys.argv[2:]]
seed = bytes.fromhex(sys.argv[1])
h = sha256(b"assay population v1\n" + b"".join(b"%d:%s\n" % (len(k), k) for k in sorted(keys))).digest()
root = sha256(h + seed).digest()
for k in sorted(keys, key=lambda k: sha256(root + k).digest())[:25]: print(k.hex())
`
	args := []string{"-c", script, fmt.Sprintf("%x", seed)}
	for _, k := range list {
		args = append(args, fmt.Sprintf("%x", k))
	}
	out, err := exec.Command(python, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, k := range names(drawn(t, frozen(t, list), 25)) {
		want = append(want, fmt.Sprintf("%x", k))
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"); !slices.Equal(got, want) {
		t.Errorf("Python draws %q, Go %q", got, want)
	}
}

// TestEveryItemAlike counts how often each item is drawn over many seeds: about as often as every other.
func TestEveryItemAlike(t *testing.T) {
	t.Parallel()
	const n, of, rounds = 5, 20, 20_000 // 100,000 items drawn
	p, count := frozen(t, keys(of)), map[string]int{}
	for i := range rounds {
		seed := []byte(fmt.Sprintf("seed number %8d", i))
		s, err := Draw(p, Commit(seed), seed, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range names(s) {
			count[k]++
		}
	}
	chi, mean := 0.0, float64(rounds*n)/of
	for _, k := range keys(of) {
		d := float64(count[k]) - mean
		chi += d * d / mean
	}
	if chi > 43.8 { // 19 degrees of freedom, one in a thousand; the seeds are fixed, so that it cannot flicker
		t.Errorf("chi squared %.1f: %v", chi, count)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	p := frozen(t, keys(10))
	s := drawn(t, p, 3)
	in := s.Items[0].Key
	void, err := s.Replace(in, Void, "cancelled")
	if err != nil {
		t.Fatal(err)
	}
	later := frozen(t, keys(12))
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"another seed", "not the one that was committed to", second(Draw(p, Commit([]byte("another seed, as long")), seed, 3))},
		{"a short seed", "expected 16 or more", second(Draw(p, Commit([]byte("short")), []byte("short"), 3))},
		{"no item", "expected 1 or more", second(Draw(p, Commit(seed), seed, 0))},
		{"an item twice", "twice in the population", second(Freeze([]string{"a", "b", "a"}))},
		{"an item that was not drawn", "is not in the sample", second(s.Replace("CHG-99", Void, "x"))},
		{"evidence is missing", "is a deviation", second(s.Replace(in, EvidenceMissing, "lost"))},
		{"no cause", "no cause to replace", second(s.Replace(in, "inconvenient", "x"))},
		{"no reason", "without a reason", second(s.Replace(in, Void, " "))},
		{"replaced twice", "replaced already", second(void.Replace(in, Void, "cancelled"))},
		{"the open seed again", "expected a new one", third(s.TopUp(p, later, s.Commitment, seed))},
		{"another population", "was drawn from the population", third(s.TopUp(later, later, Commit([]byte("another seed, as long")), []byte("another seed, as long")))},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

// TestManyReplaced: replacements go on in the order of the shuffle beyond what was looked for with the sample, to the last item.
func TestManyReplaced(t *testing.T) {
	t.Parallel()
	const all = 300
	p := frozen(t, keys(all))
	whole := names(drawn(t, p, all))
	s := drawn(t, p, 10)
	for i := range all {
		var err error
		if s, err = s.Replace(s.Items[i].Key, Void, "cancelled"); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(s); !slices.Equal(got, whole) {
		t.Errorf("after replacing every item the list has %d items in another order than the shuffle's %d", len(got), len(whole))
	}
}
