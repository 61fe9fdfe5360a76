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

func TestPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]Step{
		ladder:                                 {{"IT manager", 0}, {"compliance lead", 1}, {"executive sponsor", 5}},
		"owner → lead → sponsor":               {{"owner", 0}, {"lead", 2}, {"sponsor", 4}},
		"owner -> lead after 10 days -> board": {{"owner", 0}, {"lead", 10}, {"board", 12}},
		"":                                     nil, " -> ": nil, "owner": {{"owner", 0}},
	} {
		if diff := cmp.Diff(want, Path(in)); diff != "" {
			t.Errorf("Path(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add(ladder)
	f.Add("a -> b after 999999 days")
	f.Fuzz(func(t *testing.T, s string) {
		for _, step := range Path(s) {
			if step.Who == "" || step.After < 0 || step.After > 2*len(s)+999 {
				t.Errorf("Path(%q) has %+v", s, step)
			}
		}
	})
}

// TestNotices walks the days around a due date, each with what the days before sent.
func TestNotices(t *testing.T) {
	t.Parallel()
	tasks := []Task{{Instance: Instance{Control: "IAM-04", Key: "Q3", Due: day(t, "2026-11-20"), Escalation: ladder}, Who: "ada@example.com"}}
	r := Rules{Before: Usual(), Holders: map[string][]string{"compliance lead": {"lead@example.com"}}, Holidays: civil.Holidays{Days: map[civil.Date]bool{day(t, "2026-11-26"): true}}}
	var sent []SentNotice
	want := map[string]string{ // 20 November 2026 is a Friday
		"2026-11-13": "before-7 ada@example.com", "2026-11-19": "before-1 ada@example.com", "2026-11-20": "due ada@example.com",
		"2026-11-23": "late-1 lead@example.com", "2026-11-30": "late-2 executive sponsor", // Thursday was a holiday
	}
	for d := day(t, "2026-11-10"); d <= day(t, "2026-12-10"); d++ {
		for range 2 { // twice a day
			var got []string
			for _, n := range Notices(tasks, sent, r, r.Zone.Start(d)) {
				got = append(got, n.Stage+" "+n.To)
				sent = append(sent, SentNotice{Control: n.Control, Key: n.Key, Stage: n.Stage, To: n.To, Status: "sent"})
			}
			if strings.Join(got, ", ") != want[d.String()] {
				t.Errorf("on %s: %q, want %q", d, got, want[d.String()])
			}
			delete(want, d.String())
		}
	}
	// Where nothing ran for a week, the day's reminder alone is sent.
	if got := Notices(tasks, nil, r, r.Zone.Start(day(t, "2026-11-20"))); len(got) != 1 || got[0].Stage != "due" {
		t.Errorf("on the day without a history: %+v, want one", got)
	}
	failed := []SentNotice{{Control: "IAM-04", Key: "Q3", Stage: "due", To: "ada@example.com", Status: "failed", Version: 2}}
	if got := Notices(tasks, failed, r, r.Zone.Start(day(t, "2026-11-20"))); len(got) != 1 {
		t.Errorf("after a failure: %+v, want it once more", got)
	}
	failed[0].Version = 2 * attempts
	if got := Notices(tasks, failed, r, r.Zone.Start(day(t, "2026-11-20"))); len(got) != 0 {
		t.Errorf("after %d failures: %+v, want none", attempts, got)
	}
}

type courier struct {
	mu   sync.Mutex
	got  []string
	fail error
}

func (c *courier) Send(_ context.Context, _ id.Org, n Notice) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	c.got = append(c.got, n.Stage+" "+n.To)
	return nil
}

func TestCarryNeverTwice(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var tasks []Task
	for i := range 5 {
		tasks = append(tasks, Task{Instance: Instance{Control: "IAM-04", Key: fmt.Sprint(i), Due: day(t, "2026-11-24"), Escalation: ladder}, Who: "ada@example.com"})
	}
	c := &courier{fail: errors.New("no route to the mail server")}
	r := Rules{Before: Usual()}
	if n, err := s.Remind(t.Context(), s.a, c, tasks, r); n != 0 || err != nil {
		t.Fatalf("Remind(no mail server) = %d, %v, want none and no error", n, err)
	}
	c.fail = nil
	// Several runs at once, as after a restart that overlaps.
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := s.Remind(t.Context(), s.a, c, tasks, r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(c.got)
	want := slices.Repeat([]string{"late-1 compliance lead"}, 5)
	if diff := cmp.Diff(want, c.got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	sent, err := s.Sent(t.Context(), s.a.Org, "IAM-04", day(t, "2026-11-24"))
	if err != nil || len(sent) != 5 || sent[0].Status != "sent" || sent[0].Version != 4 {
		t.Errorf("Sent = %+v, %v, want five, each claimed, failed, claimed and sent", sent, err)
	}
	s.now = s.now.Add(7 * 24 * time.Hour)
	if n, err := s.Remind(t.Context(), s.a, c, tasks, r); n != 5 || err != nil {
		t.Errorf("a week later: %d, %v, want the five of the next of the path", n, err)
	}
}
