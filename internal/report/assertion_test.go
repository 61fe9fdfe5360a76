package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// section finds a section by its number.
func section(r *Report, number string) Section {
	for _, s := range r.Sections {
		if s.Number == number {
			return s
		}
	}
	return Section{}
}

// spoken is everything that a section says.
func spoken(s Section) string {
	var b strings.Builder
	for _, x := range s.Blocks {
		switch {
		case x.Heading != nil:
			b.WriteString(x.Heading.Text + "\n")
		case x.Paragraph != nil:
			b.WriteString(x.Paragraph.String() + "\n")
		case x.Note != nil:
			b.WriteString(x.Note.Title + ": " + x.Note.Text.String() + "\n")
		case x.Sign != nil:
			b.WriteString(flat(x) + "\n")
		case x.Terms != nil:
			for _, t := range x.Terms.Items {
				b.WriteString(t.Name + ": " + t.Value.String() + "\n")
			}
		}
	}
	return b.String()
}

func TestAssertionOf(t *testing.T) {
	t.Parallel()
	f := facts(t)
	a, err := AssertionOf("soc2-type2", f)
	if err != nil {
		t.Fatal(err)
	}
	if a.Number != "II" || a.Section != "section-ii" || len(a.Text) < 3 {
		t.Fatalf("AssertionOf = section %s at %s with %d paragraphs, want II at section-ii with at least 3", a.Number, a.Section, len(a.Text))
	}
	all := strings.Join(a.Text, "\n")
	for _, want := range []string{"Harborline, Inc.", "for the period 1 July 2025 to 30 June 2026", "We assert that", "operated effectively throughout"} {
		if !strings.Contains(all, want) {
			t.Errorf("the assertion lacks %q:\n%s", want, all)
		}
	}
	if strings.ContainsAny(all, "[]{}") {
		t.Errorf("the assertion holds what is said to its writer, or a blank:\n%s", all)
	}
	if _, err := AssertionOf("iso27001", f); !errors.Is(err, fault.Refused) {
		t.Errorf("AssertionOf(iso27001) = %v, want a refusal: the document holds none", err)
	}
	seen := map[string]string{}
	other := a
	other.Text = append([]string{a.Text[0] + " "}, a.Text[1:]...)
	joined := a
	joined.Text = []string{strings.Join(a.Text, "")}
	for name, got := range map[string]string{"as it is": a.Digest(""), "modified": a.Digest("One matter."), "another text": other.Digest(""), "joined": joined.Digest("")} {
		if was := seen[got]; was != "" || len(got) != 64 {
			t.Errorf("Digest of %s = %s, the same as of %q; want 64 digits of its own", name, got, was)
		}
		seen[got] = name
	}
	if a.Digest("") != a.Digest(" \n") {
		t.Error("Digest turns on white space in which no matter is said")
	}
}

// TestFingerprint changes one thing of a draft at a time. What a reader would see changes the fingerprint; the state of the ledger and
// signatures do not.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	print := func(change func(*Facts)) string {
		t.Helper()
		f := facts(t)
		change(&f)
		s, err := Fingerprint("soc2-type2", f)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	was := print(func(*Facts) {})
	for _, c := range []struct {
		name   string
		same   bool
		change func(*Facts)
	}{
		{"nothing", true, func(*Facts) {}},
		{"the ledger grew", true, func(f *Facts) {
			f.Results.KnownAt, f.Results.Checkpoint, f.Results.Unanchored = "2026-09-01T00:00:00Z", assure.Checkpoint{Size: 1 << 20, Root: "ab"}, 7
		}},
		{"somebody signed", true, func(f *Facts) { f.Signed = []Signature{{Name: "Ann", Title: "CEO", On: 20000, Covers: true}} }},
		{"a name", false, func(f *Facts) { f.System = "Another" }},
		{"a statement", false, func(f *Facts) { f.Controls[0].Statement += " Always." }},
		{"an item deviates more", false, func(f *Facts) { f.Results.Controls[0].Deviating++; f.Results.Controls[0].Passed-- }},
		{"an answer", false, func(f *Facts) {
			x := f.Results.Controls[0]
			f.Answers = map[ItemRef]Answer{{x.Test, x.Findings[0].Key}: {Cause: "human_error", Text: "It was missed.", Extent: "isolated"}}
		}},
	} {
		if got := print(c.change); (got == was) != c.same {
			t.Errorf("Fingerprint after %s: same = %t, want %t", c.name, got == was, c.same)
		}
	}
}

