package collect

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// Comparisons are the reconciliations between registers and the recomputations within them, as data.
type Comparisons struct {
	Reconciliations []*Reconciliation
	Derivations     []*Derivation
}

// Reconciliation compares two registers that tell of the same things. It counts as a check of the
// register that should hold what the other one names.
type Reconciliation struct {
	ID     string   `yaml:"id"`
	Of     string   `yaml:"of"`     // the register under check
	Check  string   `yaml:"check"`  // C2, C3 or C4
	Says   string   `yaml:"says"`   // what must hold, as a sentence without its full stop
	Todo   string   `yaml:"todo"`   // what to do about a difference
	Each   string   `yaml:"each"`   // the register whose records must each be found
	Where  where    `yaml:"where"`  // which of them; empty: all
	Known  []string `yaml:"known"`  // fields that must say something
	Ever   bool     `yaml:"ever"`   // also those outside the period
	Began  bool     `yaml:"began"`  // of intervals, those that began in the period
	Person bool     `yaml:"person"` // names are compared as persons
	Absent string   `yaml:"absent"` // what a record is that names nothing: "skip" (the default) or "difference"
	Found  []Found  `yaml:"found"`  // where to look: one of them is enough
	Number string   `yaml:"number"` // instead of found: the field of each that states a count
	Most   *Most    `yaml:"most"`   // with number: the records of which it states the count, at the most
}

// Found looks for the value of a field among the values of another register's field.
type Found struct {
	Link  string `yaml:"link"` // the field of each
	In    string `yaml:"in"`
	By    string `yaml:"by"`
	Where where  `yaml:"where"`
}

// Most counts the records of a register that were in service at an instant that each names.
type Most struct {
	In    string `yaml:"in"`
	Where where  `yaml:"where"`
	At    string `yaml:"at"`
}

// Derivation recomputes what a source also delivers. One of its three forms is given.
type Derivation struct {
	ID   string `yaml:"id"`
	Of   string `yaml:"of"`
	Says string `yaml:"says"`
	Todo string `yaml:"todo"`
	Ever bool   `yaml:"ever"`

	Due  *DerivedDue  `yaml:"due"`
	Time *DerivedTime `yaml:"time"`
	Most *DerivedMost `yaml:"most"`
}

// DerivedDue recomputes a due date: a number of days after the end of the quarter or month that a
// field names (2026-Q3, 2026-09), or after the civil day of a date.
type DerivedDue struct {
	Field string `yaml:"field"`
	After string `yaml:"after"`
	Days  int    `yaml:"days"`
}

// DerivedTime recomputes a duration: Field is the whole units from From to To, rounded down or up.
// Without a Field it says only that To is not before From.
type DerivedTime struct {
	Field string `yaml:"field"`
	From  string `yaml:"from"`
	To    string `yaml:"to"`
	Unit  string `yaml:"unit"` // minutes, hours or days
}

// DerivedMost says that a number is made of parts: the sum of Parts is at the most Field, or equals it.
type DerivedMost struct {
	Field string   `yaml:"field"`
	Parts []string `yaml:"parts"`
	Equal bool     `yaml:"equal"`
}

