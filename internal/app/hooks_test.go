package app

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/outbound"
	"github.com/assayhq/assay/internal/store/accounts"
)

// hand is a clock that the test moves; it stands still between.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (c *hand) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *hand) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// arrival is one request that a receiver got.
type arrival struct {
	header http.Header
	body   []byte
}

// receiver is a server of HTTPS at loopback that answers as it is told.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []arrival
	next func(n int, w http.ResponseWriter, r *http.Request) // nil: 204
}

func newReceiver(t *testing.T, next func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	x := &receiver{next: next}
	x.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		x.mu.Lock()
		x.got = append(x.got, arrival{r.Header.Clone(), b})
		n := len(x.got)
		x.mu.Unlock()
		if x.next == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		x.next(n, w, r)
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *receiver) all() []arrival {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.got)
}

// reach lets this test's receivers be asked, and nothing else of this machine.
func reach(t *testing.T, list ...*receiver) outbound.Config {
	t.Helper()
	c := outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: x509.NewCertPool(), Timeout: 2 * time.Second}
	for _, x := range list {
		u, err := url.Parse(x.URL)
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		c.RootCAs.AddCert(x.Certificate())
		c.Ports = append(c.Ports, uint16(port))
	}
	return c
}

// sending wires hooks over a real store without a loop: the test says when they deliver.
func sending(t *testing.T, path string, clock *hand, c outbound.Config) *hooking {
	t.Helper()
	store, err := accounts.Open(t.Context(), path, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	in := &installation{app: &App{Clock: clock.Now, Random: rand.Reader, Outbound: c}, people: store, base: "https://assay.example"}
	h, err := in.newHooking([32]byte{7}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hooking) now(t *testing.T) {
	t.Helper()
	h.deliver(t.Context())
	h.flying.Wait()
}

func added(t *testing.T, x orgHooks, to, form string, events ...string) (api.Hook, []outbound.Secret) {
	t.Helper()
	k, secret, err := x.AddHook(t.Context(), "ann@example.com", api.NewHook{URL: to, Events: events, Form: form})
	if err != nil {
		t.Fatalf("AddHook(%s) = %v", to, err)
	}
	if form == chatForm {
		if secret != "" {
			t.Errorf("a chat has the secret %q, want none: nothing is signed", secret)
		}
		return k, nil
	}
	s, err := outbound.ParseSecret(secret)
	if err != nil {
		t.Fatalf("the secret of a new hook: %v", err)
	}
	return k, []outbound.Secret{s}
}

func history(t *testing.T, x orgHooks, k api.Hook) []api.Delivery {
	t.Helper()
	list, total, err := x.Deliveries(t.Context(), k.ID, 0, 100)
	if err != nil || total != len(list) {
		t.Fatalf("Deliveries = %d of %d, %v", len(list), total, err)
	}
	return list
}

var morning = time.Date(2025, 10, 6, 8, 0, 0, 0, time.UTC)

func TestHookIsTriedAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusOK)
		}
	})
	clock := &hand{now: morning}
	path := filepath.Join(t.TempDir(), "accounts.db")
	h := sending(t, path, clock, reach(t, r))
	x := orgHooks{h, "org", "acme", "Acme"}
	k, secrets := added(t, x, r.URL+"/in", signedForm, "task.due")
	if err := x.TestHook(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	h.now(t)
	h.now(t) // nothing is due yet
	clock.move(10 * time.Second)
	if err := h.store.Close(); err != nil { // a restart
		t.Fatal(err)
	}
	h = sending(t, path, clock, reach(t, r))
	x.h = h
	h.now(t)
	clock.move(59 * time.Minute)
	h.now(t) // the receiver asked for an hour
	clock.move(2 * time.Minute)
	h.now(t)
	clock.move(100 * time.Hour)
	h.now(t) // it was taken
	got := r.all()
	if len(got) != 3 {
		t.Fatalf("the receiver was asked %d times, want 3", len(got))
	}
	ids := map[string]bool{}
	times := []time.Time{morning, morning.Add(10 * time.Second), morning.Add(61*time.Minute + 10*time.Second)}
	for i, a := range got {
		name, err := outbound.Verify(secrets, a.header, a.body, times[i])
		if err != nil {
			t.Errorf("attempt %d: %v", i+1, err)
		}
		ids[name] = true
		if !bytes.Equal(a.body, got[0].body) {
			t.Errorf("attempt %d says %s, the first %s", i+1, a.body, got[0].body)
		}
	}
	if len(ids) != 1 {
		t.Errorf("the attempts have the ids %v, want one", ids)
	}
	var e struct {
		Type, Timestamp string
		Data            struct{ Organization string }
	}
	if err := json.Unmarshal(got[0].body, &e); err != nil || e.Type != testEvent || e.Timestamp != "2025-10-06T08:00:00Z" || e.Data.Organization != "acme" {
		t.Errorf("the event is %s", got[0].body)
	}
	list := history(t, x, k)
	if len(list) != 3 || list[0].Status != 200 || list[0].Problem != "" || list[0].Next != "" || list[1].Status != 503 || list[1].Next == "" || list[2].Attempt != 1 {
		t.Errorf("the history is %+v", list)
	}
}

