package report

import "github.com/assayhq/assay/internal/assure"

// procedures are those by which transactions run, of a description about control objectives.
func (b *builder) procedures(written bool) []Runs {
	c := b.f.About.Components
	b.named("procedures", "Procedures, automated and manual", "Procedure", "names the procedures, automated and manual.", c.Procedures)
	b.named("programs", "Software by which transactions are processed", "Program", "names the software by which transactions are processed.", c.Software)
	return lacks(written, "How transactions are initiated, authorized, recorded, processed, corrected and reported, from the first step to the reports for users.")
}

// records are what is kept of transactions.
func (b *builder) records(written bool) []Runs {
	b.named("records", "Records and information used", "Record", "names the records and the information that are used.", b.f.About.Components.Data)
	b.systems()
	b.flow(b.f.About.Flow)
	return lacks(written || len(b.f.About.Components.Data) > 0, "Which records, accounts and information are used to carry out transactions and to correct them.")
}

// boundary is what a SOC 3 says of the system: what it is and what is promised of it, and neither controls nor tests.
func (b *builder) boundary(p part) {
	a := b.f.About
	b.add(Block{Note: &Note{Tone: Info, Title: "Not examined apart from the assertion", Text: Runs{say(p.Says)}}})
	b.heading(1, "system", "The system")
	b.add(Block{Terms: &Terms{Items: append([]Term{{"Service organization", Runs{data(b.f.Organization)}}, {"System", Runs{data(b.f.System)}},
		{"Categories", Runs{say(words(b.f.Categories))}}}, b.whenTerms()...)}})
	if len(a.Services) == 0 {
		b.open("description", "system", say("The services that the report covers are not stated."))
	}
	b.named("services", "Services that the report covers", "Service", "names the services that the report covers.", a.Services)
	b.heading(1, "boundaries", "Boundaries of the system")
	t := &Table{ID: "components", Caption: Runs{say("Of what the system consists")}, Columns: []Column{{Title: "Component"}, {Title: "What it holds", Wide: true}}}
	for _, x := range []struct {
		name string
		list []assure.Part
	}{{"Infrastructure", a.Components.Infrastructure}, {"Software", a.Components.Software}, {"People", a.Components.People},
		{"Procedures", a.Components.Procedures}, {"Data", a.Components.Data}} {
		var in []string
		for _, c := range x.list {
			in = append(in, c.Name)
		}
		if len(in) > 0 {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{say(x.name)}, {data(names(in))}}})
		}
	}
	if len(t.Rows) > 0 {
		b.para(ref(t.ID), say(" says of what the system consists."))
		b.add(Block{Table: t})
	} else {
		b.open("description", "boundaries", say("The boundaries of the system are not stated."))
	}
	if b.holds("carve_out") {
		b.para(b.fields()["organization"], say(" uses subservice organizations. Their controls lie outside the boundaries of the system."))
	}
	b.heading(1, "principal", "Principal service commitments and system requirements")
	var list []Runs
	for _, c := range a.Commitments {
		list = append(list, Runs{data(c.Text)})
	}
	if len(list) > 0 {
		b.add(Block{List: list})
	} else {
		b.open("description", "principal", say("The principal service commitments are not stated."))
	}
}
