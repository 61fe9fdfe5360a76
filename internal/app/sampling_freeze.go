package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/sample"
)

// frozen is a record of frozen_populations: the items of a test of one version of a control, and what they rest on. It does not say
// what the test found.
type frozen struct {
	Control        string           `json:"control"`
	Test           string           `json:"test"`
	ControlVersion int              `json:"control_version"`
	From           civil.Date       `json:"period_from"`
	To             civil.Date       `json:"period_to"`
	Zone           string           `json:"zone"`
	ZoneRules      string           `json:"zone_rules"`
	Shape          assure.Shape     `json:"shape"`
	Hash           string           `json:"population_sha256"`
	Items          int              `json:"items"`
	Commitment     string           `json:"commitment"`
	TestHash       string           `json:"test_sha256"`
	KnownAt        string           `json:"known_at"`
	Size           int64            `json:"checkpoint_size"`
	Root           string           `json:"checkpoint_root"`
	At             string           `json:"frozen_at"`
	By             string           `json:"frozen_by,omitempty"`
	Registers      []string         `json:"registers"`
	Pulls          []cli.FrozenPull `json:"pulls"`
	Completeness   []assure.Check   `json:"completeness"`
	Within         span             `json:"within"` // the period that was asked for, of which this is the part of one version

	key     string
	version int
}

// span is a first and a last day.
type span struct {
	From civil.Date `json:"from"`
	To   civil.Date `json:"to"`
}

func (f frozen) name() string { return record.Name(frozenPopulations, f.key, f.version) }

func (f frozen) state() cli.PopulationState {
	return cli.PopulationState{Hash: f.Hash, Count: f.Items, KnownAt: f.KnownAt, Checkpoint: assure.Checkpoint{Size: f.Size, Root: f.Root}}
}

func (f frozen) shown(written bool) (cli.FrozenPopulation, error) {
	z, err := civil.ParseZone(f.Zone)
	return cli.FrozenPopulation{Test: f.Test, ControlVersion: f.ControlVersion, Shape: f.Shape, Period: civil.Period{From: f.From, To: f.To, Zone: z}, ZoneRules: f.ZoneRules,
		Population: f.state(), Commitment: f.Commitment, TestSHA256: f.TestHash, Pulls: f.Pulls, Completeness: f.Completeness, Record: f.name(), New: written}, err
}

func readFrozen(k record.Known) (frozen, error) {
	f := frozen{key: k.Key, version: k.Version}
	err := json.Unmarshal(k.Body, &f)
	return f, err
}

// Freeze seals the populations of a control as they are known now.
func (o *office) Freeze(ctx context.Context, x cli.Freezing, progress func(test string, done, of int)) (cli.Frozen, error) {
	out := cli.Frozen{Control: x.Control, Populations: []cli.FrozenPopulation{}, Warnings: []string{}}
	units, err := o.unitsOf(x.Control, x.Test)
	if err != nil {
		return out, err
	}
	open, err := o.unopened(ctx)
	if err != nil {
		return out, err
	}
	if x.Commitment != "" && !slices.Contains(open, x.Commitment) {
		return out, &fault.Error{Kind: fault.Refused, Field: "--commitment", What: x.Commitment + " does not stand in the ledger, or its seed was opened already", Hint: uncommitted}
	}
	was, err := o.frozenNow(ctx, units[0].Control)
	if err != nil {
		return out, err
	}
	if len(was) == 0 && len(open) == 0 {
		return out, unseeded() // before anything is tested
	}
	res, err := o.testNow(ctx, units, x, progress)
	if err != nil {
		return out, err
	}
	var drafts []record.Draft
	for _, t := range res.Controls {
		f, d, err := o.frozenOf(ctx, x, res, t, open)
		if err != nil {
			return out, err
		}
		if d != nil {
			drafts = append(drafts, *d)
		}
		shown, err := f.shown(d != nil)
		if err != nil {
			return out, err
		}
		out.Populations, out.Commitment = append(out.Populations, shown), f.Commitment
		out.Warnings = append(out.Warnings, o.doubtful(t, res)...)
	}
	if len(out.Populations) == 0 {
		return out, fault.Refuse("no version of %s was in force from %s to %s", x.Control, res.Period.From, res.Period.To)
	}
	if len(drafts) > 0 {
		_, err = o.st.Append(ctx, o.org.ID, "", drafts)
	}
	return out, err
}

