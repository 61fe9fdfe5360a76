package report

import (
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// fields are what the blanks of passages stand for, by their names. They are made once for a report.
func (b *builder) fields() map[string]Run {
	if b.filled == nil {
		b.filled = map[string]Run{}
		b.namedFields()
		b.typedFields()
		b.familyFields()
		b.regimeFields()
		if b.f.Examination != nil {
			b.examinedFields(b.f.Examination)
		}
	}
	return b.filled
}

func (b *builder) put(name, text string) { b.filled[name] = say(text) }

// choose is one of two texts.
func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func (b *builder) namedFields() {
	var carved, inclusive []string
	for _, s := range b.f.About.Subservice {
		if s.Method == "carve_out" {
			carved = append(carved, s.Name)
		} else {
			inclusive = append(inclusive, s.Name)
		}
	}
	b.filled["organization"], b.filled["system"] = data(b.f.Organization), data(b.f.System)
	b.filled["carved"], b.filled["inclusive"] = data(names(carved)), data(names(inclusive))
	b.put("subservice", choose(len(carved) == 1, "a subservice organization", "subservice organizations"))
	b.put("isconducted", choose(b.f.Examination == nil, "is conducted", "was conducted"))
	b.put("categories", words(b.f.Categories))
	b.put("report", b.form.Title)
	section := "section I"
	for _, p := range b.form.Sections {
		if p.Assertion {
			section = "section " + p.Number
		}
	}
	b.put("assertionsection", section)
}

// typedFields are those in which a Type 1 and a Type 2 differ.
func (b *builder) typedFields() {
	two := b.form.typeTwo()
	b.put("when", b.f.When.Words())
	b.put("throughout", strings.Replace(b.f.When.Words(), "for the period", "throughout the period", 1))
	b.put("theend", choose(two, "the end of the period", "the date of the description"))
	b.put("time", choose(two, "period", "as-of date"))
	b.put("subject", choose(two, "suitability of the design and the operating effectiveness", "suitability of the design"))
	b.put("usersat", choose(two, "during some or all of the period", "as of the date"))
	b.put("assumedin", choose(two, "design and operation", "design"))
	b.put("usershold", choose(two, "are suitably designed or operate effectively", "are suitably designed"))
	b.put("hold", choose(two, "are suitably designed and operate effectively", "are suitably designed"))
	b.put("controlsare", choose(two, "controls were suitably designed and operated effectively", "controls were suitably designed"))
	b.put("withtests", choose(two, ", with the description of tests of controls and results in section IV,", ""))
	b.put("changestoo", choose(two, ", with relevant changes of the system during the period", ""))
	var who []string
	if b.holds("cuecs") {
		who = append(who, "users")
	}
	if b.holds("carve_out") {
		who = append(who, "subservice organizations")
	}
	b.put("assumed", choose(len(who) > 0, " and if "+names(who)+" applied the complementary controls assumed in the design", ""))
	b.put("assumedoperated", choose(len(who) > 0, ", if the complementary controls assumed at "+names(who)+" operated effectively as well", ""))
}

// familyFields are those in which a report on objectives and one on criteria differ.
func (b *builder) familyFields() {
	one := b.form.Family == "soc1"
	b.put("aims", choose(one, "control objectives", "service commitments and system requirements"))
	b.put("theaims", choose(one, "the control objectives stated in the description", "the service commitments and system requirements"))
	b.put("presents", choose(one, "fairly presents", "presents"))
	b.put("present", choose(one, "fairly present", "present"))
	b.put("objectivestoo", choose(one, ", of the suitability of the control objectives stated in it and of the criteria that management chose", ""))
	assertion := choose(b.form.Family == "soc1" && b.form.under("isae") && !b.holds("dual"), "statement", "assertion")
	b.put("assertion", assertion)
	b.put("described", choose(b.form.Family == "soc3", "our assertion", "the description and our "+assertion))
	b.put("letteron", choose(b.form.Family == "soc3", "our assertion on the controls within {system} of {organization} {when}",
		"the description of {system} of {organization} {when} and of the {subject} of its controls"))
	b.put("anassertion", choose(assertion == "statement", "a statement", "an assertion"))
	criteria := b.standards["criteria"].Words + " relevant to " + words(b.f.Categories) + " (" + b.standards["criteria"].Sections + ")"
	b.put("controlcriteria", choose(one, "the control objectives stated in it", criteria))
	b.put("basedon", choose(one, "", " on the basis of "+criteria))
	section := b.filled["assertionsection"].Text
	b.put("descriptioncriteria", choose(one, "the criteria stated in the "+assertion+" of management in "+section, b.standards["description"].Words))
}

// regimeFields are those in which the standards differ.
func (b *builder) regimeFields() {
	ssae, isae := b.form.under("ssae"), b.form.under("isae")
	b.put("ssae", b.standards["ssae"].Words)
	b.put("isae", b.standards["isae"].Words)
	pick := func(examination, assurance, both string) string {
		switch {
		case ssae && isae:
			return both
		case isae:
			return assurance
		}
		return examination
	}
	b.put("engagement", pick("examination", "assurance engagement", "examination"))
	b.put("examine", pick("examine", "report on", "examine, and to report on,"))
	b.put("examined", pick("We have examined", "We were engaged to report on", "We have examined, and were engaged to report on,"))
	b.put("reportword", pick("report", "assurance report", "report"))
	b.put("confirm", pick("assert", "confirm, to the best of our knowledge and belief,", "assert, and confirm to the best of our knowledge and belief,"))
}

func (b *builder) examinedFields(e *Examination) {
	for name, text := range map[string]string{"addressee": e.Addressee, "firm": e.Firm.Name, "partner": e.Partner, "city": e.Firm.City, "region": e.Firm.Region, "licence": e.Firm.Licence,
		"independence": e.Firm.Independence, "revision": e.RevisionReason, "notoccurred": names(b.notOccurred()), "keeps": e.Unmodified} {
		b.filled[name] = data(text)
	}
	if b.allDisclaimed() { // nothing was examined to an end
		b.put("examined", "We were engaged to examine")
	}
	b.put("reportdate", choose(e.ReportDate != 0, e.ReportDate.Long(), "[date of the report]"))
	for _, name := range []string{"addressee", "firm", "city", "region", "licence"} {
		if strings.TrimSpace(b.filled[name].Text) == "" {
			b.put(name, "["+name+"]")
		}
	}
	n := 0
	for _, o := range b.opinions() {
		n += len(o.Basis)
	}
	b.put("matters", choose(n == 1, "matter", "matters"))
	b.put("them", choose(n == 1, "it", "them"))
}

// title fills the blanks of a section's title and of what it owes.
func (b *builder) title(text string) string {
	f := b.fields()
	up := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	text = strings.NewReplacer("{Assertion}", up(f["assertion"].Text), "{Matters}", up(b.noun())).Replace(text)
	return filled(text, func(name string) Run { return f[name] }).String()
}

// noun is what controls are held against, in the plural.
func (b *builder) noun() string {
	return choose(b.form.Family == "soc1", "control objectives", "criteria")
}

// standing chooses the standards of a report. A draft has no report date yet: the latest rows stand in it.
func (b *builder) chooseStandards() error {
	if b.form.Family == "" {
		return nil
	}
	reported, end := civil.MaxDate, civil.MaxDate
	if e := b.f.Examination; e != nil && e.ReportDate != 0 {
		reported, end = e.ReportDate, EndOf(b.f.When)
	}
	regimes := b.form.Regimes
	if b.form.Family != "soc1" {
		regimes = append([]string{"description", "criteria"}, regimes...)
	}
	b.standards = map[string]Standard{}
	for _, r := range regimes {
		s, err := StandardOf(r, b.form.Family, reported, end)
		if err != nil {
			return err
		}
		b.standards[r] = s
	}
	return nil
}
