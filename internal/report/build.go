package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Facts are what a report is built from. Every figure is recomputed from them.
type Facts struct {
	Organization string
	System       string                // the system's name; the organization's when empty
	When         When                  // AsOf for a Type 1, Throughout for a Type 2
	Categories   []string              // categories of criteria in scope
	Criteria     []assure.Criterion    // the criteria in scope, in the framework's order
	Reasons      map[string]string     // criterion -> why it is not relevant to the system
	Controls     []assure.Control      // the controls of the program, in its order
	About        assure.System         // what management says of the system
	Incidents    []IncidentFact        // incidents on record that the report's time covers
	Amended      []assure.SystemChange // versions of controls that begin or end in the period, in words
	Implemented  map[string]bool       // control -> it was implemented by a date that the report covers
	Walked       map[string]Walk       // control -> its latest walkthrough
	Systems      []System              // the systems known to lie in the boundary
	Results      assure.Results        // of a Type 1 only the checkpoint and known-at are read
	Rows         int                   // rows of a list of items that are shown; 500 when 0
	Answers      map[ItemRef]Answer    // what management answered to deviations; nil: nobody answered any
	Signed       []Signature           // under management's assertion, the latest first; withdrawn ones are left out
	Examination  *Examination          // what an independent service auditor did and concluded; nil: nobody examined, and the draft is management's
	// AssertionFirst puts management's assertion before the auditor's report.
	AssertionFirst bool
	// Findings names the file that holds all findings of a test. When nil: findings/<test>.json.
	Findings func(assure.TestResult) string
}

