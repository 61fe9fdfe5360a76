package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
)

// keptOf builds a draft and reads it back as it is kept.
func keptOf(t testing.TB, k Kind, f Facts) *Kept {
	t.Helper()
	r, err := Build(k, f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Keep(r, f.Results.Controls)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ReadKept(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestKeptReadsBack: a model that was kept is the model, of a period and of a date.
func TestKeptReadsBack(t *testing.T) {
	t.Parallel()
	for k, f := range map[Kind]Facts{"soc2-type2": facts(t), "soc2-type1": type1(t), "iso27001": soa(t)} {
		r := build(t, k, f)
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(&keptOf(t, k, f).Report)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: the model that is read back differs from the one that was kept", k)
		}
	}
	for _, bad := range []string{"", "{}", `{"report":{"when":{"period":{"from":"x"}}}}`, "[]"} {
		if k, err := ReadKept([]byte(bad)); err == nil {
			t.Errorf("ReadKept(%s) = %+v, want an error", bad, k)
		}
	}
}

// said prints every change of a comparison, one a line.
func said(c Comparison) []string {
	var out []string
	for _, h := range c.Head {
		out = append(out, "head "+h.What+": "+pieces(h.Text))
	}
	for _, s := range c.Sections {
		if s.Op != Same {
			out = append(out, s.Number+" "+string(s.Op))
		}
		for _, x := range s.Changes {
			out = append(out, strings.TrimSpace(s.Number+" "+string(x.Op)+" "+x.What)+": "+pieces(x.Text))
		}
	}
	for _, x := range c.Open {
		out = append(out, "open "+string(x.Op)+": "+pieces(x.Text))
	}
	for _, f := range c.Figures {
		out = append(out, "figure "+f.Was+" -> "+f.Is)
	}
	for _, x := range c.Tests {
		out = append(out, fmt.Sprintf("test %s new %v closed %v", x.Test, x.New, x.Closed))
	}
	return out
}

func pieces(cells [][]Piece) string {
	var b strings.Builder
	for _, c := range cells {
		for _, p := range c {
			switch p.Op {
			case Added:
				b.WriteString("{+" + p.Text + "+}")
			case Removed:
				b.WriteString("[-" + p.Text + "-]")
			default:
				b.WriteString(p.Text)
			}
		}
		b.WriteString("|")
	}
	return b.String()
}

func TestCompareSame(t *testing.T) {
	t.Parallel()
	for k, f := range map[Kind]Facts{"soc2-type2": facts(t), "soc2-type1": type1(t), "iso27001": soa(t)} {
		x := keptOf(t, k, f)
		c := Compare(x, x)
		n := 0
		for _, s := range c.Sections {
			n += s.Unchanged
		}
		if !c.Empty() || n < 50 {
			t.Errorf("%s against itself: %q, %d passages unchanged; want no change of at least 50", k, said(c), n)
		}
	}
}

// TestCompareFinds plants one change at a time and expects to be told of it.
func TestCompareFinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   []string // each begins or is held by a line
		most   int      // lines in all
	}{
		{"the name of the system", func(f *Facts) { f.System = "Harborline Payouts" }, []string{"head System: Harborline [-Payments-]{+Payouts+}"}, 40},
		{"a statement", func(f *Facts) { f.Controls[0].Statement = strings.Replace(f.Controls[0].Statement, " ", " always ", 1) }, []string{"{+always +}"}, 4},
		{"a control is gone", func(f *Facts) { f.Controls = f.Controls[1:] }, []string{"IV removed", "open changed: [-1 -]{+2 +}of 9 criteria"}, 64},
		{"a system is new", func(f *Facts) { f.Systems = append(f.Systems, System{Name: "ml-batch", Kind: "batch", Owner: "data"}) },
			[]string{"III added ml-batch: {+ml-batch+}|"}, 5},
		{"a deviation is closed and two are new", func(f *Facts) {
			x := &f.Results.Controls[0]
			x.Findings = slices.Clone(x.Findings)
			x.Findings[0].Key, x.Deviating, x.Passed = "new-1", x.Deviating+1, x.Passed-1
			x.Findings = append(x.Findings, assure.Finding{Key: "new-2", Verdict: assure.Deviation, Attributes: []string{"A"}, Reason: "no approval"})
		}, []string{"figure 12 of 1,173 -> 13 of 1,173", "test CHG-01 new [new-1 new-2] closed [", "IV removed", "IV added new-1"}, 30},
		{"a response", func(f *Facts) {
			x := f.Results.Controls[0]
			f.Answers = map[ItemRef]Answer{{x.Test, x.Findings[0].Key}: {Cause: "human_error", Text: "It was missed.", Extent: "isolated"}}
		}, []string{"{+human error, isolated: It was missed.+}", "open changed: CHG-01: [-12 -]{+11 +}of 1,173 items"}, 13},
		{"a signature", func(f *Facts) { f.Signed = []Signature{{Name: "Ann", Title: "CEO", On: 20600, Covers: true}} }, []string{"II removed", "II added", "Ann, CEO", "open removed: [-Section II is to be written"}, 31},
		{"the ledger grew", func(f *Facts) { f.Results.Checkpoint.Size++; f.Results.KnownAt = "2026-08-01T00:00:00Z" }, nil, 0},
	} {
		f := facts(t)
		was := keptOf(t, "soc2-type2", facts(t))
		c.change(&f)
		got := said(Compare(was, keptOf(t, "soc2-type2", f)))
		for _, w := range c.want {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, w) }) {
				t.Errorf("%s: nothing says %q:\n%s", c.name, w, strings.Join(got, "\n"))
			}
		}
		if len(got) > c.most {
			t.Errorf("%s: %d lines, want at most %d:\n%s", c.name, len(got), c.most, strings.Join(got, "\n"))
		}
	}
}