// where are the values that fields must have: text, whole numbers, true and false, and null where
// the source does not say.
type where map[string][]any

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{2,63}$`)

// LoadComparisons reads every YAML file of a folder and checks it against the registers. A file
// holds a list "reconciliations", a list "derivations", or both. One that names an unknown register
// or field is refused: a comparison that finds nothing would say so of nobody.
func LoadComparisons(fsys fs.FS, registers func(string) *register.Schema) (*Comparisons, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	out := &Comparisons{}
	seen := map[string]string{}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var y struct {
			Reconciliations []*Reconciliation `yaml:"reconciliations"`
			Derivations     []*Derivation     `yaml:"derivations"`
		}
		if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&y); err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.At(path.Base(name), 0, "", "%s", yaml.FormatError(err, false, true))
		}
		c := checking{file: path.Base(name), registers: registers}
		for _, r := range y.Reconciliations {
			if r == nil {
				return nil, c.bad("reconciliations", "an entry is empty")
			}
			c.id = r.ID
			if err := errors.Join(c.unique(seen), c.reconciliation(r)); err != nil {
				return nil, err
			}
		}
		for _, d := range y.Derivations {
			if d == nil {
				return nil, c.bad("derivations", "an entry is empty")
			}
			c.id = d.ID
			if err := errors.Join(c.unique(seen), c.derivation(d)); err != nil {
				return nil, err
			}
		}
		out.Reconciliations = append(out.Reconciliations, y.Reconciliations...)
		out.Derivations = append(out.Derivations, y.Derivations...)
	}
	return out, nil
}

// checking is the place of an entry that is looked at.
type checking struct {
	file, id  string
	registers func(string) *register.Schema
}

func (c checking) bad(field, format string, args ...any) error {
	return fault.At(c.file, 0, strings.TrimPrefix(c.id+": "+field, ": "), format, args...)
}

func (c checking) unique(seen map[string]string) error {
	if !slug.MatchString(c.id) {
		return c.bad("id", "%q is no identifier; expected a-z, 0-9 and hyphens from a letter", c.id)
	}
	if other, ok := seen[c.id]; ok {
		return c.bad("id", "stands twice, also in %s", other)
	}
	seen[c.id] = c.file
	return nil
}

func (c checking) register(field, name string) (*register.Schema, error) {
	if s := c.registers(name); s != nil {
		return s, nil
	}
	return nil, c.bad(field, "%q is no register", name)
}

func (c checking) field(where string, s *register.Schema, name string, types ...register.Type) error {
	f, ok := s.Field(name)
	switch {
	case !ok:
		return c.bad(where, "%q is no field of %s%s", name, s.Name, register.DidYouMean(name, s.Names()))
	case !slices.Contains(types, f.Type):
		return c.bad(where, "%s.%s is of type %s; expected one of %v", s.Name, name, f.Type, types)
	}
	return nil
}

// conditions checks a where and makes its values those of a projection.
func (c checking) conditions(at string, s *register.Schema, w where) error {
	for name, values := range w {
		f, ok := s.Field(name)
		if !ok {
			return c.field(at, s, name)
		}
		if len(values) == 0 {
			return c.bad(at, "%s has no value; list what it may be, null where the source does not say", name)
		}
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				continue
			case string:
				ok = v != "" && f.Type == register.Text && (len(f.Values) == 0 || slices.Contains(f.Values, v))
			case bool:
				ok = f.Type == register.Bool
				values[i] = int64(0)
				if v {
					values[i] = int64(1)
				}
			case uint64:
				ok = f.Type == register.Int
				values[i] = int64(v) // a whole number of a YAML file
			case int64:
				ok = f.Type == register.Int || f.Type == register.Bool
			default:
				ok = false
			}
			if !ok {
				return c.bad(at, "%s.%s is never %v; it is of type %s %s", s.Name, name, v, f.Type, strings.Join(f.Values, ", "))
			}
		}
	}
	return nil
}

func (c checking) reconciliation(r *Reconciliation) error {
	if !slices.Contains([]string{"C2", "C3", "C4"}, r.Check) {
		return c.bad("check", "%q; a reconciliation counts as C2, C3 or C4", r.Check)
	}
	if r.Says == "" || r.Todo == "" {
		return c.bad("says, todo", "say what must hold and what to do about a difference")
	}
	if !slices.Contains([]string{"", "skip", "difference"}, r.Absent) {
		return c.bad("absent", "%q; expected skip or difference", r.Absent)
	}
	of, err := c.register("of", r.Of)
	if err != nil {
		return err
	}
	each, err := c.register("each", r.Each)
	if err != nil {
		return err
	}
	if err := c.conditions("where", each, r.Where); err != nil {
		return err
	}
	for _, name := range r.Known {
		if _, ok := each.Field(name); !ok {
			return c.field("known", each, name)
		}
	}
	if r.Number != "" || r.Most != nil {
		return c.counting(r, of, each)
	}
	if len(r.Found) == 0 {
		return c.bad("found", "says nowhere to look")
	}
	related := r.Of == r.Each
	for _, f := range r.Found {
		in, err := c.register("found.in", f.In)
		if err != nil {
			return err
		}
		related = related || f.In == r.Of
		if err := errors.Join(c.field("found.link", each, f.Link, register.Text, register.Int), c.field("found.by", in, f.By, register.Text, register.Int),
			c.conditions("found.where", in, f.Where)); err != nil {
			return err
		}
	}
	if !related {
		return c.bad("of", "%s is neither the register looked through nor one looked in", r.Of)
	}
	return nil
}

// counting checks a reconciliation of a stated count.
func (c checking) counting(r *Reconciliation, of, each *register.Schema) error {
	if r.Most == nil || r.Number == "" || len(r.Found) > 0 {
		return c.bad("number", "a stated count needs number and most, and no found")
	}
	in, err := c.register("most.in", r.Most.In)
	if err != nil {
		return err
	}
	if len(in.Interval) != 2 {
		return c.bad("most.in", "%s holds no intervals: nobody can count what was in service at an instant", in.Name)
	}
	if of.Name != in.Name && of.Name != each.Name {
		return c.bad("of", "%s is on neither side", r.Of)
	}
	return errors.Join(c.field("number", each, r.Number, register.Int), c.field("most.at", each, r.Most.At, register.Instant), c.conditions("most.where", in, r.Most.Where))
}

func (c checking) derivation(d *Derivation) error {
	s, err := c.register("of", d.Of)
	if err != nil {
		return err
	}
	if d.Says == "" || d.Todo == "" {
		return c.bad("says, todo", "say what must hold and what to do about a difference")
	}
	switch {
	case d.Due != nil && d.Time == nil && d.Most == nil:
		return errors.Join(c.field("due.field", s, d.Due.Field, register.Date), c.field("due.after", s, d.Due.After, register.Text, register.Date))
	case d.Time != nil && d.Due == nil && d.Most == nil:
		err := errors.Join(c.field("time.from", s, d.Time.From, register.Instant), c.field("time.to", s, d.Time.To, register.Instant))
		if err == nil && d.Time.Field != "" {
			if units[d.Time.Unit] == 0 {
				return c.bad("time.unit", "%q; expected minutes, hours or days", d.Time.Unit)
			}
			err = c.field("time.field", s, d.Time.Field, register.Int)
		}
		return err
	case d.Most != nil && d.Due == nil && d.Time == nil:
		if len(d.Most.Parts) == 0 {
			return c.bad("most.parts", "names no part")
		}
		errs := []error{c.field("most.field", s, d.Most.Field, register.Int)}
		for _, p := range d.Most.Parts {
			errs = append(errs, c.field("most.parts", s, p, register.Int))
		}
		return errors.Join(errs...)
	}
	return c.bad("due, time, most", "expected exactly one of them")
}

// units are the lengths of units in microseconds.
var units = map[string]int64{"minutes": 60e6, "hours": 3600e6, "days": 86400e6}

// matches reports whether the values of the fields, in the order of names, are as a where asks.
func (w where) matches(names []string, values []any) bool {
	for field, allowed := range w {
		v := values[slices.Index(names, field)]
		if v == "" { // delivered empty also says nothing
			v = nil
		}
		if !slices.Contains(allowed, v) {
			return false
		}
	}
	return true
}
