package engage

import (
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/sample"
)

// Package is a package of the client that the firm took in, and what came of testing it again from the raw records.
type Package struct {
	SHA256     string        `json:"sha256"` // of the file
	Size       int64         `json:"size"`   // records sealed
	Root       string        `json:"root"`
	Checkpoint string        `json:"checkpoint"` // the signed note
	KnownAt    string        `json:"known_at"`
	Tests      int           `json:"tests"`             // run again by the firm
	Same       int           `json:"same"`              // that came out as the client says
	Differs    []string      `json:"differs,omitempty"` // tests that did not
	Unanchored int64         `json:"unanchored"`        // records after the last checkpoint that somebody outside holds
	At         civil.Instant `json:"-"`
}

// Seed is a secret that the firm committed to (handbook 4.7).
type Seed struct {
	Control    string        `json:"control"`
	Test       string        `json:"test"`
	Commitment string        `json:"commitment"`
	Secret     string        `json:"-"` // hex; empty at the client until it is opened
	At         civil.Instant `json:"-"`
	Used       bool          `json:"-"` // opened: never good for another population
}

// Keeping keeps a seed in the firm's own ledger.
type Keeping struct {
	Commitment string `json:"commitment"`
	Seed       string `json:"seed"` // hex
}

// Frozen is a population as the client sealed it: from then on another list of items is another version.
type Frozen struct {
	Control    string            `json:"control"`
	Test       string            `json:"test"`
	Version    int               `json:"version"`
	Hash       string            `json:"hash"` // sample.Population's
	Count      int               `json:"count"`
	From       civil.Date        `json:"from"`
	To         civil.Date        `json:"to"`
	Zone       string            `json:"zone"`
	KnownAt    string            `json:"known_at"`
	Size       int64             `json:"size"` // of the client's ledger
	Root       string            `json:"root"`
	Rule       string            `json:"rule"`       // SHA-256 of the test
	Commitment string            `json:"commitment"` // of the seed that will draw from it
	Pulls      []FrozenPull      `json:"pulls,omitempty"`
	Checks     []PopulationCheck `json:"checks,omitempty"` // the client's own
	At         civil.Instant     `json:"-"`
	By         string            `json:"-"`
}

// FrozenPull is a pull that a population rests on.
type FrozenPull struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Object string `json:"object,omitempty"`
	Query  string `json:"query,omitempty"`
	File   string `json:"file,omitempty"` // SHA-256
	Rows   int64  `json:"rows"`
	Ended  string `json:"ended"`
}

// PopulationCheck is one piece of work on completeness (C1 to C6) or accuracy (A1 to A5) of a population (handbook 4.4).
type PopulationCheck struct {
	Control string `json:"control"`
	Test    string `json:"test"`
	Check   string `json:"check"`
	Source  string `json:"source,omitempty"` // what it was held against
	Count   *int   `json:"count,omitempty"`  // by the second source
	Passed  bool   `json:"passed"`
	Words   string `json:"words"`
	By      string `json:"by,omitempty"`
	Version int    `json:"-"` // of the frozen population it was done on; 0: nothing was frozen
}

// Trace is an item that the auditor took from the world and looked for in the population (C4, handbook E72).
type Trace struct {
	Control string `json:"control"`
	Test    string `json:"test"`
	Item    string `json:"item"`
	Source  string `json:"source"`
	Found   bool   `json:"found"`
	Words   string `json:"words"`
	By      string `json:"-"`
}

// Sample is a selection. A whole population that was tested needs none.
type Sample struct {
	ID         string         `json:"id"`
	Control    string         `json:"control"`
	Test       string         `json:"test"`
	Purpose    string         `json:"purpose"`          // operation, passed (items that the rule passed, looked at by hand), undecided, rollforward, extension
	Method     string         `json:"method"`           // sample.Method
	Size       int            `json:"size"`             // asked for
	Basis      string         `json:"basis"`            // where the size comes from
	Reason     string         `json:"reason,omitempty"` // of an extension, before its results were seen
	Population string         `json:"population"`       // hash
	Count      int            `json:"count"`
	Commitment string         `json:"commitment,omitempty"`
	Seed       string         `json:"seed,omitempty"` // hex, opened
	Items      []SampledItem  `json:"items"`
	At         civil.Instant  `json:"-"`
	By         string         `json:"-"`
	Released   *civil.Instant `json:"-"` // when the client was told
}

// SampledItem is an item of a selection. A void one stays on the list beside the one that stands for it.
type SampledItem struct {
	Key     string `json:"key"`
	Stratum string `json:"stratum,omitempty"`
	Reason  string `json:"reason,omitempty"`  // why a person picked it, or why it stands for another
	Instead string `json:"instead,omitempty"` // the void item for which it stands
	Void    bool   `json:"void,omitempty"`
}

