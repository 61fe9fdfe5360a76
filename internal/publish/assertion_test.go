package publish

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

func zone(t *testing.T, name string) civil.Zone {
	t.Helper()
	z, err := civil.ParseZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func instant(t *testing.T, s string) civil.Instant {
	t.Helper()
	i, err := civil.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// asserted is an assertion that somebody can sign, and what they sign with.
func asserted(t *testing.T) (Assertion, Signing) {
	t.Helper()
	z := zone(t, "America/New_York")
	w := report.Throughout{From: civil.NewDate(2025, 7, 1), To: civil.NewDate(2026, 6, 30), Zone: z}
	a := Assertion{Assertion: report.Assertion{Number: "II", Title: "Assertion of management", Text: []string{"We prepared the description.", "We assert."}},
		Kind: "soc2-type2", Report: "SOC 2 Type 2 report", When: w, Draft: strings.Repeat("d", 64), Checkpoint: assure.Checkpoint{Size: 7, Root: "ab"},
		KnownAt: "2026-07-14T15:20:11Z", Today: civil.NewDate(2026, 7, 14), From: report.SignedFrom(w)}
	x := Signing{ID: "signature-1", By: "ann@example.com", Person: "person-ann", Account: "Ann Weber", Name: "Ann Weber", Title: "Chief executive", Read: true,
		Text: a.Digest(""), Draft: a.Draft, Now: instant(t, "2026-07-15T03:30:00Z"), Zone: z}
	return a, x
}

func TestSign(t *testing.T) {
	t.Parallel()
	a, x := asserted(t)
	s, err := a.Sign(x)
	if err != nil {
		t.Fatal(err)
	}
	if s.On != "2026-07-14" {
		t.Errorf("signed at 2026-07-15T03:30Z in New York: signed_on = %s, want 2026-07-14, the civil day there", s.On)
	}
	if s.From != "2025-07-01" || s.To != "2026-06-30" || s.AsOf != "" || s.Text != "We prepared the description.\n\nWe assert." || s.Size != 7 {
		t.Errorf("Sign = %+v, want the period, the text and the checkpoint", s)
	}
	if !a.Covers(s) {
		t.Error("a signature does not cover what was just signed")
	}
	a.Signatures = []Signature{s}
	if got := a.Signed(); len(got) != 1 || !got[0].Covers || got[0].Name != "Ann Weber" {
		t.Errorf("Signed = %+v, want one that covers", got)
	}
	if _, err := a.Sign(x); !errors.Is(err, fault.Refused) {
		t.Errorf("the same person signs the same twice: %v, want a refusal", err)
	}
	x.Person, x.ID = "person-bob", "signature-2"
	if _, err := a.Sign(x); err != nil {
		t.Errorf("another person signs the same: %v", err)
	}
	if ends := a.Ends("bob@example.com", x.Now); len(ends) != 0 {
		t.Errorf("a signature over the same text was ended: %+v", ends)
	}
}

// TestNothingIsCarriedOver changes the text, the draft and the kind under a signature: it covers none of them, and the next signature ends it.
func TestNothingIsCarriedOver(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Assertion){
		"the text":   func(a *Assertion) { a.Text = []string{"We prepared the description.", "We assert more."} },
		"the title":  func(a *Assertion) { a.Title = "Assertion" },
		"the draft":  func(a *Assertion) { a.Draft = strings.Repeat("e", 64) },
		"the report": func(a *Assertion) { a.Kind = "soc2-type1" },
	} {
		a, x := asserted(t)
		s, err := a.Sign(x)
		if err != nil {
			t.Fatal(err)
		}
		a.Signatures = []Signature{s}
		change(&a)
		if a.Covers(s) {
			t.Errorf("after %s changed the signature still covers", name)
		}
		for _, p := range a.Signed() {
			if p.Covers {
				t.Errorf("after %s changed the draft prints the signature as one that covers", name)
			}
		}
		ends := a.Ends("bob@example.com", x.Now)
		if name == "the report" {
			if len(ends) != 0 {
				t.Errorf("a signature under another report was ended: %+v", ends)
			}
			continue
		}
		if len(ends) != 1 || ends[0].State != Replaced || ends[0].Version != 2 || ends[0].ID != s.ID {
			t.Errorf("after %s changed Ends = %+v, want version 2 of %s, replaced", name, ends, s.ID)
		}
	}
	a, x := asserted(t)
	s, err := a.Sign(x)
	if err != nil {
		t.Fatal(err)
	}
	s.Matters = "said afterwards"
	if a.Covers(s) {
		t.Error("matters that were added to a signature are covered by it")
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	point := func(rule, text string) []report.Point {
		return []report.Point{{Rule: rule, Text: report.Runs{{Text: text}}}}
	}
	for _, c := range []struct {
		name   string
		kind   error
		field  string
		change func(*Assertion, *Signing)
	}{
		{"on the last day of the period", fault.Refused, "", func(a *Assertion, _ *Signing) { a.Today = civil.NewDate(2026, 6, 30) }},
		{"in the period", fault.Refused, "", func(a *Assertion, _ *Signing) { a.Today = civil.NewDate(2026, 1, 1) }},
		{"another text was read", fault.Busy, "", func(_ *Assertion, x *Signing) { x.Text = strings.Repeat("0", 64) }},
		{"another draft was read", fault.Busy, "", func(_ *Assertion, x *Signing) { x.Draft = "" }},
		{"a deviation without a response", fault.Refused, "", func(a *Assertion, _ *Signing) { a.Holds = point("response", "CHG-01: 3 items deviate.") }},
		{"a matter that is not named", fault.Refused, "matters", func(a *Assertion, _ *Signing) { a.Modifies = point("undecided", "CHG-01: 3 items.") }},
		{"a criterion that is not ready", fault.Refused, "matters", func(a *Assertion, _ *Signing) { a.NotReady = 1 }},
		{"white space as a matter", fault.Refused, "matters", func(a *Assertion, x *Signing) { a.NotReady, x.Matters = 1, " \n" }},
		{"no name", fault.Refused, "name", func(_ *Assertion, x *Signing) { x.Name = " " }},
		{"another's name", fault.Refused, "name", func(_ *Assertion, x *Signing) { x.Name = "Bob Miller" }},
		{"no title", fault.Refused, "title", func(_ *Assertion, x *Signing) { x.Title = "" }},
		{"a title of two lines", fault.Refused, "title", func(_ *Assertion, x *Signing) { x.Title = "CEO\nand more" }},
		{"not read", fault.Refused, "read", func(_ *Assertion, x *Signing) { x.Read = false }},
		{"prepared by the same person", fault.Denied, "", func(_ *Assertion, x *Signing) { x.Barred = &fault.Error{Kind: fault.Denied, What: "prepared"} }},
	} {
		a, x := asserted(t)
		c.change(&a, &x)
		s, err := a.Sign(x)
		var f *fault.Error
		if !errors.Is(err, c.kind) || !errors.As(err, &f) || f.Field != c.field {
			t.Errorf("%s: Sign = %+v, %v; want %v about %q", c.name, s, err, c.kind, c.field)
		}
		if s.ID != "" {
			t.Errorf("%s: a refused signature was made: %+v", c.name, s)
		}
	}
	a, x := asserted(t)
	x.Name, a.NotReady, x.Matters = "ann  weber", 2, "Backups of May were not restored."
	if s, err := a.Sign(x); err != nil || s.Matters != x.Matters || !a.Covers(s) {
		t.Errorf("a modified assertion that names its matter = %+v, %v; want it signed", s, err)
	}
}

// TestFirstDay walks the days around the end of a report's time.
func TestFirstDay(t *testing.T) {
	t.Parallel()
	z := zone(t, "Pacific/Auckland")
	for _, w := range []report.When{report.Throughout{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 6, 30), Zone: z}, report.AsOf{Date: civil.NewDate(2026, 6, 30), Zone: z}} {
		a, x := asserted(t)
		a.When, a.From = w, report.SignedFrom(w)
		for day := civil.NewDate(2026, 6, 28); day < civil.NewDate(2026, 7, 4); day++ {
			a.Today = day
			_, err := a.Sign(x)
			if open := day > civil.NewDate(2026, 6, 30); (err == nil) != open {
				t.Errorf("%s, on %s: %v; want open = %t", w.Words(), day, err, open)
			}
		}
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	a, x := asserted(t)
	s, err := a.Sign(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range []string{"", "  ", strings.Repeat("x", 2001)} {
		if _, err := s.End(Withdrawn, "ann@example.com", why, x.Now); !errors.Is(err, fault.Refused) {
			t.Errorf("withdrawn for %.20q: %v, want a refusal", why, err)
		}
	}
	e, err := s.End(Withdrawn, "ann@example.com", "The backups were counted wrongly.", x.Now)
	if err != nil || e.State != Withdrawn || e.Version != 2 || e.TextHash != s.TextHash {
		t.Fatalf("End = %+v, %v; want version 2 of the same text, withdrawn", e, err)
	}
	if a.Covers(e) {
		t.Error("a withdrawn signature covers")
	}
	if _, err := e.End(Withdrawn, "ann@example.com", "again", x.Now); !errors.Is(err, fault.Refused) {
		t.Errorf("withdrawn twice: %v, want a refusal", err)
	}
	a.Signatures = []Signature{e}
	if got := a.Signed(); len(got) != 0 {
		t.Errorf("a withdrawn signature is printed: %+v", got)
	}
}

// TestClosedSaysFew lists at most three points.
func TestClosedSaysFew(t *testing.T) {
	t.Parallel()
	a, _ := asserted(t)
	for i := range 40 {
		a.Holds = append(a.Holds, report.Point{Rule: "response", Text: report.Runs{{Text: fmt.Sprintf("Point %d.", i)}}})
	}
	if got := a.Closed().Error(); !strings.Contains(got, "Point 2. And 37 more.") || strings.Contains(got, "Point 3.") {
		t.Errorf("Closed = %s, want three points and 37 more", got)
	}
}
