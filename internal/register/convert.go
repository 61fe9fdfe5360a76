package register

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Convert makes one row canonical without a mapping: fields go by their own names.
func Convert(s *Schema, file string, in Input) (*Row, error) {
	return newBuilder(s).row(file, in.Line, in.Fields, in.Loose, nil)
}

// Project gives the columns of a sealed body, in the order of the schema's fields. A projection
// rebuilt from bodies is thereby equal to the one written with them.
func Project(s *Schema, body []byte) ([]any, error) {
	v, err := ParseJSON("", 0, body)
	if err != nil {
		return nil, err
	}
	if v.Kind != Object {
		return nil, fault.Refuse("a record's body is %s; expected an object", v.describe())
	}
	cols := make([]any, len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		if cols[i], err = f.column(v.Get(f.Name)); err != nil {
			return nil, inField(f.Name, err)
		}
	}
	s.fallBack(cols)
	return cols, nil
}

// When returns the first known event field of a row's columns: an instant or a civil date, and
// which of the two; "" when the row does not say.
func (s *Schema) When(columns []any) (civil.Instant, civil.Date, Type) {
	for _, n := range s.Event {
		for i := range s.Fields {
			if v, ok := columns[i].(int64); ok && s.Fields[i].Name == n {
				if s.Fields[i].Type == Date {
					return 0, civil.Date(v), Date
				}
				return civil.Instant(v), 0, Instant
			}
		}
	}
	return 0, 0, ""
}

// Open reports whether the interval of a row has not ended; false where a register holds none.
func (s *Schema) Open(columns []any) bool {
	if len(s.Interval) != 2 {
		return false
	}
	for i := range s.Fields {
		if s.Fields[i].Name == s.Interval[1] {
			return columns[i] == nil
		}
	}
	return false
}

// builder makes rows of one schema.
type builder struct {
	s     *Schema
	index map[string]int // field name -> position
}

func newBuilder(s *Schema) *builder {
	b := &builder{s, make(map[string]int, len(s.Fields))}
	for i, f := range s.Fields {
		b.index[f.Name] = i
	}
	return b
}

// row takes the members of one record under their final names.
func (b *builder) row(file string, line int, ms []Member, loose bool, zone *civil.Zone) (*Row, error) {
	r, err := b.build(ms, loose, zone)
	if err != nil {
		return nil, inFile(file, line, err)
	}
	r.Line = line
	return r, nil
}

func (b *builder) build(ms []Member, loose bool, zone *civil.Zone) (*Row, error) {
	r := &Row{Register: b.s.Name, Columns: make([]any, len(b.s.Fields))}
	kept := make([]Member, 0, len(ms))
	size := 2
	for _, m := range ms {
		switch m.Name {
		case RecordedAt, RecordVersion:
			if err := r.stamp(m, loose, zone); err != nil {
				return nil, inField(m.Name, err)
			}
			continue
		}
		i, declared := b.index[m.Name]
		v, err := free(m.Value)
		if declared {
			f := &b.s.Fields[i]
			if v, err = f.take(m.Value, loose, zone); err == nil {
				r.Columns[i], err = f.column(v)
			}
		}
		if err != nil {
			return nil, inField(m.Name, err)
		}
		if v.known() {
			kept = append(kept, Member{m.Name, v})
			size += len(m.Name) + len(v.Text) + 8
		}
	}
	if err := b.finish(r); err != nil {
		return nil, err
	}
	return r, r.seal(kept, size)
}

// seal writes the canonical body.
func (r *Row) seal(ms []Member, size int) error {
	body, err := appendObject(make([]byte, 0, size), ms)
	if err == nil && len(body) > MaxRow {
		err = fault.Refuse("the row is larger than %d bytes", MaxRow)
	}
	r.Body = body
	return err
}

