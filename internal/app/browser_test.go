package app

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/web/browse"
)

var update = flag.Bool("update", false, "take the golden pictures anew, to be looked at before they are kept")

// look holds a page against WCAG, light and wide and dark and narrow (in all four ways when every page is asked for), and against its golden
// pictures. A note that goes by itself is taken away before.
func look(t *testing.T, p *browse.Tab, name string) {
	t.Helper()
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			if width == 1280 == dark && !browse.Whole() {
				continue
			}
			p.Size(width, 900)
			p.Dark(dark)
			for _, b := range p.Axe() {
				t.Errorf("%s at %d, dark %v: %v", p.Where(), width, dark, b)
			}
			if wide := browse.Eval[bool](p, `document.documentElement.scrollWidth > window.innerWidth + 1`); wide {
				t.Errorf("%s at %d scrolls sideways", p.Where(), width)
			}
			if width == 1280 != dark { // light and wide, dark and narrow
				p.Do(chromedp.Evaluate(`document.querySelectorAll("assay-toast, #invitation-link").forEach(e => e.remove()); window.scrollTo(0, 0)`, nil))
				p.Shot(fmt.Sprintf("%s-%d", name, width), *update)
			}
		}
	}
	p.Size(1280, 900)
	p.Dark(false)
}

// TestFirstDay is the first day of a company with Assay, as its people have it: the link that the program prints, an account, an
// organization, a file taken in, a control owner invited, evidence given, a deviation answered.
func TestFirstDay(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser for a minute")
	}
	b := browse.Start(t)
	a := New()
	a.Cost = account.Cost{Memory: 64, Time: 1, Threads: 1}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://localhost:" + fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	in, err := a.install(t.Context(), filepath.Join(t.TempDir(), "data"), cli.Serving{Listen: strings.TrimPrefix(base, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: in.door} //nolint:gosec // a test's own server
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); _ = in.Close() })
	link, err := in.firstRun(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}

	// The lead sets the installation up.
	lead := b.Tab(1280, 900)
	lead.Go(base + "/")
	look(t, lead, "not-set-up")
	lead.Go(link)
	look(t, lead, "set-up")
	lead.Fill("name", "Ada Lead")
	lead.Fill("email", "ada@harbour.example")
	lead.Fill("password", password)
	lead.Submit("form.form")
	look(t, lead, "organizations")
	lead.Go(base + "/organizations/new")
	look(t, lead, "new-organization")
	lead.Fill("name", "Harbour Works")
	lead.Fill("zone", "Europe/Berlin")
	lead.Fill("from", "2025-07-01")
	lead.Fill("to", "2026-06-30")
	lead.Fill("implemented", "2025-07-01")
	lead.Submit("form.form")
	org := base + "/o/harbour-works"
	if got := browse.Eval[string](lead, `location.pathname`); got != "/o/harbour-works/" {
		t.Fatalf("the new organization is at %s: %s", got, lead.Where())
	}
	look(t, lead, "first-home")

	// A file: one change whose tests had not passed.
	file := filepath.Join(t.TempDir(), "changes.jsonl")
	if err := os.WriteFile(file, []byte(strings.Replace(change("pay-1", inPeriod), `"passed"`, `"failed"`, 1)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lead.Go(org + "/import")
	look(t, lead, "import")
	lead.Fill("register", "changes")
	lead.Fill("source", "deploy-log")
	lead.Do(chromedp.SetUploadFiles(`input[type=file]`, []string{file}, chromedp.ByQuery))
	lead.Submit("form.form")
	if text := lead.Text("#content"); !strings.Contains(text, "Taken in and sealed") {
		t.Fatalf("the import says %.300s", text)
	}
	look(t, lead, "imported")

	// The owner of controls is invited, and gets in.
	lead.Go(org + "/people")
	lead.Fill("email", "omar@harbour.example")
	lead.Do(chromedp.Click(`input[name=roles][value=owner]`, chromedp.ByQuery))
	lead.Submit(`form[action$="/people/invite"]`)
	invitation := lead.Text("#invitation-link") // chance is in it: the picture leaves it out
	look(t, lead, "invited")
	owner := b.Tab(1280, 900)
	owner.Go(invitation)
	look(t, owner, "invitation")
	owner.Fill("name", "Omar Owner")
	owner.Fill("password", "seven grey herons over wet sand")
	owner.Submit("form.form")
	owner.Go(org + "/")
	look(t, owner, "owner-home")

	// Evidence, uploaded in pieces by the page's script.
	exhibit := filepath.Join(t.TempDir(), "board-minutes.txt")
	if err := os.WriteFile(exhibit, []byte(strings.Repeat("minutes of the board\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	owner.Go(org + "/evidence/new")
	look(t, owner, "give-evidence")
	owner.Fill("control", "GOV-01")
	owner.Fill("title", "Minutes of the board")
	owner.Do(chromedp.SetUploadFiles(`input[type=file]`, []string{exhibit}, chromedp.ByQuery),
		chromedp.Poll(`document.querySelector("input[name=upload]").value !== ""`, nil))
	owner.Submit("assay-upload form")
	if text := owner.Text("#content"); !strings.Contains(text, "Minutes of the board") {
		t.Fatalf("the evidence says %.300s", text)
	}
	look(t, owner, "evidence-given")

	// The deviation, answered.
	x, err := in.tenants.open(t.Context(), "harbour-works")
	if err != nil {
		t.Fatal(err)
	}
	x.p.renew(t.Context())
	owner.Go(org + "/deviations?control=CHG-01")
	look(t, owner, "deviations")
	owner.Click(`main tbody a`)
	owner.Fill("position", "agreed")
	owner.Fill("cause", "human_error")
	owner.Fill("response", "The deployment tool refuses changes without an approval since 3 March.")
	owner.Do(chromedp.Click(`input[name=extent][value=isolated]`, chromedp.ByQuery))
	owner.Fill("extent_reason", "All 1 changes of the period were looked at.")
	owner.Submit(`main form.form`)
	if text := owner.Text("#content"); !strings.Contains(text, "refuses changes without an approval") {
		t.Fatalf("the answer is not on the page: %.300s", text)
	}
	look(t, owner, "answered")
	rest := []string{"results", "controls", "controls/CHG-01", "coverage", "sources", "work", "registers", "registers/changes", "registers/risks/new", "scope", "program",
		"program/CHG-01", "description", "objectives", "explained", "ledger", "documents", "readiness", "readiness/gaps", "forecast", "calendar", "evidence",
		"campaigns", "campaigns/new", "policies", "incidents", "exceptions", "vulnerabilities", "vendors", "advise", "proposals", "people",
		"trainings", "risks", "exercises", "meetings", "actions", "documents/drafts", "documents/assertion"}
	if !browse.Whole() { // every third, another one of each family
		for i := len(rest) - 1; i >= 0; i-- {
			if i%3 != 0 {
				rest = slices.Delete(rest, i, i+1)
			}
		}
	}
	for _, path := range rest {
		lead.Go(org + "/" + path)
		for i := 0; i < 30 && browse.Eval[bool](lead, `document.querySelector("assay-progress") !== null`); i++ {
			x.p.background.Wait()
			lead.Go(org + "/" + path)
		}
		look(t, lead, strings.ReplaceAll(path, "/", "-"))
	}
}
