package signin_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/store/accounts"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/browse"
	"github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
)

// served is the pages behind a real server, at the real time.
func served(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, house: &house{muxes: map[string]*shell.Tenant{}}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.door.ServeHTTP(rw, r) }))
	w.base = "http://localhost" + server.Listener.Addr().String()[strings.LastIndex(server.Listener.Addr().String(), ":"):]
	store, err := accounts.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"), time.Now)
	w.ok(err)
	w.acc, err = account.New(account.Options{Store: store, Journal: w.house, Kind: w.house.kind, Clock: time.Now, Random: rand.Reader, Key: [32]byte{1}, Origins: []string{w.base}, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}})
	w.ok(err)
	pages, err := signin.New(signin.Options{Accounts: w.acc, Organizations: w.house, Base: w.base})
	w.ok(err)
	w.house.pages, w.house.acc = pages, w.acc
	css := shell.Themed(strings.Join([]string{report.Style(), web.Style(), string(elements.Style()), shell.Style(), signin.Style()}, "\n"))
	w.door, err = shell.NewDoor(shell.Options{Routes: pages.Routes(), Identify: pages.Identify, Tenants: w.house, Hosts: []string{"localhost"},
		Assets: shell.Assets{Style: []byte(css), Script: elements.Script()}, Failed: func(_ *http.Request, err error) { w.fails = append(w.fails, err) }})
	w.ok(err)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := errors.Join(append(w.fails, store.Close())...); err != nil {
			t.Errorf("faults of the machine: %v", err)
		}
	})
	return w
}

// virtual gives the browser an authenticator that says yes.
func virtual() chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := webauthn.Enable().Do(ctx); err != nil {
			return err
		}
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}).Do(ctx)
		return err
	})
}

// TestInABrowser walks through set-up, passkeys, second factor, tokens, people and invitation in a real browser, and looks for
// barriers on every page, light and wide, dark and narrow.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	b := browse.Start(t)
	w := served(t)
	token, err := w.acc.FirstRun(t.Context())
	w.ok(err)
	p := b.Tab(1100, 800)
	look := func(name string) {
		t.Helper()
		for dark, width := range map[bool]int64{false: 1100, true: 390} {
			p.Dark(dark)
			p.Size(width, 800)
			for _, x := range p.Axe() {
				t.Errorf("%s, dark %v, %d wide: %s", name, dark, width, x)
			}
			shot(t, p, name, dark, width)
		}
		p.Dark(false)
		p.Size(1100, 800)
	}
	is := func(sel, want string) {
		t.Helper()
		got := ""
		for range 50 { // a page may be leaving
			if err := p.Try(chromedp.Evaluate(`document.querySelector(`+strconv.Quote(sel)+`)?.innerText ?? ""`, &got)); err == nil && strings.Contains(got, want) {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatalf("%s: %q lacks %q", p.Where(), got, want)
	}

	p.Go(w.base + "/")
	look("not-set-up")
	p.Go(w.base + "/setup?token=" + token)
	p.Do(virtual())
	look("setup")
	p.Fill("name", "Ann Smith")
	p.Fill("email", "ann@example.com")
	p.Click("assay-passkey button")
	is("h1", "Organizations")
	look("first-organization")
	p.Fill("name", "Acme & Söhne GmbH")
	p.Submit("main form")
	is("body", "home of Acme")

	p.Go(w.base + "/me")
	p.Do(chromedp.Click(`.more summary`, chromedp.ByQuery))
	p.Fill("key", "A second one")
	look("me-passkeys")
	p.Go(w.base + "/me")
	p.Do(chromedp.Evaluate(`document.querySelectorAll(".more")[1].open = true`, nil))
	p.Fill("password", good)
	p.Submit(`form[action="/me/password"]`)
	is(".flash", "The password is set")
	look("me")
	p.Go(w.base + "/me/totp")
	look("totp")
	secret := p.Text("#totp-secret")
	p.Fill("code", code(t, strings.TrimSpace(secret), time.Now()))
	p.Submit("main form")
	is("h1", "Recovery codes")
	look("codes")
	p.Go(w.base + "/o/org-1/people")
	p.Fill("email", "bob@example.com")
	p.Do(chromedp.Click("#role-2", chromedp.ByQuery))
	p.Submit("#invite form")
	is("h2", "The invitation is ready")
	look("people")
	link := strings.TrimSpace(p.Text("#invitation-link"))

	// The list of the address field offers the passkey, and the authenticator takes the offer up at once.
	p.Go(w.base + "/me")
	p.Submit(".who form")
	is("body", "home of Acme")
	p.Go(w.base + "/me")
	is("h1", "Ann Smith")

	// A browser without a passkey.
	p = b.Tab(1100, 800)
	p.Go(w.base + "/signin?next=/me")
	look("signin")
	p.Fill("email", "ann@example.com")
	p.Fill("password", good)
	p.Submit("main .form")
	is("h1", "One more step")
	look("second")
	p.Fill("code", code(t, strings.TrimSpace(secret), time.Now().Add(30*time.Second)))
	p.Submit("main .form")
	is("h1", "Ann Smith")

	// Bob, in another browser, by the link that Ann handed over.
	p = b.Tab(1100, 800)
	p.Go(link)
	p.Do(virtual())
	look("invitation")
	p.Fill("name", "Bob")
	p.Click("assay-passkey button")
	is("body", "home of Acme")
	p.Go(w.base + "/again?next=/me")
	look("again")
	p.Click("assay-passkey button")
	is("h1", "Bob")
	p.Fill("name", "Bob B.")
	p.Submit("#profile form")
	is("h1", "Bob B.")
	p.Go(w.base + "/me#tokens")
	p.Do(chromedp.Click("#tokens summary", chromedp.ByQuery))
	p.Do(chromedp.SetValue(`#tokens input[name="name"]`, "CI"))
	p.Do(chromedp.Click("#scope-0", chromedp.ByQuery))
	p.Submit("#tokens .form")
	is("h1", "API token")
	look("token")
	p.Go(w.base + "/o/org-1/people")
	is("h1", "You may not do this")
}

// stable are the pages that show nothing made by chance: they are held against golden pictures (ASSAY_UPDATE=1 makes those anew).
var stable = map[string]bool{"not-set-up": true, "setup": true, "signin": true, "first-organization": true}

func shot(t *testing.T, p *browse.Tab, name string, dark bool, width int64) {
	t.Helper()
	file := fmt.Sprintf("%s-%d", name, width)
	if dark {
		file += "-dark"
	}
	if stable[name] {
		p.Shot(file, os.Getenv("ASSAY_UPDATE") != "")
	} else if dir := os.Getenv("ASSAY_SHOTS"); dir != "" {
		var b []byte
		p.Do(chromedp.FullScreenshot(&b, 90))
		if err := os.WriteFile(filepath.Join(dir, file+".png"), b, 0o600); err != nil {
			t.Error(err)
		}
	}
}
