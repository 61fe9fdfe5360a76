package operate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

func (s *shop) risk(key string, version int, fields map[string]string) Entry {
	return Entry{Actor: s.a, Register: "incidents", Key: key, Version: version, Fields: fields}
}

func (s *shop) latest(t *testing.T, name, key string) record.Known {
	t.Helper()
	h, err := s.Books.History(t.Context(), s.a.Org, name, key)
	if err != nil {
		t.Fatal(err)
	}
	return h[len(h)-1]
}

func TestSaveAndSupersede(t *testing.T) {
	t.Parallel()
	s := setup(t)
	got, err := s.Save(t.Context(), s.risk("", 0, map[string]string{"title": "outage", "severity": "high", "detected_at": "2026-11-25 14:30", "customers_affected": "", "resolved_at": ""}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Key, "incident_") || got.Version != 1 {
		t.Errorf("Save = %+v, want a key of ours and version 1", got)
	}
	k := s.latest(t, "incidents", got.Key)
	want := `{"detected_at":"2026-11-25T19:30:00Z","entered_by":"ada@example.com","incident_id":"` + got.Key + `","severity":"high","title":"outage"}`
	if string(k.Body) != want || k.Source != Source {
		t.Errorf("record = %s of %s, want %s of people", k.Body, k.Source, want)
	}
	// The same again writes nothing; a change is the next version.
	edit := map[string]string{"incident_id": got.Key, "title": "outage", "severity": "high", "detected_at": "2026-11-25T14:30:00-05:00"}
	if again, err := s.Save(t.Context(), s.risk(got.Key, 1, edit)); err != nil || !again.Unchanged {
		t.Errorf("Save(the same) = %+v, %v, want unchanged", again, err)
	}
	edit["title"] = "outage of the API"
	if next, err := s.Save(t.Context(), s.risk(got.Key, 1, edit)); err != nil || next.Version != 2 {
		t.Errorf("Save(an edit) = %+v, %v, want version 2", next, err)
	}
	// Undo is a version of its own with the former body.
	back, err := s.Restore(t.Context(), s.a, "incidents", got.Key, 1, 2)
	if err != nil || back.Version != 3 || string(s.latest(t, "incidents", got.Key).Body) != want {
		t.Errorf("Restore = %+v, %v, body %s", back, err, s.latest(t, "incidents", got.Key).Body)
	}
	edit["incident_id"] = "another"
	if _, err := s.Save(t.Context(), s.risk(got.Key, 3, edit)); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "key of a record") {
		t.Errorf("Save(another key) = %v, want a refusal", err)
	}
}

func TestSaveStale(t *testing.T) {
	t.Parallel()
	s := setup(t)
	first, err := s.Save(t.Context(), s.risk("", 0, map[string]string{"title": "a", "severity": "low", "detected_at": "2026-11-25 14:30"}))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(title string) map[string]string {
		return map[string]string{"incident_id": first.Key, "title": title, "severity": "low", "detected_at": "2026-11-25 14:30"}
	}
	if _, err := s.Save(t.Context(), s.risk(first.Key, 1, edit("theirs"))); err != nil {
		t.Fatal(err)
	}
	_, err = s.Save(t.Context(), s.risk(first.Key, 1, edit("mine")))
	var stale *Stale
	if !errors.As(err, &stale) || !errors.Is(err, fault.Refused) || stale.Current.Version != 2 ||
		!strings.Contains(string(stale.Current.Body), "theirs") || !strings.Contains(string(stale.Mine), "mine") {
		t.Errorf("Save(stale) = %v, want both versions", err)
	}
	// Many at once: one of them wins, whatever the order.
	const n = 8
	won := make(chan error, n)
	for i := range n {
		go func() {
			_, err := s.Save(t.Context(), s.risk(first.Key, 2, edit(strings.Repeat("x", i+1))))
			won <- err
		}()
	}
	ok := 0
	for range n {
		err := <-won
		if err == nil {
			ok++
		} else if !errors.As(err, &stale) {
			t.Errorf("Save beside others = %v, want a stale edit", err)
		}
	}
	if ok != 1 || s.latest(t, "incidents", first.Key).Version != 3 {
		t.Errorf("%d of %d edits of one version were taken, latest %d; want 1 and 3", ok, n, s.latest(t, "incidents", first.Key).Version)
	}
	// A key that a person gives and that is there already.
	if _, err := s.Save(t.Context(), s.risk("", 0, edit("new"))); !errors.As(err, &stale) || stale.Drawn != 0 {
		t.Errorf("Save(new, with a key that is there) = %v, want both versions", err)
	}
}

