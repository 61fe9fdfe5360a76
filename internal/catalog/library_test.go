package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/register"
)

type schemas map[string]*register.Schema

func (s schemas) Schema(name string) (*register.Schema, bool) { v, ok := s[name]; return v, ok }

func (s schemas) Names() []string {
	var out []string
	for n := range s {
		out = append(out, n)
	}
	return out
}

// populations are the controls whose population is data: their tests read the records of the systems that did the
// thing, and no person's word.
var populations = strings.Fields(`GOV-01 GOV-05 POL-01 IAM-01 IAM-02 IAM-03 IAM-04 IAM-05 IAM-06 IAM-07 CHG-01 CHG-02 CHG-03 CHG-04
	CHG-05 CHG-06 VUL-01 VUL-02 VUL-03 VUL-04 AVL-02 AVL-03 INC-01 INC-02 INC-03 INC-04 INC-05 VEN-01 VEN-02 MON-02 LOG-01 DAT-01
	AST-01 PAY-04`)

// TestEveryControlDecides: each control of the library has a test of its own shape whose attributes are parts of
// its own pass rule, and no test belongs to a control that the library does not have.
func TestEveryControlDecides(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	list, err := tests.Load(schemas(regs))
	if err != nil {
		t.Fatal(err)
	}
	tested, asked := map[string]int{}, map[string]string{}
	for _, x := range list {
		ctl, ok := c.Control(x.Control)
		switch {
		case !ok:
			t.Errorf("%s.txtar tests a control that the library does not have", x.Control)
		case ctl.Shape != x.Shape:
			t.Errorf("%s.txtar says the shape is %s, the library says %s", x.Control, x.Shape, ctl.Shape)
		}
		if x.Plan.Checklist() && slices.Contains(populations, x.Control) {
			t.Errorf("%s asks a person; its population is data, so its attributes have to be compiled", x.ID)
		}
		tested[x.Control] += len(x.Plan.Checks)
		var texts []string
		for _, k := range x.Plan.Checks {
			texts = append(texts, k.Text)
		}
		all := strings.Join(texts, "\n")
		if other := asked[all]; other != "" && other != x.Control {
			t.Errorf("%s and %s ask the same questions: %s", other, x.Control, strings.Join(texts, "; "))
		}
		asked[all] = x.Control
	}
	var without []string
	for _, ctl := range c.Controls {
		if tested[ctl.ID] == 0 {
			without = append(without, ctl.ID)
		}
	}
	if len(without) > 0 {
		t.Errorf("%d of %d controls have no test with attributes (internal/catalog/tests/ID.txtar): %s", len(without), len(c.Controls), strings.Join(without, " "))
	}
}
