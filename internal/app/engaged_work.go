package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/sample"
	examination "github.com/assayhq/assay/internal/web/engage"
	"github.com/assayhq/assay/internal/web/shell"
)

// engaged is what the pages of engagements need of the application, on either side.
type engaged struct {
	in     *installation
	o      *office
	p      *pages // nil of a firm
	house  *engage.House
	copies *copies
}

var (
	_ examination.Firm      = (*engaged)(nil)
	_ examination.Work      = (*engaged)(nil)
	_ examination.Documents = (*engaged)(nil)
	_ examination.Files     = (*engaged)(nil)
	_ examination.Client    = (*engaged)(nil)
	_ examination.Post      = (*engaged)(nil)
)

// engagementRoutes are the pages of an organization's engagements.
func (in *installation) engagementRoutes(t *tenant) ([]shell.Route, error) {
	x := &engaged{in: in, o: t.o, p: t.p, house: in.house(t.o), copies: &in.copies}
	opts := examination.Options{House: x.house, Side: x.house.Side, Post: x, Files: x, Zone: t.o.program.Zone, Clock: in.app.Clock}
	if x.house.Side == engage.Firm {
		opts.Firm, opts.Work, opts.Documents = x, x, x
	} else {
		opts.Client = x
	}
	p, err := examination.New(opts)
	if err != nil {
		return nil, fmt.Errorf("wire the pages of engagements: %w", err)
	}
	in.background.Go(func() { in.redeliver(x.house) })
	return p.Routes(), nil
}

// TakePackage verifies a package of the client, makes the firm's own copy of it, and runs every test of it again.
func (x *engaged) TakePackage(ctx context.Context, who engage.Who, engagement, name string, r io.Reader) error {
	var key, client string
	var held []ledger.Checkpoint // of packages that were taken in before: each is a prefix of this one
	var terms engage.Terms
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		key, client, terms = e.Client.Key, e.Client.Org, e.Terms
		for _, p := range e.Packages {
			root, err := hex.DecodeString(p.Root)
			if err != nil || len(root) != len(tlog.Hash{}) {
				return &fault.Error{Kind: fault.Integrity, What: "the root of a package taken in before cannot be read"}
			}
			held = append(held, ledger.Checkpoint{Origin: ledger.Origin(id.Org(client)), Size: p.Size, Root: tlog.Hash(root)})
		}
		return e.May(engage.Firm, who, "take_package")
	})
	if err != nil {
		return x.denied(ctx, who, engagement, "take_package", err)
	}
	if key == "" {
		return fault.Refuse("the client's key is not known yet: it comes with the client's agreement to the engagement letter").WithHint("a package that anybody could have signed proves nothing")
	}
	said, err := x.house.Checkpoints(ctx, engagement)
	if err != nil {
		return err
	}
	sum, file, err := x.spool(r)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }() // gone by then where it was taken over
	c, again, err := x.took(ctx, file, x.copyFolder(client, sum), key, sum, held)
	if err == nil {
		err = c.follows(ctx, append(said, held...)) // a copy may have been opened for another engagement already
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p := engage.Package{SHA256: sum, Size: c.opened.Checkpoint.Size, Root: c.opened.Checkpoint.RootHex(), Checkpoint: string(c.opened.Checkpoint.Note), KnownAt: c.results().KnownAt,
		Tests: len(again.Rows), Same: len(again.Rows) - len(again.Differs), Unanchored: c.results().Unanchored}
	deeds := []engage.Deed{{Kind: "take_package", Body: &p}}
	for _, row := range again.Differs {
		p.Differs = append(p.Differs, fmt.Sprintf("%s: %s", row.Test, strings.Join(row.What, ", ")))
	}
	for _, row := range again.Rows {
		if terms.TypeTwo() && row.Package != nil && row.Here != nil {
			deeds = append(deeds, engage.Deed{Kind: "reperform", Body: engage.Reperformance{Control: row.Control, Test: populationName(assure.TestResult{Test: row.Test, Version: row.Version}),
				With: "assay", Package: sum, Theirs: row.Package.Digest, Ours: row.Here.Digest}})
		}
	}
	var state engage.State
	if err := x.house.See(ctx, engagement, func(e *engage.Engagement) error { state = e.State; return nil }); err != nil {
		return err
	}
	if state == engage.Accepted { // no work paper is begun yet: the tests are recorded with the package alone
		deeds = deeds[:1]
	}
	return x.house.DoAll(ctx, who, engagement, deeds)
}

