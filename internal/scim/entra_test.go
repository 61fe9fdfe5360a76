package scim_test

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
)

// TestEntra sends what the provisioning service of Microsoft Entra ID sends. Source: "Tutorial: Develop and plan provisioning for a
// SCIM endpoint in Microsoft Entra ID", MicrosoftDocs/entra-docs, docs/identity/app-provisioning/use-scim-to-provision-users-and-groups.md;
// "False" as a text: "Known issues with SCIM 2.0 protocol compliance" in the same folder, and github.com/pond/scimitar/issues/43.
func TestEntra(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if a := w.acme(200, "GET", "/Users"+query(`userName eq "non-existent user"`), ""); total(a) != "0" {
		t.Errorf("an unknown user name = %s", a.raw)
	}
	user := ident(w.acme(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"Test_User_00aa","active":true,"emails":[{"primary":true,"type":"work","value":"Test_User_11bb@testuser.com"}],
		"meta":{"resourceType":"User"},"name":{"formatted":"givenName familyName","familyName":"familyName","givenName":"givenName"},"roles":[],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"GRC"}}`))
	for _, f := range []string{`userName eq "test_user_00AA"`, `externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`, `emails[type eq "work"].value eq "x"`,
		`emails[type eq "work" and value eq "test_user_11bb@testuser.com"]`, `emails.value eq "Test_User_11bb@testuser.com"`,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "Test_User_00aa" and active eq true`, `id eq "` + user + `"`} {
		a := w.send(w.tokens[acme], "GET", "/acme/Users"+query(f), "")
		if strings.Contains(f, "].value") { // RFC 7644 has no such filter
			if a.status != 400 || a.body["scimType"] != "invalidFilter" {
				t.Errorf("filter %s = %d %s, want 400 invalidFilter", f, a.status, a.raw)
			}
		} else if a.status != 200 || total(a) != "1" || resources(a)[0]["id"] != user {
			t.Errorf("filter %s = %d %s, want the user", f, a.status, a.raw)
		}
	}
	for _, c := range []struct {
		operations string
		status     int
		want       string // in the answer
	}{
		{`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"TEST_user_11bb@testuser.com"},{"op":"Replace","path":"name.familyName","value":"updatedFamilyName"}`, 200, `"familyName":"updatedFamilyName"`},
		{`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"updatedEmail@microsoft.com"}`, 400, `"scimType":"mutability"`},
		{`{"op":"Add","path":"emails[type eq \"home\"].value","value":"home@microsoft.com"}`, 200, `"value":"test_user_11bb@testuser.com"`},
		{`{"op":"Replace","path":"userName","value":"5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com"}`, 200, `"userName":"5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com"`},
		{`{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Audit"}`, 200, `"active":true`},
		{`{"op":"Add","value":{"name.givenName":"Path","displayName":"Pathless"}}`, 200, `"givenName":"Path"`},
		{`{"op":"Remove","path":"displayName"}`, 200, `"active":true`},
		{`{"op":"Replace","path":"active","value":"False"}`, 200, `"active":false`},
		{`{"op":"Replace","path":"active","value":"True"}`, 200, `"active":true`},
		{`{"op":"Add","path":"active","value":"maybe"}`, 400, `"scimType":"invalidValue"`},
		{`{"op":"Remove","path":"active"}`, 400, `"scimType":"mutability"`},
		{`{"op":"Remove","path":"userName"}`, 400, `"scimType":"invalidValue"`},
		{`{"op":"Remove"}`, 400, `"scimType":"noTarget"`},
		{`{"op":"Replace","path":"shoeSize","value":"43"}`, 400, `"scimType":"invalidPath"`},
		{`{"op":"Replace","path":"displayName","value":"kept?"},{"op":"Move","path":"x"}`, 400, `"scimType":"invalidSyntax"`},
		{`{"op":"Replace","path":"displayName","value":"kept?"},{"op":"Replace","path":"shoeSize","value":"43"}`, 400, `"scimType":"invalidPath"`},
	} {
		if a := w.acme(c.status, "PATCH", "/Users/"+user, patch(c.operations)); !strings.Contains(a.raw, c.want) {
			t.Errorf("PATCH %s = %s, want %s in it", c.operations, a.raw, c.want)
		}
	}
	if a := w.acme(200, "GET", "/Users/"+user, ""); strings.Contains(a.raw, "kept?") {
		t.Errorf("a refused PATCH was done half: %s", a.raw)
	}

	group := ident(w.acme(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId":"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159","displayName":"GRC Team","meta":{"resourceType":"Group"}}`))
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+user+`"}]}`))
	w.expect(acme, "test_user_11bb@testuser.com", string(access.Lead)) // by the mapping
	if a := w.acme(200, "GET", "/Groups/"+group+"?excludedAttributes=members", ""); a.body["members"] != nil || a.body["displayName"] != "GRC Team" {
		t.Errorf("a group without its members = %s", a.raw)
	}
	if a := w.acme(200, "GET", "/Groups?excludedAttributes=members&filter=displayName+eq+%22grc+team%22", ""); total(a) != "1" || strings.Contains(a.raw, "members") || strings.Contains(a.raw, "version") {
		t.Errorf("a group by its name = %s", a.raw)
	}
	for f, want := range map[string]string{`id eq "` + group + `" and members eq "` + user + `"`: "1", `members[value eq "` + user + `"]`: "1", `members.value eq "nobody"`: "0"} {
		if a := w.acme(200, "GET", "/Groups"+query(f), ""); total(a) != want {
			t.Errorf("groups with %s = %s, want %s", f, a.raw, want)
		}
	}
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"Replace","path":"displayName","value":"1879db59updatedDisplayName"}`))
	w.expect(acme, "test_user_11bb@testuser.com", "") // no role has that name
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"Replace","path":"displayName","value":"grc team"}`))
	w.expect(acme, "test_user_11bb@testuser.com", "lead")
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"`+user+`"}]}`))
	w.expect(acme, "test_user_11bb@testuser.com", "")
	w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"Add","path":"members","value":[{"value":"`+user+`"}]}`))
	w.acme(204, "DELETE", "/Groups/"+group, "")
	w.expect(acme, "test_user_11bb@testuser.com", "")

	w.acme(204, "DELETE", "/Users/"+user, "")
	w.acme(404, "GET", "/Users/"+user, "")
	w.acme(404, "DELETE", "/Users/"+user, "")
	again := w.user("test_user_11bb@testuser.com")
	if again == user {
		t.Errorf("a user made again has the id of the one that was deleted: %s", again)
	}
	p, err := w.people.PersonByEmail(w.ctx, "test_user_11bb@testuser.com")
	if err != nil || p.Disabled != nil {
		t.Fatalf("the person is %v, %v; want there, and not disabled", p, err)
	}
	history, err := w.store.MembershipsOf(w.ctx, p.ID)
	if err != nil || len(history) != 3 {
		t.Errorf("the history has %d memberships, %v; want all 3 that were given and taken", len(history), err)
	}
}
