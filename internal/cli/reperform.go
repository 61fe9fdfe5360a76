package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Reperformed is what running the tests of a package again answers.
type Reperformed struct {
	Organization string            `json:"organization"`
	ID           string            `json:"id"`
	Created      string            `json:"created"`
	Key          string            `json:"key"`
	KeyGiven     bool              `json:"key_given"` // false: it came with the package, and nobody vouched for it
	Fingerprint  string            `json:"fingerprint"`
	Checkpoint   assure.Checkpoint `json:"checkpoint"`
	Records      int64             `json:"records"`
	Period       civil.Period      `json:"period"`
	KnownAt      string            `json:"known_at"`
	Tests        int               `json:"tests"`
	Same         int               `json:"same"`
	Rows         []ReperformedTest `json:"rows"`
	Differs      []ReperformedTest `json:"differs"`
	Limits       []string          `json:"limits"` // what this does not show
}

// Add counts a test.
func (x *Reperformed) Add(t ReperformedTest) {
	if t.What == nil {
		t.What = []string{}
	}
	x.Tests++
	x.Rows = append(x.Rows, t)
	if len(t.What) == 0 {
		x.Same++
		return
	}
	x.Differs = append(x.Differs, t)
}

// ReperformedTest is one test, as the package says and as found here. What says in what they differ.
type ReperformedTest struct {
	Control string             `json:"control"`
	Test    string             `json:"test"`
	Version int                `json:"version"`
	Package *ReperformedCounts `json:"package,omitempty"`
	Here    *ReperformedCounts `json:"here,omitempty"`
	What    []string           `json:"what"`
}

// ReperformedCounts are the figures of a tested population.
type ReperformedCounts struct {
	Outcome       string `json:"outcome"`
	Population    int    `json:"population"`
	NotApplicable int    `json:"not_applicable"`
	Passed        int    `json:"passed"`
	Deviating     int    `json:"deviating"`
	Undecided     int    `json:"undecided"`
	InProgress    int    `json:"in_progress"`
	Digest        string `json:"digest"`
}

type reperformCmd struct {
	File string `arg:"" help:"The package." type:"path"`
	Key  string `help:"The verifier key of the organization, as known from elsewhere." placeholder:"VKEY"`
}

// Run checks a package and runs its tests again. What differs is an integrity failure: the results do not follow from the records.
func (c *reperformCmd) Run(r *run) error {
	p := r.progress("reperforming")
	got, err := r.h.Reperform(r.ctx, c.File, c.Key, p.steps)
	p.done()
	if err != nil {
		return err
	}
	if r.g.JSON {
		err = r.print(got)
	} else {
		r.reperformed(got)
	}
	if err != nil || len(got.Differs) == 0 {
		return err
	}
	var names []string
	for _, d := range got.Differs {
		names = append(names, d.Test)
	}
	return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("%s of %d find otherwise than the package says: %s", plural(int64(len(names)), "test"), got.Tests, strings.Join(names, ", ")),
		Hint: "ask which program made the package; its results do not follow from its records by this one"}
}

func (r *run) reperformed(x Reperformed) {
	r.say("%s (%s), %s to %s (%s)", x.Organization, x.ID, x.Period.From.Long(), x.Period.To.Long(), x.Period.Zone)
	r.say("package of %s, known at %s, %s, root %s", x.Created, x.KnownAt, plural(x.Records, "record"), x.Checkpoint.Root)
	word := "known from elsewhere"
	if !x.KeyGiven {
		word = "came with the package"
	}
	r.say("key %s, fingerprint %s\n", word, x.Fingerprint)
	w := tabwriter.NewWriter(r.s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TEST\tITEMS\tPASSED\tDEVIATING\tUNDECIDED\tNOT APPLICABLE\tIN PROGRESS\tAGAIN")
	for _, t := range x.Rows {
		said, again := t.Package, "same"
		if said == nil {
			said = t.Here
		}
		if len(t.What) > 0 {
			again = "DIFFERS: " + strings.Join(t.What, ", ")
		}
		name := t.Test
		if t.Version > 1 {
			name += fmt.Sprintf(" v%d", t.Version)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", name, said.Population, said.Passed, said.Deviating, said.Undecided, said.NotApplicable, said.InProgress, again)
	}
	_ = w.Flush()
	r.say("\n%d of %s found the same again, from the records alone.", x.Same, plural(int64(x.Tests), "test"))
	for _, l := range x.Limits {
		r.say("note: %s", l)
	}
}
