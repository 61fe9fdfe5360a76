package cli

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"text/tabwriter"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/sample"
)

// Sampling freezes populations and selects from them, so that neither side can steer what is selected: the auditor's commitment to a
// seed stands in the ledger before the population is frozen, and the seed is opened after it.
type Sampling interface {
	Commit(ctx context.Context, c Committing) (Committed, error)
	Freeze(ctx context.Context, f Freezing, progress func(test string, done, of int)) (Frozen, error)
	Select(ctx context.Context, d Drawing, progress func(test string, done, of int)) (Selected, error)
}

// Committing is a commitment to a seed about to be sealed.
type Committing struct {
	Commitment string // lower-case hex
	By         string // whose seed it is
	Operator   string // who puts it into the ledger
}

// Committed is what a commitment answers.
type Committed struct {
	Commitment string            `json:"commitment"`
	By         string            `json:"by"`
	At         string            `json:"at"`
	New        bool              `json:"new"` // false: it stood there already
	Checkpoint assure.Checkpoint `json:"checkpoint"`
}

// Freezing says which population to freeze.
type Freezing struct {
	Control, Test string
	From, To      *civil.Date
	Commitment    string // where several stand unopened
	Operator      string
}

// Frozen is what a freeze answers.
type Frozen struct {
	Control     string             `json:"control"`
	Commitment  string             `json:"commitment"`
	Populations []FrozenPopulation `json:"populations"`
	Warnings    []string           `json:"warnings"`
}

// PopulationState names a population and what was known when it was frozen.
type PopulationState struct {
	Hash       string            `json:"hash"`
	Count      int               `json:"count"`
	KnownAt    string            `json:"known_at"`
	Checkpoint assure.Checkpoint `json:"checkpoint"`
}

// FrozenPopulation is the population of one test of one version of a control. How many of its items pass is no part of it.
type FrozenPopulation struct {
	Test           string          `json:"test"`
	ControlVersion int             `json:"control_version"`
	Shape          assure.Shape    `json:"shape"`
	Period         civil.Period    `json:"period"`
	ZoneRules      string          `json:"zone_rules"`
	Population     PopulationState `json:"population"`
	Commitment     string          `json:"commitment"`
	TestSHA256     string          `json:"test_sha256"`
	Pulls          []FrozenPull    `json:"pulls"`
	Completeness   []assure.Check  `json:"completeness"`
	Record         string          `json:"record"`
	New            bool            `json:"new"` // false: the same population was frozen already, and nothing was written
}

// FrozenPull is a pull that a population rests on.
type FrozenPull struct {
	ID       string            `json:"id"`
	Register string            `json:"register"`
	Source   string            `json:"source"`
	Object   string            `json:"object"`
	Query    string            `json:"query"`
	Params   map[string]string `json:"params,omitempty"`
	Ended    string            `json:"ended"`
	Operator string            `json:"operator"`
	Rows     int64             `json:"rows"`
	File     string            `json:"file"` // SHA-256 of the bytes read
	Index    int64             `json:"index"`
}

// Drawing says what to select.
type Drawing struct {
	Control, Test string
	Version       int // of the control; 0: the only one
	From, To      *civil.Date
	Seed          []byte
	Size          int          // 0 where Risk or Plan says
	Risk          sample.Risk  // the size by the frequency of the control
	Plan          *sample.Plan // the size by what is tolerated
	Method        sample.Method
	By            string // the field that divides the population, or month
	Allocation    sample.Allocation
	Replace       string // the key of a void item
	Cause         sample.Cause
	Extend        int
	TopUp         bool
	Reason        string
	Operator      string
}

// Selected is a selection.
type Selected struct {
	Control    string          `json:"control"`
	Test       string          `json:"test"`
	Population PopulationState `json:"population"`
	Commitment string          `json:"commitment"`
	Seed       string          `json:"seed"`
	Method     sample.Method   `json:"method"`
	Strata     string          `json:"strata,omitempty"`
	Size       int             `json:"size"`
	Asked      int             `json:"asked"`
	Basis      string          `json:"basis,omitempty"`
	Sources    []string        `json:"sources,omitempty"`
	Items      []SelectedItem  `json:"items"`
	Gone       []string        `json:"gone,omitempty"` // a top-up: items of the first draw that the later population lacks
	Full       bool            `json:"full"`           // every item: no sampling risk, no formula, no confidence
	Record     string          `json:"record"`
	New        bool            `json:"new"`
	Warnings   []string        `json:"warnings"`
}

