package engage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// TestCrowd lets many people of both parties act and read at once, over houses that deliver to each other as an installation does. The race
// detector is what it is for (go test -race -run Crowd); without it, it shows that no act is lost, done twice or out of order.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const times = 12
	ctx := context.Background()
	p := newPair(t, typeTwo)
	p.accepted()
	s := p.fieldwork(0)
	var ticks atomic.Int64
	begun := p.now
	clock := func() time.Time { return begun.Add(time.Duration(ticks.Add(1)) * time.Second) }
	p.firm.Clock, p.client.Clock = clock, clock
	var delivered atomic.Int64
	deliver := func(from, to *House, key string) func(context.Context, string) {
		return func(ctx context.Context, engagement string) {
			out, err := from.Outbox(ctx, engagement, 1)
			if err == nil {
				_, err = to.Receive(ctx, out, key)
			}
			if err != nil {
				t.Errorf("deliver from the %s: %v", from.Side, err)
			}
			delivered.Add(1)
		}
	}
	p.firm.Sent, p.client.Sent = deliver(p.firm, p.client, p.fb.key), deliver(p.client, p.firm, p.cb.key)
	before := map[Side]int{Firm: p.see(p.firm).Next(Firm), Client: p.see(p.client).Next(Client)}

	do := func(who Who, name string, b any) {
		if err := p.house(who).Do(ctx, who, eng, name, b); err != nil {
			t.Errorf("%s, %s: %v", who.Name, name, err)
		}
	}
	sheet := func() (out Sheet, err error) {
		err = p.firm.See(ctx, eng, func(e *Engagement) error {
			out, err = e.Sheet("CHG-01", "CHG-01", SheetOf{Attributes: []SheetAttribute{{ID: "A"}, {ID: "B"}}})
			return err
		})
		return out, err
	}
	var wait sync.WaitGroup
	each := func(fn func(i int)) {
		wait.Go(func() {
			for i := range times {
				fn(i)
			}
		})
	}
	for _, who := range []Who{sam, mia} {
		each(func(i int) {
			do(who, "tick", Ticks{"CHG-01", "CHG-01", []Tick{{s.Items[i%len(s.Items)].Key, "A", Mark{Result: "pass", Note: fmt.Sprint(who.Name, i)}}, {fmt.Sprint("more-", who.Person, "-", i), "B", Mark{Result: "pass"}}}})
		})
	}
	each(func(i int) {
		id := fmt.Sprint("crowd-", i)
		do(sam, "ask", Request{ID: id, Wants: "evidence", What: "Show it.", Due: day("2026-07-20")})
		do(lea, "answer", Reply{Request: id, Text: "Here it is."})
		do(sam, "close", Reply{Request: id, Text: "Seen."})
	})
	each(func(int) { // refused by the wall, and kept
		if err := p.firm.Do(ctx, root, eng, "ask", Request{}); !errors.Is(err, fault.Denied) {
			t.Errorf("the administrator asks: %v", err)
		}
	})
	for range 2 { // what is drawn is written out while others mark
		each(func(int) {
			x, err := sheet()
			if err != nil {
				t.Error(err)
				return
			}
			for range x.Rows() {
				_ = x.Fingerprint()
			}
		})
	}
	for _, h := range []*House{p.firm, p.client} {
		each(func(int) {
			list, err := h.List(ctx)
			if err != nil || len(list) != 1 {
				t.Errorf("List at the %s = %v, %v", h.Side, list, err)
			}
		})
		each(func(int) { // the books again, as another process reads them
			again := &House{Org: h.Org, Side: h.Side, Books: h.Books, Clock: clock}
			if err := again.See(ctx, eng, func(e *Engagement) error { _ = e.Open(); return nil }); err != nil {
				t.Errorf("the books of the %s, read again: %v", h.Side, err)
			}
		})
	}
	wait.Wait()
	p.cross()

	firm, client := p.see(p.firm), p.see(p.client)
	if got, want := firm.Next(Firm)-before[Firm], 5*times; got != want {
		t.Errorf("the firm did %d acts, want %d", got, want)
	}
	if got := client.Next(Client) - before[Client]; got != times {
		t.Errorf("the client did %d acts, want %d", got, times)
	}
	for _, e := range []*Engagement{firm, client} {
		if e.Open() != 0 || len(e.Requests) < times {
			t.Errorf("the %s sees %d requests, %d of them open; want all answered", e.Side, len(e.Requests), e.Open())
		}
	}
	if len(firm.Refused) != times || delivered.Load() < times {
		t.Errorf("%d refusals and %d deliveries, want %d refusals and at least as many deliveries", len(firm.Refused), delivered.Load(), times)
	}
	p.restarted()
}
