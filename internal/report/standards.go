package report

import (
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Standard is a row of the standards under which reports are made. One of its two dates is set.
type Standard struct {
	ID         string     `yaml:"id" json:"id"`
	Regime     string     `yaml:"regime" json:"regime"` // ssae, isae, description or criteria
	Standard   string     `yaml:"standard" json:"standard"`
	Sections   string     `yaml:"sections" json:"sections"`
	AppliesTo  []string   `yaml:"applies_to" json:"applies_to"` // families of reports: soc1, soc2, soc3
	FromReport civil.Date `yaml:"effective_from_report_date" json:"effective_from_report_date,omitzero"`
	FromEnd    civil.Date `yaml:"effective_from_period_end" json:"effective_from_period_end,omitzero"`
	Words      string     `yaml:"words" json:"words"` // as a letter names it
}

// reached is the day since which a row applies, where the report's dates have reached it.
func (s Standard) reached(reported, end civil.Date) (civil.Date, bool) {
	if s.FromReport != 0 {
		return s.FromReport, reported >= s.FromReport
	}
	return s.FromEnd, end >= s.FromEnd
}

// Standards lists the rows.
func Standards() ([]Standard, error) {
	k, err := theKit()
	if err != nil {
		return nil, err
	}
	return slices.Clone(k.standards), nil
}

// StandardOf gives the row of a regime that applies to a family of reports on a report date and an end of the report's time.
func StandardOf(regime, family string, reported, end civil.Date) (Standard, error) {
	k, err := theKit()
	if err != nil {
		return Standard{}, err
	}
	var best Standard
	var since civil.Date
	for _, s := range k.standards {
		if s.Regime != regime || !slices.Contains(s.AppliesTo, family) {
			continue
		}
		if from, ok := s.reached(reported, end); ok && (best.ID == "" || from > since) {
			best, since = s, from
		}
	}
	if best.ID == "" {
		return best, fault.Refuse("no standard of the kind %q applies to a report dated %s whose time ends on %s; expected later dates", regime, reported.Long(), end.Long())
	}
	return best, nil
}

// EndOf is the last civil day of which a report speaks.
func EndOf(w When) civil.Date {
	switch w := w.(type) {
	case Throughout:
		return w.To
	case AsOf:
		return w.Date
	}
	return civil.MaxDate
}
