package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

type person struct {
	subject, name, password, email string
	verified                       bool
}

// store keeps all of the provider's state in memory. It is the op.Storage of the library.
type store struct {
	settings

	mu       sync.Mutex
	requests map[string]*request
	codes    map[string]string // to the request
	tokens   map[string]*request
	sessions map[string]session
	private  *rsa.PrivateKey
	keyID    string
}

var _ op.Storage = (*store)(nil)

func newStore(s settings) (*store, error) {
	st := &store{settings: s, requests: map[string]*request{}, codes: map[string]string{}, tokens: map[string]*request{}, sessions: map[string]session{}}
	return st, st.rotate()
}

func secret() string { return rand.Text() }

func (s *store) rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.private, s.keyID = key, secret()
	return nil
}

func (s *store) key() (*rsa.PrivateKey, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.private, s.keyID
}

func (s *store) request(id string) (*request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	return r, ok
}

func (s *store) faultOf(id string) string {
	if r, ok := s.request(id); ok {
		return fault(r.asked.ClientID)
	}
	return ""
}

func (s *store) session(key string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.sessions[key]
	return was, ok
}

func (s *store) finish(id string, by session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.requests[id]; ok {
		done := *r
		done.done, done.by, done.subject = true, by, s.people[by.person].subject
		s.requests[id] = &done
	}
}

func (s *store) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	r := &request{id: secret(), asked: *asked}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[r.id] = r
	return r, nil
}

func (s *store) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	r, ok := s.request(id)
	if !ok {
		return nil, errors.New("no such request")
	}
	return r, nil
}

// AuthRequestByCode gives the request of a code once.
func (s *store) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[s.codes[code]]
	delete(s.codes, code)
	if !ok {
		return nil, errors.New("no such code")
	}
	return r, nil
}

func (s *store) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *store) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *store) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	req, ok := r.(*request)
	if !ok {
		return "", time.Time{}, errUnused
	}
	id := secret()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[id] = req
	return id, time.Now().Add(5 * time.Minute), nil
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	key, id := s.key()
	return signingKey{key, id}, nil
}

func (s *store) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	key, id := s.key()
	return []op.Key{publicKey{key, id}}, nil
}

func (s *store) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if first, _, _ := strings.Cut(id, "."); first != s.client {
		return nil, errors.New("no such client")
	}
	return client{id, s.redirects}, nil
}

func (s *store) AuthorizeClientIDSecret(_ context.Context, _, secret string) error {
	if secret != s.secret {
		return errors.New("the secret is wrong")
	}
	return nil
}

func (s *store) SetUserinfoFromScopes(_ context.Context, u *oidc.UserInfo, subject, _ string, scopes []string) error {
	for _, p := range s.people {
		if p.subject != subject {
			continue
		}
		u.Subject = subject
		if slices.Contains(scopes, oidc.ScopeProfile) {
			u.Name = p.name
		}
		if slices.Contains(scopes, oidc.ScopeEmail) {
			u.Email, u.EmailVerified = p.email, oidc.Bool(p.verified)
		}
	}
	return nil
}

func (s *store) SetUserinfoFromToken(ctx context.Context, u *oidc.UserInfo, token, subject, _ string) error {
	s.mu.Lock()
	r, ok := s.tokens[token]
	s.mu.Unlock()
	if !ok {
		return errors.New("no such token")
	}
	if err := s.SetUserinfoFromScopes(ctx, u, subject, r.asked.ClientID, r.asked.Scopes); err != nil {
		return err
	}
	if fault(r.asked.ClientID) == "other" {
		u.Subject = "somebody else"
	}
	return nil
}

func (s *store) Health(context.Context) error { return nil }
