package signin_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/signin"
)

// moody is a mail server that takes nothing until it works.
type moody struct {
	works bool
	text  string
}

func (m *moody) Send(_ context.Context, _, _, text string) error {
	if !m.works {
		return errors.New("no answer")
	}
	m.text = text
	return nil
}

// TestInvitationIsNotSent: where invitations go by mail, no page shows a link, whether the mail goes out or not.
func TestInvitationIsNotSent(t *testing.T) {
	t.Parallel()
	m := &moody{}
	w := setup(t, func(_ *account.Options, o *signin.Options) { o.Mail = m })
	a := w.founder()
	p := a.post("/o/org-1/people/invite", "email", "bob@example.com", "roles", "owner").is(t, 503, "could not be sent", "Send again", `value="bob@example.com"`)
	if regexp.MustCompile(`/invitation/[\w-]{20}|invitation-link`).MatchString(p.text) {
		t.Error("the page shows the link of an invitation that the mail server did not take")
	}
	p.find(t, `(value="owner" checked)`)
	m.works = true
	a.post("/o/org-1/people/invite", "email", "bob@example.com", "roles", "owner").is(t, 303, "/o/org-1/people")
	if !strings.Contains(m.text, "https://assay.example/invitation/") {
		t.Errorf("the mail says %q, want the link in it", m.text)
	}
}

func TestWaitingIsShown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	a.post("/organizations", "name", "Second").is(t, 303)
	w.join(a, "future@example.com", "contributor")
	if p := a.get("/o/org-2/people").is(t, 200); strings.Contains(p.text, "Roles that wait") {
		t.Error("roles wait where none do")
	}
	w.ok(w.acc.Reassign(t.Context(), "org_2", []account.Reassignment{{Person: id.Person(w.person("future@example.com")), Add: []access.Role{access.Executive}}}, access.Visitor{}, account.From{}))
	a.get("/o/org-2/people").is(t, 200, "1 member", "Roles that wait", "future@example.com")
	if p := a.get("/o/org-1/people").is(t, 200, "2 members"); strings.Contains(p.text, "Roles that wait") {
		t.Error("another organization's waiting roles are shown")
	}
}

// TestSessionsElsewhere: no organization ends what is good in another one, and the page says why.
func TestSessionsElsewhere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	b := w.join(a, "bob@example.com", "owner")
	member := "/o/org-1/people/" + w.person("bob@example.com")
	a.get(member).is(t, 200, "End all sessions")
	b.post("/organizations", "name", "Bob's").is(t, 303)
	if p := a.get(member).is(t, 200, "belongs to another organization too", "End the membership"); strings.Contains(p.text, "End all sessions") {
		t.Error("the page offers what is refused")
	}
	a.post(member+"/sessions").is(t, 422, "belongs to another organization too")
	b.get("/me").is(t, 200)
	a.post(member+"/end").is(t, 303)
	b.get("/o/org-1/").is(t, 404)
	b.get("/me").is(t, 200)
}

// TestPasswordAndTokens: beside the form of a new password stands how many tokens it leaves in force.
func TestPasswordAndTokens(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.founder()
	if p := a.get("/me").is(t, 200, "New password"); strings.Contains(p.text, "in force until you revoke") {
		t.Error("tokens are spoken of where there are none")
	}
	a.post("/me/tokens", "name", "ci", "org", "org_1", "days", "30", "scopes", "read").is(t, 200)
	a.get("/me").is(t, 200, "not your API tokens: 1 stays in force")
	a.post("/me/tokens", "name", "short", "org", "org_1", "days", "1", "scopes", "read").is(t, 200)
	a.get("/me").is(t, 200, "not your API tokens: 2 stay in force")
	w.clock.pass(25 * time.Hour)
	a.post("/signin", "email", "ann@example.com", "password", good).is(t, 303)
	a.get("/me").is(t, 200, "not your API tokens: 1 stays in force")
}
