package report

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// TestParseWording: a firm's text is taken, or refused with the line, the passage and what was expected.
func TestParseWording(t *testing.T) {
	t.Parallel()
	good := "addressee: To {addressee}, with our thanks\ntests: |\n  What we tested stands in\n  section IV.\n"
	w, err := ParseWording("firm.yaml", []byte(good))
	if err != nil || w["addressee"] != "To {addressee}, with our thanks" || w["tests"] != "What we tested stands in\nsection IV." {
		t.Fatalf("ParseWording = %q, %v", w, err)
	}
	if w, err := ParseWording("firm.yaml", nil); err != nil || len(w) != 0 {
		t.Errorf("ParseWording(nothing) = %q, %v; want no texts", w, err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"a passage that is none":     {"tests: x\nscop: y\n", "firm.yaml:2: scop: there is no passage of this name that a firm may replace; expected one of addressee, revised, scope,"},
		"management's own passage":   {"assert-soc3: We assert.\n", "firm.yaml:1: assert-soc3: there is no passage"},
		"a field that is dropped":    {"\n\nfirm: \"{firm}, {city}, {region}\"\n", "firm.yaml:3: firm: the text drops the field {reportdate}; expected it to hold {firm}, {city}, {region}, {reportdate}"},
		"a field that is not known":  {"addressee: To {addressee} and {nobody}\n", "the field {nobody} is not known here; expected some of {addressee}, {categories}, {firm}"},
		"a field in capitals":        {"addressee: To {addressee} {City}\n", "a brace stands outside a field"},
		"a bracket":                  {"tests: \"[to be written]\"\n", `says "["`},
		"a draft":                    {"tests: This is a draft.\n", `says "draft"`},
		"an empty text":              {"tests: \"\"\n", "the text is empty"},
		"a text twice":               {"tests: a\ntests: b\n", "firm.yaml:2:"},
		"a list":                     {"- tests\n", "expected a map"},
		"a map in a text":            {"tests: {a: b}\n", "expected a text"},
		"a claim":                    {"tests: The system is certified.\n", `says "certified"`},
		"no YAML":                    {"tests: \"x\n", "is no YAML"},
		"a file that is too long":    {strings.Repeat("#", mostWording+1), "longer than 1 MiB"},
		"a passage that is too long": {"tests: " + strings.Repeat("x", mostPassage+1), "longer than 20,000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseWording("firm.yaml", []byte(c.text)); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseWording = %v, want a refusal with %q", err, c.want)
			}
		})
	}
}

// TestWordingStands: the firm's text stands in the letter, with the facts filled in; of other passages ours do.
func TestWordingStands(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	f.Examination.Wording = Wording{"limits-type2": "No system of controls\nis perfect, that of {organization} included.\n\nA second paragraph."}
	f.Examination.Issued = true
	got := text(build(t, "soc2-type2", f))
	if !strings.Contains(got, "No system of controls is perfect, that of Harborline, Inc. included.\nA second paragraph.\n") || strings.Contains(got, "may leave out what one of them would find important") {
		t.Error("the firm's text does not stand in place of ours")
	}
}

