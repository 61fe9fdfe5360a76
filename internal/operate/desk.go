package operate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Entry is a record as a person typed it into the form of a register.
type Entry struct {
	Actor
	Register string
	Key      string            // of the record that is edited; empty: a new one
	Version  int               // the version that the form was drawn from; 0: a new record
	Fields   map[string]string // by the names of the schema; an empty text says nothing
}

// Saved is what became of an entry.
type Saved struct {
	Register, Key string
	Version       int
	Unchanged     bool // it said what was there already, and nothing was written
}

// Stale is an edit of a version that is no longer the latest: nothing was written. It is fault.Refused.
type Stale struct {
	Register, Key string
	Drawn         int          // the version that the form was drawn from; 0: the record was to be new
	Current       record.Known // the latest version
	Mine          []byte       // the canonical body that was to be written
}

// Error says what to do about it.
func (s *Stale) Error() string {
	if s.Drawn == 0 {
		return fmt.Sprintf("a record with the key %q is there already; expected a key of its own", s.Key)
	}
	return fmt.Sprintf("somebody else wrote version %d of %s after you opened version %d; compare both and save again", s.Current.Version, s.Key, s.Drawn)
}

// Unwrap makes it a refusal.
func (s *Stale) Unwrap() error { return fault.Refused }

// Save writes the entry as the next version of its record. A refusal names each field that is at fault; a *Stale holds both versions.
func (d *Desk) Save(ctx context.Context, e Entry) (Saved, error) {
	if err := e.check(); err != nil {
		return Saved{}, err
	}
	if page, yes := ByAct(e.Register); yes {
		return Saved{}, fault.Refuse("records of %s are not typed: persons and times in them are those of the act", e.Register).WithHint("go to %s", page)
	}
	s, err := d.schema(ctx, e.Org, e.Register)
	if err != nil {
		return Saved{}, err
	}
	fields := e.Fields
	if name, kind, ok := Minted(s); ok && e.Key == "" && strings.TrimSpace(fields[name]) == "" {
		key, err := d.mint(kind)
		if err != nil {
			return Saved{}, err
		}
		fields = with(fields, name, key)
	}
	current, err := d.current(ctx, e)
	if err != nil {
		return Saved{}, err
	}
	ms, err := Read(s, e.Zone, fields)
	if err != nil {
		return Saved{}, err
	}
	if ms, err = keepFree(s, ms, current); err != nil {
		return Saved{}, err
	}
	ms.text(EnteredBy, e.Email)
	row, err := register.Convert(s, "", register.Input{Loose: true, Fields: ms})
	if err != nil {
		return Saved{}, err
	}
	if e.Key != "" && row.Key != e.Key {
		return Saved{}, &fault.Error{Kind: fault.Refused, Field: s.Key[0], What: "the key of a record does not change: it would be another record", Hint: "enter a new record instead"}
	}
	if err := d.notOwn(ctx, e.Actor, e.Register, e.Key, row); err != nil {
		return Saved{}, err
	}
	if err := d.secondPair(ctx, e.Actor, row, current); err != nil {
		return Saved{}, err
	}
	return d.supersede(ctx, e, row, current)
}

// current is the latest version of the record that is edited; nil of a new one.
func (d *Desk) current(ctx context.Context, e Entry) (*record.Known, error) {
	if e.Key == "" {
		return nil, nil
	}
	h, err := d.Books.History(ctx, e.Org, e.Register, e.Key)
	if err != nil {
		return nil, err
	}
	return &h[len(h)-1], nil
}

// supersede writes the row behind the version that its author saw, and no other.
func (d *Desk) supersede(ctx context.Context, e Entry, row *register.Row, current *record.Known) (Saved, error) {
	stale := &Stale{Register: e.Register, Key: row.Key, Drawn: e.Version, Mine: row.Body}
	if current != nil && current.Version != e.Version {
		stale.Current = *current
		return Saved{}, stale
	}
	if current != nil && sameBut(current.Body, row.Body, EnteredBy) {
		return Saved{e.Register, row.Key, current.Version, true}, nil
	}
	row.Version = e.Version + 1
	err := d.append(ctx, e.Org, row)
	if !errors.Is(err, fault.Refused) {
		return Saved{e.Register, row.Key, row.Version, false}, err
	}
	// Whoever was faster wrote this version between our look and the append.
	if h, look := d.Books.History(ctx, e.Org, e.Register, row.Key); look == nil && h[len(h)-1].Version != e.Version {
		stale.Current = h[len(h)-1]
		return Saved{}, stale
	}
	return Saved{}, err
}

