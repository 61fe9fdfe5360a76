package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/browse"
)

// populate gives the system crm so many accounts; every 25th is privileged, the 40th is the reviewer's own.
func populate(w *world, n int) {
	var accounts, grants []string
	for i := 1; i <= n; i++ {
		who := fmt.Sprintf("u%d@example.com", i)
		if i == 40 {
			who = "rita@example.com"
		}
		accounts = append(accounts, fmt.Sprintf(`{"account_id":"crm/%04d","system":"crm","person_id":%q,"privileged":%v,"kind":"personal"}`, i, who, i%25 == 0))
		grants = append(grants, fmt.Sprintf(`{"grant_id":"g%04d","account_id":"crm/%04d","role":"sales"}`, i, i))
	}
	w.pull("accounts", accounts...)
	w.pull("grants", grants...)
}

// keys presses keys on whatever has the focus, with a modifier.
func keys(p *browse.Tab, mod input.Modifier, list ...string) {
	for _, k := range list {
		p.Do(chromedp.KeyEvent(k, chromedp.KeyModifiers(mod)))
	}
}

// tabTo presses Tab until an element that the selector means has the focus.
func tabTo(t *testing.T, p *browse.Tab, sel string) {
	t.Helper()
	for range 80 {
		if browse.Eval[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, sel)) {
			return
		}
		keys(p, 0, kb.Tab)
	}
	t.Fatalf("80 times Tab does not lead to %s at %s", sel, p.Where())
}

// until waits for a script to answer true.
func until(t *testing.T, p *browse.Tab, script string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var yes bool
		if err := p.Try(chromedp.Evaluate(script, &yes)); err == nil && yes {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after 30 s it is not so: %s at %s\n%s", script, p.Where(), browse.Eval[string](p, `document.querySelector(".as-faults")?.innerText ?? ""`))
		}
	}
}

const counted = `document.querySelector(".as-count").textContent`

// TestReviewByKeyboard runs a campaign of 500 accounts with the keyboard alone, from the form that freezes the list to its completion.
func TestReviewByKeyboard(t *testing.T) {
	t.Parallel()
	w := setup(t)
	populate(w, 500)
	b := browse.Start(t)
	start := time.Now()
	p := b.Tab(1280, 900)
	p.Go(w.door(lead) + "/campaigns")
	tabTo(t, p, `main a.button`)
	keys(p, 0, kb.Enter)
	until(t, p, `document.querySelector("#f-system") !== null && document.readyState === "complete"`)
	tabTo(t, p, "#f-system")
	p.Do(chromedp.KeyEvent("crm"))
	tabTo(t, p, "#f-reviewer")
	p.Do(chromedp.KeyEvent("Rita"))
	tabTo(t, p, "#f-deputy")
	p.Do(chromedp.KeyEvent("Dora"))
	tabTo(t, p, "main form .primary")
	keys(p, 0, kb.Enter)
	until(t, p, `document.querySelector("assay-grid .as-count") !== null`)
	list, err := w.pages.o.Reviews.Campaigns(t.Context(), w.org)
	if err != nil || len(list) != 1 || list[0].Rows != 500 || list[0].Reviewer != "rita@example.com" || list[0].Deputy != "dora@example.com" {
		t.Fatalf("Campaigns = %+v, %v, want one of 500 rows", list, err)
	}
	c := list[0]

	// The reviewer writes the reason for the privileged ones, then goes through the list.
	q := b.Tab(1280, 900)
	at := w.door(rita) + path(c.ID)
	q.Go(at + "?view=privileged")
	tabTo(t, q, `input[name=reason]`)
	q.Do(chromedp.KeyEvent("runs the CRM"))
	keys(q, 0, kb.Enter)
	until(t, q, `location.search.includes("reason=") && document.querySelector("assay-grid .as-count") !== null`)
	tabTo(t, q, "assay-grid tr")
	for range 20 {
		keys(q, 0, "y")
	}
	until(t, q, `document.querySelectorAll("tr[data-state=keep]").length === 20`)
	settled(t, w, q, c, 20)
	q.Go(at)
	tabTo(t, q, "assay-grid tr")
	keys(q, 0, kb.Home)
	decided := 20
	for i := 1; i <= 100; i++ { // key by key; every seventh goes
		if i%25 == 0 || i == 40 {
			continue
		}
		k := "y"
		if i%7 == 0 {
			k = "n"
		}
		keys(q, 0, k)
		decided++
	}
	until(t, q, counted+` === "`+fmt.Sprint(decided)+` of 500 decided"`)
	for decided < 499 { // ranges: 50 rows under Shift
		for range 49 {
			keys(q, input.ModifierShift, kb.ArrowDown)
		}
		before := browse.Eval[int](q, `document.querySelectorAll("tr[data-state=keep]").length`)
		keys(q, 0, "y")
		until(t, q, fmt.Sprintf(`document.querySelectorAll("tr[data-state=keep]").length > %d`, before))
		decided = browse.Eval[int](q, `document.querySelectorAll("tr[data-state]:not([data-state=''])").length`)
	}
	settled(t, w, q, c, 499)
	if n := browse.Eval[int](q, `document.querySelectorAll(".as-faults p").length`); n != 0 {
		t.Errorf("%d faults on the page: %s", n, q.Text(".as-faults"))
	}

	// The deputy decides on the reviewer's own access: it is the only row that this contributor sees.
	r := b.Tab(1280, 900)
	r.Go(w.door(dora) + path(c.ID))
	tabTo(t, r, "assay-grid tr")
	if got := browse.Eval[string](r, `[...document.querySelectorAll("tr[data-id]")].map((r) => r.dataset.id).join()`); got != "00040" {
		t.Fatalf("the deputy sees %s, want row 00040 alone", got)
	}
	keys(r, 0, "y")
	settled(t, w, q, c, 500)
	q.Go(at)
	tabTo(t, q, ".campaign-complete button")
	keys(q, 0, kb.Enter)
	until(t, q, `location.pathname.endsWith("/removals") && document.readyState === "complete"`)
	if c, err = w.pages.o.Reviews.Campaign(t.Context(), w.org, c.ID); err != nil || c.Open() || c.Removals != 14 || c.Own != operate.No {
		t.Errorf("Campaign = %+v, %v, want completed with 14 removals and nobody's own", c, err)
	}
	t.Logf("500 accounts by keyboard in %s", time.Since(start).Round(time.Millisecond))
}

