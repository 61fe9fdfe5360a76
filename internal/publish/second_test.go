package publish

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecondVerifier takes verify.py out of a package and lets it check that package, as the guide says.
func TestSecondVerifier(t *testing.T) {
	t.Parallel()
	bin, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the second verifier was not run")
	}
	m := newMemory(t)
	m.fill(t, 700)
	path, sealed := pack(t, material(t, m))
	e := unpack(t, path)
	if e["verify.py"] != string(verifierText) || !strings.Contains(e["manifest.json"], `"name":"verify.py"`) {
		t.Fatal("the package does not hold verify.py under its seal")
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	script := write("verify.py", e["verify.py"])
	proof := write("proof", e["proofs/changes/3.tlog-proof"])
	line := strings.Split(e["ledger/records-000000.txt"], "\n")[3]
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{path, "--key", m.vkey, "--checkpoint", path}, 0, sealed.Checkpoint.RootHex()},
		{[]string{"--proof", proof, "--key", m.vkey, "--line", line}, 0, "VERIFIED"},
		{[]string{path, "--key", newMemory(t).vkey}, 3, "at fault: key: is not the key you gave"},
	} {
		cmd := exec.CommandContext(t.Context(), bin, append([]string{"-B", script}, c.args...)...)
		out, _ := cmd.CombinedOutput() // the exit code says it
		if got := cmd.ProcessState.ExitCode(); got != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("verify.py %q = %d, want %d and %q:\n%s", c.args, got, c.code, c.says, out)
		}
	}
}
