package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The package in testdata was made by hand from FORMAT.md: two records, a seal, no findings.
const sound = "testdata/sound.zip"

var update = flag.Bool("update", false, "write the golden files anew")

// TestText keeps what people read, once for a sound and once for a changed package.
func TestText(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed.zip")
	if err := os.WriteFile(changed, bytes.Replace(b, []byte("change-1"), []byte("change-7"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for golden, path := range map[string]string{"testdata/sound.txt": sound, "testdata/changed.txt": changed} {
		var out, errs bytes.Buffer
		run(t.Context(), []string{path}, &out, &errs)
		got := strings.ReplaceAll(out.String()+errs.String(), path, "package.zip")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", golden, got, want)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken.zip")
	if err := os.WriteFile(broken, bytes.Replace(b, []byte("change-1"), []byte("change-7"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key")
	var rep struct {
		Key        string `json:"key"`
		OK         bool   `json:"ok"`
		Checkpoint struct {
			Text string `json:"text"`
		} `json:"checkpoint"`
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--json", sound}, &out, &errs); code != exitOK {
		t.Fatalf("run --json = %d, %s%s", code, out.String(), errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil || !rep.OK || rep.Key == "" {
		t.Fatalf("%v: %s", err, out.String())
	}
	if err := os.WriteFile(key, []byte(rep.Key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(dir, "held")
	if err := os.WriteFile(held, []byte(rep.Checkpoint.Text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{sound}, exitOK, "VERIFIED"},
		{[]string{sound, "--key", rep.Key}, exitOK, "given by you"},
		{[]string{"--key=" + key, sound}, exitOK, "given by you"},
		{[]string{sound, "--checkpoint", held, "--checkpoint=" + sound}, exitOK, "agrees"},
		{[]string{broken}, exitChanged, "first at fault: changes/change-7@1 #1 (ledger/records-000000.txt:2): is not the record that was sealed here"},
		{[]string{broken, "--json"}, exitChanged, `"record": "changes/change-7@1"`},
		{[]string{text}, exitRead, "not a zip file"},
		{[]string{filepath.Join(dir, "absent")}, exitRead, "no such file"},
		{[]string{}, exitRead, "usage"},
		{[]string{sound, sound}, exitRead, "unexpected argument"},
		{[]string{sound, "--strict"}, exitRead, "unexpected argument"},
		{[]string{sound, "--key"}, exitRead, "--key needs a value"},
		{[]string{sound, "--key", "nonsense"}, exitRead, "--key: not an Ed25519 verifier key"},
		{[]string{sound, "--checkpoint", text}, exitRead, "not a checkpoint"},
		{[]string{"--help"}, exitOK, "usage"},
	} {
		out.Reset()
		errs.Reset()
		if code := run(t.Context(), c.args, &out, &errs); code != c.code || !strings.Contains(out.String()+errs.String(), c.says) {
			t.Errorf("run(%q) = %d, want %d and %q:\n%s%s", c.args, code, c.code, c.says, out.String(), errs.String())
		}
	}
}
