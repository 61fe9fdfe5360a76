package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/id"
)

// TestCursor walks a list page by page, and takes no cursor elsewhere.
func TestCursor(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	for i := range 7 {
		body := fmt.Sprintf(`{"fields":{"meeting_id":"m-%d","kind":"board","held_on":"2026-0%d-01"}}`, i, i+1)
		if rec := w.do(lead, http.MethodPost, meetings, "application/json", body); rec.Code != 201 {
			t.Fatalf("enter = %d %s", rec.Code, rec.Body)
		}
	}
	var keys []string
	next, pages := "", 0
	for {
		rec := w.do(lead, http.MethodGet, meetings+"?limit=3&sort=-held_on&cursor="+next, "", "")
		p := decode[list[Record]](t, rec)
		for _, x := range p.Items {
			keys = append(keys, x.Key)
		}
		if pages++; p.Next == "" {
			break
		}
		next = p.Next
	}
	if got := strings.Join(keys, " "); got != "m-6 m-5 m-4 m-3 m-2 m-1 m-0" || pages != 3 {
		t.Errorf("the pages hold %q in %d, want all seven once in 3", got, pages)
	}
	for name, target := range map[string]string{
		"another sort":     meetings + "?limit=3&cursor=" + next,
		"another filter":   meetings + "?limit=3&sort=-held_on&where=minutes:lacks&cursor=" + next,
		"another register": at + "/registers/risks/records?limit=3&cursor=" + next,
		"another list":     at + "/pulls?cursor=" + next,
		"changed":          meetings + "?limit=3&sort=-held_on&cursor=" + flip(next),
	} {
		if rec := w.do(lead, http.MethodGet, target, "", ""); rec.Code != 422 {
			t.Errorf("the cursor with %s = %d, want 422", name, rec.Code)
		}
	}
	if rec := w.do(lead, http.MethodGet, meetings+"?limit=5&sort=-held_on&cursor="+next, "", ""); rec.Code != 200 {
		t.Errorf("the cursor with another limit = %d, want 200", rec.Code)
	}
	other := w.person("other", access.Lead)
	if rec := w.do(other, http.MethodGet, strings.Replace(meetings, "example", "other", 1)+"?sort=-held_on&cursor="+next, "", ""); rec.Code != 422 {
		t.Errorf("the cursor in another organization = %d, want 422", rec.Code)
	}
}

func flip(cursor string) string {
	b, _ := base64.RawURLEncoding.DecodeString(cursor)
	b[7]++
	return base64.RawURLEncoding.EncodeToString(b)
}

// TestCompositeKey: a key of several parts is one part of the address.
func TestCompositeKey(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	rec := w.do(lead, http.MethodGet, at+"/controls/IAM-04/items/"+url.PathEscape("billing/2026-Q3"), "", "")
	got := decode[itemStory](t, rec)
	if got.Key != "billing/2026-Q3" || len(got.Sealed) != 1 || !strings.HasPrefix(got.Sealed[0].Proof, "c2sp.org/tlog-proof@v1\n") || len(got.Sealed[0].Body) == 0 {
		t.Errorf("the item = %d %s, want its record with its proof", rec.Code, rec.Body)
	}
}

// TestStale: of two who edit one version the second is refused and shown both; who may not read records edits none.
func TestStale(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	put := func(v access.Visitor, match, kind string) *httptest.ResponseRecorder {
		return w.do(v, http.MethodPut, meetings+"/m", "application/json", `{"fields":{"meeting_id":"m","kind":"`+kind+`"}}`, "If-Match", match)
	}
	if rec := w.do(lead, http.MethodPost, meetings, "application/json", `{"fields":{"meeting_id":"m","kind":"board"}}`); rec.Header().Get("ETag") != `"1"` {
		t.Fatalf("enter = %d %v", rec.Code, rec.Header())
	}
	if rec := w.do(lead, http.MethodPost, meetings, "application/json", `{"fields":{"meeting_id":"m","kind":"risk"}}`); rec.Code != 422 {
		t.Errorf("a key that is taken = %d, want 422", rec.Code)
	}
	if rec := put(lead, `"1"`, "risk"); rec.Code != 200 || rec.Header().Get("ETag") != `"2"` {
		t.Errorf("the first edit = %d %s", rec.Code, rec.Body)
	}
	rec := put(lead, `"1"`, "change")
	p := decode[struct{ Current, Yours struct{ Body map[string]any } }](t, rec)
	if rec.Code != 412 || p.Current.Body["kind"] != "risk" || p.Yours.Body["kind"] != "change" {
		t.Errorf("the second edit = %d %s, want 412 with both versions", rec.Code, rec.Body)
	}
	// Who reads no records edits none, and does not learn which there are.
	contributor := w.person("example", access.Contributor)
	for _, v := range []access.Visitor{contributor, w.token(lead, "example", access.ScopeWrite)} {
		first := put(v, `"1"`, "change")
		for what, rec := range map[string]*httptest.ResponseRecorder{"the latest": put(v, `"2"`, "change"), "a version to come": put(v, `"9"`, "change"),
			"none": w.do(v, http.MethodPut, meetings+"/nothing", "application/json", `{"fields":{"meeting_id":"nothing","kind":"board"}}`, "If-Match", `"1"`)} {
			if rec.Code != http.StatusForbidden || first.Code != http.StatusForbidden || rec.Body.String() != first.Body.String() {
				t.Errorf("an edit of %s without reading records = %d %s, want 403 as of any other", what, rec.Code, rec.Body)
			}
		}
	}
	for _, bad := range []string{"*", `W/"1"`, "1", `"01"`, `"0"`, `"x"`, `"1", "2"`} {
		if rec := put(lead, bad, "change"); rec.Code != 400 {
			t.Errorf("If-Match %s = %d, want 400", bad, rec.Code)
		}
	}
	h := decode[history](t, w.do(lead, http.MethodGet, meetings+"/m", "", ""))
	if len(h.Versions) != 2 || h.Record.Version != 2 {
		t.Errorf("%d versions, the latest %d; want two", len(h.Versions), h.Record.Version)
	}
}

