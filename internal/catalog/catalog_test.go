package catalog

import (
	"errors"
	"os"
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
	for _, id := range []string{"CHG-01", "CHG-03", "IAM-02", "IAM-04", "IAM-06", "AVL-02", "VUL-03", "GOV-05"} {
		if _, ok := c.Control(id); !ok {
			t.Errorf("Control(%s) is missing", id)
		}
	}
	cr, _ := c.Criterion("CC8.1")
	if !slices.Contains(cr.Primary, "CHG-01") || !slices.Contains(cr.Primary, "CHG-03") {
		t.Errorf("CC8.1 primary = %v, want CHG-01 and CHG-03 among them", cr.Primary)
	}
	if cr, ok := c.Criterion("CC99.9"); ok {
		t.Errorf("Criterion(CC99.9) = %v, want none", cr)
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

func TestLoadFSRefuses(t *testing.T) {
	t.Parallel()
	tsc, err := embedded.ReadFile("frameworks/tsc/tsc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lib, err := embedded.ReadFile("library/controls.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, new, want string }{
		"unknown criterion":    {"- CC8.1", "- CC8.9", `criterion "CC8.9" does not exist`},
		"misspelt field":       {"owner_role:", "owner_rol:", "owner_rol"},
		"twice":                {"- id: CHG-03", "- id: CHG-01", "stands twice"},
		"wrong count":          {"version: '0.1'", "version: '0.1'\ncount: 9", "says 9"},
		"supporting elsewhere": {"    - CC5.2\n", "    - CC5.2\n    supporting:\n    - CC1.1\n", "does not stand in map.tsc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(string(lib), tt.old, tt.new, 1)
			if changed == string(lib) {
				t.Fatalf("%q is not in the library", tt.old)
			}
			_, err := LoadFS(fstest.MapFS{
				"frameworks/tsc/tsc.yaml": {Data: tsc},
				"library/controls.yaml":   {Data: []byte(changed)},
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("LoadFS = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSupporting(t *testing.T) {
	t.Parallel()
	tsc, _ := embedded.ReadFile("frameworks/tsc/tsc.yaml")
	lib, _ := embedded.ReadFile("library/controls.yaml")
	changed := strings.Replace(string(lib), "    iso27001:", "    supporting:\n    - CC5.2\n    iso27001:", 1)
	c, err := LoadFS(fstest.MapFS{"frameworks/tsc/tsc.yaml": {Data: tsc}, "library/controls.yaml": {Data: []byte(changed)}})
	if err != nil {
		t.Fatal(err)
	}
	cr, _ := c.Criterion("CC5.2")
	if !slices.Equal(cr.Supporting, []string{"CHG-01"}) || slices.Contains(cr.Primary, "CHG-01") {
		t.Errorf("CC5.2 primary %v supporting %v, want CHG-01 as supporting only", cr.Primary, cr.Supporting)
	}
}

// TestWholeLibrary loads the library of 96 controls where it lies beside the repository, so
// that the loader does not have to change when the rest is taken in.
func TestWholeLibrary(t *testing.T) {
	t.Parallel()
	lib, err := os.ReadFile("../../../shared/domain/controls.yaml")
	if err != nil {
		t.Skip("the whole library does not lie beside the repository:", err)
	}
	tsc, _ := embedded.ReadFile("frameworks/tsc/tsc.yaml")
	c, err := LoadFS(fstest.MapFS{"frameworks/tsc/tsc.yaml": {Data: tsc}, "library/controls.yaml": {Data: lib}})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Controls) != 96 {
		t.Errorf("controls = %d, want 96", len(c.Controls))
	}
	for _, cr := range c.Frameworks[0].Criteria {
		if len(cr.Primary)+len(cr.Supporting) == 0 {
			t.Errorf("criterion %s has no control", cr.ID)
		}
	}
}
