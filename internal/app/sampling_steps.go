package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/sample"
)

// step replaces a void item, or extends the sample.
func (s selection) step(ctx context.Context) (cli.Selected, error) {
	d, err := s.meant(ctx, firstDraw)
	if err != nil {
		return cli.Selected{}, err
	}
	if len(s.x.Seed) > 0 && hex.EncodeToString(s.x.Seed) != d.Seed {
		return cli.Selected{}, &fault.Error{Kind: fault.Refused, Field: "--seed", What: "is not the seed of " + d.name()}
	}
	p, past, res, err := s.o.thaw(ctx, s.f, s.progress)
	if err != nil {
		return cli.Selected{}, err
	}
	parts, err := d.repeat(ctx, p, past, res)
	if err != nil {
		return cli.Selected{}, err
	}
	x := step{Replace: s.x.Replace, Cause: s.x.Cause, Extend: s.x.Extend, Reason: s.x.Reason, At: civil.InstantOf(s.o.app.Clock()).String(), By: s.x.Operator}
	if x.Replace == "" && x.Extend < 1 {
		return cli.Selected{}, &fault.Error{Kind: fault.Refused, Field: "--extend", What: fmt.Sprintf("%d items; expected 1 or more", x.Extend)}
	}
	before := len(keysOf(parts))
	if parts, err = x.take(parts); err != nil {
		return cli.Selected{}, err
	}
	if len(keysOf(parts)) == before {
		s.warnings = append(s.warnings, "no item is left in the population: none was taken")
	}
	d.Steps, d.version = append(d.Steps, x), d.version+1
	return s.seal(ctx, d, parts)
}

// meant is the sample that a step is about: the only one, or that of the size and method.
func (s selection) meant(ctx context.Context, part string) (drawn, error) {
	all, err := s.drawnFrom(ctx, part)
	if err != nil {
		return drawn{}, err
	}
	list := all
	if s.x.Size > 0 {
		list = slices.DeleteFunc(slices.Clone(all), func(d drawn) bool { return d.Size != s.x.Size || d.Method != s.x.Method })
	}
	var names []string
	for _, d := range all {
		names = append(names, fmt.Sprintf("--method %s --size %d", d.Method, d.Size))
	}
	switch {
	case len(all) == 0:
		return drawn{}, fault.Refuse("nothing was drawn from %s yet", s.f.name())
	case len(list) != 1:
		return drawn{}, fault.Refuse("%d samples were drawn from %s; expected one of them: %s", len(all), s.f.name(), strings.Join(names, "; "))
	}
	return list[0], nil
}

// top draws from the items that came since the version of the population that was drawn from.
func (s selection) top(ctx context.Context) (cli.Selected, error) {
	if err := s.opens(ctx, s.x.Seed); err != nil {
		return cli.Selected{}, err
	}
	now := s.f
	first, err := s.earlier(ctx)
	if err != nil {
		return cli.Selected{}, err
	}
	was, past, res, err := s.o.thaw(ctx, s.f, s.progress)
	if err != nil {
		return cli.Selected{}, err
	}
	parts, err := first.repeat(ctx, was, past, res)
	if err != nil {
		return cli.Selected{}, err
	}
	s.f = now
	is, _, _, err := s.o.thaw(ctx, s.f, s.progress)
	if err != nil {
		return cli.Selected{}, err
	}
	whole := sample.Sample{Population: first.Hash, Commitment: first.Commitment, N: first.Of, Size: first.Size}
	for _, p := range parts {
		whole.Items = append(whole.Items, p.Items...)
	}
	t, gone, err := whole.TopUp(was, is, s.f.Commitment, s.x.Seed)
	if err != nil {
		return cli.Selected{}, err
	}
	if t.N == 0 {
		return cli.Selected{}, fault.Refuse("no item came since %s was drawn: there is nothing to top up; %d of its items are gone, and are tested all the same", first.name(), len(gone))
	}
	d := drawn{Population: s.f.key + "@" + strconv.Itoa(s.f.version), Part: topUp, Method: sample.Random, Size: t.Size, Asked: t.Size, Control: s.f.Control, Test: s.f.Test,
		Hash: t.Population, Of: t.N, Commitment: s.f.Commitment, Seed: hex.EncodeToString(s.x.Seed), Full: t.Full(), Gone: gone, By: s.x.Operator, Steps: []step{}, version: 1,
		Basis: fmt.Sprintf("the share of %s: %d of %d", first.name(), first.Size, first.Of)}
	d.key = fmt.Sprintf("%s/%s/%s/%d", keyPart(d.Population), d.Part, d.Method, d.Size)
	again, err := s.o.history(ctx, samples, ownSource, d.key)
	if err != nil || len(again) == 0 {
		if err != nil {
			return cli.Selected{}, err
		}
		return s.seal(ctx, d, []sample.Part{{Sample: t}})
	}
	d.version = again[len(again)-1].Version
	return s.shown(d, []sample.Part{{Sample: t}}, false), nil
}

