package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	engine "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// members of the organization that campaigns are run in.
type membersOf []string

func (m membersOf) Members(context.Context, id.Org) ([]Member, error) {
	var out []Member
	for _, e := range m {
		out = append(out, Member{Email: e, Name: e})
	}
	return out, nil
}
func (m membersOf) Holders(context.Context, id.Org) (map[string][]string, error) { return nil, nil }

// pull appends records as a source delivers them.
func (s *shop) pull(t *testing.T, name string, lines ...string) {
	t.Helper()
	schema := s.Schemas.Schema(name)
	if err := s.Schemas.Ensure(t.Context(), s.a.Org, schema); err != nil {
		t.Fatal(err)
	}
	var drafts []record.Draft
	for _, l := range lines {
		v, err := register.ParseJSON("", 1, []byte(l))
		if err != nil {
			t.Fatal(err)
		}
		row, err := register.Convert(schema, "", register.Input{Line: 1, Fields: v.Members})
		if err != nil {
			t.Fatal(err)
		}
		drafts = append(drafts, record.Draft{Row: row, Source: "idp"})
	}
	if _, err := s.store.Append(t.Context(), s.a.Org, "", drafts); err != nil {
		t.Fatal(err)
	}
}

// firm is a company with accounts in the system crm: rita reviews, dora is her deputy.
func firm(t *testing.T) (*shop, *Reviews) {
	t.Helper()
	s := setup(t)
	s.a.Email = "rita@example.com"
	s.pull(t, "systems", `{"system":"crm","in_scope":true}`, `{"system":"hr","in_scope":false}`)
	s.pull(t, "people", `{"person_id":"p1","email":"Rita@example.com","kind":"employee","manager":"p2"}`, `{"person_id":"p2","email":"dora@example.com","manager":"p1"}`,
		`{"person_id":"p3","email":"uwe@example.com","manager":"dora@example.com"}`, `{"person_id":"p4","email":"ida@example.com","manager":"p1"}`)
	s.pull(t, "aliases", `{"alias":"r.admin","person_id":"rita@example.com"}`)
	s.pull(t, "accounts", `{"account_id":"crm/a1","system":"crm","person_id":"p1"}`, `{"account_id":"crm/a2","system":"crm","person_id":"uwe@example.com","privileged":true}`,
		`{"account_id":"crm/a3","system":"crm","person_id":"r.admin"}`, `{"account_id":"crm/a4","system":"crm","kind":"service","owner":"rita@example.com"}`,
		`{"account_id":"crm/a5","system":"crm","person_id":"p4"}`, `{"account_id":"crm/gone","system":"crm","person_id":"p4","disabled_at":"2026-01-01T00:00:00Z"}`,
		`{"account_id":"hr/a1","system":"hr","person_id":"p1"}`)
	s.pull(t, "grants", `{"grant_id":"g1","account_id":"crm/a2","role":"admin"}`, `{"grant_id":"g2","account_id":"crm/a2","role":"reader"}`, `{"grant_id":"g3","account_id":"crm/a2","role":"old","revoked_at":"2026-01-01T00:00:00Z"}`,
		`{"grant_id":"g5","account_id":"crm/a5","role":"reader"}`)
	s.pull(t, "account_events", `{"event_id":"e1","account_id":"crm/a2","action":"sign_in","at":"2026-11-01T08:00:00Z"}`, `{"event_id":"e2","account_id":"crm/a2","action":"sign_in","at":"2026-11-20T08:00:00Z"}`)
	return s, &Reviews{Desk: s.Desk, Size: s.store, Team: membersOf{"rita@example.com", "dora@example.com", "ida@example.com", "ext@example.com"}}
}

func (s *shop) as(email string) Actor { a := s.a; a.Email = email; return a }

