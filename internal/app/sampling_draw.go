package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/sample"
)

// The parts of a sample.
const (
	firstDraw = "draw"
	topUp     = "top_up"
)

// mostSelected is how many items a record of a sample lists; a larger part of a population is tested as a whole.
const mostSelected = 10_000

// drawn is a record of samples: what was selected, by which seed, in which steps. Repeating the steps gives the items.
type drawn struct {
	Population string            `json:"population"` // the frozen population and its version
	Part       string            `json:"part"`
	Method     sample.Method     `json:"method"`
	Size       int               `json:"size"`
	Asked      int               `json:"asked"`
	Control    string            `json:"control"`
	Test       string            `json:"test"`
	Hash       string            `json:"population_sha256"`
	Of         int               `json:"items_of"`
	Commitment string            `json:"commitment"`
	Seed       string            `json:"seed"`
	Strata     string            `json:"strata,omitempty"`
	Allocation sample.Allocation `json:"allocation,omitempty"`
	Full       bool              `json:"full"`
	Basis      string            `json:"basis,omitempty"`
	Sources    []string          `json:"sources,omitempty"`
	At         string            `json:"drawn_at"`
	By         string            `json:"drawn_by,omitempty"`
	Steps      []step            `json:"steps"`
	Items      []string          `json:"items"` // in order; empty where every item was selected and there are very many: then the population is the list
	Gone       []string          `json:"gone,omitempty"`

	key     string
	version int
}

// step is what was done to a sample after the first draw, in order.
type step struct {
	Replace string       `json:"replace,omitempty"`
	Cause   sample.Cause `json:"cause,omitempty"`
	Extend  int          `json:"extend,omitempty"`
	Reason  string       `json:"reason"`
	At      string       `json:"at"`
	By      string       `json:"by,omitempty"`
}

func (d drawn) name() string { return record.Name(samples, d.key, d.version) }

// Select draws from a frozen population, or takes a step further with what was drawn from it.
func (o *office) Select(ctx context.Context, x cli.Drawing, progress func(test string, done, of int)) (cli.Selected, error) {
	f, err := o.frozenFor(ctx, x)
	if err != nil {
		return cli.Selected{}, err
	}
	s := selection{o: o, f: f, x: x, progress: progress, warnings: []string{}}
	switch {
	case x.TopUp:
		return s.top(ctx)
	case x.Replace != "" || x.Extend != 0:
		return s.step(ctx)
	}
	return s.draw(ctx)
}

// frozenFor is the frozen population that is meant.
func (o *office) frozenFor(ctx context.Context, x cli.Drawing) (frozen, error) {
	units, err := o.unitsOf(x.Control, x.Test)
	if err != nil {
		return frozen{}, err
	}
	all, err := o.frozenNow(ctx, units[0].Control)
	if err != nil {
		return frozen{}, err
	}
	if len(all) == 0 {
		return frozen{}, fault.Refuse("no population of %s is frozen; a sample is drawn from a list that nobody can change", x.Control).WithHint("assay freeze --control %s", x.Control)
	}
	var names []string
	list := slices.DeleteFunc(slices.Clone(all), func(f frozen) bool {
		return x.Control != f.Control && x.Control != f.Test || x.Test != "" && x.Test != f.Test || x.Version != 0 && x.Version != f.ControlVersion ||
			x.From != nil && *x.From != f.From || x.To != nil && *x.To != f.To
	})
	for _, f := range list {
		names = append(names, fmt.Sprintf("--test %s --control-version %d --from %s --to %s", f.Test, f.ControlVersion, f.From, f.To))
	}
	switch {
	case len(list) == 0:
		return frozen{}, fault.Refuse("%d populations of %s are frozen, and none of them is the one that was asked for", len(all), x.Control)
	case len(list) > 1:
		return frozen{}, fault.Refuse("several populations of %s are frozen; expected one of them: %s", x.Control, strings.Join(names, "; "))
	}
	return list[0], nil
}

// selection is one act of selecting.
type selection struct {
	o        *office
	f        frozen
	x        cli.Drawing
	progress func(test string, done, of int)
	warnings []string
}

// opens refuses a seed that does not open the commitment which stood before the population was frozen.
func (s selection) opens(ctx context.Context, seed []byte) error {
	all, err := s.o.commitments(ctx)
	if err != nil {
		return err
	}
	c, ok := all[s.f.Commitment]
	switch {
	case !ok || c.index >= s.f.Size:
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("%s names the commitment %s, which did not stand in the ledger before it", s.f.name(), s.f.Commitment)}
	case len(seed) == 0:
		return &fault.Error{Kind: fault.Refused, Field: "--seed", What: "missing; expected the seed that opens the commitment " + s.f.Commitment}
	case sample.Commit(seed) != s.f.Commitment:
		return &fault.Error{Kind: fault.Refused, Field: "--seed", What: fmt.Sprintf("this seed does not open the commitment that stood before the freeze: its commitment is %s, %s was handed out by %s", sample.Commit(seed), s.f.Commitment, c.By)}
	}
	return nil
}

