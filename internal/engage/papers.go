package engage

import (
	"fmt"
	"maps"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Paper is the work paper of one control.
type Paper struct {
	Control  string
	Assessed *Assessment           // design and implementation
	Tests    map[string]*TestPaper // by test
	Order    []string              // of the tests, as they were planned
	Checks   []PopulationCheck
	Traces   []Trace
	Relied   map[string]Reliance // doubts about evidence on which the auditor relies nevertheless, by the doubt
	Notes    []*ReviewNote
	Prepared *Signed
	Reviewed *Signed
}

// Signed is a sign-off of a work paper. A change of the paper ends it.
type Signed struct {
	By, Name string
	At       civil.Instant
}

// Assessment is the auditor's view of design and implementation: the tests of operation come after it.
type Assessment struct {
	Control     string            `json:"control"`
	Design      report.Conclusion `json:"design"` // effective, not_effective
	Implemented bool              `json:"implemented"`
	Words       string            `json:"words"`       // how the design meets the criterion, and why
	Walkthrough string            `json:"walkthrough"` // the one instance that was followed
	Evidence    []Evidence        `json:"evidence,omitempty"`
}

// TestPaper is one test on a work paper.
type TestPaper struct {
	Test        string
	Procedures  []report.Procedure
	Extent      report.ExtentKind
	Reason      string                     // of one instance, or of no test at all
	Marks       map[string]map[string]Mark // item -> attribute
	Was         []Tick                     // every mark that was ever made, in order: the last of a place is the one in Marks
	Reperformed []Reperformance
}

// Planning of one test: what will be done, and on how many items.
type Procedures struct {
	Control    string             `json:"control"`
	Test       string             `json:"test"`
	Procedures []report.Procedure `json:"procedures"`
	Extent     report.ExtentKind  `json:"extent"`
	Reason     string             `json:"reason,omitempty"`
}

// Mark is the auditor's result for one attribute of one item. It is the auditor's own, whatever the client's test said.
type Mark struct {
	Result   string        `json:"result"` // pass, deviation, not_applicable, undecided
	Note     string        `json:"note,omitempty"`
	Evidence string        `json:"evidence,omitempty"` // SHA-256, or register/key@version
	By       string        `json:"-"`
	At       civil.Instant `json:"-"`
	Seq      int           `json:"-"` // of the act that made it
}

// TickMark is how a paper shows a result.
func (m Mark) TickMark() string {
	return map[string]string{"pass": "✓", "deviation": "✗", "not_applicable": "n/a", "undecided": "?"}[m.Result]
}

// Ticks are marks on items of one test.
type Ticks struct {
	Control string `json:"control"`
	Test    string `json:"test"`
	Marks   []Tick `json:"marks"`
}

// Tick is a mark with its place.
type Tick struct {
	Item      string `json:"item"`
	Attribute string `json:"attribute"`
	Mark
}

// Reperformance is the auditor's own run of a test over the raw records.
type Reperformance struct {
	Control string `json:"control"`
	Test    string `json:"test"`
	With    string `json:"with"`    // assay, duckdb, postgres, hand
	Package string `json:"package"` // SHA-256
	Theirs  string `json:"theirs"`  // digest as the client's results say
	Ours    string `json:"ours"`
	Words   string `json:"words,omitempty"`
}

// Same reports whether both came to the same findings.
func (r Reperformance) Same() bool { return r.Theirs == r.Ours && r.Ours != "" }

// ReviewNote is a reviewer's question to whoever prepared a paper.
type ReviewNote struct {
	ID      string `json:"id"`
	Control string `json:"control"`
	Text    string `json:"text"`
	By      string `json:"-"`
	Answers []Says `json:"-"`
	Closed  bool   `json:"-"`
}

// Noting answers or closes a review note.
type Noting struct {
	ID      string `json:"id"`
	Control string `json:"control"`
	Text    string `json:"text,omitempty"`
}

// Of names a control.
type Of struct {
	Control string `json:"control"`
}

// Reliance is the auditor's reason to rely on evidence about which there is a doubt.
type Reliance struct {
	Control string `json:"control"`
	Doubt   string `json:"doubt"`
	Reason  string `json:"reason"`
	By      string `json:"-"`
}

// paper gives the work paper of a control, and begins it where there is none.
func (e *Engagement) paper(control string) *Paper {
	p := e.Papers[control]
	if p == nil {
		p = &Paper{Control: control, Tests: map[string]*TestPaper{}, Relied: map[string]Reliance{}}
		e.Papers[control] = p
	}
	return p
}

// changed ends the sign-offs of a paper: they were over something else.
func (p *Paper) changed() { p.Prepared, p.Reviewed = nil, nil }

func (p *Paper) test(name string) *TestPaper {
	t := p.Tests[name]
	if t == nil {
		t = &TestPaper{Test: name, Marks: map[string]map[string]Mark{}}
		p.Tests[name], p.Order = t, append(p.Order, name)
	}
	return t
}

// Item is the auditor's result for an item: one deviating attribute makes it deviate, one that is open leaves it open.
func (t *TestPaper) Item(key string, attributes []string) string {
	out := "pass"
	applies := false
	for _, a := range attributes {
		switch m, ok := t.Marks[key][a]; {
		case !ok:
			return ""
		case m.Result == "deviation":
			return "deviation"
		case m.Result == "undecided":
			out = "undecided"
		case m.Result == "pass":
			applies = true
		}
	}
	if out == "pass" && !applies {
		return "not_applicable"
	}
	return out
}

// Planned reports whether the procedures can support a conclusion on operation: inquiry alone never does (handbook 4.1).
func (t *TestPaper) Planned() error {
	if len(t.Procedures) == 0 {
		return fault.Refuse("%s: no procedure is on the paper", t.Test)
	}
	if !slices.ContainsFunc(t.Procedures, func(p report.Procedure) bool { return p.Kind != report.Inquiry }) {
		return fault.Refuse("%s: inquiry alone proves no operation; expected observation, inspection or reperformance beside it", t.Test)
	}
	return nil
}

// Unmarked are the items of the samples of a control for which the auditor has no result, or none for an attribute that was asked of others.
func (e *Engagement) Unmarked(control string) int {
	n := 0
	for _, s := range e.Samples {
		if s.Control != control {
			continue
		}
		var t *TestPaper
		asked := 0
		if p := e.Papers[control]; p != nil && p.Tests[s.Test] != nil {
			t = p.Tests[s.Test]
			asked = len(t.asked())
		}
		for _, x := range s.Items {
			if !x.Void && (t == nil || len(t.Marks[x.Key]) == 0 || len(t.Marks[x.Key]) < asked) {
				n++
			}
		}
	}
	return n
}

// asked are the attributes that somebody marked of any item.
func (t *TestPaper) asked() []string {
	seen := map[string]bool{}
	for _, m := range t.Marks {
		for a := range m {
			seen[a] = true
		}
	}
	return sortedKeys(seen)
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

var papering = []kind{
	act("assess", Firm, func(e *Engagement, _ Act, b Assessment) error {
		if err := one("design", string(b.Design), string(report.Effective), string(report.NotEffective)); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{{"words", b.Words}, {"walkthrough", b.Walkthrough}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		p := e.paper(b.Control)
		p.Assessed = &b
		p.changed()
		return nil
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp),

	act("procedures", Firm, func(e *Engagement, _ Act, b Procedures) error {
		if b.Control == "" || b.Test == "" {
			return fault.Refuse("the procedures name no control or no test")
		}
		if err := one("extent", string(b.Extent), string(report.Whole), string(report.Sampled), string(report.Instance)); err != nil {
			return err
		}
		for _, p := range b.Procedures {
			if err := one("procedure", string(p.Kind), string(report.Inquiry), string(report.Observation), string(report.Inspection), string(report.Reperformance)); err != nil {
				return err
			}
			if err := said("procedure", p.Text); err != nil {
				return err
			}
		}
		if b.Extent == report.Instance && e.Terms.TypeTwo() {
			if err := said("reason", b.Reason); err != nil {
				return fault.Refuse("one instance is tested of an automated control only, and only while what it rests on is shown not to have changed; expected the reason")
			}
		}
		if err := (&TestPaper{Test: b.Test, Procedures: b.Procedures}).Planned(); err != nil {
			return err
		}
		p := e.paper(b.Control)
		t := p.test(b.Test)
		t.Procedures, t.Extent, t.Reason = b.Procedures, b.Extent, b.Reason
		p.changed()
		return nil
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp),

	act("tick", Firm, func(e *Engagement, a Act, b Ticks) error {
		if len(b.Marks) == 0 || len(b.Marks) > 50_000 {
			return fault.Refuse("%d marks; expected 1 to 50,000", len(b.Marks))
		}
		for _, m := range b.Marks {
			if m.Item == "" || m.Attribute == "" {
				return fault.Refuse("a mark names no item or no attribute")
			}
			if err := one("result", m.Result, "pass", "deviation", "not_applicable", "undecided"); err != nil {
				return err
			}
			if m.Result != "pass" && m.Note == "" {
				return &fault.Error{Kind: fault.Refused, Field: "note", What: fmt.Sprintf("%s, attribute %s: nothing says why it is %s; expected words", m.Item, m.Attribute, words(m.Result))}
			}
		}
		p := e.paper(b.Control)
		t := p.test(b.Test)
		for _, m := range b.Marks {
			m.Mark.By, m.Mark.At, m.Mark.Seq = a.By, a.At, a.Seq
			if t.Marks[m.Item] == nil {
				t.Marks[m.Item] = map[string]Mark{}
			}
			t.Marks[m.Item][m.Attribute] = m.Mark
			t.Was = append(t.Was, m)
		}
		p.changed()
		return nil
	}).by(Partner, Manager, Staff).in(Fieldwork, WrapUp),

	act("reperform", Firm, func(e *Engagement, _ Act, b Reperformance) error {
		if err := one("with", b.With, "assay", "duckdb", "postgres", "hand"); err != nil {
			return err
		}
		if !slices.ContainsFunc(e.Packages, func(p Package) bool { return p.SHA256 == b.Package }) {
			return fault.Refuse("the package was not taken in; a test is run again over records that the firm holds itself")
		}
		p := e.paper(b.Control)
		t := p.test(b.Test)
		t.Reperformed = append(t.Reperformed, b)
		p.changed()
		return nil
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp),

	act("rely", Firm, func(e *Engagement, a Act, b Reliance) error {
		if err := said("reason", b.Reason); err != nil {
			return err
		}
		b.By = a.By
		p := e.paper(b.Control)
		p.Relied[b.Doubt] = b
		p.changed()
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp),

	act("prepare", Firm, func(e *Engagement, a Act, b Of) error {
		p := e.Papers[b.Control]
		if p == nil || p.Assessed == nil {
			return fault.Refuse("%s: design and implementation are not assessed", b.Control)
		}
		for _, name := range p.Order {
			if err := p.Tests[name].Planned(); err != nil {
				return err
			}
		}
		if n := e.Unmarked(b.Control); n > 0 {
			return fault.Refuse("%s: %d sampled items have no result", b.Control, n)
		}
		if err := e.raised(p); err != nil {
			return err
		}
		p.Prepared, p.Reviewed = &Signed{a.By, a.Name, a.At}, nil
		return nil
	}).by(Partner, Manager, Staff).in(Fieldwork, WrapUp),

	act("review", Firm, func(e *Engagement, a Act, b Of) error {
		p := e.Papers[b.Control]
		switch {
		case p == nil || p.Prepared == nil:
			return fault.Refuse("%s: nobody has signed the paper as prepared", b.Control)
		case p.Prepared.By == a.By:
			return denied("%s: you prepared this paper; another person reviews it", b.Control)
		case slices.ContainsFunc(p.Notes, func(n *ReviewNote) bool { return !n.Closed }):
			return fault.Refuse("%s: review notes are open", b.Control)
		}
		p.Reviewed = &Signed{a.By, a.Name, a.At}
		return nil
	}).by(Partner, Manager).in(Fieldwork, WrapUp),

	act("note", Firm, func(e *Engagement, a Act, b ReviewNote) error {
		if err := said("text", b.Text); err != nil {
			return err
		}
		p := e.paper(b.Control)
		if b.ID == "" || slices.ContainsFunc(p.Notes, func(n *ReviewNote) bool { return n.ID == b.ID }) {
			return fault.Refuse("the note %q is there already", b.ID)
		}
		b.By = a.By
		p.Notes = append(p.Notes, &b)
		p.Reviewed = nil
		return nil
	}).by(Partner, Manager, Quality).in(Fieldwork, WrapUp, Review),

	noting("answer_note", func(n *ReviewNote, a Act, b Noting) error {
		if err := said("text", b.Text); err != nil {
			return err
		}
		n.Answers = append(n.Answers, Says{Side: a.Side, By: a.By, Name: a.Name, At: a.At, Text: b.Text})
		return nil
	}),
	noting("close_note", func(n *ReviewNote, a Act, _ Noting) error {
		if n.By != a.By {
			return denied("the note is closed by whoever wrote it")
		}
		n.Closed = true
		return nil
	}),
}

func noting(name string, do func(*ReviewNote, Act, Noting) error) kind {
	return act(name, Firm, func(e *Engagement, a Act, b Noting) error {
		p := e.Papers[b.Control]
		if p == nil {
			return fault.NotFound
		}
		i := slices.IndexFunc(p.Notes, func(n *ReviewNote) bool { return n.ID == b.ID })
		if i < 0 {
			return fault.NotFound
		}
		if p.Notes[i].Closed {
			return fault.Refuse("the note is closed")
		}
		return do(p.Notes[i], a, b)
	}).by(Partner, Manager, Quality, Staff).in(Fieldwork, WrapUp, Review)
}