// Restore takes an edit back: the body of an earlier version becomes that of the next one. Nothing is deleted. Drawn is the version
// that the page showed as the latest.
func (d *Desk) Restore(ctx context.Context, a Actor, name, key string, version, drawn int) (Saved, error) {
	if err := a.check(); err != nil {
		return Saved{}, err
	}
	if page, yes := ByAct(name); yes {
		return Saved{}, fault.Refuse("records of %s are made by an act of their own and are not put back", name).WithHint("go to %s", page)
	}
	s, err := d.schema(ctx, a.Org, name)
	if err != nil {
		return Saved{}, err
	}
	h, err := d.Books.History(ctx, a.Org, name, key)
	if err != nil {
		return Saved{}, err
	}
	at := slices.IndexFunc(h, func(k record.Known) bool { return k.Version == version })
	if at < 0 {
		return Saved{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no version %d of %s/%s", version, name, key)}
	}
	v, err := register.ParseJSON("", 0, h[at].Body)
	if err != nil {
		return Saved{}, err
	}
	ms := members(slices.DeleteFunc(slices.Clone(v.Members), func(m register.Member) bool { return m.Name == EnteredBy }))
	ms.text(EnteredBy, a.Email)
	row, err := register.Convert(s, "", register.Input{Fields: ms})
	if err != nil {
		return Saved{}, err
	}
	if err := d.notOwn(ctx, a, name, key, row); err != nil {
		return Saved{}, err
	}
	if err := d.secondPair(ctx, a, row, &h[len(h)-1]); err != nil {
		return Saved{}, err
	}
	return d.supersede(ctx, Entry{Actor: a, Register: name, Key: key, Version: drawn}, row, &h[len(h)-1])
}

// Minted says which field of the register is an identifier of ours where a person gives none, and of what kind; false where the key
// says something or has several parts.
func Minted(s *register.Schema) (field, kind string, ok bool) {
	if len(s.Key) != 1 {
		return "", "", false
	}
	f, _ := s.Field(s.Key[0])
	kind, ok = strings.CutSuffix(f.Name, "_id")
	return f.Name, strings.ReplaceAll(kind, "_", "-"), ok && f.Type == register.Text && f.Ref == "" && f.Default == "" && !f.Login && len(f.Values) == 0
}

// Read makes members of what a person typed. A field left empty says nothing; a time without an offset is one of the zone. The
// error joins the refusals of all fields, each of which names its own.
func Read(s *register.Schema, zone civil.Zone, fields map[string]string) (members, error) {
	var ms members
	var errs []error
	for name := range fields {
		if _, ok := s.Field(name); !ok {
			errs = append(errs, fault.At("", 0, name, "%s has no such field%s", s.Name, register.DidYouMean(name, s.Names())))
		}
	}
	for _, f := range s.Fields {
		v := fields[f.Name]
		if f.Type != register.Text || len(f.Values) > 0 {
			v = strings.TrimSpace(v)
		}
		if f.Type == register.Instant {
			v = local(v, zone)
		}
		var one members
		one.text(f.Name, v)
		f.Required = f.Required && f.Default == ""
		alone := register.Schema{Name: s.Name, Fields: []register.Field{f}}
		if _, err := register.Convert(&alone, "", register.Input{Loose: true, Fields: one}); err != nil {
			errs = append(errs, err)
			continue
		}
		ms = append(ms, one...)
	}
	slices.SortStableFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return ms, errors.Join(errs...)
}

// local gives a time as people type it its offset; what is none stays as it is and is refused by the schema.
func local(v string, zone civil.Zone) string {
	if v == "" {
		return v
	}
	if _, err := civil.ParseInstant(v); err == nil {
		return v
	}
	s := strings.Replace(v, " ", "T", 1)
	if len(s) == len("2006-01-02T15:04") {
		s += ":00"
	}
	if i, err := zone.ParseLocal(s); err == nil {
		return i.String()
	}
	return v
}

// keepFree carries over what the former version says beyond the schema: a form that does not show it does not erase it.
func keepFree(s *register.Schema, ms members, current *record.Known) (members, error) {
	if current == nil {
		return ms, nil
	}
	v, err := register.ParseJSON("", 0, current.Body)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Integrity, What: "the body of " + current.Name(), Err: err}
	}
	for _, m := range v.Members {
		f, declared := s.Field(m.Name)
		left := !slices.ContainsFunc(ms, func(x register.Member) bool { return x.Name == m.Name })
		// A text that the source delivered empty says more than one that it did not deliver, and looks the same in a form.
		empty := declared && left && f.Type == register.Text && m.Value.Kind == register.String && m.Value.Text == ""
		if empty || !declared && m.Name != EnteredBy {
			ms = append(ms, m)
		}
	}
	return ms, nil
}

// sameBut compares two canonical bodies apart from one member.
func sameBut(a, b []byte, name string) bool {
	return bytes.Equal(without(a, name), without(b, name))
}

func without(body []byte, name string) []byte {
	v, err := register.ParseJSON("", 0, body)
	if err != nil {
		return body
	}
	v.Members = slices.DeleteFunc(v.Members, func(m register.Member) bool { return m.Name == name })
	b, err := register.AppendCanonical(nil, v)
	if err != nil {
		return body
	}
	return b
}

func with(m map[string]string, name, value string) map[string]string {
	out := make(map[string]string, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	out[name] = value
	return out
}

// Fields gives the declared fields of a record's body as a form shows them: times in the zone, truth as yes or no. Free gives what
// else the body says, as JSON.
func Fields(s *register.Schema, zone civil.Zone, canonical []byte) (declared map[string]string, free []register.Member, err error) {
	v, err := register.ParseJSON("", 0, canonical)
	if err != nil {
		return nil, nil, &fault.Error{Kind: fault.Integrity, What: "the body of a record of " + s.Name, Err: err}
	}
	declared = map[string]string{}
	for _, m := range v.Members {
		f, ok := s.Field(m.Name)
		if !ok {
			free = append(free, m)
			continue
		}
		declared[m.Name] = shown(f, zone, m.Value)
	}
	return declared, free, nil
}

func shown(f register.Field, zone civil.Zone, v register.Value) string {
	switch f.Type {
	case register.Bool:
		if b, err := strconv.ParseBool(v.Text); err == nil {
			if b {
				return "yes"
			}
			return "no"
		}
	case register.Instant:
		i, err := civil.ParseInstant(v.Text)
		if err != nil {
			break
		}
		if same, err := civil.ParseInstant(i.In(zone)); err == nil && same == i {
			return i.In(zone)
		} // what the zone's spelling would cut off stays as it is
	}
	return v.Text
}

// Moment reads a time as people type it: with an offset, or as one of the zone.
func Moment(s string, zone civil.Zone) (civil.Instant, error) {
	return civil.ParseInstant(local(strings.TrimSpace(s), zone))
}
