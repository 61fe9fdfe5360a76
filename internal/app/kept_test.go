package app

import (
	"path/filepath"
	"testing"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
)

// TestKeptHere: an approval that nobody entered is unknown in a register that nothing filled, and a deviation in one that the organization
// says people keep here.
func TestKeptHere(t *testing.T) {
	t.Parallel()
	a := New()
	a.Cost = account.Cost{Memory: 64, Time: 1, Threads: 1}
	o := settled(t, a, filepath.Join(t.TempDir(), "data"), "UTC")
	give(t, o, "changes", change("c1", inPeriod))
	in := &installation{app: a, st: o.st, data: o.data}
	t.Cleanup(func() { _ = o.Close() })
	verdict := func() assure.Verdict {
		t.Helper()
		res, err := o.Test(t.Context(), cli.Test{Controls: []string{"CHG-01"}, Items: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return res.Controls[0].Items[0].Attributes["A"]
	}
	if v := verdict(); v != assure.Undecided {
		t.Errorf("nothing filled the reviews: attribute A is %s, want undecided", v)
	}
	k := keeping{in, o}
	if err := k.Keep(t.Context(), "reviews", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	if kept, err := k.Kept(t.Context(), "reviews"); err != nil || !kept {
		t.Errorf("Kept = %v, %v; want true", kept, err)
	}
	if v := verdict(); v != assure.Deviation {
		t.Errorf("the reviews are kept here: attribute A is %s, want a deviation", v)
	}
	if kept, err := k.Kept(t.Context(), "risks"); err != nil || kept {
		t.Errorf("Kept(risks) = %v, %v; want false", kept, err)
	}
	if v, err := o.Verify(t.Context(), nil); err != nil || len(v.Faults) > 0 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}