// size is how many items are asked for, and why.
func (s selection) size(past *office) (sample.Suggestion, error) {
	switch {
	case s.x.Plan != nil:
		return sample.Planned(s.f.Items, *s.x.Plan)
	case s.x.Risk != "":
		for _, v := range past.versions {
			if v.Control.ID == s.f.Control && v.Version == s.f.ControlVersion {
				return sample.DefaultSizes().Suggest(v.Control.Frequency, s.f.Items, s.x.Risk)
			}
		}
	}
	if s.x.Size < 1 {
		return sample.Suggestion{}, &fault.Error{Kind: fault.Refused, Field: "--size", What: "missing; expected how many items, or --risk low or high, or --tolerable PERCENT"}
	}
	return sample.Suggestion{Size: s.x.Size}, nil
}

func (s selection) draw(ctx context.Context) (cli.Selected, error) {
	if err := s.opens(ctx, s.x.Seed); err != nil {
		return cli.Selected{}, err
	}
	if s.f.Items == 0 {
		return cli.Selected{}, fault.Refuse("%s has no item to select", s.f.name())
	}
	p, past, res, err := s.o.thaw(ctx, s.f, s.progress)
	if err != nil {
		return cli.Selected{}, err
	}
	want, err := s.size(past)
	if err != nil {
		return cli.Selected{}, err
	}
	d := drawn{Population: s.f.key + "@" + fmt.Sprint(s.f.version), Part: firstDraw, Method: s.x.Method, Size: min(want.Size, s.f.Items), Asked: want.Size, Control: s.f.Control, Test: s.f.Test,
		Hash: s.f.Hash, Of: s.f.Items, Commitment: s.f.Commitment, Seed: hex.EncodeToString(s.x.Seed), Full: want.Size >= s.f.Items, Basis: want.Basis, Sources: want.Sources,
		By: s.x.Operator, Steps: []step{}, version: 1}
	if d.Method == sample.Stratified {
		d.Strata, d.Allocation = s.x.By, s.x.Allocation
	}
	d.key = fmt.Sprintf("%s/%s/%s/%d", keyPart(d.Population), d.Part, d.Method, d.Size)
	if d.Size > mostSelected && !d.Full {
		return cli.Selected{}, fault.Refuse("a sample of %d items; expected at most %d, or all of them: assay test looks at every item", d.Size, mostSelected)
	}
	list, err := s.o.history(ctx, samples, ownSource, d.key)
	if err != nil {
		return cli.Selected{}, err
	}
	if len(list) > 0 { // drawn before: the same again, with the steps that were taken since
		was, err := readDrawn(list[len(list)-1])
		if err != nil {
			return cli.Selected{}, err
		}
		if was.Strata != d.Strata || was.Allocation != d.Allocation {
			return cli.Selected{}, fault.Refuse("%s was divided by %s, %s; a second division of the same size would be a choice between samples", was.name(), was.Strata, was.Allocation)
		}
		parts, err := was.repeat(ctx, p, past, res)
		if err != nil {
			return cli.Selected{}, err
		}
		if d.Basis != "" {
			was.Basis, was.Sources = d.Basis, d.Sources // of what was asked now; the record keeps that of the draw
		}
		return s.shown(was, parts, false), nil
	}
	if err := s.others(ctx, d); err != nil {
		return cli.Selected{}, err
	}
	parts, err := d.first(ctx, p, past, res)
	if err != nil {
		return cli.Selected{}, err
	}
	return s.seal(ctx, d, parts)
}

// keyPart is how a key stands as a part of a longer one.
func keyPart(s string) string { return strings.NewReplacer("%", "%25", "/", "%2F").Replace(s) }

func readDrawn(k record.Known) (drawn, error) {
	d := drawn{key: k.Key, version: k.Version}
	err := json.Unmarshal(k.Body, &d)
	return d, err
}

// first is the first draw.
func (d drawn) first(ctx context.Context, p sample.Population, past *office, res assure.Results) ([]sample.Part, error) {
	seed, err := hex.DecodeString(d.Seed)
	if err != nil {
		return nil, err
	}
	var one sample.Sample
	switch d.Method {
	case sample.Random:
		one, err = sample.Draw(p, d.Commitment, seed, d.Size)
	case sample.Systematic:
		one, err = sample.DrawSystematic(p, d.Commitment, seed, d.Size)
	case sample.Stratified:
		strata, err := past.strata(ctx, res, d.Strata)
		if err != nil {
			return nil, err
		}
		return sample.DrawStratified(p, strata, d.Allocation, d.Commitment, seed, d.Size)
	default:
		err = fault.Refuse("%q is no method; expected random, systematic or stratified", d.Method)
	}
	return []sample.Part{{Sample: one}}, err
}

