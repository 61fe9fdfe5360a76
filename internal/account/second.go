package account

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

const (
	step       = 30 // seconds, RFC 6238
	codesMade  = 10
	codeLetter = 24 // letters of a recovery code: 120 bits, so that a plain hash keeps it (ASVS 5.0, 6.5.2)
)

var letters = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz123456789").WithPadding(base32.NoPadding)

// NewTOTP is an authenticator program's secret that is not confirmed yet.
type NewTOTP struct {
	Setup   string // give it back to ConfirmTOTP
	Secret  string // for typing, base32
	Address string // otpauth:, for the picture
}

// BeginTOTP makes a secret for the visitor's authenticator program.
func (s *Service) BeginTOTP(ctx context.Context, v access.Visitor) (NewTOTP, error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: s.o.Title, AccountName: v.Email, Period: step, SecretSize: 20, Rand: s.o.Random})
	if err != nil {
		return NewTOTP{}, err
	}
	sealed, err := s.seal(v.Person, k.Secret())
	if err != nil {
		return NewTOTP{}, err
	}
	setup, err := s.wait(ctx, access.Pending{Kind: "totp", Person: v.Person, Data: sealed}, 15*time.Minute)
	return NewTOTP{Setup: setup, Secret: k.Secret(), Address: k.URL()}, err
}

// TOTPAgain gives a begun set-up once more, for the page that says that the code was wrong.
func (s *Service) TOTPAgain(ctx context.Context, v access.Visitor, setup string) (NewTOTP, error) {
	w, err := s.peek(ctx, setup, "totp")
	if err != nil {
		return NewTOTP{}, err
	}
	if w.Person != v.Person {
		return NewTOTP{}, fault.NotFound
	}
	secret, err := s.unseal(v.Person, w.Data)
	if err != nil {
		return NewTOTP{}, err
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return NewTOTP{}, err
	}
	k, err := totp.Generate(totp.GenerateOpts{Issuer: s.o.Title, AccountName: v.Email, Period: step, Secret: raw})
	if err != nil {
		return NewTOTP{}, err
	}
	return NewTOTP{Setup: setup, Secret: secret, Address: k.URL()}, nil
}

// ConfirmTOTP turns the second factor on once the program shows a right code, and gives recovery codes, which are shown once.
func (s *Service) ConfirmTOTP(ctx context.Context, v access.Visitor, setup, code string, from From) ([]string, error) {
	w, err := s.peek(ctx, setup, "totp")
	if err != nil {
		return nil, err
	}
	if w.Person != v.Person {
		return nil, fault.NotFound
	}
	secret, err := s.unseal(v.Person, w.Data)
	if err != nil {
		return nil, err
	}
	used, err := s.stepOf(secret, code)
	if err != nil {
		return nil, err
	}
	if _, err := s.take(ctx, setup, "totp"); err != nil {
		return nil, err
	}
	if err := s.o.Store.SetTOTP(ctx, v.Person, access.TOTP{Sealed: w.Data, Step: used, Since: s.now()}); err != nil {
		return nil, err
	}
	return s.NewCodes(ctx, v, from)
}

// NewCodes makes ten recovery codes in the place of all before. They are shown once.
func (s *Service) NewCodes(ctx context.Context, v access.Visitor, from From) ([]string, error) {
	if _, err := s.o.Store.TOTP(ctx, v.Person); err != nil {
		if errors.Is(err, fault.NotFound) {
			return nil, fault.Refuse("recovery codes stand in for the authenticator program; set that up first")
		}
		return nil, err
	}
	var codes []string
	var hashes [][]byte
	for range codesMade {
		var b [codeLetter * 5 / 8]byte
		if _, err := io.ReadFull(s.o.Random, b[:]); err != nil {
			return nil, err
		}
		c := letters.EncodeToString(b[:])
		h := sha256.Sum256([]byte(c))
		codes, hashes = append(codes, c[:6]+"-"+c[6:12]+"-"+c[12:18]+"-"+c[18:]), append(hashes, h[:])
	}
	if err := s.o.Store.SetCodes(ctx, v.Person, hashes, s.now()); err != nil {
		return nil, err
	}
	return codes, s.changed(ctx, v, from, "second factor or its recovery codes set")
}

// DropTOTP turns the second factor off, with its recovery codes.
func (s *Service) DropTOTP(ctx context.Context, v access.Visitor, from From) error {
	if err := s.o.Store.DropTOTP(ctx, v.Person); err != nil {
		return err
	}
	return s.changed(ctx, v, from, "second factor removed")
}

var errCode = &fault.Error{Kind: fault.Denied, Field: "code", What: "the code is not the one of this half minute, or was used before",
	Hint: "wait for the next one; check that the clock of the device is right"}

// useCode takes a code of the program or a recovery code; each once.
func (s *Service) useCode(ctx context.Context, p id.Person, code string) (method string, err error) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(code)))
	if len(code) == codeLetter {
		h := sha256.Sum256([]byte(code))
		err := s.o.Store.UseCode(ctx, p, h[:], s.now())
		if errors.Is(err, fault.NotFound) {
			err = errCode
		}
		return "password+code", err
	}
	f, err := s.o.Store.TOTP(ctx, p)
	if err != nil {
		return "", err
	}
	secret, err := s.unseal(p, f.Sealed)
	if err != nil {
		return "", err
	}
	used, err := s.stepOf(secret, code)
	if err != nil {
		return "", err
	}
	err = s.o.Store.UseStep(ctx, p, used)
	if errors.Is(err, fault.NotFound) {
		err = errCode // a replay
	}
	return "password+totp", err
}

// stepOf finds the step whose code it is: this half minute's, the one before, the one after. All three are compared.
func (s *Service) stepOf(secret, code string) (int64, error) {
	if len(code) != 6 {
		return 0, errCode
	}
	now, found := s.now().Unix()/step, int64(-1)
	for _, n := range []int64{now - 1, now, now + 1} {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(n*step, 0), totp.ValidateOpts{Period: step, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("code of the second factor: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = n
		}
	}
	if found < 0 {
		return 0, errCode
	}
	return found, nil
}

// seal encrypts what must be read again, bound to its person: AES-256-GCM, nonce first.
func (s *Service) seal(p id.Person, secret string) ([]byte, error) {
	g, err := s.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, g.NonceSize(), g.NonceSize()+len(secret)+g.Overhead())
	if _, err := io.ReadFull(s.o.Random, nonce); err != nil {
		return nil, err
	}
	return g.Seal(nonce, nonce, []byte(secret), []byte("totp/"+p)), nil
}

func (s *Service) unseal(p id.Person, sealed []byte) (string, error) {
	g, err := s.aead()
	if err != nil {
		return "", err
	}
	if len(sealed) < g.NonceSize() {
		return "", errors.New("the second factor that is kept cannot be read")
	}
	b, err := g.Open(nil, sealed[:g.NonceSize()], sealed[g.NonceSize():], []byte("totp/"+p))
	if err != nil {
		return "", fmt.Errorf("second factor of %s: the key file is another one than it was sealed with: %w", p, err)
	}
	return string(b), nil
}

func (s *Service) aead() (cipher.AEAD, error) {
	b, err := aes.NewCipher(s.o.Key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}
