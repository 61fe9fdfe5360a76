package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// IncidentFact is an incident on record, about which management decides whether the description tells of it (DC 4).
type IncidentFact struct {
	ID       string
	Severity string
	Detected string // RFC 3339; empty when unknown
	Impact   bool   // customers were affected
}

// description is section III: the parts that the criteria for a description ask for one by one, each with what management said, and with
// what is still to be written where nothing was.
func (b *builder) description(p part) {
	if b.f.Examination == nil {
		b.add(Block{Note: &Note{Tone: Owed, Title: "Owned by " + p.By, Text: Runs{say(p.Says)}}})
	} else {
		b.para(say("Management of "), data(b.f.Organization), say(" prepared this description and answers for it."))
	}
	b.heading(1, "system", "The report and the system")
	terms := []Term{
		{"Service organization", Runs{data(b.f.Organization)}},
		{"System", Runs{data(b.f.System)}},
		{"Time zone", Runs{data(b.zone.String()), say(". Days begin and end at local midnight.")}},
		{"Categories", Runs{say(words(b.f.Categories))}},
		{"Criteria in scope", Runs{figure(len(b.f.Criteria), "criteria")}},
		{"Controls", Runs{figure(len(b.f.Controls), "criteria")}},
	}
	if b.form.Family == "soc1" {
		terms = slices.Delete(terms, 3, 4)
		terms[3].Name = "Control objectives"
	}
	b.add(Block{Terms: &Terms{Items: slices.Concat(terms[:2], b.whenTerms(), terms[2:])}})
	at := len(b.cur.Blocks)
	var lacking []string
	n := 0
	t := &Table{ID: "description", Columns: []Column{{Title: "Part", Narrow: true}, {Title: "Subject", Wide: true}, {Title: "State"}}}
	for _, d := range b.form.parts {
		if !b.meets(d.When) {
			continue
		}
		n++
		owed := b.part(d)
		state := Runs{mark(MarkPass, "Stated")}
		if len(owed) > 0 {
			state = Runs{mark(MarkGap, "Incomplete")}
			lacking = append(lacking, d.ID)
		}
		t.Rows = append(t.Rows, Row{Cells: []Runs{{link(d.ID, "#"+partID(d.ID))}, {say(d.Title)}, state}})
	}
	if len(lacking) > 0 || b.f.Examination == nil {
		t.Caption = Runs{say("Parts of the description: " + strconv.Itoa(n-len(lacking)) + " of " + strconv.Itoa(n) + " are stated")}
		b.cur.Blocks = slices.Insert(b.cur.Blocks, at, Block{Paragraph: Runs{ref(t.ID), say(" lists the parts of this description, and which of them are still to be written.")}}, Block{Table: t})
	}
	if len(lacking) > 0 {
		b.open("description", "description", say("The description is incomplete in "+Plural(len(lacking), "part", "parts")+": "+join(lacking)+"."))
	}
	b.events()
}

func partID(id string) string { return strings.ToLower(strings.ReplaceAll(id, " ", "-")) }

// part is one part of the description. It answers what is still to be written.
func (b *builder) part(d describedPart) (owed []Runs) {
	b.add(Block{Heading: &Heading{ID: partID(d.ID), Level: 1, Label: d.ID, Text: d.Title}})
	text := b.f.About.Texts[d.Text]
	written := d.Text != "" && strings.TrimSpace(text) != ""
	if written {
		blocks, left := markdown(partID(d.ID), 1, text)
		b.cur.Blocks = append(b.cur.Blocks, blocks...)
		for _, what := range left {
			owed = append(owed, Runs{say("The text of this part holds "), data(what), say(", which a report cannot: it was left out. Say it in words.")})
		}
	}
	parts := map[string]func(written bool) []Runs{
		"services": b.services, "commitments": b.commitments, "components": b.components, "incidents": b.incidents, "related": b.related,
		"cuecs": b.cuecs, "subservice": b.subservice, "not_relevant": b.notRelevant, "changes": b.changes,
		"procedures": b.procedures, "records": b.records,
	}
	if f := parts[d.Draws]; f != nil {
		owed = append(owed, f(written)...)
	} else if !written {
		owed = append(owed, Runs{say("Nothing is written.")})
	}
	if len(owed) > 0 {
		b.add(Block{Note: &Note{Tone: Owed, Title: "Still to be written", List: owed}})
	}
	return owed
}

