package report

import (
	"regexp"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// labelled is a line of an incident's text that says of what it tells: what the description criteria ask for, each apart (DC 4).
var labelled = regexp.MustCompile(`^(Nature|Cause|Timing|Extent|Effect|Disposition|Response|Remedy|Follow-up): *(.+)$`)

// toldIncidents are the incidents that the description tells of, each under its own heading: what the record says of it, and then what
// management says, by nature, timing, extent and effect where its lines are labelled so.
func (b *builder) toldIncidents(told []assure.Incident) {
	b.para(say("The " + one(len(told), "incident below", Count(len(told))+" incidents below") + " came from controls that failed, or kept a commitment from being met."))
	recorded := map[string]IncidentFact{}
	for _, i := range b.f.Incidents {
		recorded[i.ID] = i
	}
	for _, i := range told {
		title, said := incidentText(i.Text)
		b.add(Block{Heading: &Heading{ID: "incident-" + slug(i.ID), Level: 3, Label: i.ID, Text: title}})
		var items []Term
		if r, ok := recorded[i.ID]; ok {
			if r.Detected != "" {
				items = append(items, Term{"Detected", Runs{say(Spoken(r.Detected, b.zone))}})
			}
			if r.Severity != "" {
				items = append(items, Term{"Severity", Runs{data(Sentence(r.Severity))}})
			}
		}
		b.add(Block{Terms: &Terms{Items: append(items, said...)}})
	}
}

// incidentText parts the text of an incident: a first line without a full stop is its title, labelled lines are terms, and what has no
// label belongs to the line before it.
func incidentText(text string) (title string, said []Term) {
	title = "Incident"
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		switch m := labelled.FindStringSubmatch(line); {
		case line == "":
		case m != nil:
			said = append(said, Term{m[1], Runs{data(m[2])}})
		case i == 0 && len(line) <= 100 && !strings.HasSuffix(line, "."):
			title = line
		case len(said) > 0:
			last := &said[len(said)-1]
			last.Value = append(last.Value, data(" "+line))
		default:
			said = append(said, Term{"What happened", Runs{data(line)}})
		}
	}
	return title, said
}