// testNow runs the tests over all of their items, as known now.
func (o *office) testNow(ctx context.Context, units []examine.Unit, x cli.Freezing, progress func(test string, done, of int)) (assure.Results, error) {
	period, err := o.period(x.From, x.To)
	if err != nil {
		return assure.Results{}, err
	}
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return assure.Results{}, err
	}
	r, err := o.again(ctx, units, period, civil.InstantOf(o.app.Clock()), size, progress)
	if err != nil {
		return assure.Results{}, err
	}
	return o.examiner().Test(ctx, r)
}

const uncommitted = "the auditor makes a seed, keeps it, and hands out its commitment (assay commit --print --seed HEX); put that into the ledger with assay commit --commitment HEX, then freeze"

func unseeded() error {
	return fault.Refuse("no commitment to an unopened seed stands in the ledger; whoever chose the seed after the freeze could choose the sample").WithHint("%s", uncommitted)
}

// frozenNow lists the frozen populations of a control, each in its latest version.
func (o *office) frozenNow(ctx context.Context, control string) (out []frozen, err error) {
	err = o.sealed(ctx, frozenPopulations, ownSource, []record.Match{{Field: "control", Op: "=", Value: control}}, func(k record.Known) error {
		f, err := readFrozen(k)
		out = append(out, f)
		return err
	})
	return out, err
}

// unitsOf are the tests of a control, or one of them.
func (o *office) unitsOf(control, test string) ([]examine.Unit, error) {
	units, err := o.chosen([]string{control})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, u := range units {
		names = append(names, u.Test)
	}
	if test != "" && !slices.Contains(names, test) {
		return nil, &fault.Error{Kind: fault.Refused, Field: "--test", What: fmt.Sprintf("%s has no test %q; expected one of %s", control, test, strings.Join(slices.Compact(names), ", "))}
	}
	return slices.DeleteFunc(slices.Clone(units), func(u examine.Unit) bool { return test != "" && u.Test != test }), nil
}

// frozenOf makes the record of a tested population, or none where the last one has the same items and the same test.
func (o *office) frozenOf(ctx context.Context, x cli.Freezing, res assure.Results, t assure.TestResult, open []string) (frozen, *record.Draft, error) {
	if t.Blocked != "" {
		return frozen{}, nil, fault.Refuse("the population of %s cannot be made: %s", t.Test, t.Blocked)
	}
	p, err := population(t)
	if err != nil {
		return frozen{}, nil, err
	}
	f := frozen{Control: t.Control, Test: t.Test, ControlVersion: t.Version, From: t.From, To: t.To, Zone: res.Period.Zone.String(), ZoneRules: res.ZoneRules, Shape: t.Shape,
		Hash: p.Hash(), Items: p.Len(), TestHash: o.testHash(t), KnownAt: res.KnownAt, Size: res.Checkpoint.Size, Root: res.Checkpoint.Root,
		At: civil.InstantOf(o.app.Clock()).String(), By: x.Operator, Registers: t.Registers, Completeness: t.Completeness,
		Within: span{res.Period.From, res.Period.To}, version: 1}
	f.key = fmt.Sprintf("%s/%s/%d/%s/%s", keyPart(f.Control), keyPart(f.Test), f.ControlVersion, f.From, f.To)
	list, err := o.history(ctx, frozenPopulations, ownSource, f.key)
	if err != nil {
		return f, nil, err
	}
	var last *frozen
	if n := len(list); n > 0 {
		was, err := readFrozen(list[n-1])
		if err != nil {
			return f, nil, err
		}
		if was.Hash == f.Hash && was.TestHash == f.TestHash && (x.Commitment == "" || x.Commitment == was.Commitment) {
			return was, nil, nil
		}
		last, f.version = &was, was.version+1
	}
	if f.Commitment, err = commitmentFor(x.Commitment, last, open); err != nil {
		return f, nil, err
	}
	if f.Pulls, err = o.pullsOf(ctx, t, f.Size); err != nil {
		return f, nil, err
	}
	d, err := o.sealable(ctx, frozenPopulations, ownSource, f.version, f)
	if err == nil && d.Row.Key != f.key {
		err = fmt.Errorf("the frozen population %s has the key %s", f.key, d.Row.Key)
	}
	return f, &d, err
}

// commitmentFor is the commitment under which a population is frozen: the one that was named, else that of its last version while its seed is
// unopened, else the only one.
func commitmentFor(named string, last *frozen, open []string) (string, error) {
	switch {
	case named != "":
		return named, nil
	case last != nil && slices.Contains(open, last.Commitment):
		return last.Commitment, nil
	case len(open) == 1:
		return open[0], nil
	case len(open) == 0:
		return "", unseeded()
	}
	return "", &fault.Error{Kind: fault.Refused, Field: "--commitment", What: "several commitments stand unopened; expected one of " + strings.Join(open, ", ")}
}

