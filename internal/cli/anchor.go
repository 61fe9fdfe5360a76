package cli

import (
	"errors"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// AnchorSettings name those outside who shall vouch for checkpoints. The data folder remembers
// them; what is empty stays as it was.
type AnchorSettings struct {
	TSA       string   // where a time stamping authority takes requests (RFC 3161)
	Roots     string   // file of root certificates in PEM, added to those there are
	Witnesses []string // VKEY@URL of witnesses (C2SP tlog-witness), added to those there are
}

// Anchored is what anchoring answers.
type Anchored struct {
	Checkpoint assure.Checkpoint `json:"checkpoint"`
	New        []ledger.Anchor   `json:"anchors"` // obtained now
	Failed     []AnchorFailure   `json:"failed"`
	Window     ledger.Window     `json:"window"`
}

// AnchorFailure is somebody who did not vouch for the checkpoint.
type AnchorFailure struct {
	By   string `json:"by"`
	What string `json:"what"`
	Err  error  `json:"-"`
}

type anchorCmd struct {
	TSA      string   `help:"Time stamping authority (RFC 3161) to use from now on." placeholder:"URL"`
	TSARoots string   `help:"Root certificates of the authority, in PEM." name:"tsa-roots" type:"path" placeholder:"FILE"`
	Witness  []string `help:"Witness (C2SP tlog-witness) to ask from now on; may be repeated." sep:"none" placeholder:"VKEY@URL"`
}

func (c *anchorCmd) Run(r *run) error {
	return r.enter(Write, func(o Office) error {
		a, err := o.Anchor(r.ctx, &AnchorSettings{TSA: c.TSA, Roots: c.TSARoots, Witnesses: c.Witness})
		if err != nil {
			return err
		}
		if r.g.JSON {
			if err := r.print(a); err != nil {
				return err
			}
		} else {
			for _, n := range a.New {
				r.say("Checkpoint %d has a %s by %s at %s.", n.Size, n.Kind, n.By, n.At)
			}
			for _, f := range a.Failed {
				r.say("FAILED  %s", f.What)
			}
			r.say("%s", a.Window)
		}
		return refused(a.Failed)
	})
}

// refused ends a command that was asked to anchor: an integrity failure when somebody outside
// has seen another history.
func refused(list []AnchorFailure) error {
	var all []error
	for _, f := range list {
		if errors.Is(f.Err, fault.Integrity) {
			return &fault.Error{Kind: fault.Integrity, What: "somebody outside does not vouch for this ledger", Err: f.Err,
				Hint: "keep this folder as it is, run assay verify, and ask whoever it was what they hold"}
		}
		all = append(all, f.Err)
	}
	return errors.Join(all...)
}

// anchored anchors what a command has just sealed, where somebody is named. What it sealed
// stands in any case: a failure is a warning, and the records are shown as unanchored.
func (r *run) anchored(o Office) {
	a, err := o.Anchor(r.ctx, nil)
	if err != nil {
		a.Failed = append(a.Failed, AnchorFailure{What: err.Error()})
	}
	for _, f := range a.Failed {
		r.warn([]string{"the records are sealed but not anchored: " + f.What})
	}
}
