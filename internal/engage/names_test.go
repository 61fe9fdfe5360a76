package engage

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// TestNames: what the other party calls itself and the engagement becomes part of addresses, folders and file names here, so that no message
// brings a name that means something there, however well it is signed.
func TestNames(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := time.Date(2026, 7, 6, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	for _, c := range []struct {
		firm id.Org
		name string
		want error
	}{
		{firmOrg, "2026-abc-001", nil}, {firmOrg, "..", fault.Refused}, {firmOrg, "../../keys", fault.Refused}, {firmOrg, "a b", fault.Refused}, {firmOrg, "eng\u202e1", fault.Refused},
		{firmOrg, "-rf", fault.Refused}, {firmOrg, strings.Repeat("a", 65), fault.Refused}, {"..", "eng-1", fault.Refused}, {"org_06h09pd5ny5vscaczx7vepxb4/../x", "eng-1", fault.Refused},
	} {
		from := newBooks(t, c.firm, clock)
		client := &House{Org: clientOrg, Side: Client, Books: newBooks(t, clientOrg, clock), Clock: clock}
		firm := &House{Org: c.firm, Side: Firm, Books: from, Clock: clock}
		if _, err := firm.List(ctx); err != nil { // reads the schemas
			t.Fatal(err)
		}
		o := Opening{Terms: typeTwo, Firm: Party{string(c.firm), "Example CPA", from.key}, Client: Party{Org: string(clientOrg), Name: "Example, Inc."}, Profile: Profile{City: "Albany"}}
		from.forge(t, firm, Act{Engagement: c.name, Seq: 1, Side: Firm, Kind: "open", Body: body(o), By: pat.Email, At: civil.InstantOf(now)})
		m, err := from.Proven(ctx, c.firm, 0)
		if err != nil {
			t.Fatal(err)
		}
		n, err := client.Receive(ctx, [][]byte{m.Text()}, from.key)
		if c.want == nil && (n != 1 || err != nil) || c.want != nil && (n != 0 || !errors.Is(err, c.want)) {
			t.Errorf("Receive(engagement %q of %q) = %d, %v; want %v", c.name, c.firm, n, err, c.want)
		}
		fresh := &House{Org: firmOrg, Side: Firm, Books: newBooks(t, firmOrg, clock), Clock: clock}
		if err := fresh.Do(ctx, pat, c.name, "open", o); c.firm == firmOrg && (err == nil) != (c.want == nil) {
			t.Errorf("open %q = %v; want %v", c.name, err, c.want)
		}
	}
}

// TestLongBody: what no house would send is not read: an act of few bytes may become many times that in memory.
func TestLongBody(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 6, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	for long, want := range map[int]string{mostCrossing - 2000: "", mostCrossing + 1: "more than can cross"} {
		from, cb := newBooks(t, firmOrg, clock), newBooks(t, clientOrg, clock)
		firm := &House{Org: firmOrg, Side: Firm, Books: from, Clock: clock}
		client := &House{Org: clientOrg, Side: Client, Books: cb, Clock: clock}
		if _, err := firm.List(context.Background()); err != nil {
			t.Fatal(err)
		}
		o := Opening{Terms: typeTwo, Firm: Party{string(firmOrg), "Example CPA", from.key}, Client: Party{Name: strings.Repeat("a", long)}, Profile: Profile{City: "Albany"}}
		from.forge(t, firm, Act{Engagement: "eng-1", Seq: 1, Side: Firm, Kind: "open", Body: body(o), By: pat.Email, At: civil.InstantOf(now)})
		m, err := from.Proven(context.Background(), firmOrg, 0)
		if err != nil {
			t.Fatal(err)
		}
		n, err := client.Receive(context.Background(), [][]byte{m.Text()}, from.key)
		if want == "" && (n != 1 || err != nil) || want != "" && (n != 0 || !errors.Is(err, fault.Refused) || !has(err, want) || len(cb.list) != 0) {
			t.Errorf("Receive(a body of %d bytes) = %d, %v; %d records kept; want %q", long, n, err, len(cb.list), want)
		}
	}
}