func (b *builder) whenTerms() []Term {
	switch w := b.f.When.(type) {
	case AsOf:
		return []Term{{"As of", Runs{say(w.Date.Long() + ", which means until the end of that local day (" +
			Spoken(w.Until().String(), w.Zone) + ")")}}}
	case Throughout:
		return []Term{{"Period", Runs{say(w.From.Long() + " to " + w.To.Long() + ", both days included")}}}
	}
	return nil
}

func lacks(there bool, what string) []Runs {
	if there {
		return nil
	}
	return []Runs{{say(what)}}
}

// named lists pieces with what is said of them. Where lead says something, it stands before the table, after a reference to it.
func (b *builder) named(id, caption, head, lead string, list []assure.Part) {
	if len(list) == 0 {
		return
	}
	t := &Table{ID: id, Caption: Runs{say(caption)}, Columns: []Column{{Title: head}, {Title: "What it is", Wide: true}}}
	for _, x := range list {
		t.Rows = append(t.Rows, Row{Cells: []Runs{{data(x.Name)}, {data(x.Text)}}})
	}
	if lead != "" {
		b.para(ref(id), say(" "+lead))
	}
	b.add(Block{Table: fitting(t, "What it is")})
}

func (b *builder) services(written bool) []Runs {
	b.named("services", "Services that the report covers", "Service", "names the services that the report covers.", b.f.About.Services)
	return lacks(written || len(b.f.About.Services) > 0, "Which services the report covers, and to whom they are given.")
}

func (b *builder) commitments(written bool) []Runs {
	list := b.f.About.Commitments
	if lead := b.committed(list); len(lead) > 0 {
		b.add(Block{Paragraph: lead})
	}
	for _, requirement := range []bool{false, true} {
		id, caption := "commitments", "Principal service commitments, made to users"
		if requirement {
			id, caption = "requirements", "System requirements, which follow from commitments, laws and the business"
		}
		t := &Table{ID: id, Caption: Runs{say(caption)}, Columns: []Column{{Title: "No.", Narrow: true}, {Title: "Text", Wide: true}, {Title: "Criteria"}}}
		for _, c := range list {
			if c.Requirement == requirement {
				t.Rows = append(t.Rows, Row{Cells: []Runs{{say(strconv.Itoa(len(t.Rows) + 1))}, {data(c.Text)}, b.criterionLinks(b.inScope(c.Criteria))}})
			}
		}
		if len(t.Rows) > 0 {
			b.add(Block{Table: fitting(t, "Criteria")})
		}
	}
	return lacks(written || len(list) > 0, "The principal service commitments to users, and the requirements of the system that follow from them.")
}

// committed says where the commitments and the requirements stand.
func (b *builder) committed(list []assure.Commitment) Runs {
	requires := func(c assure.Commitment) bool { return c.Requirement }
	required := slices.ContainsFunc(list, requires)
	promised := slices.ContainsFunc(list, func(c assure.Commitment) bool { return !c.Requirement })
	switch {
	case required && promised:
		return Runs{ref("commitments"), say(" gives the principal service commitments, "), ref("requirements"), say(" the system requirements that follow from them.")}
	case promised:
		return Runs{ref("commitments"), say(" gives the principal service commitments.")}
	case required:
		return Runs{ref("requirements"), say(" gives the system requirements.")}
	}
	return nil
}

// criterionLinks links criteria in scope; others are named only.
func (b *builder) criterionLinks(ids []string) Runs {
	var out Runs
	for i, id := range ids {
		if i > 0 {
			out = append(out, say(", "))
		}
		if slices.ContainsFunc(b.f.Criteria, func(c assure.Criterion) bool { return c.ID == id }) {
			out = append(out, link(id, "#criterion-"+slug(id)))
		} else {
			out = append(out, data(id))
		}
	}
	return out
}

