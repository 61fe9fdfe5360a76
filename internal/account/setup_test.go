package account_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/store/accounts"
)

const (
	acme  = id.Org("org_acme")
	other = id.Org("org_other")
	firm  = id.Org("org_firm")
	good  = "violet kettles argue quietly"
)

// kindOf says that one of the organizations is an audit firm.
func kindOf(_ context.Context, org id.Org) (access.Kind, error) {
	switch org {
	case acme, other:
		return access.Service, nil
	case firm:
		return access.Firm, nil
	}
	return 0, fault.NotFound
}

var here = account.From{Address: "192.0.2.7", Agent: "Firefox on Linux"}

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// chance is a stream that differs at every place and is the same in every run.
type chance struct {
	mu sync.Mutex
	n  uint64
}

func (c *chance) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 0; i < len(b); i += 32 {
		c.n++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, c.n))
		copy(b[i:], sum[:])
	}
	return len(b), nil
}

type journal struct {
	mu   sync.Mutex
	list []account.Event
	orgs []id.Org
	fail error
}

func (j *journal) Note(_ context.Context, org id.Org, e account.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list, j.orgs = append(j.list, e), append(j.orgs, org)
	return j.fail
}

func (j *journal) acts() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, e := range j.list {
		out = append(out, e.Act)
	}
	return strings.Join(out, ", ")
}

type world struct {
	*account.Service
	t     *testing.T
	ctx   context.Context
	store *accounts.Store
	clock *clock
	notes *journal
	path  string
}

func setup(t *testing.T, change ...func(*account.Options)) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), clock: &clock{at: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}, notes: &journal{}, path: filepath.Join(t.TempDir(), "accounts.db")}
	store, err := accounts.Open(w.ctx, w.path, w.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.store = store
	o := account.Options{Store: store, Journal: w.notes, Kind: kindOf, Clock: w.clock.now, Random: &chance{}, Key: [32]byte{1}, Origins: []string{"https://assay.example"},
		Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}}
	for _, c := range change {
		c(&o)
	}
	if w.Service, err = account.New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// founder sets the installation up and founds an organization.
func (w *world) founder() (access.Visitor, string) {
	w.t.Helper()
	token, err := w.FirstRun(w.ctx)
	w.ok(err)
	session, err := w.EnrolByPassword(w.ctx, account.Newcomer{Link: token, Name: "Ann", Email: "Ann@Example.com"}, good, here)
	w.ok(err)
	v := w.who(session)
	w.ok(w.Found(w.ctx, acme, v.Person, here))
	return v, session
}

// join invites somebody and has them accept with a new account.
func (w *world) join(by access.Visitor, email string, roles ...access.Role) (access.Visitor, string) {
	w.t.Helper()
	secret, err := w.Invite(w.ctx, acme, email, roles, by, here)
	w.ok(err)
	session, err := w.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Some Body"}, good, here)
	w.ok(err)
	return w.who(session), session
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err, kind error, words string) {
	w.t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
		w.t.Errorf("got %v, want %v with %q", err, kind, words)
	}
}

func (w *world) who(session string) access.Visitor {
	w.t.Helper()
	v, err := w.Identify(w.ctx, session)
	w.ok(err)
	return v.Visitor
}

// totp turns the second factor on and gives its secret with the recovery codes.
func (w *world) totp(v access.Visitor) (secret string, codes []string) {
	w.t.Helper()
	n, err := w.BeginTOTP(w.ctx, v)
	w.ok(err)
	codes, err = w.ConfirmTOTP(w.ctx, v, n.Setup, w.code(n.Secret, 0), here)
	w.ok(err)
	return n.Secret, codes
}

func (w *world) code(secret string, off time.Duration) string {
	w.t.Helper()
	c, err := totp.GenerateCode(secret, w.clock.now().Add(off))
	w.ok(err)
	return c
}

