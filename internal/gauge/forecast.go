package gauge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// ControlForecast is what a control contributes: how much fell due, how much of it deviates, and since when it is in place.
type ControlForecast struct {
	ID         string      `json:"id"`
	Title      string      `json:"title,omitempty"`
	ItemsDue   int         `json:"items_due"` // in the period, up to today
	Deviations int         `json:"deviations"`
	Undecided  int         `json:"undecided,omitempty"`
	Rate       string      `json:"rate,omitempty"` // absent where there is no item
	InPlace    *civil.Date `json:"in_place,omitempty"`
	Parts      []Part      `json:"parts,omitempty"` // those with a deviation, such as one system's reviews
	Bad        []Span      `json:"bad,omitempty"`   // conservative
}

// Part is the items of a control that share the first part of their key, such as one system's.
type Part struct {
	Part       string `json:"part"`
	ItemsDue   int    `json:"items_due"`
	Deviations int    `json:"deviations"`
}

// Start is the first day on which a period may begin at all, and what it waits for.
type Start struct {
	On  civil.Date `json:"on"`
	Why string     `json:"why"`
}

// Intervals are the bad days of everything looked at, in both readings.
type Intervals struct {
	Conservative []Span `json:"conservative"`
	Strict       []Span `json:"strict"`
}

// Forecast says when a report can be had, and what each way there costs.
type Forecast struct {
	Report        string            `json:"report"`
	Today         civil.Date        `json:"today"`
	Period        *civil.Period     `json:"period,omitempty"`
	AsOf          *civil.Date       `json:"as_of,omitempty"`
	If            []string          `json:"if,omitempty"` // suppositions that the facts were changed by
	Controls      []ControlForecast `json:"controls"`
	Start         Start             `json:"start"`
	Bad           Intervals         `json:"bad"`
	EarliestClean []Clean           `json:"earliest_clean"`
	Options       []Option          `json:"options"`
	Chance        *Chance           `json:"chance,omitempty"` // of the period as planned; a Type 1 has none
	DueSoon       []Due             `json:"due_soon"`
	Chain         []Link            `json:"chain"`
	Next          *Span             `json:"next_period,omitempty"`
	Notes         []string          `json:"notes"`
}

// Foresee looks ahead from the facts. Errors are refusals of facts that contradict themselves.
func Foresee(f Facts, s Settings) (Forecast, error) {
	if err := f.Check(); err != nil {
		return Forecast{}, err
	}
	v := newView(&f, s)
	out := Forecast{
		Report: f.Report, Today: f.Today, Controls: []ControlForecast{}, EarliestClean: []Clean{}, Options: []Option{},
		DueSoon: []Due{}, Chain: []Link{}, Notes: []string{}, If: f.supposed,
	}
	out.term(v)
	for _, c := range v.controls {
		out.Controls = append(out.Controls, v.controlForecast(c))
	}
	out.Start = v.begin()
	look := v.search(out.Start.On)
	out.Bad = Intervals{listed(look.conservative), listed(look.strict)}
	for _, months := range s.Lengths {
		out.EarliestClean = append(out.EarliestClean, v.clean(look, months))
	}
	out.Chain, out.Next = v.chain()
	out.Options = v.options(look)
	if !v.type1 {
		chance := v.chance(v.period, false)
		out.Chance = &chance
	}
	out.DueSoon = v.dueSoon(look)
	out.Notes = append(out.Notes, v.remarks()...)
	return out, nil
}

// listed makes an absent list an empty one: JSON has [] for it.
func listed(list []Span) []Span {
	if list == nil {
		return []Span{}
	}
	return list
}

func (out *Forecast) term(v *view) {
	switch t := v.Term.(type) {
	case Type1:
		out.AsOf = &t.AsOf
	case Type2:
		out.Period = &t.Period
	}
}

func (v *view) controlForecast(c *subject) ControlForecast {
	out := ControlForecast{
		ID: c.ID, Title: c.Title, ItemsDue: c.items, Deviations: c.deviating, Undecided: c.undecided,
		Rate: percent(c.deviating, c.items), InPlace: c.started, Bad: v.badDays([]*subject{c}, conservative),
	}
	if len(c.bad) == 0 {
		return out
	}
	parts := map[string]*Part{}
	for _, b := range c.bad {
		name, in := part(b.key)
		if !in || !v.within(b.member, b.supposed) {
			continue
		}
		if parts[name] == nil {
			parts[name] = &Part{Part: name}
		}
		parts[name].Deviations++
	}
	for _, x := range c.instances {
		if name, _ := part(x.Key); parts[name] != nil && v.within(x.Due, x.supposed) {
			parts[name].ItemsDue++
		}
	}
	for _, p := range parts {
		if p.ItemsDue >= p.Deviations { // otherwise the instances are not known one by one
			out.Parts = append(out.Parts, *p)
		}
	}
	slices.SortFunc(out.Parts, func(a, b Part) int { return strings.Compare(a.Part, b.Part) })
	return out
}