func (b *builder) components(written bool) (owed []Runs) {
	c := b.f.About.Components
	kinds := []struct {
		id, title, caption, head string
		list                     []assure.Part
	}{{"infrastructure", "Infrastructure", "Infrastructure on which the system runs", "Component", c.Infrastructure}, {"software", "Software", "Software of the system", "Program", c.Software},
		{"people", "People", "People who run the system and use it", "Group", c.People}, {"procedures", "Procedures", "Procedures by which the system is run", "Procedure", c.Procedures},
		{"data", "Data", "Data that the system holds", "Kind of data", c.Data}}
	var where []string
	for _, x := range kinds {
		if len(x.list) > 0 {
			where = append(where, "component-"+x.id)
		}
	}
	if len(where) > 0 {
		b.add(Block{Paragraph: slices.Concat(Runs{say("The components of the system, kind by kind, are given in ")}, refs(where), Runs{say(".")})})
	}
	for _, x := range kinds {
		b.named("component-"+x.id, x.caption, x.head, "", x.list)
		owed = append(owed, lacks(written || len(x.list) > 0, x.title+": of what the system consists in this respect.")...)
	}
	b.systems()
	b.named("locations", "Locations of the system", "Location", "lists the places where the system is run and used.", b.f.About.Locations)
	b.flow(b.f.About.Flow)
	return append(owed, lacks(written || len(b.f.About.Flow.Nodes) > 0, "Where data of users is created, processed, stored and transmitted.")...)
}

func (b *builder) systems() {
	if len(b.f.Systems) == 0 {
		return
	}
	t := &Table{ID: "systems", Caption: Runs{say("Systems inside the boundary, from the register of systems")},
		Columns: []Column{{Title: "System"}, {Title: "Kind"}, {Title: "Environment"}, {Title: "Owner"}}}
	for _, s := range b.f.Systems {
		t.Rows = append(t.Rows, Row{Cells: []Runs{{code(s.Name)}, {data(s.Kind)}, {data(s.Environment)}, {data(s.Owner)}}})
	}
	t.Shown, t.Total = len(t.Rows), len(t.Rows)
	b.para(ref(t.ID), say(" lists the systems inside the boundary, as the register of systems holds them."))
	b.add(Block{Table: fitting(t, "Kind", "Environment", "Owner")})
}

// incidents tells of those that management decided to tell of, and names those about which nobody decided.
func (b *builder) incidents(written bool) []Runs {
	a := b.f.About
	decided := map[string]bool{}
	var told []assure.Incident
	for _, i := range a.Incidents {
		decided[i.ID] = true
		if i.Disclose {
			told = append(told, i)
		}
	}
	if len(told) > 0 {
		b.toldIncidents(told)
	} else if a.NoIncidents != "" {
		b.para(data(a.NoIncidents))
	}
	var open []string
	for _, i := range b.f.Incidents {
		if !decided[i.ID] {
			open = append(open, i.ID)
		}
	}
	owed := lacks(written || len(a.Incidents) > 0 || a.NoIncidents != "", "Which incidents kept a commitment from being met, or that none did.")
	if len(open) > 0 {
		owed = append(owed, Runs{say("For "), data(Plural(len(open), "incident", "incidents") + " on record"), say(" nobody has decided whether the description tells of it: "), data(firstOf(open, 12))})
	}
	return owed
}

// firstOf names the first of a list and counts the rest.
func firstOf(list []string, n int) string {
	if len(list) <= n {
		return join(list)
	}
	return join(list[:n]) + " and " + Count(len(list)-n) + " more"
}

func (b *builder) related(bool) []Runs {
	if len(b.f.Controls) == 0 {
		return []Runs{{say("The controls: the program holds none yet.")}}
	}
	b.para(figure(len(b.f.Criteria), "criteria"), say(" "+b.noun()+" and "), figure(len(b.f.Controls), "criteria"), say(" controls that serve them stand in section IV, which is a part of this description."))
	return nil
}

func (b *builder) cuecs(written bool) []Runs {
	a := b.f.About
	if len(a.CUECs) > 0 {
		b.para(say("Controls of the service organization were designed on the assumption that users of the system do what "), ref("cuecs"), say(" lists. Where they do not, the "+b.noun()+" that rest on it are not met by the controls of the service organization alone."))
		t := &Table{ID: "cuecs", Caption: Runs{say("Complementary user entity controls")}, Columns: []Column{{Title: "No.", Narrow: true}, {Title: "What users do", Wide: true}, {Title: b.heldAgainst()}}}
		for _, c := range a.CUECs {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{data(c.ID)}, {data(c.Text)}, b.criterionLinks(b.inScope(c.Criteria))}})
		}
		b.add(Block{Table: fitting(t, b.heldAgainst())})
	} else if a.NoCUECs != "" {
		b.para(data(a.NoCUECs))
	}
	b.named("user-duties", "Good practice of users", "Duty", "lists what users are asked to do besides. It is good practice, on which no "+choose(b.form.Family == "soc1", "control objective", "criterion")+" rests.", a.Duties)
	return lacks(written || len(a.CUECs) > 0 || a.NoCUECs != "", "What users must do for the "+b.noun()+" to be met, or that they need do nothing.")
}

