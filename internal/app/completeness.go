package app

import (
	"context"
	"errors"
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	enginesqlite "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// completeness answers examine from collect's checks. It remembers what it read: one is made for
// each run of tests.
type completeness struct {
	c    *collect.Checker
	o    *office
	regs schemas
}

func (o *office) completeness() completeness {
	return completeness{&collect.Checker{
		Ledger: o.st, Rows: rows{o.engine}, Heads: heads{o.st}, Comparisons: o.comparisons, Registers: o.regs.find, Persons: rule.Persons,
	}, o, o.regs}
}

func (c completeness) request(org id.Org, reg string, size int64, knownAt civil.Instant, p civil.Period) collect.Request {
	return collect.Request{Org: org, Schema: c.regs[reg], Size: size, Period: p, KnownAt: knownAt}
}

func (c completeness) Checks(ctx context.Context, org id.Org, reg string, size int64, knownAt civil.Instant, p civil.Period) ([]assure.Check, error) {
	return c.c.Check(ctx, c.request(org, reg, size, knownAt, p))
}

func (c completeness) Absence(ctx context.Context, org id.Org, reg string, size int64, knownAt civil.Instant, p civil.Period) (string, error) {
	return c.c.Absence(ctx, c.request(org, reg, size, knownAt, p))
}

func (c completeness) Pulled(ctx context.Context, org id.Org, reg string, size int64) (pulled, incomplete bool, err error) {
	st, err := c.c.Status(ctx, org, c.regs[reg], size)
	if err == nil && !st.Pulled {
		st.Pulled, err = c.o.keptHere(ctx, reg, size)
	}
	return st.Pulled, st.Failed, err
}

// keptHere reports whether people keep a register in this installation: because only an act of theirs here makes its records, or because
// the organization said that it is kept here. Then what is not in it did not happen, as with a source that was pulled.
func (o *office) keptHere(ctx context.Context, reg string, size int64) (bool, error) {
	if _, act := operate.ByAct(reg); act {
		first, few, err := rows{o.engine}.Since(ctx, o.org.ID, o.regs[reg], 0, size, 1)
		return err == nil && (len(first) > 0 || !few), err
	}
	list, err := o.st.System(ctx, o.org.ID, record.Kept, size)
	return slices.ContainsFunc(list, func(k record.Known) bool { return k.Key == reg }), err
}

// rows gives collect single fields of the projection.
type rows struct{ e *enginesqlite.Engine }

func (r rows) All(ctx context.Context, org id.Org, s *register.Schema, fields []string, size int64, each func(string, []any) error) error {
	return r.e.Rows(string(org)).All(ctx, s, fields, size, each)
}

func (r rows) Of(ctx context.Context, org id.Org, s *register.Schema, fields []string, field string, values []string, size int64, each func(string, []any) error) error {
	return r.e.Rows(string(org)).Of(ctx, s, fields, field, values, size, each)
}

func (r rows) Since(ctx context.Context, org id.Org, s *register.Schema, from, size int64, enough int) ([]string, bool, error) {
	return r.e.Rows(string(org)).Since(ctx, s, from, size, enough)
}

// heads gives collect the ledger's roots.
type heads struct{ st *sqlite.Store }

func (h heads) RootAt(ctx context.Context, org id.Org, size int64) (string, error) {
	cp, err := h.st.CheckpointAt(ctx, org, size)
	if errors.Is(err, fault.Refused) {
		return "", fault.NotFound
	}
	return cp.RootHex(), err
}
