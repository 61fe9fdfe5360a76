package recount

import (
	"bytes"
	stdjson "encoding/json"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/format/csv"
	"github.com/assayhq/assay/internal/format/json"
	"github.com/assayhq/assay/internal/format/jsonl"
	"github.com/assayhq/assay/internal/register"
)

// books are the company's records after mapping and conversion: of each key its latest version.
type books struct {
	registers map[string][]record
	places    map[string]int    // where in its register a key stands
	persons   map[string]string // from a login, an address or an id to what it stands for
	holidays  map[day]bool
	zone      *time.Location
	from, to  day     // the period
	knownAt   instant // when the books were closed
	indexes   map[string]map[string][]record
}

// record is one row: what the source said, field by field.
type record struct {
	key    string
	fields map[string]any
	ends   map[string]bool // fields whose absence means that it has not happened
}

func open(t testing.TB, files []example.File, story example.Story) *books {
	t.Helper()
	schemas, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(story.Period.Zone.String())
	if err != nil {
		t.Fatal(err)
	}
	b := &books{registers: map[string][]record{}, places: map[string]int{}, persons: map[string]string{}, holidays: map[day]bool{},
		zone: zone, from: day(story.Period.From), to: day(story.Period.To), indexes: map[string]map[string][]record{}}
	b.knownAt = b.startOf(b.to + 120)
	for _, f := range files {
		b.add(t, schemas, f)
	}
	b.meet()
	for _, h := range b.registers["holidays"] {
		b.holidays[h.on("day")] = true
	}
	return b
}

// add takes a file through its format, its mapping and its schema, as an import does.
func (b *books) add(t testing.TB, schemas map[string]*register.Schema, f example.File) {
	t.Helper()
	var mapping *register.Mapping
	var err error
	if f.Map != nil {
		if mapping, err = register.ParseMapping(f.MapName, f.Map); err != nil {
			t.Fatal(err)
		}
	}
	converter, err := register.NewConverter(schemas[f.Register], mapping, func(name string) *register.Schema { return schemas[name] })
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	formats := map[string]register.Reader{".csv": csv.Read, ".tsv": csv.Read, ".json": json.Read, ".jsonl": jsonl.Read}
	for in, err := range formats[path.Ext(f.Name)](bytes.NewReader(f.Data), register.ReadOptions{File: f.Name}) {
		if err != nil {
			t.Fatal(err)
		}
		rows, err := converter.Rows(f.Name, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			r := record{key: row.Key, fields: map[string]any{}, ends: map[string]bool{}}
			d := stdjson.NewDecoder(bytes.NewReader(row.Body))
			d.UseNumber()
			if err := d.Decode(&r.fields); err != nil {
				t.Fatal(err)
			}
			for _, field := range schemas[row.Register].Fields {
				r.ends[field.Name] = field.End
			}
			b.keep(row.Register, r)
		}
	}
}

// keep takes the place of an earlier version of the same key.
func (b *books) keep(name string, r record) {
	if i, ok := b.places[name+" "+r.key]; ok {
		b.registers[name][i] = r
		return
	}
	b.places[name+" "+r.key] = len(b.registers[name])
	b.registers[name] = append(b.registers[name], r)
}

// meet learns who is who: a person's id and address stand for the person, and an alias for what
// its row says, which may be an alias again.
func (b *books) meet() {
	for _, p := range b.registers["people"] {
		b.persons[p.text("person_id")] = p.text("person_id")
		if p.knows("email") {
			b.persons[p.text("email")] = p.text("person_id")
		}
	}
	for _, a := range b.registers["aliases"] {
		b.persons[a.text("alias")] = a.text("person_id")
		if _, met := b.persons[a.text("person_id")]; !met {
			b.persons[a.text("person_id")] = a.text("person_id")
		}
	}
}

// person is who is behind a login, an address or an id; "" where nobody knows.
func (b *books) person(name string) string {
	for range 10 {
		next := b.persons[name]
		if next == name {
			break
		}
		name = next
	}
	return name
}

// who is the person that a field names.
func (b *books) who(r record, field string) string { return b.person(r.text(field)) }

// same compares two persons.
func same(p, q string) answer {
	if p == "" || q == "" {
		return unknown
	}
	return is(p == q)
}

// with finds the records whose field has a value; of finds those whose field names a person.
func (b *books) with(name, field, value string) []record {
	return b.index(name, field, func(r record) string { return r.text(field) })[value]
}

func (b *books) of(name, field, person string) []record {
	return b.index(name, field+" person", func(r record) string { return b.who(r, field) })[person]
}

// during finds the records whose time lies between two civil days, both included.
func (b *books) during(name, field string, from, to day) []record {
	index := b.index(name, field+" day", func(r record) string { return b.dayOf(r.at(field)).String() })
	var out []record
	for d := from; d <= to; d++ {
		out = append(out, index[d.String()]...)
	}
	return out
}

func (b *books) index(name, by string, value func(record) string) map[string][]record {
	at := name + " by " + by
	if b.indexes[at] == nil {
		b.indexes[at] = map[string][]record{}
		for _, r := range b.registers[name] {
			if v := value(r); v != "" {
				b.indexes[at][v] = append(b.indexes[at][v], r)
			}
		}
	}
	return b.indexes[at]
}

// text is a field's text, "" where it is absent or empty.
func (r record) text(field string) string {
	s, _ := r.fields[field].(string)
	return s
}

// knows says whether a field is there and not empty.
func (r record) knows(field string) bool {
	v, ok := r.fields[field]
	return ok && v != nil && v != ""
}

func (r record) known(field string) answer { return is(r.knows(field)) }

// filled is no of a field that was delivered empty, and unknown of one that was not delivered.
func (r record) filled(field string) answer {
	s, ok := r.fields[field].(string)
	if !ok {
		return unknown
	}
	return is(s != "")
}

// says compares a field's text with those given.
func (r record) says(field string, values ...string) answer {
	s, ok := r.fields[field].(string)
	if !ok {
		return unknown
	}
	return is(slices.Contains(values, s))
}

// flag is a field that holds true or false.
func (r record) flag(field string) answer {
	v, ok := r.fields[field].(bool)
	if !ok {
		return unknown
	}
	return is(v)
}

func (r record) missing(field string) int64 {
	if r.ends[field] {
		return never
	}
	return unclear
}

func (r record) at(field string) instant {
	t, err := time.Parse(time.RFC3339Nano, r.text(field))
	if err != nil {
		return instant(r.missing(field))
	}
	return instant(t.UnixMicro())
}

func (r record) on(field string) day {
	t, err := time.Parse(time.DateOnly, r.text(field))
	if err != nil {
		return day(r.missing(field))
	}
	return date(t.Date())
}

func (r record) num(field string) number {
	n, ok := r.fields[field].(stdjson.Number)
	if !ok {
		return unclear
	}
	v, err := n.Int64()
	if err != nil {
		return unclear
	}
	return number(v)
}

func key(parts ...string) string { return strings.Join(parts, "/") }
