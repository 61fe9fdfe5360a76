package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
)

// bound holds the folder against the package, and says what the mirror does not show.
func (m *mirror) bound(ctx context.Context) error {
	o := m.opened
	cp, err := m.office.st.Checkpoint(ctx, o.Organization)
	if err != nil {
		return err
	}
	if cp.Checkpoint != o.Checkpoint.Checkpoint {
		return &fault.Error{Kind: fault.Integrity, File: m.folder, What: "holds another ledger than the package beside it", Hint: "take the package in again, into a new folder"}
	}
	if !o.Given {
		m.limits = append(m.limits, "The key came with the package: it proves that the package agrees with itself, not who made it. Compare its fingerprint "+publish.Fingerprint(o.Key)+" with the client by another way.")
	}
	if len(o.Anchors) == 0 {
		m.limits = append(m.limits, "No checkpoint was shown to anybody outside: what was written when rests on the client's own clock and word.")
	} else {
		m.limits = append(m.limits, fmt.Sprintf("%d checkpoints were shown to others; their time stamps and cosignatures are not checked here, but by assay-verify under the roots and witnesses that you trust.", len(o.Anchors)))
	}
	if n, err := m.erased(ctx); err != nil {
		return err
	} else if n > 0 {
		m.limits = append(m.limits, fmt.Sprintf("%d records were erased: their places and proofs stand, what they said is gone.", n))
	}
	if z := o.Results.Period.Zone; len(o.Results.Controls) > 0 && o.Results.ZoneRules != z.Rules() {
		m.limits = append(m.limits, "The rules of the zone "+z.String()+" are others here than where the tests were run.")
	}
	if err := m.declared(); err != nil {
		return err
	}
	return m.exhibits(ctx)
}

// declared tells of what the client wrote itself and tests rest on: running a test again shows that its results follow from the records and
// from the rule, not that the rule asks the right thing.
func (m *mirror) declared() error {
	starter, err := registers.Load()
	if err != nil {
		return err
	}
	var over []string
	for name := range m.office.own {
		if starter[name] != nil {
			over = append(over, name)
		}
	}
	if slices.Sort(over); len(over) > 0 {
		m.limits = append(m.limits, "The client declared these registers of the library in a way of its own, and its tests read them so: "+strings.Join(over, ", ")+".")
	}
	_, library, err := programOf(m.office.program, schemas(starter), "")
	if err != nil {
		return err
	}
	texts := map[string]bool{}
	for _, v := range library {
		texts[v.Control.ID+"\n"+v.Test] = true
	}
	var own []string
	for _, v := range m.office.versions {
		if v.Test != "" && !texts[v.Control.ID+"\n"+v.Test] {
			own = append(own, v.Key())
		}
	}
	if len(own) > 0 {
		m.limits = append(m.limits, fmt.Sprintf("The tests of %d versions of controls are not those of this program's library; their rules have to be read: %s.", len(own), strings.Join(own, ", ")))
	}
	return nil
}

// exhibits tells of files that people gave as evidence and that the package does not hold.
func (m *mirror) exhibits(ctx context.Context) error {
	there, missing := map[string]bool{}, 0
	for _, sum := range m.opened.Blobs() {
		there[sum] = true
	}
	o := m.office
	err := o.engine.Rows(string(o.org.ID)).All(ctx, o.regs["evidence"], []string{"blob"}, m.opened.Checkpoint.Size, func(_ string, v []any) error {
		if sum, _ := v[0].(string); !there[sum] {
			missing++
		}
		return nil
	})
	if missing > 0 {
		m.limits = append(m.limits, fmt.Sprintf("%d files that people gave as evidence are not in the package: they were erased, are shown elsewhere in a redacted copy, or the package is of a version that left them out. Their hashes are there.", missing))
	}
	return err
}

func (m *mirror) erased(ctx context.Context) (n int, err error) {
	list, err := m.office.st.System(ctx, m.opened.Organization, record.Erasures, m.opened.Checkpoint.Size)
	for _, k := range list {
		var b struct{ Indexes []int64 }
		if err := json.Unmarshal(k.Body, &b); err != nil {
			return 0, err
		}
		n += len(b.Indexes)
	}
	return n, err
}
