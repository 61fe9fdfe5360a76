package settings_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/store/accounts"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/browse"
	"github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/settings"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
)

const events = "deviation.opened task.due task.late report.drafted checkpoint.signed"

// world is the pages over a real store of accounts.
type world struct {
	t      *testing.T
	store  *accounts.Store
	org    id.Org
	facts  settings.Facts
	mail   error
	mailed []string
	list   map[id.Person][]settings.Client
	fault  error // that the mux could not tell the reader
}

func setup(t *testing.T) *world {
	t.Helper()
	store, err := accounts.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: store, org: "org", facts: settings.Facts{Version: "0.1.0", Address: "https://assay.example"}, list: map[id.Person][]settings.Client{}}
	t.Cleanup(func() {
		if err := errors.Join(w.fault, store.Close()); err != nil {
			t.Errorf("faults of the machine: %v", err)
		}
	})
	return w
}

func (w *world) Hooks(ctx context.Context) ([]settings.Hook, error) {
	list, err := w.store.Hooks(ctx, w.org)
	var out []settings.Hook
	for _, h := range list {
		out = append(out, settings.Hook{ID: h.ID, URL: "https://" + h.Host, Events: h.Events, Form: h.Form, By: h.By, At: civil.InstantOf(h.Added).String(), Stopped: h.Stopped})
	}
	return out, err
}

func (w *world) AddHook(ctx context.Context, by string, n settings.NewHook) (settings.Hook, string, error) {
	u, err := url.Parse(n.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return settings.Hook{}, "", &fault.Error{Kind: fault.Refused, Field: "url", What: "is not an address: " + n.URL}
	}
	key, err := id.New("hook", time.Now(), rand.Reader)
	if err != nil {
		return settings.Hook{}, "", err
	}
	h := accounts.Hook{ID: key, Org: w.org, Host: u.Host, Events: n.Events, Form: n.Form, Sealed: []byte{1}, By: by, Added: time.Now()}
	secret := "whsec_" + key
	if n.Form == "chat" {
		secret = ""
	}
	return settings.Hook{ID: key, URL: "https://" + u.Host}, secret, w.store.AddHook(ctx, h)
}

func (w *world) DropHook(ctx context.Context, key string) error {
	return w.store.DropHook(ctx, w.org, key)
}

func (w *world) Deliveries(ctx context.Context, key string, offset, limit int) ([]settings.Delivery, int, error) {
	list, total, err := w.store.HookAttempts(ctx, w.org, key, offset, limit)
	var out []settings.Delivery
	for _, a := range list {
		d := settings.Delivery{Event: a.Type, ID: a.Event, At: civil.InstantOf(a.At).String(), Attempt: a.Attempt, Status: a.Status, Problem: a.Problem}
		if a.Next != nil {
			d.Next = civil.InstantOf(*a.Next).String()
		}
		out = append(out, d)
	}
	return out, total, err
}

func (w *world) TestHook(ctx context.Context, key string) error {
	return w.store.TryHook(ctx, w.org, key, accounts.HookEvent{ID: "t", Type: "webhook.test", Body: []byte("{}"), Chat: []byte("{}")}, time.Now())
}

func (w *world) TestMail(_ context.Context, to string) error {
	if w.mail == nil {
		w.mailed = append(w.mailed, to)
	}
	return w.mail
}

func (w *world) Clients(_ context.Context, p id.Person) ([]settings.Client, error) {
	return w.list[p], nil
}

// mux is the pages of the organization and the console, each behind its policies.
func (w *world) mux() *shell.Mux {
	w.t.Helper()
	p, err := settings.New(settings.Options{Hooks: w, Trial: w, Events: strings.Fields(events), Facts: w.facts})
	c, e := settings.NewConsole(w)
	if err := errors.Join(err, e); err != nil {
		w.t.Fatal(err)
	}
	m, err := shell.NewMux(append(p.Routes(), c.Routes()...), func(_ *http.Request, err error) { w.fault = errors.Join(w.fault, err) })
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func person(roles ...access.Role) access.Visitor {
	return access.Visitor{Person: "p", Name: "Ann", Email: "ann@example.com", Org: "org", Roles: roles, Strong: true}
}

var admin = person(access.Administrator)

func (w *world) ask(v access.Visitor, method, path string, form url.Values, chrome ...func(*shell.Chrome)) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	zone, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		w.t.Fatal(err)
	}
	c := shell.Chrome{Base: "/o/acme", Organization: "Acme", Zone: zone, CSS: "/assets/app.css", Path: path, Nav: shell.Nav()}
	if path == "/clients" {
		c = shell.Chrome{CSS: "/assets/app.css", Path: path}
	}
	for _, f := range chrome {
		f(&c)
	}
	rec := httptest.NewRecorder()
	w.mux().ServeHTTP(rec, r.WithContext(shell.With(access.With(r.Context(), v), c)))
	return rec
}

