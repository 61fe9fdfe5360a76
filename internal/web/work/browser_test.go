package work

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/browse"
	"github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
)

// tenant is the one organization of the tests behind a real door.
type tenant struct{ o *office }

func (t tenant) Tenant(_ context.Context, slug string) (*shell.Tenant, error) {
	if slug != "acme" {
		return nil, fault.NotFound
	}
	return &shell.Tenant{Org: t.o.org, Slug: slug, Name: "Acme", Zone: t.o.zone, Mux: t.o.mux}, nil
}

func (t tenant) Roles(_ context.Context, p id.Person, _ id.Org) ([]access.Role, error) {
	return []access.Role{access.Role(p)}, nil
}

// serve opens the door for one role; what passes in front of it may be changed by the test.
func (o *office) serve(role access.Role, around func(http.Handler) http.Handler) string {
	o.t.Helper()
	door, err := shell.NewDoor(shell.Options{Tenants: tenant{o}, Assets: shell.Assets{Style: []byte(shell.Themed(report.Style() + web.Style() + shell.Style() + string(elements.Style()) + signin.Style() + Style())), Script: elements.Script()},
		Identify: func(*http.Request) (shell.Visit, error) {
			return shell.Visit{Visitor: access.Visitor{Person: id.Person(role), Name: "A person", Email: string(role) + "@example.com", Strong: true}}, nil
		}})
	if err != nil {
		o.t.Fatal(err)
	}
	s := httptest.NewServer(around(door))
	o.t.Cleanup(s.Close)
	return s.URL + "/o/acme"
}

func plain(h http.Handler) http.Handler { return h }

// TestBarriers looks at every page in both themes and two widths.
func TestBarriers(t *testing.T) {
	browse.Every(t)
	t.Parallel()
	tab := browse.Start(t).Tab(1280, 900)
	o := setup(t)
	o.fill()
	x := o.give(access.Owner, "control", "IAM-04", "item", "2026-Q3", "title", "Export", "description", "d")
	o.moved(o.post(access.Owner, "/work/IAM-04/2026-Q3", "version", "0", "answer_A", "yes", "evidence_A", x, "answer_B", "yes"))
	o.moved(o.post(access.Owner, "/work/delegations", "to", "contributor@example.com"))
	rec := o.moved(o.post(access.Owner, "/registers/incidents/new", "title", "An outage", "detected_at", "2026-11-25 14:30"))
	at := "/deviations/IAM-04/item?key=erp%2F2026-Q2&test=IAM-04"
	o.moved(o.post(access.Owner, at, "version", "0", "position", "agreed", "cause", "human_error", "response", "We forgot", "extent", "isolated", "extent_reason", "all", "due_on", "2026-11-20"))
	pages := append([]string{"/", "/work", "/work?view=all", "/work/IAM-04/2026-Q3", "/work/GOV-01/2026%2FQ4", "/work/delegations", "/registers", "/registers/incidents", "/registers/holidays", "/registers/people/new", rec, rec + "&edit=1",
		"/evidence", "/evidence/new", "/evidence/" + x, "/deviations", "/deviations?view=answered", at}, o.shelve()...)
	o.pull("actions", `{"action_id":"b1","origin":"m1","title":"Write to the bank","owner":"lead@example.com","due_on":"2026-11-20"}`)
	base := o.serve(access.Lead, plain)
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab.Size(width, 900)
			tab.Dark(dark)
			for _, page := range pages {
				tab.Go(base + page)
				for _, b := range tab.Axe() {
					t.Errorf("%s at %d, dark %v: %s", page, width, dark, b)
				}
				if wide := browse.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s is %d wide on a screen of %d: %s", page, wide, width, browse.Eval[string](tab, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 120)).slice(-3).join(" | ")`))
				}
				shot(tab, fmt.Sprintf("%s-%d-%v", strings.NewReplacer("/", "_", "?", "_", "&", "_").Replace(strings.Trim(page, "/")), width, dark))
			}
		}
	}
}

// shot keeps a picture to look at where ASSAY_SHOTS names a folder.
func shot(p *browse.Tab, name string) {
	dir := os.Getenv("ASSAY_SHOTS")
	if dir == "" {
		return
	}
	var b []byte
	p.Do(chromedp.FullScreenshot(&b, 90))
	_ = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
}

// TestUploadInBrowser sends a file by the element, is cut off in the middle of a piece, goes on by itself, and finds the same bytes.
func TestUploadInBrowser(t *testing.T) {
	t.Parallel()
	tab := browse.Start(t).Tab(1100, 900)
	o := setup(t)
	o.now = time.Now() // the deadlines of a real connection are of this clock
	o.fill()
	var pieces atomic.Int64
	base := o.serve(access.Owner, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch && pieces.Add(1) == 2 {
				r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 1<<20), broken{}))
			}
			h.ServeHTTP(w, r)
		})
	})
	file := make([]byte, 20<<20)
	for i := range file {
		file[i] = byte(i*i>>5 + i)
	}
	name := filepath.Join(t.TempDir(), "minutes.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Go(base + "/evidence/new?control=IAM-04")
	tab.Do(chromedp.SetUploadFiles(`input[type=file]`, []string{name}, chromedp.ByQuery), chromedp.WaitEnabled(`assay-upload button.primary`, chromedp.ByQuery))
	tab.Do(chromedp.Poll(`document.querySelector("input[name=upload]").value !== ""`, nil))
	tab.Fill("title", "Minutes")
	tab.Click("assay-upload button.primary")
	if got := tab.Text("h1"); got != "Minutes" {
		t.Errorf("the upload led to %s, want the story of the evidence", tab.Where())
	}
	list, _, err := o.pages.o.Locker.List(t.Context(), o.org, "IAM-04", "", "", 0, 1)
	if err != nil || len(list) != 1 || list[0].SHA256 != hash(file) || list[0].Size != int64(len(file)) || list[0].FileName != "minutes.pdf" {
		t.Errorf("the evidence is %+v, %v, want the hash of the whole file", list, err)
	}
	if n := pieces.Load(); n < 4 {
		t.Errorf("%d pieces came, want the one that was cut off and its rest", n)
	}
	if !strings.Contains(fmt.Sprint(o.fault), "broke") {
		t.Errorf("the cut was %v", o.fault)
	}
	o.fault = nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, fmt.Errorf("the connection broke") }
