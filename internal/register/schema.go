// Package register holds the schemas of records: what a register's rows are, how a source's
// fields become them, and their canonical form. It is pure: bytes in, rows or refusals out.
package register

import (
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// Type is the type of a field.
type Type string

// The types. In a projection an instant is microseconds since 1970 UTC, a date is days since
// 1970-01-01, a bool is 0 or 1, all as integers; text is compared by bytes.
const (
	Text    Type = "text"
	Bool    Type = "bool"
	Int     Type = "int"
	Instant Type = "instant"
	Date    Type = "date"
)

// Field is one field of a register.
type Field struct {
	Name     string   `yaml:"name"`
	Type     Type     `yaml:"type"`
	Doc      string   `yaml:"doc"`
	Required bool     `yaml:"required"` // a row without it is refused
	End      bool     `yaml:"end"`      // absent means "has not happened", not "unknown"
	Values   []string `yaml:"values"`   // the closed list of values of a text field
	Scalar   bool     `yaml:"scalar"`   // a text field that also takes numbers and booleans, as their JSON text
	Ref      string   `yaml:"ref"`      // the register whose key this field names
	Login    bool     `yaml:"login"`    // the field names a person by login, address or id
	Personal bool     `yaml:"personal"` // clear personal data: shown redacted where the viewer may not see it
	Default  string   `yaml:"default"`  // the field whose value stands in when this one is absent (keys only)
}

// Schema is a register's definition, one YAML file each. Records may carry further fields,
// which are kept in the body and are not columns.
type Schema struct {
	Name     string   `yaml:"name"`
	Title    string   `yaml:"title"`
	Doc      string   `yaml:"doc"`
	Key      []string `yaml:"key"`      // fields of the natural key, joined with "/"
	Event    []string `yaml:"event"`    // fields that give the event time, the first known one counts
	Interval []string `yaml:"interval"` // [start, end] of the fact, where the register holds intervals
	Snapshot string   `yaml:"snapshot"` // the instant at which a row was observed, where it holds snapshots
	Sequence string   `yaml:"sequence"` // a field that should run without gaps (check C1)
	Fields   []Field  `yaml:"fields"`
	// Lookups are lists of fields by which tests find rows from other records, besides those that
	// name a required other record. A store keeps an index for each, which every import pays for.
	Lookups [][]string `yaml:"lookups"`
}

// Field returns the field of that name.
func (s *Schema) Field(name string) (Field, bool) {
	for _, f := range s.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Indexes lists the fields by which rows are found from other records, besides their key: the look-ups,
// and the required names of other records that no look-up begins with.
func (s *Schema) Indexes() [][]string {
	out := slices.Clone(s.Lookups)
	for _, f := range s.Fields {
		led := slices.ContainsFunc(s.Lookups, func(l []string) bool { return len(l) > 0 && l[0] == f.Name })
		if !led && f.Ref != "" && f.Required {
			out = append(out, []string{f.Name})
		}
	}
	return out
}

// Row is one record made canonical: what an append needs beyond the pull it belongs to.
type Row struct {
	Register string
	Key      string
	Version  int            // explicit record_version; 0 when the source gave none
	Event    *civil.Instant // when it happened; nil when the row does not say
	Recorded *civil.Instant // when the source wrote it
	Body     []byte         // canonical JSON object (RFC 8785) of the declared and free fields, without record_version and recorded_at
	Columns  []any          // projection values in the order of Schema.Fields: nil, int64 or string
	Line     int            // line or row of the input, from 1
}

// Table names the projection table of a register: one per register and layout of columns, so
// that a changed schema gets a table of its own and the projection is rebuilt into it.
func (s *Schema) Table() string { return "r_" + s.Name + "_" + s.Layout() }