// TestWordingTemplate: what a firm begins with is taken as it stands.
func TestWordingTemplate(t *testing.T) {
	t.Parallel()
	b, err := WordingTemplate()
	if err != nil {
		t.Fatal(err)
	}
	w, err := ParseWording("firm.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := Passages()
	if len(w) != len(list) || len(list) < 30 {
		t.Errorf("the template holds %d texts of %d", len(w), len(list))
	}
	for _, p := range list {
		want := strings.Split(p.Text, "\n\n") // paragraphs stay apart
		for i, text := range want {
			want[i] = strings.Join(strings.Fields(text), " ")
		}
		if got := w[p.ID]; got != strings.Join(want, "\n\n") {
			t.Errorf("%s: %q, want %q", p.ID, got, p.Text)
		}
	}
}

// TestTemplateOf: a letter that comes back edited gives wordings again, and facts stay what they are.
func TestTemplateOf(t *testing.T) {
	t.Parallel()
	for _, k := range audited(t) {
		f := examinedFacts(t, k)
		list, err := LetterTexts(k, f)
		if err != nil || len(list) < 8 {
			t.Fatalf("LetterTexts(%s) = %d passages, %v", k, len(list), err)
		}
		for _, x := range list {
			w, err := TemplateOf(k, f, x.ID, x.Text+" And more.")
			if err != nil {
				t.Errorf("TemplateOf(%s, %s) = %v", k, x.ID, err)
				continue
			}
			g := f
			e := *f.Examination
			e.Wording, g.Examination = Wording{x.ID: w}, &e
			again, err := LetterTexts(k, g)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(again, func(y Filled) bool { return y.ID == x.ID })
			if want := x.Text + " And more."; again[i].Text != want {
				t.Errorf("%s, %s: comes back as %q, want %q (by %q)", k, x.ID, again[i].Text, want, w)
			}
		}
	}
	f := examinedFacts(t, "soc2-type2")
	for id, edited := range map[string]string{"addressee": "To the management of Somebody Else", "firm": "Alder & Finch LLP · Boston, Rhode Island · 28 August 2026", "scope": "We have examined {system}.", "nothing": "x"} {
		if w, err := TemplateOf("soc2-type2", f, id, edited); !errors.Is(err, fault.Refused) {
			t.Errorf("TemplateOf(%s, %q) = %q, %v; want a refusal", id, edited, w, err)
		}
	}
}

// TestPassages: every passage that a letter uses exists, keeps its own fields, and knows what each stands for.
func TestPassages(t *testing.T) {
	t.Parallel()
	k, err := theKit()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range k.passages {
		if seen[p.ID] || p.Text == "" {
			t.Errorf("passage %q stands twice or is empty", p.ID)
		}
		seen[p.ID] = true
		if p.Open {
			continue
		}
		if err := checkPassage(p.ID, p.Text); err != nil {
			t.Errorf("our own text of %s is refused: %v", p.ID, err)
		}
	}
	for _, f := range k.forms {
		for _, s := range f.Sections {
			for _, x := range s.Text {
				if x.Use != "" && !seen[x.Use] {
					t.Errorf("%s uses a passage %q that is not there", f.ID, x.Use)
				}
			}
		}
	}
	// Every blank of every passage is filled in some kind of report.
	filledSomewhere := map[string]bool{"except": true, "matters": true, "what": true, "concerning": true}
	for _, kind := range audited(t) {
		form, _ := formOf(kind)
		b, err := newBuilder(form, examinedFacts(t, kind))
		if err != nil {
			t.Fatal(err)
		}
		for name := range b.fields() {
			filledSomewhere[name] = true
		}
	}
	for _, p := range k.passages {
		for _, name := range p.Fields() {
			if !filledSomewhere[name] {
				t.Errorf("passage %s holds {%s}, which nothing fills", p.ID, name)
			}
		}
	}
}

// FuzzParseWording: what is taken is taken again, and keeps every field that is needed.
func FuzzParseWording(f *testing.F) {
	for _, s := range []string{"", "tests: x", "addressee: To {addressee}", "a: [b", "firm: &a \"{firm} {city} {region} {reportdate}\"\ntests: *a", "? x\n: y", "tests: !!int 3", "---\ntests: a\n---\ntests: b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := ParseWording("f", b)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("ParseWording = %v, want a refusal", err)
			}
			return
		}
		if err := w.Check(); err != nil {
			t.Errorf("Check(%q) = %v after it was taken", w, err)
		}
	})
}

// TestStandards: the row follows from the dates of the report.
func TestStandards(t *testing.T) {
	t.Parallel()
	d := func(y int, m int, day int) civil.Date {
		return date(t, civil.NewDate(y, 1, 1).AddMonths(m-1).String()) + civil.Date(day-1)
	}
	for _, c := range []struct {
		regime, family string
		reported, end  civil.Date
		want           string
	}{
		{"ssae", "soc1", d(2026, 8, 28), d(2026, 6, 30), "ssae-21"}, {"ssae", "soc1", d(2022, 6, 15), d(2022, 3, 31), "ssae-21"},
		{"ssae", "soc1", d(2022, 6, 14), d(2022, 3, 31), "ssae-18"}, {"ssae", "soc1", d(2017, 5, 1), d(2017, 3, 31), "ssae-18"},
		{"ssae", "soc1", d(2017, 4, 30), d(2017, 3, 31), "ssae-16"}, {"ssae", "soc1", d(2011, 7, 1), d(2011, 6, 14), ""},
		{"ssae", "soc2", d(2022, 6, 15), d(2022, 3, 31), "ssae-21-examination"}, {"ssae", "soc3", d(2022, 6, 14), d(2022, 3, 31), "ssae-18-examination"},
		{"isae", "soc1", d(2026, 8, 28), d(2026, 6, 30), "isae-3402"}, {"isae", "soc2", d(2026, 8, 28), d(2026, 6, 30), ""},
		{"criteria", "soc2", d(2026, 8, 28), d(2026, 6, 30), "tsp-100"}, {"description", "soc2", d(2018, 12, 31), d(2018, 12, 14), ""},
	} {
		got, err := StandardOf(c.regime, c.family, c.reported, c.end)
		if got.ID != c.want || (err != nil) != (c.want == "") {
			t.Errorf("StandardOf(%s, %s, %s, %s) = %s, %v; want %s", c.regime, c.family, c.reported, c.end, got.ID, err, c.want)
		}
	}
	list, err := Standards()
	if err != nil || len(list) < 8 {
		t.Fatalf("Standards() = %d rows, %v", len(list), err)
	}
	for _, s := range list {
		if (s.FromReport == 0) == (s.FromEnd == 0) || s.Words == "" || len(s.AppliesTo) == 0 {
			t.Errorf("standard %s has no words, no reports, or not one date", s.ID)
		}
	}
	f := examinedFacts(t, "soc1-type2")
	f.Examination.ReportDate = d(2026, 8, 28)
	if r := build(t, "soc1-type2", f); !strings.Contains(strings.Join(r.Auditor.Standards, ""), "SSAE No. 21") {
		t.Errorf("Standards = %v", r.Auditor.Standards)
	}
}
