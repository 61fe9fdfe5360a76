// Package scope says what an engagement covers: which report, over which dates in which zone, in
// which categories, and which controls, each with its versions by interval.
package scope

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Program is the scope of one organization's report, as sealed in its ledger.
type Program struct {
	Name       string      `json:"name"`
	Report     string      `json:"report"`
	Zone       civil.Zone  `json:"zone"`
	From       *civil.Date `json:"from,omitempty"`
	To         *civil.Date `json:"to,omitempty"`
	AsOf       *civil.Date `json:"as_of,omitempty"`
	Categories []string    `json:"categories"`           // of the Trust Services Criteria; security is always among them
	Objectives []string    `json:"objectives,omitempty"` // families of control objectives of a SOC 1 report; itgc is always among them
	Reason     string      `json:"reason,omitempty"`     // why a period is unusually short
	// Reasons says of a category why it is in the report or left out. Management owes the reader one for each.
	Reasons map[string]string `json:"category_reasons,omitempty"`
}

// Firm is what stands in the place of the report of an audit firm: it examines others, in engagements, and prepares no report of its own.
const Firm = "firm"

// Check refuses a scope that no report could have, and warns of an unusual one (handbook 1.7, 85).
func (p *Program) Check() (warnings []string, err error) {
	if strings.TrimSpace(p.Name) == "" {
		return nil, field("--name", "the organization has no name")
	}
	for _, r := range p.Name {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return nil, field("--name", "%+q holds the control character %U, by which it could read as another name", p.Name, r)
		}
	}
	if p.Report == Firm {
		if p.From != nil || p.To != nil || p.AsOf != nil || len(p.Categories)+len(p.Objectives) > 0 {
			return nil, field("--report", "an audit firm prepares no report of its own; expected neither dates nor categories")
		}
		return nil, nil
	}
	k, err := KindOf(p.Report)
	if err != nil {
		return nil, err
	}
	if err := p.checkCategories(k); err != nil {
		return nil, err
	}
	warnings, err = p.checkObjectives(k)
	if err != nil {
		return nil, err
	}
	unusual, err := p.checkDates(k)
	return append(warnings, unusual...), err
}

// checkDates asks for the date of a Type 1 and the period of a Type 2.
func (p *Program) checkDates(k Kind) ([]string, error) {
	switch {
	case p.AsOf != nil && !k.AsOf:
		return nil, field("--as-of", "%s covers a period; expected --from and --to", k.Title)
	case p.AsOf != nil && (p.From != nil || p.To != nil):
		return nil, field("--as-of", "a report has a date or a period, not both")
	case p.AsOf != nil:
		return nil, nil
	case !k.Period:
		return nil, field("--as-of", "%s is about one date; expected --as-of DATE", k.Title)
	case p.From == nil || p.To == nil:
		return nil, field("--from, --to", "%s covers a period; expected --from DATE and --to DATE", k.Title)
	}
	return p.checkPeriod(k)
}

func (p *Program) checkPeriod(k Kind) ([]string, error) {
	if _, err := civil.NewPeriod(*p.From, *p.To, p.Zone); err != nil {
		return nil, field("--to", "%v", err)
	}
	after := *p.To + 1
	switch {
	case after < p.From.AddMonths(3) && p.Reason == "" && k.Framework == catalog.ISO27001:
		return nil, field("--to", "a period under three months proves little of how controls operate; give --reason to insist, or --as-of DATE")
	case after < p.From.AddMonths(3) && p.Reason == "":
		return nil, field("--to", "a period under three months proves little of how controls operate; give --reason to insist").
			WithHint("users of a %s report usually expect six to twelve months", k.Title)
	case k.Framework == catalog.ISO27001: // its audits come by the calendar of the certificate, and no reader asks for a length
		return nil, nil
	case after < p.From.AddMonths(6):
		return []string{"the period is shorter than six months: the report should state why"}, nil
	case after > p.From.AddMonths(12):
		return []string{"the period is longer than twelve months: users usually expect a report a year"}, nil
	}
	return nil, nil
}

func (p *Program) checkCategories(k Kind) error {
	known := []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"}
	if k.Framework != catalog.TSC {
		if len(p.Categories) > 0 {
			return field("--categories", "%s is not about categories", k.Title)
		}
		return nil
	}
	for c := range p.Reasons {
		if !slices.Contains(known, c) {
			return field("category_reasons", "there is no category %q; expected some of %s", c, strings.Join(known, ", "))
		}
	}
	for _, c := range p.Categories {
		if !slices.Contains(known, c) {
			return field("--categories", "there is no category %q; expected some of %s", c, strings.Join(known, ", "))
		}
	}
	var out []string
	for _, c := range known {
		if c == "security" || slices.Contains(p.Categories, c) { // security is compulsory
			out = append(out, c)
		}
	}
	p.Categories = out
	return nil
}

func field(name, format string, args ...any) *fault.Error {
	e := fault.Refuse(format, args...)
	e.Field = name
	return e
}

// Period is the period of a Type 2 scope.
func (p Program) Period() (civil.Period, bool) {
	if p.From == nil || p.To == nil {
		return civil.Period{}, false
	}
	return civil.Period{From: *p.From, To: *p.To, Zone: p.Zone}, true
}

// Version is a control with its tests as in force for an interval of civil dates, as sealed.
type Version struct {
	Control     assure.Control `json:"control"`
	Version     int            `json:"version"`
	From        civil.Date     `json:"from"` // inclusive
	To          *civil.Date    `json:"to,omitempty"`
	Editorial   bool           `json:"editorial,omitempty"`   // only the wording changed: the tests of the version before go on
	Implemented *civil.Date    `json:"implemented,omitempty"` // when it was implemented; absent: designed only
	Test        string         `json:"test"`                  // the test file; empty when the control has no compiled test
}

// Key is the version's natural key in its register.
func (v Version) Key() string { return v.Control.ID + "/" + strconv.Itoa(v.Version) }

// First is the day from which a control's first version is in force when nobody says otherwise.
var First = civil.NewDate(1970, 1, 1)
