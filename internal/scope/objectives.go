package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/fault"
)

// usual are the families of objectives of a report that does not name any: those that the library has controls for.
var usual = []string{catalog.General, "PAY", "BIL"}

// checkObjectives turns the families into their codes and warns of those for which the library has no controls.
// Families may be named by code or by how their name begins: PAY, payroll, "loan servicing".
func (p *Program) checkObjectives(k Kind) (warnings []string, err error) {
	if k.Framework != catalog.SOC1 {
		if len(p.Objectives) > 0 {
			return nil, field("--objectives", "%s is not about control objectives; its scope is named by --categories or by the standard", k.Title)
		}
		return nil, nil
	}
	if len(p.Objectives) == 0 {
		p.Objectives = slices.Clone(usual)
		return nil, nil
	}
	f, err := soc1()
	if err != nil {
		return nil, err
	}
	chosen := []string{catalog.General}
	for _, word := range p.Objectives {
		code, err := family(f, word)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(chosen, code) {
			chosen = append(chosen, code)
		}
	}
	p.Objectives = nil
	for _, code := range f.Categories() {
		if slices.Contains(chosen, code) {
			p.Objectives = append(p.Objectives, code)
			warnings = append(warnings, uncovered(f, code)...)
		}
	}
	return warnings, nil
}

func soc1() (catalog.Framework, error) {
	c, err := catalog.Load()
	if err != nil {
		return catalog.Framework{}, err
	}
	f, ok := c.Framework(catalog.SOC1)
	if !ok {
		return f, fmt.Errorf("the catalog has no control objectives")
	}
	return f, nil
}

// family finds the family that a word names.
func family(f catalog.Framework, word string) (string, error) {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == catalog.General {
		return word, nil
	}
	var hits, known []string
	for _, o := range f.Objectives {
		name := strings.ToLower(o.FamilyName)
		switch {
		case o.General || slices.Contains(known, name+" ("+o.Family+")"):
			continue
		case strings.ToLower(o.Family) == word:
			return o.Family, nil
		case word != "" && strings.HasPrefix(name, word):
			hits = append(hits, o.Family)
		}
		known = append(known, name+" ("+o.Family+")")
	}
	if len(hits) == 1 {
		return hits[0], nil
	}
	return "", field("--objectives", "%q names no family of objectives; expected some of %s", word, strings.Join(known, ", ")).
		WithHint("the objectives about information technology in general (itgc) are always in scope")
}

// uncovered warns of a family that the library leaves to the organization.
func uncovered(f catalog.Framework, code string) []string {
	var bare []string
	n, name := 0, ""
	for _, cr := range f.Criteria {
		if cr.Category == code {
			n, name = n+1, cr.SeriesTitle
			if len(cr.Primary) == 0 {
				bare = append(bare, cr.ID)
			}
		}
	}
	if len(bare) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the library has no control for %d of %d objectives of %s (%s): they are gaps until you have controls of your own",
		len(bare), n, strings.ToLower(name), strings.Join(bare, ", "))}
}

// Criteria lists what the report holds the controls against, in the framework's order: trust services criteria of
// the categories in scope, control objectives of the families in scope, or all of Annex A.
func (p Program) Criteria(c *catalog.Catalog) ([]catalog.Criterion, error) {
	k, err := KindOf(p.Report)
	if err != nil {
		return nil, err
	}
	f, ok := c.Framework(k.Framework)
	if !ok {
		return nil, fault.Refuse("the catalog has no framework %q, which %s needs", k.Framework, k.Title)
	}
	switch {
	case k.Framework == catalog.TSC:
		return f.InScope(p.Categories)
	case k.Framework == catalog.SOC1 && len(p.Objectives) == 0: // a scope that was sealed before families could be chosen
		return f.InScope(usual)
	case k.Framework == catalog.SOC1:
		return f.InScope(p.Objectives)
	}
	return f.Criteria, nil
}
