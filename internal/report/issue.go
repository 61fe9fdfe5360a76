package report

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// Issue makes a report of a draft on which nothing is open. It refuses one that nobody examined, and one whose text still says that it is a
// draft.
func Issue(r *Report) (*Report, error) {
	if err := r.Issuable(); err != nil {
		return nil, err
	}
	out := *r
	out.Draft, out.Sections = false, slices.Clone(r.Sections)
	for i := range out.Sections {
		out.Sections[i].Draft = false
	}
	if err := Lint(&out); err != nil {
		return nil, &fault.Error{Kind: fault.Refused, What: r.Title + " cannot be issued", Err: err}
	}
	return &out, nil
}

// guards opens a point for all that keeps an examined draft from being issued.
func (b *builder) guards(e *Examination) {
	at := b.cur.ID
	for _, s := range b.r.Sections {
		if s.ID == b.sectionOf(func(p part) bool { return p.Part == "letter" && !p.Assertion }) {
			at = s.ID
		}
	}
	b.r.Auditor = &Auditor{Firm: e.Firm, Date: e.ReportDate, Opinion: b.concludedOpinion(), Revision: e.Revision, RevisionReason: e.RevisionReason}
	for _, regime := range b.form.Regimes {
		s := b.standards[regime]
		b.r.Auditor.Standards = append(b.r.Auditor.Standards, s.Standard+" ("+s.Sections+")")
	}
	b.guardFirm(e, at)
	b.guardDates(e, at)
	b.guardAssertion(e)
	b.guardOpinions(e, at)
	b.guardTests(e, at)
	b.guardExceptions(e, at)
	b.guardConclusions(e, at)
	b.guardWords(e, at)
}

// concludedOpinion is the worst opinion, or none while an element is not decided.
func (b *builder) concludedOpinion() Opinion {
	for _, o := range b.opinions() {
		if o.Opinion == "" {
			return ""
		}
	}
	return b.aggregate()
}

func (b *builder) sectionOf(is func(part) bool) string {
	i := slices.IndexFunc(b.form.Sections, is)
	if i < 0 {
		return b.cur.ID
	}
	return "section-" + strings.ToLower(b.form.Sections[i].Number)
}

func (b *builder) guardFirm(e *Examination, at string) {
	for _, x := range []struct{ what, text string }{{"the addressee", e.Addressee}, {"the name of the firm", e.Firm.Name}, {"the city of the firm", e.Firm.City},
		{"the state or country of the firm", e.Firm.Region}, {"the licence of the firm", e.Firm.Licence}} {
		if strings.TrimSpace(x.text) == "" {
			b.open("firm", at, say("The report lacks "+x.what+"."))
		}
	}
	by := map[string]string{}
	for _, s := range e.Signs {
		if strings.TrimSpace(s.Name) != "" && s.On != 0 {
			by[s.Part] = s.Name
		}
	}
	switch partner, quality := by[EngagementPartner], by[QualityReviewer]; {
	case partner == "":
		b.open("sign-off", at, say("The engagement partner has not signed off."))
	case quality == "":
		b.open("sign-off", at, say("The quality reviewer has not signed off."))
	case strings.EqualFold(partner, quality):
		b.open("sign-off", at, data(partner), say(" signed off both as engagement partner and as quality reviewer: expected two people."))
	}
}

func (b *builder) guardDates(e *Examination, at string) {
	end := EndOf(b.f.When)
	switch {
	case e.ReportDate == 0:
		b.open("date", at, say("The report has no date."))
	case e.ReportDate <= end:
		b.open("date", at, say("The report is dated "+e.ReportDate.Long()+", which is not after "+end.Long()+"."))
	}
	switch {
	case e.RepresentationRefused != "" && !b.allDisclaimed():
		b.open("representation", at, say("Management refused written representations: expected a disclaimer on every element, or withdrawal."))
	case e.RepresentationRefused != "":
	case e.Represented == 0:
		b.open("representation", at, say("Management's representation letter is not there."))
	case e.Represented != e.ReportDate:
		b.open("representation", at, say("Management's representation letter is dated "+e.Represented.Long()+"; expected the date of the report."))
	}
}

