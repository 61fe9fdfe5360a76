package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/outbound"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// hookTown is a town within its period, whose hooks may reach the receivers.
func hookTown(t *testing.T, list ...*receiver) (*town, *hand) {
	t.Helper()
	clock := &hand{now: morning}
	a := New()
	a.Clock, a.Outbound, a.Cost = clock.Now, reach(t, list...), account.Cost{Memory: 64, Time: 1, Threads: 1}
	data := filepath.Join(t.TempDir(), "data")
	for _, name := range []string{"First Works", "Second Secret"} {
		z, err := civil.ParseZone("UTC")
		if err != nil {
			t.Fatal(err)
		}
		from, to := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30)
		if _, err := a.found(t.Context(), data, scope.Program{Name: name, Report: "soc2-type2", Zone: z, From: &from, To: &to}, "", &from); err != nil {
			t.Fatal(err)
		}
	}
	st, err := sqlite.Open(t.Context(), a.config(data, false))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	in, err := a.installed(ctx, st, data, false, cli.Serving{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(in.door)
	t.Cleanup(func() { s.Close(); end(); _ = in.Close() })
	return &town{t, in, s.URL}, clock
}

func (x *town) form(b *http.Client, path string, v url.Values) (int, string) {
	x.t.Helper()
	res, err := b.PostForm(x.url+path, v)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// types counts what a receiver got, by the type of the event.
func (x *receiver) types(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, a := range x.all() {
		var e struct{ Type string }
		if err := json.Unmarshal(a.body, &e); err != nil {
			t.Fatal(err)
		}
		out[e.Type]++
	}
	return out
}

var shownSecret = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)

// TestEventsReachTheirReceiver adds a receiver on the page of settings and has deviations, checkpoints and drafts happen.
func TestEventsReachTheirReceiver(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	other := newReceiver(t, nil)
	x, clock := hookTown(t, r, other)
	admin := x.join("admin@first.example", "first-works", access.Administrator)
	status, body := x.form(admin, "/o/first-works/settings/hooks", url.Values{"url": {r.URL + "/path-secret"}, "form": {"signed"}, "events": api.Events()})
	secret, err := outbound.ParseSecret(strings.ReplaceAll(shownSecret.FindString(body), "&#43;", "+"))
	if status != http.StatusCreated || err != nil {
		t.Fatalf("adding a receiver = %d, %v", status, err)
	}
	if _, _, again := x.ask(admin, http.MethodGet, "/o/first-works/settings"); strings.Contains(again, "whsec_") || strings.Contains(again, "path-secret") {
		t.Error("the settings show a secret again")
	}
	stranger := orgHooks{x.in.hooks, x.org("second-secret"), "second-secret", "Second Secret"}
	added(t, stranger, other.URL, signedForm, api.Events()...)

	first, err := x.in.tenants.open(t.Context(), "first-works")
	if err != nil {
		t.Fatal(err)
	}
	looking := func(what string, ok func() bool) {
		t.Helper()
		patient(t, what, func() bool {
			poke(x.in.hooks.news)
			time.Sleep(500 * time.Millisecond) // the tests run in the background meanwhile
			return ok()
		})
	}
	looking("the first look is done", func() bool {
		x.in.hooks.mu.Lock()
		defer x.in.hooks.mu.Unlock()
		s := x.in.hooks.told[first.Org]
		return s.run != nil && s.tasks != "" && s.done
	})
	if n := len(r.all()); n != 0 {
		t.Errorf("%d events were sent of what was there before: %v", n, r.types(t))
	}
	give(t, first.o, "changes", strings.Replace(change("zanzibar", `"deployed_at":"2025-08-01T10:00:00Z"`), `"passed"`, `"failed"`, 1))
	looking("a deviation is told", func() bool { return r.types(t)["deviation.opened"] > 0 })
	if n := r.types(t)["checkpoint.signed"]; n != 0 {
		t.Errorf("%d checkpoints were told within the first minute, want none", n)
	}
	clock.move(61 * time.Second)
	looking("the checkpoint is told", func() bool { return r.types(t)["checkpoint.signed"] == 1 })
	before := r.types(t)
	poke(x.in.hooks.news)
	drawn := apiDocuments{&drawings{first.p}}
	for range 3 {
		if err := drawn.Draw(t.Context(), "soc2-type2", "json", io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	looking("the draft is told", func() bool { return r.types(t)["report.drafted"] > 0 })
	after := r.types(t)
	if after["report.drafted"] != 1 || after["checkpoint.signed"] != 1 || after["deviation.opened"] != before["deviation.opened"] {
		t.Errorf("the receiver got %v, want one draft, one checkpoint and no deviation twice", after)
	}
	// Days pass, on which nobody asks for a page, until something is due and then late.
	for day := 0; r.types(t)["task.late"] == 0; day++ {
		if day == 45 {
			t.Fatalf("nothing is late after %d days: %v", day, r.types(t))
		}
		clock.move(24 * time.Hour)
		today := first.o.program.Zone.DateOf(civil.InstantOf(clock.Now()))
		looking("the day is looked at", func() bool {
			x.in.hooks.mu.Lock()
			defer x.in.hooks.mu.Unlock()
			s := x.in.hooks.told[first.Org]
			return s.day == today && s.done
		})
	}
	if r.types(t)["task.due"] == 0 {
		t.Errorf("something is late that was not due: %v", r.types(t))
	}
	for _, a := range r.all() {
		if _, err := outbound.Verify([]outbound.Secret{secret}, a.header, a.body, clock.Now()); err != nil && !strings.Contains(err.Error(), "clock") {
			t.Errorf("%s: %v", a.body, err)
		}
		if strings.Contains(string(a.body), "zanzibar") {
			t.Errorf("an event names an item: %s", a.body)
		}
	}
	for slug, one := range map[string]*receiver{"first-works": r, "second-secret": other} {
		for _, a := range one.all() {
			var e struct{ Data struct{ Organization string } }
			if err := json.Unmarshal(a.body, &e); err != nil || e.Data.Organization != slug {
				t.Errorf("the receiver of %s was told %s", slug, a.body)
			}
		}
	}
}

// TestClientsAreWalled: an adviser sees the organizations that they advise now, and nobody sees another.
func TestClientsAreWalled(t *testing.T) {
	t.Parallel()
	x, _ := hookTown(t)
	see := func(b *http.Client) string {
		t.Helper()
		status, _, body := x.ask(b, http.MethodGet, "/clients")
		if status != http.StatusOK {
			t.Fatalf("/clients = %d", status)
		}
		return body
	}
	adviser := x.join("adviser@firm.example", "first-works", access.Adviser)
	lead := x.join("lead@first.example", "first-works", access.Lead)
	patient(t, "the readiness is known", func() bool { return strings.Contains(see(adviser), "Not ready") })
	if body := see(adviser); !strings.Contains(body, `href="/o/first-works/"`) || !strings.Contains(body, "First Works") || strings.Contains(body, "Second") || strings.Contains(body, "second-secret") {
		t.Errorf("the adviser sees %s", body)
	}
	if body := see(lead); strings.Contains(body, "First Works") || !strings.Contains(body, "You advise no organization here") {
		t.Errorf("a lead who advises nobody sees %s", body)
	}
	p, err := x.in.people.PersonByEmail(t.Context(), "adviser@firm.example")
	if err != nil {
		t.Fatal(err)
	}
	err = x.in.people.ChangeRoles(t.Context(), x.org("first-works"), func(all []access.Membership) (grant, end []access.Membership, err error) {
		now := x.in.app.Clock()
		for _, m := range all {
			if m.Person == p.ID {
				m.Ended, m.EndedBy = &now, p.ID
				end = append(end, m)
			}
		}
		return nil, end, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if body := see(adviser); strings.Contains(body, "First Works") {
		t.Error("whose role has ended still sees the client")
	}
	if status, location, _ := x.ask(x.browser(), http.MethodGet, "/clients"); status != http.StatusSeeOther || !strings.HasPrefix(location, "/signin") {
		t.Errorf("nobody at /clients = %d to %q, want the sign-in", status, location)
	}
}
