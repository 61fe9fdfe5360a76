package work

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/assayhq/assay/internal/access"
)

// form is a posted form with a file.
func form(file []byte, name string, pairs ...string) (io.Reader, string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = m.WriteField(pairs[i], pairs[i+1])
	}
	if name != "" {
		w, _ := m.CreateFormFile("file", name)
		_, _ = w.Write(file)
	}
	m.Close()
	return &b, m.FormDataContentType()
}

// give gives a small file and answers its id.
func (o *office) give(role access.Role, pairs ...string) string {
	o.t.Helper()
	body, kind := form([]byte("content of "+strings.Join(pairs, " ")), "a.txt", pairs...)
	o.moved(o.ask(role, "POST", "/evidence", body, "Content-Type", kind))
	list, _, err := o.pages.o.Locker.List(o.t.Context(), o.org, "", "", "", 0, 1)
	if err != nil || len(list) != 1 {
		o.t.Fatalf("List = %v, %v", list, err)
	}
	return list[0].ID
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.wants(o.get(access.Owner, "/evidence"), 200, "No evidence was given yet")
	o.wants(o.get(access.Contributor, "/evidence/new?control=IAM-04"), 200, "<assay-upload>", `data-resumable="/o/acme/uploads"`, `value="IAM-04"`)
	for name, bad := range map[string][]string{
		"no control of this":    {"control", "NONE-1", "title", "t"},
		"missing":               {"control", "IAM-04"},
		"not a time":            {"control", "IAM-04", "title", "t", "captured_at", "long ago 14:30 and so on"},
		"captured_at-error":     {"control", "IAM-04", "title", "t", "captured_at", "2027-01-01 10:00"},
		"the control character": nil,
	} {
		if bad == nil {
			body, kind := form(nil, "x", "title", "a\x07b")
			o.wants(o.ask(access.Owner, "POST", "/evidence", body, "Content-Type", kind), 400, name)
			continue
		}
		body, kind := form([]byte("x"), "x", bad...)
		o.wants(o.ask(access.Owner, "POST", "/evidence", body, "Content-Type", kind), 422, name)
	}
	body, kind := form(nil, "", "control", "IAM-04", "title", "t")
	o.wants(o.ask(access.Owner, "POST", "/evidence", body, "Content-Type", kind), 422, "no file was chosen")
	page := []byte("<html><script>alert(document.cookie)</script></html>")
	body, kind = form(page, "../..\\\"x\u202egnp.html", "control", "IAM-04", "title", "A <b>page</b>", "captured_at", "2026-11-20 10:00")
	at := o.moved(o.ask(access.Owner, "POST", "/evidence", body, "Content-Type", kind))
	o.wants(o.get(access.Auditor, at), 200, "A &lt;b&gt;page&lt;/b&gt;", hash(page), "xgnp.html", "entered by owner@example.com", "No answer names it yet")
	o.wants(o.get(access.Owner, "/evidence?control=IAM-04&q=page"), 200, "A &lt;b&gt;page&lt;/b&gt;")
	o.wants(o.get(access.Owner, "/evidence?control=GOV-01"), 200, "No evidence matches")
	o.wants(o.get(access.Contributor, at), 403)
	o.wants(o.get(access.Contributor, at+"/file"), 403)
	o.wants(o.get(access.Administrator, at+"/file"), 403)
	w := o.get(access.Auditor, at+"/file")
	h := w.Header()
	if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), page) || h.Get("Content-Type") != "application/octet-stream" || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Disposition") != `attachment; filename="xgnp.html"; filename*=UTF-8''xgnp.html` {
		t.Errorf("the file came back as %d %q with %v, want an attachment that nothing opens", w.Code, w.Body, h)
	}
	o.wants(o.get(access.Owner, "/evidence/evidence_none"), 404)
	o.wants(o.get(access.Owner, "/evidence/evidence_none/file"), 404)
	// A contributor gives and does not read.
	body, kind = form([]byte("y"), "y", "control", "IAM-04", "title", "t", "back", "//evil.example/work/")
	if to := o.moved(o.ask(access.Contributor, "POST", "/evidence", body, "Content-Type", kind)); to != "/evidence/new" {
		t.Errorf("a contributor is led to %s, want the form", to)
	}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestFileRanges(t *testing.T) {
	t.Parallel()
	o := setup(t)
	file := make([]byte, 300_000)
	for i := range file {
		file[i] = byte(i * 7 >> 2)
	}
	body, kind := form(file, "big.pdf", "control", "IAM-04", "title", "t")
	at := o.moved(o.ask(access.Owner, "POST", "/evidence", body, "Content-Type", kind))
	for header, want := range map[string][2]int{"bytes=0-0": {0, 1}, "bytes=100000-199999": {100_000, 200_000}, "bytes=-7": {299_993, 300_000}, "bytes=299999-": {299_999, 300_000}} {
		w := o.ask(access.Owner, "GET", at+"/file", nil, "Range", header)
		if w.Code != 206 || !bytes.Equal(w.Body.Bytes(), file[want[0]:want[1]]) || w.Header().Get("Content-Range") != fmt.Sprintf("bytes %d-%d/300000", want[0], want[1]-1) {
			t.Errorf("%s: %d, %d bytes, %s", header, w.Code, w.Body.Len(), w.Header().Get("Content-Range"))
		}
	}
	if w := o.ask(access.Owner, "GET", at+"/file", nil, "Range", "bytes=300000-"); w.Code != 416 {
		t.Errorf("a range beyond the end: %d, want 416", w.Code)
	}
	if w := o.ask(access.Owner, "GET", at+"/file", nil, "Range", "bytes=0-1,100-101"); w.Code != 200 || w.Body.Len() != len(file) {
		t.Errorf("several ranges: %d with %d bytes, want the whole", w.Code, w.Body.Len())
	}
}