func adding(to, form string, events ...string) url.Values {
	return url.Values{"url": {to}, "form": {form}, "events": events}
}

// key gives the id of the hook that was added last.
func (w *world) key() string {
	w.t.Helper()
	list, err := w.store.Hooks(w.t.Context(), w.org)
	if err != nil || len(list) == 0 {
		w.t.Fatalf("Hooks = %v, %v, want some", list, err)
	}
	return list[len(list)-1].ID
}

// TestRoles asks every route as every role: what changes something, and what was sent where, is the administrator's alone.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cells := 0
	for _, rt := range w.mux().Routes() {
		path := strings.ReplaceAll(rt.Pattern, "{hook}", "none")
		for _, role := range access.Roles() {
			cells++
			may := role == access.Administrator || role == access.Lead && rt.Pattern == "/settings" || rt.Pattern == "/clients"
			rec := w.ask(person(role), rt.Method, path, nil)
			if !role.In(access.Service) && rt.Pattern != "/clients" {
				if rec.Code != http.StatusNotFound {
					t.Errorf("%s %s as %s = %d, want 404: there is no such role here", rt.Method, rt.Pattern, role, rec.Code)
				}
				continue
			}
			if (rec.Code == http.StatusForbidden) == may {
				t.Errorf("%s %s as %s = %d, want may %t", rt.Method, rt.Pattern, role, rec.Code, may)
			}
		}
		if rec := w.ask(access.Visitor{}, rt.Method, path, nil); rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/signin") {
			t.Errorf("%s %s as nobody = %d, want the sign-in", rt.Method, rt.Pattern, rec.Code)
		}
		weak := admin
		weak.Strong = false
		if rec := w.ask(weak, rt.Method, path, nil); (rec.Code == http.StatusOK) != (rt.Pattern == "/settings" || rt.Pattern == "/clients") {
			t.Errorf("%s %s as an administrator who has not proven who they are = %d", rt.Method, rt.Pattern, rec.Code)
		}
		stranger := person()
		if rec := w.ask(stranger, rt.Method, path, nil); (rec.Code == http.StatusNotFound) != (rt.Pattern != "/clients") {
			t.Errorf("%s %s as no member = %d", rt.Method, rt.Pattern, rec.Code)
		}
	}
	if want := 7 * len(access.Roles()); cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
}

