package verify

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// secondVerifier is the program that every package holds as verify.py. It was written from
// FORMAT.md too, and shares nothing with this module but that text.
const secondVerifier = "../internal/publish/verifier.py"

// python returns a command that runs the second verifier, or skips the test where it cannot run.
func python(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	bin, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the second verifier was not run")
	}
	if _, err := os.Stat(secondVerifier); err != nil {
		t.Skipf("the second verifier is not beside this module: %v", err)
	}
	return exec.CommandContext(t.Context(), bin, append([]string{"-B"}, args...)...)
}

// checkPython runs the second verifier over a package and returns its exit code and its words.
func checkPython(t testing.TB, path string, o Options) (int, string) {
	t.Helper()
	args := []string{secondVerifier, path}
	if o.Key != "" {
		args = append(args, "--key", o.Key)
	}
	for _, c := range o.Checkpoints {
		args = append(args, "--checkpoint", c)
	}
	cmd := python(t, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestPythonSound(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 255, 256, 257, 2100} {
		l := synthetic(n, 1)
		l.fileMax = 1000
		path := l.build().write(t, zip.Deflate)
		o := Options{Key: l.key.vkey, Checkpoints: []string{path}}
		rep := check(t, path, o)
		code, out := checkPython(t, path, o)
		if code != 0 || !strings.Contains(out, rep.Root) || !strings.HasSuffix(out, rep.Checkpoint.Text) || !strings.Contains(out, rep.Fingerprint) {
			t.Errorf("%d records: verify.py = %d\n%s\nassay-verify found the root %s", n, code, out, rep.Root)
		}
	}
}

// TestPythonArguments holds the exit codes and words against those of the guide.
func TestPythonArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := synthetic(40, 1)
	e := l.build()
	sound := e.write(t, zip.Store)
	keep := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, other := keep("key", l.key.vkey+"\n"), newTestKey(9).vkey
	proof, line := keep("proof", e["proofs/changes/9.tlog-proof"]), strings.TrimSuffix(l.records[9].line(), "\n")
	lineFile, wrong := keep("line", line+"\n"), strings.Replace(line, "passed", "failed", 1)
	old, grown := keep("old", string(l.checkpoint(30))), keep("grown", l.growth(t, 30, 40).render())
	text := keep("text", "hello\n")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{sound}, 0, "came with the package, NOT confirmed"},
		{[]string{sound, "--key", l.key.vkey}, 0, "given by you"},
		{[]string{sound, "--key", key, "--checkpoint", old}, 0, "the 10 records after"},
		{[]string{sound, "--key", other}, 3, "key: is not the key you gave"},
		{[]string{sound, "--key", "nonsense"}, 2, "--key: expected NAME+HASH+BASE64"},
		{[]string{sound, "--checkpoint", filepath.Join(dir, "absent")}, 2, "absent"},
		{[]string{sound, "--checkpoint", text}, 3, "not a checkpoint"},
		{[]string{text}, 2, "not a zip file"},
		{[]string{filepath.Join(dir, "absent")}, 2, "absent"},
		{[]string{}, 2, "expected PACKAGE.zip"},
		{[]string{"--proof", proof, "--key", key, "--line", line}, 0, "VERIFIED"},
		{[]string{"--proof", proof, "--key", key, "--line", lineFile}, 0, "VERIFIED"},
		{[]string{"--proof", proof, "--key", key, "--line", wrong}, 3, "the proof: does not prove record #9"},
		{[]string{"--proof", proof, "--key", other, "--line", line}, 3, "the signature is not by the key"},
		{[]string{"--proof", proof, "--line", line}, 2, "--proof with --key"},
		{[]string{"--proof", grown, "--key", key, "--checkpoint", old}, 0, "VERIFIED"},
		{[]string{"--proof", grown, "--key", key, "--checkpoint", keep("older", string(l.checkpoint(29)))}, 3, "starts from another size"},
	} {
		cmd := python(t, append([]string{secondVerifier}, c.args...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run() // the exit code says it
		if got := cmd.ProcessState.ExitCode(); got != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("verify.py %q = %d, want %d and %q:\n%s", c.args, got, c.code, c.says, out.String())
		}
	}
}

// eachOf checks every package of a folder in one process and prints what is not refused in words.
const eachOf = `
import contextlib, io, os, sys
sys.path.insert(0, sys.argv[1])
import verifier
for name in sorted(os.listdir(sys.argv[2])):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            verifier.check_package(os.path.join(sys.argv[2], name), None, [])
        print(name, "accepted")
    except verifier.Fault as e:
        if not str(e):
            print(name, "refused without a word")
    except Exception as e:
        print(name, "crashed", repr(e))
`

// TestPythonFlips changes single bits of what a reader unpacks. None may pass, none may be met
// with anything but a refusal.
func TestPythonFlips(t *testing.T) {
	t.Parallel()
	n, dir := 300, t.TempDir()
	if testing.Short() {
		n = 60
	}
	whole := synthetic(60, 3).build()
	names := slices.Sorted(maps.Keys(whole))
	rnd := rand.New(rand.NewPCG(11, 7))
	what := map[string]string{}
	for i := range n {
		e := maps.Clone(whole)
		name := names[i%len(names)]
		b := []byte(e[name])
		at, bit := rnd.IntN(len(b)), rnd.IntN(8)
		b[at] ^= 1 << bit
		e[name] = string(b)
		var z bytes.Buffer
		e.zip(t, &z, zip.Store, names)
		file := fmt.Sprintf("%04d.zip", i)
		what[file] = fmt.Sprintf("bit %d of byte %d of %s", bit, at, name)
		if err := os.WriteFile(filepath.Join(dir, file), z.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := python(t, "-c", eachOf, filepath.Dir(secondVerifier), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		t.Errorf("%s: %s", what[line[:8]], line)
	}
}

// TestPythonContainer has zips in which two programs could see two packages.
func TestPythonContainer(t *testing.T) {
	t.Parallel()
	e := synthetic(40, 1).build()
	for name, c := range map[string]struct {
		from string
		to   []string
		want string
	}{
		"two entries of one name":       {"report.json", []string{"report.json", "report.json"}, "report.json: two entries of one name"},
		"a path that leaves the folder": {"report.json", []string{"../report.json"}, "'../report.json': the name is not"},
		"an absolute path":              {"report.json", []string{"/report.json"}, "'/report.json': the name is not"},
		"a folder":                      {"report.json", []string{"report.json", "x/"}, "'x/': the name is not"},
		"a case that differs":           {"README.md", []string{"readme.md"}, "README.md: is missing"},
	} {
		path := filepath.Join(t.TempDir(), "package.zip")
		b := zipped(t, func(z *zip.Writer) error {
			return e.into(z, func(s string) []string {
				if s == c.from {
					return c.to
				}
				return []string{s}
			})
		})
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out := checkPython(t, path, Options{}); code != 3 || !strings.Contains(out, "at fault: "+c.want) {
			t.Errorf("%s: verify.py = %d, want 3 and %q:\n%s", name, code, c.want, out)
		}
	}
}

// BenchmarkPython measures the second verifier over 60,000 records, in seconds.
func BenchmarkPython(b *testing.B) {
	path := synthetic(60_000, 1).build().write(b, zip.Deflate)
	for b.Loop() {
		if code, out := checkPython(b, path, Options{}); code != 0 {
			b.Fatalf("verify.py = %d\n%s", code, out)
		}
	}
}
