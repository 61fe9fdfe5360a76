package api

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// validator has npm install the independent validator (MIT, used as it is and not part of this repository) into the user's cache, as
// testdata/validator pins it and everything that it needs by hash.
func validator(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("no npm on this machine: the document was not given to an independent validator")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile("testdata/validator/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "assay-test", "openapi-validator-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err == nil {
		return folder
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join("testdata/validator", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v: %s", err, out)
	}
	return folder
}

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
	folder := validator(t)
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
