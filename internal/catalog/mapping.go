package catalog

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Contribution says how a control serves a criterion.
type Contribution string

// The contributions. A criterion needs one primary contribution at least: supporting ones alone are a gap.
const (
	Primary    Contribution = "primary"
	Supporting Contribution = "supporting"
)

// Mapping is one row of the map between controls and criteria.
type Mapping struct {
	Control      string       `json:"control"`
	Framework    string       `json:"framework"`
	Criterion    string       `json:"criterion"`
	Contribution Contribution `json:"contribution"`
}

// Mappings lists what a control serves: trust services criteria, then Annex A, then control objectives, each in
// the order in which the control names them.
func Mappings(c Control) []Mapping {
	var out []Mapping
	add := func(framework string, ids []string, how Contribution) {
		for _, id := range ids {
			out = append(out, Mapping{c.ID, framework, id, how})
		}
	}
	add(TSC, c.Criteria, Primary)
	add(TSC, c.Supporting, Supporting)
	add(ISO27001, c.ISO27001, Primary)
	add(SOC1, c.Objectives, Primary)
	return out
}

// Serves says how a control serves a criterion; empty when it does not.
func Serves(c Control, cr Criterion) Contribution {
	for _, m := range Mappings(c) {
		if m.Criterion == cr.ID && m.Framework == cr.Framework {
			return m.Contribution
		}
	}
	return ""
}

// link tells each criterion its controls and refuses a mapping to nothing, or twice to the same.
func (c *Catalog) link() error {
	for _, ctl := range c.Controls {
		seen := map[string]bool{}
		for _, m := range Mappings(ctl) {
			f := c.framework(m.Framework)
			if f == nil {
				return refuse(ctl.ID, "map."+m.Framework, "there is no framework %q in the catalog", m.Framework)
			}
			cr := f.criterion(m.Criterion)
			switch {
			case cr == nil:
				return refuse(ctl.ID, "map."+m.Framework, "criterion %q does not exist in %s", m.Criterion, f.Title)
			case seen[cr.ID]:
				return refuse(ctl.ID, "map."+m.Framework, "%q stands twice", cr.ID)
			case m.Contribution == Supporting:
				cr.Supporting = append(cr.Supporting, ctl.ID)
			default:
				cr.Primary = append(cr.Primary, ctl.ID)
			}
			seen[cr.ID] = true
		}
	}
	return nil
}

// Bare lists the criteria of a framework to which no control of the library is a primary contribution.
func (f Framework) Bare() []Criterion {
	var out []Criterion
	for _, cr := range f.Criteria {
		if len(cr.Primary) == 0 {
			out = append(out, cr)
		}
	}
	return out
}

// Claimed says whether the starter library claims to serve a criterion: all trust services criteria, all of
// Annex A, and the objectives about information technology in general, payroll and billing. The objectives of
// the other families are texts to start from; their controls are the organization's own.
func Claimed(cr Criterion) bool {
	return cr.Framework != SOC1 || slices.Contains([]string{General, "PAY", "BIL"}, cr.Category)
}

// covers refuses a library that does not do what it claims.
func (c *Catalog) covers() error {
	for _, f := range c.Frameworks {
		var bare []string
		for _, cr := range f.Bare() {
			if Claimed(cr) {
				bare = append(bare, cr.ID)
			}
		}
		if len(bare) > 0 {
			return fault.At("catalog", 0, f.ID, "no control of the library is a primary contribution to %s; expected one each", strings.Join(bare, ", "))
		}
	}
	return nil
}
