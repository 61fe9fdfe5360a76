package scim_test

import (
	"testing"

	"github.com/assayhq/assay/internal/access"
)

// TestGroupsByKind: a group stands for a role where there is such a role. In an organization of the other kind it is kept and gives nothing, by its
// name and by the operator's mapping alike, and what it gave before is taken with the next change.
func TestGroupsByKind(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.mapping = map[string]access.Role{"everybody": access.Partner, "staff": access.Owner, "heads": access.Administrator}
	for _, c := range []struct{ org, group, want string }{
		{"acme", "assay-partner", ""}, {"acme", "assay-practitioner", ""}, {"acme", "everybody", ""}, {"acme", "assay-adviser", "adviser"}, {"acme", "staff", "owner"},
		{"firm", "assay-lead", ""}, {"firm", "assay-auditor", ""}, {"firm", "assay-customer", ""}, {"firm", "staff", ""}, {"firm", "assay-partner", "partner"},
		{"firm", "everybody", "partner"}, {"firm", "heads", "administrator"}, {"firm", "assay-administrator", ""},
	} {
		org := acme
		if c.org == "firm" {
			org = firm
		}
		email := c.group + "@" + c.org + ".example"
		ask := func(status int, method, path, body string) answer {
			t.Helper()
			a := w.send(w.tokens[org], method, "/"+c.org+path, body)
			if a.status != status {
				t.Fatalf("%s %s %s = %d %s, want %d", method, path, body, a.status, a.raw, status)
			}
			return a
		}
		user := ident(ask(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+email+`","emails":[{"primary":true,"value":"`+email+`"}],"active":true}`))
		group := ident(ask(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+c.group+`","members":[`+values(user)+`]}`))
		w.expect(org, email, c.want)
		patch := func(value string) string {
			return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":` + value + `}]}`
		}
		ask(200, "PATCH", "/Users/"+user, patch("false"))
		w.expect(org, email, "")
		ask(200, "PATCH", "/Users/"+user, patch("true"))
		w.expect(org, email, c.want)
		ask(204, "DELETE", "/Groups/"+group, "")
		w.expect(org, email, "")
	}
}

// TestVoidGoesWithItsGroup: a role that a group gave before it was asked what the organization is goes when the group does.
func TestVoidGoesWithItsGroup(t *testing.T) {
	t.Parallel()
	w := setup(t)
	user, keep := w.user("ann@acme.example"), w.group("assay-owner")
	group := w.group("assay-partner", user)
	p, err := w.people.PersonByEmail(w.ctx, "ann@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	err = w.store.ChangeRoles(w.ctx, acme, func([]access.Membership) (grant, end []access.Membership, err error) {
		return []access.Membership{{Org: acme, Person: p.ID, Role: access.Partner, Granted: w.at()}}, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.expect(acme, p.Email, "")
	w.acme(204, "PATCH", "/Groups/"+keep, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[`+values(user)+`]}]}`)
	w.expect(acme, p.Email, "owner")
	w.acme(204, "DELETE", "/Groups/"+group, "")
	history, err := w.store.MembershipsOf(w.ctx, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range history {
		if m.Role == access.Partner && m.Ended == nil {
			t.Error("the membership as a partner of a service organization is not ended")
		}
	}
	w.expect(acme, p.Email, "owner")
}