func TestSignedDraft(t *testing.T) {
	t.Parallel()
	on := date(t, "2026-07-20")
	open := func(r *Report) (n int) {
		for _, p := range r.Open {
			if p.Where == "#section-ii" {
				n++
			}
		}
		return n
	}
	build := func(list ...Signature) *Report {
		t.Helper()
		f := facts(t)
		f.Signed = list
		r, err := Build("soc2-type2", f)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	bare := build()
	if s := spoken(section(bare, "II")); !strings.Contains(s, "Management has not signed an assertion.") || open(bare) != 1 {
		t.Errorf("a draft that nobody signed has %d open points of the section and says\n%s", open(bare), s)
	}
	r := build(Signature{Name: "Ann Weber", Title: "Chief executive", On: on, Matters: "Backups were not restored in May.", Covers: true})
	s := spoken(section(r, "II"))
	for _, want := range []string{"Ann Weber | Chief executive | Harborline, Inc. | 20 July 2026", "Backups were not restored in May.", "We assert that"} {
		if !strings.Contains(s, want) {
			t.Errorf("the signed section lacks %q:\n%s", want, s)
		}
	}
	if strings.Contains(s, "has not signed") || strings.Contains(s, "[") || open(r) != 0 {
		t.Errorf("the signed section says that nobody signed, or speaks to its writer, or is open (%d):\n%s", open(r), s)
	}
	if !r.Draft {
		t.Error("a signature made a report of a draft; that is the auditor's")
	}
	r = build(Signature{Name: "Ann Weber", Title: "Chief executive", On: on})
	s = spoken(section(r, "II"))
	if !strings.Contains(s, "does not cover this draft: Ann Weber signed on 20 July 2026") || !strings.Contains(s, "Management has not signed an assertion.") || open(r) != 1 {
		t.Errorf("a signature over another draft is carried over, or not told; %d open points:\n%s", open(r), s)
	}
	if r = build(Signature{Name: "Ann", Title: "CEO", On: on, Covers: true, Matters: "a"}, Signature{Name: "Bob", Title: "COO", On: on, Covers: true, Matters: "b"}); open(r) != 0 {
		t.Error("two signatures leave the section open")
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.Answers, f.Rows = map[ItemRef]Answer{}, 500
	x := f.Results.Controls[0]
	rule := func(r *Report) (out []string) {
		for _, p := range r.Open {
			if p.Rule == "response" && strings.HasPrefix(p.Text.String(), x.Test+":") {
				out = append(out, p.Text.String())
			}
		}
		return out
	}
	var n int
	for _, c := range x.Findings {
		if c.Verdict != assure.Deviation {
			continue
		}
		n++
		f.Answers[ItemRef{x.Test, c.Key}] = Answer{Cause: "human_error", Text: "Answer " + c.Key, Extent: "isolated"}
		r, err := Build("soc2-type2", f)
		if err != nil {
			t.Fatal(err)
		}
		got := rule(r)
		if (len(got) == 0) != (n == x.Deviating) {
			t.Errorf("open points after %d of %d answers = %q", n, x.Deviating, got)
		}
		if !strings.Contains(tableOf(r, "deviations-"+testID(x)), "human error, isolated: Answer "+c.Key) {
			t.Errorf("the answer to %s does not stand beside the finding", c.Key)
		}
	}
	if n == 0 || n != x.Deviating {
		t.Fatalf("%d findings deviate of %d; the test needs all of them", n, x.Deviating)
	}
}

func tableOf(r *Report, id string) string {
	var b strings.Builder
	for _, s := range r.Sections {
		for _, x := range s.Blocks {
			if x.Table != nil && x.Table.ID == id {
				for _, row := range x.Table.Rows {
					for _, c := range row.Cells {
						b.WriteString(c.String() + "\n")
					}
				}
			}
		}
	}
	return b.String()
}

func TestSignedFrom(t *testing.T) {
	t.Parallel()
	r := exampleResults(t)
	if got, want := SignedFrom(Throughout(r.Period)), date(t, "2026-07-01"); got != want {
		t.Errorf("SignedFrom(period to 2026-06-30) = %s, want %s", got, want)
	}
	if got, want := SignedFrom(AsOf{Date: date(t, "2026-06-30"), Zone: r.Period.Zone}), date(t, "2026-07-01"); got != want {
		t.Errorf("SignedFrom(as of 2026-06-30) = %s, want %s: the date means the end of that day", got, want)
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	var open []Point
	for _, r := range []string{"section", "description", "criterion", "implementation", "test", "blocked", "gap", "completeness", "undecided", "response"} {
		open = append(open, Point{Rule: r})
	}
	names := func(list []Point) (out []string) {
		for _, p := range list {
			out = append(out, p.Rule)
		}
		return out
	}
	if diff := cmp.Diff([]string{"description", "criterion", "response"}, names(Holds(open))); diff != "" {
		t.Errorf("Holds (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"test", "blocked", "gap", "completeness", "undecided"}, names(Modifies(open))); diff != "" {
		t.Errorf("Modifies (-want +got):\n%s", diff)
	}
}
