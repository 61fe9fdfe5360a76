// Package tests holds the compiled tests of the control library, one file each: the rules, and
// the cases that show what they do with items that pass, that fail, and that lie on the first and
// last instant of the period. To add a test, add a file.
package tests

import (
	"embed"
	"fmt"
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/rule"
)

//go:embed *.txtar
var files embed.FS

// Test is one test of a control: a control may have several, each with its own population.
type Test struct {
	ID      string // CHG-01, and IAM-06.2 for the second test of a control
	Control string
	Shape   assure.Shape
	Version int        // 1 unless the file says otherwise
	From    civil.Date // the first day on which this version is in force; 0 when the file does not say
	Until   civil.Date // the last one, where the control is retired after it; 0 when the file does not say
	// Editorial says that only the wording of the control changed: the tests of the version before go on.
	Editorial bool
	Doc       string
	Rule      string // the rule's text
	Plan      *rule.Plan
	Cases     []Case
	File      string // the whole file, as it goes into the package
}

// Case is a small population with the verdicts that the test must give.
type Case struct {
	Name    string
	Period  civil.Period
	KnownAt civil.Instant // Never when the case does not say
	Records []CaseRecord
	Expect  map[string]string // item key -> "pass", "deviation AB", "undecided C", "not_applicable" or "absent"
	Open    int               // items in progress; -1 when the case does not say
	Line    int
}

// CaseRecord is one record of a case, as JSON.
type CaseRecord struct {
	Register, JSON string
	Line           int
}

// Load reads the library's own tests.
func Load(schemas rule.Schemas) ([]*Test, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	var out []*Test
	for _, n := range names {
		b, err := files.ReadFile(n.Name())
		if err != nil {
			return nil, fmt.Errorf("read the tests: %w", err)
		}
		list, err := Parse(n.Name(), b, schemas)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out, nil
}

// Parse reads a test file. Its head says the control and the shape; "rule" sections hold the
// rules, "case" sections the cases of the rule with the same number.
func Parse(file string, b []byte, schemas rule.Schemas) ([]*Test, error) {
	for i, l := range strings.Split(string(b), "\n") {
		if strings.TrimSuffix(l, "\r") == "-- --" { // which package txtar does not survive
			return nil, fault.At(file, i+1, "", "a section without a name; expected \"-- rule --\" or \"-- case: NAME --\"")
		}
	}
	a := txtar.Parse(b)
	head := &Test{File: string(b)}
	if err := head.header(file, string(a.Comment)); err != nil {
		return nil, err
	}
	var out []*Test
	byNumber := map[string]*Test{}
	for _, f := range a.Files {
		kind, rest, _ := strings.Cut(f.Name, ":")
		word, number, _ := strings.Cut(kind, " ")
		switch word {
		case "rule":
			t := *head
			t.ID = t.Control
			if number != "" {
				t.ID += "." + number
			}
			plan, err := rule.Parse(file+" ("+f.Name+")", t.Control, string(f.Data), t.Shape, schemas)
			if err != nil {
				return nil, err
			}
			t.Plan, t.Rule = plan, string(f.Data)
			byNumber[number] = &t
			out = append(out, &t)
		case "case":
			t := byNumber[number]
			if t == nil {
				return nil, fault.At(file, 0, f.Name, "the case stands before its rule")
			}
			c, err := parseCase(file, strings.TrimSpace(rest), string(f.Data))
			if err != nil {
				return nil, err
			}
			t.Cases = append(t.Cases, c)
		default:
			return nil, fault.At(file, 0, f.Name, "unknown section; expected \"rule\" or \"case: NAME\"")
		}
	}
	if len(out) == 0 {
		return nil, fault.At(file, 0, "", "no rule; expected a section \"-- rule --\"")
	}
	return out, nil
}

func (t *Test) header(file, comment string) error {
	head, doc, _ := strings.Cut(comment, "\n\n")
	t.Doc = strings.TrimSpace(doc)
	t.Version = 1
	for i, l := range strings.Split(strings.TrimSpace(head), "\n") {
		k, v, _ := strings.Cut(l, " ")
		switch k {
		case "control":
			t.Control = v
		case "shape":
			t.Shape = assure.Shape(v)
		case "version":
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return fault.At(file, i+1, k, "%q is no version; expected a number from 1", v)
			}
			t.Version = n
		case "from":
			d, err := civil.ParseDate(v)
			if err != nil {
				return fault.At(file, i+1, k, "%v", err)
			}
			t.From = d
		case "until":
			d, err := civil.ParseDate(v)
			if err != nil {
				return fault.At(file, i+1, k, "%v", err)
			}
			t.Until = d
		case "editorial":
			t.Editorial = true
		default:
			return fault.At(file, i+1, k, "unknown line; expected \"control ID\", \"shape SHAPE\", \"version N\", \"from DATE\", \"until DATE\" or \"editorial\"")
		}
	}
	if t.Until != 0 && t.Until < t.From {
		return fault.At(file, 0, "until", "the version ends on %s, before it begins on %s", t.Until, t.From)
	}
	if t.Editorial && t.Version == 1 {
		return fault.At(file, 0, "editorial", "the first version has none before it whose tests could go on; expected \"version N\" from 2")
	}
	switch t.Shape {
	case assure.Event, assure.Schedule, assure.State, assure.Roster:
	default:
		return fault.At(file, 0, "shape", "%q is no shape; expected event, schedule, state or roster", t.Shape)
	}
	if t.Control == "" || path.Base(t.Control) != t.Control {
		return fault.At(file, 0, "control", "the file does not say which control it tests")
	}
	return nil
}

func parseCase(file, name, text string) (Case, error) {
	c := Case{Name: name, KnownAt: civil.Never, Expect: map[string]string{}, Open: -1}
	for i, l := range strings.Split(text, "\n") { // lines of any length: a record is one
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(l, " ")
		if err := c.line(word, strings.TrimSpace(rest), i+1); err != nil {
			return c, fmt.Errorf("%s, case %q, line %d: %w", file, name, i+1, err)
		}
	}
	if c.Period.To == 0 {
		return c, fault.At(file, 0, name, "the case has no period")
	}
	return c, nil
}

func (c *Case) line(word, rest string, n int) error {
	switch word {
	case "period":
		var from, to, zone string
		if _, err := fmt.Sscan(rest, &from, &to, &zone); err != nil {
			return fault.Refuse("expected: period FROM TO ZONE")
		}
		return c.period(from, to, zone)
	case "known":
		i, err := civil.ParseInstant(rest)
		c.KnownAt = i
		return err
	case "expect":
		key, want, _ := strings.Cut(rest, " ")
		if key == "in_progress" {
			n, err := strconv.Atoi(want)
			if err != nil || n < 0 {
				return fault.Refuse("%q is no count; expected: expect in_progress NUMBER", want)
			}
			c.Open = n
			return nil
		}
		c.Expect[key] = want
		return nil
	}
	c.Records = append(c.Records, CaseRecord{word, rest, n})
	return nil
}

func (c *Case) period(from, to, zone string) error {
	f, err := civil.ParseDate(from)
	if err != nil {
		return err
	}
	t, err := civil.ParseDate(to)
	if err != nil {
		return err
	}
	z, err := civil.ParseZone(zone)
	if err != nil {
		return err
	}
	c.Period, err = civil.NewPeriod(f, t, z)
	return err
}
