package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/report"
)

// Freeze seals the population of a test under the firm's commitment, and tells the firm.
func (x *engaged) Freeze(ctx context.Context, who engage.Who, engagement, control, test string) error {
	if err := x.may(ctx, who, engagement, "freeze"); err != nil {
		return err
	}
	var seed engage.Seed
	var terms engage.Terms
	var firm string
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		s := e.SeedOf(test)
		if s == nil {
			return fault.Refuse("the firm has made no commitment for %s: a population is frozen after it, so that neither side can steer the selection", test)
		}
		seed, terms, firm = *s, e.Terms, e.Firm.Name
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := x.o.Commit(ctx, cli.Committing{Commitment: seed.Commitment, By: firm, Operator: who.Email}); err != nil {
		return err
	}
	done, err := x.in.turn.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	base, _, _ := strings.Cut(test, ".v")
	from, to := terms.From, terms.To
	got, err := x.o.Freeze(ctx, cli.Freezing{Control: control, Test: base, From: &from, To: &to, Commitment: seed.Commitment, Operator: who.Email}, nil)
	if err != nil {
		return err
	}
	for _, p := range got.Populations {
		if populationName(assure.TestResult{Test: p.Test, Version: p.ControlVersion}) != test {
			continue
		}
		f := engage.Frozen{Control: control, Test: test, Hash: p.Population.Hash, Count: p.Population.Count, From: p.Period.From, To: p.Period.To, Zone: p.Period.Zone.String(),
			KnownAt: p.Population.KnownAt, Size: p.Population.Checkpoint.Size, Root: p.Population.Checkpoint.Root, Rule: p.TestSHA256, Commitment: seed.Commitment}
		for _, l := range p.Pulls {
			f.Pulls = append(f.Pulls, engage.FrozenPull{ID: l.ID, Source: l.Source, Object: l.Object, Query: l.Query, File: l.File, Rows: l.Rows, Ended: l.Ended})
		}
		for _, c := range p.Completeness {
			f.Checks = append(f.Checks, engage.PopulationCheck{Control: control, Test: test, Check: c.Check, Source: c.Register, Passed: c.Status == assure.Passed, Words: c.Detail})
		}
		return x.house.Do(ctx, who, engagement, "freeze", f)
	}
	return fault.Refuse("no version of %s makes the population of %s in the period", control, test)
}

// Evidence lists evidence of the own ledger that a text is found in, the latest first.
func (x *engaged) Evidence(ctx context.Context, text string) ([]engage.Evidence, error) {
	list, _, err := x.o.st.List(ctx, x.o.org.ID, x.o.regs["evidence"], record.Query{Text: text, Sort: "uploaded_at", Desc: true, Limit: 50})
	if err != nil {
		return nil, err
	}
	var out []engage.Evidence
	for _, k := range list {
		var b struct {
			SHA256   string `json:"sha256"`
			Name     string `json:"file_name"`
			Captured string `json:"captured_at"`
		}
		if err := json.Unmarshal(k.Body, &b); err != nil {
			return nil, fmt.Errorf("read %s: %w", k.Name(), err)
		}
		out = append(out, engage.Evidence{SHA256: b.SHA256, Name: b.Name, Record: k.Name(), Received: k.Received.String(), Event: b.Captured})
	}
	return out, nil
}

// Advisers are the digests of the addresses of all who are or were advisers or management here.
func (x *engaged) Advisers(ctx context.Context) ([]string, error) {
	return x.in.worked(ctx, x.o.org.ID)
}

// drafted are the organization's own facts for the report of an engagement.
func (x *engaged) drafted(ctx context.Context, engagement string) (report.Facts, engage.Terms, *engage.Engagement, error) {
	var terms engage.Terms
	var known engage.Engagement
	if err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		terms, known = e.Terms, *e
		return nil
	}); err != nil {
		return report.Facts{}, terms, nil, err
	}
	res, err := x.o.testedFor(ctx, terms)
	if err != nil {
		return report.Facts{}, terms, nil, err
	}
	f, err := x.o.factsAt(ctx, terms.Report, res, whenOf(terms, res))
	if err != nil {
		return f, terms, nil, err
	}
	return f, terms, &known, nil
}

// AssertionText is management's assertion as it is to be signed, paragraphs apart by an empty line.
func (x *engaged) AssertionText(ctx context.Context, engagement string) (string, error) {
	f, terms, _, err := x.drafted(ctx, engagement)
	if err != nil {
		return "", err
	}
	a, err := report.AssertionOf(report.Kind(terms.Report), f)
	return strings.Join(a.Text, "\n\n"), err
}

// RepresentationText is management's representation letter of this day.
func (x *engaged) RepresentationText(ctx context.Context, engagement string) (string, error) {
	f, terms, e, err := x.drafted(ctx, engagement)
	if err != nil {
		return "", err
	}
	today := x.o.program.Zone.DateOf(civil.InstantOf(x.in.app.Clock()))
	f.Examination = &report.Examination{Firm: report.Firm{Name: e.Firm.Name, City: e.Profile.City, Region: e.Profile.Region, Licence: e.Profile.Licence}, ReportDate: today}
	r, err := report.RepresentationLetter(report.Kind(terms.Report), f, report.Representation{})
	if err != nil {
		return "", err
	}
	var out []string
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			switch {
			case b.Heading != nil:
				out = append(out, b.Heading.Text)
			case b.Paragraph != nil:
				out = append(out, b.Paragraph.String())
			}
			for i, l := range b.List {
				out = append(out, fmt.Sprintf("(%d) %s", i+1, l.String()))
			}
		}
	}
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return strings.HasPrefix(s, "[") }), "\n\n"), nil
}
