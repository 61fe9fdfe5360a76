package elements_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/elements"
)

// policy is the strictest that the elements must live with; the site's own is no stricter.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// browser is one Chromium for all tests; each test has a tab and an origin of its own.
var browser struct {
	once sync.Once
	ctx  context.Context
	stop []context.CancelFunc
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range browser.stop {
		stop()
	}
	os.Exit(code)
}

func chromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("drives a browser")
	}
	browser.once.Do(func() {
		path, err := exec.LookPath("chromium")
		if err != nil {
			browser.err = err
			return
		}
		ctx, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WindowSize(1100, 800),
			chromedp.WSURLReadTimeout(2*time.Minute))...) // beside other tests Chromium starts slowly
		tab, close := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {})) // events newer than the library
		browser.ctx, browser.stop = tab, []context.CancelFunc{close, stop}
		browser.err = chromedp.Run(tab)
	})
	if browser.ctx == nil {
		t.Skipf("no Chromium on this machine (%v): the elements are not driven; install the package chromium", browser.err)
	}
	if browser.err != nil {
		t.Fatal(browser.err)
	}
	return browser.ctx
}

// site is a small server under the strict policy: pages by path, and handlers.
type site struct {
	*testing.T
	mux   *http.ServeMux
	url   string
	stops bool // the policy has something to stop here
}

func newSite(t *testing.T, pages map[string]string) *site {
	t.Helper()
	s := &site{T: t, mux: http.NewServeMux()}
	serve := func(path, kind string, b []byte) {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(b)
		})
	}
	serve("/"+elements.ScriptName(), "text/javascript", elements.Script())
	serve("/"+elements.StyleName(), "text/css", elements.Style())
	serve("/look.css", "text/css", []byte(report.Style()))
	serve("/favicon.ico", "image/png", nil)
	for path, body := range pages {
		serve(path, "text/html; charset=utf-8", []byte(page("en", "", body)))
	}
	server := httptest.NewServer(http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		s.mux.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // passkeys belong to a name
	return s
}

func page(lang, phrases, body string) string {
	return fmt.Sprintf(`<!DOCTYPE html><html lang="%s"><head><meta charset="utf-8"><title>Test</title><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="assay-phrases" content="%s"><link rel="stylesheet" href="/look.css"><link rel="stylesheet" href="/%s"><script src="/%s" defer></script></head>
<body><main id="content" tabindex="-1"><h1>Test</h1>%s</main></body></html>`, lang, html.EscapeString(phrases), elements.StyleName(), elements.ScriptName(), body)
}

// tab opens a page. Whatever the policy stops, and every exception, fails the test.
func (s *site) tab(path string) *tab {
	s.Helper()
	parent := chromium(s.T)
	ctx, stop := chromedp.NewContext(parent)
	s.Cleanup(stop)
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	s.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *cdplog.EventEntryAdded:
			if !s.stops && strings.Contains(e.Entry.Text, "Content Security Policy") {
				s.Errorf("stopped by the policy: %s", e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			s.Errorf("exception: %s", e.ExceptionDetails.Error())
		}
	})
	t := &tab{site: s, ctx: ctx}
	t.run(emulation.SetFocusEmulationEnabled(true))
	t.visit(path)
	return t
}

type tab struct {
	*site
	ctx context.Context
}

func (t *tab) run(acts ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(t.ctx, acts...); err != nil {
		t.Fatal(err)
	}
}

func (t *tab) visit(path string) {
	t.Helper()
	err := chromedp.Run(t.ctx, chromedp.Navigate(t.url+path))
	if err != nil && strings.Contains(err.Error(), "net::ERR_ABORTED") { // the blank page of a new tab came in between, on a busy machine
		err = chromedp.Run(t.ctx, chromedp.Navigate(t.url+path))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.until("true")
}

func (t *tab) reload() {
	t.Helper()
	t.run(chromedp.Reload())
	t.until("true")
}

// keys presses each key in turn: names of one rune, or those of kb.
func (t *tab) keys(keys ...string) {
	t.Helper()
	for _, k := range keys {
		t.with(0, k)
	}
}

// with presses a key as a keyboard does: a raw key, whose character is not written when the page has taken the key.
func (t *tab) with(m input.Modifier, key string) {
	t.Helper()
	for _, r := range key {
		for _, e := range kb.Encode(r) {
			if e.Type == input.KeyDown {
				e.Type = input.KeyRawDown
			}
			e.Modifiers |= m
			t.run(e)
		}
	}
}

// text evaluates an expression to a string.
func (t *tab) text(expression string) string {
	t.Helper()
	var raw json.RawMessage
	t.run(chromedp.Evaluate("String("+expression+")", &raw))
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%s = %s", expression, raw)
	}
	return s
}

func (t *tab) is(expression, want string) {
	t.Helper()
	if got := t.text(expression); got != want {
		t.Fatalf("%s = %q, want %q", expression, got, want)
	}
}

// until waits for an expression to become true of a page that has loaded and been painted: keys pressed earlier are lost. It
// asks from outside, since the policy forbids the page to evaluate.
func (t *tab) until(expression string) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for {
		var raw json.RawMessage
		if err := chromedp.Run(t.ctx, chromedp.Evaluate("String(document.readyState === 'complete' && performance.getEntriesByType('paint').length > 0 && Boolean("+expression+"))", &raw)); err == nil && string(raw) == `"true"` {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not become true; the page says %q", expression, t.text("document.body.innerText.slice(0, 900)"))
		}
		time.Sleep(15 * time.Millisecond)
	}
}

// tabTo presses Tab until the element that has the focus answers to a selector.
func (t *tab) tabTo(selector string) {
	t.Helper()
	for range 40 {
		t.keys(kb.Tab)
		if t.text(fmt.Sprintf("document.activeElement.matches(%q)", selector)) == "true" {
			return
		}
	}
	t.Fatalf("Tab does not come to %s; it stands on %s", selector, t.text("document.activeElement.outerHTML.slice(0, 200)"))
}