// settled waits until so many decisions are recorded, and the page knows it: until then it asks before it is left.
func settled(t *testing.T, w *world, p *browse.Tab, c *operate.Campaign, want int) {
	t.Helper()
	n := 0
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if n, _, err = w.pages.o.Reviews.Progress(t.Context(), w.org, c); err != nil {
			t.Fatal(err)
		}
		if n == want {
			until(t, p, `window.dispatchEvent(new Event("beforeunload", {cancelable: true}))`)
			return
		}
	}
	t.Fatalf("%d decisions are recorded, want %d", n, want)
}

// TestBarriers looks at every page for barriers, in both themes, wide and narrow.
func TestBarriers(t *testing.T) {
	browse.Every(t)
	t.Parallel()
	w := setup(t)
	populate(w, 45)
	w.due = []operate.Instance{{Control: operate.ReviewControl, Key: "hr/2026-Q3", Due: w.pages.today() - 1}}
	a := operate.Actor{Org: w.org, Zone: w.zone, Email: "lead@example.com"}
	c, err := w.pages.o.Reviews.Start(t.Context(), a, operate.Begin{System: "crm", Quarter: "2026-Q4", Reviewer: "lead@example.com", Deputy: "dora@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	choices := map[string]string{}
	for i := 1; i <= 45; i++ {
		choices[fmt.Sprintf("%05d", i)] = operate.Keep
	}
	choices["00007"] = operate.Remove
	pages := []string{"/campaigns", "/campaigns/new", path(c.ID), path(c.ID) + "/turns", rowPath(c.ID, "00003")}
	b := browse.Start(t)
	look := func(name string, list ...string) {
		t.Run(name, func(t *testing.T) {
			base := w.door(lead)
			for _, width := range []int64{1280, 390} {
				for _, dark := range []bool{false, true} {
					t.Run(fmt.Sprintf("%d dark %v", width, dark), func(t *testing.T) {
						t.Parallel()
						barriers(t, b.Tab(width, 900), base, dark, width, list)
					})
				}
			}
		})
	}
	policy := w.policy("1.0", "# Purpose\n\nBe **kind**.\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n    code\n")
	next, err := w.pages.o.Policies.Propose(t.Context(), w.actor("dora@example.com"), operate.PolicyDraft{Policy: policy, Title: "Code of conduct", Version: "2.0", Text: "# Purpose\n\nBe brave.\n", Note: "Shorter."})
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "/policies", "/policies/new", policyPath(policy), policyPath(policy)+"/edit", policyPath(policy)+"/people", policyPath(policy)+"/versions/"+next)
	pages = append(pages, clocks(w)...)
	look("open", pages...)
	if _, err := w.pages.o.Reviews.Decide(t.Context(), a, c.ID, choices, "as before"); err != nil {
		t.Fatal(err)
	}
	if err := w.pages.o.Reviews.Complete(t.Context(), a, c.ID); err != nil {
		t.Fatal(err)
	}
	look("completed", path(c.ID), path(c.ID)+"/removals", removalPath(c.ID, "00007"))
}

func barriers(t *testing.T, p *browse.Tab, base string, dark bool, width int64, names []string) {
	p.Dark(dark)
	for _, name := range names {
		p.Go(base + name)
		for _, x := range p.Axe() {
			t.Errorf("%s: %s", name, x)
		}
		if wide := browse.Eval[int](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s: %d px wider than the window", name, wide)
		}
		shot(p, fmt.Sprintf("%s-%d-%v", strings.ReplaceAll(strings.Trim(name, "/"), "/", "_"), width, dark))
	}
}

// shot keeps a picture to look at where ASSAY_SHOTS names a folder.
func shot(p *browse.Tab, name string) {
	dir := os.Getenv("ASSAY_SHOTS")
	if dir == "" {
		return
	}
	var b []byte
	p.Do(chromedp.CaptureScreenshot(&b))
	_ = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
}
