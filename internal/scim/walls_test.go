package scim_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/id"
)

// TestEveryRouteIsGuarded asks each address as each kind of caller who may not.
func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	lead, err := w.people.Provision(w.ctx, "lead@acme.example", "Lead")
	if err != nil {
		t.Fatal(err)
	}
	root := access.Visitor{Person: w.admin[acme].ID, Email: "root@acme.example"}
	if err := w.people.Reassign(w.ctx, acme, []account.Reassignment{{Person: lead.ID, Add: []access.Role{access.Lead}}}, root, account.From{}); err != nil {
		t.Fatal(err)
	}
	// The same person is administrator of both; the token is good for one.
	if err := w.people.Reassign(w.ctx, other, []account.Reassignment{{Person: w.admin[acme].ID, Add: []access.Role{access.Administrator}}}, access.Visitor{Person: w.admin[other].ID}, account.From{}); err != nil {
		t.Fatal(err)
	}
	user, group := w.user("ann@acme.example"), w.group("assay-owner")
	callers := []struct {
		name, token string
		status      int
		extra       []string
	}{
		{"nobody", "", 401, nil},
		{"a token that is none", "assay_aaaaaaaaaaaaaaaa_b", 401, nil},
		{"a session of an administrator", "", 401, []string{"Cookie", "assay=x"}},
		{"a token without the scope", w.token(w.admin[acme], acme, access.ScopeRead, access.ScopeRecords, access.ScopeWrite), 403, nil},
		{"a token of somebody who is no administrator", w.token(lead, acme, access.ScopeProvision), 403, nil},
		{"a token of another organization", w.tokens[other], 404, nil},
	}
	for _, rt := range w.server.Routes() {
		if !rt.Policy.Declared() || rt.Policy != access.Provision || rt.Handler == nil {
			t.Errorf("%s %s declares %s, want %s", rt.Method, rt.Pattern, rt.Policy, access.Provision)
		}
		ident := user
		if strings.Contains(rt.Pattern, "/Groups") {
			ident = group
		}
		path := strings.NewReplacer("/scim/v2", "", "{org}", "acme", "{id}", ident).Replace(rt.Pattern)
		body := ""
		if rt.Method != "GET" && rt.Method != "DELETE" {
			body = `{"active":false}`
		}
		for _, c := range callers {
			a := w.send(c.token, rt.Method, path, body, c.extra...)
			if a.status != c.status {
				t.Errorf("%s %s as %s = %d %s, want %d", rt.Method, path, c.name, a.status, a.raw, c.status)
			}
			w.problem(a)
			if c.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s as %s: no WWW-Authenticate", rt.Method, path, c.name)
			}
		}
		// Another organization's path and one that is no organization's answer alike.
		theirs := w.send(w.tokens[acme], rt.Method, strings.Replace(path, "/acme", "/other", 1), body)
		none := w.send(w.tokens[acme], rt.Method, strings.Replace(path, "/acme", "/nobody", 1), body)
		if theirs.status != 404 || theirs.raw != none.raw || none.status != 404 {
			t.Errorf("%s %s: another organization = %d %s, none = %d %s; want 404 alike", rt.Method, path, theirs.status, theirs.raw, none.status, none.raw)
		}
	}
	if a := w.acme(200, "GET", "/Users/"+user, ""); a.body["active"] != true {
		t.Errorf("somebody who may not changed the user: %s", a.raw)
	}
	w.acme(405, "DELETE", "/Users", "")
	w.acme(404, "GET", "/Cars", "")
	w.acme(501, "POST", "/Bulk", `{}`)
	w.acme(501, "GET", "/Me", "")
}