func begin(t *testing.T, s *shop, v *Reviews) *Campaign {
	t.Helper()
	c, err := v.Start(t.Context(), s.a, Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "rita@example.com", Deputy: "dora@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func decide(t *testing.T, s *shop, v *Reviews, c *Campaign, who, reason string, choices map[string]string) {
	t.Helper()
	if _, err := v.Decide(t.Context(), s.as(who), c.ID, choices, reason); err != nil {
		t.Fatalf("Decide(%s, %v): %v", who, choices, err)
	}
}

// verdict runs the library's own test of IAM-04 over the store, as known now.
func verdict(t *testing.T, s *shop, key string) string {
	t.Helper()
	all, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	schemas := enginetest.Schemas(all)
	list, err := tests.Load(schemas)
	if err != nil {
		t.Fatal(err)
	}
	x := list[slices.IndexFunc(list, func(x *tests.Test) bool { return x.Control == ReviewControl })]
	for _, name := range []string{"systems", accessReviews, "people", "aliases"} {
		if err := s.Schemas.Ensure(t.Context(), s.a.Org, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	size, err := s.store.Size(t.Context(), s.a.Org)
	if err != nil {
		t.Fatal(err)
	}
	period := civil.Period{From: day(t, "2027-01-01"), To: day(t, "2027-01-31"), Zone: s.a.Zone}
	e, err := engine.New(s.store.Reader(), schemas.Schema).Open(t.Context(), string(s.a.Org), size, period, civil.Holidays{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	got := "absent"
	err = e.Run(t.Context(), x.Plan, rule.World{Period: period, KnownAt: s.Now()}, nil, true, func(a rule.Answered) error {
		if a.Key != key {
			return nil
		}
		got = string(a.Verdict())
		if a.InProgress {
			got = "in progress"
		}
		for i, v := range a.Verdicts {
			if v == assure.Deviation || v == assure.Undecided {
				got += " " + string(rune(65+i))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCampaignFreezesTheList(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	before, _ := s.store.Size(t.Context(), s.a.Org)
	c := begin(t, s, v)
	if c.Size < before || c.Rows != 5 || c.Due != day(t, "2027-01-30") || len(c.SHA256) != 64 || c.Outside(s.a.Zone) {
		t.Errorf("Start = %+v, want five accounts of ledger size %d, due 30 days after the quarter", c, before)
	}
	s.pull(t, "accounts", `{"account_id":"crm/a2","system":"crm","person_id":"p4","disabled_at":"2026-11-26T08:00:00Z"}`, `{"account_id":"crm/new","system":"crm","person_id":"p4"}`)
	fresh := &Reviews{Desk: s.Desk, Size: s.store, Team: v.Team}
	c, err := fresh.Campaign(t.Context(), s.a.Org, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := fresh.Accounts(t.Context(), s.a.Org, c)
	if err != nil || len(rows) != 5 {
		t.Fatalf("Accounts = %d rows, %v, want the five that were frozen", len(rows), err)
	}
	want := Account{Row: "00002", ID: "crm/a2", Login: "uwe@example.com", Manager: "dora@example.com", Privileged: true, Roles: []string{"admin", "reader"}, Grants: []string{"g1", "g2"},
		LastSignIn: "2026-11-20T08:00:00Z", Index: rows[1].Index}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("row 2 (-want +got):\n%s", diff)
	}
	if _, err := v.Start(t.Context(), s.a, Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "rita@example.com", Deputy: "dora@example.com"}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "under way") {
		t.Errorf("Start(again) = %v, want a refusal", err)
	}
}

// TestCampaignRowsAreSealed: a row that somebody adds under the name of the list is found.
func TestCampaignRowsAreSealed(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c := begin(t, s, v)
	s.pull(t, reviewRows, fmt.Sprintf(`{"review_id":%q,"row":"00006","account_id":"crm/x"}`, c.ID))
	fresh := &Reviews{Desk: s.Desk, Size: s.store, Team: v.Team}
	if _, err := fresh.Accounts(t.Context(), s.a.Org, c); !errors.Is(err, fault.Integrity) {
		t.Errorf("Accounts(a row added) = %v, want a fault of integrity", err)
	}
	for _, name := range []string{reviewLists, reviewRows, reviewDecisions, reviewRemovals} {
		if _, err := s.Save(t.Context(), Entry{Actor: s.a, Register: name, Fields: map[string]string{}}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "not typed") {
			t.Errorf("Save(%s) = %v, want that nobody types them", name, err)
		}
	}
}

func TestCampaignRefuses(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	for _, x := range []struct {
		name string
		b    Begin
		want string
	}{
		{"a quarter that is none", Begin{System: "crm", Quarter: "2026-Q5", Reviewer: "rita@example.com", Deputy: "dora@example.com"}, "no quarter"},
		{"a quarter to come", Begin{System: "crm", Quarter: "2027-Q1", Reviewer: "rita@example.com", Deputy: "dora@example.com"}, "has not begun"},
		{"an unknown system", Begin{System: "<b>", Quarter: "2026-Q4", Reviewer: "rita@example.com", Deputy: "dora@example.com"}, "not in the register of systems"},
		{"a stranger", Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "eve@example.com", Deputy: "dora@example.com"}, "no member"},
		{"one for both", Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "rita@example.com", Deputy: "rita@example.com"}, "is the reviewer"},
	} {
		if _, err := v.Start(t.Context(), s.a, x.b); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("Start(%s) = %v, want %q", x.name, err, x.want)
		}
	}
	if _, err := v.Start(t.Context(), s.a, Begin{System: "hr", Quarter: "2026-Q4", Reviewer: "rita@example.com", Deputy: "dora@example.com"}); err != nil {
		t.Errorf("Start(hr) = %v, want a campaign of one account", err)
	}
}

// TestOwnAccess: nobody decides on their own, under whichever login it stands, nor on services that they answer for.
func TestOwnAccess(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c := begin(t, s, v)
	for _, x := range []struct{ who, row, want string }{
		{"rita@example.com", "00001", "your own access"}, {"rita@example.com", "00003", "your own access"}, {"rita@example.com", "00004", "your own access"},
		{"dora@example.com", "00002", "not yours"}, {"ida@example.com", "00002", "not yours"}, {"ida@example.com", "00005", "your own access"},
	} {
		if _, err := v.Decide(t.Context(), s.as(x.who), c.ID, map[string]string{x.row: Keep}, "r"); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("Decide(%s on %s) = %v, want %q", x.who, x.row, err, x.want)
		}
	}
	// All or nothing: one row of others in a selection leaves the rest undecided.
	if _, err := v.Decide(t.Context(), s.a, c.ID, map[string]string{"00002": Remove, "00001": Keep}, ""); !errors.Is(err, fault.Denied) {
		t.Errorf("Decide(a selection with an own one) = %v, want denied", err)
	}
	if n, _, err := v.Progress(t.Context(), s.a.Org, c); n != 0 || err != nil {
		t.Errorf("Progress = %d, %v, want nothing decided", n, err)
	}
	if _, err := v.Decide(t.Context(), s.a, c.ID, map[string]string{"00002": Keep}, " "); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "needs a reason") {
		t.Errorf("Decide(keep a privileged one without a reason) = %v, want a refusal", err)
	}
	// A delegation covers what is decided after it.
	decide(t, s, v, c, "dora@example.com", "", map[string]string{"00001": Keep})
	if err := s.Delegate(t.Context(), s.as("dora@example.com"), "dora@example.com", "ida@example.com", ReviewControl, 0, civil.Never); err != nil {
		t.Fatal(err)
	}
	decide(t, s, v, c, "ida@example.com", "", map[string]string{"00003": Keep})
	h, err := v.DecisionsOf(t.Context(), s.a.Org, c, "00003")
	if err != nil || len(h) != 1 || h[0].By != "ida@example.com" || h[0].For != "dora@example.com" {
		t.Errorf("DecisionsOf = %+v, %v, want ida for dora", h, err)
	}
}

func TestManagersDecide(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c, err := v.Start(t.Context(), s.a, Begin{System: "crm", Quarter: "2026-Q4", ByManager: true, Reviewer: "rita@example.com", Deputy: "ida@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := v.Accounts(t.Context(), s.a.Org, c)
	if err != nil {
		t.Fatal(err)
	}
	turns, err := v.Turns(t.Context(), s.a, c, rows)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range turns {
		got = append(got, fmt.Sprint(x.Who, " ", x.Own, " ", x.Mine))
	}
	want := []string{"dora@example.com true false", "dora@example.com false false", "dora@example.com true false", "dora@example.com true false", "rita@example.com false true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Turns (-want +got):\n%s", diff)
	}
}

// TestCampaignToItsEnd follows one campaign, and asks the library's test of the control at each step.
func TestCampaignToItsEnd(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	const item = "crm/2026-Q4"
	c := begin(t, s, v)
	if got := verdict(t, s, item); got != "in progress B C D" {
		t.Errorf("while it runs: %s, want what is not done yet", got)
	}
	s.now = s.now.AddDate(0, 0, 1)
	decide(t, s, v, c, "rita@example.com", "runs the CRM", map[string]string{"00002": Keep, "00005": Keep})
	decide(t, s, v, c, "rita@example.com", "", map[string]string{"00002": Remove, "00005": ""})
	if err := v.Complete(t.Context(), s.a, c.ID); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "4 of 5") {
		t.Errorf("Complete(undecided rows) = %v, want a refusal", err)
	}
	decide(t, s, v, c, "rita@example.com", "", map[string]string{"00005": Remove})
	decide(t, s, v, c, "dora@example.com", "", map[string]string{"00001": Keep, "00003": Keep, "00004": Keep})
	if h, err := v.DecisionsOf(t.Context(), s.a.Org, c, "00005"); err != nil || len(h) != 3 || h[1].Choice != Withdrawn {
		t.Errorf("DecisionsOf = %+v, %v, want keep, withdrawn, remove", h, err)
	}
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Decide(t.Context(), s.a, c.ID, map[string]string{"00005": Keep}, ""); !errors.Is(err, fault.Refused) {
		t.Errorf("Decide(after the end) = %v, want a refusal", err)
	}
	if got := verdict(t, s, item); got != "in progress" {
		t.Errorf("completed, removals open but not late: %s, want in progress without a finding", got)
	}
	s.now = time.Date(2026, 12, 20, 9, 0, 0, 0, time.UTC)
	if got := verdict(t, s, item); got != "in progress E" {
		t.Errorf("removals not made in five business days: %s, want a finding in E", got)
	}
	// The system's records say when each was done; only then is the last one dated.
	s.pull(t, "accounts", `{"account_id":"crm/a5","system":"crm","person_id":"p4","disabled_at":"2026-11-30T10:00:00Z"}`)
	if n, err := v.Follow(t.Context(), s.a, c.ID); n != 1 || err != nil {
		t.Errorf("Follow(one of two) = %d, %v, want 1 open", n, err)
	}
	s.pull(t, "grants", `{"grant_id":"g1","account_id":"crm/a2","role":"admin","revoked_at":"2026-12-01T10:00:00Z"}`)
	if n, err := v.Follow(t.Context(), s.a, c.ID); n != 1 || err != nil {
		t.Errorf("Follow(a grant is left) = %d, %v, want 1 open", n, err)
	}
	s.pull(t, "grants", `{"grant_id":"g2","account_id":"crm/a2","role":"reader","revoked_at":"2026-12-02T10:00:00Z"}`)
	if n, err := v.Follow(t.Context(), s.a, c.ID); n != 0 || err != nil {
		t.Errorf("Follow(all done) = %d, %v, want none open", n, err)
	}
	c, _ = v.Campaign(t.Context(), s.a.Org, c.ID)
	if c.RemovalsDone != moment(t, "2026-12-02T10:00:00Z") || c.Own != No {
		t.Errorf("Campaign = %+v, want the removals done when the last record says, and nobody's own", c)
	}
	s.now = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	if got := verdict(t, s, item); got != "pass" {
		t.Errorf("removed in time: %s, want pass", got)
	}
	// Access that comes back is no removal.
	s.pull(t, "grants", `{"grant_id":"g9","account_id":"crm/a2","role":"admin"}`)
	if n, err := v.Follow(t.Context(), s.a, c.ID); n != 1 || err != nil {
		t.Errorf("Follow(granted again) = %d, %v, want 1 open", n, err)
	}
	if got := verdict(t, s, item); got != "deviation E" {
		t.Errorf("granted again: %s, want deviation E", got)
	}
}

func TestRemovalConfirmed(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c := begin(t, s, v)
	decide(t, s, v, c, "rita@example.com", "", map[string]string{"00002": Remove, "00005": Remove})
	decide(t, s, v, c, "dora@example.com", "", map[string]string{"00001": Keep, "00003": Keep, "00004": Keep})
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatal(err)
	}
	x, err := s.locker.Give(t.Context(), s.a, Given{Control: ReviewControl, Item: "crm/2026-Q4", Title: "Members of the CRM", FileName: "crm.txt", Type: "text/plain"}, strings.NewReader("nobody"))
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Hour)
	done := s.Now()
	for _, y := range []struct {
		who  string
		c    Carry
		want error
	}{
		{"rita@example.com", Carry{Row: "00002", Done: done, Evidence: "none"}, fault.Refused},
		{"rita@example.com", Carry{Row: "00002", Done: done}, fault.Refused},
		{"rita@example.com", Carry{Row: "00002", Done: c.Listed - 1, Evidence: x.ID}, fault.Refused},
		{"rita@example.com", Carry{Row: "00002", Done: done + 1, Evidence: x.ID}, fault.Refused},
		{"ida@example.com", Carry{Row: "00005", Done: done, Evidence: x.ID}, fault.Denied},
		{"rita@example.com", Carry{Row: "00001", Done: done, Evidence: x.ID}, fault.NotFound},
		{"rita@example.com", Carry{Row: "00002", Done: civil.Never, Assignee: "eve@example.com"}, fault.Refused},
	} {
		if err := v.Carry(t.Context(), s.as(y.who), c.ID, y.c); !errors.Is(err, y.want) {
			t.Errorf("Carry(%+v) = %v, want %v", y.c, err, y.want)
		}
	}
	if err := v.Carry(t.Context(), s.a, c.ID, Carry{Row: "00002", Done: civil.Never, Assignee: "dora@example.com"}); err != nil {
		t.Fatal(err)
	}
	var stale *Stale
	if err := v.Carry(t.Context(), s.a, c.ID, Carry{Row: "00002", Done: done, Evidence: x.ID}); !errors.As(err, &stale) {
		t.Errorf("Carry(drawn before) = %v, want a stale edit", err)
	}
	if err := v.Carry(t.Context(), s.a, c.ID, Carry{Row: "00002", Version: 1, Done: done, Evidence: x.ID}); err != nil {
		t.Fatal(err)
	}
	if err := v.Carry(t.Context(), s.a, c.ID, Carry{Row: "00005", Done: done, Evidence: x.ID}); err != nil {
		t.Fatal(err)
	}
	if c, err = v.Campaign(t.Context(), s.a.Org, c.ID); err != nil || c.RemovalsDone != done {
		t.Errorf("Campaign = %+v, %v, want the removals done", c, err)
	}
	list, last, err := v.Removals(t.Context(), s.a.Org, c, s.a.Zone)
	if err != nil || len(list) != 2 || list[0].How != Confirmed || last != day(t, "2026-12-03") {
		t.Errorf("Removals = %+v, %s, %v, want two that were confirmed and five business days", list, last, err)
	}
}

// TestUnknownReviewer: of somebody whom no register knows, nobody can say which accounts are theirs.
func TestUnknownReviewer(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c, err := v.Start(t.Context(), s.a, Begin{System: "hr", Quarter: "2026-Q4", Reviewer: "ext@example.com", Deputy: "dora@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	decide(t, s, v, c, "ext@example.com", "", map[string]string{"00001": Keep})
	// The address turns out to be that of the account's person: the record says what is known when it is written.
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatal(err)
	}
	if c, err = v.Campaign(t.Context(), s.a.Org, c.ID); err != nil || c.Own != "" {
		t.Errorf("own access decided: %q, %v, want not known", c.Own, err)
	}
}

func TestOwnAccessFoundLater(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c, err := v.Start(t.Context(), s.a, Begin{System: "hr", Quarter: "2026-Q4", Reviewer: "ext@example.com", Deputy: "dora@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	decide(t, s, v, c, "ext@example.com", "", map[string]string{"00001": Keep})
	s.pull(t, "aliases", `{"alias":"ext@example.com","person_id":"p1"}`)
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatal(err)
	}
	if c, err = v.Campaign(t.Context(), s.a.Org, c.ID); err != nil || c.Own != Yes {
		t.Errorf("own access decided: %q, %v, want yes", c.Own, err)
	}
}

// TestDecideAgainstComplete: a decision that is taken back while the review is completed is either before its end, which is then
// refused, or after it, and refused itself.
func TestDecideAgainstComplete(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	c, err := v.Start(t.Context(), s.a, Begin{System: "hr", Quarter: "2026-Q4", Reviewer: "dora@example.com", Deputy: "rita@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	decide(t, s, v, c, "dora@example.com", "", map[string]string{"00001": Keep})
	done := make(chan error)
	go func() {
		_, err := v.Decide(t.Context(), s.as("dora@example.com"), c.ID, map[string]string{"00001": ""}, "")
		done <- err
	}()
	completed := v.Complete(t.Context(), s.as("dora@example.com"), c.ID)
	withdrawn := <-done
	if (completed == nil) == (withdrawn == nil) {
		t.Errorf("completed: %v; taken back: %v; want one of them refused", completed, withdrawn)
	}
	n, _, err := v.Progress(t.Context(), s.a.Org, c)
	if err != nil || (n == 1) != (completed == nil) {
		t.Errorf("Progress = %d, %v, after a completion that answered %v", n, err, completed)
	}
}