func (b *builder) allDisclaimed() bool {
	return !slices.ContainsFunc(b.opinions(), func(o ElementOpinion) bool { return o.Opinion != Disclaimer })
}

func (b *builder) guardAssertion(e *Examination) {
	at := b.sectionOf(func(p part) bool { return p.Assertion })
	signed := false
	for _, s := range b.f.Signed {
		if !s.Covers {
			continue
		}
		signed = true
		if e.ReportDate != 0 && s.On > e.ReportDate {
			b.open("assertion", at, say("Management signed its "+b.fields()["assertion"].Text+" on "+s.On.Long()+", after the date of the report."))
		}
		if s.On < SignedFrom(b.f.When) {
			b.open("assertion", at, say("Management signed its "+b.fields()["assertion"].Text+" on "+s.On.Long()+", before all of which it speaks was over."))
		}
	}
	if !signed {
		b.open("assertion", at, say("Management has not signed "+b.fields()["anassertion"].Text+" over this description."))
	}
	if b.unmodified() && strings.TrimSpace(e.Unmodified) == "" {
		b.open("assertion", at, say("The opinion is modified and the "+b.fields()["assertion"].Text+" that management signed is not: expected one that names the matters, or the firm's reason to report nevertheless."))
	}
	for _, v := range b.f.About.Subservice {
		if v.Method == "inclusive" {
			b.guardInclusive(e, v, at)
		}
	}
}

func (b *builder) guardInclusive(e *Examination, v assure.Subservice, at string) {
	i := slices.IndexFunc(e.Inclusive, func(p InclusiveParty) bool { return p.Name == v.Name })
	switch {
	case i < 0 || e.Inclusive[i].Asserted == 0:
		b.open("assertion", at, data(v.Name), say(" is included and has given no assertion of its own."))
	case e.ReportDate != 0 && e.Inclusive[i].Asserted > e.ReportDate:
		b.open("assertion", at, data(v.Name), say(" gave its assertion after the date of the report."))
	case e.Inclusive[i].Represented != e.ReportDate:
		b.open("representation", at, data(v.Name), say(" is included, and its representation letter is not dated as the report."))
	}
}

// guardOpinions: a person decided on every element, says why where the rule asks for more, and gives the basis of a modified one.
func (b *builder) guardOpinions(e *Examination, at string) {
	for _, p := range Propose(*e, b.scope()) {
		i := slices.IndexFunc(b.opinions(), func(o ElementOpinion) bool { return o.Element == p.Element })
		o := b.opinions()[i]
		on := ElementWords(p.Element)
		for _, what := range p.Open {
			b.open("conclusion", at, say("Before the opinion on "+on+": "), data(what))
		}
		switch {
		case o.Opinion == "":
			b.open("opinion", at, say("Nobody has decided the opinion on "+on+"; the conclusions ask for: "+string(p.Opinion)+"."))
			continue
		case o.By == "" && p.Element != TheAssertion:
			b.open("opinion", at, say("The opinion on "+on+" names nobody who decided it."))
		case o.Opinion.Milder(p.Opinion) && strings.TrimSpace(o.Rationale) == "":
			b.open("opinion", at, say("The opinion on "+on+" is "+string(o.Opinion)+" where the conclusions ask for "+string(p.Opinion)+", and gives no rationale."))
		}
		if o.Opinion.Modified() && len(o.Basis) == 0 {
			b.open("opinion", at, say("The opinion on "+on+" is "+string(o.Opinion)+" and gives no basis."))
		}
	}
}