// Projects reports whether something can be inferred from the sample for the population.
func (s Sample) Projects() bool { return sample.Method(s.Method).Projects() && s.Purpose != "passed" }

// Replacing puts the next item of the shuffle in the place of a void one.
type Replacing struct {
	Sample string      `json:"sample"`
	Key    string      `json:"key"`
	Cause  string      `json:"cause"` // void or duplicate; missing evidence is a deviation and never replaced
	By     SampledItem `json:"by"`
}

// Naming names a sample.
type Naming struct {
	Sample string `json:"sample"`
}

// FrozenOf is the population of a test as it stands.
func (e *Engagement) FrozenOf(test string) (Frozen, bool) {
	for _, f := range slices.Backward(e.Frozen) {
		if f.Test == test {
			return f, true
		}
	}
	return Frozen{}, false
}

// SampleOf finds a sample.
func (e *Engagement) SampleOf(id string) *Sample {
	for i := range e.Samples {
		if e.Samples[i].ID == id {
			return &e.Samples[i]
		}
	}
	return nil
}

// SeedOf is the seed that is kept for a test and not yet opened.
func (e *Engagement) SeedOf(test string) *Seed {
	for i := range slices.Backward(e.Seeds) {
		if s := &e.Seeds[i]; s.Test == test && !s.Used {
			return s
		}
	}
	return nil
}