// TestCompareTurns: what is added one way is removed the other way.
func TestCompareTurns(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.Controls, f.System = f.Controls[2:], "Another"
	f.Systems = append(f.Systems, System{Name: "new"})
	a, b := keptOf(t, "soc2-type2", facts(t)), keptOf(t, "soc2-type2", f)
	count := func(c Comparison) (n [3]int) {
		for _, s := range c.Sections {
			x, y, z := s.Counts()
			n[0], n[1], n[2] = n[0]+x, n[1]+y, n[2]+z
		}
		return n
	}
	there, back := count(Compare(a, b)), count(Compare(b, a))
	if there[0] != back[1] || there[1] != back[0] || there[2] != back[2] || there[0]+there[1] == 0 {
		t.Errorf("added, removed, changed = %v one way and %v the other", there, back)
	}
	if n := len(Compare(a, keptOf(t, "soc2-type1", type1(t))).Sections); n < 5 {
		t.Errorf("a Type 2 against a Type 1 has %d sections, want all of both", n)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ was, is, want string }{
		{"", "", ""},
		{"a b c", "a b c", "a b c"},
		{"", "new words", "{+new words+}"},
		{"old words", "", "[-old words-]"},
		{"each change is approved", "each change is reviewed and approved", "each change is {+reviewed and +}approved"},
		{"within 5 days", "within 3 days", "within [-5 -]{+3 +}days"},
		{"a  b", "a b", "[-a  -]{+a +}b"},
	} {
		if got := strings.TrimSuffix(pieces([][]Piece{Words(c.was, c.is)}), "|"); got != c.want {
			t.Errorf("Words(%q, %q) = %q, want %q", c.was, c.is, got, c.want)
		}
	}
	long := strings.Repeat("word other ", 3000)
	if got := Words(long+"a", "b "+long); len(got) == 0 {
		t.Error("two long texts have no difference")
	}
}

// rejoined are the texts that pieces were made of.
func rejoined(list []Piece) (was, is string) {
	for _, p := range list {
		if p.Op != Added {
			was += p.Text
		}
		if p.Op != Removed {
			is += p.Text
		}
	}
	return was, is
}

// FuzzWords: what stayed and went is the text as it was, what stayed and came the text as it is, whatever they are.
func FuzzWords(f *testing.F) {
	f.Add("each change is approved", "each change is reviewed")
	f.Add("a b a b a", "b a b")
	f.Add(" \xff\u202e x", "\tx \u00a0")
	f.Fuzz(func(t *testing.T, was, is string) {
		list := Words(was, is)
		if a, b := rejoined(list); a != was || b != is {
			t.Fatalf("Words(%q, %q) joins to %q and %q", was, is, a, b)
		}
		for i, p := range list {
			if p.Text == "" || i > 0 && list[i-1].Op == p.Op {
				t.Fatalf("Words(%q, %q) has an empty piece, or two of a kind side by side: %+v", was, is, list)
			}
		}
		if was == is && len(list) > 1 {
			t.Fatalf("Words(%q, itself) = %+v", was, list)
		}
	})
}

// FuzzCompare reads anything as a kept draft: nothing panics, a draft against itself is the same, and both ways agree.
func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"report":{"when":{"as_of":{"date":"2026-06-30","zone":"UTC"}},"sections":[{"id":"a","blocks":[{"paragraph":[{"text":"x"}]},{"table":{"id":"t","columns":[{"title":""},{"title":""}],"rows":[{"cells":[[{"text":"k"}]]},{"cells":[]}]}}]},{"id":"a"}]},"tests":[{"test":"T"},{"test":"T","deviations":["a","a"]}]}`))
	f.Add([]byte(`{"report":{"when":{"period":{"from":"2026-01-01","to":"2026-06-30","zone":"UTC"}},"sections":[{"id":"","blocks":[{"terms":{"items":[{"name":"n","value":[]}]}},{"chart":{"id":"","bars":[{"month":"2026-01"}]}},{}]}]}}`))
	f.Add([]byte(`null`))
	was, err := ReadKept([]byte(`{"report":{"when":{"as_of":{"date":"2026-06-30","zone":"UTC"}},"sections":[{"id":"a","blocks":[{"paragraph":[{"text":"x y z"}]},{"list":[[{"text":"x"}]]}]}]},"tests":[{"test":"T","passed":3}]}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ReadKept(b)
		if err != nil {
			return
		}
		if c := Compare(k, k); len(k.Tests) < 2 && !c.Empty() {
			t.Fatalf("a draft against itself differs: %q", said(c))
		}
		there, back := Compare(was, k), Compare(k, was)
		if len(there.Sections) != len(back.Sections) {
			t.Fatalf("%d sections one way, %d the other", len(there.Sections), len(back.Sections))
		}
		for _, s := range append(there.Sections, back.Sections...) {
			for _, c := range s.Changes {
				if c.Cells != nil && len(c.Cells) != len(c.Text) && c.Op == Changed {
					t.Fatalf("a row of %d cells under %d columns", len(c.Text), len(c.Cells))
				}
			}
		}
	})
}

func TestSequence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ was, is, want string }{
		{"abc", "abc", "abc"}, {"abc", "ac", "abc"}, {"ac", "abc", "abc"}, {"xabc", "abc", "xabc"}, {"abcd", "adcb", "adcb"}, {"ab", "", "ab"}, {"axyb", "ba", "baxy"},
	} {
		if diff := cmp.Diff(strings.Split(c.want, ""), sequence(split(c.was), split(c.is))); diff != "" {
			t.Errorf("sequence(%s, %s) (-want +got):\n%s", c.was, c.is, diff)
		}
	}
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "")
}
