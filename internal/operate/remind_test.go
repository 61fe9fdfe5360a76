package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
)

// messenger keeps the messages: to whom, and what they say.
type messenger struct {
	mu   sync.Mutex
	got  []string
	fail error
}

func (m *messenger) SendAll(_ context.Context, _ id.Org, to string, list []Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	var says []string
	for _, n := range list {
		says = append(says, n.Control+" "+n.Key+" "+n.Stage)
	}
	m.got = append(m.got, to+": "+strings.Join(says, ", "))
	return nil
}

func (m *messenger) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.got
	m.got = nil
	slices.Sort(out)
	return out
}

// TestRemindDaily: one message to a person and day, with everything in it.
func TestRemindDaily(t *testing.T) {
	t.Parallel()
	s := setup(t)
	task := func(control, key, who, due string) Task {
		return Task{Instance: Instance{Control: control, Key: key, Due: day(t, due), Escalation: ladder}, Who: who}
	}
	tasks := []Task{task("IAM-04", "crm", "ada@example.com", "2026-12-03"), task("COM-01", "p/1", "ada@example.com", "2026-11-27"), task("COM-01", "p/1", "bob@example.com", "2026-11-24"), task("COM-01", "p/1", "cyd@example.com", "2026-11-24"), task("GOV-05", "x", "dan@example.com", "2027-02-01")}
	r := Rules{Before: Usual(), Holders: map[string][]string{"compliance lead": {"Lead@example.com"}}}
	m := &messenger{fail: errors.New("no route to the mail server")}
	run := func(name string, want ...string) {
		t.Helper()
		if _, err := s.RemindDaily(t.Context(), s.a, m, tasks, r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, m.take()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	run("no mail server")
	m.fail = nil
	var wg sync.WaitGroup
	for range 4 { // several runs at once, as after a restart that overlaps
		wg.Go(func() {
			if _, err := s.RemindDaily(t.Context(), s.a, m, tasks, r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := m.take()
	if len(got) != 2 {
		t.Errorf("four runs at once sent %q, want one message to each of two", got)
	}
	all := strings.Join(got, "\n")
	for _, one := range []string{"IAM-04 crm before-7", "COM-01 p/1 before-1", "COM-01 p/1 late-1"} {
		if strings.Count(all, one) != 1 {
			t.Errorf("four runs at once sent %q %d times, want once: %q", one, strings.Count(all, one), got)
		}
	}
	if strings.Contains(all, "dan@") || strings.Contains(all, "bob@") {
		t.Errorf("messages = %q, want none to dan, who has months, and none to bob, of whom the lead is told", got)
	}
	run("again on the same day")
	tasks = append(tasks, task("IAM-04", "erp", "ada@example.com", "2026-11-27"), task("IAM-04", "hr", "ada@example.com", "2026-11-26"))
	run("what is new waits for the next day, but not what is due today", "ada@example.com: IAM-04 hr due")
	s.now = s.now.AddDate(0, 0, 1)
	run("the next day", "ada@example.com: COM-01 p/1 due, IAM-04 erp due", "lead@example.com: IAM-04 hr late-1")
	s.now = s.now.AddDate(0, 0, 3) // Monday
	run("later", "lead@example.com: IAM-04 erp late-1")
	sent, err := s.Sent(t.Context(), s.a.Org, "IAM-04", day(t, "2026-11-01"))
	for _, x := range sent {
		if x.Status != "sent" {
			t.Errorf("%+v, want it sent", x)
		}
	}
	if err != nil || len(sent) != 5 {
		t.Errorf("Sent = %d, %v, want five", len(sent), err)
	}
}

func paths(control string) string { return control + " owner -> compliance lead after 1 business day" }

// TestWaitingRows: who has rows to decide is reminded of the campaign, with how many.
func TestWaitingRows(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	says := func() []string {
		t.Helper()
		list, err := v.Waiting(t.Context(), s.a, paths)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range list {
			out = append(out, fmt.Sprintf("%s %s %s, due %s, %s", x.Who, x.Key, x.Title, x.Due, x.Why))
			if x.Control != ReviewControl || x.Escalation != paths(ReviewControl) || x.Open {
				t.Errorf("%+v, want a task of the control with its path", x)
			}
		}
		return out
	}
	if got := says(); len(got) != 0 {
		t.Errorf("without a campaign: %q", got)
	}
	c := begin(t, s, v)
	want := []string{"dora@example.com crm/2026-Q4 review of access to crm: 3 accounts wait, due 2027-01-30, owned", "rita@example.com crm/2026-Q4 review of access to crm: 2 accounts wait, due 2027-01-30, owned"}
	if diff := cmp.Diff(want, says()); diff != "" {
		t.Errorf("Waiting (-want +got):\n%s", diff)
	}
	decide(t, s, v, c, "rita@example.com", "as before", map[string]string{"00002": Keep, "00005": Keep})
	decide(t, s, v, c, "dora@example.com", "as before", map[string]string{"00001": Keep, "00003": Keep})
	if err := s.Delegate(t.Context(), s.as("dora@example.com"), "dora@example.com", "ida@example.com", "", 0, civil.Never); err != nil {
		t.Fatal(err)
	}
	want = []string{"dora@example.com crm/2026-Q4 review of access to crm: 1 account waits, due 2027-01-30, owned", "ida@example.com crm/2026-Q4 review of access to crm: 1 account waits, due 2027-01-30, delegated"}
	if diff := cmp.Diff(want, says()); diff != "" {
		t.Errorf("Waiting (-want +got):\n%s", diff)
	}
	decide(t, s, v, c, "dora@example.com", "as before", map[string]string{"00004": Keep})
	if got := says(); len(got) != 0 {
		t.Errorf("every row is decided: %q", got)
	}
}

// TestWaitingAcceptances: everybody in service is reminded of what they have not accepted, until the day of the control's test.
func TestWaitingAcceptances(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := &Policies{Desk: s.Desk, Size: s.store}
	s.pull(t, people, `{"person_id":"p1","email":"ann@example.com","started_on":"2020-02-01"}`, `{"person_id":"p2","email":"new@example.com","started_on":"2026-11-20"}`, `{"person_id":"p3","email":"gone@example.com","started_on":"2020-01-01","ended_on":"2026-01-01"}`,
		`{"person_id":"p4","started_on":"2020-02-01"}`, `{"person_id":"bot","kind":"service"}`)
	s.pull(t, policies, `{"policy_id":"sec","title":"Security","version":"2.1","approved_on":"2026-11-10"}`, `{"policy_id":"code-of-conduct","title":"Code of conduct","version":"1","approved_on":"2019-01-01"}`, `{"policy_id":"old","title":"Old","version":"1","approved_on":"2019-01-01","retired_on":"2020-01-01"}`)
	s.pull(t, policyVersions, `{"policy_id":"sec","version":"2","published_on":"2026-11-01","material":true}`, `{"policy_id":"sec","version":"2.1","published_on":"2026-11-10","material":false}`)
	s.pull(t, acknowledgements, `{"ack_id":"a1","person_id":"p1","document":"code-of-conduct","version":"1","accepted_on":"2026-02-20"}`, `{"ack_id":"a2","person_id":"p4","document":"sec","version":"2","accepted_on":"2026-11-02"}`)
	list, err := p.Waiting(t.Context(), s.a, paths)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		got = append(got, fmt.Sprintf("%s %s %s %s due %s late %v open %v", x.Who, x.Control, x.Key, x.Title, x.Due, x.Late, x.Open))
	}
	want := []string{
		"ann@example.com COM-01 sec/2.1 accept version 2.1 of Security due 2026-12-01 late false open false",
		"ann@example.com GOV-01 code-of-conduct/2027-03-03 accept version 1 of Code of conduct due 2027-03-03 late false open false",
		"new@example.com COM-01 sec/2.1 accept version 2.1 of Security due 2026-12-20 late false open false",
		"new@example.com GOV-01 code-of-conduct/2026-11-30 accept version 1 of Code of conduct due 2026-11-30 late false open false",
		"p4 GOV-01 code-of-conduct/2026-03-03 accept version 1 of Code of conduct due 2026-03-03 late true open true",
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Waiting (-want +got):\n%s", diff)
	}
	b := &Board{Desk: s.Desk, Due: nothingDue{}, Team: membersOf{}, Size: s.store, Policies: p, Reviews: &Reviews{Desk: s.Desk, Size: s.store, Team: membersOf{}}}
	list, err = b.Reminders(t.Context(), s.a, day(t, "2026-10-27"), day(t, "2026-12-04"), paths)
	if err != nil || len(list) != 2 || list[0].Who != "new@example.com" || list[1].Who != "ann@example.com" {
		t.Errorf("Reminders = %+v, %v, want what is due within the days, and nothing of last March", list, err)
	}
}

type nothingDue struct{}

func (nothingDue) Due(context.Context, id.Org, civil.Date) ([]Instance, error) { return nil, nil }

// TestWaitingActionsAndCourses: each follows the path of the control that it belongs to.
func TestWaitingActionsAndCourses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.pull(t, people, `{"person_id":"p1","email":"ann@example.com","started_on":"2025-10-20"}`, `{"person_id":"p2","email":"bob@example.com","started_on":"2026-11-10"}`)
	s.pull(t, "courses", `{"course":"security","title":"Security"}`)
	s.pull(t, trainings, `{"completion_id":"t1","person_id":"p2","course":"security","completed_on":"2026-11-20"}`)
	s.pull(t, "meetings", `{"meeting_id":"m1","kind":"board"}`)
	s.pull(t, "actions", `{"action_id":"a1","origin":"m1","title":"Write","owner":"p1","due_on":"2026-11-30"}`, `{"action_id":"a2","origin":"i1","owner":"x@example.com","due_on":"2026-11-20"}`, `{"action_id":"a3","origin":"m1","owner":"p1","due_on":"2026-11-30","closed_on":"2026-11-25"}`,
		`{"action_id":"a4","origin":"m1","due_on":"2026-11-30"}`, `{"action_id":"a5","origin":"m1","owner":"p1"}`)
	b := &Board{Desk: s.Desk, Due: nothingDue{}, Team: membersOf{}, Size: s.store}
	list, err := b.Reminders(t.Context(), s.a, day(t, "2026-10-27"), day(t, "2026-12-04"), paths)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		if x.Escalation != paths(x.Control) {
			t.Errorf("%+v, want the path of its control", x)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s due %s late %v", x.Who, x.Control, x.Key, x.Title, x.Due, x.Late))
	}
	want := []string{"ann@example.com GOV-02 a1 Write due 2026-11-30 late false", "x@example.com INC-04 a2 an action due 2026-11-20 late true", "ann@example.com GOV-05 security/2026-11-19 complete the course Security due 2026-11-19 late true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Reminders (-want +got):\n%s", diff)
	}
}

// TestDutiesAreKept: what everybody owes is not read again for each record, and what somebody settles is off their list at once.
func TestDutiesAreKept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	books := &counting{Books: s.Books}
	s.Books = books
	b := &Board{Desk: s.Desk, Due: nothingDue{}, Team: membersOf{}, Size: s.store}
	s.pull(t, "actions", `{"action_id":"a1","origin":"m1","owner":"ada@example.com","due_on":"2026-11-30"}`, `{"action_id":"a2","origin":"m1","owner":"ada@example.com","due_on":"2026-11-20"}`, `{"action_id":"a3","origin":"m1","owner":"ada@example.com","due_on":"2026-12-27"}`)
	check := func(name, want string, reads bool) {
		t.Helper()
		before := books.reads
		list, err := b.Duties(t.Context(), s.a)
		var got []string
		for _, x := range list {
			got = append(got, x.Key)
		}
		if err != nil || strings.Join(got, " ") != want || (books.reads > before) != reads {
			t.Errorf("%s: Duties = %q, %v after %d reads, want %q, reads %v", name, got, err, books.reads-before, want, reads)
		}
	}
	check("at first", "a2 a1", true)
	check("again", "a2 a1", false)
	if _, err := s.CloseOwn(t.Context(), s.a, "a2", "2026-11-26"); err != nil {
		t.Fatal(err)
	}
	b.Settled(s.a, CloseAction, "a2")
	check("one is settled", "a1", false)
	s.pull(t, "actions", `{"action_id":"a4","origin":"m1","owner":"ada@example.com","due_on":"2026-11-28"}`)
	check("something was recorded", "a1", false)
	s.now = s.now.Add(20 * time.Second)
	check("some seconds later", "a4 a1", true)
	s.now = s.now.AddDate(0, 0, 1)
	check("the next day", "a4 a1 a3", true)
}
