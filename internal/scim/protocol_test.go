package scim_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var want []string
	for i := range 205 {
		want = append(want, w.user(fmt.Sprintf("u%03d@acme.example", i)))
	}
	var got []string
	for start := 1; ; start += 100 {
		a := w.acme(200, "GET", fmt.Sprintf("/Users?startIndex=%d&count=100&attributes=userName", start), "")
		if total(a) != "205" || a.body["startIndex"].(fmt.Stringer).String() != fmt.Sprint(start) {
			t.Fatalf("page from %d = %.200s", start, a.raw)
		}
		list := resources(a)
		if n := a.body["itemsPerPage"].(fmt.Stringer).String(); n != fmt.Sprint(len(list)) {
			t.Errorf("itemsPerPage = %s, want %d", n, len(list))
		}
		if len(list) == 0 {
			break
		}
		for _, o := range list {
			if o["emails"] != nil || o["userName"] == nil {
				t.Errorf("with attributes=userName an entry is %v", o)
			}
			got = append(got, o["id"].(string))
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the pages give %d users, want all 205 in the order of their making", len(got))
	}
	for q, n := range map[string]int{"startIndex=0&count=3": 3, "startIndex=-5&count=3": 3, "count=0": 0, "count=-1": 0, "count=100000": 200, "startIndex=204": 2, "startIndex=206": 0, "startIndex=9223372036854775807": 0, "": 100} {
		if a := w.acme(200, "GET", "/Users?"+q, ""); len(resources(a)) != n || total(a) != "205" {
			t.Errorf("GET /Users?%s gives %d of %s, want %d of 205", q, len(resources(a)), total(a), n)
		}
	}
	for _, q := range []string{"startIndex=one", "count=1e3", "startIndex=99999999999999999999"} {
		w.acme(400, "GET", "/Users?"+q, "")
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	user := w.user("ann@acme.example")
	first := w.acme(200, "GET", "/Users/"+user, "")
	tag := first.header.Get("ETag")
	if meta := first.body["meta"].(obj); meta["version"] != tag || !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("ETag %s, meta %v; want the same weak tag", tag, meta)
	}
	w.acme(304, "GET", "/Users/"+user, "", "If-None-Match", tag)
	change := patch(`{"op":"replace","path":"displayName","value":"Ann"}`)
	w.acme(412, "PATCH", "/Users/"+user, change, "If-Match", `W/"0123"`)
	w.acme(200, "PATCH", "/Users/"+user, change, "If-Match", tag)
	w.acme(412, "PATCH", "/Users/"+user, change, "If-Match", tag)
	w.acme(412, "DELETE", "/Users/"+user, "", "If-Match", tag)
	w.acme(412, "PUT", "/Users/"+user, `{"userName":"ann@acme.example"}`, "If-Match", tag)
	now := w.acme(200, "GET", "/Users/"+user, "", "If-None-Match", tag).header.Get("ETag")
	group := w.group("plain", user)
	if w.acme(200, "GET", "/Users/"+user, "").header.Get("ETag") == now {
		t.Error("a user's version stays although a group came in")
	}
	a := w.acme(200, "GET", "/Groups/"+group, "")
	w.acme(412, "PATCH", "/Groups/"+group, patch(`{"op":"remove","path":"members"}`), "If-Match", `"x"`)
	b := w.acme(204, "PATCH", "/Groups/"+group, patch(`{"op":"remove","path":"members"}`), "If-Match", a.header.Get("ETag"))
	w.acme(204, "DELETE", "/Groups/"+group, "", "If-Match", b.header.Get("ETag"))
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	w := setup(t)
	user, group := w.user("ann@acme.example"), w.group("plain")
	long := strings.Repeat("x", 300)
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf(`"title%d":"x"`, i))
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		kind               string
	}{
		{"POST", "/Users", `{"userName":`, 400, "invalidSyntax"},
		{"POST", "/Users", `[]`, 400, "invalidSyntax"},
		{"POST", "/Users", `{"userName":"a@b.example"} {}`, 400, "invalidSyntax"},
		{"POST", "/Users", "{\"userName\":\"\xff@b.example\"}", 400, "invalidSyntax"},
		{"POST", "/Users", `{"userName":"a@b.example","USERNAME":"c@d.example"}`, 400, "invalidSyntax"},
		{"POST", "/Users", `{"userName":"a@b.example","active":true,"active":false}`, 400, "invalidSyntax"},
		{"POST", "/Users", strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50), 400, "invalidSyntax"},
		{"POST", "/Users", strings.Repeat(`[`, 100_000), 400, "invalidSyntax"},
		{"POST", "/Users", `{"userName":"a@b.example","x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, ""},
		{"POST", "/Users", `{"displayName":"no name"}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"no address"}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":5}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"` + long + `@b.example"}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"a@b.example","displayName":"a\u0000b"}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"a@b.example","name":"Ann"}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"a@b.example","emails":["a@b.example"]}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"a@b.example","emails":[{"value":"аnn@b.example"}]}`, 400, "invalidValue"}, // a Cyrillic а
		{"POST", "/Users", `{"userName":"a@b.example","emails":[{"value":"a@b.example\r\nBcc: x@y.example"}]}`, 400, "invalidValue"},
		{"POST", "/Users", `{"userName":"a@b.example","active":1}`, 400, "invalidValue"},
		{"PATCH", "/Users/" + user, `{"Operations":[{"op":"replace","value":{"active":false}}]}`, 400, "invalidSyntax"},
		{"PATCH", "/Users/" + user, patch(``), 400, "invalidSyntax"},
		{"PATCH", "/Users/" + user, patch(`1`), 400, "invalidSyntax"},
		{"PATCH", "/Users/" + user, patch(strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"displayName","value":"x"},`, 1001), ",")), 400, "invalidSyntax"},
		{"PATCH", "/Users/" + user, patch(`{"op":"add","value":{` + strings.Join(many, ",") + `}}`), 400, "invalidSyntax"},
		{"PATCH", "/Users/" + user, patch(`{"op":"replace","path":"emails[","value":"x"}`), 400, "invalidPath"},
		{"PATCH", "/Users/" + user, patch(`{"op":"replace","path":"userName.x","value":"x"}`), 400, "invalidPath"},
		{"PATCH", "/Users/" + user, patch(`{"op":"replace","path":"` + strings.Repeat("a", 2000) + `","value":"x"}`), 400, "invalidPath"},
		{"PATCH", "/Users/" + user, patch(`{"op":"replace","value":"x"}`), 400, "invalidValue"},
		{"PATCH", "/Users/" + user, patch(`{"op":"replace","value":{"":{"":{"":1}}}}`), 400, "invalidPath"},
		{"PATCH", "/Users/" + user, patch(`{"op":"replace","path":"name","value":{"":"x"}}`), 400, "invalidPath"},
		{"POST", "/Groups", `{"members":[]}`, 400, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"PLAIN"}`, 409, "uniqueness"},
		{"POST", "/Groups", `{"displayName":"nested","members":[{"value":"` + group + `","type":"Group"}]}`, 400, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"unknown","members":[{"value":"user_none"}]}`, 400, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"text","members":"` + user + `"}`, 400, "invalidValue"},
		{"PATCH", "/Groups/" + group, patch(`{"op":"add","path":"members[value eq \"` + user + `\"]","value":"x"}`), 400, "invalidPath"},
		{"PATCH", "/Groups/" + group, patch(`{"op":"remove","path":"members[value sw \"user\"]"}`), 400, "invalidPath"},
		{"PATCH", "/Groups/" + group, patch(`{"op":"remove","path":"members.value"}`), 400, "invalidPath"},
	} {
		a := w.acme(c.status, c.method, c.path, c.body)
		if kind, _ := a.body["scimType"].(string); kind != c.kind {
			t.Errorf("%s %s %.120s = %s, want scimType %q", c.method, c.path, c.body, a.raw, c.kind)
		}
	}
	w.acme(415, "POST", "/Users", `{"userName":"a@b.example"}`, "Content-Type", "text/plain")
	w.acme(415, "POST", "/Users", `userName=a`, "Content-Type", "application/x-www-form-urlencoded")
	w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","path":"displayName","value":"json"}`), "Content-Type", "application/json")
	if a := w.acme(200, "GET", "/Users", ""); total(a) != "1" {
		t.Errorf("after refusals there are %s users, want 1", total(a))
	}
}

