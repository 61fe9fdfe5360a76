// Package browse looks at pages with a real browser, for tests: it drives Chromium, has axe-core look for barriers, and holds
// pictures against golden ones. A machine without Chromium skips, and says so.
package browse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Browser is a running Chromium.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("drives a browser")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine: pages were not looked at")
	}
	// Not of the test: Chromium's children still write while it ends, and a test does not fail for what they leave.
	profile, err := os.MkdirTemp("", "assay-browse-")
	if err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("font-render-hinting", "none"), chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(2*time.Minute)) // where many packages are built and tested beside it, Chromium starts slowly
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until it has ended
		cancel()
		cancelAlloc()
		_ = os.RemoveAll(profile)
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &Browser{t, ctx}
}

// Whole reports whether every page is to be looked at in every way, which takes minutes (make pages); otherwise a sample is.
func Whole() bool { return os.Getenv("ASSAY_PAGES") != "" }

// Every skips a test that looks at every page in every way, unless that is asked for.
func Every(t testing.TB) {
	t.Helper()
	if !Whole() {
		t.Skip("looks at every page in both themes and two widths: make pages")
	}
}

// Tab is a page of the browser with a session of its own.
type Tab struct {
	t   testing.TB
	Ctx context.Context
}

// Tab opens a window of its own: other cookies than those of other tabs.
func (b *Browser) Tab(width, height int64) *Tab {
	b.t.Helper()
	var id target.ID
	err := chromedp.Run(b.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		c := chromedp.FromContext(ctx)
		ctx = cdp.WithExecutor(ctx, c.Browser)
		own, err := target.CreateBrowserContext().Do(ctx)
		if err == nil {
			id, err = target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(ctx)
		}
		return err
	}))
	if err != nil {
		b.t.Fatalf("open a window: %v", err)
	}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
	b.t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // the first run binds the window to its context
		b.t.Fatalf("open a window: %v", err)
	}
	tab := &Tab{b.t, ctx}
	tab.Size(width, height)
	return tab
}

// Size sets the size of the window in CSS pixels.
func (p *Tab) Size(width, height int64) {
	p.t.Helper()
	p.Do(chromedp.EmulateViewport(width, height))
}

// Dark sets whether the system prefers dark pages.
func (p *Tab) Dark(dark bool) {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.Do(chromedp.ActionFunc(func(ctx context.Context) error {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}}).Do(ctx)
	}))
}

// Do runs actions, each within half a minute.
func (p *Tab) Do(actions ...chromedp.Action) {
	p.t.Helper()
	for i, a := range actions {
		if err := p.Try(a); err != nil {
			p.t.Fatalf("step %d at %s: %v", i+1, p.Where(), err)
		}
	}
}

