package operate

import (
	"context"
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// counting counts what is read.
type counting struct {
	Books
	reads int
}

func (c *counting) List(ctx context.Context, org id.Org, s *register.Schema, q record.Query) ([]record.Known, int64, error) {
	c.reads++
	return c.Books.List(ctx, org, s, q)
}

func (c *counting) History(ctx context.Context, org id.Org, register, key string) ([]record.Known, error) {
	c.reads++
	return c.Books.History(ctx, org, register, key)
}

// TestFollowAll follows removals after each pull, and reads nothing where nothing can have changed.
func TestFollowAll(t *testing.T) {
	t.Parallel()
	s, v := firm(t)
	books := &counting{Books: s.Books}
	s.Books = books
	c := begin(t, s, v)
	decide(t, s, v, c, "rita@example.com", "", map[string]string{"00002": Remove, "00005": Remove})
	decide(t, s, v, c, "dora@example.com", "", map[string]string{"00001": Keep, "00003": Keep, "00004": Keep})
	if err := v.Complete(t.Context(), s.a, c.ID); err != nil {
		t.Fatal(err)
	}
	robot := s.as("follow-up@example.com")
	follow := func(name string, want int, free bool, touched ...string) {
		t.Helper()
		before := books.reads
		n, err := v.FollowAll(t.Context(), robot, touched...)
		if n != want || err != nil {
			t.Errorf("%s: FollowAll = %d, %v, want %d open", name, n, err, want)
		}
		if read := books.reads - before; free != (read == 0) {
			t.Errorf("%s: FollowAll read %d times, want none: %v", name, read, free)
		}
	}
	follow("at first", 2, false)
	follow("nothing was recorded", 2, true)
	s.pull(t, "holidays", `{"day":"2026-12-25"}`)
	follow("another register was pulled", 2, true, "holidays")
	follow("it is not known which", 2, false)
	s.pull(t, "accounts", `{"account_id":"crm/a5","system":"crm","person_id":"p4","disabled_at":"2026-11-27T10:00:00Z"}`)
	follow("one is gone", 1, false, "accounts", "people")
	s.pull(t, "grants", `{"grant_id":"g1","account_id":"crm/a2","role":"admin","revoked_at":"2026-11-28T10:00:00Z"}`, `{"grant_id":"g2","account_id":"crm/a2","role":"reader","revoked_at":"2026-11-29T10:00:00Z"}`)
	follow("all are gone", 0, false, "grants")
	c, err := v.Campaign(t.Context(), s.a.Org, c.ID)
	if err != nil || c.RemovalsDone != moment(t, "2026-11-29T10:00:00Z") {
		t.Errorf("Campaign = %+v, %v, want the removals done when the last grant went", c, err)
	}
	h, err := s.Books.History(t.Context(), s.a.Org, accessReviews, c.ID)
	if err != nil || len(h) != 3 {
		t.Errorf("the review has %d versions, %v, want three: begun, completed, removed", len(h), err)
	}
	follow("what it wrote itself", 0, false)
	follow("and then nothing", 0, true)
	s.pull(t, "grants", `{"grant_id":"g9","account_id":"crm/a2","role":"admin"}`)
	follow("granted again", 1, false, "grants")
	if c, err = v.Campaign(t.Context(), s.a.Org, c.ID); err != nil || c.RemovalsDone != civil.Never {
		t.Errorf("Campaign = %+v, %v, want the removals open again", c, err)
	}
	s.pull(t, "grants", `{"grant_id":"g9","account_id":"crm/a2","role":"admin","revoked_at":"2026-12-02T10:00:00Z"}`)
	follow("and gone again", 0, false, "grants")
	s.now = s.now.AddDate(0, 0, followDays+1)
	s.pull(t, "grants", `{"grant_id":"g10","account_id":"crm/a2","role":"admin"}`)
	follow("long after", 0, false, "grants")
	if c, err = v.Campaign(t.Context(), s.a.Org, c.ID); err != nil || c.RemovalsDone == civil.Never {
		t.Errorf("Campaign = %+v, %v, want it left to the review of the next quarter", c, err)
	}
}
