package operate

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

const ladder = "IT manager -> compliance lead after 1 business day -> executive sponsor after 5"

func lines(tasks []Task) []string {
	var out []string
	for _, t := range tasks {
		out = append(out, t.String()+" "+string(t.Why))
	}
	return out
}

func TestTasks(t *testing.T) {
	t.Parallel()
	at := moment(t, "2026-11-26T09:00:00Z")
	k := Knowledge{
		Instances: []Instance{
			{Control: "IAM-04", Key: "2026-Q3", Owner: "IT manager", Due: day(t, "2026-10-30")},
			{Control: "GOV-01", Key: "2026", Owner: "CEO", Due: day(t, "2026-11-26")},
			{Control: "GOV-02", Key: "2026", Owner: "Board secretary", Due: day(t, "2026-12-01")},
			{Control: "AVL-01", Key: "x", Owner: "bob@example.com", Due: day(t, "2026-12-20")},
		},
		Holders:     map[string][]string{"it manager": {"ada@example.com", "eve@example.com"}, "ceo": {"cleo@example.com"}},
		Assignments: []Assignment{{Control: "GOV-01", Key: "2026", Assignee: "ada@example.com", By: "lead@example.com"}},
		Delegations: []Delegation{
			{From: "Ada@example.com", To: "dan@example.com", Duty: "IAM-04", Recorded: at - 1, Starts: at - 1, Ends: civil.Never},
			{From: "eve@example.com", To: "dan@example.com", Recorded: at + 1, Starts: at - 10, Ends: civil.Never}, // recorded after now
			{From: "bob@example.com", To: "dan@example.com", Recorded: at - 9, Starts: at - 9, Ends: at},           // over
		},
		Now: at,
	}
	tasks := Tasks(k)
	want := []string{
		"IAM-04/2026-Q3 due 2026-10-30: ada@example.com owned", "IAM-04/2026-Q3 due 2026-10-30: dan@example.com delegated", "IAM-04/2026-Q3 due 2026-10-30: eve@example.com owned",
		"GOV-01/2026 due 2026-11-26: ada@example.com assigned", "GOV-02/2026 due 2026-12-01: Board secretary owned", "AVL-01/x due 2026-12-20: bob@example.com owned",
	}
	if diff := cmp.Diff(want, lines(tasks)); diff != "" {
		t.Errorf("Tasks (-want +got):\n%s", diff)
	}
	if !tasks[4].Open || tasks[5].Open {
		t.Errorf("open: %v, %v, want the title that nobody holds alone", tasks[4].Open, tasks[5].Open)
	}
	a := Plan(Of(tasks, "ADA@example.com"), day(t, "2026-11-26"), 14)
	if len(a.Late) != 1 || len(a.Today) != 1 || len(a.Soon) != 0 || len(a.Later) != 0 {
		t.Errorf("Plan = %+v, want one late and one today", a)
	}
	if a := Plan(tasks, day(t, "2026-11-26"), 14); len(a.Late) != 1 || len(a.Soon) != 1 || len(a.Later) != 1 {
		t.Errorf("Plan(all) = %+v, want each instance once", a)
	}
}

func TestDelegationCoversNothingBefore(t *testing.T) {
	t.Parallel()
	d := Delegation{Duty: "IAM-04", Recorded: 100, Starts: 50, Ends: 200}
	for _, c := range []struct {
		control string
		at      civil.Instant
		want    bool
	}{{"IAM-04", 99, false}, {"IAM-04", 100, true}, {"IAM-04", 199, true}, {"IAM-04", 200, false}, {"GOV-01", 150, false}} {
		if got := d.Covers(c.control, c.at); got != c.want {
			t.Errorf("Covers(%s, %d) = %v, want %v", c.control, c.at, got, c.want)
		}
	}
}

type due []Instance

func (d due) Due(_ context.Context, _ id.Org, until civil.Date) ([]Instance, error) {
	var out []Instance
	for _, i := range d {
		if i.Due <= until {
			out = append(out, i)
		}
	}
	return out, nil
}

type team map[string][]string

func (t team) Members(context.Context, id.Org) ([]Member, error) {
	return []Member{{"ada@example.com", "Ada"}, {"bob@example.com", "Bob"}}, nil
}
func (t team) Holders(context.Context, id.Org) (map[string][]string, error) { return t, nil }

func TestAssignAndDelegate(t *testing.T) {
	t.Parallel()
	s := setup(t)
	b := &Board{Desk: s.Desk, Size: s.store, Team: team{"it manager": {"ada@example.com"}}, Due: due{{Control: "IAM-04", Key: "2026/Q3", Owner: "IT manager", Due: day(t, "2026-12-01")}}}
	who := func(want ...string) {
		t.Helper()
		tasks, err := b.Tasks(t.Context(), s.a.Org, day(t, "2026-12-31"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range tasks {
			got = append(got, x.Who+" "+string(x.Why))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tasks (-want +got):\n%s", diff)
		}
	}
	who("ada@example.com owned")
	if err := s.Assign(t.Context(), s.a, "IAM-04", "2026/Q3", "Bob@example.com", "", 0); err != nil {
		t.Fatal(err)
	}
	who("bob@example.com assigned")
	var stale *Stale
	if err := s.Assign(t.Context(), s.a, "IAM-04", "2026/Q3", "eve@example.com", "", 0); !errors.As(err, &stale) {
		t.Errorf("Assign(drawn before the other) = %v, want a stale edit", err)
	}
	// What claims to have begun before is recorded as beginning now.
	if err := s.Delegate(t.Context(), s.a, "bob@example.com", "cleo@example.com", "", moment(t, "2020-01-01T00:00:00Z"), civil.Never); err != nil {
		t.Fatal(err)
	}
	who("bob@example.com assigned", "cleo@example.com delegated")
	list, err := b.Delegations(t.Context(), s.a.Org)
	if err != nil || len(list) != 1 || list[0].Starts < s.Now() || list[0].Covers("IAM-04", s.Now()-1) {
		t.Errorf("Delegations = %+v, %v, want one that covers nothing before now", list, err)
	}
	if err := s.Withdraw(t.Context(), s.a, list[0]); err != nil {
		t.Fatal(err)
	}
	who("bob@example.com assigned")
	if err := s.Delegate(t.Context(), s.a, "a@example.com", "A@example.com", "", 0, civil.Never); !errors.Is(err, fault.Refused) {
		t.Errorf("Delegate(to oneself) = %v, want a refusal", err)
	}
}