// TestTus sends a file in pieces, is cut off half-way, goes on, and finds the same bytes.
func TestTus(t *testing.T) {
	t.Parallel()
	o := setup(t)
	file := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte("minutes.pdf")) + ",filetype " + base64.StdEncoding.EncodeToString([]byte("application/pdf"))
	tus := func(role access.Role, method, target string, body io.Reader, header ...string) (int, string, string) {
		w := o.ask(role, method, target, body, append([]string{"Tus-Resumable", "1.0.0", "Accept", "application/json"}, header...)...)
		if w.Header().Get("Tus-Resumable") != "1.0.0" {
			t.Errorf("%s %s answers without Tus-Resumable", method, target)
		}
		return w.Code, w.Header().Get("Upload-Offset"), strings.TrimPrefix(w.Header().Get("Location"), "/o/acme")
	}
	code, _, at := tus(access.Contributor, "POST", "/uploads", nil, "Upload-Length", fmt.Sprint(len(file)), "Upload-Metadata", meta)
	if code != 201 || !strings.HasPrefix(at, "/uploads/upload_") {
		t.Fatalf("POST: %d to %q, want 201 and an address", code, at)
	}
	const piece = "application/offset+octet-stream"
	broken := io.MultiReader(bytes.NewReader(file[:700_001]), iotest.ErrReader(io.ErrUnexpectedEOF))
	o.ask(access.Contributor, "PATCH", at, broken, "Tus-Resumable", "1.0.0", "Content-Type", piece, "Upload-Offset", "0")
	if o.fault == nil {
		t.Error("a connection that broke was taken for an end")
	}
	o.fault = nil
	if code, offset, _ := tus(access.Contributor, "HEAD", at, nil); code != 200 || offset != "700001" {
		t.Errorf("HEAD after the cut: %d at %s, want 200 at 700001", code, offset)
	}
	if code, _, _ := tus(access.Owner, "HEAD", at, nil); code != 404 {
		t.Errorf("HEAD by another person: %d, want 404", code)
	}
	if code, _, _ := tus(access.Contributor, "PATCH", at, bytes.NewReader(file), "Content-Type", piece, "Upload-Offset", "0"); code != 409 {
		t.Errorf("PATCH at another offset: %d, want 409", code)
	}
	if code, _, _ := tus(access.Contributor, "PATCH", at, bytes.NewReader(file), "Upload-Offset", "700001"); code != 415 {
		t.Errorf("PATCH of another type: %d, want 415", code)
	}
	form := []string{"control", "IAM-04", "title", "Minutes", "upload", strings.TrimPrefix(at, "/uploads/")}
	o.wants(o.post(access.Contributor, "/evidence", form...), 422, "wait until all are there")
	if code, offset, _ := tus(access.Contributor, "PATCH", at, bytes.NewReader(file[700_001:]), "Content-Type", piece, "Upload-Offset", "700001"); code != 204 || offset != fmt.Sprint(len(file)) {
		t.Errorf("PATCH of the rest: %d at %s, want 204 at the end", code, offset)
	}
	o.moved(o.post(access.Contributor, "/evidence", form...))
	list, _, err := o.pages.o.Locker.List(t.Context(), o.org, "IAM-04", "", "", 0, 1)
	if err != nil || len(list) != 1 || list[0].SHA256 != hash(file) || list[0].FileName != "minutes.pdf" || list[0].By != "contributor@example.com" {
		t.Fatalf("the evidence is %+v, %v, want the hash of the whole file", list, err)
	}
	if w := o.get(access.Owner, "/evidence/"+list[0].ID+"/file"); !bytes.Equal(w.Body.Bytes(), file) || w.Header().Get("Content-Type") != "application/pdf" {
		t.Errorf("the file came back as %d bytes of %s", w.Body.Len(), w.Header().Get("Content-Type"))
	}
	o.wants(o.post(access.Contributor, "/evidence", form...), 422, "not there any more")
	// What is refused at once.
	for name, h := range map[string][]string{
		"400": {"Upload-Length", "x"}, "400 ": {"Upload-Length", "-1"}, "413": {"Upload-Length", "99999999999999"}, "400  ": {"Upload-Length", "1", "Upload-Metadata", "filename ***"},
	} {
		if code, _, _ := tus(access.Owner, "POST", "/uploads", nil, h...); fmt.Sprint(code) != strings.TrimSpace(name) {
			t.Errorf("POST with %v: %d, want %s", h, code, name)
		}
	}
	if w := o.ask(access.Owner, "POST", "/uploads", nil, "Tus-Resumable", "0.2.2", "Upload-Length", "1"); w.Code != 412 || w.Header().Get("Tus-Version") != "1.0.0" {
		t.Errorf("another version: %d, want 412 and the one that is spoken", w.Code)
	}
	if w := o.ask(access.Owner, "OPTIONS", "/uploads", nil); w.Code != 204 || w.Header().Get("Tus-Extension") == "" {
		t.Errorf("OPTIONS: %d %v", w.Code, w.Header())
	}
	// An upload that was dropped, and one that was abandoned for a day.
	_, _, at = tus(access.Owner, "POST", "/uploads", nil, "Upload-Length", "5")
	if code, _, _ := tus(access.Owner, "DELETE", at, nil); code != 204 {
		t.Errorf("DELETE: %d, want 204", code)
	}
	if code, _, _ := tus(access.Owner, "HEAD", at, nil); code != 404 {
		t.Errorf("HEAD of a dropped upload: %d, want 404", code)
	}
	_, _, at = tus(access.Owner, "POST", "/uploads", nil, "Upload-Length", "5")
	o.now = o.now.Add(24 * time.Hour)
	if code, _, _ := tus(access.Owner, "HEAD", at, nil); code != 404 || len(o.parts.files) != 0 {
		t.Errorf("HEAD a day later: %d with %d left, want 404 and none", code, len(o.parts.files))
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add("filename d29ybGQ=,is_confidential")
	f.Add("a ,b  ,,")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Metadata(s)
		if err != nil {
			return
		}
		for name, v := range m {
			if name == "" || strings.ContainsAny(name, ", ") || !strings.Contains(s, base64.StdEncoding.EncodeToString([]byte(v))) {
				t.Errorf("Metadata(%q) has %q = %q", s, name, v)
			}
		}
	})
}

func FuzzLength(f *testing.F) {
	for _, s := range []string{"0", "-1", "+1", "1e3", "99999999999999999999", " 1", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := lengthOf(map[string][]string{"Upload-Length": {s}}, "Upload-Length")
		if err == nil && (n < 0 || strings.TrimLeft(s, "0") != strings.TrimLeft(fmt.Sprint(n), "0")) {
			t.Errorf("lengthOf(%q) = %d", s, n)
		}
	})
}

func FuzzDisposition(f *testing.F) {
	f.Add("a\"; filename=b.html")
	f.Add("\r\nSet-Cookie: x")
	f.Fuzz(func(t *testing.T, s string) {
		got := disposition(s)
		if !strings.HasPrefix(got, `attachment; filename="`) || strings.ContainsAny(got, "\r\n\x00") || strings.Count(got, `"`) != 2 || strings.Count(got, ";") != 2 {
			t.Errorf("disposition(%q) = %q", s, got)
		}
	})
}