func TestSaveRefusesEachField(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, err := s.Save(t.Context(), s.risk("", 0, map[string]string{"detected_at": "yesterday", "customers_affected": "=cmd|' /C calc'!A0", "colour": "red"}))
	for _, want := range []string{"detected_at: ", "customers_affected: ", "colour: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Save = %v, want it to name %s", err, want)
		}
	}
	for name := range byAct {
		if _, err := s.Save(t.Context(), Entry{Actor: s.a, Register: name, Fields: map[string]string{}}); !errors.Is(err, fault.Refused) {
			t.Errorf("Save(%s) = %v, want a refusal: its records are made by an act", name, err)
		}
		if _, err := s.Restore(t.Context(), s.a, name, "x", 1, 2); !errors.Is(err, fault.Refused) {
			t.Errorf("Restore(%s) = %v, want a refusal", name, err)
		}
	}
	if _, err := s.Save(t.Context(), Entry{Register: "incidents"}); err == nil {
		t.Error("Save by nobody was taken")
	}
}

// TestHostileFields: whatever a person types comes back as it was typed.
func TestHostileFields(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, text := range []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "=cmd|' /C calc'!A0", "\u202eevil\u202c", "👩‍💻 ünïcode", strings.Repeat("a long text ", 90_000), "line\nline\ttab", "'; DROP TABLE records; --",
	} {
		got, err := s.Save(t.Context(), s.risk("", 0, map[string]string{"title": text, "severity": "low", "detected_at": "2026-11-25 14:30"}))
		if err != nil {
			t.Fatalf("Save(%.40q) = %v", text, err)
		}
		fields, free, err := Fields(s.Schemas.Schema("incidents"), s.a.Zone, s.latest(t, "incidents", got.Key).Body)
		if err != nil || fields["title"] != text || len(free) != 1 {
			t.Errorf("%.40q came back as %.40q with %v, %v", text, fields["title"], free, err)
		}
	}
}

// TestEditKeepsTheRest: what a form does not show is not erased by it.
func TestEditKeepsTheRest(t *testing.T) {
	t.Parallel()
	s := setup(t)
	row, err := register.Convert(s.Schemas.Schema("changes"), "", register.Input{Fields: []register.Member{
		{Name: "change_id", Value: register.Value{Kind: register.String, Text: "c1"}}, {Name: "ticket", Value: register.Value{Kind: register.String}},
		{Name: "merged_at", Value: register.Value{Kind: register.String, Text: "2026-11-20T10:00:00.123456Z"}},
		{Name: "labels", Value: register.Value{Kind: register.List, List: []register.Value{{Kind: register.String, Text: "urgent"}}}}}})
	if err == nil {
		_, err = s.schema(t.Context(), s.a.Org, "changes")
	}
	if err == nil {
		_, err = s.store.Append(t.Context(), s.a.Org, "", []record.Draft{{Row: row, Source: "git"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	shown, _, err := Fields(s.Schemas.Schema("changes"), s.a.Zone, row.Body)
	if err != nil {
		t.Fatal(err)
	}
	shown["title"] = "a title"
	if _, err := s.Save(t.Context(), Entry{Actor: s.a, Register: "changes", Key: "c1", Version: 1, Fields: shown}); err != nil {
		t.Fatal(err)
	}
	want := `{"change_id":"c1","entered_by":"ada@example.com","labels":["urgent"],"merged_at":"2026-11-20T10:00:00.123456Z","ticket":"","title":"a title"}`
	if got := string(s.latest(t, "changes", "c1").Body); got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
}

func TestMinted(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, want := range map[string]string{"incidents": "incident_id incident", "access_reviews": "review_id review", "people": "", "holidays": "", "assignments": "", "systems": "", "aliases": ""} {
		field, kind, ok := Minted(s.Schemas.Schema(name))
		if got := strings.TrimSpace(field + " " + kind); ok != (want != "") || ok && got != want {
			t.Errorf("Minted(%s) = %q, %v, want %q", name, got, ok, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	all, err := registers.Load()
	if err != nil {
		f.Fatal(err)
	}
	zone, err := civil.ParseZone("America/New_York")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "=1", "2026-03-08 02:30", "2026-11-01 01:30", "true", "-1", "1e3", "\u202e", "2026-11-25 14:30", "9007199254740993", "YES"} {
		f.Add("incidents", s)
		f.Add("people", s)
	}
	f.Fuzz(func(t *testing.T, name, v string) {
		s := all[name]
		if s == nil {
			return
		}
		fields := map[string]string{}
		for _, n := range s.Names() {
			fields[n] = v
		}
		ms, err := Read(s, zone, fields)
		if err != nil {
			return
		}
		row, err := register.Convert(s, "", register.Input{Loose: true, Fields: ms})
		if err != nil {
			return // the key as a whole
		}
		// What was taken comes back from the form that shows it.
		shown, _, err := Fields(s, zone, row.Body)
		if err != nil {
			t.Fatal(err)
		}
		ms, err = Read(s, zone, shown)
		if err != nil {
			t.Fatalf("Read(%q) is taken and its own form is not: %v", v, err)
		}
		again, err := register.Convert(s, "", register.Input{Loose: true, Fields: ms})
		if err != nil || !slices.Equal(again.Body, row.Body) {
			t.Errorf("%q: %s comes back as %v %v", v, row.Body, again, err)
		}
	})
}