// TestAnotherOrganizationsPerson shows that a directory neither takes over a person of another organization nor learns of them.
func TestAnotherOrganizationsPerson(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p, err := w.people.Provision(w.ctx, "eve@other.example", "Eve There")
	if err != nil {
		t.Fatal(err)
	}
	root := access.Visitor{Person: w.admin[other].ID}
	if err := w.people.Reassign(w.ctx, other, []account.Reassignment{{Person: p.ID, Add: []access.Role{access.Executive}}}, root, account.From{}); err != nil {
		t.Fatal(err)
	}
	make := func(email string) answer {
		return w.acme(201, "POST", "/Users", `{"userName":"`+email+`","name":{"formatted":"Renamed"},"externalId":"x-`+email+`","active":true}`)
	}
	known, unknown := make("eve@other.example"), make("new@other.example")
	user := ident(known)
	blank := func(a answer) string {
		meta := a.body["meta"].(obj)
		return strings.NewReplacer(ident(a), "ID", meta["version"].(string)[2:], "V", "eve@", "x@", "new@", "x@", meta["created"].(string), "T").Replace(strings.ReplaceAll(a.raw, `\"`, `"`))
	}
	if diff := cmp.Diff(blank(unknown), blank(known)); diff != "" {
		t.Errorf("a person known elsewhere answers otherwise than one who is not: %s", diff)
	}
	if strings.Contains(known.raw, string(p.ID)) || strings.Contains(known.raw, "Eve There") {
		t.Errorf("the answer tells of the person elsewhere: %s", known.raw)
	}
	group := w.group("assay-contributor", user)
	w.expect(acme, "eve@other.example", "contributor")
	w.expect(other, "eve@other.example", "executive")
	w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","path":"name.formatted","value":"Mallory"},{"op":"replace","path":"displayName","value":"Mallory"}`))
	w.acme(400, "PATCH", "/Users/"+user, patch(`{"op":"replace","path":"emails","value":[{"value":"mallory@acme.example","primary":true}]}`))
	w.acme(400, "PUT", "/Users/"+user, `{"userName":"eve@other.example","emails":[{"value":"mallory@acme.example","type":"work"}]}`)
	w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","path":"active","value":false}`))
	w.expect(acme, "eve@other.example", "")
	w.expect(other, "eve@other.example", "executive")
	w.acme(204, "DELETE", "/Users/"+user, "")
	after, err := w.people.Person(w.ctx, p.ID)
	if diff := cmp.Diff(p, after); diff != "" || err != nil {
		t.Errorf("the person was changed: %v %s", err, diff)
	}

	// Nothing of acme's directory exists for other's token.
	mine := w.user("ann@acme.example")
	for _, a := range []answer{
		w.send(w.tokens[other], "GET", "/other/Users/"+mine, ""), w.send(w.tokens[other], "DELETE", "/other/Users/"+mine, ""),
		w.send(w.tokens[other], "PATCH", "/other/Users/"+mine, patch(`{"op":"replace","path":"active","value":false}`)),
		w.send(w.tokens[other], "GET", "/other/Groups/"+group, ""), w.send(w.tokens[other], "DELETE", "/other/Groups/"+group, ""),
		w.send(w.tokens[other], "PUT", "/other/Groups/"+group, `{"displayName":"assay-lead"}`),
	} {
		if a.status != 404 {
			t.Errorf("an object of another organization = %d %s, want 404", a.status, a.raw)
		}
	}
	for _, path := range []string{"/Users" + query(`userName pr or id eq "`+mine+`" or not (active eq false)`), "/Groups" + query(`id eq "`+group+`" or displayName pr`)} {
		if a := w.send(w.tokens[other], "GET", "/other"+path, ""); a.status != 200 || total(a) != "0" {
			t.Errorf("%s of another organization = %d %s, want nothing", path, a.status, a.raw)
		}
	}
	if a := w.send(w.tokens[other], "POST", "/other/Groups", `{"displayName":"assay-lead","members":[{"value":"`+mine+`"}]}`); a.status != 400 {
		t.Errorf("a group with another organization's user = %d %s, want 400", a.status, a.raw)
	}
	// A person whom acme made, and who is then a member elsewhere, keeps the name they have.
	ann, err := w.people.PersonByEmail(w.ctx, "ann@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	if a := w.send(w.tokens[other], "POST", "/other/Users", `{"userName":"ann@acme.example"}`); a.status != 201 {
		t.Fatalf("ann in the other directory = %d %s", a.status, a.raw)
	}
	w.acme(200, "PATCH", "/Users/"+mine, patch(`{"op":"replace","path":"name.formatted","value":"Changed"}`))
	if again, err := w.people.Person(w.ctx, ann.ID); err != nil || again.Name != ann.Name {
		t.Errorf("the name is %q, %v; want %q", again.Name, err, ann.Name)
	}
}