func TestHookIsGone(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	clock := &hand{now: morning}
	h := sending(t, filepath.Join(t.TempDir(), "accounts.db"), clock, reach(t, r))
	x := orgHooks{h, "org", "acme", "Acme"}
	k, _ := added(t, x, r.URL, signedForm, "task.due")
	if err := x.TestHook(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	h.now(t)
	clock.move(100 * time.Hour)
	h.now(t)
	if n := len(r.all()); n != 1 {
		t.Errorf("a receiver that is gone was asked %d times, want 1", n)
	}
	list, err := x.Hooks(t.Context())
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Stopped, "410") {
		t.Errorf("Hooks = %+v, %v, want it stopped", list, err)
	}
	if err := x.TestHook(t.Context(), k.ID); !errors.Is(err, fault.Refused) {
		t.Errorf("TestHook of a stopped one = %v, want refused", err)
	}
}

// TestHookThatNeverAnswers: ten attempts over three days, then the hook is stopped and says why.
func TestHookThatNeverAnswers(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	r := newReceiver(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(done) })
	clock := &hand{now: morning}
	c := reach(t, r)
	c.Timeout = 30 * time.Millisecond
	h := sending(t, filepath.Join(t.TempDir(), "accounts.db"), clock, c)
	x := orgHooks{h, "org", "acme", "Acme"}
	k, _ := added(t, x, r.URL+"/secret-path", signedForm, "task.due")
	if err := x.TestHook(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		h.now(t)
		clock.move(29 * time.Hour)
	}
	list := history(t, x, k)
	if len(list) != 10 {
		t.Fatalf("%d attempts, want 10", len(list))
	}
	for _, d := range list {
		if d.Status != 0 || !strings.Contains(d.Problem, "no answer in time") || strings.Contains(d.Problem, "secret-path") {
			t.Errorf("an attempt says %+v, want that no answer came in time, without the path", d)
		}
	}
	hooks, err := x.Hooks(t.Context())
	if err != nil || !strings.HasPrefix(hooks[0].Stopped, "given up after 10 attempts") {
		t.Errorf("Hooks = %+v, %v, want it stopped", hooks, err)
	}
}