// finish checks what must be there, and gives the row its key and event.
func (b *builder) finish(r *Row) error {
	b.s.fallBack(r.Columns)
	for i, f := range b.s.Fields {
		if f.Required && r.Columns[i] == nil {
			return bad(f.Name, "missing; %s needs it in every row", b.s.Name)
		}
		if k, ok := r.Columns[i].(string); ok && f.Required && blank(k) {
			return bad(f.Name, "%s shows nothing; %s needs it in every row", quote(k), b.s.Name)
		}
	}
	for n, part := range b.s.Key {
		i := b.index[part]
		k, err := keyText(b.s.Fields[i], r.Columns[i])
		if err != nil {
			return inField(part, err)
		}
		if n < len(b.s.Key)-1 {
			k = keyPart.Replace(k)
		}
		if n > 0 {
			k = r.Key + "/" + k
		}
		r.Key = k
	}
	// A civil date alone is no instant: without a zone the record claims none.
	if at, _, kind := b.s.When(r.Columns); kind == Instant {
		r.Event = &at
	}
	return nil
}

// fallBack fills key fields from the fields that stand in for them.
func (s *Schema) fallBack(cols []any) {
	for i, f := range s.Fields {
		if f.Default == "" || cols[i] != nil && cols[i] != "" {
			continue
		}
		for j := range s.Fields {
			if s.Fields[j].Name == f.Default {
				cols[i] = cols[j]
			}
		}
	}
}

// stamp takes recorded_at and record_version, which are no part of the body.
func (r *Row) stamp(m Member, loose bool, zone *civil.Zone) error {
	f := Field{Name: m.Name, Type: Instant}
	if m.Name == RecordVersion {
		f.Type = Int
	}
	v, err := f.take(m.Value, loose, zone)
	if err != nil {
		return err
	}
	col, err := f.column(v)
	n, ok := col.(int64)
	switch {
	case err != nil || !ok:
		return err
	case f.Type == Instant:
		at := civil.Instant(n)
		r.Recorded = &at
	case n < 1 || n > 1<<31-1:
		return fault.Refuse("%d is no version; expected a whole number from 1", n)
	default:
		r.Version = int(n)
	}
	return nil
}

// free checks a field that the schema does not declare: it is kept as it came.
func free(v Value) (Value, error) {
	switch v.Kind {
	case Local:
		return text(v.Text), nil
	case Number, List, Object:
		if _, err := AppendCanonical(nil, v); err != nil {
			return v, fault.Refuse("%s", err).WithHint("leave the field out with `drop` in a mapping file, or have it delivered as text")
		}
	}
	return v, nil
}

// take makes a delivered value the canonical one of the field's type; an absent value when the
// source says nothing. Loose formats write every type as text, and nothing as "".
func (f *Field) take(v Value, loose bool, zone *civil.Zone) (Value, error) {
	if !v.known() {
		return Value{}, nil
	}
	if f.Type == Text {
		return f.takeText(v, loose)
	}
	if loose && v.Kind == String {
		v.Text = strings.TrimSpace(v.Text)
	}
	if v.Kind == String && v.Text == "" {
		return Value{}, nil
	}
	if loose && v.Kind == String && v.Text[0] == '=' {
		return Value{}, fault.Refuse("%s is a formula; expected %s", quote(v.Text), want[f.Type]).
			WithHint("paste the values in place of the formulas and save again")
	}
	switch f.Type {
	case Bool:
		return takeBool(v, loose)
	case Int:
		return takeInt(v)
	case Date:
		return takeDate(v)
	default:
		return takeInstant(v, zone)
	}
}

var want = map[Type]string{
	Text: "text", Bool: "true or false", Int: "a whole number",
	Instant: "a time in RFC 3339 with its offset, as in 2026-01-31T09:00:00Z",
	Date:    "an existing day as YYYY-MM-DD",
}

func (f *Field) takeText(v Value, loose bool) (Value, error) {
	if f.Scalar && (v.Kind == Number || v.Kind == Boolean) {
		s, err := scalar(v)
		return text(s), err
	}
	switch v.Kind {
	case String:
	case Local:
		v = text(v.Text)
	case Number: // an id or a ticket number; only a whole one has a single spelling
		n, err := takeInt(v)
		if err != nil {
			return Value{}, fault.Refuse("%s is a number; expected text", v.describe()).WithHint("deliver it in quotes, so that its spelling is kept")
		}
		v = text(n.Text)
	default:
		return Value{}, fault.Refuse("%s; expected text", v.describe())
	}
	if len(f.Values) == 0 || slices.Contains(f.Values, v.Text) {
		return v, nil
	}
	if v.Text == "" && loose {
		return Value{}, nil
	}
	return Value{}, fault.Refuse("%s; expected one of %s", quote(v.Text), strings.Join(f.Values, ", ")).
		WithHint("translate the source's words with `values` in a mapping file")
}

