package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// Question is one attribute of an item that a person answers.
type Question struct {
	Letter string // A to H
	Text   string
	When   bool // asks for the day of the act instead of a yes or a no
}

// Checklists knows what persons are asked.
type Checklists interface {
	// Questions gives what is asked of an item of a control, by letter; none where records answer everything.
	Questions(ctx context.Context, org id.Org, control, key string) ([]Question, error)
}

// The answers to an attribute.
const (
	Yes           = "yes"
	No            = "no"
	NotApplicable = "not_applicable"
)

// Inspection is what a person answers of the checklist of one item.
type Inspection struct {
	Control, Item string
	Version       int                 // that the form was drawn from; 0: the first answer
	Answers       map[string]string   // by letter: yes, no, not_applicable; empty: not answered
	Evidence      map[string][]string // by letter: ids of evidence
	Kind          string              // system_record, signed_record, document, statement
	Dated         *civil.Date         // when the artefact was made, by its own metadata
	PerformedOn   *civil.Date
	PerformedBy   string
	Note          string
}

// Kinds lists what an artefact may be.
func Kinds() []string { return []string{"system_record", "signed_record", "document", "statement"} }

// Inspect records the answers. A yes that names no evidence is kept as said and answers nothing: the attribute stays undecided,
// although evidence of other attributes is named.
func (l *Locker) Inspect(ctx context.Context, a Actor, i Inspection) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := i.check(l.Desk.Now(), a.Zone); err != nil {
		return err
	}
	var ids []string
	for _, list := range i.Evidence {
		ids = append(ids, list...)
	}
	if err := l.known(ctx, a.Org, i.Control, i.Item, ids); err != nil {
		return err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var ms members
	ms.text("control", i.Control)
	ms.text("item", i.Item)
	if i.PerformedOn != nil {
		ms.text("performed_on", i.PerformedOn.String())
	}
	ms.text("performed_by", i.PerformedBy)
	ms.text("evidence", strings.Join(ids, " "))
	ms.text("evidence_kind", i.Kind)
	if i.Dated != nil {
		ms.text("evidence_dated_on", i.Dated.String())
	}
	ms.text("inspected_by", a.Email)
	ms.text("inspected_at", l.Desk.Now().String())
	for _, letter := range letters {
		column, v := strings.ToLower(letter), i.Answers[letter]
		list := slices.Compact(slices.Sorted(slices.Values(i.Evidence[letter])))
		ms.text("evidence_"+column, strings.Join(list, " "))
		if v == Yes && len(list) == 0 {
			ms.text("unproven_"+column, v)
			continue
		}
		ms.text(column, v)
	}
	ms.text("note", i.Note)
	return l.Desk.act(ctx, a, inspections, i.Version, ms)
}

var letters = []string{"A", "B", "C", "D", "E", "F", "G", "H"}

func (i Inspection) check(now civil.Instant, zone civil.Zone) error {
	var errs []error
	for letter, v := range i.Answers {
		if !slices.Contains(letters, letter) {
			errs = append(errs, fault.Refuse("%q is no attribute; expected a letter from A to H", letter))
		} else if v != "" && v != Yes && v != No && v != NotApplicable {
			errs = append(errs, fault.At("", 0, "answer_"+letter, "%q; expected yes, no or not applicable", v))
		}
	}
	if i.Kind != "" && !slices.Contains(Kinds(), i.Kind) {
		errs = append(errs, fault.At("", 0, "evidence_kind", "%q; expected one of %s", i.Kind, strings.Join(Kinds(), ", ")))
	}
	today := zone.DateOf(now)
	for name, d := range map[string]*civil.Date{"performed_on": i.PerformedOn, "evidence_dated_on": i.Dated} {
		if d != nil && *d > today {
			errs = append(errs, fault.At("", 0, name, "the day lies ahead; expected one up to %s", today))
		}
	}
	return errors.Join(errs...)
}

// Inspected is the latest inspection of an item; nil where nobody answered yet.
func (l *Locker) Inspected(ctx context.Context, org id.Org, control, item string) (*Inspection, record.Known, error) {
	h, err := l.Desk.Books.History(ctx, org, inspections, joined(control, item))
	if errors.Is(err, fault.NotFound) {
		return nil, record.Known{}, nil
	}
	if err != nil {
		return nil, record.Known{}, err
	}
	k := h[len(h)-1]
	b, err := body(k)
	if err != nil {
		return nil, k, err
	}
	i := &Inspection{Control: control, Item: item, Version: k.Version, Answers: map[string]string{}, Evidence: map[string][]string{},
		Kind: b["evidence_kind"], PerformedBy: b["performed_by"], Note: b["note"]}
	for _, letter := range letters {
		column := strings.ToLower(letter)
		if v := b[column]; v != "" {
			i.Answers[letter] = v
		} else if v := b["unproven_"+column]; v != "" {
			i.Answers[letter] = v
		}
		if list := strings.Fields(b["evidence_"+column]); len(list) > 0 {
			i.Evidence[letter] = list
		} else if i.Answers[letter] == Yes && b["unproven_"+column] == "" {
			i.Evidence[letter] = strings.Fields(b["evidence"]) // an imported inspection names one artefact for all
		}
	}
	i.PerformedOn, i.Dated = date(b["performed_on"]), date(b["evidence_dated_on"])
	return i, k, nil
}

