package signin_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/signin"
)

func TestPeople(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.get("/o/org-1/people").is(t, 200, "1 member", "Invite somebody", "Ann")
	a.post("/o/org-1/people/invite", "email", "bob", "roles", "owner").is(t, 422, "not an e-mail address", `value="bob"`)
	a.post("/o/org-1/people/invite", "email", "bob@example.com").is(t, 422, "at least one role")
	b := w.join(a, "bob@example.com", "owner")
	a.get("/o/org-1/people").is(t, 200, "2 members", "bob@example.com")
	b.get("/").is(t, 303, "/o/org-1/")
	b.get("/o/org-1/people").is(t, 403) // an owner does not see who is a member
	b.post("/o/org-1/people/invite", "email", "eve@example.com", "roles", "administrator").is(t, 403)
	bob := w.person("bob@example.com")
	ann := w.person("ann@example.com")
	a.get("/o/org-1/people/"+bob).is(t, 200, "Change the roles", "in force", "Control owner")
	a.post("/o/org-1/people/"+bob+"/roles", "roles", "auditor").is(t, 422, "cannot be given to somebody who is or was owner")
	a.post("/o/org-1/people/"+ann+"/roles", "roles", "lead").is(t, 422, "last administrator")
	a.post("/o/org-1/people/"+ann+"/roles", "roles", "lead", "roles", "administrator", "roles", "executive").is(t, 422, "nobody gives themselves a role")
	a.post("/o/org-1/people/"+ann+"/end").is(t, 422, "last administrator")
	a.post("/o/org-1/people/"+bob+"/roles", "roles", "lead").is(t, 303, "/o/org-1/people/"+bob)
	b.get("/o/org-1/people").is(t, 200, "Ann").find(t, `(2 members)`) // a lead does, at once
	if p := b.get("/o/org-1/people").is(t, 200); strings.Contains(p.text, "Invite somebody") {
		t.Error("a lead is offered to invite, and would be refused")
	}
	a.post("/o/org-1/people/"+bob+"/sessions").is(t, 303)
	b.get("/me").is(t, 303, "/signin")
	b.post("/signin", "email", "bob@example.com", "password", good).is(t, 303)
	a.post("/o/org-1/people/"+bob+"/end").is(t, 303)
	b.get("/o/org-1/").is(t, 404)
	b.get("/").is(t, 303, "/organizations")
	a.get("/o/org-1/people").is(t, 200, "Former members", "1 member")
	a.post("/o/org-1/people/"+bob+"/end").is(t, 404)
	a.get("/o/org-1/people/person_none").is(t, 404)
}

// TestRolesByKind: forms offer the roles that there are in this kind of organization, what is posted besides is refused, and a role that was given
// before that was asked is shown as not valid, gives nothing, and can be ended.
func TestRolesByKind(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.post("/organizations", "name", "Third Counsel LLP").is(t, 303, "/organizations/org-2")
	ann := w.person("ann@example.com")
	for _, c := range []struct {
		org, void, word, sentence string
		kind                      access.Kind
	}{
		{"org-1", "practitioner", "Practitioner · not valid here", "There is no such role in a service organization: Practitioner.", access.Service},
		{"org-2", "lead", "Compliance lead · not valid here", "There is no such role in an audit firm: Compliance lead.", access.Firm},
	} {
		home := "/o/" + c.org + "/people"
		for _, page := range []string{home, home + "/" + ann} {
			got := a.get(page).is(t, 200)
			for _, r := range access.Roles() {
				if offered := strings.Contains(got.text, `name="roles" value="`+string(r)+`"`); offered != r.In(c.kind) {
					t.Errorf("%s offers %s: %t, want %t", page, r, offered, r.In(c.kind))
				}
			}
		}
		for _, r := range access.Roles() {
			if !r.In(c.kind) {
				a.post(home+"/invite", "email", "eve@example.com", "roles", "administrator", "roles", string(r)).is(t, 422, "does not exist here")
				a.post(home+"/"+ann+"/roles", "roles", "administrator", "roles", string(r)).is(t, 422, "does not exist here")
			}
		}
		if p := a.get(home).is(t, 200); strings.Contains(p.text, "Open invitations") || strings.Contains(p.text, "not valid here") {
			t.Errorf("%s shows an invitation that was refused, or a role that is not valid where none is", home)
		}
		email := "old@" + c.org + ".example"
		p, err := w.acc.Provision(t.Context(), email, "Old <Hand>")
		w.ok(err)
		w.grant(strings.Replace(c.org, "-", "_", 1), p.ID, access.Role(c.void))
		a.get(home).is(t, 200, "Old &lt;Hand&gt;", c.word)
		one := home + "/" + string(p.ID)
		got := a.get(one).is(t, 200, c.word, c.sentence, "End the membership", "Change the roles")
		if strings.Contains(got.text, "in force") || strings.Contains(got.text, "End all sessions") {
			t.Error("a role that gives nothing is said to be in force, or the sessions of a stranger can be ended")
		}
		a.post(one+"/sessions").is(t, 404)
		a.post(one+"/end").is(t, 303)
		a.get(home).is(t, 200, "Former members")
		w.grant(strings.Replace(c.org, "-", "_", 1), id.Person(ann), access.Role(c.void)) // the last administrator
		a.get(home+"/"+ann).is(t, 200, c.word)
		a.post(home+"/"+ann+"/roles", "roles", "administrator").is(t, 303)
		if p := a.get(home+"/"+ann).is(t, 200, "Administrator"); strings.Contains(p.text, c.word) {
			t.Error("the administrator's own void role stays after they laid it down")
		}
	}
}