// TestHooksOnThePage follows a receiver from its adding to its end.
func TestHooksOnThePage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if body := w.ask(admin, "GET", "/settings", nil).Body.String(); !strings.Contains(body, "Nobody is told yet") || !strings.Contains(body, "No server is named") || !strings.Contains(body, "No provider is named") {
		t.Errorf("the empty page is %s", body)
	}
	rec := w.ask(admin, "POST", "/settings/hooks", adding("https://hooks.example.com/path-secret", "signed", "task.due", "task.late"))
	if rec.Code != http.StatusCreated || !strings.Contains(rec.Body.String(), "whsec_"+w.key()) {
		t.Fatalf("adding = %d %s", rec.Code, rec.Body)
	}
	rec = w.ask(admin, "POST", "/settings/hooks", adding("https://chat.example.com/services/T0", "chat", "task.due"))
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/o/acme/settings#hooks" {
		t.Fatalf("adding a chat = %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	page := w.ask(admin, "GET", "/settings", nil).Body.String()
	for _, want := range []string{"https://hooks.example.com", "https://chat.example.com", "task.due · task.late", "ann@example.com", "signed JSON", "chat message"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "whsec_") || strings.Contains(page, "path-secret") {
		t.Error("the page shows a secret")
	}
	at := "/settings/hooks/" + w.key()
	if body := w.ask(admin, "GET", at, nil).Body.String(); !strings.Contains(body, "Nothing was sent yet") {
		t.Errorf("the empty log is %s", body)
	}
	if rec := w.ask(admin, "POST", at+"/test", nil); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/o/acme"+at {
		t.Errorf("a test = %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	mail, err := w.store.DueHooks(t.Context(), time.Now(), 10)
	if err != nil || len(mail) != 1 || mail[0].ID != w.key() {
		t.Fatalf("DueHooks = %v, %v, want the test event", mail, err)
	}
	next := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for i := range 60 {
		a := accounts.HookAttempt{Event: fmt.Sprint("event_", i), Type: "task.due", At: next.Add(-time.Hour), Attempt: 1, Status: 500, Problem: "the receiver answered <b>500</b>", Next: &next}
		if err := w.store.Attempted(t.Context(), mail[0], a, ""); err != nil {
			t.Fatal(err)
		}
	}
	body := w.ask(admin, "GET", at, nil).Body.String()
	for _, want := range []string{"event_59", "event_10", "&lt;b&gt;500", "2026-11-26 13:00", "Page 1 of 2"} {
		if !strings.Contains(body, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if last := w.ask(admin, "GET", at+"?page=2", nil).Body.String(); !strings.Contains(last, "event_9<") || strings.Contains(last, "event_10<") {
		t.Error("the second page of the log does not go on where the first ends")
	}
	german := w.ask(admin, "GET", "/settings", nil, func(c *shell.Chrome) { c.Lang = phrase.German }).Body.String()
	if !strings.Contains(german, "Einstellungen") {
		t.Error("the German page does not say Einstellungen")
	}
	if rec := w.ask(admin, "POST", at+"/drop", nil); rec.Code != http.StatusSeeOther {
		t.Errorf("removing = %d", rec.Code)
	}
	for _, path := range []string{at + "/drop", at + "/test"} {
		if rec := w.ask(admin, "POST", path, nil); rec.Code != http.StatusNotFound {
			t.Errorf("POST %s of one that was removed = %d, want 404", path, rec.Code)
		}
	}
	if rec := w.ask(admin, "GET", at, nil); rec.Code != http.StatusNotFound {
		t.Errorf("GET %s of one that was removed = %d, want 404", at, rec.Code)
	}
	w.org = "other"
	if body := w.ask(admin, "GET", "/settings", nil).Body.String(); strings.Contains(body, "hooks.example.com") {
		t.Error("another organization sees the receiver")
	}
}

// TestHostileText: what a person enters comes back as text, beside its field, and nothing is kept.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, bad := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "=cmd|' /C calc'!A0", "\u202egnp.exe", "🦔", strings.Repeat("x", 1<<20)} {
		rec := w.ask(admin, "POST", "/settings/hooks", adding(bad, "signed", "task.due", `<script>alert(2)</script>`))
		body := rec.Body.String()
		if rec.Code != http.StatusUnprocessableEntity || strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") || !strings.Contains(body, `id="f-url-error"`) {
			t.Errorf("adding %.40q = %d, want it refused as text", bad, rec.Code)
		}
	}
	for _, bad := range []string{"\x00", "\xff", "a\x1bb"} {
		if rec := w.ask(admin, "POST", "/settings/hooks", adding(bad, "signed", "task.due")); rec.Code != http.StatusBadRequest {
			t.Errorf("adding %q = %d, want 400", bad, rec.Code)
		}
	}
	if list, err := w.store.Hooks(t.Context(), w.org); err != nil || len(list) != 0 {
		t.Errorf("Hooks = %v, %v, want none", list, err)
	}
}

// TestMail writes to whoever asks, and says why when it cannot.
func TestMail(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.facts.Mail, w.facts.From, w.facts.Provider = "smtp.example.com", "assay@example.com", "https://id.example.com"
	body := w.ask(admin, "GET", "/settings", nil).Body.String()
	for _, want := range []string{"smtp.example.com", "assay@example.com", "https://id.example.com", "0.1.0", "https://assay.example"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if rec := w.ask(admin, "POST", "/settings/mail/test", url.Values{"to": {"somebody@else.example"}}); rec.Code != http.StatusSeeOther || len(w.mailed) != 1 || w.mailed[0] != "ann@example.com" {
		t.Errorf("a test e-mail = %d to %v, want it to ann@example.com alone", rec.Code, w.mailed)
	}
	w.mail = errors.New("ask smtp.example.com: <no answer>")
	if rec := w.ask(admin, "POST", "/settings/mail/test", nil); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "&lt;no answer&gt;") {
		t.Errorf("a test e-mail that fails = %d, want 422 with the reason", rec.Code)
	}
}

// advised is three clients, one of which is not known yet.
func advised() []settings.Client {
	from, to, asOf := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30), civil.NewDate(2026, 12, 31)
	return []settings.Client{
		{Slug: "zeta", Name: "Zeta", Report: "SOC 2 Type 2", From: &from, To: &to, Ready: &settings.Standing{Status: "ready", Counts: gauge.Counts{Green: 33}}},
		{Slug: "new", Name: "New", Report: "SOC 2 Type 1", AsOf: &asOf},
		{Slug: "acme", Name: "Acme <b>&</b> Co", Report: "SOC 2 Type 2", From: &from, To: &to, Ready: &settings.Standing{Status: "not_ready", Counts: gauge.Counts{Red: 3, Amber: 1, Green: 29}, Late: 1234}},
	}
}

