// Package scope says what an engagement covers: which report, over which dates in which zone, in
// which categories, and which controls, each with its versions by interval.
package scope

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Kind is a kind of report that an organization may prepare for.
type Kind struct {
	ID       string
	Title    string
	Period   bool // Type 2: a closed period of civil dates
	AsOf     bool // Type 1: a date
	Criteria bool // tested against the Trust Services Criteria
}

// Kinds lists the kinds of report. ISO 27001 is examined on evidence since the last audit: it
// takes a period or a date.
func Kinds() []Kind {
	return []Kind{
		{"soc1-type1", "SOC 1 Type 1", false, true, false},
		{"soc1-type2", "SOC 1 Type 2", true, false, false},
		{"soc2-type1", "SOC 2 Type 1", false, true, true},
		{"soc2-type2", "SOC 2 Type 2", true, false, true},
		{"soc3", "SOC 3", true, false, true},
		{"isae3402-type1", "ISAE 3402 Type 1", false, true, false},
		{"isae3402-type2", "ISAE 3402 Type 2", true, false, false},
		{"dual-type1", "SOC 1 and ISAE 3402 Type 1", false, true, false},
		{"dual-type2", "SOC 1 and ISAE 3402 Type 2", true, false, false},
		{"iso27001", "ISO/IEC 27001", true, true, false},
	}
}

// KindOf finds a kind of report.
func KindOf(id string) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if k.ID == id {
			return k, nil
		}
		names = append(names, k.ID)
	}
	return Kind{}, &fault.Error{Kind: fault.Refused, Field: "--report", What: "there is no report " + quote(id) + "; expected one of " + strings.Join(names, ", ")}
}

func quote(s string) string { return "\"" + s + "\"" }

// Program is the scope of one organization's report, as sealed in its ledger.
type Program struct {
	Name       string      `json:"name"`
	Report     string      `json:"report"`
	Zone       civil.Zone  `json:"zone"`
	From       *civil.Date `json:"from,omitempty"`
	To         *civil.Date `json:"to,omitempty"`
	AsOf       *civil.Date `json:"as_of,omitempty"`
	Categories []string    `json:"categories"`
	Reason     string      `json:"reason,omitempty"` // why a period is unusually short
}

// Check refuses a scope that no report could have, and warns of an unusual one (handbook 1.7, 85).
func (p *Program) Check() (warnings []string, err error) {
	if strings.TrimSpace(p.Name) == "" {
		return nil, field("--name", "the organization has no name")
	}
	k, err := KindOf(p.Report)
	if err != nil {
		return nil, err
	}
	if err := p.checkCategories(k); err != nil {
		return nil, err
	}
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
	case after < p.From.AddMonths(3) && p.Reason == "":
		return nil, field("--to", "a period under three months proves little of how controls operate; give --reason to insist").
			WithHint("users of a %s report usually expect six to twelve months", k.Title)
	case after < p.From.AddMonths(6):
		return []string{"the period is shorter than six months: the report should state why"}, nil
	case after > p.From.AddMonths(12):
		return []string{"the period is longer than twelve months: users usually expect a report a year"}, nil
	}
	return nil, nil
}

func (p *Program) checkCategories(k Kind) error {
	known := []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"}
	if !k.Criteria {
		if len(p.Categories) > 0 {
			return field("--categories", "%s is not about categories", k.Title)
		}
		return nil
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
	Implemented *civil.Date    `json:"implemented,omitempty"` // when it was implemented; absent: designed only
	Test        string         `json:"test"`                  // the test file; empty when the control has no compiled test
}

// Key is the version's natural key in its register.
func (v Version) Key() string { return v.Control.ID + "/" + strconv.Itoa(v.Version) }

// First is the day from which a control's first version is in force when nobody says otherwise.
var First = civil.NewDate(1970, 1, 1)

// Starter takes the controls of the library that a report needs, each with its tests in one
// version, and puts the organization's own versions in their place from the day each begins.
func Starter(p Program, c *catalog.Catalog, library, own []*tests.Test) ([]Version, error) {
	files := map[string]string{}
	for _, t := range library {
		files[t.Control] = t.File
	}
	var out []Version
	for _, ctl := range c.Controls {
		if p.needs(c, ctl) {
			out = append(out, Version{Control: ctl, Version: 1, From: First, Test: files[ctl.ID]})
		}
	}
	sort.SliceStable(own, func(i, j int) bool { return own[i].Version < own[j].Version })
	seen := map[string]bool{}
	for _, t := range own {
		if seen[t.Control+strconv.Itoa(t.Version)] {
			continue // the second test of the same file
		}
		seen[t.Control+strconv.Itoa(t.Version)] = true
		var err error
		if out, err = amend(out, c, t); err != nil {
			return nil, err
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		return out[i].Control.ID < out[j].Control.ID || out[i].Control.ID == out[j].Control.ID && out[i].Version < out[j].Version
	})
	return out, nil
}

// amend puts an organization's own version after or in the place of the one before it.
func amend(list []Version, c *catalog.Catalog, t *tests.Test) ([]Version, error) {
	ctl, ok := c.Control(t.Control)
	if !ok {
		return nil, field(t.Control, "the library has no control of this id")
	}
	v := Version{Control: ctl, Version: t.Version, From: t.From, Test: t.File}
	if t.From == 0 {
		v.From = First
	}
	for i := range list {
		o := &list[i]
		switch {
		case o.Control.ID != t.Control:
		case o.Version == t.Version:
			list[i] = v
			return list, nil
		case o.To == nil && v.From > o.From:
			end := v.From - 1
			o.To = &end
		case o.To == nil:
			return nil, field(t.Control, "version %d begins on %s, not after version %d", v.Version, v.From, o.Version)
		}
	}
	return append(list, v), nil
}

// needs asks whether a control contributes to a criterion in scope. Reports that are not about
// criteria take the whole library.
func (p Program) needs(c *catalog.Catalog, ctl assure.Control) bool {
	k, err := KindOf(p.Report)
	if err != nil || !k.Criteria {
		return true
	}
	f, ok := c.Framework("tsc")
	if !ok {
		return false
	}
	in, err := f.InScope(p.Categories)
	if err != nil {
		return false
	}
	for _, cr := range in {
		if slices.Contains(ctl.Criteria, cr.ID) || slices.Contains(ctl.Supporting, cr.ID) {
			return true
		}
	}
	return false
}