func TestFirstRun(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first, err := w.FirstRun(w.ctx)
	w.ok(err)
	token, err := w.FirstRun(w.ctx)
	w.ok(err)
	n := account.Newcomer{Link: first, Name: "Ann", Email: "ann@example.com"}
	_, err = w.EnrolByPassword(w.ctx, n, good, here)
	w.refused(err, fault.NotFound, "") // a later link ends an earlier one
	n.Link = token
	_, err = w.EnrolByPassword(w.ctx, n, "short", here)
	w.refused(err, fault.Refused, "at least 15")
	_, err = w.EnrolByPassword(w.ctx, n, good, here)
	w.ok(err)
	n.Email = "eve@example.com"
	_, err = w.EnrolByPassword(w.ctx, n, good, here)
	w.refused(err, fault.NotFound, "")
	_, err = w.FirstRun(w.ctx)
	w.refused(err, fault.Refused, "set up already")
}

func TestFirstRunExpires(t *testing.T) {
	t.Parallel()
	w := setup(t)
	token, err := w.FirstRun(w.ctx)
	w.ok(err)
	w.clock.pass(24 * time.Hour)
	_, err = w.EnrolByPassword(w.ctx, account.Newcomer{Link: token, Name: "Ann", Email: "ann@example.com"}, good, here)
	w.refused(err, fault.NotFound, "")
}

// TestFirstRunRace: of many who hold the link, one gets in.
func TestFirstRunRace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	token, err := w.FirstRun(w.ctx)
	w.ok(err)
	var in sync.Map
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			n := account.Newcomer{Link: token, Name: "Ann", Email: string(rune('a'+i)) + "@example.com"}
			if _, err := w.EnrolByPassword(w.ctx, n, good, here); err == nil {
				in.Store(i, true)
			}
		})
	}
	wg.Wait()
	n := 0
	in.Range(func(_, _ any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d got in by one link, want 1", n)
	}
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, session := w.founder()
	w.totp(v)
	api, err := w.NewToken(w.ctx, v, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.ok(err)
	token, err := w.RecoveryLink(w.ctx, v.Email)
	w.ok(err)
	const fresh = "seven grey herons waded east"
	w.refused(w.Recover(w.ctx, token, "ann ann ann ann", here), fault.Refused, "password")
	w.ok(w.Recover(w.ctx, token, fresh, here))
	w.refused(w.Recover(w.ctx, token, fresh, here), fault.NotFound, "")
	if got := w.who(session); got.Person != "" {
		t.Errorf("the old session is of %v, want nobody", got.Person)
	}
	if got, _ := w.IdentifyToken(w.ctx, api); got.Visitor.Person != "" {
		t.Errorf("the old token is of %v, want nobody", got.Visitor.Person)
	}
	in, err := w.Password(w.ctx, v.Email, fresh, here, "")
	w.ok(err)
	if in.Session == "" {
		t.Error("a second factor is asked for that was lost")
	}
}

// TestAtRest: the file holds no secret that would let its reader in.
func TestAtRest(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, session := w.founder()
	secret, codes := w.totp(v)
	api, err := w.NewToken(w.ctx, v, acme, "ci", []access.Scope{access.ScopeRead}, time.Hour, here)
	w.ok(err)
	invitation, err := w.Invite(w.ctx, acme, "bob@example.com", []access.Role{access.Owner}, v, here)
	w.ok(err)
	files, err := filepath.Glob(w.path + "*")
	w.ok(err)
	for _, f := range files {
		b := readFile(t, f)
		for name, s := range map[string]string{"session": session, "second factor": secret, "recovery code": strings.ReplaceAll(codes[0], "-", ""), "token": api[23:],
			"invitation": invitation, "password": good} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s holds the %s in clear", filepath.Base(f), name)
			}
		}
	}
	if len(files) == 0 {
		t.Error("no file found")
	}
}

func TestJournalFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	w.notes.fail = errors.New("ledger full")
	in, err := w.Password(w.ctx, v.Email, good, here, "")
	if err == nil || !strings.Contains(err.Error(), "ledger full") {
		t.Errorf("a sign-in that cannot be noted: %v, %v, want the fault", in, err)
	}
}