// spool writes what comes in to a file of its own and names it by its SHA-256.
func (x *engaged) spool(r io.Reader) (sum, file string, err error) {
	dir := filepath.Join(x.in.data, "clients")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	f, err := os.CreateTemp(dir, "package-*.zip")
	if err != nil {
		return "", "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), r)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", "", errors.Join(err, os.Remove(f.Name()))
	}
	return hex.EncodeToString(h.Sum(nil)), f.Name(), nil
}

// took makes the firm's copy from a package, or finds it, and runs its tests again.
func (x *engaged) took(ctx context.Context, file, folder, key, sum string, held []ledger.Checkpoint) (*clientCopy, cli.Reperformed, error) {
	done, err := x.in.turn.take(ctx)
	if err != nil {
		return nil, cli.Reperformed{}, err
	}
	defer done()
	x.copies.mu.Lock()
	c := x.copies.open[folder]
	again, ran := x.copies.runs[sum]
	x.copies.mu.Unlock()
	if c != nil {
		if err := c.signedBy(key); err != nil {
			return nil, again, err
		}
	} else {
		m, err := x.in.app.takeIn(ctx, file, folder, key, held...)
		if errors.Is(err, fault.Refused) && there(folder) {
			m, err = x.in.app.reopen(ctx, folder, key, held...)
		}
		if err != nil {
			return nil, again, err
		}
		x.copies.mu.Lock()
		c, err = x.copies.keep(folder, m)
		x.copies.mu.Unlock()
		if err != nil {
			return nil, again, err
		}
	}
	if ran {
		return c, again, nil
	}
	if again, err = c.reperform(ctx, nil); err != nil {
		return nil, again, err
	}
	x.copies.mu.Lock()
	defer x.copies.mu.Unlock()
	if x.copies.runs == nil {
		x.copies.runs = map[string]cli.Reperformed{}
	}
	x.copies.runs[sum] = again
	return c, again, nil
}

func there(folder string) bool {
	_, err := os.Stat(folder)
	return err == nil
}

// denied keeps an attempt on record that was refused before the house was asked.
func (x *engaged) denied(ctx context.Context, who engage.Who, engagement, kind string, err error) error {
	if errors.Is(err, fault.Denied) && !errors.Is(err, access.StepUp) {
		return x.house.Do(ctx, who, engagement, kind, struct{}{}) // it is refused there again, and recorded
	}
	return err
}

// Ties says what this installation knows of a person at the client.
func (x *engaged) Ties(ctx context.Context, engagement, email string) ([]string, error) {
	var client id.Org
	err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		if e.Agreed != nil { // before it the client has told nobody who works for it; who does is held against its word when the engagement is accepted
			client = id.Org(e.Client.Org)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return x.in.ties(ctx, client, email)
}

// Requests are those that the controls in scope give rise to and that were not asked yet: of each control the population of its tests with
// what shows that it is whole, and evidence of its design.
func (x *engaged) Requests(ctx context.Context, engagement string) ([]engage.Request, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return nil, err
	}
	matters, controls, err := c.matters(ctx, t)
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	if err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		for _, r := range e.Requests {
			asked[r.Control+"/"+r.Wants] = true
		}
		return nil
	}); err != nil {
		return nil, err
	}
	serves := map[string][]string{}
	for _, m := range matters {
		for _, k := range m.Controls {
			serves[k] = append(serves[k], m.ID)
		}
	}
	var out []engage.Request
	for _, k := range controls {
		if len(serves[k.ID]) == 0 {
			continue
		}
		add := func(wants, what string) {
			if !asked[k.ID+"/"+wants] {
				out = append(out, engage.Request{Control: k.ID, Wants: wants, What: what})
			}
		}
		add("document", fmt.Sprintf("%s, %s (%s): the policy or procedure that describes it, and one instance followed from its beginning to its end.", k.ID, k.Title, strings.Join(serves[k.ID], ", ")))
		if t.TypeTwo() {
			what := fmt.Sprintf("%s: the population %s, from %s, with the query and parameters that it was read with. One item is %s.", k.ID, t.Words(), orWords(k.Source, "the system that did the thing"), orWords(k.Unit, "one occurrence"))
			if k.Completeness != "" {
				what += " Shown to be whole by: " + k.Completeness
			}
			add("population", what)
		}
		if k.Shape == assure.State {
			add("configuration", fmt.Sprintf("%s: the configuration as it was through the period, with its change log; a picture taken after the period has ended does not show what it was before.", k.ID))
		}
	}
	return out, nil
}

