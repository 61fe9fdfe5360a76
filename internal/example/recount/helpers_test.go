package recount

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/example"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		got, want answer
	}{
		{"all of nothing", all(), yes},
		{"all with an unknown", all(yes, unknown), unknown},
		{"all with a no", all(unknown, no), no},
		{"either of nothing", either(), no},
		{"either with an unknown", either(no, unknown), unknown},
		{"either with a yes", either(unknown, yes), yes},
		{"not unknown", not(unknown), unknown},
		{"the first instant is not before itself", before[instant](5, 5), no},
		{"and not after itself", notAfter[instant](5, 5), yes},
		{"what has not come is after all", before[day](5, never), yes},
		{"what nobody knows", before[day](5, unclear), unknown},
	} {
		if c.got != c.want {
			t.Errorf("%s = %d, want %d", c.name, c.got, c.want)
		}
	}
}

func newYork(t *testing.T) *books {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return &books{zone: zone, from: date(2025, 7, 1), to: date(2026, 6, 30), holidays: map[day]bool{date(2025, 12, 25): true}}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	b := newYork(t)
	for _, c := range []struct{ name, got, want string }{
		{"a year after 29 February", date(2024, 2, 29).months(12).String(), "2025-02-28"},
		{"a month after 31 January", date(2026, 1, 31).months(1).String(), "2026-02-28"},
		{"two business days after a Friday", b.businessAfter(date(2025, 8, 22), 2).String(), "2025-08-26"},
		{"one business day over Christmas", b.businessAfter(date(2025, 12, 24), 1).String(), "2025-12-26"},
		{"the day of the last instant", b.dayOf(b.endOf(date(2026, 6, 30)) - 1).String(), "2026-06-30"},
		{"the day of the first one after", b.dayOf(b.endOf(date(2026, 6, 30))).String(), "2026-07-01"},
		{"the first week of 2026", b.weeks()[slices.IndexFunc(b.weeks(), func(w stretch) bool { return w.name == "2026-W01" })].first.String(), "2025-12-29"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %s, want %s", c.name, c.got, c.want)
		}
	}
	if got, want := b.endOf(date(2025, 11, 2))-b.startOf(date(2025, 11, 2)), instant(25*hour); got != want {
		t.Errorf("the day on which clocks are put back has %d hours, want %d", got/hour, want/hour)
	}
	var names []string
	for _, q := range b.quarters() {
		if b.counts(q.last) == yes {
			names = append(names, q.name)
		}
	}
	if diff := gocmp.Diff([]string{"2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"}, names); diff != "" {
		t.Errorf("quarters (-want +got):\n%s", diff)
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	got := &tally{}
	got.judge("passes", ask("A", yes), askIf(no, "B", no))
	got.judge("deviates", ask("A", unknown), ask("B", no))
	got.judge("cannot be decided", ask("A", unknown), ask("B", yes))
	got.judge("perhaps not asked", askIf(unknown, "A", no), askIf(unknown, "B", yes))
	got.item("no item", no, no, ask("A", no))
	got.item("perhaps no item", unknown, no, ask("A", no), ask("B", yes))
	got.item("exempt", yes, yes, ask("A", no))
	got.item("perhaps exempt", yes, unknown, ask("A", no), ask("B", yes))
	want := &tally{population: 7, notApplicable: 1, findings: []example.Finding{
		{Key: "deviates", Verdict: assure.Deviation, Attributes: []string{"B"}},
		{Key: "cannot be decided", Verdict: assure.Undecided, Attributes: []string{"A"}},
		{Key: "perhaps not asked", Verdict: assure.Undecided, Attributes: []string{"A"}},
		{Key: "perhaps no item", Verdict: assure.Undecided, Attributes: []string{"A", "B"}},
		{Key: "perhaps exempt", Verdict: assure.Undecided, Attributes: []string{"A"}},
	}}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(tally{})); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
}

// TestPersons follows aliases of aliases, and knows nobody behind a login that nothing names.
func TestPersons(t *testing.T) {
	t.Parallel()
	b := newYork(t)
	b.persons = map[string]string{}
	b.registers = map[string][]record{
		"people":  {{key: "e-1", fields: map[string]any{"person_id": "p-1", "email": "ada@x.example"}}},
		"aliases": {{key: "al", fields: map[string]any{"alias": "al", "person_id": "ada@x.example"}}, {key: "kit", fields: map[string]any{"alias": "kit", "person_id": "al"}}},
	}
	b.meet()
	for name, want := range map[string]string{"p-1": "p-1", "ada@x.example": "p-1", "al": "p-1", "kit": "p-1", "stranger": "", "": ""} {
		if got := b.person(name); got != want {
			t.Errorf("person(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestLatestVersion: a key that comes again takes the place of the record before.
func TestLatestVersion(t *testing.T) {
	t.Parallel()
	b := &books{registers: map[string][]record{}, places: map[string]int{}}
	b.keep("people", record{key: "e-1", fields: map[string]any{"n": "old"}})
	b.keep("people", record{key: "e-2"})
	b.keep("people", record{key: "e-1", fields: map[string]any{"n": "new"}})
	if list := b.registers["people"]; len(list) != 2 || list[0].text("n") != "new" {
		t.Errorf("people = %v, want e-1 in its second version, and e-2", list)
	}
}