// earlier goes back to the latest earlier version of the population from which something was drawn, and gives what was.
func (s *selection) earlier(ctx context.Context) (drawn, error) {
	now := s.f
	versions, err := s.o.history(ctx, frozenPopulations, ownSource, now.key)
	if err != nil {
		return drawn{}, err
	}
	for _, k := range slices.Backward(versions) {
		if k.Version >= now.version {
			continue
		}
		if s.f, err = readFrozen(k); err != nil {
			return drawn{}, err
		}
		list, err := s.drawnFrom(ctx, firstDraw)
		if err != nil {
			return drawn{}, err
		}
		if len(list) > 0 {
			return s.meant(ctx, firstDraw)
		}
	}
	return drawn{}, fault.Refuse("no sample was drawn from an earlier version of %s: there is nothing to top up", now.name())
}

// byMonth divides by the local month in which an item belongs to the period.
const byMonth = "month"

// strata divides the items of a tested population by a field of the records that they come from, or by month.
func (o *office) strata(ctx context.Context, res assure.Results, by string) ([]sample.Stratum, error) {
	t := res.Controls[0]
	name := map[string]string{}
	if by == byMonth {
		for _, i := range t.Items {
			if len(i.EventTime) < 7 {
				return nil, fault.Refuse("%s is of no known day, and of no month", i.Key)
			}
			name[i.Key] = i.EventTime[:7]
		}
		return stratified(t, name), nil
	}
	at := slices.IndexFunc(o.units, func(u examine.Unit) bool { return u.Test == t.Test && u.Version == t.Version })
	if at < 0 {
		return nil, fault.Refuse("the test %s is not there any more", t.Test)
	}
	u := o.units[at]
	row, fields := sourceWith(u.Plan, by)
	if row == nil {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--by", What: fmt.Sprintf("the items of %s have no field %q; expected month, or one of %s%s", t.Test, by, strings.Join(fields, ", "), register.DidYouMean(by, fields))}
	}
	keys := map[string]string{} // of items, to records
	if err := o.recordsOf(ctx, res, u, row, keys); err != nil {
		return nil, err
	}
	values := map[string]string{} // of records
	f, _ := row.Schema.Field(by)
	err := o.engine.Rows(string(o.org.ID)).All(ctx, row.Schema, []string{by}, res.Checkpoint.Size, func(key string, v []any) error {
		values[key] = worded(f.Type, v[0])
		return nil
	})
	for item, rec := range keys {
		if name[item] = values[rec]; name[item] == "" {
			name[item] = "(not said)"
		}
	}
	return stratified(t, name), err
}

// sourceWith is the first register of the items that has a field, and else the fields that there are.
func sourceWith(p *rule.Plan, field string) (*rule.Row, []string) {
	var all []string
	for _, s := range p.Sources {
		if s.Schema == nil {
			continue
		}
		if _, ok := s.Schema.Field(field); ok {
			return s, nil
		}
		all = append(all, s.Schema.Names()...)
	}
	slices.Sort(all)
	return nil, slices.Compact(all)
}

// recordsOf finds the record of a register from which each item comes.
func (o *office) recordsOf(ctx context.Context, res assure.Results, u examine.Unit, row *rule.Row, keys map[string]string) error {
	t := res.Controls[0]
	w, err := o.world(ctx, res, u, t)
	if err != nil {
		return err
	}
	s, err := o.session(ctx, res)
	if err != nil {
		return err
	}
	defer s.Close()
	var items []string
	for _, i := range t.Items {
		items = append(items, i.Key)
	}
	for part := range slices.Chunk(items, 5000) {
		facts, err := s.Facts(ctx, u.Plan, w, part)
		if err != nil {
			return err
		}
		for _, k := range part {
			if f := facts[k]; f != nil {
				keys[k] = fmt.Sprint(f.Item[row.Name+"__key_"])
			}
		}
	}
	return nil
}

// worded words a value of the projection.
func worded(t register.Type, v any) string {
	n, isInt := v.(int64)
	switch {
	case v == nil:
		return ""
	case isInt && t == register.Bool:
		return strconv.FormatBool(n != 0)
	case isInt && t == register.Date:
		return civil.Date(n).String()
	case isInt && t == register.Instant:
		return civil.Instant(n).String()
	}
	return fmt.Sprint(v)
}

func stratified(t assure.TestResult, name map[string]string) (out []sample.Stratum) {
	at := map[string]int{}
	for _, i := range t.Items {
		n := name[i.Key]
		if _, ok := at[n]; !ok {
			at[n] = len(out)
			out = append(out, sample.Stratum{Name: n})
		}
		out[at[n]].Keys = append(out[at[n]].Keys, i.Key)
	}
	return out
}
