package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/assayhq/assay/internal/fault"
)

const minRSA = 2048 // bits; RFC 7518, section 3.3

// key is a public key of the provider that may sign tokens.
type key = jose.JSONWebKey

// keySet finds the key of a token among those of the provider. It is the oidc.KeySet of the
// verifier, which has checked the algorithm before it calls.
type keySet struct {
	p          *Provider
	algorithms []string
	err        error // why VerifySignature refused; go-oidc passes on its text only
}

var (
	errNoKey = errors.New("no key of the provider made the signature")
	errForm  = errors.New("no signed JSON Web Token")
)

// VerifySignature returns the signed bytes. A key that is not known is looked for at the provider
// (OpenID Connect Core 1.0, section 10.1.1), but not more often than the pause allows.
func (s *keySet) VerifySignature(ctx context.Context, jwt string) (payload []byte, err error) {
	defer func() { s.err = err }()
	algorithms := make([]jose.SignatureAlgorithm, 0, len(s.algorithms))
	for _, a := range s.algorithms {
		algorithms = append(algorithms, jose.SignatureAlgorithm(a))
	}
	jws, err := jose.ParseSigned(jwt, algorithms)
	if err != nil {
		return nil, err
	}
	if len(jws.Signatures) != 1 {
		return nil, fmt.Errorf("%d signatures; expected one", len(jws.Signatures))
	}
	for _, age := range []time.Duration{fresh, pause} {
		keys, err := s.p.keys.load(ctx, age)
		if err != nil {
			return nil, err
		}
		if payload, ok := verify(jws, keys); ok {
			return payload, nil
		}
	}
	return nil, errNoKey
}

func verify(jws *jose.JSONWebSignature, keys []key) ([]byte, bool) {
	header := jws.Signatures[0].Header
	for _, k := range keys {
		if header.KeyID != "" && k.KeyID != header.KeyID || k.Algorithm != "" && k.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := jws.Verify(k.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// fetchKeys reads the provider's keys. Those that are not understood, not public, too short or
// not for signatures are left out (RFC 7517, section 5).
func (p *Provider) fetchKeys(ctx context.Context) ([]key, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := p.get(ctx, m.Keys, "", &set); err != nil {
		return nil, fmt.Errorf("keys of %s: %w", p.cfg.Issuer, err)
	}
	var keys []key
	for _, raw := range set.Keys {
		var k key
		if json.Unmarshal(raw, &k) == nil && (k.Use == "" || k.Use == "sig") && strong(k.Key) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fault.At("", 0, "jwks_uri", "the provider publishes no key that is accepted at %s; expected RSA of %d bits or more, an elliptic curve or Ed25519", m.Keys, minRSA)
	}
	return keys, nil
}

func strong(k any) bool {
	switch k := k.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false // a shared secret or a private key
}
