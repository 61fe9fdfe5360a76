package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// An API token reads assay_ID_SECRETCHECK: 16 letters that name it, 52 that only its holder has (256 bits), and 7 that check the rest,
// so that a scanner of leaked secrets can tell one from noise without asking anybody, and a slip of the hand is not looked up.
const (
	tokenPrefix = "assay_"
	publicLen   = 16
	secretLen   = 52
	checkLen    = 7
)

func check(s string) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(s)))
	return letters.EncodeToString(b[:])
}

// ParseToken takes a token apart. What is no token has no parts.
func ParseToken(token string) (public, secret string, ok bool) {
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(rest) != publicLen+1+secretLen+checkLen || rest[publicLen] != '_' {
		return "", "", false
	}
	public, secret = rest[:publicLen], rest[publicLen+1:publicLen+1+secretLen]
	if rest[publicLen+1+secretLen:] != check(tokenPrefix+public+"_"+secret) {
		return "", "", false
	}
	return public, secret, true
}

// NewToken makes an API token for a program that acts for the visitor in one organization. The text is shown once.
func (s *Service) NewToken(ctx context.Context, v access.Visitor, org id.Org, name string, scopes []access.Scope, life time.Duration, from From) (string, error) {
	name, err := checkName("name", name)
	if life <= 0 || life > LongestToken {
		err = errors.Join(err, &fault.Error{Kind: fault.Refused, Field: "expires", What: "expected an expiry within a year"})
	}
	if len(scopes) == 0 {
		err = errors.Join(err, &fault.Error{Kind: fault.Refused, Field: "scopes", What: "choose at least one scope"})
	}
	for _, x := range scopes {
		if !slices.Contains(access.Scopes(), x) {
			err = errors.Join(err, &fault.Error{Kind: fault.Refused, Field: "scopes", What: "no such scope: " + string(x)})
		}
	}
	if err != nil {
		return "", err
	}
	s.giving.Lock() // no membership ends between the look and the token
	defer s.giving.Unlock()
	if err := s.member(ctx, org, v.Person); err != nil {
		return "", err
	}
	var b [10 + 32]byte
	if _, err := io.ReadFull(s.o.Random, b[:]); err != nil {
		return "", err
	}
	public, secret := letters.EncodeToString(b[:10]), letters.EncodeToString(b[10:])
	now, sum := s.now(), sha256.Sum256([]byte(secret))
	t := access.Token{ID: public, Hash: sum[:], Name: name, Org: org, Person: v.Person, Scopes: slices.Compact(slices.Sorted(slices.Values(scopes))), Created: now, Expires: now.Add(life)}
	if err := s.o.Store.AddToken(ctx, t); err != nil {
		return "", err
	}
	text := tokenPrefix + public + "_" + secret
	return text + check(text), s.note(ctx, org, from, Event{Act: TokenMade, Person: v.Person, Detail: public})
}

// IdentifyToken says for whom a token acts, where, and with which scopes: nobody when it is none, has expired or was revoked, or
// its person is disabled.
func (s *Service) IdentifyToken(ctx context.Context, token string) (Visit, error) {
	public, secret, ok := ParseToken(token)
	if !ok {
		return Visit{}, nil
	}
	now, key := s.now(), "t"+public
	e, held, since := s.cache.get(key)
	if !held {
		t, p, err := s.o.Store.Token(ctx, public)
		if errors.Is(err, fault.NotFound) {
			return Visit{}, nil
		} else if err != nil {
			return Visit{}, err
		}
		e = entry{person: p, token: t}
		if t.Used != nil {
			e.seen, e.written = *t.Used, *t.Used
		}
		s.cache.put(key, p.ID, e, since)
	}
	sum := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(sum[:], e.token.Hash) != 1 || e.token.Revoked != nil || e.person.Disabled != nil || !now.Before(e.token.Expires) {
		return Visit{}, nil
	}
	if s.cache.touch(key, now) {
		if err := s.o.Store.TouchToken(ctx, public, now); err != nil {
			return Visit{}, err
		}
	}
	v := visitOf(e.person)
	v.Visitor.Token, v.Visitor.Scopes, v.Visitor.Org = true, slices.Clone(e.token.Scopes), e.token.Org
	return v, nil
}

// Tokens lists a person's tokens.
func (s *Service) Tokens(ctx context.Context, p id.Person) ([]access.Token, error) {
	return s.o.Store.Tokens(ctx, p)
}

// RevokeToken ends one of the visitor's tokens; it is dead when this returns.
func (s *Service) RevokeToken(ctx context.Context, v access.Visitor, public string, from From) error {
	err := s.o.Store.RevokeToken(ctx, v.Person, public, s.now())
	s.cache.drop(v.Person)
	if err != nil {
		return err
	}
	return s.note(ctx, "", from, Event{Act: TokenEnded, Person: v.Person, Detail: public})
}
