package scim

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/store/accounts"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// crowd is a directory with names that filters like to trip over, and one of another organization that must never come.
func crowd(tb testing.TB) (*accounts.Store, []access.Listed) {
	tb.Helper()
	st, err := accounts.Open(context.Background(), filepath.Join(tb.TempDir(), "accounts.db"), func() time.Time { return noon })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	var out []access.Listed
	for i, x := range []access.Listed{
		{ID: "u1", UserName: "Ann@example.com", Email: "ann@example.com", External: "E-1", Display: "Ann Ähre", Active: true},
		{ID: "u2", UserName: `b%_"\d`, Email: "b.d@example.com", Display: "ǅ", Active: false},
		{ID: "u3", UserName: "' OR 1=1 --", Email: "or@example.com", External: "e-1", Active: true},
		{ID: "other", Org: "other", UserName: "Ann@example.com", Email: "ann@example.com", External: "E-1", Display: "Ann", Active: true},
	} {
		if x.Org == "" {
			x.Org = "acme"
		}
		x.Person, x.Created, x.Changed = id.Person("person-"+x.ID), noon.Add(time.Duration(i)*time.Hour), noon.Add(time.Duration(2*i)*time.Hour)
		p := access.Person{ID: x.Person, Email: x.ID + "@example.com", Name: "x", Created: noon}
		if err := errors.Join(st.Enrol(context.Background(), access.Enrolment{Person: p}), st.SaveListed(context.Background(), x)); err != nil {
			tb.Fatal(err)
		}
		if x.Org == "acme" {
			out = append(out, x)
		}
	}
	return st, out
}