// grant writes a membership by hand.
func (w *world) grant(org string, p id.Person, r access.Role) {
	w.t.Helper()
	w.ok(w.store.ChangeRoles(w.t.Context(), id.Org(org), func([]access.Membership) (grant, end []access.Membership, err error) {
		return []access.Membership{{Org: id.Org(org), Person: p, Role: r, Granted: w.clock.now()}}, nil, nil
	}))
}

func (w *world) person(email string) string {
	w.t.Helper()
	p, err := w.acc.PersonByEmail(w.t.Context(), email)
	w.ok(err)
	return string(p.ID)
}

// TestOtherOrganization: what is another organization's answers as if it were not there.
func TestOtherOrganization(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	b := w.join(a, "bob@example.com", "contributor")
	b.post("/organizations", "name", "Bob's").is(t, 303, "/organizations/org-2")
	ann := w.person("ann@example.com")
	for _, x := range []string{"/o/org-2/people/" + ann, "/o/org-2/people/person_none"} {
		if got, want := b.get(x).is(t, 404).text, b.get("/o/org-2/people/person_none").text; strings.ReplaceAll(got, ann, "") != want {
			t.Errorf("%s is told from one that is not there", x)
		}
	}
	b.post("/o/org-2/people/"+ann+"/sessions").is(t, 404)
	b.post("/o/org-2/people/"+ann+"/roles", "roles", "owner").is(t, 404)
	b.post("/o/org-2/people/"+ann+"/end").is(t, 404)
	a.get("/o/org-2/people").is(t, 404)
	a.get("/organizations/org-2").is(t, 404)
	a.post("/me/tokens", "name", "x", "org", "org_2", "days", "1", "scopes", "read").is(t, 404)
	a.post("/o/org-1/people/invite", "email", "cem@example.com", "roles", "owner").is(t, 200)
	list, err := w.acc.Invitations(t.Context(), "org_1")
	w.ok(err)
	b.post("/o/org-2/people/invitations/"+list[0].ID+"/revoke").is(t, 404)
	a.post("/o/org-1/people/invitations/"+list[0].ID+"/revoke").is(t, 303)
}

func TestInvitationPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	b := w.join(a, "bob@example.com", "owner")
	b.post("/organizations", "name", "Bob's").is(t, 303)
	link := b.post("/o/org-2/people/invite", "email", "ann@example.com", "roles", "adviser").is(t, 200).find(t, `https://assay\.example(/invitation/[\w-]+)`)
	w.browser().get(link).is(t, 200, "Sign in to accept", "/signin?next=%2Finvitation%2F")
	b.get(link).is(t, 200, "signed in as another person", "bob@example.com")
	b.post(link).is(t, 403, "another e-mail address")
	a.get(link).is(t, 200, "Accept the invitation", "Adviser")
	a.post(link).is(t, 303, "/organizations/org-2")
	a.post(link).is(t, 404, "no longer open")
	a.get("/o/org-2/").is(t, 200)
	w.browser().get("/invitation/nothing").is(t, 404, "no longer open")
}