func orWords(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// CommitSeed makes a seed that nobody knows, keeps it in the firm's ledger and tells the client its commitment.
func (x *engaged) CommitSeed(ctx context.Context, who engage.Who, engagement, control, test string) error {
	seed := make([]byte, 32)
	if _, err := io.ReadFull(x.in.app.Random, seed); err != nil {
		return err
	}
	c := sample.Commit(seed)
	return x.house.DoAll(ctx, who, engagement, []engage.Deed{
		{Kind: "commit_seed", Body: engage.Seed{Control: control, Test: test, Commitment: c}},
		{Kind: "keep_seed", Body: engage.Keeping{Commitment: c, Seed: hex.EncodeToString(seed)}},
	})
}

// population is a test's items as the firm holds them, and what was frozen.
func (x *engaged) population(ctx context.Context, engagement, test string) (assure.TestResult, sample.Population, error) {
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return assure.TestResult{}, sample.Population{}, err
	}
	r, err := c.listed(ctx, t, test)
	if err != nil {
		return r, sample.Population{}, err
	}
	p, err := population(r)
	return r, p, err
}

// Suggest gives the sizes that the firm's tables give for a population, with their sources. All of them are: a whole population needs none.
func (x *engaged) Suggest(ctx context.Context, engagement, control, test string) (examination.Size, error) {
	var out examination.Size
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return out, err
	}
	r, pop, err := x.population(ctx, engagement, test)
	if err != nil {
		return out, err
	}
	i := slices.IndexFunc(c.o.controlsAt(t.End()), func(k assure.Control) bool { return k.ID == control })
	if i < 0 {
		return out, fault.NotFound
	}
	k := c.o.controlsAt(t.End())[i]
	out.Frequency, out.Items = string(k.Frequency), r.Population
	for _, risk := range []sample.Risk{sample.Low, sample.High} {
		s, err := sample.DefaultSizes().Suggest(k.Frequency, pop.Len(), risk)
		if err != nil {
			return out, err
		}
		out.Sizes = append(out.Sizes, examination.SizeLine{Size: s.Size, Basis: s.Basis + fmt.Sprintf(" (%s risk)", risk), Source: strings.Join(s.Sources, "; ")})
	}
	for _, p := range []sample.Plan{{Confidence: 9000, Tolerable: 1000}, {Confidence: 9000, Tolerable: 500}, {Confidence: 9500, Tolerable: 500}} {
		s, err := sample.Planned(pop.Len(), p)
		if err != nil {
			continue // no size gives it
		}
		out.Sizes = append(out.Sizes, examination.SizeLine{Size: s.Size, Basis: s.Basis, Source: strings.Join(s.Sources, "; ")})
	}
	return out, nil
}

// Draw opens the seed of a population that the client froze, and selects.
func (x *engaged) Draw(ctx context.Context, who engage.Who, engagement string, d examination.Drawing) error {
	r, pop, err := x.population(ctx, engagement, d.Test)
	if err != nil {
		return err
	}
	if d.Purpose == "passed" || d.Purpose == "undecided" {
		if pop, err = narrowed(r, d.Purpose); err != nil {
			return err
		}
	}
	var seed *engage.Seed
	if err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		if s := e.SeedOf(d.Test); s != nil {
			own := *s
			seed = &own
		}
		return nil
	}); err != nil {
		return err
	}
	s := engage.Sample{Control: d.Control, Test: d.Test, Purpose: d.Purpose, Method: d.Method, Size: d.Size, Basis: d.Basis, Reason: d.Reason, Population: pop.Hash(), Count: pop.Len()}
	if s.ID, err = id.New("sample", x.in.app.Clock(), x.in.app.Random); err != nil {
		return err
	}
	if err := selected(&s, r, pop, seed, d); err != nil {
		return err
	}
	return x.house.Do(ctx, who, engagement, "draw", s)
}

// narrowed are the items of a test that its rule passed, or could not decide: what a person looks at by hand.
func narrowed(r assure.TestResult, purpose string) (sample.Population, error) {
	want := map[string]assure.Verdict{"passed": assure.Pass, "undecided": assure.Undecided}[purpose]
	var keys []string
	for _, i := range r.Items {
		if i.Verdict == want {
			keys = append(keys, i.Key)
		}
	}
	return sample.Freeze(keys)
}