func takeBool(v Value, loose bool) (Value, error) {
	s := v.Text
	if v.Kind != Boolean && loose {
		switch strings.ToLower(s) {
		case "true", "yes", "1":
			s = "true"
		case "false", "no", "0":
			s = "false"
		default:
			return Value{}, fault.Refuse("%s; expected true, false, yes, no, 1 or 0", v.describe())
		}
	} else if v.Kind != Boolean {
		return Value{}, fault.Refuse("%s; expected true or false", v.describe())
	}
	return Value{Kind: Boolean, Text: s}, nil
}

// maxInt is the largest number up to which a 64-bit float holds every whole number.
const maxInt = 1 << 53

func takeInt(v Value) (Value, error) {
	lit := v.Text
	if v.Kind == Number {
		if n, err := number(lit); err == nil {
			lit = n // 1e3 and 1.0 are whole numbers too
		}
	}
	n, err := strconv.ParseInt(lit, 10, 64)
	if v.Kind != Number && v.Kind != String || err != nil || strconv.FormatInt(n, 10) != lit {
		return Value{}, fault.Refuse("%s; expected a whole number", v.describe())
	}
	if n > maxInt || n < -maxInt {
		return Value{}, fault.Refuse("%s; expected a whole number of at most 2^53", cut(lit))
	}
	return Value{Kind: Number, Text: lit}, nil
}

func takeDate(v Value) (Value, error) {
	s := v.Text
	if v.Kind == Local {
		s = strings.TrimSuffix(s, "T00:00:00")
	} else if v.Kind != String {
		return Value{}, fault.Refuse("%s; expected %s", v.describe(), want[Date])
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		return Value{}, err
	}
	return text(d.String()), nil
}

func takeInstant(v Value, zone *civil.Zone) (Value, error) {
	s := v.Text
	switch {
	case v.Kind == Local:
		if len(s) == len("2006-01-02") {
			s += "T00:00:00"
		}
		if zone == nil {
			return Value{}, fault.Refuse("%s is a date cell without a zone; expected %s", s, want[Instant]).
				WithHint("name the zone of its local times with `zone` in a mapping file")
		}
	case v.Kind != String:
		return Value{}, fault.Refuse("%s; expected %s", v.describe(), want[Instant])
	}
	at, err := civil.ParseInstant(s)
	if err != nil && zone != nil && !hasOffset(s) {
		at, err = zone.ParseLocal(s)
	}
	if err != nil {
		return Value{}, err
	}
	return text(at.String()), nil
}

// hasOffset reports whether a time says where it was read: Z, or +hh:mm after the time.
func hasOffset(s string) bool {
	if len(s) <= len("2006-01-02") {
		return false
	}
	return strings.HasSuffix(s, "Z") || strings.ContainsAny(s[len("2006-01-02"):], "+-")
}

// column is the projected form of a canonical value.
func (f *Field) column(v Value) (any, error) {
	if !v.known() {
		return nil, nil
	}
	ok := v.Kind == String
	switch f.Type {
	case Bool:
		if v.Kind == Boolean {
			return int64(len("false") - len(v.Text)), nil // 1 for true, 0 for false
		}
		ok = false
	case Int:
		if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil && v.Kind == Number {
			return n, nil
		}
		ok = false
	case Instant:
		if ok {
			at, err := civil.ParseInstant(v.Text)
			return int64(at), err
		}
	case Date:
		if ok {
			d, err := civil.ParseDate(v.Text)
			return int64(d), err
		}
	}
	if !ok {
		return nil, fault.Refuse("%s; expected %s", v.describe(), want[f.Type])
	}
	return v.Text, nil
}

// inField names the field of a refusal that has none.
func inField(field string, err error) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Field = field
	return &c
}