func TestInvitationByMail(t *testing.T) {
	t.Parallel()
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Mail = o.Organizations.(*house) })
	a := w.founder()
	p := a.post("/o/org-1/people/invite", "email", "bob@example.com", "roles", "owner").is(t, 303, "/o/org-1/people")
	if strings.Contains(p.text, "/invitation/") || len(w.house.mail) != 1 || !strings.Contains(w.house.mail[0], "https://assay.example/invitation/") {
		t.Errorf("mail %q, page %q; want the link in the mail alone", w.house.mail, p.text)
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.post("/me", "name", "Ann Smith", "lang", "de", "theme", "dark", "zone", "Europe/Berlin").is(t, 303, "/me")
	a.get("/me").is(t, 200, `lang="de"`, `data-theme="dark"`, "Ann Smith", "Firefox on Linux", "192.0.2.7")
	a.post("/me", "name", "Ann", "lang", "en", "theme", "", "zone", "Mars/Base").is(t, 422, `value="Mars/Base"`)
	a.post("/me", "name", "Ann", "lang", "xx", "theme", "", "zone", "").is(t, 422)
	a.post("/me", "name", "", "lang", "en").is(t, 422, "1 to 200")
	a.post("/me", "name", "Ann", "lang", "en", "theme", "", "zone", "").is(t, 303)
	a.post("/me/theme", "theme", "dark").is(t, 303)
	a.get("/me").is(t, 200, `data-theme="dark"`)
	a.post("/me/theme", "theme", "system").is(t, 303)
	a.post("/me/theme", "theme", "pink").is(t, 400)
	other := w.browser()
	other.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	p := a.get("/me").is(t, 200, "Sign out everywhere else")
	a.post("/me/sessions/end", "id", p.find(t, `name="id" value="(session_\w+)"`)).is(t, 303)
	other.get("/me").is(t, 303, "/signin")
	a.post("/me/sessions/end", "id", "session_x").is(t, 404)
	other.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	a.post("/me/sessions/others").is(t, 303)
	other.get("/me").is(t, 303, "/signin")
	a.post("/me/password", "password", "aaaaaaaaaaaaaaaa").is(t, 422, "repeats")
	a.post("/me/password", "password", "seven grey herons waded east").is(t, 303)
	a.post("/me/password/remove").is(t, 422, "only way in")
}

func TestTokenPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.post("/organizations", "name", "Second").is(t, 303)
	for _, c := range [][]string{{"days", "0"}, {"days", "367"}, {"days", "x"}, {"days", "1e9"}, {"days", "30", "scopes", "root"}} {
		a.post("/me/tokens", append([]string{"name", "ci", "org", "org_1", "scopes", "read"}, c...)...).is(t, 422)
	}
	token := a.post("/me/tokens", "name", "<b>ci", "org", "org_1", "days", "30", "scopes", "read").is(t, 200, "never again").find(t, `id="token">(assay_\w+)<`)
	if p := a.get("/me").is(t, 200, "&lt;b&gt;ci"); strings.Contains(p.text, token) {
		t.Error("a token is shown twice")
	}
	b := w.browser()
	b.header.Set("Authorization", "Bearer "+token)
	b.get("/o/org-1/people").is(t, 200, "Ann")
	b.get("/o/org-2/people").is(t, 404)                                                               // another organization of the same person
	b.get("/me").is(t, 403)                                                                           // a program has no account
	b.post("/o/org-1/people/invite", "email", "eve@example.com", "roles", "administrator").is(t, 403) // nor may it invite
	b.header.Set("Authorization", "Basic "+token)
	b.get("/o/org-1/people").is(t, 401)
	b.header.Set("Authorization", "Bearer "+token[:len(token)-1]+"z")
	b.get("/o/org-1/people").is(t, 401)
	b.cookies = a.cookies // a bad token beside a good cookie is nobody
	b.get("/o/org-1/people").is(t, 401)
	public, _, ok := account.ParseToken(token)
	if !ok {
		t.Fatal("the token does not parse")
	}
	a.post("/me/tokens/revoke", "id", public).is(t, 303)
	b.header.Set("Authorization", "Bearer "+token)
	b.get("/o/org-1/people").is(t, 401)
}

type provider struct{ says account.Identity }

func (*provider) Begin(context.Context, bool, string) (string, []byte, error) {
	return "https://login.example/authorize?state=s", []byte("f"), nil
}

func (p *provider) Finish(_ context.Context, _ []byte, q url.Values) (account.Identity, error) {
	if q.Get("code") == "" {
		return account.Identity{}, fault.Refuse("the provider did not let you in")
	}
	return p.says, nil
}

func TestProviderPages(t *testing.T) {
	t.Parallel()
	idp := &provider{says: account.Identity{Issuer: "https://login.example", Subject: "1"}}
	w := setup(t, func(a *account.Options, o *signin.Options) { a.OpenID, o.Provider = idp, "Acme <Login>" })
	a := w.founder()
	b := w.browser()
	b.get("/signin?next=/me").is(t, 200, "Continue with Acme &lt;Login&gt;", "/oidc/start?next=%2Fme")
	b.get("/oidc/callback?code=c").is(t, 422, "too long") // nothing was begun here
	b.get("/oidc/start?next=/me").is(t, 303, "https://login.example/authorize")
	b.get("/oidc/callback?error=x").is(t, 422, "did not let you in")
	b.get("/oidc/start?next=/me").is(t, 303)
	b.get("/oidc/callback?code=c").is(t, 422, "no account here")
	b.get("/oidc/link").is(t, 303, "/signin")
	a.get("/oidc/link").is(t, 303, "https://login.example/")
	a.get("/oidc/callback?code=c").is(t, 303, "/me")
	a.get("/me").is(t, 200, "https://login.example")
	b.get("/oidc/start?next=/me").is(t, 303)
	b.get("/oidc/callback?code=c").is(t, 303, "/me")
	b.get("/me").is(t, 200, "Ann")
	w.clock.pass(11 * time.Minute)
	b.get("/oidc/link").is(t, 303, "/again")
	b.get("/again?next=/organizations").is(t, 200, "/oidc/again?next=%2Forganizations")
	b.get("/oidc/again?next=/organizations").is(t, 303, "https://login.example/")
	b.get("/oidc/callback?code=c").is(t, 303, "/organizations")
	b.get("/me").is(t, 200, "Set the password")
	b.post("/me/oidc/remove", "id", "https://login.example#2").is(t, 404)
	b.post("/me/oidc/remove", "id", "https://login.example#1").is(t, 303, "/me")
	b.get("/me").is(t, 200, "Not linked")
}

