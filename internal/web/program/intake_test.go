package program

import (
	"archive/zip"
	"bytes"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/shell"
)

// send posts a folder as a browser does.
func (w *world) send(files map[string]string, reason string) *httptest.ResponseRecorder {
	w.t.Helper()
	var z, body bytes.Buffer
	zw := zip.NewWriter(&z)
	for name, text := range files {
		f, err := zw.Create(name)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		w.t.Fatal(err)
	}
	m := multipart.NewWriter(&body)
	f, err := m.CreateFormFile("folder", "p.zip")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := f.Write(z.Bytes()); err != nil {
		w.t.Fatal(err)
	}
	if err := m.WriteField("reason", reason); err != nil {
		w.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://assay.example/program/import", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r.WithContext(shell.With(access.With(r.Context(), lead), shell.Chrome{Base: "/o/meridian"})))
	if w.failed != nil {
		w.t.Fatal(w.failed)
	}
	return rec
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := setup(t)
	files, err := w.folder.Files()
	if err != nil {
		t.Fatal(err)
	}
	all := func(change func(map[string]string)) map[string]string {
		out := map[string]string{"program/.DS_Store": "x", "program/README.md": "x"}
		for name, b := range files {
			out["program/"+name] = string(b)
		}
		change(out)
		return out
	}
	for _, c := range []struct {
		name   string
		change func(map[string]string)
		want   string
	}{
		{"a control left out", func(m map[string]string) {
			delete(m, "program/controls/CHG-01.yaml")
			delete(m, "program/tests/CHG-01.txtar")
		}, "nothing of a program is deleted"},
		{"a file of another kind", func(m map[string]string) { m["program/run.sh"] = "rm -rf /" }, "is no part of a program"},
		{"a way out", func(m map[string]string) { m["../../etc/passwd"] = "x" }, "is no part of a program"},
		{"another name", func(m map[string]string) {
			m["program/program.yaml"] = strings.Replace(m["program/program.yaml"], "Meridian", "Other", 1)
		}, "cannot change"},
		{"a field that is misspelt", func(m map[string]string) { m["program/program.yaml"] += "nmae: x\n" }, "nmae"},
		{"a bomb", func(m map[string]string) { m["program/description/dc1.md"] = strings.Repeat("a", mostUnpacked+1) }, "unpacks to more"},
	} {
		if rec := w.send(all(c.change), "try"); rec.Code != 422 || !strings.Contains(rec.Body.String(), c.want) {
			t.Errorf("%s = %d, want 422 with %q\n%.900s", c.name, rec.Code, c.want, mainOf(rec.Body.String()))
		}
	}
	if rec := w.send(all(func(map[string]string) {}), ""); rec.Code != 422 {
		t.Errorf("without a reason = %d, want refused", rec.Code)
	}
	if rec := w.send(all(func(map[string]string) {}), "same"); rec.Code != 303 || strings.Contains(rec.Header().Get("Location"), "/proposals") {
		t.Errorf("the same folder = %d to %s, want nothing changed", rec.Code, rec.Header().Get("Location"))
	}
	rec := w.send(all(func(m map[string]string) {
		m["program/controls/CHG-01.yaml"] = strings.Replace(m["program/controls/CHG-01.yaml"], "title: Changes reviewed", "title: Every change reviewed", 1)
	}), "a title")
	at, ok := strings.CutPrefix(rec.Header().Get("Location"), "/o/meridian/proposals/")
	if rec.Code != 303 || !ok {
		t.Fatalf("a changed folder = %d\n%.900s", rec.Code, mainOf(rec.Body.String()))
	}
	if got := w.page(second, "/proposals/"+at, 200); !strings.Contains(got, "is in force and is rewritten") {
		t.Error("who approves is not warned that what is in force is rewritten")
	}
	if rec := w.approve(second, "/proposals/"+at); rec.Code != 303 || !strings.HasPrefix(w.folder.Of("CHG-01")[0].Control.Title, "Every change") {
		t.Errorf("approve = %d, title %q", rec.Code, w.folder.Of("CHG-01")[0].Control.Title)
	}
}
