package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// inspections is the register of what persons answered of items.
const inspections = "inspections"

// performed is the column that says when a control was performed.
const performed = "performed_on"

// Checklist lists the items that wait for a person's answer, as far as the tests make them known:
// those that fell due, of the named controls or of all, by control and key.
func (o *office) Checklist(ctx context.Context, t cli.Test, progress func(test string, done, of int)) (cli.Checklist, error) {
	units, err := o.chosen(t.Controls)
	if err != nil {
		return cli.Checklist{}, err
	}
	units = slices.DeleteFunc(slices.Clone(units), func(u examine.Unit) bool { return !u.Plan.Checklist() })
	for _, id := range t.Controls {
		if !slices.ContainsFunc(units, func(u examine.Unit) bool { return u.Control == id || u.Test == id }) {
			return cli.Checklist{}, &fault.Error{Kind: fault.Refused, Field: "--control",
				What: fmt.Sprintf("records answer every attribute of %s; no person is asked", id)}
		}
	}
	t.Controls = nil
	for _, u := range units {
		t.Controls = append(t.Controls, u.Test)
	}
	s := o.regs[inspections]
	out := cli.Checklist{}
	for _, f := range s.Fields {
		out.Columns = append(out.Columns, f.Name)
	}
	if len(units) == 0 {
		return out, nil
	}
	t.Items = true
	res, err := o.Test(ctx, t, progress)
	if err != nil {
		return out, err
	}
	known, err := o.inspected(ctx, s, res.Checkpoint.Size)
	if err != nil {
		return out, err
	}
	sheet := checklist{known: known, rows: map[[2]string]*asked{}}
	for _, r := range res.Controls {
		for _, u := range units {
			switch {
			case u.Test != r.Test || u.Version != r.Version:
			case r.Outcome == assure.Blocked:
				out.Blocked = append(out.Blocked, r.Test+": "+r.Blocked)
			default:
				sheet.add(u, r)
			}
		}
	}
	out.Items, out.Answered = sheet.items()
	return out, nil
}

// inspected reads the latest inspection of every item, each field as the sheet writes it.
func (o *office) inspected(ctx context.Context, s *register.Schema, size int64) (map[[2]string]map[string]string, error) {
	var fields []string
	for _, f := range s.Fields {
		fields = append(fields, f.Name)
	}
	out := map[[2]string]map[string]string{}
	err := o.engine.Rows(string(o.org.ID)).All(ctx, s, fields, size, func(_ string, values []any) error {
		row := map[string]string{}
		for i, v := range values {
			switch v := v.(type) {
			case string:
				row[fields[i]] = v
			case int64:
				switch s.Fields[i].Type {
				case register.Date:
					row[fields[i]] = civil.Date(v).String()
				case register.Instant:
					row[fields[i]] = civil.Instant(v).String()
				}
			}
		}
		out[[2]string{row["control"], row["item"]}] = row
		return nil
	})
	return out, err
}

// checklist puts together what the tests of a control ask of one item: they share its inspection.
type checklist struct {
	known map[[2]string]map[string]string
	rows  map[[2]string]*asked
}

type asked struct {
	cli.ChecklistItem
	waits bool
}

func (c checklist) add(u examine.Unit, r assure.TestResult) {
	for _, i := range r.Items {
		if i.Verdict == assure.NotApplicable {
			continue
		}
		name := [2]string{u.Control, i.Key}
		known := c.known[name]
		for _, k := range u.Plan.Checks {
			if !k.Person || i.Attributes[k.ID] == assure.NotApplicable && !hangs(k) {
				continue
			}
			row := c.rows[name]
			if row == nil {
				row = &asked{ChecklistItem: cli.ChecklistItem{Control: u.Control, Title: u.Title, Item: i.Key, EventTime: i.EventTime,
					Known: map[string]string{"control": u.Control, "item": i.Key}, Questions: map[string]string{}}}
				for f, v := range known {
					row.Known[f] = v
				}
				c.rows[name] = row
			}
			column, open := answer(k, known)
			row.waits = row.waits || open
			question := k.ID + ". " + k.Text
			if was := row.Questions[column]; was != "" && was != question {
				question = was + " / " + question
			}
			row.Questions[column] = question
		}
	}
}

// hangs reports whether the question is asked only where another answer of a person is so: what does
// not apply now may apply once that is given.
func hangs(k *rule.Check) bool {
	out := false
	rule.WalkExpr(k.Applies(), func(x rule.Expr) {
		s := rule.SetOf(x)
		out = out || s != nil && s.Control != ""
	})
	return out
}

// answer says in which column an attribute is answered, and whether that is still to be done.
func answer(k *rule.Check, known map[string]string) (column string, open bool) {
	if asksWhen(k) {
		proven := known["evidence_kind"] == "system_record" || known["evidence_kind"] == "signed_record" || known["evidence_dated_on"] != ""
		return performed, known[performed] == "" || !proven
	}
	column = strings.ToLower(k.ID)
	return column, known[column] == "" || known[column] == "yes" && known["evidence"] == ""
}

// asksWhen tells a question for the day of an act from one for a yes or a no.
func asksWhen(k *rule.Check) bool {
	_, yes := k.Cond.(*rule.Inspected)
	return !yes
}

// items lists the rows that wait for an answer, by control and key, and counts the others.
func (c checklist) items() (waiting []cli.ChecklistItem, answered int) {
	for _, r := range c.rows {
		if r.waits {
			waiting = append(waiting, r.ChecklistItem)
		} else {
			answered++
		}
	}
	slices.SortFunc(waiting, func(a, b cli.ChecklistItem) int {
		return cmp.Or(strings.Compare(a.Control, b.Control), strings.Compare(a.Item, b.Item))
	})
	return waiting, answered
}
