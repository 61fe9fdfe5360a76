package example

import (
	"cmp"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// What an artefact is, as the register of inspections calls it.
const (
	systemRecord = "system_record"
	signedRecord = "signed_record"
	document     = "document"
	statement    = "statement"
)

// inspection is what a person wrote down about one item of a checklist. What is left empty or
// zero is left out of the export, as a form that was not filled in.
type inspection struct {
	on    civil.Date    // the day on which the control was performed
	by    string        // who performed it: an address, an id or a login
	proof string        // the name of the artefact
	kind  string        // what the artefact is: systemRecord, signedRecord, document or statement
	dated civil.Date    // when the artefact was made
	who   string        // who inspected it
	at    civil.Instant // when it was inspected
	// answers are those to the attributes from A on, one letter each: y yes, n no, x not applicable,
	// - none. What only "performed" or "check" asks of has no answer: "-".
	answers string
}

// inspected is an inspection on its way to the export.
type inspected struct {
	control, item string
	inspection
}

// inspection notes what a person answered about an item of a control: at most one for each item.
// All areas note theirs here, and inspections makes one export of them, which is the last.
//
//	c.inspection("GOV-01", "2025-Q3", inspection{
//		on: day("2025-09-18"), by: c.people[0].email, proof: "minutes 2025-09-18.pdf", kind: document, dated: day("2025-09-19"),
//		who: c.people[5].email, at: c.at(day("2025-10-02"), "14:10"), answers: "-yy",
//	})
func (c *company) inspection(control, item string, x inspection) {
	c.answers = append(c.answers, inspected{control, item, x})
}

// inspections are the answers that people gave to the checklists, oldest first. Those without a
// time of inspection come before all others.
func (c *company) inspections() []File {
	slices.SortStableFunc(c.answers, func(a, b inspected) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.control, b.control), cmp.Compare(a.item, b.item))
	})
	said := map[byte]any{'y': "yes", 'n': "no", 'x': "not_applicable", '-': nil}
	var rows []row
	for _, x := range c.answers {
		r := row{x.control, x.item, nil, optText(x.by), optText(x.proof), optText(x.kind), nil, optText(x.who), nil}
		if x.on != 0 {
			r[2] = x.on
		}
		if x.dated != 0 {
			r[6] = x.dated
		}
		if x.at != 0 {
			r[8] = x.at.In(c.zone)
		}
		for i := range 8 {
			var answer any
			if i < len(x.answers) {
				a, known := said[x.answers[i]]
				if !known {
					panic("example: an answer is one of y, n, x and -")
				}
				answer = a
			}
			r = append(r, answer)
		}
		rows = append(rows, r)
	}
	return []File{c.counted(File{
		Register: "inspections", Name: "inspections.csv", Source: "grc-tracker", Query: "checklists of all controls, all states",
		Data: table(',', true, []string{"control", "item", "performed_on", "performed_by", "evidence", "evidence_kind",
			"evidence_dated_on", "inspected_by", "inspected_at", "a", "b", "c", "d", "e", "f", "g", "h"}, rows),
	}, len(rows))}
}
