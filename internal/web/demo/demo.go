// Package demo lets whoever looks at the example company choose whom to be. It keeps no account and asks for no proof: it is wired for
// the example alone, which is served to this machine only.
package demo

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	"net/http"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// Person is somebody of the example company.
type Person struct {
	ID    id.Person
	Name  string
	Email string
	Roles []access.Role
	Does  string // English: what they would do here
}

// People are those whom one can be, the first being who one is at first.
func People() []Person {
	m := phrase.Mark
	return []Person{
		{"demo_lead", "Alma Reyes", "alma.reyes@harbourline.example", []access.Role{access.Lead}, m("Runs the program: readiness, gaps, controls, imports, campaigns.")},
		{"demo_owner", "Jonas Weber", "jonas.weber@harbourline.example", []access.Role{access.Owner}, m("Owns controls: performs what is due, gives evidence, answers deviations.")},
		{"demo_executive", "Priya Nair", "priya.nair@harbourline.example", []access.Role{access.Executive}, m("Sees figures and drafts, approves, and signs the assertion. Sees no single record.")},
		{"demo_contributor", "Sam Okafor", "sam.okafor@harbourline.example", []access.Role{access.Contributor}, m("Gives what is asked of them, and sees no result.")},
		{"demo_auditor", "Marta Lind", "marta.lind@lind-partners.example", []access.Role{access.Auditor}, m("A separate party: reads records and results, writes nothing of the client's, sees no draft.")},
		{"demo_administrator", "Theo Brandt", "theo.brandt@harbourline.example", []access.Role{access.Administrator}, m("Looks after people and sources, and reads no evidence by that role.")},
	}
}

// Site is the page and whom a browser has chosen to be.
type Site struct{ Home string } // where a choice leads

const (
	cookie      = "assay_demo"
	themeCookie = "assay_demo_theme"
)

// Identify says whom the browser has chosen to be.
func (s *Site) Identify(r *http.Request) (shell.Visit, error) {
	p := s.who(r)
	v := shell.Visit{Visitor: access.Visitor{Person: p.ID, Name: p.Name, Email: p.Email, Strong: true}}
	if c, err := r.Cookie(themeCookie); err == nil && slices.Contains([]string{"light", "dark"}, c.Value) {
		v.Theme = c.Value
	}
	if c, err := r.Cookie("assay_demo_lang"); err == nil {
		v.Lang = c.Value
	}
	return v, nil
}

func (s *Site) who(r *http.Request) Person {
	people := People()
	if c, err := r.Cookie(cookie); err == nil {
		if i := slices.IndexFunc(people, func(p Person) bool { return string(p.ID) == c.Value }); i >= 0 {
			return people[i]
		}
	}
	return people[0]
}

// Roles gives what a person of the example is in its organization.
func Roles(_ context.Context, p id.Person) []access.Role {
	for _, x := range People() {
		if x.ID == p {
			return x.Roles
		}
	}
	return nil
}

// Routes lists the addresses.
func (s *Site) Routes() []shell.Route {
	home := func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, s.Home, http.StatusSeeOther)
		return nil
	}
	page := func(w http.ResponseWriter, r *http.Request) error {
		return shell.Page(w, r, http.StatusOK, chooser(s.who(r)))
	}
	return []shell.Route{
		{Method: http.MethodGet, Pattern: "/{$}", Policy: access.Public, Handler: home},
		{Method: http.MethodGet, Pattern: "/me", Policy: access.OwnAccount, Handler: page},
		{Method: http.MethodGet, Pattern: "/organizations", Policy: access.OwnAccount, Handler: page},
		{Method: http.MethodPost, Pattern: "/signout", Policy: access.OwnAccount, Handler: func(w http.ResponseWriter, r *http.Request) error {
			http.Redirect(w, r, "/me", http.StatusSeeOther)
			return nil
		}},
		{Method: http.MethodPost, Pattern: "/me", Policy: access.OwnAccount, Handler: s.choose},
		{Method: http.MethodPost, Pattern: "/me/theme", Policy: access.OwnAccount, Handler: s.theme},
	}
}

func (s *Site) choose(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	if lang := shell.Value(r, "lang"); lang != "" {
		http.SetCookie(w, &http.Cookie{Name: "assay_demo_lang", Value: string(phrase.Pick("", lang)), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/me", http.StatusSeeOther)
		return nil
	}
	who := shell.Value(r, "person")
	if !slices.ContainsFunc(People(), func(p Person) bool { return string(p.ID) == who }) {
		return fault.Refuse("there is no such person in the example")
	}
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: who, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, s.Home, http.StatusSeeOther)
	return nil
}

func (s *Site) theme(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	t := shell.Value(r, "theme")
	if !slices.Contains([]string{"", "system", "light", "dark"}, t) {
		return fault.Refuse("%q is no theme; expected light, dark or system", t)
	}
	http.SetCookie(w, &http.Cookie{Name: themeCookie, Value: t, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.WriteHeader(http.StatusNoContent)
	return nil
}
