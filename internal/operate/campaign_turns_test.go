package operate

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// whose lists whose turn each row is, and marks those that the actor may decide.
func whose(t *testing.T, v *Reviews, a Actor, c *Campaign) string {
	t.Helper()
	rows, err := v.Accounts(t.Context(), a.Org, c)
	if err != nil {
		t.Fatal(err)
	}
	turns, err := v.Turns(t.Context(), a, c, rows)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, x := range turns {
		name, _, _ := strings.Cut(x.Who, "@")
		if x.Mine {
			name += "*"
		}
		if x.Given {
			name += "+"
		}
		out = append(out, strings.TrimPrefix(rows[i].ID, "crm/")+" "+name)
	}
	return strings.Join(out, ", ")
}

func TestTurnOfTheSystemsOwner(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	if _, err := v.Start(t.Context(), s.a, Begin{System: "crm", Quarter: "2026-Q4", ByOwner: true, Reviewer: "rita@example.com", Deputy: "dora@example.com"}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "nobody answers for crm") {
		t.Fatalf("Start(a system without an owner) = %v, want a refusal that says so", err)
	}
	if _, err := s.Save(t.Context(), Entry{Actor: s.a, Register: "systems", Key: "crm", Version: 1, Fields: map[string]string{"system": "crm", "in_scope": "yes", "owner": "p4"}}); err != nil {
		t.Fatal(err)
	}
	c, err := v.Start(t.Context(), s.a, Begin{System: "crm", Quarter: "2026-Q4", ByOwner: true, Reviewer: "rita@example.com", Deputy: "dora@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	// Ida owns the system; her own account a5 is the reviewer's turn.
	want := "a1 ida, a2 ida, a3 ida, a4 ida, a5 rita*"
	for _, r := range []*Reviews{v, {Desk: s.Desk, Size: s.store, Team: v.Team}} {
		c, err := r.Campaign(t.Context(), s.a.Org, c.ID)
		if err != nil || !c.ByOwner || c.SystemOwner != "p4" {
			t.Fatalf("Campaign = %+v, %v, want the system's owner", c, err)
		}
		if got := whose(t, r, s.a, c); got != want {
			t.Errorf("turns = %s, want %s", got, want)
		}
	}
}

func TestGiveRows(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c := begin(t, s, v)
	if got, want := whose(t, v, s.a, c), "a1 dora, a2 rita*, a3 dora, a4 dora, a5 rita*"; got != want {
		t.Fatalf("turns = %s, want %s", got, want)
	}
	lead := s.as("lead@example.com")
	for _, x := range []struct {
		name string
		rows []string
		to   string
		says string
	}{
		{"to a stranger", []string{"00002"}, "uwe@example.com", "is no member"},
		{"their own", []string{"00002", "00005"}, "ida@example.com", "own access"},
		{"an account that they answer for", []string{"00004"}, "rita@example.com", "own access"},
		{"no such row", []string{"00009"}, "ida@example.com", "no row"},
	} {
		if err := v.Give(t.Context(), lead, c.ID, x.rows, x.to); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("Give(%s) = %v, want %q", x.name, err, x.says)
		}
	}
	if err := v.Give(t.Context(), lead, c.ID, []string{"00001", "00002"}, "Ida@example.com"); err != nil {
		t.Fatal(err)
	}
	if got, want := whose(t, v, s.as("ida@example.com"), c), "a1 ida*+, a2 ida*+, a3 dora, a4 dora, a5 rita"; got != want {
		t.Errorf("turns after Give = %s, want %s", got, want)
	}
	// Whose turn it was may decide it no longer.
	if _, err := v.Decide(t.Context(), s.a, c.ID, map[string]string{"00002": Remove}, ""); !errors.Is(err, fault.Denied) {
		t.Errorf("Decide(a row that was given away) = %v, want a denial", err)
	}
	decide(t, s, v, c, "ida@example.com", "", map[string]string{"00001": Keep})
	if err := v.Give(t.Context(), lead, c.ID, []string{"00001"}, "dora@example.com"); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "decided by ida@example.com") {
		t.Errorf("Give(a row that is decided) = %v, want a refusal", err)
	}
	// Given on, and given back.
	for _, to := range []string{"dora@example.com", "rita@example.com", "rita@example.com"} {
		if err := v.Give(t.Context(), lead, c.ID, []string{"00002"}, to); err != nil {
			t.Fatal(err)
		}
	}
	h, err := s.Books.History(t.Context(), s.a.Org, reviewTurns, joined(c.ID, "00002"))
	if err != nil || len(h) != 3 {
		t.Errorf("the row changed hands in %d records, %v, want three: the last said nothing new", len(h), err)
	}
	// A register that learns later that the account is theirs takes the turn away.
	s.pull(t, "aliases", `{"alias":"uwe@example.com","person_id":"p1"}`)
	if got, want := whose(t, v, s.a, c), "a1 ida+, a2 dora, a3 dora, a4 dora, a5 rita*"; got != want {
		t.Errorf("turns once the account is rita's = %s, want %s", got, want)
	}
	// What a file claims gives nobody a turn.
	s.pull(t, reviewTurns, fmt.Sprintf(`{"review_id":%q,"row":"00005","reviewer":"ida@example.com","assigned_by":"lead@example.com","assigned_at":"2026-11-26T09:00:00Z"}`, c.ID))
	if got := whose(t, v, s.a, c); !strings.HasSuffix(got, "a5 rita*") {
		t.Errorf("turns after a file = %s, want a5 rita's", got)
	}
	if _, err := s.Save(t.Context(), Entry{Actor: s.a, Register: reviewTurns, Fields: map[string]string{}}); !errors.Is(err, fault.Refused) {
		t.Errorf("Save(turns) = %v, want that nobody types them", err)
	}
}

// TestFilesEndNoReview: what a file says of a review that is done here does not end it.
func TestFilesEndNoReview(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c := begin(t, s, v)
	s.pull(t, "access_reviews", fmt.Sprintf(`{"review_id":%q,"system":"crm","quarter":"2026-Q4","completed_at":"2026-11-25T10:00:00Z","listed":5,"decided":5,"removals":0}`, c.ID))
	got, err := v.Campaign(t.Context(), s.a.Org, c.ID)
	if err != nil || !got.Open() {
		t.Errorf("the review after a file = %+v, %v; want it open", got, err)
	}
	if list, err := v.Campaigns(t.Context(), s.a.Org); err != nil || len(list) != 1 || !list[0].Open() {
		t.Errorf("the list after a file = %+v, %v; want it open", list, err)
	}
	decide(t, s, v, c, "rita@example.com", "", map[string]string{"00002": Remove, "00005": Remove})
	decide(t, s, v, c, "dora@example.com", "", map[string]string{"00001": Keep, "00003": Keep, "00004": Keep})
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatalf("completing it = %v", err)
	}
	if got, err = v.Campaign(t.Context(), s.a.Org, c.ID); err != nil || got.Open() || got.Removals != 2 {
		t.Errorf("the review at its end = %+v, %v; want it completed with 2 removals", got, err)
	}
}
