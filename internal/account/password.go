package account

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Cost is what one guess at a password costs: argon2id, RFC 9106.
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// DefaultCost is OWASP's first choice of 2025: 19 MiB, 2 passes.
var DefaultCost = Cost{Memory: 19 * 1024, Time: 2, Threads: 1}

const (
	saltBytes, hashBytes = 16, 32
	shortest, longest    = 15, 128 // characters; 15 is what NIST SP 800-63B-4 section 3.1.1.2 asks of a password that stands alone
)

// hash makes the PHC string of a password.
func (c Cost) hash(password string, random io.Reader) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", err
	}
	b := base64.RawStdEncoding
	key := argon2.IDKey(normal(password), salt, c.Time, c.Memory, c.Threads, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads, b.EncodeToString(salt), b.EncodeToString(key)), nil
}

// normal gives the same bytes however a keyboard composes letters; see NIST SP 800-63B-4, section 3.1.1.2.
func normal(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// parsePHC reads what hash writes. Costs beyond any that was ever used here are refused, so that a broken row cannot take all memory.
func parsePHC(s string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	var version int
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return c, nil, nil, errors.New("the kept password hash is not argon2id in PHC form")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, errors.New("the kept password hash is of another argon2")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil || c.Memory < 8 || c.Memory > 1<<20 || c.Time < 1 || c.Time > 64 || c.Threads < 1 || c.Threads > 16 {
		return c, nil, nil, errors.New("the kept password hash has costs that are none")
	}
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err := errors.Join(err1, err2); err != nil || len(salt) < 8 || len(key) != hashBytes {
		return c, nil, nil, errors.New("the kept password hash cannot be read")
	}
	return c, salt, key, nil
}

// matches compares in constant time; weak says that the hash was made at another cost than today's.
func (s *Service) matches(ctx context.Context, password, phc string) (ok, weak bool, err error) {
	c, salt, key, err := parsePHC(phc)
	if err != nil {
		return false, false, err
	}
	err = s.crew.do(ctx, func() error {
		got := argon2.IDKey(normal(password), salt, c.Time, c.Memory, c.Threads, hashBytes)
		ok = subtle.ConstantTimeCompare(got, key) == 1
		return nil
	})
	return ok, c != s.cost, err
}

// newHash hashes a password in the crew.
func (s *Service) newHash(ctx context.Context, password string) (phc string, err error) {
	err = s.crew.do(ctx, func() (err error) {
		phc, err = s.cost.hash(password, s.o.Random)
		return err
	})
	return phc, err
}

// CheckPassword holds a new password to the rules: 15 to 128 characters, whichever, and not one that comes to mind first. The
// list of those is our own: patterns, common words and what is known of the person; it is no copy of what was ever breached,
// and nobody outside is asked.
func (s *Service) CheckPassword(password string, about ...string) error {
	n := utf8.RuneCountInString(password)
	refuse := func(format string, args ...any) error {
		return &fault.Error{Kind: fault.Refused, Field: "password", What: fmt.Sprintf(format, args...)}
	}
	switch {
	case !utf8.ValidString(password):
		return refuse("the password is not UTF-8")
	case n < shortest:
		return refuse("the password has %d characters; expected at least %d: a sentence, or four words", n, shortest)
	case n > longest:
		return refuse("the password has %d characters; expected at most %d", n, longest)
	case strings.ContainsFunc(password, unicode.IsControl):
		return refuse("the password holds a control character")
	}
	if why := foreseeable(password, append(append([]string{s.o.Title}, s.o.Words...), about...)); why != "" {
		return refuse("the password %s; choose one that nobody guesses", why)
	}
	return nil
}

// ChangePassword sets a password; the policy of the route asks for a fresh proof. All other sessions end.
func (s *Service) ChangePassword(ctx context.Context, v access.Visitor, password string, from From) error {
	p, err := s.o.Store.Person(ctx, v.Person)
	if err != nil {
		return err
	}
	if err := s.CheckPassword(password, p.Name, p.Email); err != nil {
		return err
	}
	phc, err := s.newHash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.o.Store.SetPassword(ctx, p.ID, phc, s.now()); err != nil {
		return err
	}
	return s.changed(ctx, v, from, "password set")
}

// changed ends the person's other sessions after a change of what they sign in with, and notes it.
func (s *Service) changed(ctx context.Context, v access.Visitor, from From, what string) error {
	err := s.o.Store.EndSessions(ctx, v.Person, v.Session)
	s.cache.drop(v.Person)
	if err != nil {
		return err
	}
	return s.note(ctx, "", from, Event{Act: Secrets, Person: v.Person, Detail: what})
}

// Ways says what a person can sign in with.
type Ways struct {
	Password, TOTP bool
	Codes          int
	Passkeys       []access.Passkey
	External       []access.External
}

// Ways lists what a person can sign in with.
func (s *Service) Ways(ctx context.Context, p id.Person) (w Ways, err error) {
	if _, err := s.o.Store.Password(ctx, p); err == nil {
		w.Password = true
	} else if !errors.Is(err, fault.NotFound) {
		return w, err
	}
	if _, err := s.o.Store.TOTP(ctx, p); err == nil {
		w.TOTP = true
	} else if !errors.Is(err, fault.NotFound) {
		return w, err
	}
	if w.Codes, err = s.o.Store.CodesLeft(ctx, p); err != nil {
		return w, err
	}
	if w.Passkeys, err = s.o.Store.Passkeys(ctx, p); err != nil {
		return w, err
	}
	w.External, err = s.o.Store.Externals(ctx, p)
	return w, err
}

func (w Ways) enough() bool { return w.Password || len(w.Passkeys) > 0 || len(w.External) > 0 }

// DropPassword leaves a person with passkeys or a provider.
func (s *Service) DropPassword(ctx context.Context, v access.Visitor, from From) error {
	w, err := s.Ways(ctx, v.Person)
	if err != nil {
		return err
	}
	if w.Password = false; !w.enough() {
		return fault.Refuse("the password is the only way in that this account has").WithHint("add a passkey first")
	}
	if err := s.o.Store.DropPassword(ctx, v.Person); err != nil {
		return err
	}
	return s.changed(ctx, v, from, "password removed")
}

func checkName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > 200 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", &fault.Error{Kind: fault.Refused, Field: field, What: "expected a name of 1 to 200 characters"}
	}
	return name, nil
}