func population(t assure.TestResult) (sample.Population, error) {
	keys := make([]string, len(t.Items))
	for i, x := range t.Items {
		keys[i] = x.Key
	}
	if len(keys) != t.Population {
		return sample.Population{}, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("%s lists %d of %d items", t.Test, len(keys), t.Population)}
	}
	return sample.Freeze(keys)
}

// testHash names the file of the test that makes the items.
func (o *office) testHash(t assure.TestResult) string {
	sum := sha256.Sum256([]byte(o.testFile(examine.Unit{Control: t.Control, Version: t.Version})))
	return hex.EncodeToString(sum[:])
}

// pullsOf are the pulls that filled the registers which the items come from, and where the calendar makes them, all that the test reads.
func (o *office) pullsOf(ctx context.Context, t assure.TestResult, size int64) ([]cli.FrozenPull, error) {
	out := []cli.FrozenPull{}
	regs := t.Registers
	for _, u := range o.units {
		if len(regs) == 0 && u.Test == t.Test && u.Version == t.Version {
			regs = u.Plan.Registers()
		}
	}
	list, err := o.pulls(ctx)
	for _, p := range list {
		if p.index < size && slices.ContainsFunc(regs, p.fills) {
			out = append(out, cli.PullOf(p.body, p.index))
		}
	}
	return out, err
}

// doubtful warns of what a sample from this population would not reach.
func (o *office) doubtful(t assure.TestResult, res assure.Results) (out []string) {
	if now, err := civil.ParseInstant(res.KnownAt); err != nil || now < res.Period.End() {
		out = append(out, fmt.Sprintf("%s: the period ends on %s; what happens until then is not in this population, and needs one of its own", t.Test, res.Period.To))
	}
	if word, _ := t.Wholeness(); word != assure.Shown && t.Population > 0 {
		out = append(out, fmt.Sprintf("%s: completeness %s; a sample says nothing of items that the population lacks", t.Test, strings.ToLower(word.Word())))
	}
	if t.Population == 0 {
		out = append(out, t.Test+": the population has no item")
	}
	return out
}

// thaw makes the items of a frozen population again, from the records that were known then and the program as it was, and compares their
// hash. It also gives what made them.
func (o *office) thaw(ctx context.Context, f frozen, progress func(test string, done, of int)) (sample.Population, *office, assure.Results, error) {
	fail := func(format string, args ...any) error {
		hint, err := o.erasedSince(ctx, f.Size)
		if err != nil {
			return err
		}
		return &fault.Error{Kind: fault.Integrity, What: f.name() + ": " + fmt.Sprintf(format, args...), Hint: hint}
	}
	none := func(err error) (sample.Population, *office, assure.Results, error) {
		return sample.Population{}, nil, assure.Results{}, err
	}
	past, err := o.asOfSize(ctx, f.Size)
	if err != nil {
		return none(err)
	}
	z, err := civil.ParseZone(f.Zone)
	if err != nil {
		return none(err)
	}
	known, err := civil.ParseInstant(f.KnownAt)
	if err != nil {
		return none(err)
	}
	units := slices.DeleteFunc(slices.Clone(past.units), func(u examine.Unit) bool {
		return u.Control != f.Control || u.Test != f.Test || u.Version != f.ControlVersion
	})
	r, err := past.again(ctx, units, civil.Period{From: f.Within.From, To: f.Within.To, Zone: z}, known, f.Size, progress)
	if err != nil {
		return none(err)
	}
	if r.Checkpoint.Root != f.Root {
		return none(fail("the root of the ledger of %d records was %s, and is %s", f.Size, f.Root, r.Checkpoint.Root))
	}
	res, err := past.examiner().Test(ctx, r)
	if err != nil {
		return none(err)
	}
	if len(res.Controls) != 1 || res.Controls[0].Blocked != "" || res.Controls[0].From != f.From || res.Controls[0].To != f.To {
		return none(fail("its test cannot be run again as it was"))
	}
	p, err := population(res.Controls[0])
	if err != nil {
		return none(err)
	}
	if got := past.testHash(res.Controls[0]); got != f.TestHash {
		return none(fail("its test was %s, and is %s", f.TestHash, got))
	}
	if p.Hash() != f.Hash || p.Len() != f.Items {
		return none(fail("%d items with the hash %s were frozen; the records give %d with %s", f.Items, f.Hash, p.Len(), p.Hash()))
	}
	return p, past, res, nil
}
