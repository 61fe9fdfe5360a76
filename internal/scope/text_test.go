package scope

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// TestShallow: what would take the decoder down, or be dropped by it in silence, is refused before it sees it.
func TestShallow(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	for name, c := range map[string]struct{ text, want string }{
		"brackets":           {strings.Repeat("[", 100_000), "s.yaml:1: values stand in each other more than 64 deep"},
		"braces":             {"a:\n  " + strings.Repeat("{a: ", 100_000), "s.yaml:2: values stand"},
		"dashes":             {strings.Repeat("- ", 100_000), "s.yaml:1: values stand"},
		"dashes in brackets": {"[" + strings.Repeat("- ", 100_000), "s.yaml:1: values stand"},
		"keys":               {strings.Repeat("? ", 100_000), "s.yaml:1: values stand"},
		"values":             {strings.Repeat("a: ", 100_000), "s.yaml:1: values stand"},
		"tags":               {strings.Repeat("!a ", 100_000), "s.yaml:1: values stand"},
		"indentation":        {deep(80), "s.yaml:65: values stand"},
		"not too deep":       {deep(60), ""},
		"brackets in quotes": {"a: \"" + strings.Repeat("[", 1000) + "\"\nb: '" + strings.Repeat("{", 1000) + "'\n# " + strings.Repeat("[", 1000), ""},
		"brackets in a text": {"a: |\n  " + strings.Repeat("[", 1000) + "\n", ""},
		"many, not deep":     {strings.Repeat("- [a, {b: c}]\n", 1000), ""},
		"an anchor":          {"a: &x [1]\n", "s.yaml:1: \"&\" begins an anchor"},
		"an alias":           {"a: 1\nb: *x\n", "s.yaml:2: \"*\" begins an anchor or an alias"},
		"no anchor":          {"a: R&D\nb: \"*x\"\n", ""},
		"a second document":  {"a: 1\n---\nb: 2\n", "s.yaml:3: a second YAML document begins"},
		"after an end":       {"a: 1\n...\nb: 2\n", "s.yaml:3: a second YAML document begins"},
		"one with a head":    {"# said\n---\na: 1\n...\n", ""},
		"large":              {"a: " + strings.Repeat("x", mostYAML), "s.yaml: is larger than 512 KiB"},
	} {
		err := shallow("s.yaml", []byte(c.text))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) || !errors.Is(err, fault.Refused)) {
			t.Errorf("%s: shallow = %v, want %q", name, err, c.want)
		}
	}
}

// TestFolderDeep: every file of YAML in the folder is held to it.
func TestFolderDeep(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"program.yaml", "system.yaml", "controls/IAM-04.yaml", "registers/widgets.yaml", "policies/access.md"} {
		files := exported(t)
		text := strings.Repeat("[", 100_000)
		if strings.HasSuffix(name, ".md") {
			text = "---\n" + text + "\n---\n"
		}
		files[name] = []byte(text)
		if _, err := ReadFolder(files); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "64 deep") {
			t.Errorf("%s: ReadFolder = %v, want a refusal of its depth", name, err)
		}
	}
}

func exported(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := sample(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestFolderTexts: what systems and editors do to texts changes nothing, or is refused.
func TestFolderTexts(t *testing.T) {
	t.Parallel()
	files := exported(t)
	for name, b := range files {
		files[name] = []byte(strings.ReplaceAll(string(b), "\n", "\r\n"))
	}
	got, err := ReadFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := Diff(sample(t), got); err != nil || len(said) > 0 {
		t.Errorf("with line endings of Windows, Diff = %q, %v; want nothing", said, err)
	}
	for name, text := range map[string]string{"description/dc1.md": "a\nb\xe9c\n", "policies/access.md": "---\ntitle: \xff\n---\n"} {
		files := exported(t)
		files[name] = []byte(text)
		if _, err := ReadFolder(files); err == nil || !strings.Contains(err.Error(), name+":2: ") || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("%s: ReadFolder = %v, want %s:2: not UTF-8", name, err, name)
		}
	}
	for text, want := range map[string]string{"1.10": "1.10", "2": "2", "\"1.10\"": "1.10", "010": "010", "2026-01": "2026-01", "1.10 # said": "1.10"} {
		p, err := ParsePolicy("p.md", []byte("---\npolicy_id: a\ntitle: A\nversion: "+text+"\n---\nText.\n"))
		if err != nil || p.Version != want {
			t.Errorf("version: %s reads as %q, %v; want %q", text, p.Version, err, want)
		}
	}
	if _, err := ParsePolicy("p.md", []byte("---\npolicy_id: a\ntitel: A\n---\n")); err == nil || !strings.Contains(err.Error(), "p.md:3:") {
		t.Errorf("a misspelt name in a head: %v, want line 3", err)
	}
}

// TestFolderNames: ids are names of files on every system.
func TestFolderNames(t *testing.T) {
	t.Parallel()
	control := func(id string) Folder {
		f := sample(t)
		f.Versions = f.Versions[:1]
		f.Versions[0].Control.ID = id
		return f
	}
	policies := func(ids ...string) Folder {
		f := sample(t)
		f.Policies = nil
		for _, id := range ids {
			f.Policies = append(f.Policies, Policy{ID: id, Title: "A", Version: "1"})
		}
		return f
	}
	for name, c := range map[string]struct {
		f    Folder
		want string
	}{
		"good":               {control("CHG-01.a_b"), ""},
		"a space":            {control("CHG 01"), "cannot be the name of a file"},
		"an umlaut":          {control("CHG-Ü"), "cannot be the name of a file"},
		"a dot at the end":   {policies("access."), "cannot be the name of a file"},
		"a device":           {policies("NUL"), "is a device"},
		"a device with more": {policies("con.text"), "is a device"},
		"no device":          {policies("control"), ""},
		"a version":          {control("CHG-01.v2"), "ends like the name of a version's test"},
		"upper and lower":    {policies("access", "Access"), "differ in upper and lower case only"},
	} {
		err := c.f.check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: check = %v, want %q", name, err, c.want)
		}
	}
	files := exported(t)
	files["controls/X.yml"] = nil
	if _, err := ReadFolder(files); err == nil || fault.Hint(err) != "name it X.yaml" {
		t.Errorf("a .yml: %v, hint %q", err, fault.Hint(err))
	}
}
