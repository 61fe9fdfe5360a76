package report

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/fault"
)

//go:embed kinds/*/kind.yaml
var kindFiles embed.FS

// form is a kind of report as its folder describes it.
type form struct {
	ID        Kind   `yaml:"id"`
	Title     string `yaml:"title"`
	Subtitle  string `yaml:"subtitle"`
	Span      string `yaml:"span"` // period, as_of or either
	Framework string `yaml:"framework"`
	Sections  []part `yaml:"sections"`
}

type part struct {
	Number      string   `yaml:"number"`
	Title       string   `yaml:"title"`
	Part        string   `yaml:"part"` // letter, owed, description, tests, controls, statement, other
	By          string   `yaml:"by"`
	Says        string   `yaml:"says"`
	Owed        []string `yaml:"owed"`
	Assertion   bool     `yaml:"assertion"` // the letter is management's assertion, which management signs
	Text        []para   `yaml:"text"`      // of a letter: what it begins with
	Description []struct {
		ID    string `yaml:"id"`
		Title string `yaml:"title"`
	} `yaml:"description"`
}

// para is a paragraph of a letter. {organization}, {system}, {when}, {categories}, {carved}, {inclusive} and {report} are
// filled in.
type para struct {
	Head string `yaml:"head"`
	When string `yaml:"when"` // cuecs, carve_out, inclusive: only where there are some
	Text string `yaml:"text"`
}

// forms reads the embedded kinds. A fault in them is a defect of the program, shown at the
// first use and by the tests.
func forms() ([]form, error) {
	names, err := fs.Glob(kindFiles, "kinds/*/kind.yaml")
	if err != nil {
		return nil, err
	}
	var out []form
	for _, name := range names {
		b, err := kindFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f form
		if err := yaml.UnmarshalWithOptions(b, &f, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("kind of report %s: %w", path.Dir(name), err)
		}
		out = append(out, f)
	}
	return out, nil
}

// Kinds lists the kinds of report that can be built.
func Kinds() ([]Kind, error) {
	fs, err := forms()
	if err != nil {
		return nil, err
	}
	var out []Kind
	for _, f := range fs {
		out = append(out, f.ID)
	}
	return out, nil
}

func formOf(k Kind) (form, error) {
	fs, err := forms()
	if err != nil {
		return form{}, err
	}
	i := slices.IndexFunc(fs, func(f form) bool { return f.ID == k })
	if i < 0 {
		var known []string
		for _, f := range fs {
			known = append(known, string(f.ID))
		}
		return form{}, fault.Refuse("%q is not a kind of report that can be drafted; expected one of %s",
			string(k), strings.Join(known, ", "))
	}
	return fs[i], nil
}