// TestHooksReachNothingInside: what may not be asked is refused when it is entered, and again when it is sent, for a name may lead elsewhere by then.
func TestHooksReachNothingInside(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	clock := &hand{now: morning}
	path := filepath.Join(t.TempDir(), "accounts.db")
	open := sending(t, path, clock, reach(t, r))
	x := orgHooks{open, "org", "acme", "Acme"}
	k, _ := added(t, x, r.URL, signedForm, "task.due")
	if err := x.TestHook(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	c := reach(t, r)
	c.Allow = nil
	shut := sending(t, path, clock, c)
	shut.now(t)
	if n := len(r.all()); n != 0 {
		t.Errorf("loopback was asked %d times, want never", n)
	}
	if opened, err := shut.in.newHooking([32]byte{7}, []string{"127.0.0.0/8"}); err != nil {
		t.Error(err)
	} else if err := opened.client.CheckURL(r.URL); err != nil {
		t.Errorf("what the operator allows is refused: %v", err)
	}
	for _, bad := range []string{"loopback", "127.0.0.1", "0.0.0.0/0"} {
		if _, err := shut.in.newHooking([32]byte{7}, []string{bad}); err == nil {
			t.Errorf("--allow-outbound %s is taken", bad)
		}
	}
	x.h = shut
	if list, err := x.Hooks(t.Context()); err != nil || list[0].Stopped == "" {
		t.Errorf("Hooks = %+v, %v, want it stopped", list, err)
	}
	for _, bad := range []string{r.URL, "https://localhost/", "https://10.0.0.1/x", "https://[::1]/", "https://169.254.169.254/latest", "https://0x7f000001/", "https://2130706433/",
		"http://hooks.example.com/", "https://user:pass@hooks.example.com/", "https://hooks.example.com:22/", "javascript:alert(1)", "", "https://hooks.example.com/\u202e", "https://a/" + strings.Repeat("x", 1<<20)} {
		_, secret, err := x.AddHook(t.Context(), "ann@example.com", api.NewHook{URL: bad, Events: []string{"task.due"}, Form: signedForm})
		var f *fault.Error
		if !errors.Is(err, fault.Refused) || !errors.As(err, &f) || f.Field != "url" || secret != "" {
			t.Errorf("AddHook(%.60q) = %v, want the field url refused", bad, err)
		}
	}
	for _, n := range []api.NewHook{{URL: "https://hooks.example.com/", Form: signedForm}, {URL: "https://hooks.example.com/", Form: signedForm, Events: []string{"everything"}},
		{URL: "https://hooks.example.com/", Form: "carrier pigeon", Events: []string{"task.due"}}} {
		if _, _, err := x.AddHook(t.Context(), "ann@example.com", n); !errors.Is(err, fault.Refused) {
			t.Errorf("AddHook(%+v) = %v, want refused", n, err)
		}
	}
}

// TestHooksAreSealed: who holds the database alone learns neither address nor key, and nothing of one organization opens as another's.
func TestHooksAreSealed(t *testing.T) {
	t.Parallel()
	clock := &hand{now: morning}
	path := filepath.Join(t.TempDir(), "accounts.db")
	h := sending(t, path, clock, outbound.Config{})
	x := orgHooks{h, "org", "acme", "Acme"}
	k, secret, err := x.AddHook(t.Context(), "ann@example.com", api.NewHook{URL: "https://hooks.example.com/services/T0/very-secret", Events: []string{"task.due"}, Form: signedForm})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprint(k), "very-secret") {
		t.Errorf("the hook is shown as %+v", k)
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"very-secret", secret, strings.TrimPrefix(secret, "whsec_")} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("the file%s holds a secret as it is", suffix)
			}
		}
	}
	list, err := h.store.Hooks(t.Context(), "org")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.open(list[0]); err != nil || got.URL != "https://hooks.example.com/services/T0/very-secret" {
		t.Errorf("open = %v, %v", got.URL, err)
	}
	list[0].Org = "other"
	if _, err := h.open(list[0]); !errors.Is(err, fault.Integrity) {
		t.Errorf("open as another organization's = %v, want a fault of integrity", err)
	}
	// Another organization sees, tries and removes nothing of it.
	y := orgHooks{h, "other", "other", "Other"}
	_, _, seen := y.Deliveries(t.Context(), k.ID, 0, 10)
	for what, err := range map[string]error{"Deliveries": seen, "TestHook": y.TestHook(t.Context(), k.ID), "DropHook": y.DropHook(t.Context(), k.ID)} {
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("%s from elsewhere = %v, want not found", what, err)
		}
	}
	if list, err := y.Hooks(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("Hooks from elsewhere = %v, %v", list, err)
	}
}