func (b *builder) subservice(written bool) (owed []Runs) {
	a := b.f.About
	for i, v := range a.Subservice {
		id := "subservice-" + strconv.Itoa(i+1)
		b.add(Block{Heading: &Heading{ID: id, Level: 2, Text: v.Name}})
		method := "Carve-out: its controls are excluded from this description and from the examination"
		if v.Method == "inclusive" {
			method = "Inclusive: its part of the system and its controls are described and examined with those of the service organization"
		}
		terms := []Term{{"Services", Runs{data(v.Services)}}, {"Method", Runs{say(method)}}, {"Monitored by", b.controlLinks(v.Monitoring)}}
		if v.Report != "" {
			said := Runs{data(v.Report)}
			if v.ReportEnd != nil {
				said = append(said, say(", to "+v.ReportEnd.Long()))
			}
			terms = append(terms, Term{"Its own report", said})
		}
		b.add(Block{Terms: &Terms{Items: terms}})
		if len(v.CSOCs) > 0 {
			t := &Table{ID: id + "-csocs", Caption: Runs{say("Complementary subservice organization controls of "), data(v.Name)},
				Columns: []Column{{Title: "No.", Narrow: true}, {Title: "What it does", Wide: true}, {Title: b.heldAgainst()}}}
			for k, c := range v.CSOCs {
				t.Rows = append(t.Rows, Row{Cells: []Runs{{say(strconv.Itoa(k + 1))}, {data(c.Text)}, b.criterionLinks(b.inScope(c.Criteria))}})
			}
			b.para(ref(t.ID), say(" lists the controls that are assumed to be in place at "), data(v.Name), say("."))
			b.add(Block{Table: fitting(t, b.heldAgainst())})
		}
		if v.Method == "carve_out" && len(v.CSOCs) == 0 {
			owed = append(owed, Runs{data(v.Name), say(": which of its controls are assumed; it is carved out.")})
		}
		if len(v.Monitoring) == 0 {
			owed = append(owed, Runs{data(v.Name), say(": by which of our controls it is monitored.")})
		}
	}
	if len(a.Subservice) == 0 && a.NoSubservice != "" {
		b.para(data(a.NoSubservice))
	}
	return append(owed, lacks(written || len(a.Subservice) > 0 || a.NoSubservice != "", "Which vendors' controls are necessary, and by which method each is presented; or that there is none.")...)
}

// controlLinks links controls of the program; others are named only.
func (b *builder) controlLinks(ids []string) Runs {
	if len(ids) == 0 {
		return Runs{say("nothing is named")}
	}
	var out Runs
	for i, id := range ids {
		if i > 0 {
			out = append(out, say(", "))
		}
		if slices.ContainsFunc(b.f.Controls, func(c assure.Control) bool { return c.ID == id }) {
			out = append(out, link(id, "#control-"+slug(id)))
		} else {
			out = append(out, data(id))
		}
	}
	return out
}

func (b *builder) notRelevant(bool) []Runs {
	t := &Table{ID: "not-relevant", Caption: Runs{say("Criteria that are not relevant to the system")}, Columns: []Column{{Title: "Criterion", Narrow: true}, {Title: "Why", Wide: true}}}
	for _, cr := range b.f.Criteria {
		if why := b.f.Reasons[cr.ID]; why != "" {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{link(cr.ID, "#criterion-"+slug(cr.ID))}, {data(why)}}})
		}
	}
	if len(t.Rows) > 0 {
		b.para(ref(t.ID), say(" says which criteria in scope are not relevant to the system, and why."))
		b.add(Block{Table: t})
		return nil
	}
	b.para(say("Management names no criterion in scope as not relevant."))
	return nil
}

