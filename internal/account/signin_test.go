package account_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	in, err := w.Password(w.ctx, " ANN@example.com ", good, here, "")
	w.ok(err)
	got := w.who(in.Session)
	if got.Person != v.Person || !got.Strong || got.Token || got.Email != "ann@example.com" {
		t.Errorf("Password(right) = %+v, want Ann, strong", got)
	}
	// Unknown address, wrong password, disabled person: one answer.
	bob, _ := w.join(v, "bob@example.com", access.Owner)
	w.ok(w.Disable(w.ctx, bob.Person, v.Person))
	var answers []string
	for _, c := range [][2]string{{"nobody@example.com", good}, {"ann@example.com", "wrong horse"}, {"bob@example.com", good}, {"ann@example.com", strings.Repeat("x", 1<<20)}, {"ann@example.com", ""}} {
		w.clock.pass(time.Hour)
		_, err := w.Password(w.ctx, c[0], c[1], here, "")
		w.refused(err, fault.Denied, "")
		answers = append(answers, err.Error())
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers differ: %q and %q", a, answers[0])
		}
	}
}

// TestSameTime: at the real cost, an address that nobody has takes about as long as a wrong password.
func TestSameTime(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes at the real cost")
	}
	w := setup(t, func(o *account.Options) { o.Cost = account.Cost{Memory: 4096, Time: 2, Threads: 1} })
	w.founder()
	fastest := func(email string) time.Duration {
		best := time.Hour
		for range 8 {
			w.clock.pass(time.Hour)
			from := time.Now()
			_, err := w.Password(w.ctx, email, "wrong horse", here, "")
			best = min(best, time.Since(from))
			w.refused(err, fault.Denied, "")
		}
		return best
	}
	known, unknown := fastest("ann@example.com"), fastest("nobody@example.com")
	if known > 2*unknown || unknown > 2*known {
		t.Errorf("a wrong password takes %s, an unknown address %s; want about the same", known, unknown)
	}
}

