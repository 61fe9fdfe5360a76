package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// Wait is the refusal of an attempt that comes too soon after failed ones.
type Wait struct{ For time.Duration }

// Error says how long.
func (w *Wait) Error() string {
	return fmt.Sprintf("too many failed attempts; try again in %d seconds", int(w.For.Seconds())+1)
}

// Unwrap makes it a fault.Busy.
func (w *Wait) Unwrap() error { return fault.Busy }

// brake is how failures under one kind of key slow further attempts: none up to free, then one second, doubling up to most. Attempts
// during the wait are refused without being counted, so that nobody is shut out for good.
type brake struct {
	kind string
	free int
	most time.Duration
}

// An account as such is slowed by a minute at most, and not at all in a browser that its owner used before, so that a stranger who
// guesses at it cannot keep its owner out; a passkey is slowed by refused ones from its own network alone. Who guesses from one address waits longer.
var (
	ofPair    = brake{"pair", 3, 15 * time.Minute}
	ofAccount = brake{"account", 10, time.Minute}
	ofAddress = brake{"address", 20, 15 * time.Minute}
)

// forgotten is how long after the last failure a count begins anew.
const forgotten = 24 * time.Hour

func (b brake) pause(count int) time.Duration {
	over := count - b.free
	if over < 0 {
		return 0
	}
	if over > 20 {
		return b.most
	}
	return min(time.Second<<over, b.most)
}

// attempt is one try to sign in, under the keys that count its failure.
type attempt struct {
	brakes []brake
	keys   []string
}

// attemptAt names the keys of a try at an account from an address. Keys are hashes: the table of failures lists no addresses of
// people. A browser in which the account's owner signed in before is counted for itself: whoever guesses elsewhere does not slow it.
func (s *Service) attemptAt(account string, from From) attempt {
	net := network(from.Address)
	key := func(b brake, what string) string {
		sum := sha256.Sum256([]byte(b.kind + "\x00" + what))
		return hex.EncodeToString(sum[:16])
	}
	if s.knows(account, from.Known) {
		return attempt{[]brake{ofPair}, []string{key(ofPair, account+"\x00known\x00"+from.Known)}}
	}
	return attempt{[]brake{ofPair, ofAccount, ofAddress}, []string{key(ofPair, account+"\x00"+net), key(ofAccount, account), key(ofAddress, net)}}
}

// network is the part of an address that one subscriber has: all of IPv4, a /64 of IPv6.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// allowed is nil, or a *Wait.
func (s *Service) allowed(ctx context.Context, a attempt) error {
	now := s.now()
	var wait time.Duration
	for i, b := range a.brakes {
		f, err := s.o.Store.Failures(ctx, a.keys[i])
		if err != nil {
			return err
		}
		if f.Count > 0 && now.Sub(f.Last) < forgotten {
			wait = max(wait, f.Last.Add(b.pause(f.Count)).Sub(now))
		}
	}
	if wait > 0 {
		return &Wait{wait}
	}
	return nil
}

func (s *Service) failed(ctx context.Context, a attempt) error {
	now := s.now()
	return s.o.Store.Fail(ctx, a.keys, now, now.Add(-forgotten))
}

// succeeded forgets what failed for the account; an address keeps its count, since who guesses at many accounts may have one.
func (s *Service) succeeded(ctx context.Context, a attempt) error {
	own := a.keys[:min(2, len(a.keys))]
	for _, k := range own {
		f, err := s.o.Store.Failures(ctx, k)
		if err != nil {
			return err
		}
		if f.Count > 0 {
			return s.o.Store.Forgive(ctx, own)
		}
	}
	return nil
}

// A mark of a known browser is a nonce and a MAC that binds it to one account. It opens nothing: it only says that failures
// elsewhere do not count here. (OWASP: device cookies against a lock-out by strangers.)
const nonceLen = 22

func (s *Service) mark(account, nonce string) string {
	k := hmac.New(sha256.New, s.o.Key[:])
	k.Write([]byte("known browser\x00" + nonce + "\x00" + account))
	return nonce + "." + base64.RawURLEncoding.EncodeToString(k.Sum(nil))
}

func (s *Service) knows(account, mark string) bool {
	if len(mark) != nonceLen+1+43 {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(mark), []byte(s.mark(account, mark[:nonceLen]))) == 1
}

// Known gives the mark for the browser of a session that was just opened.
func (s *Service) Known(ctx context.Context, session string) (string, error) {
	v, err := s.Identify(ctx, session)
	if err != nil || v.Visitor.Person == "" {
		return "", err
	}
	nonce, err := s.secret()
	if err != nil {
		return "", err
	}
	return s.mark(v.Visitor.Email, nonce[:nonceLen]), nil
}
