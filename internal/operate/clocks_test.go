package operate

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

func factOf(t testing.TB, body string) Fact {
	t.Helper()
	f, err := NewFact(record.Known{Record: record.Record{Key: "k", Body: []byte(body)}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestClocks(t *testing.T) {
	t.Parallel()
	today := day(t, "2026-11-26") // a Thursday
	for _, c := range []struct {
		name string
		of   func(Fact) Clock
		body string
		want Standing
		due  string
	}{
		{"action, on its day", act, `{"due_on":"2026-11-26"}`, Running, "2026-11-26"},
		{"action, a day late", act, `{"due_on":"2026-11-25"}`, Missed, "2026-11-25"},
		{"action, done on its day", act, `{"due_on":"2026-11-25","closed_on":"2026-11-25"}`, Met, "2026-11-25"},
		{"action, done a day late", act, `{"due_on":"2026-11-25","closed_on":"2026-11-26"}`, Missed, "2026-11-25"},
		{"action without a day", act, `{}`, Unclear, ""},
		{"treatment overdue", treatmentClockOn(today), `{"treatment_due_on":"2026-10-01"}`, Missed, "2026-10-01"},
		{"treatment with a new date that nobody approved", treatmentClockOn(today), `{"treatment_due_on":"2026-10-01","extended_to":"2027-01-01"}`, Missed, "2026-10-01"},
		{"treatment with a new date", treatmentClockOn(today), `{"treatment_due_on":"2026-10-01","extended_to":"2027-01-01","extension_approved_on":"2026-09-20","extension_approved_by":"b"}`, Running, "2027-01-01"},
		{"treatment accepted", treatmentClockOn(today), `{"treatment_due_on":"2026-10-01","accepted_by":"b","accepted_on":"2026-09-01"}`, Free, ""},
		{"treatment accepted by nobody", treatmentClockOn(today), `{"treatment_due_on":"2026-10-01","accepted_on":"2026-09-01"}`, Missed, "2026-10-01"},
		{"treatment done", treatmentClockOn(today), `{"treatment_due_on":"2026-10-01","treated_on":"2026-10-01"}`, Met, "2026-10-01"},
		{"no treatment above appetite", treatmentClockOn(today), `{"above_appetite":true}`, Unclear, ""},
		{"no treatment below appetite", treatmentClockOn(today), `{"above_appetite":false}`, Free, ""},
		{"assessed a year ago", assessmentClockOn(today), `{"assessed_on":"2025-11-26"}`, Running, "2026-11-26"},
		{"assessed longer ago", assessmentClockOn(today), `{"assessed_on":"2025-11-25"}`, Missed, "2026-11-25"},
		{"to be assessed on a day that was said", assessmentClockOn(today), `{"assessed_on":"2025-11-25","next_review_on":"2026-12-01"}`, Running, "2026-12-01"},
		{"never assessed", assessmentClockOn(today), `{}`, Unclear, ""},
		{"findings on the tenth day", findingsClockOn(today), `{"held_on":"2026-11-01","findings":2,"findings_ticketed_on":"2026-11-11"}`, Met, "2026-11-11"},
		{"findings a day later", findingsClockOn(today), `{"held_on":"2026-11-01","findings":2,"findings_ticketed_on":"2026-11-12"}`, Missed, "2026-11-11"},
		{"no findings", findingsClockOn(today), `{"held_on":"2026-11-01","findings":0}`, Free, ""},
		{"findings that nobody counted", findingsClockOn(today), `{"held_on":"2026-11-01"}`, Unclear, ""},
		{"minutes, the fifth business day", minutesOn(t, today), `{"held_on":"2026-11-18"}`, Running, "2026-11-26"}, // the 25th is a holiday
		{"minutes, a day later", minutesOn(t, today), `{"held_on":"2026-11-17"}`, Missed, "2026-11-24"},
		{"minutes complete", minutesOn(t, today), `{"held_on":"2026-11-17","minutes_on":"2026-11-24"}`, Met, "2026-11-24"},
		{"minutes complete too late", minutesOn(t, today), `{"held_on":"2026-11-17","minutes":true,"minutes_on":"2026-11-26"}`, Missed, "2026-11-24"},
		{"minutes there", minutesOn(t, today), `{"held_on":"2026-01-17","minutes":true}`, Met, ""},
		{"vendor of no weight", vendorClockOn(today), `{"criticality":"low"}`, Free, ""},
		{"vendor reviewed a year ago", vendorClockOn(today), `{"criticality":"critical","last_review_on":"2025-11-26"}`, Running, "2026-11-26"},
		{"vendor never reviewed", vendorClockOn(today), `{"criticality":"critical","first_data_on":"2025-11-25"}`, Missed, "2026-11-25"},
		{"vendor, nothing known", vendorClockOn(today), `{"criticality":"critical"}`, Unclear, ""},
	} {
		got := c.of(factOf(t, c.body))
		due := ""
		if got.Due != nil {
			due = got.Due.String()
		}
		if got.State != c.want || due != c.due {
			t.Errorf("%s: clock(%s) = state %d due %q, want state %d due %q", c.name, c.body, got.State, due, c.want, c.due)
		}
	}
}

func act(f Fact) Clock {
	d, _ := civil.ParseDate("2026-11-26")
	return ActionClock(f, d)
}
func treatmentClockOn(d civil.Date) func(Fact) Clock {
	return func(f Fact) Clock { return TreatmentClock(f, d) }
}
func assessmentClockOn(d civil.Date) func(Fact) Clock {
	return func(f Fact) Clock { return AssessmentClock(f, d) }
}
func findingsClockOn(d civil.Date) func(Fact) Clock {
	return func(f Fact) Clock { return FindingsClock(f, d) }
}
func vendorClockOn(d civil.Date) func(Fact) Clock {
	return func(f Fact) Clock { return VendorClock(f, d) }
}
func minutesOn(t *testing.T, d civil.Date) func(Fact) Clock {
	h := civil.Holidays{Days: map[civil.Date]bool{day(t, "2026-11-25"): true}}
	return func(f Fact) Clock { return MinutesClock(f, h, d) }
}

func TestHeldClock(t *testing.T) {
	t.Parallel()
	list := []Fact{factOf(t, `{"held_on":"2026-06-30","kind":"tabletop"}`), factOf(t, `{"held_on":"2026-07-02","kind":"failover"}`), factOf(t, `{"held_on":"2026-12-31","kind":"tabletop"}`), factOf(t, `{"kind":"tabletop"}`)}
	tabletop := func(f Fact) bool { return f.Text("kind") == "tabletop" }
	from, to := day(t, "2026-07-01"), day(t, "2026-12-31")
	for today, want := range map[string]Standing{"2026-11-26": Running, "2026-12-31": Met, "2027-01-01": Met} {
		if got := HeldClock(list, from, to, day(t, today), tabletop); got.State != want {
			t.Errorf("HeldClock(on %s) = %+v, want %d: what is planned was not held yet", today, got, want)
		}
	}
	if got := HeldClock(list[:2], from, to, day(t, "2027-01-01"), tabletop); got.State != Missed {
		t.Errorf("HeldClock(none) = %+v, want missed", got)
	}
}

func TestCovered(t *testing.T) {
	t.Parallel()
	span := func(a, b string) Span { return Span{day(t, a), day(t, b)} }
	p := civil.Period{From: day(t, "2026-01-01"), To: day(t, "2026-12-31")}
	for _, c := range []struct {
		name    string
		end     string
		letters []Span
		percent int
		gap     int
		long    bool
	}{
		{"to the end", "2026-12-31", nil, 100, 0, false},
		{"three months short", "2026-09-30", nil, 74, 92, false},
		{"three months short, bridged", "2026-09-30", []Span{span("2026-10-01", "2026-12-31")}, 74, 0, false},
		{"a letter that begins a day late", "2026-09-30", []Span{span("2026-10-02", "2026-12-31")}, 74, 92, false},
		{"two letters in a row", "2026-09-30", []Span{span("2026-11-16", "2026-12-31"), span("2026-10-01", "2026-11-15")}, 74, 0, false},
		{"a letter of half a year covers three months", "2026-06-30", []Span{span("2026-07-01", "2026-12-31")}, 49, 92, true},
		{"a letter that ends early", "2026-09-30", []Span{span("2026-10-01", "2026-11-30")}, 74, 31, false},
		{"a report before the period", "2025-11-30", []Span{span("2025-12-01", "2026-02-28")}, 0, 306, true},
	} {
		got := Covered(day(t, c.end), c.letters, p)
		if got.Percent != c.percent || got.Gap != c.gap || got.TooLong != c.long {
			t.Errorf("%s: Covered(%s) = %+v, want %d %%, %d days open, too long %v", c.name, c.end, got, c.percent, c.gap, c.long)
		}
	}
}

func TestOwed(t *testing.T) {
	t.Parallel()
	leave := func(from, until string) []Fact {
		return []Fact{factOf(t, `{"from_on":"`+from+`","until_on":"`+until+`"}`)}
	}
	for _, c := range []struct {
		name, started, done string
		leaves              []Fact
		today               string
		want                Standing
		due                 string
	}{
		{"new, in the first month", "2026-11-01", "", nil, "2026-12-01", Running, "2026-12-01"},
		{"new, a day after it", "2026-11-01", "", nil, "2026-12-02", Missed, "2026-12-01"},
		{"new, done", "2026-11-01", "2026-11-20", nil, "2026-11-26", Met, "2026-12-01"},
		{"done before they began counts within the window", "2026-11-01", "2026-10-20", nil, "2026-11-26", Met, "2026-12-01"},
		{"done too early", "2025-11-01", "2025-11-20", nil, "2026-11-26", Running, "2026-12-01"},
		{"the day of the last round is not of this one", "2025-11-01", "2025-12-01", nil, "2026-11-26", Running, "2026-12-01"},
		{"late, and then done", "2025-11-01", "2026-12-20", nil, "2026-12-26", Met, "2027-12-01"},
		{"never, for years", "2020-11-01", "", nil, "2026-11-26", Missed, "2025-12-01"},
		{"back from a leave", "2025-10-20", "2025-10-30", leave("2026-11-01", "2026-11-20"), "2026-12-21", Running, "2026-12-21"},
		{"back from a leave, late", "2025-10-20", "2025-10-30", leave("2026-11-01", "2026-11-20"), "2026-12-22", Missed, "2026-12-21"},
		{"not back", "2025-10-20", "2025-10-30", []Fact{factOf(t, `{"from_on":"2026-11-01"}`)}, "2026-12-21", Free, ""},
		{"a leave that was over", "2025-11-01", "", leave("2025-11-10", "2025-11-30"), "2025-12-02", Missed, "2025-12-01"},
	} {
		start := day(t, c.started)
		var done []civil.Date
		if c.done != "" {
			done = append(done, day(t, c.done))
		}
		got, away := owed(&start, done, c.leaves, day(t, c.today))
		due := ""
		if got.Due != nil {
			due = got.Due.String()
		}
		if got.State != c.want || due != c.due || away != (c.want == Free) {
			t.Errorf("%s: owed(%s, done %s) on %s = state %d due %s away %v, want state %d due %s", c.name, c.started, c.done, c.today, got.State, due, away, c.want, c.due)
		}
	}
	if got, _ := owed(nil, nil, nil, day(t, "2026-11-26")); got.State != Unclear {
		t.Errorf("owed(nobody knows since when) = %+v, want unclear", got)
	}
}

func TestCourses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.pull(t, "courses", `{"course":"security","title":"Security awareness","audience":"all"}`)
	s.pull(t, people, `{"person_id":"p1","email":"ada@example.com","started_on":"2025-01-10","engineer":true}`, `{"person_id":"p2","email":"bob@example.com","started_on":"2026-11-10"}`,
		`{"person_id":"p3","email":"gone@example.com","started_on":"2020-01-10","ended_on":"2026-01-01"}`, `{"person_id":"bot","kind":"service","started_on":"2020-01-10"}`)
	s.pull(t, trainings, `{"completion_id":"t1","person_id":"ada@example.com","course":"security","completed_on":"2026-02-09"}`, `{"completion_id":"t2","person_id":"p3","course":"secure-coding","completed_on":"2025-02-09"}`)
	list := func() map[string]string {
		t.Helper()
		all, err := s.Courses(t.Context(), s.a.Org, s.a.Zone)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, c := range all {
			for _, l := range c.Learners {
				out[c.ID] += l.Email + " " + []string{"unclear", "running", "met", "missed", "free"}[l.Clock.State] + "; "
			}
		}
		return out
	}
	// Ada completed the last round on its last day, and that day is not of the round that follows.
	want := map[string]string{"security": "bob@example.com running; ada@example.com running; ", "secure-coding": "ada@example.com missed; "}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("Courses (-want +got):\n%s", diff)
	}
	n, err := s.Completed(t.Context(), s.a, Completion{Course: "security", Version: "3", On: "2026-11-20", Evidence: "e1", People: []string{"p1", "bob@example.com", "p1"}})
	if n != 2 || err != nil {
		t.Fatalf("Completed(two) = %d, %v, want two", n, err)
	}
	if got := list()["security"]; got != "bob@example.com met; ada@example.com met; " {
		t.Errorf("after completions: %q, want both", got)
	}
	facts, err := s.Facts(t.Context(), s.a.Org, trainings)
	i := slices.IndexFunc(facts, func(f Fact) bool { return f.Text("person_id") == "p2" })
	if err != nil || len(facts) != 4 || i < 0 || facts[i].Text("evidence") != "e1" || facts[i].Text(EnteredBy) != "ada@example.com" {
		t.Errorf("trainings = %+v, %v, want two more under the name of who entered them", facts, err)
	}
	if n, err := s.Completed(t.Context(), s.a, Completion{Course: "security", On: "2026-11-20", People: []string{"p1"}}); n != 0 || err != nil {
		t.Errorf("Completed(again) = %d, %v, want nothing written", n, err)
	}
	for name, x := range map[string]Completion{"nobody": {Course: "security", On: "2026-11-20"}, "ahead": {Course: "security", On: "2026-11-27", People: []string{"p1"}}, "no day": {Course: "security", On: "soon", People: []string{"p1"}},
		"left": {Course: "security", On: "2026-11-20", People: []string{"p3"}}, "before they came": {Course: "security", On: "2026-11-01", People: []string{"p1", "p2"}}} {
		if n, err := s.Completed(t.Context(), s.a, x); n != 0 || !errors.Is(err, fault.Refused) {
			t.Errorf("Completed(%s) = %d, %v, want a refusal", name, n, err)
		}
	}
	if _, err := s.Completed(t.Context(), s.a, Completion{Course: "none", On: "2026-11-20", People: []string{"p1"}}); !errors.Is(err, fault.NotFound) {
		t.Errorf("Completed(no course) = %v, want not found", err)
	}
}

func TestAttach(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.pull(t, "exercises", `{"exercise_id":"e1","kind":"tabletop","held_on":"2026-11-20","findings":1,"own":"kept"}`)
	add := func(title string, carry func(Fact) (map[string]string, error)) error {
		return s.Attach(t.Context(), Attachment{Actor: s.a, Register: "actions", Parent: "exercises", Key: "e1", Carry: carry,
			Entries: []map[string]string{{"origin": "e1", "title": title, "owner": "bob@example.com", "due_on": "2026-12-20"}}})
	}
	if err := add("one", func(f Fact) (map[string]string, error) {
		n, _ := f.Whole("findings")
		return map[string]string{"findings": []string{"1", "2"}[n], "findings_ticketed_on": "2026-11-26"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	h, err := s.Books.History(t.Context(), s.a.Org, "exercises", "e1")
	want := `{"entered_by":"ada@example.com","exercise_id":"e1","findings":2,"findings_ticketed_on":"2026-11-26","held_on":"2026-11-20","kind":"tabletop","own":"kept"}`
	if err != nil || len(h) != 2 || cmp.Diff(want, string(h[1].Body)) != "" {
		t.Errorf("the exercise = %+v, %v, want a second version %s", h, err, want)
	}
	// Somebody else writes the parent between our look and the append: theirs stays, and ours stands on it.
	raced := false
	if err := add("two", func(Fact) (map[string]string, error) {
		if !raced {
			raced = true
			if _, err := s.Change(t.Context(), s.as("zoe@example.com"), "exercises", "e1", 2, map[string]string{"title": "Ransom"}); err != nil {
				t.Error(err)
			}
		}
		return map[string]string{"findings": "3"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	h, _ = s.Books.History(t.Context(), s.a.Org, "exercises", "e1")
	f, _ := NewFact(h[len(h)-1])
	if n, _ := f.Whole("findings"); len(h) != 4 || n != 3 || f.Text("title") != "Ransom" {
		t.Errorf("the exercise after a race = %s in %d versions, want both writers' words", h[len(h)-1].Body, len(h))
	}
	actions, err := s.Facts(t.Context(), s.a.Org, "actions")
	if err != nil || len(actions) != 2 {
		t.Fatalf("actions = %d, %v, want two: none is written twice", len(actions), err)
	}
	// A refusal of either writes neither.
	if err := add("three", func(Fact) (map[string]string, error) { return map[string]string{"findings": "many"}, nil }); !errors.Is(err, fault.Refused) {
		t.Errorf("Attach(a count that is none) = %v, want a refusal", err)
	}
	if again, _ := s.Facts(t.Context(), s.a.Org, "actions"); len(again) != 2 {
		t.Errorf("after a refusal there are %d actions, want two", len(again))
	}
	// A pair under its own key: linked, linked again while it stands, ended, linked anew.
	link := func() error {
		return s.Attach(t.Context(), Attachment{Actor: s.a, Register: "risk_controls", Ends: "ended_on", Entries: []map[string]string{{"risk_id": "r1", "control": "IAM-04", "linked_on": "2026-11-26"}}})
	}
	var stale *Stale
	if err := link(); err != nil {
		t.Fatal(err)
	}
	if err := link(); !errors.As(err, &stale) {
		t.Errorf("Attach(a pair that stands) = %v, want that it is there", err)
	}
	if _, err := s.Change(t.Context(), s.a, "risk_controls", joined("r1", "IAM-04"), 1, map[string]string{"ended_on": "2026-11-26"}); err != nil {
		t.Fatal(err)
	}
	if err := link(); err != nil {
		t.Errorf("Attach(a pair that ended) = %v, want it to stand again", err)
	}
	if err := s.Attach(t.Context(), Attachment{Actor: s.a, Register: "access_review_rows"}); !errors.Is(err, fault.Refused) {
		t.Errorf("Attach(what an act makes) = %v, want a refusal", err)
	}
}
