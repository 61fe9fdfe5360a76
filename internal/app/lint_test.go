package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/docx"
	"github.com/assayhq/assay/internal/lint"
	render "github.com/assayhq/assay/internal/render/docx"
	"github.com/assayhq/assay/internal/report"
)

// TestPaper reads one report as JSON and as DOCX: the checker says the same of both.
func TestPaper(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../report/kinds/soc1-type2/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var drawn bytes.Buffer
	if err := render.Render(&drawn, &r, render.Options{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	// The name does not tell the format: the first bytes do.
	model, err := paper(put("a.docx", b))
	if err != nil {
		t.Fatal(err)
	}
	document, err := paper(put("b.json", drawn.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if model.Kind != "soc1" || model.Type != 2 || len(model.Tests) == 0 {
		t.Errorf("paper(JSON) = kind %s, type %d, %d tests; want soc1, 2 and some", model.Kind, model.Type, len(model.Tests))
	}
	if diff := cmp.Diff(model.Tests, document.Tests); diff != "" {
		t.Errorf("the tests of the JSON and of the DOCX differ (-JSON +DOCX):\n%s", diff)
	}
	for _, p := range []lint.Paper{model, document} {
		if n := lint.Count(lint.Check(p), lint.Error); n > 0 {
			t.Errorf("Check = %d errors, want none: %+v", n, lint.Check(p))
		}
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"x.pdf", []byte("%PDF-1.7"), "PDF"},
		{"x.doc", []byte("\xd0\xcf\x11\xe0 old"), "old Word"},
		{"x.json", []byte("SOC 2"), "no JSON"},
		{"x.docx", []byte("PK\x03\x04"), "no DOCX"},
	} {
		if _, err := paper(put(c.name, c.file)); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("paper(%s) = %v, want a refusal with %q", c.name, err, c.want)
		}
	}
	large := put("large.json", nil)
	if err := os.Truncate(large, docx.MaxFile+1); err != nil { // no byte of it is stored
		t.Fatal(err)
	}
	if _, err := paper(large); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "MB") {
		t.Errorf("paper(too large) = %v, want a refusal", err)
	}
	if _, err := paper(filepath.Join(dir, "none")); !errors.Is(err, fault.Refused) {
		t.Errorf("paper(no file) = %v, want a refusal", err)
	}
}