func date(s string) *civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		return nil
	}
	return &d
}

// joined is a key of two parts as the register makes it.
func joined(a, b string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(a) + "/" + b
}

// Deviation is an item that failed a test, as the latest results have it.
type Deviation struct {
	Control, Test, Item string
	Title               string // of the control
	Owner               string
	Reason              string
	Event               string // RFC 3339 or a civil date; empty where it is not known
	Since               civil.Instant
}

// Deviations knows which items fail. It is prepared: asking costs no run of a test.
type Deviations interface {
	// Deviations gives every item that deviates by the latest results. Since is when it was first seen.
	Deviations(ctx context.Context, org id.Org) ([]Deviation, error)
}

// Answer is management's answer to one deviation (handbook 4.8).
type Answer struct {
	Control, Test, Item  string
	Version              int    // that the form was drawn from; 0: the first answer
	Position             string // agreed, operated, not_applicable
	Cause                string // human_error, system_error, intentional, unclear_rule, evidence_lost, population_error
	Response             string
	Extent, ExtentReason string // isolated or systemic, and what was looked at
	Compensating         string
	Impact               string
	Deficiency           string
	DueOn                *civil.Date
	By                   string        // filled by reading
	At                   civil.Instant // filled by reading
	Index                int64         // filled by reading
}

// Answer records management's answer. It changes no verdict: the report prints both side by side.
func (d *Desk) Answer(ctx context.Context, a Actor, x Answer) error {
	if err := a.check(); err != nil {
		return err
	}
	var errs []error
	if x.Compensating != "" && x.Compensating == x.Control {
		errs = append(errs, fault.At("", 0, "compensating_control", "%s is the control that deviates; expected another that acted on the same risk", x.Control))
	}
	if x.Extent == "systemic" && x.DueOn == nil {
		errs = append(errs, fault.At("", 0, "due_on", "missing; what is systemic needs a day by which it is corrected"))
	}
	var ms members
	for _, f := range []struct{ name, v string }{
		{"test", x.Test}, {"item", x.Item}, {"control", x.Control}, {"position", x.Position}, {"cause", x.Cause}, {"response", x.Response},
		{"extent", x.Extent}, {"extent_reason", x.ExtentReason}, {"compensating_control", x.Compensating}, {"impact", x.Impact}, {"deficiency", x.Deficiency},
	} {
		ms.text(f.name, f.v)
	}
	for _, f := range []struct{ name, v string }{{"position", x.Position}, {"cause", x.Cause}, {"response", x.Response}, {"extent", x.Extent}, {"extent_reason", x.ExtentReason}} {
		if strings.TrimSpace(f.v) == "" {
			errs = append(errs, fault.At("", 0, f.name, "missing; an answer says it"))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if x.DueOn != nil {
		ms.text("due_on", x.DueOn.String())
	}
	ms.text("answered_by", a.Email)
	ms.text("answered_at", d.Now().String())
	return d.act(ctx, a, deviationAnswers, x.Version, ms)
}

// Answers reads management's answers, by test and item joined with a line end.
func (d *Desk) Answers(ctx context.Context, org id.Org) (map[string]Answer, error) {
	out := map[string]Answer{}
	err := d.all(ctx, org, deviationAnswers, record.Query{}, func(k record.Known) error {
		x, err := answered(k)
		out[x.Test+"\n"+x.Item] = x
		return err
	})
	return out, err
}

// AnswerOf reads the answer to one deviation with its history, the first version first; none where nobody answered.
func (d *Desk) AnswerOf(ctx context.Context, org id.Org, test, item string) ([]Answer, error) {
	h, err := d.Books.History(ctx, org, deviationAnswers, joined(test, item))
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	var out []Answer
	for _, k := range h {
		x, e := answered(k)
		if e != nil {
			return nil, e
		}
		out = append(out, x)
	}
	return out, err
}

func answered(k record.Known) (Answer, error) {
	b, err := body(k)
	if err != nil {
		return Answer{}, err
	}
	at, _ := instant(b["answered_at"])
	return Answer{b["control"], b["test"], b["item"], k.Version, b["position"], b["cause"], b["response"], b["extent"], b["extent_reason"],
		b["compensating_control"], b["impact"], b["deficiency"], date(b["due_on"]), b["answered_by"], at, k.Index}, nil
}

// ID tells deviations apart.
func (x Deviation) ID() string { return x.Test + "\n" + x.Item }

// String names a deviation in a log.
func (x Deviation) String() string { return fmt.Sprintf("%s %s: %s", x.Test, x.Item, x.Reason) }