var sampling = []kind{
	act("take_package", Firm, func(e *Engagement, a Act, b Package) error {
		if !isHash(b.SHA256) || !isHash(b.Root) || b.Size < 1 {
			return fault.Refuse("the package has no hash, no root or no records")
		}
		if n := len(e.Packages); n > 0 && b.Size < e.Packages[n-1].Size {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the package holds %d records, and an earlier one held %d: a ledger does not shrink", b.Size, e.Packages[n-1].Size)}
		}
		b.At = a.At
		e.Packages = append(e.Packages, b)
		return nil
	}).by(Partner, Manager, Staff).in(Accepted, Planning, Fieldwork, WrapUp),

	act("commit_seed", Firm, func(e *Engagement, a Act, b Seed) error {
		if !isHash(b.Commitment) || b.Test == "" {
			return fault.Refuse("a commitment is a SHA-256 in hex, for one test; expected both")
		}
		for _, s := range e.Seeds {
			if s.Commitment == b.Commitment {
				return fault.Refuse("this commitment was made before; expected a seed of its own for each population")
			}
		}
		b.At = a.At
		e.Seeds = append(e.Seeds, b)
		return nil
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp).sent(),

	act("keep_seed", Firm, func(e *Engagement, _ Act, b Keeping) error {
		raw, err := hex.DecodeString(b.Seed)
		if err != nil || len(raw) < sample.MinSeed || sample.Commit(raw) != b.Commitment {
			return fault.Refuse("the seed does not open the commitment")
		}
		for i := range e.Seeds {
			if e.Seeds[i].Commitment == b.Commitment {
				e.Seeds[i].Secret = b.Seed
				return nil
			}
		}
		return fault.Refuse("the commitment was not made")
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp),

	act("freeze", Client, func(e *Engagement, a Act, b Frozen) error {
		if !isHash(b.Hash) || b.Test == "" || b.Control == "" || b.Count < 0 || b.To < b.From {
			return fault.Refuse("the population has no hash, no control or no test, or it ends before it begins")
		}
		i := slices.IndexFunc(e.Seeds, func(s Seed) bool { return s.Commitment == b.Commitment && s.Test == b.Test })
		if i < 0 {
			return fault.Refuse("the auditor's commitment to a seed for %s is not here: a population is frozen after it, so that neither side can steer the selection", b.Test).WithHint("wait for the firm's commitment")
		}
		if e.Seeds[i].Used {
			return fault.Refuse("the seed for %s was opened already; a population frozen now needs another commitment", b.Test)
		}
		b.Version, b.At, b.By = 1, a.At, a.By
		if was, ok := e.FrozenOf(b.Test); ok {
			if was.Hash == b.Hash && was.KnownAt == b.KnownAt {
				return fault.Refuse("this population of %s is frozen already", b.Test)
			}
			b.Version = was.Version + 1
		}
		e.Frozen = append(e.Frozen, b)
		return nil
	}).role(access.Lead).in(Planning, Fieldwork, WrapUp).sent(),

	act("check_population", Firm, func(e *Engagement, a Act, b PopulationCheck) error {
		if err := one("check", b.Check, "C1", "C2", "C3", "C4", "C5", "C6", "A1", "A2", "A3", "A4", "A5"); err != nil {
			return err
		}
		if err := said("words", b.Words); err != nil {
			return err
		}
		if b.Check == "C2" && (b.Count == nil || b.Source == "") {
			return fault.Refuse("C2 is a count by a second source; expected the count and the source")
		}
		if f, ok := e.FrozenOf(b.Test); ok && b.Check == "C2" && b.Passed && *b.Count != f.Count {
			return fault.Refuse("the second source counts %d, the population %d: the check has not passed", *b.Count, f.Count).WithHint("find the difference, or record the check as failed")
		}
		now, _ := e.FrozenOf(b.Test)
		b.By, b.Version = a.By, now.Version
		p := e.paper(b.Control)
		p.Checks = append(p.Checks, b)
		p.changed()
		return nil
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp),

	act("trace", Firm, func(e *Engagement, a Act, b Trace) error {
		for _, f := range []struct{ name, text string }{{"item", b.Item}, {"source", b.Source}, {"words", b.Words}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		b.By = a.By
		p := e.paper(b.Control)
		p.Traces = append(p.Traces, b)
		p.changed()
		return nil
	}).by(Partner, Manager, Staff).in(Planning, Fieldwork, WrapUp),

	act("draw", Firm, drawn).by(Partner, Manager, Staff).in(Fieldwork, WrapUp),

	act("replace", Firm, func(e *Engagement, a Act, b Replacing) error {
		s := e.SampleOf(b.Sample)
		if s == nil {
			return fault.NotFound
		}
		if err := one("cause", b.Cause, "void", "duplicate"); err != nil {
			return fault.Refuse("only an item that did not need the control is replaced, as void or duplicate; missing evidence is a deviation")
		}
		if err := said("reason", b.By.Reason); err != nil {
			return err
		}
		i := slices.IndexFunc(s.Items, func(x SampledItem) bool { return x.Key == b.Key && !x.Void })
		if i < 0 {
			return fault.Refuse("%q is not in the sample, or was replaced", b.Key)
		}
		if b.By.Instead != b.Key || slices.ContainsFunc(s.Items, func(x SampledItem) bool { return x.Key == b.By.Key }) {
			return fault.Refuse("%q does not stand for %q", b.By.Key, b.Key)
		}
		if b.By.Key == "" || b.By.Void {
			return fault.Refuse("nothing stands for %q", b.Key)
		}
		s.Items[i].Void = true
		s.Items = append(s.Items, b.By)
		s.Released = nil // the client was told of another list
		e.paper(s.Control).changed()
		return nil
	}).by(Partner, Manager, Staff).in(Fieldwork, WrapUp),

	act("release_sample", Firm, func(e *Engagement, a Act, b Sample) error {
		s := e.SampleOf(b.ID)
		if e.own(a) {
			if s == nil {
				return fault.NotFound
			}
			if s.Released != nil {
				return fault.Refuse("the client was told already")
			}
			if !s.says(b) {
				return fault.Refuse("this is not the sample %s as it was drawn; expected its own items and seed", b.ID)
			}
			s.Released = &a.At
			return nil
		}
		return e.told(s, a, b)
	}).by(Partner, Manager, Staff).in(Fieldwork, WrapUp).sent(),
}

// says reports whether another copy of a sample says the same.
func (s Sample) says(b Sample) bool {
	return s.ID == b.ID && s.Control == b.Control && s.Test == b.Test && s.Purpose == b.Purpose && s.Method == b.Method && s.Size == b.Size &&
		s.Population == b.Population && s.Count == b.Count && s.Commitment == b.Commitment && s.Seed == b.Seed && slices.Equal(s.Items, b.Items)
}

// told is what the client makes of a sample that the firm releases. The seed is the one that was committed to, and what was released once
// only grows by what stands for void items.
func (e *Engagement) told(s *Sample, a Act, b Sample) error {
	wrong := func(what string) error {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the sample %s is not what it says: %s", b.ID, what)}
	}
	i := -1
	if b.Seed != "" || sample.Method(b.Method).Projects() {
		raw, err := hex.DecodeString(b.Seed)
		i = slices.IndexFunc(e.Seeds, func(s Seed) bool { return s.Commitment == b.Commitment && s.Test == b.Test })
		if err != nil || i < 0 || sample.Commit(raw) != b.Commitment {
			return wrong("its seed is none to which the firm committed for this test")
		}
	}
	if s != nil && (s.Seed != b.Seed || s.Population != b.Population || s.Test != b.Test || len(b.Items) < len(s.Items) ||
		!slices.EqualFunc(s.Items, b.Items[:len(s.Items)], func(x, y SampledItem) bool { return x.Key == y.Key })) {
		return wrong("it was released before, with other items")
	}
	if i >= 0 {
		e.Seeds[i].Used, e.Seeds[i].Secret = true, b.Seed
	}
	b.At, b.By, b.Released = a.At, a.By, &a.At
	if s == nil {
		e.Samples = append(e.Samples, b)
		return nil
	}
	*s = b
	return nil
}

// drawn takes a selection over: its items are those that the opened seed draws from the population that the client had frozen after the
// firm's commitment.
func drawn(e *Engagement, a Act, b Sample) error {
	if b.ID == "" || e.SampleOf(b.ID) != nil {
		return fault.Refuse("the sample %q is there already", b.ID)
	}
	if err := b.whole(); err != nil {
		return err
	}
	if err := one("purpose", b.Purpose, "operation", "passed", "undecided", "rollforward", "extension"); err != nil {
		return err
	}
	if b.Purpose == "extension" {
		if err := e.extends(b); err != nil {
			return err
		}
	}
	if err := said("basis", b.Basis); err != nil {
		return err
	}
	judged := !sample.Method(b.Method).Projects()
	if f, ok := e.FrozenOf(b.Test); b.Purpose == "operation" || b.Purpose == "rollforward" {
		if !ok {
			return fault.Refuse("the population of %s is not frozen", b.Test).WithHint("commit to a seed and ask the client to freeze it")
		}
		if f.Hash != b.Population {
			return fault.Refuse("the sample was drawn from another list of items than the frozen one")
		}
		if !judged && f.Commitment != b.Commitment {
			return fault.Refuse("the population of %s was frozen under another commitment", b.Test)
		}
	}
	if !judged {
		raw, err := hex.DecodeString(b.Seed)
		if err != nil || sample.Commit(raw) != b.Commitment {
			return fault.Refuse("the seed does not open the commitment")
		}
		i := slices.IndexFunc(e.Seeds, func(s Seed) bool { return s.Commitment == b.Commitment && s.Test == b.Test })
		if i < 0 {
			return fault.Refuse("nobody committed to this seed for %s", b.Test)
		}
		if e.Seeds[i].Used && b.Purpose != "extension" {
			return fault.Refuse("the seed for %s was opened already; expected one of its own for each draw", b.Test)
		}
		e.Seeds[i].Used, e.Seeds[i].Secret = true, b.Seed
	} else {
		for _, x := range b.Items {
			if err := said("reason", x.Reason); err != nil {
				return fault.Refuse("%q was picked without a reason; expected why", x.Key)
			}
		}
	}
	b.At, b.By, b.Released = a.At, a.By, nil
	e.Samples = append(e.Samples, b)
	e.paper(b.Control).changed()
	return nil
}

// extends says what is wrong with an extension: it has a reason, is chosen before the results of its items are seen, repeats none, and where
// it goes on with a seed that was opened, with the list that the seed was for.
func (e *Engagement) extends(b Sample) error {
	if err := said("reason", b.Reason); err != nil {
		return err
	}
	var marks map[string]map[string]Mark
	if p := e.Papers[b.Control]; p != nil && p.Tests[b.Test] != nil {
		marks = p.Tests[b.Test].Marks
	}
	drawn := map[string]bool{}
	same := false
	for _, s := range e.Samples {
		if s.Test != b.Test {
			continue
		}
		same = same || s.Commitment == b.Commitment && s.Population == b.Population
		for _, x := range s.Items {
			drawn[x.Key] = true
		}
	}
	for _, x := range b.Items {
		switch {
		case drawn[x.Key]:
			return fault.Refuse("%q was drawn before", x.Key)
		case len(marks[x.Key]) > 0:
			return fault.Refuse("the result of %q was seen before the extension was chosen; expected the choice first", x.Key)
		}
	}
	if i := slices.IndexFunc(e.Seeds, func(s Seed) bool { return s.Commitment == b.Commitment && s.Test == b.Test }); i >= 0 && e.Seeds[i].Used && !same {
		return fault.Refuse("the seed was opened for another list of items of %s", b.Test)
	}
	return nil
}

// whole says what is wrong with the list of a new sample.
func (s Sample) whole() error {
	if s.Control == "" || s.Test == "" || len(s.Items) == 0 {
		return fault.Refuse("a sample is of a test of a control, and holds items; expected all three")
	}
	if !slices.Contains([]sample.Method{sample.Random, sample.Systematic, sample.Stratified, sample.Judgemental}, sample.Method(s.Method)) {
		return fault.Refuse("%q is no method of selection", s.Method)
	}
	if s.Count < len(s.Items) {
		return fault.Refuse("the sample holds %d items of a population of %d", len(s.Items), s.Count)
	}
	seen := map[string]bool{}
	for _, x := range s.Items {
		if x.Key == "" || seen[x.Key] || x.Void || x.Instead != "" {
			return fault.Refuse("the sample holds an item without a key, one twice, or one that stands for another: %q", x.Key)
		}
		seen[x.Key] = true
	}
	return nil
}