// TestChatCallsNobody: a name that an organization gave itself is text in a chat, and calls nobody there.
func TestChatCallsNobody(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	h := sending(t, filepath.Join(t.TempDir(), "accounts.db"), &hand{now: morning}, reach(t, r))
	x := orgHooks{h, "org", "acme", "<!channel> @here \u202e<https://evil.example|Acme>"}
	k, _ := added(t, x, r.URL+"/services/T0", chatForm, "task.due")
	if err := x.TestHook(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	h.now(t)
	got := r.all()
	if len(got) != 1 || got[0].header.Get(outbound.HeaderSignature) != "" {
		t.Fatalf("the chat got %d messages, want one without a signature", len(got))
	}
	var m struct{ Text string }
	if err := json.Unmarshal(got[0].body, &m); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<!", "<https", "@here", "\u202e"} {
		if strings.Contains(m.Text, bad) {
			t.Errorf("the message %q holds %q", m.Text, bad)
		}
	}
	if !strings.Contains(m.Text, "https://assay.example/o/acme/") {
		t.Errorf("the message %q leads nowhere", m.Text)
	}
}

// TestOneSlowReceiverHoldsUpNobody: while one does not answer, another gets what is its.
func TestOneSlowReceiverHoldsUpNobody(t *testing.T) {
	t.Parallel()
	let := make(chan struct{})
	slow := newReceiver(t, func(int, http.ResponseWriter, *http.Request) { <-let })
	quick := newReceiver(t, nil)
	h := sending(t, filepath.Join(t.TempDir(), "accounts.db"), &hand{now: morning}, reach(t, slow, quick))
	for i, r := range []*receiver{slow, quick} {
		x := orgHooks{h, id.Org(fmt.Sprint("org-", i)), "acme", "Acme"}
		k, _ := added(t, x, r.URL, signedForm, "task.due")
		if err := x.TestHook(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.deliver(t.Context())
	patient(t, "the quick one has it", func() bool { return len(quick.all()) == 1 && len(slow.all()) == 1 })
	h.deliver(t.Context()) // what is under way is not sent a second time
	close(let)
	h.flying.Wait()
	if n := len(slow.all()); n != 1 {
		t.Errorf("the slow receiver was asked %d times, want 1", n)
	}
}

func patient(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute it is not so that %s", what)
		}
	}
}

// TestTasksAreToldOnce: what was open when somebody first asked is no news, and neither is what was told; nothing is said while nothing is known.
func TestTasksAreToldOnce(t *testing.T) {
	t.Parallel()
	x := orgHooks{&hooking{in: &installation{}, random: rand.Reader}, "org", "acme", "Acme"}
	mark := []byte(nil)
	day := civil.NewDate(2025, 10, 6)
	look := func(known bool, list ...operate.Instance) (out []string) {
		t.Helper()
		f, marks := found{open: list, known: known}, map[string][]byte{}
		events, err := f.due(x, morning, func(string) ([]byte, error) { return mark, nil }, marks)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := marks["tasks"]; ok {
			mark = m
		}
		for _, e := range events {
			var b api.TaskEvent
			if err := json.Unmarshal(e.Body, &b); err != nil || b.Data.Organization != "acme" || b.Type != e.Type {
				t.Errorf("the event is %s", e.Body)
			}
			out = append(out, b.Type+" "+b.Data.Control+" "+b.Data.Key+" "+b.Data.Due.String())
		}
		return out
	}
	one := operate.Instance{Control: "AST-01", Key: "2025-09", Due: day}
	two := operate.Instance{Control: "ACC-04", Key: "2025-Q3", Due: day + 1}
	late := one
	late.Late = true
	for i, c := range []struct {
		got, want []string
	}{
		{look(true), nil},
		{look(true, one), []string{"task.due AST-01 2025-09 2025-10-06"}},
		{look(true, one, one), nil},
		{look(false), nil},
		{look(true, two, late), []string{"task.late AST-01 2025-09 2025-10-06", "task.due ACC-04 2025-Q3 2025-10-07"}},
		{look(true, late, two), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("look %d tells %q, want %q", i+1, c.got, c.want)
		}
	}
	mark = nil
	if got := look(true, one, two); got != nil {
		t.Errorf("the first look tells %q, want nothing", got)
	}
}
