package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
)

func TestLoadEmbedded(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	f, ok := c.Framework("tsc")
	if !ok {
		t.Fatal("framework tsc is missing")
	}
	count := map[string]int{}
	for _, cr := range f.Criteria {
		count[cr.Category]++
	}
	want := map[string]int{"security": 33, "availability": 3, "processing_integrity": 5, "confidentiality": 2, "privacy": 18}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("criteria by category (-want +got):\n%s", diff)
	}
	cr, _ := c.Criterion("CC8.1")
	if !slices.Contains(cr.Primary, "CHG-01") || !slices.Contains(cr.Primary, "CHG-03") {
		t.Errorf("CC8.1 primary = %v, want CHG-01 and CHG-03 among them", cr.Primary)
	}
	if cr, ok := c.Criterion("CC99.9"); ok {
		t.Errorf("Criterion(CC99.9) = %v, want none", cr)
	}
}

// TestFrameworks counts what the library holds of each framework, and what it leaves to the organization.
func TestFrameworks(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Controls) != 96 {
		t.Errorf("controls = %d, want 96", len(c.Controls))
	}
	for _, tt := range []struct {
		id                         string
		criteria, clauses, details int
		bare                       int // without a primary control
		categories                 []string
	}{
		{TSC, 61, 0, 0, 0, []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"}},
		{ISO27001, 93, 25, 0, 0, []string{"organizational", "people", "physical", "technological"}},
		{SOC1, 64, 0, 64, 40, []string{General, "PAY", "BIL", "LNS", "TRC", "TA", "FA", "CLM", "DCN"}},
	} {
		f, ok := c.Framework(tt.id)
		if !ok || len(f.Criteria) != tt.criteria || len(f.Clauses) != tt.clauses || len(f.Objectives) != tt.details {
			t.Errorf("%s = %v, %d criteria, %d clauses, %d objectives", tt.id, ok, len(f.Criteria), len(f.Clauses), len(f.Objectives))
		}
		if got := len(f.Bare()); got != tt.bare {
			t.Errorf("%s: %d criteria without a primary control, want %d", tt.id, got, tt.bare)
		}
		if diff := cmp.Diff(tt.categories, f.Categories()); diff != "" {
			t.Errorf("%s categories (-want +got):\n%s", tt.id, diff)
		}
		claimed := 0
		for _, cr := range f.Criteria {
			if Claimed(cr) {
				claimed++
			}
		}
		if want := map[string]int{TSC: 61, ISO27001: 93, SOC1: 9 + 13}[tt.id]; claimed != want {
			t.Errorf("%s: the library claims %d criteria, want %d", tt.id, claimed, want)
		}
	}
	soc1, _ := c.Framework(SOC1)
	o := soc1.Objectives[9]
	if o.ID != "PAY-1" || o.General || o.FamilyName != "Payroll processing" || o.Risk == "" || len(o.Assertions) == 0 {
		t.Errorf("the first objective of payroll = %+v", o)
	}
	if _, ok := c.Framework("soc9"); ok {
		t.Error("Framework(soc9) is there, want none")
	}
}

// TestMappings shows that the map can be read from both ends.
func TestMappings(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, ctl := range c.Controls {
		for _, m := range Mappings(ctl) {
			rows[m.Framework]++
			cr, ok := c.Criterion(m.Criterion)
			if !ok || !slices.Contains(slices.Concat(cr.Primary, cr.Supporting), ctl.ID) || Serves(ctl, cr) != m.Contribution {
				t.Errorf("%s serves %s, and the criterion does not know", ctl.ID, m.Criterion)
			}
		}
	}
	back := map[string]int{}
	for _, f := range c.Frameworks {
		for _, cr := range f.Criteria {
			back[f.ID] += len(cr.Primary) + len(cr.Supporting)
		}
	}
	if diff := cmp.Diff(rows, back); diff != "" || rows[TSC] == 0 || rows[ISO27001] == 0 || rows[SOC1] == 0 {
		t.Errorf("rows of the map, from controls and from criteria: %v %s", rows, diff)
	}
	chg, _ := c.Control("CHG-01")
	cr, _ := c.Criterion("CC1.1")
	if got := Serves(chg, cr); got != "" {
		t.Errorf("Serves(CHG-01, CC1.1) = %q, want none", got)
	}
}

func TestInScope(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.Framework("tsc")
	for _, tt := range []struct {
		categories []string
		want       int
	}{
		{nil, 33},
		{[]string{"security"}, 33},
		{[]string{"security", "availability"}, 36},
		{[]string{"availability"}, 36}, // the common criteria come with every category
		{f.Categories(), 61},
	} {
		got, err := f.InScope(tt.categories)
		if err != nil || len(got) != tt.want {
			t.Errorf("InScope(%v) = %d criteria, %v; want %d", tt.categories, len(got), err, tt.want)
		}
	}
	if _, err := f.InScope([]string{"securty"}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "availability") {
		t.Errorf("InScope(securty) = %v, want a refusal that lists the categories", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	lib, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	good, _ := lib.Control("CHG-01")
	for name, tt := range map[string]struct {
		breakIt func(*Control)
		want    string
	}{
		"id":              {func(c *Control) { c.ID = "chg 1" }, "expected letters"},
		"no owner":        {func(c *Control) { c.Owner = "" }, "owner_role: is missing"},
		"no escalation":   {func(c *Control) { c.Escalation = "" }, "escalation: is missing"},
		"no pass rule":    {func(c *Control) { c.PassRule = "" }, "pass_rule: is missing"},
		"no evidence":     {func(c *Control) { c.EvidenceTypes = nil }, "evidence_types"},
		"frequency":       {func(c *Control) { c.Frequency = "often" }, `"often" is unknown`},
		"shape":           {func(c *Control) { c.Shape = "cloud" }, `"cloud" is unknown`},
		"vague":           {func(c *Control) { c.Statement = "Changes are reviewed periodically." }, `"periodically"`},
		"claims too much": {func(c *Control) { c.Statement = "The process is certified every year." }, `"certified"`},
		"long":            {func(c *Control) { c.Statement = strings.Repeat("word ", 46) }, "has 46 words"},
		"unmapped":        {func(c *Control) { c.Criteria, c.ISO27001, c.Objectives = nil, nil, nil }, "map"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good
			tt.breakIt(&c)
			if err := Check(c); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v, want a refusal with %q", err, tt.want)
			}
		})
	}
	if err := Check(good); err != nil {
		t.Errorf("Check(CHG-01) = %v, want nil", err)
	}
}