// repeat makes a sample again, and compares it with what was sealed.
func (d drawn) repeat(ctx context.Context, p sample.Population, past *office, res assure.Results) ([]sample.Part, error) {
	parts, err := d.first(ctx, p, past, res)
	if err != nil {
		return nil, err
	}
	for _, x := range d.Steps {
		if parts, err = x.take(parts); err != nil {
			return nil, err
		}
	}
	if got := keysOf(parts); !slices.Equal(got, d.Items) && !(len(d.Items) == 0 && d.Full) {
		return nil, &fault.Error{Kind: fault.Integrity, What: d.name() + ": repeating the draw gives other items than the record lists", Hint: "keep this folder as it is, and run assay verify"}
	}
	return parts, nil
}

// take takes a step.
func (x step) take(parts []sample.Part) ([]sample.Part, error) {
	parts = slices.Clone(parts)
	if x.Extend > 0 {
		if len(parts) != 1 {
			return nil, fault.Refuse("a stratified sample is not extended as a whole; draw a larger one, which is kept beside it")
		}
		s, err := parts[0].Extend(x.Extend, x.Reason, nil)
		parts[0].Sample = s
		return parts, err
	}
	for i, p := range parts {
		if slices.ContainsFunc(p.Items, func(k sample.Item) bool { return k.Key == x.Replace }) {
			s, err := p.Replace(x.Replace, x.Cause, x.Reason)
			parts[i].Sample = s
			return parts, err
		}
	}
	return nil, fault.Refuse("%s is not in the sample", x.Replace)
}

func keysOf(parts []sample.Part) []string {
	out := []string{}
	for _, p := range parts {
		for _, i := range p.Items {
			out = append(out, i.Key)
		}
	}
	return out
}

// others warns of samples of another size or by another method from the same population: a choice between them would be one after the
// result. All of them stay on record.
func (s *selection) others(ctx context.Context, d drawn) error {
	list, err := s.drawnFrom(ctx, firstDraw)
	for _, x := range list {
		s.warnings = append(s.warnings, fmt.Sprintf("a %s sample of %d was drawn from this population at %s; both stay on record", x.Method, x.Size, x.At))
	}
	return err
}

// drawnFrom lists the samples from the frozen population, in that version.
func (s selection) drawnFrom(ctx context.Context, part string) (out []drawn, err error) {
	where := []record.Match{{Field: "population", Op: "=", Value: s.f.key + "@" + fmt.Sprint(s.f.version)}}
	err = s.o.sealed(ctx, samples, ownSource, where, func(k record.Known) error {
		d, err := readDrawn(k)
		if d.Part == part {
			out = append(out, d)
		}
		return err
	})
	return out, err
}

// seal appends what was selected as a record; in a copy of somebody else's ledger it writes nothing.
func (s selection) seal(ctx context.Context, d drawn, parts []sample.Part) (cli.Selected, error) {
	if d.Items = keysOf(parts); d.Full && len(d.Items) > mostSelected {
		d.Items = []string{}
	}
	if d.At == "" {
		d.At = civil.InstantOf(s.o.app.Clock()).String()
	}
	if s.o.readOnly {
		return s.shown(d, parts, false), nil
	}
	draft, err := s.o.sealable(ctx, samples, ownSource, d.version, d)
	if err != nil {
		return cli.Selected{}, err
	}
	if draft.Row.Key != d.key {
		return cli.Selected{}, fmt.Errorf("the sample %s has the key %s", d.key, draft.Row.Key)
	}
	if _, err := s.o.st.Append(ctx, s.o.org.ID, "", []record.Draft{draft}); err != nil {
		return cli.Selected{}, err
	}
	return s.shown(d, parts, true), nil
}

func (s selection) shown(d drawn, parts []sample.Part, written bool) cli.Selected {
	out := cli.Selected{Control: d.Control, Test: d.Test, Population: s.f.state(), Commitment: d.Commitment, Seed: d.Seed, Method: d.Method, Strata: d.Strata, Size: d.Size, Asked: d.Asked,
		Basis: d.Basis, Sources: d.Sources, Items: []cli.SelectedItem{}, Gone: d.Gone, Full: d.Full, Record: d.name(), New: written, Warnings: s.warnings}
	for _, p := range parts {
		for _, i := range p.Items {
			out.Items = append(out.Items, cli.SelectedItem{Key: i.Key, Rank: len(out.Items) + 1, Stratum: p.Name, Replaced: i.Replaced, Instead: i.Instead, Extension: i.Extension, Reason: i.Reason})
		}
		if c := p.Cycle(); c != "" {
			out.Warnings = append(out.Warnings, c)
		}
	}
	return out
}
