package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/assayhq/assay/internal/fault"
)

// allowed are the signatures that a token may have, in the order in which they are named to
// people. None that is keyed with the client secret (HS256 and its kin), and not "none".
var allowed = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// metadata is what is read of OpenID Connect Discovery 1.0, section 3, RFC 8414 and RFC 9207.
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Userinfo      string   `json:"userinfo_endpoint"`
	Keys          string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	NamesIssuer   bool     `json:"authorization_response_iss_parameter_supported"`

	style oauth2.AuthStyle
}

// Check asks the provider for its metadata and keys, and says what stands in the way of signing in.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.keys.load(ctx, pause)
	return err
}

func (p *Provider) metadata(ctx context.Context) (metadata, error) { return p.meta.load(ctx, fresh) }

func (p *Provider) discover(ctx context.Context) (metadata, error) {
	var m metadata
	from := strings.TrimSuffix(p.cfg.Issuer, "/") + "/.well-known/openid-configuration"
	if err := p.get(ctx, from, "", &m); err != nil {
		return metadata{}, fmt.Errorf("metadata of %s: %w", p.cfg.Issuer, err)
	}
	if m.Issuer != p.cfg.Issuer {
		return metadata{}, fault.At("", 0, "issuer", "the provider at %s calls itself %.200q; the two must agree to the last character", p.cfg.Issuer, m.Issuer).
			WithHint("copy the issuer as the provider writes it; for Microsoft Entra, use the address of one tenant, not common or organizations")
	}
	for _, e := range []struct{ field, text string }{
		{"authorization_endpoint", m.Authorization}, {"token_endpoint", m.Token}, {"jwks_uri", m.Keys}, {"userinfo_endpoint", m.Userinfo},
	} {
		if e.text == "" && e.field == "userinfo_endpoint" {
			continue // it is optional
		}
		if _, err := address(e.field, e.text); err != nil {
			return metadata{}, err
		}
	}
	return p.offers(m)
}

// offers holds what a provider offers against what is needed, and narrows it to what is used.
func (p *Provider) offers(m metadata) (metadata, error) {
	if len(m.ResponseTypes) > 0 && !slices.Contains(m.ResponseTypes, "code") {
		return metadata{}, fault.At("", 0, "response_types_supported", "the provider does not offer the authorization code flow, the only one that is used here")
	}
	if len(m.Challenges) > 0 && !slices.Contains(m.Challenges, "S256") {
		return metadata{}, fault.At("", 0, "code_challenge_methods_supported", "the provider offers %.200q; expected S256 among them", m.Challenges)
	}
	if len(m.Algorithms) == 0 {
		m.Algorithms = []string{oidc.RS256} // what every provider must offer
	}
	m.Algorithms = slices.DeleteFunc(slices.Clone(allowed), func(a string) bool { return !slices.Contains(m.Algorithms, a) })
	if len(m.Algorithms) == 0 {
		return metadata{}, fault.At("", 0, "id_token_signing_alg_values_supported", "the provider offers no signature that is accepted; expected one of %s", strings.Join(allowed, ", "))
	}
	var err error
	m.style, err = p.style(m.AuthMethods)
	return m, err
}

// style chooses how the client proves itself at the token endpoint. It is never found by trial: a
// first try that fails would spend the code.
func (p *Provider) style(offered []string) (oauth2.AuthStyle, error) {
	switch {
	case p.cfg.ClientSecret == "":
		return oauth2.AuthStyleInParams, nil // a public client says its name only
	case len(offered) == 0 || slices.Contains(offered, "client_secret_basic"):
		return oauth2.AuthStyleInHeader, nil
	case slices.Contains(offered, "client_secret_post"):
		return oauth2.AuthStyleInParams, nil
	}
	return 0, fault.At("", 0, "token_endpoint_auth_methods_supported", "the provider takes %.200q; expected client_secret_basic or client_secret_post", offered)
}

// get reads one JSON object from the provider. What the provider wrote is never in the error: an
// address that a person entered must not become a way to read pages with the server's eyes.
func (p *Provider) get(ctx context.Context, from, bearer string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return fault.Refuse("%.200q is no address", from)
	}
	req.Header.Set("Accept", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return answered(from, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return unreachable(err)
	}
	if len(body) > maxAnswer {
		return fault.Refuse("%s answers with more than %d bytes", from, maxAnswer)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Refuse("%s does not answer with the JSON object that is expected there", from)
	}
	return nil
}

// unreachable is a provider that cannot be spoken with now.
func unreachable(err error) error {
	if errors.Is(err, fault.Refused) || errors.Is(err, fault.Denied) {
		return err // the guarded client does not let us go there, and says why
	}
	return (&fault.Error{Kind: fault.Busy, What: "the identity provider cannot be reached", Err: err}).WithHint("try again; when it lasts, ask whoever runs the provider")
}

func answered(from string, status int) error {
	what := fmt.Sprintf("%s answers %d %s", from, status, http.StatusText(status))
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return (&fault.Error{Kind: fault.Busy, What: what}).WithHint("try again; when it lasts, ask whoever runs the provider")
	case status >= 300 && status < 400:
		return fault.Refuse("%s; redirects are not followed here", what)
	}
	return fault.Refuse("%s; expected 200", what)
}
