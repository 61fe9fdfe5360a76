package register

import (
	"crypto/sha256"
	"slices"

	"github.com/assayhq/assay/internal/fault"
)

// Converter makes records of the rows of one file. It is not for concurrent use.
type Converter struct {
	main     *builder
	m        *Mapping
	mapped   map[string]bool // declared fields that the mapping gives
	read     map[string]bool // members of the source that the mapping reads or drops
	children []*splitter
}

type splitter struct {
	*child
	b    *builder
	seen map[[16]byte]bool // keys of a child with `repeat: first`; 16 bytes of a hash each
	next map[string]string // arrows of a child with `repeat: link`
}

// NewConverter checks a mapping against the schemas it names. The mapping may be nil: fields
// then go by their own names. Find answers nil for an unknown register.
func NewConverter(s *Schema, m *Mapping, find func(string) *Schema) (*Converter, error) {
	c := &Converter{main: newBuilder(s), m: m}
	if m == nil {
		c.m = &Mapping{}
		return c, nil
	}
	y := reader{m.File}
	if m.Register != "" && m.Register != s.Name {
		return nil, y.at(m.places["register"], "register", "the mapping is for %s, not for %s", m.Register, s.Name)
	}
	c.mapped, c.read = map[string]bool{}, map[string]bool{}
	if err := m.checkFields(y, s, m.fields); err != nil {
		return nil, err
	}
	for _, e := range m.fields {
		c.mapped[e.field] = true
		c.reads(e.paths())
	}
	for _, d := range m.drop {
		c.read[d] = true
	}
	for t := range m.Totals {
		if f, ok := s.Field(t); !ok || f.Type != Int {
			return nil, y.at(m.places["totals"], "totals", "%s is no whole-number field of %s%s", t, s.Name, s.near(t))
		}
	}
	if f, ok := s.Field(m.Sequence); m.Sequence != "" && (!ok || f.Type != Int && f.Type != Text) {
		return nil, y.at(m.places["sequence"], "sequence", "%s is no number or text field of %s", m.Sequence, s.Name)
	}
	for _, k := range m.children {
		if err := c.split(y, k, find); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Schemas lists the registers that rows go into, the main one first.
func (c *Converter) Schemas() []*Schema {
	out := []*Schema{c.main.s}
	for _, k := range c.children {
		if !slices.Contains(out, k.b.s) {
			out = append(out, k.b.s)
		}
	}
	return out
}

func (c *Converter) reads(ps []path) {
	for _, p := range ps {
		if r := p.root(); r != "" {
			c.read[r] = true
			c.read[p.text] = true
		}
	}
}

func (c *Converter) split(y reader, k *child, find func(string) *Schema) error {
	s := find(k.register)
	if s == nil {
		return y.at(place{k.line, k.col}, "register", "%q is no register", k.register)
	}
	if err := c.m.checkFields(y, s, k.fields); err != nil {
		return err
	}
	c.reads(k.each)
	if k.repeat == repeatLink && k.register != aliases {
		return y.at(place{k.line, k.col}, "repeat", "link is for %s, whose records name the same person; %s are none", aliases, k.register)
	}
	c.children = append(c.children, &splitter{k, newBuilder(s), map[[16]byte]bool{}, map[string]string{}})
	return nil
}

// checkFields refuses unknown fields, and constants that their fields cannot hold.
func (m *Mapping) checkFields(y reader, s *Schema, es []*expr) error {
	for _, e := range es {
		at := place{e.line, e.col}
		f, ok := s.Field(e.field)
		switch {
		case e.field == RecordedAt:
			f.Type = Instant
		case e.field == RecordVersion:
			f.Type = Int
		case !ok:
			return y.at(at, e.field, "%s has no such field%s", s.Name, DidYouMean(e.field, append(s.Names(), RecordedAt, RecordVersion)))
		}
		results := []*Value{e.constant, e.empty, e.otherwise}
		for _, v := range e.values {
			results = append(results, &v)
		}
		for _, v := range results {
			if v == nil {
				continue
			}
			if _, err := f.take(*v, false, m.Zone); err != nil {
				return y.at(at, e.field, "%s", err)
			}
		}
	}
	return nil
}

// Rows makes the record of a row and then those split off it, in the order of the mapping.
func (c *Converter) Rows(file string, in Input) ([]*Row, error) {
	top := scope{row: in.Fields}
	ms, err := c.fields(&top, in.Fields)
	if err != nil {
		return nil, inFile(file, in.Line, err)
	}
	r, err := c.main.row(file, in.Line, ms, in.Loose, c.m.Zone)
	if err != nil {
		return nil, err
	}
	out := []*Row{r}
	for _, k := range c.children {
		for _, p := range k.each {
			if out, err = k.rows(out, file, in, p, c.m); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// fields are what the mapping gives and, beside it, what the source delivered under names that
// the mapping neither reads nor gives.
func (c *Converter) fields(s *scope, source []Member) ([]Member, error) {
	if c.mapped == nil {
		return source, nil
	}
	out, err := evalAll(c.m.fields, s)
	for _, m := range source {
		if !c.read[m.Name] && !c.mapped[m.Name] {
			out = append(out, m)
		}
	}
	return out, err
}

func evalAll(es []*expr, s *scope) ([]Member, error) {
	out := make([]Member, 0, len(es)+len(s.row))
	for _, e := range es {
		v, err := e.eval(s)
		if err != nil {
			return nil, inField(e.field, err)
		}
		out = append(out, Member{e.field, v})
	}
	return out, nil
}

// rows adds the children that one path of a row gives: one for each element of a list, or one
// for an object. A field that is not there gives none.
func (k *splitter) rows(out []*Row, file string, in Input, p path, m *Mapping) ([]*Row, error) {
	v := p.from(in.Fields)
	list := v.List
	switch v.Kind {
	case Absent, Null:
		return out, nil
	case Object:
		list = []Value{v}
	case List:
	default:
		return nil, fault.At(file, in.Line, p.text, "%s; expected a list, to split %s off", v.describe(), k.register)
	}
	for i, item := range list {
		s := scope{row: item.Members, parent: in.Fields, item: item, index: i + 1}
		ms, err := evalAll(k.fields, &s)
		if err != nil {
			return nil, inFile(file, in.Line, err)
		}
		r, err := k.b.row(file, in.Line, ms, in.Loose, m.Zone)
		if err == nil && k.repeat == repeatLink {
			r, err = k.linked(r, file, in)
		}
		if err != nil {
			return nil, err
		}
		if r == nil || k.repeat == repeatFirst && !k.fresh(r.Key) {
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

// aliases is the register of which logins name the same person.
const aliases = "aliases"

// linked makes of the pairs of a file one arrow for each name at most, so that a login seen
// under two names, and a name seen with two logins, end at one person. Where both sides of a
// pair already lead to the same end it says nothing new; else the end of the one is pointed at
// the end of the other: ends are exactly the names that have no arrow yet.
func (k *splitter) linked(r *Row, file string, in Input) (*Row, error) {
	person, _ := r.Columns[k.b.index["person_id"]].(string)
	from, to := k.end(r.Key), k.end(person)
	if from == to {
		return nil, nil
	}
	k.next[from] = to
	return k.b.row(file, in.Line, []Member{{"alias", text(from)}, {"person_id", text(to)}}, in.Loose, nil)
}

// end follows the arrows from a name, and shortens the way for the next one.
func (k *splitter) end(name string) string {
	to, ok := k.next[name]
	if !ok {
		return name
	}
	end := to
	for next, ok := k.next[end]; ok; next, ok = k.next[end] {
		end = next
	}
	if end != to {
		k.next[name] = end
	}
	return end
}

// fresh reports whether a key comes for the first time in this file.
func (k *splitter) fresh(key string) bool {
	sum := sha256.Sum256([]byte(key))
	h := [16]byte(sum[:16])
	if k.seen[h] {
		return false
	}
	k.seen[h] = true
	return true
}