// part is a composite key without its last element, which is the time.
func part(key string) (string, bool) {
	i := strings.LastIndexByte(key, '/')
	if i < 0 {
		return "", false
	}
	return key[:i], true
}

// begin finds the first day on which a clean period may start: all key controls are in place, nothing before was left
// unexamined, and the last report does not cover it. A control that is not in place counts as put there tomorrow.
func (v *view) begin() Start {
	out := Start{v.examined(), "the first day whose items were tested"}
	later := func(d civil.Date, format string, args ...any) {
		if d > out.On {
			out = Start{d, fmt.Sprintf(format, args...)}
		}
	}
	if v.type1 {
		later(v.period.To, "the date of the Type 1, from which a Type 2 may follow on")
	}
	if e := v.lastEnd(); e != nil {
		later(*e+1, "the day after the last report ends")
	}
	any := slices.ContainsFunc(v.controls, func(c *subject) bool { return c.Key })
	var absent []string
	for _, c := range v.controls {
		if any && !c.Key || c.retired(v.Today) {
			continue
		}
		if c.started == nil {
			later(v.Today+1, "%s is not in place and never acted: the day assumes that it is put in place by then", c.ID)
			absent = append(absent, c.ID)
			continue
		}
		if c.Implemented == nil {
			v.note("%s has no date of implementation: its first known act on %s stands for it", c.ID, *c.started)
		}
		later(*c.started, "%s is in place from then on", c.ID)
		if first := c.unbroken(v.Today); first > *c.started {
			later(first, "%s is in force from then on", c.ID)
		}
	}
	switch len(absent) {
	case 0:
	case 1:
		v.note("%s is not in place and never acted: every date here assumes that it is by %s", absent[0], v.Today+1)
	default:
		v.note("%s are not in place and never acted: every date here assumes that they are by %s", some(absent), v.Today+1)
	}
	return out
}

// unbroken is the first day of the stretch of versions that reaches the day, or the next that comes.
func (c *subject) unbroken(d civil.Date) civil.Date {
	for _, s := range union(slices.Clone(c.Spans)) {
		if s.To >= d {
			return s.From
		}
	}
	return -1 << 31
}

// search sets out what the search for clean periods rests on.
func (v *view) search(start civil.Date) search {
	s := search{conservative: v.badDays(v.controls, conservative), strict: v.badDays(v.controls, strict), needs: v.needs()}
	last := max(start, v.Today)
	if n := len(s.conservative); n > 0 {
		last = max(last, s.conservative[n-1].To+1)
	}
	s.days = Span{start, last.AddMonths(v.set.Horizon)}
	for _, c := range v.controls {
		lasting, guessed := 0, 0
		for _, b := range c.bad {
			if b.guess {
				guessed++
			} else if b.end == civil.MaxDate {
				lasting++
			}
		}
		if lasting > 0 {
			v.note("%s of %s: the dates assume that it is over by tomorrow", count(lasting, "deviation lasts", "deviations last"), c.ID)
		}
		if guessed > 0 {
			v.note("nothing says when %s of %s ended: counted as lasting to this day", count(guessed, "deviation", "deviations"), c.ID)
		}
	}
	return s
}

// remarks are what a reader of the forecast must know.
func (v *view) remarks() []string {
	if open := v.undecided(Span{v.examined(), v.Today}); open != "" {
		v.note("%s; every clean period assumes that they are decided in favour", open)
	}
	v.notes = append(v.notes, v.contradicted...)
	if len(v.supposed) > 0 {
		v.note("what is supposed is no fact: everything else of the same controls that is due by then is taken to be done in time")
	}
	return append(v.notes,
		"A clean period is one in which nothing known would be disclosed; what is still to come is expectation.",
		"The rate of what was tested is exact. The bound beside it is about items to come, as far as they are like those that were; controls are taken to be independent.",
		fmt.Sprintf("Fieldwork is taken as %d to %d weeks and reporting as %d to %d: agree yours with the auditor.",
			v.set.Fieldwork[0], v.set.Fieldwork[1], v.set.Reporting[0], v.set.Reporting[1]))
}
