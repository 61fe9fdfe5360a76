package app

import (
	"context"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
)

// keptBy says which register shows that another is kept by acts in the application: a file would overwrite what people did there.
var keptBy = map[string]string{
	"access_reviews": "access_review_lists",
	"policies":       "policy_proposals", "policy_versions": "policy_proposals", "policy_reviews": "policy_proposals", "acknowledgements": "policy_proposals",
}

// fillable says which registers the reader may fill by a file: for most the policy of the route suffices. What acts make, and who is who,
// is for the compliance lead to take in from the source that keeps it; not while it is kept here; and who acts for whom is never taken from
// a file that comes through a page, as whoever made it could make themselves anybody.
func (o *office) fillable(ctx context.Context) (func(register string) bool, error) {
	lead := access.Decide(access.RunWork, access.From(ctx)) == nil
	here := map[string]bool{}
	for _, by := range keptBy {
		if _, done := here[by]; done {
			continue
		}
		_, total, err := o.st.List(ctx, o.org.ID, o.regs[by], record.Query{Limit: 1})
		if err != nil {
			return nil, err
		}
		here[by] = total > 0
	}
	return func(name string) bool {
		_, act := operate.ByAct(name)
		switch {
		case name == "delegations":
			return false
		case act || operate.Guarded(name):
			return lead && !here[keptBy[name]]
		}
		return true
	}, nil
}
