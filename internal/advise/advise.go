// Package advise says which report an organization needs, with what it rests on and what speaks
// against it, what it costs by published figures, and when it can be had. It reads no clock and
// keeps nothing: answers in, advice out. Its figures, questions and tables are data, each with its
// source and date.
package advise

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

//go:embed data/*.yaml data/tables/*.yaml
var embedded embed.FS

// Book is the checked reference data that advice is given from. It is never changed after loading.
type Book struct {
	questions []Question
	sources   []Source
	fees      []Fee
	nearest   map[string]string // a report without a fee -> the report whose fee comes nearest
	besides   []string          // what the fee does not hold
	drivers   []string          // what moves it
	durations []Duration
	tables    []Table
	europe    []string
	countries map[string]bool
}

// Source is a document that figures and tables rest on.
type Source struct {
	ID    string     `yaml:"id" json:"id"`
	Title string     `yaml:"title" json:"title"`
	AsOf  civil.Date `yaml:"as_of" json:"as_of"` // published, or read where it bears no date
}

// Load reads and checks the embedded data.
func Load() (*Book, error) {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return LoadFS(sub)
}

// LoadFS reads and checks data laid out as the embedded folder is, for a house that keeps figures of its own.
func LoadFS(fsys fs.FS) (*Book, error) {
	b := &Book{countries: map[string]bool{}}
	steps := []func(fs.FS) error{b.loadSources, b.loadCountries, b.loadQuestions, b.loadFees, b.loadDurations, b.loadTables}
	for _, load := range steps {
		if err := load(fsys); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// decode reads strict YAML: a misspelt name is refused, not ignored.
func decode(fsys fs.FS, name string, into any) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into); err != nil {
		return &fault.Error{Kind: fault.Refused, File: name, What: "not a file of the adviser", Err: err}
	}
	return nil
}

func (b *Book) loadSources(fsys fs.FS) error {
	var y struct {
		Sources []Source `yaml:"sources"`
	}
	if err := decode(fsys, "sources.yaml", &y); err != nil {
		return err
	}
	b.sources = y.Sources
	return nil
}

func (b *Book) loadCountries(fsys fs.FS) error {
	var y struct {
		Europe string `yaml:"europe"`
		Others string `yaml:"others"`
	}
	if err := decode(fsys, "countries.yaml", &y); err != nil {
		return err
	}
	b.europe = strings.Fields(y.Europe)
	for _, c := range strings.Fields(y.Europe + " " + y.Others) {
		b.countries[c] = true
	}
	return nil
}

// Sources lists what the figures and tables rest on.
func (b *Book) Sources() []Source { return append([]Source(nil), b.sources...) }

// cited refuses a reference to a source that is not listed: "S2:199-203" or a bare "standards".
func (b *Book) cited(file, ref string) error {
	for _, one := range strings.Split(ref, ",") {
		id, _, _ := strings.Cut(one, ":")
		known := false
		for _, s := range b.sources {
			known = known || s.ID == id
		}
		if !known {
			return fault.At(file, 0, "source", "%q is no listed source", one)
		}
	}
	return nil
}