// TestWhoIsWho: who is who is the compliance lead's to say, and nobody says it of themselves.
func TestWhoIsWho(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	at := strings.TrimSuffix(meetings, "/meetings/records")
	enter := func(v access.Visitor, register, fields string) int {
		return w.do(v, http.MethodPost, at+"/"+register+"/records", "application/json", `{"fields":`+fields+`}`).Code
	}
	put := func(v access.Visitor, register, key, fields string) int {
		return w.do(v, http.MethodPut, at+"/"+register+"/records/"+key, "application/json", `{"fields":`+fields+`}`, "If-Match", `"1"`).Code
	}
	for register, x := range map[string]struct{ key, fields string }{"people": {"p7", `{"employment_id":"p7","person_id":"p7","email":"new@example.com"}`}, "aliases": {"login", `{"alias":"login","person_id":"p7"}`}} {
		for _, role := range []access.Role{access.Contributor, access.Owner} {
			if got := enter(w.person("example", role), register, x.fields); got != http.StatusForbidden {
				t.Errorf("enter a record of %s as %s = %d, want 403", register, role, got)
			}
		}
		if got := enter(lead, register, x.fields); got != http.StatusCreated {
			t.Errorf("enter a record of %s as lead = %d, want 201", register, got)
		}
		if got := put(w.person("example", access.Owner), register, x.key, x.fields); got != http.StatusForbidden {
			t.Errorf("edit a record of %s as owner = %d, want 403", register, got)
		}
		if got := put(lead, register, x.key, x.fields); got != http.StatusOK {
			t.Errorf("edit a record of %s as lead = %d, want 200", register, got)
		}
	}
	if got := enter(lead, "aliases", `{"alias":"`+lead.Email+`","person_id":"p7"}`); got != http.StatusForbidden {
		t.Errorf("enter an alias of one's own address = %d, want 403", got)
	}
	if got := put(lead, "aliases", "login", `{"alias":"login","person_id":"`+lead.Email+`"}`); got != http.StatusForbidden {
		t.Errorf("make an alias one's own = %d, want 403", got)
	}
}

// TestImportForm: a form with a mapping is one pull, whole or nothing.
func TestImportForm(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	send := func(rows string) *httptest.ResponseRecorder {
		var b bytes.Buffer
		f := multipart.NewWriter(&b)
		m, _ := f.CreateFormFile("mapping", "people.yaml")
		_, _ = io.WriteString(m, "register: people\nsource: HR\nfields:\n  employment_id: Number\n  person_id: Person\n  started_on: Start\n")
		x, _ := f.CreateFormFile("file", "people.csv")
		_, _ = io.WriteString(x, rows)
		f.Close()
		return w.do(lead, http.MethodPost, at+"/registers/people/imports", f.FormDataContentType(), b.String())
	}
	total := func() int64 {
		return decode[list[Record]](t, w.do(lead, http.MethodGet, at+"/registers/people/records", "", "")).Total
	}
	rec := send("Number,Person,Start\n1,p-1,2026-01-01\n2,p-2,2026-02-30\n")
	p := decode[Problem](t, rec)
	if rec.Code != 422 || len(p.Errors) == 0 || p.Errors[0].Line != 3 || p.Errors[0].File != "people.csv" || total() != 0 {
		t.Errorf("a bad row = %d %s, with %d records; want 422 at line 3 and none", rec.Code, rec.Body, total())
	}
	rec = send("Number,Person,Start\n1,p-1,2026-01-01\n2,p-2,2026-02-28\n")
	got := decode[struct {
		Rows   int64
		Source string
		ID     string
	}](t, rec)
	if rec.Code != 201 || got.Rows != 2 || got.Source != "HR" || total() != 2 {
		t.Errorf("a good file = %d %s, with %d records", rec.Code, rec.Body, total())
	}
}

