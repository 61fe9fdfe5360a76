// Package npmtest has npm install programs of others that tests ask, such as validators. They are used as they are and are no part of this
// repository: a folder of test data pins each with all that it needs by hash.
package npmtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Install installs what a folder's package.json and package-lock.json name, once, into the user's cache, and gives the folder that holds
// node_modules. A machine without npm skips the test, and says so; what npm could not install is an error.
func Install(t testing.TB, name, pinned string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skipf("no npm on this machine: %s was not asked", name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(pinned, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "assay-test", name+"-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join(pinned, file))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, file), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci of %s: %w: %s", name, err, out)
	}
	return folder, nil
}