// TestSeparateDuties shows that a group gives no role that the history keeps apart, and that a refused request does nothing at all.
func TestSeparateDuties(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ann, bob := w.user("ann@acme.example"), w.user("bob@acme.example")
	lead, audit := w.group("assay-lead", ann), w.group("assay-auditor")
	for range 2 { // while she is lead, and after it
		a := w.acme(403, "PATCH", "/Groups/"+audit, patch(`{"op":"add","path":"members","value":[`+values(bob, ann)+`]}`))
		if !strings.Contains(a.raw, "auditor") {
			t.Errorf("the refusal reads %s, want it to name the role", a.raw)
		}
		w.expect(acme, "bob@acme.example", "")
		if a := w.acme(200, "GET", "/Groups/"+audit, ""); len(a.body["members"].([]any)) != 0 {
			t.Errorf("a refused change left members: %s", a.raw)
		}
		w.acme(204, "PATCH", "/Groups/"+lead, patch(`{"op":"remove","path":"members"}`))
		w.expect(acme, "ann@acme.example", "")
	}
	w.acme(204, "PATCH", "/Groups/"+audit, patch(`{"op":"add","path":"members","value":[`+values(bob)+`]}`))
	w.expect(acme, "bob@acme.example", "auditor")
	w.acme(403, "PATCH", "/Groups/"+audit, patch(`{"op":"replace","path":"displayName","value":"assay-owner"}`)) // a new name is a new role
	w.expect(acme, "bob@acme.example", "auditor")
	w.acme(403, "POST", "/Groups", `{"displayName":"assay-contributor","members":[`+values(bob)+`]}`)
	if a := w.acme(200, "GET", "/Groups"+query(`displayName eq "assay-contributor"`), ""); total(a) != "0" {
		t.Errorf("a refused group was kept: %s", a.raw)
	}
	// Refused on the way back too: bob is auditor by history, and inactive people are given nothing at once.
	w.acme(200, "PATCH", "/Users/"+bob, patch(`{"op":"replace","path":"active","value":false}`))
	w.acme(204, "PATCH", "/Groups/"+lead, patch(`{"op":"add","path":"members","value":[`+values(bob)+`]}`))
	w.acme(403, "PATCH", "/Users/"+bob, patch(`{"op":"replace","path":"active","value":true}`))
	w.expect(acme, "bob@acme.example", "")
	if a := w.acme(200, "GET", "/Users/"+bob, ""); a.body["active"] != false {
		t.Errorf("a refused return left the user active: %s", a.raw)
	}
}

