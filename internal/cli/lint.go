package cli

import (
	"fmt"

	"github.com/assayhq/assay/internal/lint"
)

type lintCmd struct {
	File string `arg:"" optional:"" help:"The report: a DOCX, our report as JSON, or the plain JSON of a report written elsewhere." placeholder:"FILE"`
	Fail bool   `help:"Exit with 5 when there is a finding of severity error."`
}

// checked is what lint answers.
type checked struct {
	File     string         `json:"file"`
	Kind     string         `json:"kind"` // empty: not recognised
	Type     int            `json:"type,omitempty"`
	Draft    bool           `json:"draft"`
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	Notes    int            `json:"notes"`
	Findings []lint.Finding `json:"findings"`
}

// Run checks a report, ours or one written elsewhere. Without a file it lists the signals.
func (c *lintCmd) Run(r *run) error {
	if c.File == "" {
		return r.signals()
	}
	p, err := r.h.Paper(c.File)
	if err != nil {
		return err
	}
	found := lint.Check(p)
	got := checked{File: c.File, Kind: p.Kind, Type: p.Type, Draft: p.Draft, Findings: found,
		Errors: lint.Count(found, lint.Error), Warnings: lint.Count(found, lint.Warning), Notes: lint.Count(found, lint.Note)}
	if found == nil {
		got.Findings = []lint.Finding{}
	}
	if r.g.JSON {
		err = r.print(got)
	} else {
		r.found(got)
	}
	if err == nil && c.Fail && got.Errors > 0 {
		return errDeviation
	}
	return err
}

func (r *run) found(got checked) {
	for _, f := range got.Findings {
		r.say("%-7s  %s  %s: %s", f.Severity, f.Rule, whereabouts(f.Where), f.What)
		if f.Where.Quote != "" {
			r.say("         %q", f.Where.Quote)
		}
		r.say("         mend: %s", f.Mend)
	}
	r.say("%s: %s, %s, %s.", got.File, plural(int64(got.Errors), "error"), plural(int64(got.Warnings), "warning"), plural(int64(got.Notes), "note"))
}

// whereabouts names a place for people.
func whereabouts(p lint.Place) string {
	s := p.Section
	if p.Control != "" {
		s += ", " + p.Control
	}
	if p.Under != "" {
		s += fmt.Sprintf(", under %q", p.Under)
	}
	return s
}

// signals lists what is looked for.
func (r *run) signals() error {
	type signal struct {
		ID       string        `json:"id"`
		Severity lint.Severity `json:"severity"`
		About    string        `json:"about"`
	}
	list := []signal{}
	for _, x := range lint.Rules() {
		list = append(list, signal{x.ID, x.Severity, x.About})
	}
	if r.g.JSON {
		return r.print(map[string]any{"signals": list})
	}
	for _, x := range list {
		r.say("%-7s  %-28s  %s", x.Severity, x.ID, x.About)
	}
	return nil
}
