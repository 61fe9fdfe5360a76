package rule

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/register"
)

// What persons answer of an item stands in this register: one record for a control and an item,
// which is called by the item's key.
const (
	inspections  = "inspections"
	inspection   = "inspection" // the set that a checklist makes
	controlField = "control"
	itemField    = "item"
	letters      = "ABCDEFGH" // the answers that one inspection holds
	proofDays    = 5          // how much later than the act a document that proves it may have been made
)

// inspected are the fields of the register that checklists rest on.
var inspected = map[string]register.Type{
	controlField: register.Text, itemField: register.Text, "performed_on": register.Date,
	"performed_by": register.Text, "inspected_by": register.Text, "evidence": register.Text, "evidence_kind": register.Text, "evidence_dated_on": register.Date,
	"a": register.Text, "b": register.Text, "c": register.Text, "d": register.Text,
	"e": register.Text, "f": register.Text, "g": register.Text, "h": register.Text,
}

// inspection returns the set of the item's inspection. The first statement that needs it makes it.
func (p *parser) inspection(t token) (*Set, error) {
	if s := p.sets[inspection]; s != nil && s.Control != "" {
		return s, nil
	}
	schema, ok := p.schemas.Schema(inspections)
	if !ok {
		return nil, p.errAt(t, "there is no register %q, in which persons' answers are kept", inspections)
	}
	if !slices.Equal(schema.Key, []string{controlField, itemField}) {
		return nil, p.errAt(t, "the key of the register %s is not %s and %s; a checklist cannot find its answers there", inspections, controlField, itemField)
	}
	for name, typ := range inspected {
		if f, ok := schema.Field(name); !ok || f.Type != typ {
			return nil, p.errAt(t, "the register %s has no field %q that is a %s; a checklist needs it", inspections, name, typeOf(typ))
		}
	}
	if p.control == "" || strings.ContainsAny(p.control, "/%") { // the keys of records escape both
		return nil, p.errAt(t, "the id of the control, %q, is none that inspections can be recorded under; expected: control ID in the head of the file, without / and %%", p.control)
	}
	t.text = inspection
	if err := p.free(t); err != nil {
		return nil, err
	}
	row := &Row{Kind: FromRegister, Name: inspection, Schema: schema, InSet: true}
	s := &Set{Name: inspection, Row: row, Control: p.control, On: []Expr{
		&Binary{"=", own(row, controlField), &Lit{Text, p.control}},
		&Binary{"=", own(row, itemField), &ItemKey{}},
		saysSomething(row),
	}}
	p.sets[inspection] = s
	p.plan.Sets = append(p.plan.Sets, s)
	return s, nil
}

// saysSomething keeps out the rows of a sheet that nobody filled in: they are no inspection.
func saysSomething(row *Row) Expr {
	var out Expr = &Known{X: own(row, "performed_on")}
	for _, name := range append([]string{"performed_by", "inspected_by", "evidence"}, strings.Split(strings.ToLower(letters), "")...) {
		out = &Binary{"or", out, &Known{X: own(row, name)}}
	}
	return out
}

func own(r *Row, name string) *Field {
	f, _ := fieldOf(r, name)
	return f
}

// clausePerformed = "performed" LETTER 'text' [ "if" condition ] "from" date "to" date [ "else" 'reason' ]
func (p *parser) clausePerformed(t token) error {
	set, err := p.inspection(t)
	if err != nil {
		return err
	}
	c, err := p.attribute("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if err != nil {
		return err
	}
	if err := p.expect("from"); err != nil {
		return err
	}
	from, err := p.day()
	if err != nil {
		return err
	}
	if err := p.expect("to"); err != nil {
		return err
	}
	to, err := p.day()
	if err != nil {
		return err
	}
	c.Reason = "not performed from the first to the last day on which it was due"
	if p.take("else") {
		if c.Reason, err = p.str("what to say when it deviates"); err != nil {
			return err
		}
	}
	done := own(set.Row, "performed_on")
	inTime := And(&Binary{">=", done, from}, &Binary{"<=", done, to})
	// A document that was made later proves nothing about an earlier day.
	proven := &Binary{"or",
		&In{own(set.Row, "evidence_kind"), []string{"system_record", "signed_record"}},
		&Binary{"<=", own(set.Row, "evidence_dated_on"), &Binary{"+", done, &Lit{Days, int64(proofDays)}}}}
	where := And(inTime, proven)
	s := *set
	s.Base, s.Where, s.Extra = set, where, where
	c.Cond, c.Person = &Exists{Set: &s}, true
	c.Claim = "the inspection says that it was performed from " + words(from) + " to " + words(to) +
		", on a system's record, a signed record, or a document made at most 5 days later"
	p.ask(c)
	return nil
}

func (p *parser) day() (Expr, error) {
	at := p.peek()
	x, err := p.sum()
	if err == nil && x.Type() != Date {
		hint := ""
		if x.Type() == Instant {
			hint = "; say \"date of\" the time"
		}
		err = p.errAt(at, "this is a %s; expected a date%s", x.Type(), hint)
	}
	return x, err
}

// clauseInspect = "inspect" LETTER 'text' [ "if" condition ]
func (p *parser) clauseInspect(t token) error {
	set, err := p.inspection(t)
	if err != nil {
		return err
	}
	c, err := p.attribute(letters)
	if err != nil {
		return err
	}
	answer := own(set.Row, string(rune(c.ID[0]-'A'+'a')))
	evidence := own(set.Row, "evidence")
	c.If = And(c.If, &Not{&Inspected{set, answer, evidence, true}})
	c.Cond = &Inspected{set, answer, evidence, false}
	c.Reason = "the inspection answered no: " + c.Text
	c.Claim = "a person inspected it, answered yes and named the evidence; not applicable where they answered so"
	c.Person = true
	p.ask(c)
	return nil
}

// Applies is the condition under which a check is asked, as the rule says it: that a person may
// answer "not applicable" goes without saying.
func (c *Check) Applies() Expr {
	var out Expr
	for _, x := range Conjuncts(c.If) {
		if n, ok := x.(*Not); ok {
			if i, ok := n.X.(*Inspected); ok && i.NA {
				continue
			}
		}
		out = And(out, x)
	}
	return out
}