// TestTheTokensOwnPerson shows that a directory's administrator gets nothing by it, and that the last one stays.
func TestTheTokensOwnPerson(t *testing.T) {
	t.Parallel()
	w := setup(t)
	root := w.user("root@acme.example") // here already, by founding
	w.expect(acme, "root@acme.example", "administrator lead")
	w.acme(403, "POST", "/Groups", `{"displayName":"assay-owner","members":[`+values(root)+`]}`)
	w.acme(403, "PATCH", "/Users/"+root, patch(`{"op":"replace","path":"active","value":"False"}`))
	w.acme(403, "DELETE", "/Users/"+root, "")
	w.expect(acme, "root@acme.example", "administrator lead")
	if p, err := w.people.Person(w.ctx, w.admin[acme].ID); err != nil || p.Name != "Root" {
		t.Errorf("a person whom the directory did not make is called %q, %v; want Root", p.Name, err)
	}
	w.acme(200, "PATCH", "/Users/"+root, patch(`{"op":"replace","path":"name.formatted","value":"Renamed"}`))
	if p, err := w.people.Person(w.ctx, w.admin[acme].ID); err != nil || p.Name != "Root" {
		t.Errorf("a person whom the directory did not make is called %q, %v; want Root", p.Name, err)
	}
	// Somebody who was let in by hand, and whom the directory lists as inactive, is out.
	hand, err := w.people.Provision(w.ctx, "hand@acme.example", "Hand")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.people.Reassign(w.ctx, acme, []account.Reassignment{{Person: hand.ID, Add: []access.Role{access.Owner}}}, access.Visitor{Person: w.admin[acme].ID}, account.From{}); err != nil {
		t.Fatal(err)
	}
	w.acme(201, "POST", "/Users", `{"userName":"hand@acme.example","active":false}`)
	w.expect(acme, "hand@acme.example", "")
	next := w.user("next@acme.example")
	w.group("assay-administrator", next)
	w.expect(acme, "next@acme.example", "") // not by that name alone
	w.mapping["assay admins"] = access.Administrator
	w.group("Assay Admins", next)
	w.expect(acme, "next@acme.example", "administrator")
	w.acme(200, "PATCH", "/Users/"+root, patch(`{"op":"replace","path":"active","value":"False"}`))
	if a := w.send(w.tokens[acme], "GET", "/acme/Users", ""); a.status != 401 {
		t.Errorf("the token of somebody who is gone = %d, want 401 at once", a.status)
	}
}

// TestTwoGroupsOfOneRole shows that a role stays while one group still gives it.
func TestTwoGroupsOfOneRole(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ann := w.user("ann@acme.example")
	one, two := w.group("assay-lead", ann), w.group("GRC Team", ann)
	w.acme(204, "DELETE", "/Groups/"+one, "")
	w.expect(acme, "ann@acme.example", "lead")
	w.acme(204, "DELETE", "/Groups/"+two, "")
	w.expect(acme, "ann@acme.example", "")
}

// TestAtOnce sends many changes of one group at a time: none is lost.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var users []string
	for i := range 16 {
		users = append(users, w.user(fmt.Sprintf("u%d@acme.example", i)))
	}
	group := w.group("assay-contributor")
	var all sync.WaitGroup
	for _, u := range users {
		all.Go(func() {
			if a := w.send(w.tokens[acme], "PATCH", "/acme/Groups/"+group, patch(`{"op":"Add","path":"members","value":[`+values(u)+`]}`)); a.status != http.StatusNoContent {
				t.Errorf("PATCH = %d %s", a.status, a.raw)
			}
		})
	}
	all.Wait()
	if a := w.acme(200, "GET", "/Groups/"+group, ""); len(a.body["members"].([]any)) != len(users) {
		t.Errorf("the group has %d members, want %d", len(a.body["members"].([]any)), len(users))
	}
	for i := range users {
		w.expect(acme, fmt.Sprintf("u%d@acme.example", i), "contributor")
	}
	// The same person at once in two directories is one person.
	var made [2]answer
	for i, slug := range []string{"acme", "other"} {
		all.Go(func() {
			made[i] = w.send(w.tokens[id.Org("org_"+slug)], "POST", "/"+slug+"/Users", `{"userName":"both@else.example"}`)
		})
	}
	all.Wait()
	if made[0].status != 201 || made[1].status != 201 {
		t.Errorf("one address in two directories = %d %s and %d %s, want 201 twice", made[0].status, made[0].raw, made[1].status, made[1].raw)
	}
}
