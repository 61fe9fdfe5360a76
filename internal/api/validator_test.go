package api

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/npmtest"
)

const script = `
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
const v = new Validator();
const r = await v.validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
if (!r.valid) { console.log(JSON.stringify(r.errors, null, 1)); process.exit(1); }
console.log("valid OpenAPI " + v.version);
`

// TestValidator gives the served document to an independent validator, and a broken one to show that it looks.
func TestValidator(t *testing.T) {
	t.Parallel()
	folder, err := npmtest.Install(t, "openapi-validator", "testdata/validator")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(folder, "validate.mjs") // beside node_modules, where node looks for packages
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(doc []byte) (string, error) {
		name := filepath.Join(dir, "openapi.json")
		if err := os.WriteFile(name, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("node", file, name).CombinedOutput()
		return string(out), err
	}
	doc := setup(t, plenty).api.OpenAPI()
	out, err := check(doc)
	if err != nil || !strings.Contains(out, "valid OpenAPI 3.1") {
		t.Errorf("the validator says %v: %s", err, out)
	}
	t.Log(strings.TrimSpace(out))
	broken := strings.Replace(string(doc), `"in":"path"`, `"in":"nowhere"`, 1)
	if out, err := check([]byte(broken)); err == nil {
		t.Errorf("the validator passes a broken document: %s", out)
	}
}
