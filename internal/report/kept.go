package report

import (
	"encoding/json"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Kept is a draft as it is kept to be compared: its model, and what the tests said underneath.
type Kept struct {
	Report Report  `json:"report"`
	Tests  []Tally `json:"tests"`
}

// Tally is one test of one version of a control, counted, with the keys of the items that deviate.
type Tally struct {
	Control       string   `json:"control"`
	Test          string   `json:"test"`
	Version       int      `json:"version"`
	Outcome       string   `json:"outcome"`
	Population    int      `json:"population"`
	Passed        int      `json:"passed"`
	Deviating     int      `json:"deviating"`
	Undecided     int      `json:"undecided"`
	NotApplicable int      `json:"not_applicable"`
	Deviations    []string `json:"deviations,omitempty"`
}

// Tallies counts the results of tests.
func Tallies(list []assure.TestResult) []Tally {
	out := make([]Tally, len(list))
	for i, t := range list {
		out[i] = Tally{Control: t.Control, Test: t.Test, Version: t.Version, Outcome: string(t.Outcome), Population: t.Population, Passed: t.Passed,
			Deviating: t.Deviating, Undecided: t.Undecided, NotApplicable: t.NotApplicable}
		for _, f := range t.Findings {
			if f.Verdict == assure.Deviation {
				out[i].Deviations = append(out[i].Deviations, f.Key)
			}
		}
	}
	return out
}

// Keep writes a draft as JSON.
func Keep(r *Report, tests []assure.TestResult) ([]byte, error) {
	return json.Marshal(Kept{*r, Tallies(tests)})
}

// ReadKept reads what Keep wrote.
func ReadKept(b []byte) (*Kept, error) {
	var k Kept
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, &fault.Error{Kind: fault.Integrity, What: "the draft that was kept cannot be read", Err: err}
	}
	if k.Report.When == nil {
		return nil, &fault.Error{Kind: fault.Integrity, What: "the draft that was kept has neither a period nor a date"}
	}
	return &k, nil
}

// UnmarshalJSON reads a model; its time is a period or a date, as MarshalJSON of each writes it.
func (r *Report) UnmarshalJSON(b []byte) error {
	type plain Report // without this method
	x := struct {
		*plain
		When struct {
			Period *civil.Period `json:"period"`
			AsOf   *struct {
				Date civil.Date `json:"date"`
				Zone civil.Zone `json:"zone"`
			} `json:"as_of"`
		} `json:"when"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(b, &x); err != nil {
		return err
	}
	switch w := x.When; {
	case w.Period != nil:
		r.When = Throughout(*w.Period)
	case w.AsOf != nil:
		r.When = AsOf{Date: w.AsOf.Date, Zone: w.AsOf.Zone}
	}
	return nil
}
