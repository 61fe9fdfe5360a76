package operate

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Fact is what a record says now, for pages that work on a register. Its zero value says nothing.
type Fact struct {
	Key     string
	Version int
	Body    []byte // canonical

	said fields
}

// NewFact reads the body of a record.
func NewFact(k record.Known) (Fact, error) {
	f := Fact{Key: k.Key, Version: k.Version, Body: k.Body}
	return f, f.said.read(k)
}

// Text gives a field; empty where it says nothing.
func (f Fact) Text(name string) string { return f.said.text(name) }

// Day gives a date; nil where there is none.
func (f Fact) Day(name string) *civil.Date { return date(f.Text(name)) }

// Whole gives a whole number, and whether one is said.
func (f Fact) Whole(name string) (int, bool) {
	n, ok := f.said[name].(float64)
	return int(n), ok
}

// Truth gives yes or no, and whether it is said.
func (f Fact) Truth(name string) (yes, said bool) {
	yes, said = f.said[name].(bool)
	return yes, said
}

// Facts reads every current record of a register, by key.
func (d *Desk) Facts(ctx context.Context, org id.Org, name string) ([]Fact, error) {
	if _, err := d.schema(ctx, org, name); err != nil {
		return nil, err
	}
	var out []Fact
	err := d.all(ctx, org, name, record.Query{}, func(k record.Known) error {
		f, err := NewFact(k)
		out = append(out, f)
		return err
	})
	return out, err
}

// Change writes the next version of a record with some of its fields changed, behind the version that its author saw.
func (d *Desk) Change(ctx context.Context, a Actor, name, key string, version int, changes map[string]string) (Saved, error) {
	h, err := d.Books.History(ctx, a.Org, name, key)
	if err != nil {
		return Saved{}, err
	}
	s, err := d.schema(ctx, a.Org, name)
	if err != nil {
		return Saved{}, err
	}
	cells, _, err := Fields(s, a.Zone, h[len(h)-1].Body)
	if err != nil {
		return Saved{}, err
	}
	for n, v := range changes {
		cells[n] = v
	}
	return d.Save(ctx, Entry{Actor: a, Register: name, Key: key, Version: version, Fields: cells})
}

// Attachment is what belongs to a record and is entered beside it, such as the actions of a meeting.
type Attachment struct {
	Actor
	Register string
	Entries  []map[string]string // one record each, by the names of the schema
	Ends     string              // the field that ends a record; one that has ended may be entered again under its key
	Parent   string              // the register of the record that they belong to
	Key      string              // of that record

	// Carry says which fields of the parent change with it; nil: none. It is asked again when somebody else wrote the parent meanwhile.
	Carry func(parent Fact) (map[string]string, error)
}

// Attach writes the records, and with them what they change in the record that they belong to: all or nothing.
func (d *Desk) Attach(ctx context.Context, x Attachment) error {
	if err := x.check(); err != nil {
		return err
	}
	if page, yes := ByAct(x.Register); yes {
		return fault.Refuse("records of %s are not typed: persons and times in them are those of the act", x.Register).WithHint("go to %s", page)
	}
	// Two that change a record to the same words in the same moment write one version, which the store takes for a repetition: what is
	// counted of the other must be seen first.
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(x.Org) + "/" + x.Parent + "/" + x.Key))
	turn := &d.turn[h.Sum32()%uint32(len(d.turn))]
	turn.Lock()
	defer turn.Unlock()
	rows, err := d.attached(ctx, x)
	if err != nil {
		return err
	}
	for range 3 {
		all := rows
		parent, drawn, err := d.carried(ctx, x)
		if err != nil {
			return err
		}
		if parent != nil {
			all = append(slices.Clone(rows), parent)
		}
		err = d.append(ctx, x.Org, all...)
		if !errors.Is(err, fault.Refused) || parent == nil {
			return err
		}
		h, look := d.Books.History(ctx, x.Org, x.Parent, x.Key)
		if look != nil || h[len(h)-1].Version == drawn { // nobody was faster: it is refused for another reason
			return err
		}
	}
	return &fault.Error{Kind: fault.Busy, What: fmt.Sprintf("others write %s at the same time", x.Key), Hint: "try again"}
}

// attached makes the records themselves.
func (d *Desk) attached(ctx context.Context, x Attachment) ([]*register.Row, error) {
	s, err := d.schema(ctx, x.Org, x.Register)
	if err != nil {
		return nil, err
	}
	var rows []*register.Row
	for _, entered := range x.Entries {
		name, kind, mint := Minted(s)
		if mint {
			key, err := d.mint(kind)
			if err != nil {
				return nil, err
			}
			entered = with(entered, name, key)
		}
		ms, err := Read(s, x.Zone, entered)
		if err != nil {
			return nil, err
		}
		ms.text(EnteredBy, x.Email)
		row, err := register.Convert(s, "", register.Input{Loose: true, Fields: ms})
		if err != nil {
			return nil, err
		}
		if row.Version, err = d.next(ctx, x, row, mint); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// next is the version of a new record: the first, or the one after that in which it ended.
func (d *Desk) next(ctx context.Context, x Attachment, row *register.Row, minted bool) (int, error) {
	if minted {
		return 1, nil
	}
	h, err := d.Books.History(ctx, x.Org, x.Register, row.Key)
	if errors.Is(err, fault.NotFound) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	last := h[len(h)-1]
	f, err := NewFact(last)
	if err == nil && (x.Ends == "" || f.Text(x.Ends) == "") {
		err = &Stale{Register: x.Register, Key: row.Key, Current: last, Mine: row.Body}
	}
	return last.Version + 1, err
}

// carried makes the next version of the parent; nil where nothing changes in it.
func (d *Desk) carried(ctx context.Context, x Attachment) (row *register.Row, drawn int, err error) {
	h, err := d.Books.History(ctx, x.Org, x.Parent, x.Key)
	if errors.Is(err, fault.NotFound) && x.Carry == nil {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	last := h[len(h)-1]
	if x.Carry == nil {
		return nil, last.Version, nil
	}
	f, err := NewFact(last)
	if err != nil {
		return nil, 0, err
	}
	changes, err := x.Carry(f)
	if err != nil || len(changes) == 0 {
		return nil, last.Version, err
	}
	s, err := d.schema(ctx, x.Org, x.Parent)
	if err != nil {
		return nil, 0, err
	}
	cells, _, err := Fields(s, x.Zone, last.Body)
	if err != nil {
		return nil, 0, err
	}
	for n, v := range changes {
		cells[n] = v
	}
	ms, err := Read(s, x.Zone, cells)
	if err == nil {
		ms, err = keepFree(s, ms, &last)
	}
	if err != nil {
		return nil, 0, err
	}
	ms.text(EnteredBy, x.Email)
	if row, err = register.Convert(s, "", register.Input{Loose: true, Fields: ms}); err != nil {
		return nil, 0, err
	}
	if sameBut(last.Body, row.Body, EnteredBy) {
		return nil, last.Version, nil
	}
	row.Version = last.Version + 1
	return row, last.Version, nil
}