// changes tells of significant changes during the period; versions of controls that begin in it are drawn from the
// program.
func (b *builder) changes(written bool) []Runs {
	a := b.f.About
	t := &Table{ID: "changes", Caption: Runs{say("Significant changes during the period")}, Columns: []Column{{Title: "On"}, {Title: "What changed", Wide: true}}}
	w, _ := b.f.When.(Throughout)
	for _, c := range a.Changes {
		if c.On >= w.From && c.On <= w.To {
			t.Rows = append(t.Rows, Row{Cells: []Runs{{say(c.On.Long())}, {data(c.Text)}}})
		}
	}
	for _, c := range b.f.Amended {
		t.Rows = append(t.Rows, Row{Cells: []Runs{{say(c.On.Long())}, {data(c.Text)}}})
	}
	if len(t.Rows) > 0 {
		b.para(ref(t.ID), say(" lists what changed significantly in the system and in its controls during the period."))
		b.add(Block{Table: t})
	} else if a.NoChanges != "" {
		b.para(data(a.NoChanges))
	}
	return lacks(written || len(t.Rows) > 0 || a.NoChanges != "", "What changed significantly in the system or its controls during the period, or that nothing did.")
}

// heldAgainst heads a column of what controls serve.
func (b *builder) heldAgainst() string {
	if b.form.Framework == "iso27001" {
		return "Controls of Annex A"
	}
	return choose(b.form.Family == "soc1", "Control objectives", "Criteria")
}

// criteria is the table of criteria or objectives and their controls. One with neither control nor
// reason is an open point: the report could not be issued with it.
func (b *builder) criteria() {
	one := b.form.Family == "soc1"
	b.heading(1, "criteria", b.heldAgainst()+" and the controls that serve them")
	lead := Runs{ref("criteria-table"), say(" names the controls that serve each " + choose(one, "control objective", "criterion") + " in scope.")}
	if !one {
		lead = append(lead, say(" Criteria are given in our own words and named by their published identifiers; the official text is not reproduced."))
	}
	b.add(Block{Paragraph: lead})
	t := &Table{ID: "criteria-table", Columns: []Column{{Title: choose(one, "Objective", "Criterion"), Narrow: true}, {Title: "Subject", Wide: true}, {Title: "Controls", Wide: true}}}
	served := 0
	var bare []string
	for _, cr := range b.f.Criteria {
		cell := b.controlsOf(cr)
		switch reason, excused := b.f.Reasons[cr.ID]; {
		case len(cell) > 0:
			served++
		case excused:
			cell = Runs{say("Not relevant: "), data(reason)}
		default:
			bare = append(bare, cr.ID)
			cell = Runs{mark(MarkGap, "Neither control nor reason")}
		}
		t.Rows = append(t.Rows, Row{ID: "criterion-" + slug(cr.ID), Cells: []Runs{{data(cr.ID)}, {data(cr.Title)}, cell}})
	}
	t.Caption = Runs{say(b.heldAgainst() + " in scope: "), figureOf(served, len(b.f.Criteria), t.ID), say(" served by at least one control")}
	b.add(Block{Table: t})
	if len(bare) > 0 {
		b.open("criterion", t.ID, figureOf(len(bare), len(b.f.Criteria), t.ID),
			say(" "+b.noun()+" in scope have neither a control nor a reason: "), data(join(bare)), say("."))
	}
}

// controlsOf links a criterion's controls, primary ones first.
func (b *builder) controlsOf(cr assure.Criterion) Runs {
	var out Runs
	list := func(after string, serves func(assure.Control) []string) {
		for _, c := range b.f.Controls {
			if slices.Contains(serves(c), cr.ID) {
				if len(out) > 0 {
					out = append(out, say(", "))
				}
				out = append(out, link(c.ID, "#control-"+slug(c.ID)))
				if after != "" {
					out = append(out, Run{Text: after, Quiet: true})
				}
			}
		}
	}
	if b.form.Family == "soc1" {
		list("", func(c assure.Control) []string { return c.Objectives })
		return out
	}
	list("", func(c assure.Control) []string { return c.Criteria })
	list(" (supporting)", func(c assure.Control) []string { return c.Supporting })
	return out
}

func join(ids []string) string { return strings.Join(ids, ", ") }
