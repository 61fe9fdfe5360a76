package signin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/web/signin"
)

// listed is somebody whom a directory made, with a role in an organization of their own.
func (w *world) listed(email string) access.Person {
	w.t.Helper()
	p, _, err := w.acc.Enlist(w.t.Context(), "org_2", email, "As listed", access.Visitor{}, account.From{})
	w.ok(err)
	w.ok(w.acc.Reassign(w.t.Context(), "org_2", []account.Reassignment{{Person: p.ID, Add: []access.Role{access.Contributor}}}, access.Visitor{}, account.From{}))
	return p
}

// TestListedByHand: the link that an administrator hands over does not open what another organization gave.
func TestListedByHand(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	w.listed("cem@example.com")
	link := a.post("/o/org-1/people/invite", "email", "cem@example.com", "roles", "owner").is(t, 200).find(t, `https://assay\.example(/invitation/[\w.-]+)`)
	b := w.browser()
	b.get(link).is(t, 200, "Join with a password")
	b.post(link, "name", "Mallory", "password", good).is(t, 422, "does not prove")
	b.post(link+"/passkey/begin", "name", "Mallory").is(t, 403)
	b.post(link+".AAAA", "name", "Mallory", "password", good).is(t, 404, "no longer open")
}

func TestListedByMail(t *testing.T) {
	t.Parallel()
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Mail = o.Organizations.(*house) })
	a := w.founder()
	p := w.listed("cem@example.com")
	a.post("/o/org-1/people/invite", "email", "cem@example.com", "roles", "owner").is(t, 303)
	link := regexp.MustCompile(`https://assay\.example(/invitation/[\w.-]+)`).FindStringSubmatch(w.house.mail[0])[1]
	b := w.browser()
	b.get(link).is(t, 200, "Join with a password", "cem@example.com")
	b.post(link, "name", "", "password", good).is(t, 422, "1 to 200")
	b.post(link, "name", "Cem", "password", good).is(t, 303, "/")
	b.get("/me").is(t, 200, "Cem", p.Email)
	w.browser().get(link).is(t, 404, "no longer open")
	// Whoever has a secret signs in first.
	a.post("/o/org-1/people/invite", "email", "cem@example.com", "roles", "contributor").is(t, 303)
	link = regexp.MustCompile(`https://assay\.example(/invitation/[\w.-]+)`).FindStringSubmatch(w.house.mail[len(w.house.mail)-1])[1]
	if got := w.browser().get(link).is(t, 200, "You have an account here already", "/signin?next="); strings.Contains(got.text, "Join with a password") {
		t.Error("somebody with a password is asked for another one")
	}
	b.post(link).is(t, 303, "/organizations/org-1")
}