// Try runs an action and gives back its error.
func (p *Tab) Try(a chromedp.Action) error {
	ctx, cancel := context.WithTimeout(p.Ctx, 30*time.Second)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// Where is the address and the heading of the page, for messages.
func (p *Tab) Where() string {
	var url, head string
	ctx, cancel := context.WithTimeout(p.Ctx, 5*time.Second)
	defer cancel()
	_ = chromedp.Run(ctx, chromedp.Location(&url), chromedp.Evaluate(`(document.querySelector("h1")||document.body).innerText.slice(0, 200)`, &head))
	return fmt.Sprintf("%s %q", url, head)
}

// Go opens an address and waits until its content is there.
func (p *Tab) Go(url string) {
	p.t.Helper()
	p.Do(chromedp.Navigate(url), chromedp.WaitReady("#content", chromedp.ByID))
}

// Text is the visible text of what a selector finds first.
func (p *Tab) Text(sel string) string {
	p.t.Helper()
	var s string
	p.Do(chromedp.Text(sel, &s, chromedp.ByQuery))
	return s
}

// Eval evaluates a script to a value.
func Eval[T any](p *Tab, script string) T {
	p.t.Helper()
	var v T
	p.Do(chromedp.Evaluate(script, &v))
	return v
}

// Click clicks what a selector finds first, and waits for the page that it leads to.
func (p *Tab) Click(sel string) {
	p.t.Helper()
	mark := fmt.Sprintf("m%d", marks.Add(1))
	p.Do(chromedp.Evaluate(`window.__mark = "`+mark+`"`, nil), chromedp.WaitVisible(sel, chromedp.ByQuery), chromedp.Click(sel, chromedp.ByQuery))
	p.moved(mark)
}

// Submit sends the form that a selector finds first, and waits for the answer.
func (p *Tab) Submit(sel string) {
	p.t.Helper()
	mark := fmt.Sprintf("m%d", marks.Add(1))
	p.Do(chromedp.Evaluate(`window.__mark = "`+mark+`"`, nil), chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).requestSubmit()`, sel), nil))
	p.moved(mark)
}

var marks atomic.Int64

// moved waits until another document than the marked one is there.
func (p *Tab) moved(mark string) {
	p.t.Helper()
	for range 1000 {
		var state string
		ctx, cancel := context.WithTimeout(p.Ctx, 5*time.Second)
		err := chromedp.Run(ctx, chromedp.Evaluate(`window.__mark === "`+mark+`" ? "" : document.readyState`, &state))
		cancel()
		if err == nil && state == "complete" {
			return
		}
		time.Sleep(30 * time.Millisecond)
	}
	p.t.Fatalf("the page stayed at %s", p.Where())
}

// Fill types a value into a field by its name, in place of what stands there.
func (p *Tab) Fill(name, value string) {
	p.t.Helper()
	p.Do(chromedp.SetValue(`[name="`+name+`"]`, value, chromedp.ByQuery))
}

// axe is pinned by what npm says of its package.
const (
	axeVersion   = "4.14.1"
	axeIntegrity = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

var axe = sync.OnceValues(loadAxe)

// loadAxe has npm fetch axe-core (MPL-2.0, used as it is and not part of this repository) and checks it against its hash.
func loadAxe() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(cache, "assay-test", "axe-core-"+axeVersion+".tgz")
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return "", err
		}
		if out, err := exec.Command("npm", "pack", "--silent", "--pack-destination", filepath.Dir(file), "axe-core@"+axeVersion).CombinedOutput(); err != nil {
			return "", fmt.Errorf("npm pack axe-core: %w: %s", err, out)
		}
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return "", err
	}
	sum := sha512.Sum512(b)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != axeIntegrity {
		return "", fmt.Errorf("%s is not axe-core %s: its hash is %s", file, axeVersion, got)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return "", fmt.Errorf("find axe.min.js in %s: %w", file, err)
		}
		if h.Name == "package/axe.min.js" {
			src, err := io.ReadAll(io.LimitReader(r, 8<<20))
			return string(src), err
		}
	}
}

// Barrier is one thing that axe-core found.
type Barrier struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

func (b Barrier) String() string {
	var nodes []string
	for i, n := range b.Nodes {
		if i == 3 {
			nodes = append(nodes, fmt.Sprintf("and %d more", len(b.Nodes)-3))
			break
		}
		nodes = append(nodes, n.HTML+" :: "+strings.ReplaceAll(n.FailureSummary, "\n", " "))
	}
	return fmt.Sprintf("%s (%s): %s\n    %s", b.ID, b.Impact, b.Help, strings.Join(nodes, "\n    "))
}

// Axe looks for barriers by WCAG 2.0 to 2.2, levels A and AA. A machine that cannot get axe-core skips the test.
func (p *Tab) Axe() []Barrier {
	p.t.Helper()
	src, err := axe()
	if err != nil {
		p.t.Skipf("axe-core is not to be had, so that no page was looked at for barriers: %v", err)
	}
	var answer string
	p.Do(chromedp.Evaluate(src+`;void 0`, nil), chromedp.Evaluate(`axe.run(document, {runOnly: {type: "tag", values: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}, resultTypes: ["violations"]})
		.then(r => JSON.stringify(r.violations.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html.slice(0, 200), FailureSummary: n.failureSummary}))}))))`,
		&answer, chromedp.EvalAsValue, awaitPromise))
	var out []Barrier
	if err := json.Unmarshal([]byte(answer), &out); err != nil {
		p.t.Fatal(err)
	}
	return out
}