// TestEvidence: a file comes back as it was given, as bytes that no browser opens.
func TestEvidence(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	lead := w.person("example", access.Lead)
	const page = "<script>alert(1)</script>"
	rec := w.do(lead, http.MethodPost, at+"/evidence?control=IAM-04&title=x&file_name="+url.QueryEscape("../\u202egpj.html"), "text/html", page, "Idempotency-Key", "up-1")
	x := decode[Exhibit](t, rec)
	if rec.Code != 201 || x.Size != int64(len(page)) || x.By != lead.Email {
		t.Fatalf("give = %d %s", rec.Code, rec.Body)
	}
	if again := w.do(lead, http.MethodPost, at+"/evidence?control=IAM-04&title=x&file_name="+url.QueryEscape("../\u202egpj.html"), "text/html", page, "Idempotency-Key", "up-1"); again.Body.String() != rec.Body.String() {
		t.Errorf("the same upload again = %s, want %s", again.Body, rec.Body)
	}
	if other := w.do(lead, http.MethodPost, at+"/evidence?control=IAM-04&title=x&file_name="+url.QueryEscape("../\u202egpj.html"), "text/html", strings.ToUpper(page), "Idempotency-Key", "up-1"); other.Code != 422 {
		t.Errorf("another file of the same size under the same key = %d, want 422", other.Code)
	}
	file := w.do(lead, http.MethodGet, at+"/evidence/"+x.ID+"/file", "", "")
	h := file.Header()
	if file.Body.String() != page || h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
		!strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" || strings.ContainsAny(h.Get("Content-Disposition"), "\u202e/") {
		t.Errorf("the file comes back as %q with %v", file.Body, h)
	}
	other := w.person("other", access.Lead)
	if rec := w.do(other, http.MethodGet, Base+"/organizations/other/evidence/"+x.ID+"/file", "", ""); rec.Code != 404 {
		t.Errorf("another organization's file = %d, want 404", rec.Code)
	}
}

// TestReference: the page and the document are open to everybody and say nothing of anybody.
func TestReference(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	for path, kind := range map[string]string{"/": "text/html", "/openapi.json": "application/vnd.oai.openapi+json", "/openapi.yaml": "application/vnd.oai.openapi", "/reference.css": "text/css"} {
		rec := w.do(access.Visitor{}, http.MethodGet, Base+path, "", "")
		if rec.Code != 200 || !strings.HasPrefix(rec.Header().Get("Content-Type"), kind) || rec.Body.Len() < 100 {
			t.Errorf("GET %s = %d %s, %d bytes", path, rec.Code, rec.Header().Get("Content-Type"), rec.Body.Len())
		}
		if rec := w.do(access.Visitor{}, http.MethodGet, Base+path, "", "", "If-None-Match", rec.Header().Get("ETag")); rec.Code != 304 {
			t.Errorf("GET %s again = %d, want 304", path, rec.Code)
		}
	}
	page := string(w.api.reference)
	for _, r := range w.api.Routes() {
		if !strings.Contains(page, `id="`+r.ID+`"`) {
			t.Errorf("the page does not show %s", r.ID)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page holds a script or a style of its own")
	}
}

func FuzzCursor(f *testing.F) {
	c := cursors{[]byte(strings.Repeat("s", 32))}
	f.Add(c.make("org_a", "q", 50), "q")
	f.Add("", "")
	f.Add("AAAA", "q")
	f.Fuzz(func(t *testing.T, cursor, query string) {
		n, err := c.read(id.Org("org_a"), query, cursor)
		if err != nil || cursor == "" {
			return
		}
		if n < 0 || c.make("org_a", query, n) != cursor {
			t.Errorf("read(%q, %q) = %d, which this list did not give", query, cursor, n)
		}
	})
}

func FuzzFilter(f *testing.F) {
	all, err := registers.Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"kind:eq:board", "held_on:ge:2026-01-01", "minutes:has", "minutes:eq:true", "kind:eq", "kind:has:x", ":", "held_on:le:x", "kind:eq:a:b"} {
		f.Add(s, "-held_on")
	}
	f.Fuzz(func(t *testing.T, where, sort string) {
		m, err := filter(all["meetings"], where)
		if err == nil {
			if _, ok := all["meetings"].Field(m.Field); !ok || m.Op == "" || (m.Value == nil) != (m.Op == "has" || m.Op == "lacks") {
				t.Errorf("filter(%q) = %+v, which is no condition", where, m)
			}
		}
		if field, _, err := order(all["meetings"], sort); err == nil && field != "" {
			if _, ok := all["meetings"].Field(field); !ok {
				t.Errorf("order(%q) = %q, which is no field", sort, field)
			}
		}
	})
}
