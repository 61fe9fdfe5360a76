package account

import (
	"context"
	"errors"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// errWrong answers a wrong password as it answers an address that nobody has.
func errWrong() error {
	return &fault.Error{Kind: fault.Denied, What: "e-mail address and password do not belong together"}
}

// Entered is how far a sign-in came.
type Entered struct {
	Person  id.Person
	Session string // secret of a session; empty: a second factor is asked for
	Second  string // secret that SecondFactor wants back
}

// Password signs a person in by address and password. An unknown address, a disabled person and one without a password take the
// same time and get the same answer as a wrong password.
func (s *Service) Password(ctx context.Context, email, password string, from From, old string) (Entered, error) {
	email, err := access.ParseEmail(email)
	if err != nil {
		return Entered{}, err
	}
	p, err := s.prove(ctx, email, password, from)
	if err != nil {
		return Entered{}, err
	}
	if _, err := s.o.Store.TOTP(ctx, p.ID); err == nil {
		second, err := s.wait(ctx, access.Pending{Kind: "second", Person: p.ID}, secondLife)
		return Entered{Person: p.ID, Second: second}, err
	} else if !errors.Is(err, fault.NotFound) {
		return Entered{}, err
	}
	session, err := s.enter(ctx, p.ID, "password", from, old)
	return Entered{Person: p.ID, Session: session}, err
}

// prove finds the person whose password it is.
func (s *Service) prove(ctx context.Context, email, password string, from From) (access.Person, error) {
	a := s.attemptAt(email, from)
	if err := s.allowed(ctx, a); err != nil {
		return access.Person{}, err
	}
	p, phc, err := s.known(ctx, email)
	if err != nil {
		return p, err
	}
	known := phc != ""
	if !known {
		phc = s.dummy
	}
	if len(password) > 4*longest { // never set here, and dear to normalize
		password = ""
	}
	ok, weak, err := s.matches(ctx, password, phc)
	if err != nil {
		return access.Person{}, err
	}
	// Many may have waited for their turn together: what they found out meanwhile counts for all of them.
	if err := s.allowed(ctx, a); err != nil {
		return access.Person{}, err
	}
	if !ok || !known {
		if err := s.failed(ctx, a); err != nil {
			return access.Person{}, err
		}
		if err := s.note(ctx, "", from, Event{Act: SignInFailed, Person: p.ID, Detail: "password"}); err != nil {
			return access.Person{}, err
		}
		return access.Person{}, errWrong()
	}
	if err := s.succeeded(ctx, a); err != nil {
		return access.Person{}, err
	}
	if weak {
		phc, err := s.newHash(ctx, password)
		if errors.Is(err, fault.Busy) {
			return p, nil // at the next sign-in
		}
		if err != nil {
			return access.Person{}, err
		}
		return p, s.o.Store.SetPassword(ctx, p.ID, phc, s.now())
	}
	return p, nil
}

// known gives the person with the address and their hash; no hash for whoever may not sign in by password.
func (s *Service) known(ctx context.Context, email string) (access.Person, string, error) {
	p, err := s.o.Store.PersonByEmail(ctx, email)
	if errors.Is(err, fault.NotFound) {
		return access.Person{}, "", nil
	} else if err != nil {
		return p, "", err
	}
	phc, err := s.o.Store.Password(ctx, p.ID)
	if errors.Is(err, fault.NotFound) {
		err = nil
	}
	if p.Disabled != nil {
		phc = ""
	}
	return p, phc, err
}

// wait keeps something for the next request of a browser, under a secret that the browser holds.
func (s *Service) wait(ctx context.Context, p access.Pending, life time.Duration) (secret string, err error) {
	if secret, err = s.secret(); err != nil {
		return "", err
	}
	now := s.now()
	p.Hash, _ = digest(secret)
	p.Expires = now.Add(life)
	return secret, s.o.Store.AddPending(ctx, p, now)
}

// take takes what waits, once; peek only looks.
func (s *Service) take(ctx context.Context, secret, kind string) (access.Pending, error) {
	return s.waiting(ctx, secret, kind, s.o.Store.TakePending)
}

func (s *Service) peek(ctx context.Context, secret, kind string) (access.Pending, error) {
	return s.waiting(ctx, secret, kind, s.o.Store.Pending)
}

func (s *Service) waiting(ctx context.Context, secret, kind string, get func(context.Context, []byte, string) (access.Pending, error)) (access.Pending, error) {
	hash, ok := digest(secret)
	if !ok {
		return access.Pending{}, errLate()
	}
	p, err := get(ctx, hash, kind)
	if errors.Is(err, fault.NotFound) || err == nil && !s.now().Before(p.Expires) {
		return access.Pending{}, errLate()
	}
	return p, err
}

func errLate() error {
	return fault.Refuse("this took too long, or was done in another window").WithHint("start again")
}

// SecondFactor ends a sign-in by password: code is of the authenticator program, or a recovery code.
func (s *Service) SecondFactor(ctx context.Context, second, code string, from From, old string) (session string, err error) {
	w, err := s.peek(ctx, second, "second")
	if err != nil {
		return "", err
	}
	method, err := s.factor(ctx, w.Person, code, from, SignInFailed)
	if err != nil {
		return "", err
	}
	if _, err := s.take(ctx, second, "second"); err != nil {
		return "", err
	}
	p, err := s.o.Store.Person(ctx, w.Person)
	if err != nil {
		return "", err
	}
	if p.Disabled != nil {
		return "", errWrong()
	}
	return s.enter(ctx, p.ID, method, from, old)
}

// factor takes a code of the second factor, once, and says which kind it was.
func (s *Service) factor(ctx context.Context, p id.Person, code string, from From, act string) (method string, err error) {
	a := s.attemptAt("second\x00"+string(p), from)
	err = s.crew.do(ctx, func() error { // two at a time: a thousand guesses at once would be judged before the first is counted
		method, err = s.tryFactor(ctx, a, p, code, from, act)
		return err
	})
	return method, err
}

func (s *Service) tryFactor(ctx context.Context, a attempt, p id.Person, code string, from From, act string) (method string, err error) {
	if err := s.allowed(ctx, a); err != nil {
		return "", err
	}
	if method, err = s.useCode(ctx, p, code); err == nil {
		return method, s.succeeded(ctx, a)
	}
	if !errors.Is(err, fault.Denied) {
		return "", err
	}
	wrong := err
	if err := s.failed(ctx, a); err != nil {
		return "", err
	}
	if err := s.note(ctx, "", from, Event{Act: act, Person: p, Detail: "second factor"}); err != nil {
		return "", err
	}
	return "", wrong
}

// Again proves once more who sits there, by password and, where there is one, second factor. The session gets a new secret.
func (s *Service) Again(ctx context.Context, v access.Visitor, password, code string, from From, old string) (session string, err error) {
	p, err := s.prove(ctx, v.Email, password, from)
	if err != nil {
		return "", err
	}
	if p.ID != v.Person {
		return "", errWrong()
	}
	method := "password"
	if _, err := s.o.Store.TOTP(ctx, p.ID); err == nil {
		if method, err = s.factor(ctx, p.ID, code, from, StepUpFailed); err != nil {
			return "", err
		}
	} else if !errors.Is(err, fault.NotFound) {
		return "", err
	}
	return s.stronger(ctx, p.ID, method, from, old)
}

func (s *Service) stronger(ctx context.Context, p id.Person, method string, from From, old string) (string, error) {
	session, err := s.open(ctx, p, method, from, old)
	if err != nil {
		return "", err
	}
	return session, s.note(ctx, "", from, Event{Act: SteppedUp, Person: p, Detail: method})
}