// selected fills in the items.
func selected(s *engage.Sample, r assure.TestResult, pop sample.Population, seed *engage.Seed, d examination.Drawing) error {
	if sample.Method(d.Method) == sample.Judgemental {
		got, err := sample.Pick(pop, d.Picks)
		if err != nil {
			return err
		}
		for _, i := range got.Items {
			s.Items = append(s.Items, engage.SampledItem{Key: i.Key, Reason: i.Reason})
		}
		s.Size = len(s.Items)
		return nil
	}
	if seed == nil || seed.Secret == "" {
		return fault.Refuse("the firm has committed to no seed for %s that is still unopened", d.Test).WithHint("commit to one, and have the client freeze the population")
	}
	raw, err := hex.DecodeString(seed.Secret)
	if err != nil {
		return err
	}
	s.Commitment, s.Seed = seed.Commitment, seed.Secret
	parts, err := parted(r, pop, seed.Commitment, raw, d)
	if err != nil {
		return err
	}
	for _, p := range parts {
		for _, i := range p.Items {
			s.Items = append(s.Items, engage.SampledItem{Key: i.Key, Stratum: p.Name})
		}
	}
	return nil
}

// parted draws by the method.
func parted(r assure.TestResult, pop sample.Population, commitment string, seed []byte, d examination.Drawing) ([]sample.Part, error) {
	switch sample.Method(d.Method) {
	case sample.Stratified: // by month, in proportion: no part of the period is left out by chance
		return sample.DrawStratified(pop, inMonths(r), sample.Proportional, commitment, seed, d.Size)
	case sample.Systematic:
		s, err := sample.DrawSystematic(pop, commitment, seed, d.Size)
		return []sample.Part{{Sample: s}}, err
	case sample.Random:
		s, err := sample.Draw(pop, commitment, seed, d.Size)
		return []sample.Part{{Sample: s}}, err
	}
	return nil, &fault.Error{Kind: fault.Refused, Field: "method", What: fmt.Sprintf("%q is no method of selection", d.Method)}
}

// inMonths parts the items of a test by the month of their event.
func inMonths(r assure.TestResult) []sample.Stratum {
	by := map[string][]string{}
	for _, i := range r.Items {
		m := i.EventTime[:min(7, len(i.EventTime))]
		by[m] = append(by[m], i.Key)
	}
	var out []sample.Stratum
	for _, m := range slices.Sorted(maps.Keys(by)) {
		out = append(out, sample.Stratum{Name: orWords(m, "without a time"), Keys: by[m]})
	}
	return out
}

// Replace puts the next item of the shuffle in the place of one that did not need the control.
func (x *engaged) Replace(ctx context.Context, who engage.Who, engagement, name, key, cause, reason string) error {
	var s engage.Sample
	if err := x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		if p := e.SampleOf(name); p != nil {
			s = *p
			s.Items = slices.Clone(p.Items) // another one may be replaced meanwhile
			return nil
		}
		return fault.NotFound
	}); err != nil {
		return err
	}
	r, pop, err := x.population(ctx, engagement, s.Test)
	if err != nil {
		return err
	}
	if s.Purpose == "passed" || s.Purpose == "undecided" {
		if pop, err = narrowed(r, s.Purpose); err != nil {
			return err
		}
	}
	raw, err := hex.DecodeString(s.Seed)
	if err != nil || s.Seed == "" {
		return fault.Refuse("a sample that somebody picked has no next item")
	}
	if pop.Hash() != s.Population {
		return &fault.Error{Kind: fault.Integrity, What: "the population that the firm holds now is another one than the sample was drawn from"}
	}
	order, err := sample.Draw(pop, s.Commitment, raw, len(s.Items)+1) // one more than there are: one of them is not in the sample yet
	if err != nil {
		return err
	}
	for _, i := range order.Items {
		if !slices.ContainsFunc(s.Items, func(x engage.SampledItem) bool { return x.Key == i.Key }) {
			return x.house.Do(ctx, who, engagement, "replace", engage.Replacing{Sample: name, Key: key, Cause: cause, By: engage.SampledItem{Key: i.Key, Instead: key, Reason: reason}})
		}
	}
	return fault.Refuse("the population has no further item")
}