// System is a component inside the boundary.
type System struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`
	Owner       string `json:"owner"`
	Environment string `json:"environment"`
}

// Build makes a report of the kind. It refuses a time of the wrong type, a period that is not the one tested, and an examination that
// contradicts itself. The result is a draft, but where the examination says that the report was issued: then nothing may be open.
func Build(k Kind, f Facts) (*Report, error) {
	form, err := formOf(k)
	if err != nil {
		return nil, err
	}
	if err := f.check(form); err != nil {
		return nil, err
	}
	b, err := newBuilder(form, f)
	if err != nil {
		return nil, err
	}
	for _, p := range b.form.Sections {
		b.section(p)
	}
	number(b.r)
	if e := b.f.Examination; e != nil {
		b.guards(e)
		if e.Issued {
			return Issue(b.r)
		}
	}
	return b.r, Lint(b.r)
}

func newBuilder(form form, f Facts) (*builder, error) {
	if f.System == "" {
		f.System = unnamed(f.Organization)
	}
	if f.Rows == 0 {
		f.Rows = 500
	}
	if f.Findings == nil {
		f.Findings = func(t assure.TestResult) string { return "findings/" + fileName(t.Test) + ".json" }
	}
	kit, err := theKit()
	if err != nil {
		return nil, err
	}
	f.Controls = f.relevant(form)
	if f.AssertionFirst {
		form.Sections = assertionFirst(form.Sections)
	}
	b := &builder{kit: kit, form: form, f: f, zone: f.When.zone(), r: &Report{
		Kind: form.ID, Title: form.Title, Draft: true, Organization: f.Organization, System: f.System,
		When: f.When, KnownAt: f.Results.KnownAt, Checkpoint: f.Results.Checkpoint, Unanchored: f.Results.Unanchored, Signed: f.Signed,
		Subtitle: strings.NewReplacer("{system}", f.System, "{categories}", words(f.Categories)).Replace(form.Subtitle),
	}}
	return b, b.chooseStandards()
}

// assertionFirst puts management's assertion before the auditor's report, which is a house style.
func assertionFirst(list []part) []part {
	out := slices.Clone(list)
	i := slices.IndexFunc(out, func(p part) bool { return p.Assertion })
	if i > 0 {
		out[0], out[i] = out[i], out[0]
	}
	for i := range out {
		out[i].Number = roman[i]
	}
	return out
}

// unnamed is what a system without a name of its own is called.
func unnamed(organization string) string { return "the system of " + organization }

func (f Facts) check(form form) error {
	if f.Organization == "" {
		return fault.Refuse("a report needs the name of the organization")
	}
	switch w := f.When.(type) {
	case Throughout:
		if form.Span == "as_of" {
			return fault.Refuse("%s has an as-of date, not a period", form.Title)
		}
		p := f.Results.Period
		if w.From != p.From || w.To != p.To || w.Zone.String() != p.Zone.String() {
			return fault.Refuse("the report is for %s to %s in %s, but %s to %s in %s was tested",
				w.From, w.To, w.Zone, p.From, p.To, p.Zone)
		}
	case AsOf:
		if form.Span == "period" {
			return fault.Refuse("%s has a period, not an as-of date", form.Title)
		}
	default:
		return fault.Refuse("a report needs an as-of date or a period")
	}
	if f.Examination != nil {
		return f.Examination.check(form, f)
	}
	return nil
}

type builder struct {
	kit       *kit
	form      form
	f         Facts
	zone      civil.Zone
	r         *Report
	cur       *Section
	standards map[string]Standard // by regime
	filled    map[string]Run      // what the blanks of passages stand for
	told      *disclosed          // the auditor's exceptions
}

func (b *builder) section(p part) {
	b.r.Sections = append(b.r.Sections, Section{
		ID: "section-" + strings.ToLower(p.Number), Number: p.Number, Title: b.title(p.Title), Draft: b.r.Draft,
	})
	b.cur = &b.r.Sections[len(b.r.Sections)-1]
	examined := b.f.Examination != nil
	switch p.Part {
	case "description":
		b.description(p)
	case "boundary":
		b.boundary(p)
	case "tests":
		if examined {
			b.testsOfAuditor()
		} else {
			b.tests()
		}
	case "controls":
		b.controlsOnly()
	case "letter":
		b.letter(p)
	case "statement":
		b.applicability()
	case "other":
		if examined {
			b.otherInformation(p)
		} else {
			b.owed(p)
		}
	default:
		b.owed(p)
	}
}

func (b *builder) add(x Block) { b.cur.Blocks = append(b.cur.Blocks, x) }

func (b *builder) heading(level int, id, text string) {
	b.add(Block{Heading: &Heading{ID: id, Level: level, Text: text}})
}

func (b *builder) para(rs ...Run) { b.add(Block{Paragraph: rs}) }

func (b *builder) open(rule, where string, rs ...Run) {
	b.r.Open = append(b.r.Open, Point{Rule: rule, Text: rs, Where: "#" + where})
}

// owed is a section, or a part of one, that people still have to write.
func (b *builder) owed(p part) {
	n := &Note{Tone: Owed, Title: "To be written by " + p.By, Text: Runs{say(b.title(p.Says))}}
	for _, o := range p.Owed {
		if b.meets(o.When) {
			n.List = append(n.List, Runs{say(b.title(o.Text))})
		}
	}
	b.add(Block{Note: n})
	if p.Part == "owed" {
		b.open("section", b.cur.ID, say("Section "+p.Number+" is to be written by "+p.By+"."))
	}
}

// say is our own text, data is text that came with records or with the program.
func say(s string) Run  { return Run{Text: s} }
func data(s string) Run { return Run{Text: s, Data: true} }
func code(s string) Run { return Run{Text: s, Data: true, Code: true} }

func link(s, to string) Run { return Run{Text: s, Data: true, Link: to} }

func mark(m Mark, word string) Run { return Run{Text: word, Mark: m} }

func figure(n int, to string) Run { return Run{Figure: &Figure{Value: n, Link: "#" + to}} }

func figureOf(n, of int, to string) Run {
	return Run{Figure: &Figure{Value: n, Of: &of, Link: "#" + to}}
}

// words prints a list as English does: security, availability and confidentiality.
func words(list []string) string {
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = strings.ReplaceAll(s, "_", " ")
	}
	switch n := len(clean); n {
	case 0:
		return "security"
	case 1:
		return clean[0]
	default:
		return strings.Join(clean[:n-1], ", ") + " and " + clean[n-1]
	}
}

// slug makes an anchor of an identifier. Identifiers that need changing get a digest, so
// that two of them never share an anchor.
func slug(s string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, s)
	if clean == s && len(s) <= 40 {
		return s
	}
	return clean[:min(len(clean), 24)] + "-" + digest(s)
}

// fileName keeps an identifier from naming another folder.
func fileName(s string) string { return strings.Trim(slug(s), ".") }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}
