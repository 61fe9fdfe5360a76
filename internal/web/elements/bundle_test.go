package elements_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/assayhq/assay/internal/web/elements"
)

var update = flag.Bool("update", false, "write the bundles of dist again")

// bundle makes one file of dist from its entry. esbuild is linked into this test only, never into the product.
func bundle(t *testing.T, entry string) []byte {
	t.Helper()
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Format: api.FormatIIFE, Target: api.ES2022, Charset: api.CharsetUTF8,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone, Outdir: "dist",
	})
	for _, m := range r.Errors {
		t.Errorf("%s:%d: %s", m.Location.File, m.Location.Line, m.Text)
	}
	if len(r.Errors) > 0 || len(r.OutputFiles) != 1 {
		t.Fatalf("%s makes %d files, want 1", entry, len(r.OutputFiles))
	}
	return r.OutputFiles[0].Contents
}

var phrase = regexp.MustCompile(`\bt\(\s*("(?:[^"\\]|\\.)*")|\bplural\([^,]+,\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")`)

// spoken collects the phrases of the sources.
func spoken(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob("src/*.ts")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	found := map[string]bool{}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range phrase.FindAllSubmatch(source, -1) {
			for _, quoted := range m[1:] {
				if text, err := strconv.Unquote(string(quoted)); err == nil {
					found[text] = true
				}
			}
		}
	}
	return []byte(strings.Join(slices.Sorted(maps.Keys(found)), "\n") + "\n")
}

// TestBundle: what is served is what the sources say.
func TestBundle(t *testing.T) {
	t.Parallel()
	for name, made := range map[string][]byte{
		"dist/app.js": bundle(t, "src/main.ts"), "dist/app.css": bundle(t, "src/app.css"), "dist/phrases.txt": spoken(t),
	} {
		if *update {
			if err := os.WriteFile(name, made, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kept, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(made, kept) {
			t.Errorf("%s is not what the sources make (%d bytes, want %d): run go generate ./internal/web/elements", name, len(kept), len(made))
		}
	}
}

// TestWeight holds the elements to what a page of 60 KB can spare.
func TestWeight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		b    []byte
		most int
	}{{"the script", elements.Script(), 15 << 10}, {"the style sheet", elements.Style(), 6 << 10}} {
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if _, err := z.Write(c.b); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d with gzip", c.name, len(c.b), out.Len())
		if out.Len() > c.most {
			t.Errorf("%s weighs %d bytes with gzip, want at most %d", c.name, out.Len(), c.most)
		}
	}
}

// TestStrict: nothing in the script asks for more than the policy of the site gives.
func TestStrict(t *testing.T) {
	t.Parallel()
	js := string(elements.Script())
	for _, never := range []string{"eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", `setAttribute("style"`, "cssText", "sourceMappingURL", "http://", "https://"} {
		if strings.Contains(js, never) {
			t.Errorf("the script has %q", never)
		}
	}
	for _, never := range []string{"@import", "url(", "http"} {
		if strings.Contains(string(elements.Style()), never) {
			t.Errorf("the style sheet has %q", never)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if got := elements.ScriptName(); !regexp.MustCompile(`^app\.[0-9a-f]{12}\.js$`).MatchString(got) {
		t.Errorf("ScriptName() = %q, want app.<12 hex digits>.js", got)
	}
	if got := elements.StyleName(); !regexp.MustCompile(`^app\.[0-9a-f]{12}\.css$`).MatchString(got) {
		t.Errorf("StyleName() = %q, want app.<12 hex digits>.css", got)
	}
}

// TestPhrases: every phrase stands in the script as it is looked up, so that a translation of it is found.
func TestPhrases(t *testing.T) {
	t.Parallel()
	list := elements.Phrases()
	if len(list) < 60 || !slices.IsSorted(list) || !slices.Contains(list, "{decided} of {total} decided") {
		t.Errorf("Phrases() = %d phrases, want 60 or more, sorted, with the count of a review", len(list))
	}
	for _, p := range list {
		if !strings.Contains(string(elements.Script()), p) {
			t.Errorf("the phrase %q is not in the script", p)
		}
	}
}