// holds judges a filter over a user by the words of RFC 7644 section 3.4.2.2, without the directory's conditions and without SQL.
func holds(e *expression, x access.Listed, within string) bool {
	switch e.op {
	case "and":
		return holds(e.left, x, within) && holds(e.right, x, within)
	case "or":
		return holds(e.left, x, within) || holds(e.right, x, within)
	case "not":
		return !holds(e.left, x, within)
	case "[]":
		return holds(e.left, x, strings.ToLower(e.attribute.name)+".")
	}
	name := within + strings.ToLower(e.attribute.name)
	if e.attribute.sub != "" {
		name += "." + strings.ToLower(e.attribute.sub)
	}
	if at, ok := map[string]time.Time{"meta.created": x.Created, "meta.lastmodified": x.Changed}[name]; ok {
		then, _ := time.Parse(time.RFC3339, asText(e.value))
		return e.op == "pr" || ordered(e.op, at.Compare(time.UnixMicro(then.UnixMicro())))
	}
	if is, ok := map[string]bool{"active": x.Active, "emails.primary": true}[name]; ok {
		want := e.value == true || strings.EqualFold(asText(e.value), "true")
		return e.op == "pr" || e.op == "eq" && is == want || e.op == "ne" && is != want
	}
	have := map[string]string{"id": x.ID, "externalid": x.External, "username": x.UserName, "displayname": x.Display, "emails": x.Email, "emails.value": x.Email, "emails.type": "work"}[name]
	want := asText(e.value)
	if name != "id" && name != "externalid" {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch e.op {
	case "pr":
		return have != ""
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	}
	return ordered(e.op, strings.Compare(have, want))
}

// read is the other parser's reading of a filter, in our terms.
func read(e filter.Expression) *expression {
	ref := func(p filter.AttributePath) attributeRef {
		return attributeRef{schema: strings.TrimSuffix(p.URI(), ":"), name: p.AttributeName, sub: p.SubAttributeName()}
	}
	switch y := e.(type) {
	case *filter.LogicalExpression:
		return &expression{op: strings.ToLower(string(y.Operator)), left: read(y.Left), right: read(y.Right)}
	case *filter.NotExpression:
		return &expression{op: "not", left: read(y.Expression)}
	case *filter.ValuePath:
		return &expression{op: "[]", attribute: ref(y.AttributePath), left: read(y.ValueFilter)}
	case *filter.AttributeExpression:
		return &expression{op: strings.ToLower(string(y.Operator)), attribute: ref(y.AttributePath), value: y.CompareValue}
	}
	return nil
}

func asText(v any) string { s, _ := v.(string); return s }

func ordered(op string, c int) bool {
	return op == "eq" && c == 0 || op == "ne" && c != 0 || op == "gt" && c > 0 || op == "ge" && c >= 0 || op == "lt" && c < 0 || op == "le" && c <= 0
}

// FuzzFilter holds every filter to three things: it is refused in the words of SCIM or asked without a fault, it gives what the filter
// says and nothing else, and nothing of another organization.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "ann@example.com"`, `externalId eq "E-1" and active eq true`, `emails[type eq "work" and not (value eq "x")]`, `not (displayName sw "ann ä") or id ew "2"`,
		`meta.created gt "2026-11-26T12:30:00Z"`, `userName co "%_\"\\"`, `userName eq "' OR 1=1 --"`, `emails.type ne "home" and (emails.primary pr)`, `active eq "False"`, `externalId ge "E"`,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName pr`, `userName eq "\u0041nn@example.com"`, `displayName eq "ǆ"`, `userName sw ""`, `((((active pr))))`} {
		f.Add(s)
	}
	st, all := crowd(f)
	f.Fuzz(func(t *testing.T, s string) {
		begin := time.Now()
		w, err := condition(s, userSchema, userFields)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("condition(%q) took %v", s, took)
		}
		var p problem
		if err != nil {
			if !errors.As(err, &p) || p.Status != 400 || p.Type != "invalidFilter" {
				t.Errorf("condition(%q) = %v, want a refusal as invalidFilter", s, err)
			}
			return
		}
		if w == nil {
			return
		}
		got, total, err := st.Listed(t.Context(), "acme", w, 1, 100)
		if err != nil {
			t.Fatalf("the condition of %q = %v", s, err)
		}
		e, err := parseFilter(strings.TrimSpace(s))
		if err != nil {
			t.Fatalf("%q was taken and cannot be read: %v", s, err)
		}
		var want, have []string
		for _, x := range all {
			if holds(e, x, "") {
				want = append(want, x.ID)
			}
		}
		for _, x := range got {
			have = append(have, x.ID)
		}
		if strings.Join(have, " ") != strings.Join(want, " ") || total != len(want) {
			t.Errorf("filter %q gives %v of %d, want %v", s, have, total, want)
		}
	})
}

// FuzzGrammar holds our parser to the other one's reading, wherever that takes a filter without escapes and numbers, which it leaves
// as they are or rounds, and without prefixes that are no URN.
func FuzzGrammar(f *testing.F) {
	for _, s := range []string{`a eq "b"`, `a.b pr and c ne true or not (d sw "x")`, `emails[type eq "work" and value co "x"]`, `urn:ietf:params:scim:schemas:core:2.0:User:userName PR`, `((a Eq null))`, `a-b_c eq false`, `not(x pr)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 200 || !utf8.ValidString(s) || strings.ContainsAny(s, "\\:0123456789") && !strings.HasPrefix(s, "urn:ietf:params:scim:schemas:core:2.0:User:userName") || strings.Count(s, "(") > maxNesting {
			return
		}
		other, err := filter.ParseFilter([]byte(s))
		if err != nil {
			return
		}
		got, err := parseFilter(s)
		if err != nil {
			t.Fatalf("parseFilter(%q) = %v, want it read as %v", s, err, other)
		}
		if diff := cmp.Diff(read(other), got, cmp.AllowUnexported(expression{}, attributeRef{})); diff != "" {
			t.Errorf("parseFilter(%q): %s", s, diff)
		}
	})
}

// FuzzBody holds bodies and patches to an answer: a user or a problem of RFC 7644, never a fault, and never another address.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"userName":"ann@example.com","emails":[{"value":"ann@example.com","primary":true}],"active":"False"}`,
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x@example.com"},{"op":"Add","value":{"name.givenName":"A"}}]}`,
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"u1"}]},{"op":"add","value":{"members":[{"value":"u2"}]}}]}`} {
		f.Add([]byte(s))
	}
	judge := func(t *testing.T, b []byte, err error) {
		var p problem
		if err != nil && (!errors.As(err, &p) || p.Status != 400) {
			t.Errorf("%q = %v, want a problem", b, err)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parse(b)
		judge(t, b, err)
		if err != nil {
			return
		}
		d := draft{Listed: access.Listed{UserName: "ann", Email: "ann@example.com"}}
		judge(t, b, d.whole(o))
		g := access.ListedGroup{Name: "g", Members: []string{"u1"}}
		judge(t, b, wholeGroup(&g, o))
		list, err := operations(o)
		judge(t, b, err)
		for _, x := range list {
			judge(t, b, d.patch(x))
			judge(t, b, patchOfGroup(&g, x))
		}
		if d.Email != "ann@example.com" {
			t.Errorf("%q changed the address to %s", b, d.Email)
		}
	})
}
