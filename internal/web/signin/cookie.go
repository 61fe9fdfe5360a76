package signin

import (
	"net"
	"net/http"
	"strings"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/web/shell"
)

// The cookies. Over HTTPS each has the prefix __Host-: no other host and no plain page can set one.
const (
	sessionCookie = "assay"
	secondCookie  = "assay_second"  // between password and second factor
	passkeyCookie = "assay_passkey" // between a challenge and its answer
	oidcCookie    = "assay_oidc"    // while the browser is with the provider
	lastCookie    = "assay_last"    // the organization that was chosen last
	knownCookie   = "assay_known"   // its owner signed in here before; opens nothing
)

func (p *Pages) cookieName(name string) string {
	if p.o.Secure {
		return "__Host-" + name
	}
	return name
}

func (p *Pages) set(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: p.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: p.o.Secure, SameSite: http.SameSiteLaxMode, MaxAge: seconds})
}

func (p *Pages) forget(w http.ResponseWriter, name string) { p.set(w, name, "", -1) }

// cookie gives a cookie's value; none when it comes twice, since one of the two is somebody else's.
func (p *Pages) cookie(r *http.Request, name string) string {
	list := r.CookiesNamed(p.cookieName(name))
	if len(list) != 1 || len(list[0].Value) > 200 {
		return ""
	}
	return list[0].Value
}

// signedIn gives the browser its session. The cookie ends with the browser; the server ends it sooner.
func (p *Pages) signedIn(w http.ResponseWriter, r *http.Request, session string) error {
	mark, err := p.o.Accounts.Known(r.Context(), session)
	if err != nil {
		return err
	}
	p.set(w, sessionCookie, session, 0)
	p.set(w, knownCookie, mark, 365*24*3600)
	p.forget(w, secondCookie)
	p.forget(w, passkeyCookie)
	return nil
}

// Identify says who asks: by the header Authorization where there is one, else by the cookie. A program's token leaves the organization
// that it is good for in the visitor's Org; account.Service.Roles makes it nobody elsewhere.
func (p *Pages) Identify(r *http.Request) (shell.Visit, error) {
	if h := r.Header.Values("Authorization"); len(h) > 0 {
		if scheme, token, ok := strings.Cut(h[0], " "); ok && len(h) == 1 && strings.EqualFold(scheme, "Bearer") {
			v, err := p.o.Accounts.IdentifyToken(r.Context(), strings.TrimSpace(token))
			return visit(v), err
		}
		return shell.Visit{}, nil
	}
	v, err := p.o.Accounts.Identify(r.Context(), p.cookie(r, sessionCookie))
	return visit(v), err
}

func visit(v account.Visit) shell.Visit {
	return shell.Visit{Visitor: v.Visitor, Lang: v.Lang, Theme: v.Theme}
}

// from is where a request comes from.
func (p *Pages) from(r *http.Request) account.From {
	address := r.RemoteAddr
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if p.o.Address != nil {
		address = p.o.Address(r)
	}
	return account.From{Address: address, Agent: agent(r.UserAgent()), Known: p.cookie(r, knownCookie)}
}

// agent says in words which browser on which system it is, as far as that is said truly.
func agent(ua string) string {
	first := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(ua, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := first("Edg/", "Edge", "EdgA/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS/", "Firefox", "CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := first("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case browser == "":
		return "Unknown browser"
	case system == "":
		return browser
	}
	return browser + " on " + system
}
