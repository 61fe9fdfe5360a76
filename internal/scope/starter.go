package scope

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/tests"
)

// notSaaS are the groups of controls that a company which runs software in rented clouds does not operate itself:
// buildings, payroll and billing for others.
var notSaaS = []string{"PHY-", "PAY-", "BIL-"}

// Starter takes the controls of the library that a report needs, each with its tests in one
// version, and puts the organization's own versions in their place from the day each begins.
//
// A control is needed when it serves a criterion in scope. How many of the 96 that are:
//
//	SOC 2, SOC 3: of the 83 that are not about buildings, payroll and billing (PHY, PAY, BIL)
//	  security                                70
//	  with availability                       71
//	  with confidentiality                    72
//	  with availability and confidentiality   73
//	  with processing integrity               74
//	  with privacy                            78
//	  with all but privacy                    76
//	  with all but processing integrity       80
//	  all five categories                     83
//	SOC 1, ISAE 3402 and both in one
//	  information technology in general       40
//	  with payroll                            46
//	  with billing                            44
//	  with payroll and billing, the default   50
//	ISO/IEC 27001: all                        96
//
// What a starter set leaves out comes in by a test file of the organization's own for it. CC6.4, access to
// buildings, is a gap of the SOC 2 sets until then, or until a provider's control is named for it.
func Starter(p Program, c *catalog.Catalog, library, own []*tests.Test) ([]Version, error) {
	files := map[string]string{}
	for _, t := range library {
		files[t.Control] = t.File
	}
	needed, err := p.needed(c)
	if err != nil {
		return nil, err
	}
	var out []Version
	for _, ctl := range needed {
		out = append(out, Version{Control: ctl, Version: 1, From: First, Test: files[ctl.ID]})
	}
	sort.SliceStable(own, func(i, j int) bool { return own[i].Version < own[j].Version })
	seen := map[string]bool{}
	for _, t := range own {
		if seen[t.Control+strconv.Itoa(t.Version)] {
			continue // the second test of the same file
		}
		seen[t.Control+strconv.Itoa(t.Version)] = true
		if out, err = amend(out, c, t); err != nil {
			return nil, err
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		return out[i].Control.ID < out[j].Control.ID || out[i].Control.ID == out[j].Control.ID && out[i].Version < out[j].Version
	})
	return out, nil
}

// needed lists the controls of the starter set, in the order of the library.
func (p Program) needed(c *catalog.Catalog) ([]assure.Control, error) {
	k, err := KindOf(p.Report)
	if err != nil {
		return nil, err
	}
	in, err := p.Criteria(c)
	if err != nil {
		return nil, err
	}
	var out []assure.Control
	for _, ctl := range c.Controls {
		group := func(prefix string) bool { return strings.HasPrefix(ctl.ID, prefix) }
		if k.Framework == catalog.TSC && slices.ContainsFunc(notSaaS, group) {
			continue
		}
		if slices.ContainsFunc(in, func(cr assure.Criterion) bool { return catalog.Serves(ctl, cr) != "" }) {
			out = append(out, ctl)
		}
	}
	return out, nil
}

// amend puts an organization's own version after or in the place of the one before it.
func amend(list []Version, c *catalog.Catalog, t *tests.Test) ([]Version, error) {
	ctl, ok := c.Control(t.Control)
	if !ok {
		return nil, field(t.Control, "the library has no control of this id")
	}
	v := Version{Control: ctl, Version: t.Version, From: t.From, Test: t.File, Editorial: t.Editorial}
	if t.Until != 0 {
		v.To = &t.Until
	}
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
		case o.To == nil || v.From <= *o.To:
			return nil, field(t.Control, "version %d begins on %s, not after version %d", v.Version, v.From, o.Version)
		}
	}
	return append(list, v), nil
}