func TestClients(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.list["p"] = advised()
	body := w.ask(person(), "GET", "/clients", nil).Body.String()
	at := -1
	for _, want := range []string{`href="/o/acme/"`, "Acme &lt;b&gt;", "1 July 2025 to 30 June 2026", "Not ready", "3 red", "1 amber", "29 green", "1,234", `href="/o/new/"`, "as of 31 December 2026", "not known yet", `href="/o/zeta/"`, "33 green"} {
		i := strings.Index(body, want)
		if i <= at {
			t.Errorf("the page does not say %q after what goes before it", want)
		}
		at = max(at, i)
	}
	other := person()
	other.Person = "q"
	if body := w.ask(other, "GET", "/clients", nil).Body.String(); strings.Contains(body, "Acme") || !strings.Contains(body, "You advise no organization here") {
		t.Errorf("who advises nobody sees %s", body)
	}
}

// kept keeps a picture of a whole page in the folder that ASSAY_SHOTS names, to look at.
func kept(p *browse.Tab, name string) {
	dir := os.Getenv("ASSAY_SHOTS")
	if dir == "" {
		return
	}
	var b []byte
	p.Do(chromedp.FullScreenshot(&b, 100), chromedp.ActionFunc(func(context.Context) error {
		return os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
	}))
}

// TestBarriers has axe-core look at each page, in both themes and on a phone and a wide screen.
func TestBarriers(t *testing.T) {
	browse.Every(t)
	w := setup(t)
	var mu sync.Mutex // over the pages
	pages := map[string]func() *httptest.ResponseRecorder{
		"/settings/empty": func() *httptest.ResponseRecorder { return w.ask(admin, "GET", "/settings", nil) },
		"/clients/empty":  func() *httptest.ResponseRecorder { return w.ask(admin, "GET", "/clients", nil) },
	}
	css := shell.Themed(report.Style() + shell.Style() + web.Style() + string(elements.Style()) + signin.Style() + settings.Style())
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/assets/app.css":
			rw.Header().Set("Content-Type", "text/css")
			_, _ = rw.Write([]byte(css))
			return
		case "/favicon.ico", "/assets/mark.svg":
			http.NotFound(rw, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		rec := pages[r.URL.Path]()
		rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(rec.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	p := browse.Start(t).Tab(1280, 900)
	seen := 0
	look := func() {
		t.Helper()
		paths := slices.Sorted(maps.Keys(pages))
		for _, dark := range []bool{false, true} {
			p.Dark(dark)
			for _, width := range []int64{1280, 390} {
				p.Size(width, 900)
				for _, path := range paths {
					p.Go(s.URL + path)
					seen++
					for _, b := range p.Axe() {
						t.Errorf("%s, dark %t, %d wide: %s", path, dark, width, b)
					}
					if over := browse.Eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
						t.Errorf("%s, %d wide: %d pixels do not fit", path, width, over)
					}
					kept(p, fmt.Sprintf("%s-%d-%t", strings.ReplaceAll(path[1:], "/", "-"), width, dark))
				}
			}
		}
	}
	look()
	mu.Lock()
	clear(pages)
	w.facts.Mail, w.facts.From, w.facts.Provider = "smtp.example.com", "assay@example.com", "https://id.example.com"
	w.list["p"] = advised()
	w.ask(admin, "POST", "/settings/hooks", adding("https://hooks.example.com/in", "signed", strings.Fields(events)...))
	w.ask(admin, "POST", "/settings/hooks", adding("https://"+strings.Repeat("long-", 12)+"name.example.com/in", "chat", "task.due"))
	next := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	m := accounts.HookMail{Hook: accounts.Hook{ID: w.key()}}
	for _, a := range []accounts.HookAttempt{{Event: "event_1", Type: "task.due", At: next, Attempt: 1, Status: 204}, {Event: "event_2", Type: "task.due", At: next, Attempt: 2, Problem: "no answer in time", Next: &next}} {
		if err := w.store.Attempted(t.Context(), m, a, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.store.Attempted(t.Context(), m, accounts.HookAttempt{Event: "event_3", Type: "task.due", At: next, Attempt: 1, Status: 410, Problem: "the receiver wants no more (410 Gone)"}, "the receiver wants no more (410 Gone)"); err != nil {
		t.Fatal(err)
	}
	pages["/settings"] = func() *httptest.ResponseRecorder { return w.ask(admin, "GET", "/settings", nil) }
	pages["/settings/refused"] = func() *httptest.ResponseRecorder {
		return w.ask(admin, "POST", "/settings/hooks", adding("nowhere", "chat", "task.due"))
	}
	pages["/settings/log"] = func() *httptest.ResponseRecorder { return w.ask(admin, "GET", "/settings/hooks/"+w.key(), nil) }
	pages["/clients"] = func() *httptest.ResponseRecorder { return w.ask(admin, "GET", "/clients", nil) }
	made := w.ask(admin, "POST", "/settings/hooks", adding("https://secret.example.com/in", "signed", "task.due"))
	first := made.Body.Bytes()
	pages["/settings/secret"] = func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rec.Write(first)
		return rec
	}
	mu.Unlock()
	look()
	t.Logf("%d pages were looked at", seen)
}