// SelectedItem is a selected item with its place in the order of the draw, from 1.
type SelectedItem struct {
	Key       string `json:"key"`
	Rank      int    `json:"rank"`
	Stratum   string `json:"stratum,omitempty"`
	Replaced  bool   `json:"replaced,omitempty"`
	Instead   string `json:"instead,omitempty"`
	Extension string `json:"extension,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

type commitCmd struct {
	Commitment string `help:"The commitment that the auditor handed out: 64 hexadecimal digits." xor:"what" required:"" placeholder:"HEX"`
	Seed       string `help:"A seed of 16 bytes or more, to compute its commitment from; the seed itself is not kept. An auditor makes it where the client does not see it, as by openssl rand -hex 32." xor:"what" required:"" placeholder:"HEX"`
	Print      bool   `help:"Print the commitment and stop: no data folder is opened."`
	By         string `help:"Whose seed it is." default:"auditor" placeholder:"WHO"`
	Operator   string `help:"Who puts it into the ledger." env:"ASSAY_OPERATOR"`
}

// Run seals a commitment.
func (c *commitCmd) Run(r *run) error {
	commitment := strings.ToLower(c.Commitment)
	if c.Seed != "" {
		seed, err := seedOf(c.Seed)
		if err != nil {
			return err
		}
		commitment = sample.Commit(seed)
	} else if b, err := hex.DecodeString(commitment); err != nil || len(b) != 32 {
		return &fault.Error{Kind: fault.Refused, Field: "--commitment", What: fmt.Sprintf("%q is none; expected 64 hexadecimal digits", c.Commitment), Hint: "assay commit --print --seed HEX prints the commitment of a seed"}
	}
	if strings.TrimSpace(c.By) == "" {
		return &fault.Error{Kind: fault.Refused, Field: "--by", What: "is blank; expected whose seed it is"}
	}
	if c.Print {
		if r.g.JSON {
			return r.print(map[string]string{"commitment": commitment})
		}
		r.say("%s", commitment)
		return nil
	}
	return r.enter(Write, func(o Office) error {
		got, err := o.Commit(r.ctx, Committing{Commitment: commitment, By: c.By, Operator: c.Operator})
		if err != nil {
			return err
		}
		r.anchored(o)
		if r.g.JSON {
			return r.print(got)
		}
		if !got.New {
			r.say("The commitment %s of %s stands in the ledger since %s.", got.Commitment, got.By, got.At)
			return nil
		}
		r.say("Sealed the commitment %s of %s; the ledger holds %s.", got.Commitment, got.By, plural(got.Checkpoint.Size, "record"))
		r.say("Populations can be frozen now. The seed stays with whoever made it until then.")
		return nil
	})
}

// seedOf reads a seed.
func seedOf(text string) ([]byte, error) {
	seed, err := hex.DecodeString(text)
	if err != nil || len(seed) < sample.MinSeed {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--seed", What: fmt.Sprintf("is no seed; expected %d or more hexadecimal digits, in pairs", 2*sample.MinSeed)}
	}
	return seed, nil
}

type freezeCmd struct {
	Control    string `help:"The control." required:"" placeholder:"ID"`
	Test       string `help:"Only this test of the control." placeholder:"ID"`
	From       string `help:"First day, if not the report's." placeholder:"DATE"`
	To         string `help:"Last day, if not the report's." placeholder:"DATE"`
	Commitment string `help:"Under which commitment, where several stand unopened." placeholder:"HEX"`
	Operator   string `help:"Who freezes it." env:"ASSAY_OPERATOR"`
}

// Run freezes the populations of a control.
func (c *freezeCmd) Run(r *run) error {
	f := Freezing{Control: c.Control, Test: c.Test, Commitment: strings.ToLower(c.Commitment), Operator: c.Operator}
	var err error
	if f.From, f.To, err = dates(c.From, c.To); err != nil {
		return err
	}
	return r.enter(Write, func(o Office) error {
		p := r.progress("freezing")
		got, err := o.Freeze(r.ctx, f, p.steps)
		p.done()
		if err != nil {
			return err
		}
		r.anchored(o)
		r.warn(got.Warnings)
		if r.g.JSON {
			return r.print(got)
		}
		for _, x := range got.Populations {
			r.frozen(x)
		}
		return nil
	})
}

func (r *run) frozen(x FrozenPopulation) {
	said := "Frozen"
	if !x.New {
		said = "Frozen already, with the same items"
	}
	r.say("%s: %s, version %d of the control, %s to %s (%s)", said, x.Test, x.ControlVersion, x.Period.From, x.Period.To, x.Period.Zone)
	r.say("  %s, %s", plural(int64(x.Population.Count), "item"), x.Population.Hash)
	r.say("  known at %s, checkpoint %d %s", x.Population.KnownAt, x.Population.Checkpoint.Size, x.Population.Checkpoint.Root)
	r.say("  commitment %s", x.Commitment)
	for _, p := range x.Pulls {
		r.say("  pull %s: %s of %s, %s from %s, SHA-256 %s", p.ID, plural(p.Rows, "row"), p.Register, p.Object, orDash(p.Source), orDash(p.File))
	}
	for _, k := range x.Completeness {
		r.say("  %s%s %s: %s", k.Check, of(k.Register), k.Status, k.Detail)
	}
	r.say("  %s", x.Record)
}

type sampleCmd struct {
	Control    string `help:"The control." required:"" placeholder:"ID"`
	Test       string `help:"The test, where the control has several." placeholder:"ID"`
	Rule       int    `name:"control-version" help:"The version of the control, where several were in force." placeholder:"N"`
	From       string `help:"First day of the frozen population, where there are several." placeholder:"DATE"`
	To         string `help:"Last day of the frozen population, where there are several." placeholder:"DATE"`
	Size       *int   `help:"How many items." placeholder:"N"`
	Risk       string `help:"Size by the control's frequency, at low or high risk." enum:",low,high" default:""`
	Tolerable  string `help:"Size by the rate of deviations that is tolerated, in percent; 0 means every item." placeholder:"PERCENT"`
	Expected   string `help:"With --tolerable: the rate that is expected." default:"0" placeholder:"PERCENT"`
	Confidence string `help:"With --tolerable: the confidence." default:"95" placeholder:"PERCENT"`
	Seed       string `help:"The seed, opened." placeholder:"HEX"`
	Method     string `help:"random, systematic or stratified." enum:"random,systematic,stratified" default:"random"`
	By         string `help:"Stratified: the field of the records that divides the population, or month." placeholder:"FIELD"`
	Allocation string `help:"Stratified: proportional to the items, or equal." enum:"proportional,equal" default:"proportional"`
	Replace    string `help:"Take the next item for this one, which did not need the control." xor:"act" placeholder:"KEY"`
	Extend     int    `help:"Take so many further items, before any of their results is seen." xor:"act" placeholder:"N"`
	TopUp      bool   `help:"Draw from the items that came since the version of the population that was drawn from." xor:"act"`
	Reason     string `help:"With --replace: void:WHY or duplicate:WHY. With --extend: why."`
	Operator   string `help:"Who draws." env:"ASSAY_OPERATOR"`
}

// Run selects.
func (c *sampleCmd) Run(r *run) error {
	d, err := c.drawing()
	if err != nil {
		return err
	}
	return r.enter(Write, func(o Office) error {
		p := r.progress("selecting")
		got, err := o.Select(r.ctx, d, p.steps)
		p.done()
		if err != nil {
			return err
		}
		r.anchored(o)
		r.warn(got.Warnings)
		if r.g.JSON {
			return r.print(got)
		}
		r.selected(got)
		return nil
	})
}

func (c *sampleCmd) drawing() (Drawing, error) {
	d := Drawing{Control: c.Control, Test: c.Test, Version: c.Rule, Risk: sample.Risk(c.Risk), Method: sample.Method(c.Method), By: c.By,
		Allocation: sample.Allocation(c.Allocation), Replace: c.Replace, Extend: c.Extend, TopUp: c.TopUp, Reason: c.Reason, Operator: c.Operator}
	var err error
	if d.From, d.To, err = dates(c.From, c.To); err != nil {
		return d, err
	}
	if c.Seed != "" {
		if d.Seed, err = seedOf(c.Seed); err != nil {
			return d, err
		}
	}
	said := 0
	for _, is := range []bool{c.Size != nil, c.Risk != "", c.Tolerable != ""} {
		if is {
			said++
		}
	}
	if said > 1 {
		return d, &fault.Error{Kind: fault.Refused, Field: "--size, --risk, --tolerable", What: "several say the size; expected one of them"}
	}
	if c.Size != nil {
		if d.Size = *c.Size; d.Size < 1 {
			return d, &fault.Error{Kind: fault.Refused, Field: "--size", What: fmt.Sprintf("%d items; expected 1 or more", d.Size)}
		}
	}
	if c.Tolerable != "" {
		d.Plan = &sample.Plan{}
		for _, x := range []struct {
			flag, text string
			rate       *sample.Rate
		}{{"--tolerable", c.Tolerable, &d.Plan.Tolerable}, {"--expected", c.Expected, &d.Plan.Expected}, {"--confidence", c.Confidence, &d.Plan.Confidence}} {
			if *x.rate, err = rate(x.flag, x.text); err != nil {
				return d, err
			}
		}
	}
	if (d.Method == sample.Stratified) != (d.By != "") {
		return d, &fault.Error{Kind: fault.Refused, Field: "--by", What: "goes with --method stratified, and only with it; expected the field that divides the population, or month"}
	}
	if d.Replace != "" {
		cause, why, _ := strings.Cut(d.Reason, ":")
		d.Cause, d.Reason = sample.Cause(strings.TrimSpace(cause)), strings.TrimSpace(why)
	}
	return d, nil
}

// rate reads a percentage: 5, 2.5, 0.25 or 5%.
func rate(flag, text string) (sample.Rate, error) {
	x, ok := new(big.Rat).SetString(strings.TrimSpace(strings.TrimSuffix(text, "%")))
	if ok {
		x.Mul(x, big.NewRat(100, 1))
		ok = x.IsInt() && x.Sign() >= 0 && x.Cmp(big.NewRat(int64(sample.Whole), 1)) <= 0
	}
	if !ok || strings.ContainsAny(text, "/eEpPxX_") {
		return 0, &fault.Error{Kind: fault.Refused, Field: flag, What: fmt.Sprintf("%q is no rate; expected a percentage from 0 to 100 with at most two decimals, as 5 or 2.5", text)}
	}
	return sample.Rate(x.Num().Int64()), nil
}

func (r *run) selected(s Selected) {
	what := fmt.Sprintf("%s of %d", plural(int64(s.Size), "item"), s.Population.Count)
	if s.Full {
		what = fmt.Sprintf("all %s: no sampling risk, and no formula applies", plural(int64(s.Population.Count), "item"))
	}
	r.say("%s, test %s: %s, %s", s.Control, s.Test, s.Method, what)
	if s.Basis != "" {
		r.say("size: %s", s.Basis)
	}
	r.say("population %s, known at %s, checkpoint %d", s.Population.Hash, s.Population.KnownAt, s.Population.Checkpoint.Size)
	r.say("commitment %s\nseed       %s\n", s.Commitment, s.Seed)
	w := tabwriter.NewWriter(r.s.Out, 0, 4, 2, ' ', 0)
	for _, x := range s.Items {
		note := x.Stratum
		switch {
		case x.Replaced:
			note = strings.TrimSpace(note + " replaced: did not need the control")
		case x.Instead != "":
			note = strings.TrimSpace(fmt.Sprintf("%s instead of %s: %s", note, x.Instead, x.Reason))
		case x.Extension != "":
			note = strings.TrimSpace(note + " extension: " + x.Extension)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\n", x.Rank, x.Key, note)
	}
	_ = w.Flush()
	for _, k := range s.Gone {
		r.say("%s is not in the population any more; it is tested all the same", k)
	}
	r.say("\n%s", s.Record)
}

// PullOf is a pull at its place in the ledger, as a frozen population names it.
func PullOf(p record.Pull, index int64) FrozenPull {
	return FrozenPull{ID: string(p.ID), Register: p.Register, Source: p.Source, Object: p.Object, Query: p.Query, Params: p.Params, Ended: p.Ended,
		Operator: p.Operator, Rows: p.Rows, File: p.File, Index: index}
}