func TestRehash(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	old, err := w.store.Password(w.ctx, v.Person)
	w.ok(err)
	stronger, err := account.New(account.Options{Store: w.store, Journal: w.notes, Kind: kindOf, Clock: w.clock.now, Random: &chance{n: 1 << 40}, Key: [32]byte{1}, Cost: account.Cost{Memory: 128, Time: 2, Threads: 1}})
	w.ok(err)
	_, err = stronger.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	now, err := w.store.Password(w.ctx, v.Person)
	w.ok(err)
	if !strings.Contains(old, "m=64,t=1,p=1") || !strings.Contains(now, "m=128,t=2,p=1") {
		t.Errorf("hash before %q, after %q; want it made anew at the new cost", old, now)
	}
	_, err = stronger.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, bad := range []string{
		"", "short", "14 characters.", strings.Repeat("long ", 26), "aaaaaaaaaaaaaaaaaa", "abababababababab", "password12345678", "Passw0rd!Passw0rd!", "P@$$word2026!!!!",
		"qwertyuiopasdfghjkl", "abcdefghijklmnopqrs", "123456789012345678", "ann.smith@example.com", "AnnSmith2026Assay!", "correct horse battery staple", "assayassayassay1",
		"correcthorsebatterystaple", "Willkommen2026!!", "\xff\xfe is not UTF-8 at all", "a null\x00 in the middle of it", "welcome welcome welcome",
	} {
		if err := w.CheckPassword(bad, "Ann Smith", "ann.smith@example.com"); !errors.Is(err, fault.Refused) {
			t.Errorf("CheckPassword(%q) = %v, want a refusal", bad, err)
		}
	}
	for _, fine := range []string{good, "vier graue reiher am wehr", "ぼくはくまがすきなんだよねほんとうに", "🦔🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤", "only lowercase no digits here then", "Xk3!pq9#Lm2$vz8&"} {
		if err := w.CheckPassword(fine, "Ann Smith", "ann.smith@example.com"); err != nil {
			t.Errorf("CheckPassword(%q) = %v, want it taken", fine, err)
		}
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	secret, _ := w.totp(v)
	enter := func(code string) error {
		t.Helper()
		in, err := w.Password(w.ctx, v.Email, good, here, "")
		w.ok(err)
		if in.Session != "" || in.Second == "" {
			t.Fatalf("Password = %+v, want only a second step", in)
		}
		if got := w.who(in.Second); got.Person != "" {
			t.Fatal("the secret of the second step counts as a session")
		}
		session, err := w.SecondFactor(w.ctx, in.Second, code, here, "")
		if err == nil && w.who(session).Person != v.Person {
			t.Fatal("somebody else is signed in")
		}
		if err == nil {
			if _, err := w.SecondFactor(w.ctx, in.Second, code, here, ""); !errors.Is(err, fault.Refused) {
				t.Errorf("the second step once more = %v, want refused", err)
			}
		}
		return err
	}
	w.refused(enter(w.code(secret, 0)), fault.Denied, "used before") // it confirmed the set-up
	w.clock.pass(time.Minute)
	w.ok(enter(w.code(secret, 0)))
	w.refused(enter(w.code(secret, 0)), fault.Denied, "used before")
	w.refused(enter(w.code(secret, -30*time.Second)), fault.Denied, "") // before one that was used
	w.ok(enter(w.code(secret, 30*time.Second)))                         // a clock that runs ahead
	w.clock.pass(2 * time.Hour)
	w.ok(enter(w.code(secret, -30*time.Second)))
	w.clock.pass(2 * time.Hour)
	for _, off := range []time.Duration{-time.Minute, time.Minute, 0} {
		code := w.code(secret, off)
		if off == 0 {
			code = "000000" + code
		}
		w.refused(enter(code), fault.Denied, "")
	}
}

// TestReplayRace: of many who send the same code at once, one gets in.
func TestReplayRace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	secret, _ := w.totp(v)
	w.clock.pass(time.Hour)
	code := w.code(secret, 0)
	var steps []string
	for range 6 {
		in, err := w.Password(w.ctx, v.Email, good, here, "")
		w.ok(err)
		steps = append(steps, in.Second)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := 0
	for _, s := range steps {
		wg.Go(func() {
			if _, err := w.SecondFactor(w.ctx, s, code, here, ""); err == nil {
				mu.Lock()
				got++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got != 1 {
		t.Errorf("one code let %d in, want 1", got)
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	_, codes := w.totp(v)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes, want 10", len(codes))
	}
	enter := func(code string) error {
		t.Helper()
		w.clock.pass(time.Hour)
		in, err := w.Password(w.ctx, v.Email, good, here, "")
		w.ok(err)
		_, err = w.SecondFactor(w.ctx, in.Second, code, here, "")
		return err
	}
	w.ok(enter(codes[0]))
	w.refused(enter(codes[0]), fault.Denied, "used before")
	w.ok(enter(strings.ToUpper(strings.ReplaceAll(codes[1], "-", " "))))
	ways, err := w.Ways(w.ctx, v.Person)
	w.ok(err)
	if ways.Codes != 8 {
		t.Errorf("%d codes left, want 8", ways.Codes)
	}
	fresh, err := w.NewCodes(w.ctx, v, here)
	w.ok(err)
	w.refused(enter(codes[2]), fault.Denied, "")
	w.ok(enter(fresh[2]))
}

func TestSealedWithAnotherKey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	secret, _ := w.totp(v)
	s, err := account.New(account.Options{Store: w.store, Journal: w.notes, Kind: kindOf, Clock: w.clock.now, Random: &chance{n: 1 << 40}, Key: [32]byte{2}, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}})
	w.ok(err)
	in, err := s.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	if _, err := s.SecondFactor(w.ctx, in.Second, w.code(secret, time.Minute), here, ""); err == nil || errors.Is(err, fault.Denied) {
		t.Errorf("with another key: %v, want a fault of the machine that names the key file", err)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	guess := func(from account.From, email string) error {
		_, err := w.Password(w.ctx, email, "wrong horse", from, "")
		return err
	}
	for range 3 {
		w.refused(guess(here, v.Email), fault.Denied, "")
	}
	var wait *account.Wait
	err := guess(here, v.Email)
	if !errors.As(err, &wait) || wait.For > time.Second || !errors.Is(err, fault.Busy) {
		t.Fatalf("the fourth guess = %v, want a wait of a second", err)
	}
	_, err = w.Password(w.ctx, v.Email, good, here, "")
	w.refused(err, fault.Busy, "try again") // the right password too: else the wait would tell
	_, err = w.Password(w.ctx, v.Email, good, account.From{Address: "198.51.100.1"}, "")
	w.ok(err) // from elsewhere the owner is not slowed
	// The wait doubles, never beyond a quarter of an hour, and the account is never shut for good.
	longest := time.Duration(0)
	for range 30 {
		err := guess(here, v.Email)
		if errors.As(err, &wait) {
			longest = max(longest, wait.For)
			w.clock.pass(wait.For)
			continue
		}
		w.refused(err, fault.Denied, "")
	}
	if longest < time.Minute || longest > 15*time.Minute {
		t.Errorf("the longest wait is %s, want minutes", longest)
	}
	w.clock.pass(15 * time.Minute)
	_, err = w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	w.refused(guess(here, v.Email), fault.Denied, "") // and the count began anew
	// An unknown address is slowed as a known one is.
	for range 3 {
		w.refused(guess(account.From{Address: "203.0.113.5"}, "nobody@example.com"), fault.Denied, "")
	}
	w.refused(guess(account.From{Address: "203.0.113.5"}, "nobody@example.com"), fault.Busy, "")
	// Who guesses at many accounts from one network of IPv6 is slowed too.
	n := 0
	for i := range 40 {
		from := account.From{Address: "2001:db8::" + string(rune('a'+i%6)) + string(rune('0'+i%10))}
		if err := guess(from, strings.Repeat("x", i+1)+"@example.com"); errors.Is(err, fault.Busy) {
			n++
		}
	}
	if n != 20 {
		t.Errorf("%d of 40 guesses over one network were slowed, want 20", n)
	}
}

// TestOwnerIsNotShutOut: while strangers guess without end, the owner gets in from a browser that is known, and only there.
func TestOwnerIsNotShutOut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, session := w.founder()
	mark, err := w.Known(w.ctx, session)
	w.ok(err)
	bob, theirs := w.join(v, "bob@example.com", access.Owner)
	other, err := w.Known(w.ctx, theirs)
	w.ok(err)
	for i := range 60 {
		_, err := w.Password(w.ctx, v.Email, "wrong horse", account.From{Address: fmt.Sprintf("198.51.100.%d", i)}, "")
		if err == nil {
			t.Fatal("a guess got in")
		}
		w.clock.pass(time.Second)
	}
	known := here
	known.Known = mark
	_, err = w.Password(w.ctx, v.Email, good, known, "")
	w.ok(err)
	for _, forged := range []string{"", other, mark[:len(mark)-1] + "x", "x" + mark[1:], strings.Repeat("x", 66)} {
		from := account.From{Address: "203.0.113.9", Known: forged}
		_, err := w.Password(w.ctx, v.Email, good, from, "")
		w.refused(err, fault.Busy, "")
	}
	for range 3 {
		_, err := w.Password(w.ctx, bob.Email, "wrong horse", account.From{Address: here.Address, Known: other}, "")
		w.refused(err, fault.Denied, "")
	}
	_, err = w.Password(w.ctx, bob.Email, "wrong horse", account.From{Address: "203.0.113.77", Known: other}, "")
	w.refused(err, fault.Busy, "") // a stolen mark is slowed wherever it goes
}

func TestThrottleSecondFactor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, _ := w.founder()
	w.totp(v)
	in, err := w.Password(w.ctx, v.Email, good, here, "")
	w.ok(err)
	var busy, denied int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 15 {
		wg.Go(func() {
			_, err := w.SecondFactor(w.ctx, in.Second, "123456", here, "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, fault.Busy):
				busy++
			case errors.Is(err, fault.Denied):
				denied++
			}
		})
	}
	wg.Wait()
	if denied > 5 || busy < 10 {
		t.Errorf("of 15 guesses at once %d were judged and %d slowed; want at most 5 judged", denied, busy)
	}
}

// TestCrew: hashing fills its places and the rest is refused at once, while who is signed in goes on.
func TestCrew(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *account.Options) { o.Cost = account.Cost{Memory: 16 * 1024, Time: 4, Threads: 1} })
	_, session := w.founder()
	var busy, answered int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 80 {
		wg.Go(func() {
			_, err := w.Password(w.ctx, strings.Repeat("y", i%20+1)+"@example.com", "wrong horse", account.From{Address: "198.51.100." + string(rune('1'+i%9))}, "")
			mu.Lock()
			defer mu.Unlock()
			var wait *account.Wait
			switch {
			case errors.As(err, &wait), errors.Is(err, fault.Denied):
				answered++
			case errors.Is(err, fault.Busy):
				busy++
			default:
				t.Errorf("a sign-in in the flood: %v", err)
			}
		})
	}
	for range 50 {
		if w.who(session).Person == "" {
			t.Error("a session is lost in the flood")
		}
	}
	wg.Wait()
	if busy == 0 || answered == 0 {
		t.Errorf("of 80 sign-ins at once %d were refused as busy and %d answered; want some of both", busy, answered)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := w.Password(ctx, "ann@example.com", good, here, ""); err == nil {
		t.Error("a sign-in that nobody waits for goes on")
	}
}
