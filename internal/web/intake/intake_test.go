package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/web/shell"
)

type importer struct {
	got  Request
	body string
	err  error
}

func (i *importer) Registers(context.Context) []Register {
	return []Register{{Name: "changes", Title: "Changes"}}
}

func (i *importer) Import(_ context.Context, r Request, body io.Reader) (collect.Summary, error) {
	b, err := io.ReadAll(body)
	i.got, i.body = r, string(b)
	return collect.Summary{Pull: record.Pull{Register: r.Register, Rows: 3, New: 2, Expected: r.Expect}}, errors.Join(err, i.err)
}

func post(t *testing.T, i *importer, roles []access.Role, fields [][2]string, file, content string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := m.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		w, err := m.CreateFormFile("file", file)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, content)
	}
	_ = m.Close()
	p, err := New(i)
	if err != nil {
		t.Fatal(err)
	}
	mux, err := shell.NewMux(p.Routes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/import", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Visitor{Person: "p", Email: "ada@example.com", Roles: roles})))
	return w
}

var lead = []access.Role{access.Lead}

func TestImport(t *testing.T) {
	t.Parallel()
	i := &importer{}
	w := post(t, i, lead, [][2]string{{"register", "changes"}, {"source", "github"}, {"query", "all"}, {"from", "2026-01-01"}, {"to", "2026-01-31"},
		{"expect", "3"}, {"full", "yes"}, {"mapping", "fields: {}"}}, "c.csv", "a,b\n1,2\n")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Taken in and sealed") {
		t.Fatalf("POST = %d %s", w.Code, w.Body)
	}
	three := int64(3)
	want := Request{Register: "changes", File: "c.csv", Source: "github", Query: "all", From: "2026-01-01", To: "2026-01-31", Expect: &three, Full: true,
		Mapping: []byte("fields: {}\n"), Operator: "ada@example.com"}
	if diff := cmp.Diff(want, i.got); diff != "" || i.body != "a,b\n1,2\n" {
		t.Errorf("the importer got %q\n%s", i.body, diff)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	good := [][2]string{{"register", "changes"}, {"source", "github"}}
	for _, c := range []struct {
		name    string
		fields  [][2]string
		file    string
		content string
		err     error
		want    []string
	}{
		{"everything at once", [][2]string{{"register", "none"}, {"from", "2026-02-30"}, {"expect", "-1"}}, "c.csv", "x", nil,
			[]string{"choose the register", "which system", "2026-02-30", "no count of rows"}},
		{"days the wrong way round", append(good, [2]string{"from", "2026-02-02"}, [2]string{"to", "2026-02-01"}), "c.csv", "x", nil, []string{"before the first"}},
		{"no file", good, "", "", nil, []string{"no file was chosen"}},
		{"an empty file", good, "c.csv", "", nil, []string{"the file is empty"}},
		{"a bad row", good, "c.csv", "x", fault.At("c.csv", 7, "merged_at", "is no time"), []string{"Nothing was stored", "c.csv:7: merged_at: is no time"}},
		{"a script", append(good, [2]string{"query", "<script>alert(1)</script>"}), "c.csv", "x", fault.Refuse("<img src=x onerror=alert(1)>"), []string{"&lt;script&gt;", "&lt;img"}},
		{"a control character", append(good, [2]string{"query", "a\x00b"}), "c.csv", "x", nil, []string{"control character"}},
	} {
		i := &importer{err: c.err}
		w := post(t, i, lead, c.fields, c.file, c.content)
		if w.Code != 422 {
			t.Errorf("%s: %d, want 422", c.name, w.Code)
		}
		for _, want := range c.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: the page lacks %q", c.name, want)
			}
		}
		if strings.Contains(w.Body.String(), "<script>alert") || strings.Contains(w.Body.String(), "<img src=x") {
			t.Errorf("%s: what was typed became markup", c.name)
		}
	}
	if w := post(t, &importer{}, []access.Role{access.Auditor}, good, "c.csv", "x"); w.Code != 403 {
		t.Errorf("an auditor imports: %d, want 403", w.Code)
	}
}