// tree is the embedded catalog with one text in it replaced.
func tree(t *testing.T, file, old, put string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for _, name := range []string{"library/controls.yaml", "frameworks/tsc/tsc.yaml", "frameworks/iso27001/iso27001.yaml", "frameworks/soc1/objectives.yaml"} {
		b, err := embedded.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == file {
			changed := strings.Replace(string(b), old, put, 1)
			if changed == string(b) {
				t.Fatalf("%q is not in %s", old, file)
			}
			b = []byte(changed)
		}
		out[name] = &fstest.MapFile{Data: b}
	}
	return out
}

func TestLoadFSRefuses(t *testing.T) {
	t.Parallel()
	const lib, tsc, iso, soc1 = "library/controls.yaml", "frameworks/tsc/tsc.yaml", "frameworks/iso27001/iso27001.yaml", "frameworks/soc1/objectives.yaml"
	for name, tt := range map[string]struct{ file, old, put, want string }{
		"unknown criterion":      {lib, "- CC8.1", "- CC8.9", `criterion "CC8.9" does not exist`},
		"unknown annex control":  {lib, "- A.8.32", "- A.8.99", `criterion "A.8.99" does not exist`},
		"unknown objective":      {lib, "- CM-1", "- CM-9", `criterion "CM-9" does not exist`},
		"of another framework":   {lib, "    - CC8.1", "    - A.8.32", `criterion "A.8.32" does not exist in AICPA`},
		"mapped twice":           {lib, "    - CC8.1\n", "    - CC8.1\n    - CC8.1\n", `"CC8.1" stands twice`},
		"misspelt field":         {lib, "owner_role:", "owner_rol:", "owner_rol"},
		"twice":                  {lib, "- id: CHG-03", "- id: CHG-01", "stands twice"},
		"wrong count":            {lib, "count: 96", "count: 9", "says 9"},
		"no owner":               {lib, "owner_role: Head of People\n", "owner_role: ''\n", "owner_role: is missing"},
		"no evidence":            {lib, "  - signed acknowledgement\n  - HR roster\n", "", "evidence_types"},
		"no completeness":        {lib, "completeness_check: four quarters", "completeness_check: '' #", "completeness_check: is missing"},
		"supporting elsewhere":   {lib, "    iso27001:", "    supporting:\n    - CC5.2\n    iso27001:", "does not stand in map.tsc"},
		"criterion lost":         {tsc, "- id: CC1.1\n", "- id: CC1.2\n", "stands twice"},
		"category lost":          {tsc, "  availability: 3", "  availability: 4", "counts.availability: says 4"},
		"annex total":            {iso, "  total: 93", "  total: 92", "counts.total: says 92"},
		"clause twice":           {iso, "- id: '4.2'", "- id: '4.1'", `clause "4.1"`},
		"objective without risk": {soc1, "  risk_addressed: Override of automated controls\n", "", `"LA-2" needs`},
		"objective of no kind":   {soc1, "  kind: business", "  kind: other", "itgc or business"},
		"itgc lost":              {soc1, "  itgc: 9", "  itgc: 8", "counts.itgc: says 8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadFS(tree(t, tt.file, tt.old, tt.put))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("LoadFS = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSupporting(t *testing.T) {
	t.Parallel()
	c, err := LoadFS(tree(t, "library/controls.yaml", "    - CC1.5\n", "    - CC1.5\n    supporting:\n    - CC1.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	cr, _ := c.Criterion("CC1.5")
	if !slices.Equal(cr.Supporting, []string{"GOV-01"}) || slices.Contains(cr.Primary, "GOV-01") {
		t.Errorf("CC1.5 primary %v supporting %v, want GOV-01 as supporting only", cr.Primary, cr.Supporting)
	}
}

// TestCoversWhatItClaims: a criterion that only supporting controls serve is a gap, and a gap in what the
// library claims is refused.
func TestCoversWhatItClaims(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"CC1.2", "A.7.5", "PAY-1"} {
		var f *Framework
		var cr *Criterion
		for i := range c.Frameworks {
			if p := c.Frameworks[i].criterion(id); p != nil {
				f, cr = &c.Frameworks[i], p
			}
		}
		primary := cr.Primary
		cr.Primary, cr.Supporting = nil, primary
		if err := c.covers(); err == nil || !strings.Contains(err.Error(), id) || !strings.Contains(err.Error(), f.ID) {
			t.Errorf("covers without a primary control of %s = %v, want refused", id, err)
		}
		cr.Primary, cr.Supporting = primary, nil
	}
	if err := c.covers(); err != nil {
		t.Errorf("covers = %v, want nil", err)
	}
}
