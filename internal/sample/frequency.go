package sample

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// Risk is how much rests on a control, by the judgement of who tests it.
type Risk string

// The risks.
const (
	Low  Risk = "low"
	High Risk = "high"
)

// Point is a line of a firm's table of sizes: so many items a year, and how many of them are tested. No standard fixes these sizes; each
// line says where its figures come from.
type Point struct {
	Name      string   `json:"name"`
	Items     int      `json:"items"` // a year
	Low       int      `json:"low"`
	High      int      `json:"high"`
	Published []string `json:"published"` // figures that were found in print, in words
	Sources   []string `json:"sources"`
}

// Sizes is a firm's table: the points by number of items, the smallest first. Between two points the size lies on the line between
// them, rounded up.
type Sizes []Point

// The sources of the sizes.
const (
	forum     = "sarbanes-oxley-forum.com: annual 1, quarterly 2, monthly 3, weekly 5, daily 25; weekly 5 to 15"
	gemnani   = "E. Gemnani: annual 1 to 2, quarterly 2 to 4, monthly 2 to 10, per event 25 to 40"
	dcybr     = "dcybr.com: monthly 2 to 5, weekly 10 to 15, daily 15 to 25, per event 10 to 20 %"
	kirk      = "kirkpatrickprice.com: 10 %, 3 at the least, 30 at the most"
	smallOnes = "AICPA, small populations: 24 items, 3 to 8"
	single    = "AICPA, single audits: 25, 40 or 60 of 250 and more"
	binomial  = "binomial: 22 items without deviation show 10 % at 90 % confidence, 45 show 5 % at 90 %, 59 show 5 % at 95 %"
	ours      = "no published figure; between its neighbours"
)

// DefaultSizes is the table that a firm starts from.
func DefaultSizes() Sizes {
	return Sizes{
		{"annual", 1, 1, 1, []string{"1", "1 to 2"}, []string{forum, gemnani}},
		{"semi-annual", 2, 1, 2, nil, []string{ours}},
		{"quarterly", 4, 2, 3, []string{"2", "2 to 4"}, []string{forum, gemnani}},
		{"monthly", 12, 2, 4, []string{"3", "2 to 5", "2 to 10"}, []string{forum, dcybr, gemnani}},
		{"semi-monthly", 24, 4, 8, []string{"3 to 8"}, []string{smallOnes}},
		{"weekly", 52, 5, 10, []string{"5", "5 to 15", "10 to 15"}, []string{forum, dcybr}},
		{"daily", 250, 20, 30, []string{"25", "15 to 25", "20 to 40"}, []string{forum, dcybr}},
		{"many a day", 366, 25, 45, []string{"25 to 40 to 60", "10 to 20 %", "10 %, 3 to 30"}, []string{single, gemnani, dcybr, kirk, binomial}},
	}
}

// Events of which there are so many or more are sampled as if there were no end of them; of fewer, but many, a tenth.
const (
	manyEvents = 250
	someEvents = 52
	fewest     = 5 // of some events
)

// Check refuses a table that cannot be used.
func (t Sizes) Check() error {
	if len(t) == 0 || t[0].Items != 1 {
		return fault.Refuse("the table of sizes does not begin with one item a year; expected lines from 1 item upward")
	}
	for i, p := range t {
		switch {
		case i > 0 && p.Items <= t[i-1].Items:
			return fault.Refuse("line %d (%s): %d items after %d; expected more in each line", i+1, p.Name, p.Items, t[i-1].Items)
		case p.Low < 1 || p.High < p.Low || p.High > p.Items:
			return fault.Refuse("line %d (%s): %d and %d of %d items; expected 1 or more, at high risk no fewer than at low, and no more than there are", i+1, p.Name, p.Low, p.High, p.Items)
		case i > 0 && (p.Low < t[i-1].Low || p.High < t[i-1].High):
			return fault.Refuse("line %d (%s): fewer of more items than in the line before", i+1, p.Name)
		case len(p.Sources) == 0:
			return fault.Refuse("line %d (%s) names no source; expected where its figures come from", i+1, p.Name)
		}
	}
	return nil
}

// Suggestion is a size, and why.
type Suggestion struct {
	Size    int      `json:"size"`
	Full    bool     `json:"full"`  // every item: no formula applies
	Basis   string   `json:"basis"` // in words
	Sources []string `json:"sources"`
}

// Suggest is how many of so many items of a year are tested for a control that acts so often. A control of several systems has as many
// items as all of them together. An automated one (continuous) is tested once for each of its paths, and only if changes to it
// are controlled; Assay looks at every snapshot instead.
func (t Sizes) Suggest(f assure.Frequency, items int, risk Risk) (Suggestion, error) {
	if err := t.Check(); err != nil {
		return Suggestion{}, err
	}
	switch {
	case items < 1:
		return Suggestion{}, fault.Refuse("%d items; expected 1 or more", items)
	case risk != Low && risk != High:
		return Suggestion{}, fault.Refuse("the risk %q is none; expected %s or %s", risk, Low, High)
	case f == assure.Continuous:
		return Suggestion{1, items == 1, "automated: one item for each path through it, if changes to it are controlled; every snapshot can be tested instead",
			[]string{"AS 2201 B28 to B31", "CAS 330 A29"}}, nil
	case f == assure.PerEvent && items >= manyEvents:
		last := t[len(t)-1]
		return Suggestion{last.at(risk), false, fmt.Sprintf("%d events, 250 or more, %s risk: as many a day", items, risk), last.Sources}, nil
	}
	s := t.between(items, risk)
	if tenth := max((items+9)/10, fewest); f == assure.PerEvent && items >= someEvents && tenth > s.Size {
		s = Suggestion{Size: tenth, Basis: fmt.Sprintf("%d events, 52 to 250: a tenth, rounded up", items), Sources: []string{dcybr, kirk}}
	}
	if s.Size >= items {
		s.Size, s.Full, s.Basis = items, true, s.Basis+"; these are all"
	}
	return s, nil
}

func (p Point) at(risk Risk) int {
	if risk == High {
		return p.High
	}
	return p.Low
}

// between reads the table by the number of items.
func (t Sizes) between(items int, risk Risk) Suggestion {
	i, exact := slices.BinarySearchFunc(t, items, func(p Point, n int) int { return p.Items - n })
	if i == len(t) {
		i, exact = i-1, true
	}
	if b := t[i]; exact {
		return Suggestion{Size: b.at(risk), Basis: fmt.Sprintf("%d items a year, %s risk: as %s", items, risk, b.Name), Sources: b.Sources}
	}
	a, b := t[i-1], t[i]
	rise, run := b.at(risk)-a.at(risk), b.Items-a.Items
	return Suggestion{
		Size:    a.at(risk) + ((items-a.Items)*rise+run-1)/run,
		Basis:   fmt.Sprintf("%d items a year, %s risk: between %s and %s, rounded up", items, risk, a.Name, b.Name),
		Sources: append(slices.Clone(a.Sources), b.Sources...),
	}
}
