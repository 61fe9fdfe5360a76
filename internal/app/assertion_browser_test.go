package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/browse"
)

// TestAssertionInTheBrowser signs in the browser, and holds the pages of the assertion, of kept drafts and of their comparison against
// WCAG in both themes and at two widths.
func TestAssertionInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	x := newTown(t)
	described(t, x, "first-works", "")
	x.join("ann@first.example", "first-works", access.Executive, access.Owner)
	p := browse.Start(t).Tab(1280, 900)
	p.Go(x.url + "/signin")
	p.Fill("email", "ann@first.example")
	p.Fill("password", password)
	p.Submit("form.form")
	seen := func() {
		t.Helper()
		for _, width := range []int64{1280, 390} {
			for _, dark := range []bool{false, true} {
				p.Size(width, 900)
				p.Dark(dark)
				for _, b := range p.Axe() {
					t.Errorf("%s at %d, dark %v: %v", p.Where(), width, dark, b)
				}
				if browse.Eval[bool](p, `document.documentElement.scrollWidth > window.innerWidth + 1`) {
					t.Errorf("%s at %d scrolls sideways", p.Where(), width)
				}
			}
		}
		p.Size(1280, 900)
		p.Dark(false)
	}
	p.Go(x.url + assertionPath)
	seen()
	p.Submit(`form[action$="/documents/assertion"]`)
	if text := p.Text("main"); !strings.Contains(text, "expected your name") {
		t.Errorf("a form that was sent empty does not say what is missing:\n%s", text)
	}
	seen()
	p.Fill("matters", "No change was examined in the period: the populations are empty and nothing shows that they should be.\nWalkthroughs are still to be held.")
	p.Fill("name", "ann")
	p.Fill("title", "Chief Executive Officer")
	p.Do(chromedp.Click(`input[name="read"]`, chromedp.ByQuery))
	p.Submit(`form[action$="/documents/assertion"]`)
	if text := p.Text("main"); !strings.Contains(text, "Covers this draft") {
		t.Errorf("the signature is not told:\n%s", text)
	}
	seen()
	p.Go(x.url + "/o/first-works/documents")
	seen()
	described(t, x, "first-works", " in other words")
	p.Go(x.url + assertionPath)
	seen()
	p.Go(x.url + "/o/first-works/documents/drafts")
	seen()
	list := signaturesOf(t, x)
	if len(list) != 1 {
		t.Fatalf("%d signatures, want 1", len(list))
	}
	p.Go(x.url + "/o/first-works/documents/compare?from=" + list[0].Draft)
	seen()
	if status, _, _ := x.ask(x.browser(), http.MethodGet, assertionPath); status != http.StatusSeeOther {
		t.Errorf("the assertion for nobody: %d, want the sign-in", status)
	}
}