// guardTests: every matter and every control has a test, or somebody says why not; and no test is an inquiry alone.
func (b *builder) guardTests(e *Examination, at string) {
	tested := map[string]bool{}
	for _, t := range e.Tests {
		tested[t.Control] = true
		if b.f.knows(t.Control) && t.Outcome == TestRun && !slices.ContainsFunc(t.Procedures, func(p Procedure) bool { return p.Kind != Inquiry }) {
			b.open("procedure", at, data(t.Control), say(": inquiry alone, or nothing, is no test."))
		}
	}
	for _, c := range e.Controls {
		if strings.TrimSpace(c.Reason) != "" && (c.Operation == Untested || !b.form.typeTwo() && c.Design == Untested) {
			tested[c.Control] = true
		}
	}
	for _, c := range b.f.Controls {
		if !tested[c.ID] {
			b.open("test", at, data(c.ID), say(" has no test by the service auditor, and nothing says why."))
		}
	}
	for _, m := range b.scope().Matters {
		judged := slices.ContainsFunc(e.Matters, func(x MatterConclusion) bool { return x.ID == m.ID && len(x.Reasons) > 0 })
		if !judged && !slices.ContainsFunc(m.Controls, func(id string) bool { return tested[id] }) {
			b.open("criterion", at, data(m.ID), say(" has no control that was tested, and nothing says why."))
		}
	}
}

// guardExceptions: what deviates is disclosed in the same figures, and management has answered it.
func (b *builder) guardExceptions(e *Examination, at string) {
	for _, t := range e.Tests {
		told, tested := 0, 0
		for _, x := range b.exceptions().by(t) {
			told, tested = told+x.Deviating, max(tested, x.Tested)
		}
		switch {
		case t.Deviating == 0 || !b.f.knows(t.Control):
		case told == 0:
			b.open("exception", at, data(t.Control), say(": "+Plural(t.Deviating, "item deviates", "items deviate")+", and no exception tells of it."))
		case told < t.Deviating || tested < t.needed():
			b.open("exception", at, data(t.Control), say(": "+Count(t.Deviating)+" of "+Count(t.needed())+" items tested deviate, and its exceptions tell of "+Count(told)+" of "+Count(tested)+"."))
		}
	}
	for _, x := range b.exceptions().list {
		if !b.exceptions().found(x) {
			b.open("exception", at, data(x.ID), say(" of "), data(x.Control), say(" tells of deviations, and no test found any."))
		}
		if strings.TrimSpace(x.Response) == "" {
			b.open("response", at, data(x.ID), say(" of "), data(x.Control), say(": management's response is not recorded."))
		}
		if x.Cause == "" || strings.TrimSpace(x.Text) == "" {
			b.open("exception", at, data(x.ID), say(" of "), data(x.Control), say(": its text or its cause is not recorded."))
		}
	}
}

// guardConclusions: somebody concluded on each control, and not beyond what was tested.
func (b *builder) guardConclusions(e *Examination, at string) {
	for _, c := range b.f.Controls {
		i := slices.IndexFunc(e.Controls, func(x ControlConclusion) bool { return x.Control == c.ID })
		if i < 0 {
			b.open("conclusion", at, data(c.ID), say(": nobody has concluded on it."))
			continue
		}
		ran, some := false, false
		for _, t := range e.Tests {
			some = some || t.Control == c.ID
			ran = ran || t.Control == c.ID && t.Outcome == TestRun
		}
		op := e.Controls[i].Operation
		if (op == Effective || op == NotEffective) && some && !ran {
			b.open("conclusion", at, data(c.ID), say(": its operation is concluded upon, and no test of it was run."))
		}
		if op == NoneOccurred && ran {
			b.open("conclusion", at, data(c.ID), say(": it is concluded that it had nothing to do, and a test of it was run."))
		}
	}
}

// guardWords: what people wrote for the letter is finished. Our own words are held against the same by Lint.
func (b *builder) guardWords(e *Examination, at string) {
	list := append([]string{e.Addressee, e.RevisionReason, e.Firm.Independence, e.Unmodified}, e.Emphasis...)
	for _, o := range e.Elements {
		list = append(list, o.Basis...)
	}
	for _, x := range b.exceptions().list {
		list = append(list, x.Text, x.Response, x.Plan)
	}
	for _, text := range list {
		if strings.HasPrefix(strings.TrimSpace(text), "[") {
			b.open("words", at, say("A text of the report is still to be written: "), data(text))
		}
	}
	for _, t := range e.Tests {
		for _, r := range t.Reservations {
			if strings.TrimSpace(r.Reason) == "" {
				b.open("evidence", at, data(t.Control), say(": "), data(r.Text), say(" It supports no conclusion without the auditor's reason."))
			}
		}
	}
}