// TestHostile gives every form what nobody means well with.
func TestHostile(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	texts := []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `=HYPERLINK("x")`, "\u202egnp.exe", "💥💥", "'; DROP TABLE people; --", "{{.}}", "%00", "a\x00b", "\xff\xfe", strings.Repeat("x", 1<<20)}
	fields := []string{"email", "password", "name", "code", "next", "token", "setup", "id", "roles", "scopes", "days", "org", "zone", "lang", "theme"}
	for _, r := range w.house.pages.Routes() {
		if r.Method == "POST" && !strings.HasPrefix(r.Pattern, "/signout") && !strings.HasPrefix(r.Pattern, "/me/sessions") {
			hostile(t, a, strings.NewReplacer("{token}", "x", "{slug}", "x").Replace(r.Pattern), fields, texts)
		}
	}
	for _, r := range w.house.pages.OrgRoutes("org_1", "Acme") {
		if r.Method == "POST" {
			hostile(t, a, "/o/org-1"+strings.ReplaceAll(r.Pattern, "{id}", "person_x"), fields, texts)
		}
	}
	for _, x := range []string{"%3Cscript%3E", "..%2f..%2fetc", "%00", strings.Repeat("x", 4000), "💥"} {
		for _, p := range []string{"/invitation/", "/recover/", "/setup?token=", "/organizations/", "/o/org-1/people/", "/signin?next=", "/again?next=", "/oidc/start?invitation="} {
			if got := a.get(p + x); got.Code >= 500 || strings.Contains(got.text, "<script>") {
				t.Errorf("GET %s%.20s: %d", p, x, got.Code)
			}
		}
	}
}

func hostile(t *testing.T, b *browser, path string, fields, texts []string) {
	t.Helper()
	for _, x := range texts {
		var pairs []string
		for _, f := range fields {
			if len(x) < 1000 || f == "name" || f == "password" {
				pairs = append(pairs, f, x)
			}
		}
		got := b.post(path, pairs...)
		if got.Code >= 500 || strings.Contains(got.text, "<script>alert") || strings.Contains(got.text, "<img src=x") {
			t.Errorf("POST %s with %.20q: %d", path, x, got.Code)
		}
		if to := got.Header().Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")) {
			t.Errorf("POST %s with %.20q leads to %q", path, x, to)
		}
	}
}

// TestRoutes: each declares a policy, and what changes anything is no GET but for the ways to a provider and the choice of an organization.
func TestRoutes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	nobody := w.browser()
	w.founder()
	for _, r := range append(w.house.pages.Routes(), w.house.pages.OrgRoutes("org_1", "Acme")...) {
		if !r.Policy.Declared() {
			t.Errorf("%s %s has no policy", r.Method, r.Pattern)
		}
	}
	for _, r := range w.house.pages.Routes() {
		if r.Policy == access.Public {
			continue
		}
		path := strings.NewReplacer("{token}", "x", "{slug}", "x").Replace(r.Pattern)
		got := nobody.get(path)
		if r.Method == "POST" {
			got = nobody.post(path)
		}
		if got.Code != 303 || !strings.HasPrefix(got.Header().Get("Location"), "/signin") {
			t.Errorf("%s %s as nobody: %d %s, want the way to the sign-in", r.Method, r.Pattern, got.Code, got.Header().Get("Location"))
		}
	}
}

// TestFoundingElsewhere: where another page makes organizations, this one leads there and takes none itself.
func TestFoundingElsewhere(t *testing.T) {
	t.Parallel()
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Founding = "/organizations/new" })
	token, err := w.acc.FirstRun(t.Context())
	w.ok(err)
	b := w.browser()
	b.post("/setup", "token", token, "name", "Ann", "email", "ann@example.com", "password", good).is(t, 303)
	b.get("/organizations").is(t, 200, `href="/organizations/new"`, "Create your organization")
	b.post("/organizations", "name", "x").is(t, 405)
}
