package catalog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

var (
	controlID   = regexp.MustCompile(`^[A-Z]{2,4}-[0-9]{2,3}$`)
	frequencies = []assure.Frequency{
		assure.PerEvent, assure.Continuous, assure.Daily, assure.Weekly, assure.Monthly,
		assure.Quarterly, assure.Semiannual, assure.Annual,
	}
	shapes  = []assure.Shape{assure.Event, assure.Schedule, assure.State, assure.Roster}
	natures = []string{"manual", "automated", "hybrid"}
	types   = []string{"preventive", "detective", "corrective"}
)

// A statement says who does what, when. These words leave open whether it was done, so that
// no test can decide it; or they claim what only an examination may conclude.
var vague = regexp.MustCompile(`(?i)\b(should|may|might|appropriate(ly)?|adequate(ly)?|periodic(ally)?|regular(ly)?|timely|` +
	`as (needed|necessary|required|appropriate)|where (possible|feasible)|if possible|best effort|etc|and so on|` +
	`certified|compliant|guarantees?|ensures?)\b`)

// mostWords is the longest statement: what is longer holds more than one act, and more than one answer.
const mostWords = 45

// Check refuses a control that lacks what a test, an owner or a report needs, or whose
// statement no test could decide.
func Check(c Control) error {
	if !controlID.MatchString(c.ID) {
		return refuse(c.ID, "id", "expected letters, a hyphen and a number, as in CHG-01")
	}
	for _, f := range []struct{ name, value string }{
		{"title", c.Title}, {"statement", c.Statement}, {"owner_role", c.Owner},
		{"population.unit", c.Unit}, {"population.source", c.Source},
		{"population.completeness_check", c.Completeness},
		{"pass_rule", c.PassRule}, {"escalation", c.Escalation},
	} {
		if f.value == "" {
			return refuse(c.ID, f.name, "is missing")
		}
	}
	switch {
	case !slices.Contains(frequencies, c.Frequency):
		return refuse(c.ID, "frequency", "%q is unknown; expected one of %v", c.Frequency, frequencies)
	case !slices.Contains(shapes, c.Shape):
		return refuse(c.ID, "population.shape", "%q is unknown; expected one of %v", c.Shape, shapes)
	case !slices.Contains(natures, c.Nature):
		return refuse(c.ID, "nature", "%q is unknown; expected one of %v", c.Nature, natures)
	case !slices.Contains(types, c.Type):
		return refuse(c.ID, "type", "%q is unknown; expected one of %v", c.Type, types)
	case len(c.EvidenceTypes) == 0:
		return refuse(c.ID, "evidence_types", "is empty; expected at least one")
	case len(c.Criteria)+len(c.ISO27001)+len(c.Objectives) == 0:
		return refuse(c.ID, "map", "is empty; a control that serves no criterion or objective has no place in a report")
	}
	if n := len(strings.Fields(c.Statement)); n > mostWords {
		return refuse(c.ID, "statement", "has %d words; expected %d at most: one actor, one act, one time", n, mostWords)
	}
	if w := vague.FindString(c.Statement); w != "" {
		return refuse(c.ID, "statement", "says %q, which no test can decide; say who does what, by when", w)
	}
	return nil
}
