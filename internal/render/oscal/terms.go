package oscal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/report"
)

// party names an organization that a document speaks of.
func party(name string) string { return uuid("party", name) }

// assessor is who tests: the firm of an examination, else the organization itself.
func (b *builder) assessor() string {
	if e := b.f.Examination; e != nil {
		return party(e.Firm.Name)
	}
	return party(b.f.Organization)
}

// found names who found something and, where a task is given, by which.
func (b *builder) found(task string) []Origin {
	o := Origin{Actors: []Actor{{Type: "party", UUID: b.assessor()}}}
	if task != "" {
		o.Tasks = []RelatedTask{{UUID: task}}
	}
	return []Origin{o}
}

// auditors is the head of a document that a service auditor answers for, where the facts hold an examination. It is a draft until the
// report was issued.
func (b *builder) auditors(what string) *Metadata {
	m, e := b.metadata(what), b.f.Examination
	if e == nil {
		return m
	}
	b.withFirm(m)
	m.ResponsibleParties = []ResponsibleParty{{RoleID: "prepared-by", PartyUUIDs: []string{party(e.Firm.Name)}}, {RoleID: "assessor", PartyUUIDs: []string{party(e.Firm.Name)}}}
	m.Remarks = "DRAFT. The report of the service auditor has not been issued."
	if !e.Issued {
		return m
	}
	m.Title = strings.TrimPrefix(m.Title, "DRAFT · ")
	m.Props = slices.DeleteFunc(m.Props, func(p Property) bool { return p.Name == "draft" })
	m.Props = join(m.Props, prop("issued", "true"), prop("report-date", e.ReportDate.String()), count("revision", e.Revision))
	m.Remarks = "Drawn from the service auditor's report of " + e.ReportDate.Long() + ". Only that report holds the opinion; this document does not replace it."
	return m
}

// withFirm adds the firm of an examination to the parties.
func (b *builder) withFirm(m *Metadata) {
	if e := b.f.Examination; e != nil {
		m.Roles = append(m.Roles, Role{ID: "assessor", Title: "Service auditor"})
		if p := party(e.Firm.Name); p != party(b.f.Organization) {
			m.Parties = append(m.Parties, Party{UUID: p, Type: "organization", Name: line(e.Firm.Name)})
		}
		m.ResponsibleParties = append(m.ResponsibleParties, ResponsibleParty{RoleID: "assessor", PartyUUIDs: []string{party(e.Firm.Name)}})
	}
}

// terms are what an assessment covers, leaves out, and how it is done, under the names that OSCAL has for them.
func (b *builder) terms() *Terms {
	t := &Terms{}
	put := func(name, title, prose string) {
		t.Parts = append(t.Parts, Part{Name: name, Title: title, Prose: prose})
	}
	in := markup(b.f.System) + " of " + markup(b.f.Organization) + ", " + b.when() + "."
	if len(b.f.Categories) > 0 {
		in += " Categories: " + markup(strings.Join(b.f.Categories, ", ")) + "."
	}
	put("assessment-inclusions", "What is assessed", in)
	for _, v := range b.f.About.Subservice {
		if v.Method == "inclusive" {
			put("assessment-inclusions", "Subservice organization, included", markup(v.Name)+": "+markup(v.Services))
			continue
		}
		put("assessment-exclusions", "Subservice organization, carved out", markup(v.Name)+": "+markup(v.Services))
	}
	for _, c := range b.f.Criteria {
		if why := b.f.Reasons[c.ID]; why != "" {
			put("assessment-exclusions", "Criterion that is not relevant", markup(c.ID)+": "+markup(why))
		}
	}
	put("methodology", "How it is assessed", b.methodology())
	e := b.f.Examination
	if e == nil {
		return t
	}
	for _, l := range e.Limits {
		put("disclosures", "Evidence that could not be got", markup(l.Text))
	}
	if e.Firm.Independence != "" {
		put("disclosures", "Independence", markup(e.Firm.Independence))
	}
	if e.Addressee != "" {
		put("results-delivery", "Addressee", "The report is addressed to: "+markup(e.Addressee))
	}
	return t
}

// methodology says what the tests of a plan are, in figures.
func (b *builder) methodology() string {
	e := b.f.Examination
	switch {
	case e == nil && b.dated():
		return "Each control is walked through by one instance. No operation is tested as of a date."
	case e == nil:
		return "Each test is run by the service organization over every item of its population, not over a sample. It is not the examination of a service auditor."
	}
	kinds, extents := map[report.ProcedureKind]bool{}, map[report.ExtentKind]int{}
	for _, t := range e.Tests {
		for _, p := range t.Procedures {
			kinds[p.Kind] = true
		}
		if t.Outcome == report.TestRun {
			extents[t.Extent.Kind]++
		}
	}
	var used []string
	for _, k := range []report.ProcedureKind{report.Inquiry, report.Observation, report.Inspection, report.Reperformance} {
		if kinds[k] {
			used = append(used, string(k))
		}
	}
	s := "Tests of the service auditor: " + strconv.Itoa(len(e.Tests)) + "; over a whole population " + strconv.Itoa(extents[report.Whole]) + ", over a selection " +
		strconv.Itoa(extents[report.Sampled]) + ", of one instance " + strconv.Itoa(extents[report.Instance]) + "."
	if len(used) > 0 {
		s += " Procedures: " + strings.Join(used, ", ") + "."
	}
	return s
}

// assets are the records that tests draw from, as of their checkpoint.
func (b *builder) assets() *Assets {
	root := b.f.Results.Checkpoint.Root
	c := Component{UUID: uuid("records", b.f.Organization, strconv.FormatInt(b.f.Results.Checkpoint.Size, 10), root), Type: "software", Title: "Registers of the program",
		Description: "The records from which populations are drawn, as of the checkpoint.", Status: &Status{State: "other", Remarks: "The program does not record an operating status."},
		Props: join(prop("checkpoint-size", strconv.FormatInt(b.f.Results.Checkpoint.Size, 10)), prop("checkpoint-root", root))}
	title := "Tests of the program"
	if e := b.f.Examination; e != nil {
		title = "Tests of " + markup(e.Firm.Name)
	}
	return &Assets{Components: []Component{c}, Platforms: []Platform{{UUID: uuid("platform", c.UUID, b.assessor()), Title: title,
		Uses: []Uses{{ComponentUUID: c.UUID, Responsible: []ResponsibleParty{{RoleID: "prepared-by", PartyUUIDs: []string{b.assessor()}}}}}}}}
}
