package operate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// approving are the ends of the names of fields that say who stood for a record that somebody else prepared.
var approving = []string{"approved_by", "accepted_by", "checked_by", "reviewed_by"}

// asking are fields that say who wanted what is approved.
var asking = []string{"requested_by", "prepared_by", "performed_by"}

func approves(field string) bool {
	return slices.ContainsFunc(approving, func(end string) bool { return strings.HasSuffix(field, end) })
}

// secondPair holds an entry to what an approval is: the act of who approves, over what somebody else prepared or asked for. A person
// names nobody but themselves, and not over a record that they entered before or that says that they asked for it. What a source
// says of approvals is the source's word.
func (d *Desk) secondPair(ctx context.Context, a Actor, row *register.Row, current *record.Known) error {
	var is, was fields
	if err := is.read(record.Known{Record: record.Record{Register: row.Register, Key: row.Key, Body: row.Body}}); err != nil {
		return err
	}
	if current != nil {
		if err := was.read(*current); err != nil {
			return err
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(is)) {
		who := is.text(name)
		if !approves(name) || who == "" || fold(who) == fold(was.text(name)) {
			continue
		}
		if err := d.approval(ctx, a, row, name, who, is, current != nil); err != nil {
			if !errors.Is(err, fault.Denied) {
				return err
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (d *Desk) approval(ctx context.Context, a Actor, row *register.Row, field, who string, is fields, entered bool) error {
	denied := func(what, hint string) error {
		return &fault.Error{Kind: fault.Denied, Field: field, What: what, Hint: hint}
	}
	own, err := d.SamePerson(ctx, a.Org, who, a.Email)
	switch {
	case err != nil:
		return err
	case !own:
		return denied("nobody says for another that they approved", "leave it empty; who approves opens the record and enters themselves")
	case !entered:
		return denied("nobody approves what they enter themselves", "leave it empty and save; another person opens the record and approves")
	}
	var others []string
	for _, name := range asking {
		others = append(others, is.text(name))
	}
	h, err := d.Books.History(ctx, a.Org, row.Register, row.Key)
	if err != nil {
		return err
	}
	for _, k := range h {
		if k.Source != Source {
			continue
		}
		b, err := body(k)
		if err != nil {
			return err
		}
		others = append(others, b[EnteredBy])
	}
	for _, other := range others {
		if other == "" {
			continue
		}
		same, err := d.SamePerson(ctx, a.Org, other, a.Email)
		if err != nil {
			return err
		}
		if same {
			return denied("nobody approves what they prepared or asked for themselves", "ask another person")
		}
	}
	return nil
}
