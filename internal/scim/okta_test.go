package scim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOkta sends what Okta's provisioning sends, in its order and spelling. Source: "Okta and SCIM Version 2.0",
// https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20 (okta/okta-developer-docs, packages/@okta/vuepress-site/docs/reference/scim/scim-20).
func TestOkta(t *testing.T) {
	t.Parallel()
	w := setup(t)
	// "Determine if the User object exists."
	if a := w.acme(200, "GET", "/Users?filter=userName%20eq%20%22test.user%40okta.local%22&startIndex=1&count=100", ""); total(a) != "0" || a.body["Resources"] == nil {
		t.Errorf("an empty list reads %s, want totalResults 0 and Resources []", a.raw)
	}
	made := w.acme(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.local","name":{"givenName":"Test","familyName":"User"},
		"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],"displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`)
	user := ident(made)
	if strings.Contains(made.raw, "1mz050nq") || made.header.Get("Location") != "https://assay.example/scim/v2/acme/Users/"+user || made.header.Get("Content-Type") != "application/scim+json" {
		t.Errorf("the new user is %s with %v", made.raw, made.header)
	}
	want := obj{"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:User"}, "id": user, "userName": "test.user@okta.local", "externalId": "00ujl29u0le5T6Aj10h7",
		"name": obj{"givenName": "Test", "familyName": "User"}, "displayName": "Test User", "active": true, "groups": []any{},
		"emails": []any{obj{"value": "test.user@okta.local", "type": "work", "primary": true}}}
	got := w.acme(200, "GET", "/Users/"+user, "").body
	delete(got, "meta")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GET /Users/{id}: %s", diff)
	}
	w.acme(409, "POST", "/Users", `{"userName":"TEST.user@okta.local"}`)
	w.expect("org_acme", "test.user@okta.local", "") // a user without a group has no role

	// "Update a specific User (PUT)": the whole body comes back with a changed name.
	changed := w.acme(200, "PUT", "/Users/"+user, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"`+user+`","userName":"test.user@okta.local","externalId":"00ujl29u0le5T6Aj10h7",
		"name":{"givenName":"Another","middleName":"Excited","familyName":"User"},"emails":[{"primary":true,"value":"test.user@okta.local","type":"work","display":"test.user@okta.local"}],"active":true,"groups":[],"meta":{"resourceType":"User"}}`)
	if n, _ := changed.body["name"].(obj); n["givenName"] != "Another" || changed.body["displayName"] != nil {
		t.Errorf("after PUT the user is %s", changed.raw)
	}
	if p, err := w.people.PersonByEmail(w.ctx, "test.user@okta.local"); err != nil || p.Name != "Another User" {
		t.Errorf("the person is called %q, %v; want what the directory that made them says", p.Name, err)
	}

	// Group push: an empty group, then its name and its members.
	group := ident(w.acme(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Assay-Lead","members":[]}`))
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"replace","value":{"id":"`+group+`","displayName":"assay-lead"}}`))
	second := w.user("second.user@okta.local")
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"add","path":"members","value":[{"value":"`+second+`","display":"second.user@okta.local"}]}`))
	w.expect(acme, "second.user@okta.local", "lead")
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"remove","path":"members[value eq \"`+second+`\"]"},{"op":"add","path":"members","value":[{"value":"`+user+`","display":"test.user@okta.local"}]}`))
	w.expect(acme, "second.user@okta.local", "")
	w.expect(acme, "test.user@okta.local", "lead")
	if n := w.notes.count("org_acme: role granted lead"); n != 3 { // the founder, the second user, the user
		t.Errorf("roles granted in the journal = %d, want 3", n)
	}
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"replace","path":"members","value":[{"value":"`+user+`"},{"value":"`+second+`"}]}`))
	w.expect(acme, "second.user@okta.local", "lead")
	w.acme(200, "PUT", "/Groups/"+group, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"assay-lead","members":[{"value":"`+user+`","display":"test.user@okta.local"}]}`)
	w.expect(acme, "second.user@okta.local", "")
	if a := w.acme(200, "GET", "/Groups?startIndex=1&count=100", ""); total(a) != "1" || !strings.Contains(a.raw, user) {
		t.Errorf("GET /Groups = %s, want the group with its member", a.raw)
	}

	// "Deactivating a user", by PATCH without a path and by PUT, and back.
	off := w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","value":{"active":false}}`))
	if off.body["active"] != false {
		t.Errorf("after deactivation the user is %s", off.raw)
	}
	w.expect(acme, "test.user@okta.local", "")
	w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","value":{"active":true}}`))
	w.expect(acme, "test.user@okta.local", "lead")
	w.acme(200, "PUT", "/Users/"+user, `{"userName":"test.user@okta.local","active":false}`)
	w.expect(acme, "test.user@okta.local", "")
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"replace","path":"members","value":[]}`))
	w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","value":{"active":true}}`))
	w.expect(acme, "test.user@okta.local", "") // the group was left meanwhile
	w.acme(204, "DELETE", "/Groups/"+group, "")
	w.acme(404, "GET", "/Groups/"+group, "")
}
