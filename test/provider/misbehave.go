package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// fault is the last part of a client ID that asks for one: assay.nonce.
func fault(client string) string {
	_, f, _ := strings.Cut(client, ".")
	return f
}

// claimFaults change an ID token before it is signed anew with the true key.
var claimFaults = map[string]func(c map[string]any){
	"nonce":    func(c map[string]any) { c["nonce"] = "another sign-in" },
	"nononce":  func(c map[string]any) { delete(c, "nonce") },
	"audience": func(c map[string]any) { c["aud"] = []string{"somebody else"} },
	"audiences": func(c map[string]any) {
		c["aud"] = append(c["aud"].([]any), "somebody else")
	},
	"party":    func(c map[string]any) { c["azp"] = "somebody else" },
	"expired":  func(c map[string]any) { c["exp"] = time.Now().Add(-2 * time.Minute).Unix() },
	"endless":  func(c map[string]any) { delete(c, "exp") },
	"future":   func(c map[string]any) { c["iat"] = time.Now().Add(2 * time.Minute).Unix() },
	"old":      func(c map[string]any) { c["iat"] = time.Now().Add(-20 * time.Minute).Unix() },
	"notyet":   func(c map[string]any) { c["nbf"] = time.Now().Add(2 * time.Minute).Unix() },
	"issuer":   func(c map[string]any) { c["iss"] = "https://somebody.example" },
	"nobody":   func(c map[string]any) { delete(c, "sub") },
	"hash":     func(c map[string]any) { c["at_hash"] = base64.RawURLEncoding.EncodeToString(make([]byte, 16)) },
	"timeless": func(c map[string]any) { delete(c, "auth_time") },
	"ahead":    func(c map[string]any) { c["auth_time"] = time.Now().Add(time.Hour).Unix() },
	"longago":  func(c map[string]any) { c["auth_time"] = time.Now().Add(-time.Hour).Unix() },
	"kind":     func(c map[string]any) { c["exp"] = "tomorrow" },
	"string":   func(c map[string]any) { c["email_verified"] = "true" }, // as some providers write it
}

// redirectFaults change the answer that goes through the browser.
var redirectFaults = map[string]func(url.Values){
	"mixup":    func(q url.Values) { q.Set("iss", "https://somebody.example") },
	"silent":   func(q url.Values) { q.Del("iss") },
	"state":    func(q url.Values) { q.Set("state", "another state") },
	"twice":    func(q url.Values) { q.Add("state", q.Get("state")) },
	"implicit": func(q url.Values) { q.Set("id_token", "a.b.c") },
	"nocode":   func(q url.Values) { q.Del("code") },
	"declined": func(q url.Values) {
		q.Del("code")
		q.Set("error", "access_denied")
		q.Set("error_description", "no\u202e such <b>person</b>")
	},
}

// misbehave changes the answer of the token endpoint for a client that asks for a fault.
func (s *store) misbehave(r *http.Request, a *httptest.ResponseRecorder) error {
	id, _, _ := r.BasicAuth()
	fault := fault(id)
	var answer map[string]any
	if a.Code != http.StatusOK || fault == "" {
		return nil
	}
	if err := json.Unmarshal(a.Body.Bytes(), &answer); err != nil {
		return err
	}
	switch fault {
	case "down":
		a.Code = http.StatusServiceUnavailable
		a.Body = bytes.NewBufferString("a page with a secret")
		return nil
	case "tokenless":
		delete(answer, "id_token")
	default:
		raw, _ := answer["id_token"].(string)
		token, err := s.forge(fault, raw)
		if err != nil {
			return err
		}
		answer["id_token"] = token
	}
	a.Body = new(bytes.Buffer)
	return json.NewEncoder(a.Body).Encode(answer)
}

// forge is the token with a fault: in its claims, or in how it is signed.
func (s *store) forge(fault, raw string) (string, error) {
	part := strings.Split(raw, ".")
	if len(part) != 3 {
		return "", errors.New("the provider made no token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		return "", err
	}
	if change, ok := claimFaults[fault]; ok {
		var c map[string]any
		if err := json.Unmarshal(payload, &c); err != nil {
			return "", err
		}
		change(c)
		if payload, err = json.Marshal(c); err != nil {
			return "", err
		}
		return s.sign(payload, "JWT")
	}
	switch fault {
	case "none":
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + part[1] + ".", nil
	case "shared": // signed with what both sides know, as HS256
		return sign(payload, "JWT", jose.HS256, []byte(strings.Repeat(s.secret, 4)), "")
	case "key": // the right name on another key
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		_, id := s.key()
		return sign(payload, "JWT", jose.RS256, other, id)
	case "signature":
		return part[0] + "." + part[1] + "." + strings.Repeat("A", len(part[2])), nil
	case "type": // an access token in the place of an ID token
		return s.sign(payload, "at+jwt")
	case "garbage":
		return "no.token", nil
	}
	return raw, nil
}

func (s *store) sign(payload []byte, kind string) (string, error) {
	key, id := s.key()
	return sign(payload, kind, jose.RS256, key, id)
}

func sign(payload []byte, kind string, a jose.SignatureAlgorithm, key any, id string) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: a, Key: jose.JSONWebKey{Key: key, KeyID: id}}, (&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