func TestHostileFilters(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.user("ann@acme.example")
	w.user("b%_d@acme.example")
	for f, want := range map[string]string{
		`userName eq "' OR 1=1 --"`: "0", `userName eq "\"); DROP TABLE listed; --"`: "0", `userName co "%"`: "1", `userName co "_"`: "1", `userName sw "%"`: "0",
		`userName sw "ANN"`: "1", `userName ew "acme.example"`: "2", `userName ew ""`: "2", `userName co ""`: "2", `not (userName eq "ann@acme.example")`: "1",
		`userName eq "ann@acme.example" or userName eq "b%_d@acme.example"`: "2", `active eq true and userName ne "ann@acme.example"`: "1", `active eq "False"`: "0",
		`meta.created gt "2026-01-01T00:00:00Z"`: "2", `meta.lastModified lt "2026-01-01T00:00:00+02:00"`: "0", `externalId pr`: "0", `emails[primary eq true]`: "2", `EMAILS.type NE "work"`: "0",
		`userName eq "\u0061NN@acme.example"`: "1", `userName eq "\"\\"`: "0", strings.Repeat("(", 32) + `active eq true` + strings.Repeat(")", 32): "2",
	} {
		a := w.send(w.tokens[acme], "GET", "/acme/Users"+query(f), "")
		if a.status != 200 || total(a) != want {
			t.Errorf("filter %.80s = %d %s, want %s", f, a.status, a.raw, want)
		}
	}
	for _, f := range []string{`userName`, `userName eq`, `userName eq ann`, `userName eq "x`, `password eq "x"`, `passwords pr`, `userName eq 5`, `userName gt true`, `active gt true`, `active eq "x"`,
		`meta.created gt "yesterday"`, `meta.created co "2026"`, `org eq "org_other"`, `person pr`, `listed.org eq "x"`, `urn:other:userName eq "x"`, `emails[type eq "work"`, `groups.value eq "x"`,
		`userName eq "a" and`, `; DROP TABLE people`, strings.Repeat(`userName pr and `, 60) + `userName pr`, `userName eq "` + strings.Repeat("x", 1000) + `"`, strings.Repeat("(", 900), strings.Repeat("(", 33) + `active eq true` + strings.Repeat(")", 33), `userName eq "\x"`, `active eq true)`, `emails[value[type eq "work"]]`, "\x00", "userName eq \"\xff\""} {
		a := w.acme(400, "GET", "/Users"+query(f), "")
		if a.body["scimType"] != "invalidFilter" {
			t.Errorf("filter %.80q = %s, want invalidFilter", f, a.raw)
		}
	}
	w.acme(400, "GET", "/Groups"+query(`members co "user"`), "")
	w.acme(400, "GET", "/Groups"+query(`userName eq "x"`), "")
	w.acme(200, "GET", "/Users", "") // all is still there
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.acme(200, "GET", "/ServiceProviderConfig", "")
	for name, want := range map[string]bool{"patch": true, "bulk": false, "filter": true, "etag": true, "sort": false, "changePassword": false} {
		if o, _ := c.body[name].(obj); o["supported"] != want {
			t.Errorf("ServiceProviderConfig %s = %v, want %t", name, o, want)
		}
	}
	for path, want := range map[string][]string{"/ResourceTypes": {"User", "Group"}, "/Schemas": {"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"}} {
		a := w.acme(200, "GET", path, "")
		if total(a) != "2" {
			t.Errorf("GET %s = %s, want 2", path, a.raw)
		}
		for _, ident := range want {
			if one := w.acme(200, "GET", path+"/"+ident, ""); one.body["id"] != ident {
				t.Errorf("GET %s/%s = %s", path, ident, one.raw)
			}
		}
		w.acme(404, "GET", path+"/None", "")
		w.acme(403, "GET", path+"?filter=id+pr", "")
	}
	// Every attribute that the schema names for a user is one that a user can come with.
	a := w.acme(200, "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "")
	user := w.acme(201, "POST", "/Users", `{"userName":"ann@acme.example","name":{"givenName":"A","familyName":"B","formatted":"A B"},"displayName":"Ann","externalId":"1"}`)
	for _, x := range a.body["attributes"].([]any) {
		if name := x.(obj)["name"].(string); user.body[name] == nil {
			t.Errorf("the schema names %s, which no user has: %s", name, user.raw)
		}
	}
}
