package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// newZitadel is the provider of github.com/zitadel/oidc with a login page before it, and with
// the iss parameter of RFC 9207, which the library does not have.
func newZitadel(issuer string, s settings) (http.Handler, error) {
	st, err := newStore(s)
	if err != nil {
		return nil, err
	}
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return nil, err
	}
	provider, err := op.NewProvider(config, st, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", st.loginPage)
	mux.HandleFunc("POST /login", st.login)
	mux.HandleFunc("POST /rotate", func(w http.ResponseWriter, _ *http.Request) {
		if err := st.rotate(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.Handle("GET /.well-known/openid-configuration", rewritten(provider, func(_ *http.Request, a *httptest.ResponseRecorder) error {
		var m map[string]any
		if err := json.Unmarshal(a.Body.Bytes(), &m); err != nil {
			return err
		}
		m["authorization_response_iss_parameter_supported"] = true
		a.Body = new(bytes.Buffer)
		return json.NewEncoder(a.Body).Encode(m)
	}))
	mux.Handle("GET /authorize/callback", rewritten(provider, func(r *http.Request, a *httptest.ResponseRecorder) error {
		to, err := url.Parse(a.Header().Get("Location"))
		if err != nil || a.Code != http.StatusFound {
			return err
		}
		q := to.Query()
		q.Set("iss", issuer)
		fault := st.faultOf(r.FormValue("id"))
		if change, ok := redirectFaults[fault]; ok {
			change(q)
		}
		to.RawQuery = q.Encode()
		a.Header().Set("Location", to.String())
		return nil
	}))
	mux.Handle("POST /oauth/token", rewritten(provider, st.misbehave))
	mux.Handle("/", provider)
	return mux, nil
}

// rewritten is a handler whose answer is changed before it is sent.
func rewritten(h http.Handler, change func(*http.Request, *httptest.ResponseRecorder) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := httptest.NewRecorder()
		h.ServeHTTP(a, r)
		if err := change(r, a); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for name, values := range a.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes())
	})
}
