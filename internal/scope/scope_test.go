package scope

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

func day(t *testing.T, s string) *civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// program is a scope of a kind of report, with the dates that the kind wants.
func program(t *testing.T, kind string) Program {
	t.Helper()
	zone, err := civil.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	p := Program{Name: "Example", Report: kind, Zone: zone}
	k, err := KindOf(kind)
	switch {
	case err != nil:
		t.Fatal(err)
	case k.Period:
		p.From, p.To = day(t, "2025-07-01"), day(t, "2026-06-30")
	default:
		p.AsOf = day(t, "2026-06-30")
	}
	return p
}

// TestStarterCounts holds the counts that Starter's comment states.
func TestStarterCounts(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	const a, pi, co, pr = "availability", "processing_integrity", "confidentiality", "privacy"
	for _, tt := range []struct {
		kinds      []string
		categories []string
		objectives []string
		criteria   int
		want       int
	}{
		{[]string{"soc2-type1", "soc2-type2", "soc3"}, nil, nil, 33, 70},
		{[]string{"soc2-type2"}, []string{a}, nil, 36, 71},
		{[]string{"soc2-type2"}, []string{co}, nil, 35, 72},
		{[]string{"soc2-type2"}, []string{a, co}, nil, 38, 73},
		{[]string{"soc2-type2"}, []string{pi}, nil, 38, 74},
		{[]string{"soc2-type2"}, []string{pr}, nil, 51, 78},
		{[]string{"soc2-type2"}, []string{a, pi, co}, nil, 43, 76},
		{[]string{"soc2-type2"}, []string{a, co, pr}, nil, 56, 80},
		{[]string{"soc2-type1", "soc2-type2", "soc3"}, []string{"security", a, pi, co, pr}, nil, 61, 83},
		{[]string{"soc1-type1", "soc1-type2", "isae3402-type1", "isae3402-type2", "dual-type1", "dual-type2"}, nil, nil, 22, 50},
		{[]string{"soc1-type2"}, nil, []string{"itgc"}, 9, 40},
		{[]string{"soc1-type2"}, nil, []string{"payroll"}, 16, 46},
		{[]string{"isae3402-type2"}, nil, []string{"BIL"}, 15, 44},
		{[]string{"dual-type2"}, nil, []string{"billing", "PAY"}, 22, 50},
		{[]string{"iso27001"}, nil, nil, 93, 96},
	} {
		for _, kind := range tt.kinds {
			p := program(t, kind)
			p.Categories, p.Objectives = tt.categories, slices.Clone(tt.objectives)
			if _, err := p.Check(); err != nil {
				t.Errorf("%s %v %v: %v", kind, tt.categories, tt.objectives, err)
				continue
			}
			in, err := p.Criteria(c)
			if err != nil || len(in) != tt.criteria {
				t.Errorf("%s %v %v: %d criteria, %v; want %d", kind, tt.categories, tt.objectives, len(in), err, tt.criteria)
			}
			got, err := Starter(p, c, nil, nil)
			if err != nil || len(got) != tt.want {
				t.Errorf("%s %v %v: %d controls, %v; want %d", kind, tt.categories, tt.objectives, len(got), err, tt.want)
			}
			if !slices.IsSortedFunc(got, func(a, b Version) int { return strings.Compare(a.Control.ID, b.Control.ID) }) {
				t.Errorf("%s: the controls are not in the order of their ids", kind)
			}
		}
	}
}

// TestStarterServesEveryCriterion: a starter set leaves nothing bare that the library claims to serve, except the
// access to buildings of a company that has none.
func TestStarterServesEveryCriterion(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Kinds() {
		p := program(t, k.ID)
		if k.Framework == catalog.TSC {
			p.Categories = []string{"availability", "processing_integrity", "confidentiality", "privacy"}
		}
		if _, err := p.Check(); err != nil {
			t.Fatal(err)
		}
		in, err := p.Criteria(c)
		if err != nil {
			t.Fatal(err)
		}
		versions, err := Starter(p, c, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var bare, want []string
		for _, cr := range in {
			if !slices.ContainsFunc(versions, func(v Version) bool { return catalog.Serves(v.Control, cr) == catalog.Primary }) {
				bare = append(bare, cr.ID)
			}
		}
		if k.Framework == catalog.TSC {
			want = []string{"CC6.4"}
		}
		if diff := cmp.Diff(want, bare); diff != "" {
			t.Errorf("%s: criteria without a primary control (-want +got):\n%s", k.ID, diff)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind  string
		spoil func(p *Program)
		want  string
	}{
		"a name that turns":    {"soc2-type2", func(p *Program) { p.Name = "Acme \u202egnp" }, "U+202E"},
		"a name in isolation":  {"soc2-type2", func(p *Program) { p.Name = "Acme\u2069" }, "U+2069"},
		"a name of two lines":  {"soc2-type2", func(p *Program) { p.Name = "Acme\nInc." }, "U+000A"},
		"no name":              {"soc2-type2", func(p *Program) { p.Name = " " }, "--name"},
		"no such report":       {"soc2-type2", func(p *Program) { p.Report = "soc9" }, "expected one of soc1-type1"},
		"no such category":     {"soc2-type2", func(p *Program) { p.Categories = []string{"securty"} }, "there is no category"},
		"categories of SOC 1":  {"soc1-type2", func(p *Program) { p.Categories = []string{"privacy"} }, "is not about categories"},
		"categories of ISO":    {"iso27001", func(p *Program) { p.Categories = []string{"privacy"} }, "is not about categories"},
		"objectives of SOC 2":  {"soc2-type2", func(p *Program) { p.Objectives = []string{"payroll"} }, "is not about control objectives"},
		"objectives of ISO":    {"iso27001", func(p *Program) { p.Objectives = []string{"payroll"} }, "is not about control objectives"},
		"no such family":       {"soc1-type2", func(p *Program) { p.Objectives = []string{"insurance"} }, "payroll processing (PAY), billing and invoicing (BIL)"},
		"family of two":        {"soc1-type2", func(p *Program) { p.Objectives = []string{"tr"} }, `"tr" names no family`},
		"empty family":         {"soc1-type2", func(p *Program) { p.Objectives = []string{""} }, "names no family"},
		"date for a period":    {"soc2-type2", func(p *Program) { p.From, p.To, p.AsOf = nil, nil, day(t, "2026-06-30") }, "covers a period"},
		"period for a date":    {"soc1-type1", func(p *Program) { p.AsOf, p.From, p.To = nil, day(t, "2025-07-01"), day(t, "2026-06-30") }, "is about one date"},
		"date and period":      {"iso27001", func(p *Program) { p.AsOf = day(t, "2026-06-30") }, "not both"},
		"half a period":        {"soc3", func(p *Program) { p.To = nil }, "--from DATE and --to DATE"},
		"period runs backward": {"dual-type2", func(p *Program) { p.To = day(t, "2025-06-30") }, "before it starts"},
		"two months":           {"isae3402-type2", func(p *Program) { p.To = day(t, "2025-08-31") }, "under three months"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := program(t, tt.kind)
			tt.spoil(&p)
			if _, err := p.Check(); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Check = %v, want a refusal with %q", err, tt.want)
			}
		})
	}
}

func TestCheckWarns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind   string
		change func(p *Program)
		want   []string
	}{
		"a year":           {"soc2-type2", func(*Program) {}, nil},
		"three months":     {"soc2-type2", func(p *Program) { p.To = day(t, "2025-09-30") }, []string{"shorter than six months"}},
		"with a reason":    {"soc2-type2", func(p *Program) { p.To, p.Reason = day(t, "2025-07-31"), "first" }, []string{"shorter than six months"}},
		"over a year":      {"soc2-type2", func(p *Program) { p.To = day(t, "2026-07-01") }, []string{"longer than twelve months"}},
		"ISO, short":       {"iso27001", func(p *Program) { p.To = day(t, "2025-10-31") }, nil},
		"ISO, long":        {"iso27001", func(p *Program) { p.To = day(t, "2026-12-31") }, nil},
		"families we lack": {"soc1-type2", func(p *Program) { p.Objectives = []string{"Loan servicing", "pay"} }, []string{"no control for 8 of 8 objectives of loan servicing (LNS-1,"}},
		"a part we lack":   {"soc1-type1", func(p *Program) { p.Objectives = []string{"data"} }, []string{"no control for 4 of 6 objectives of data centre"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := program(t, tt.kind)
			tt.change(&p)
			got, err := p.Check()
			if err != nil || len(got) != len(tt.want) {
				t.Fatalf("Check = %q, %v; want %q", got, err, tt.want)
			}
			for i, w := range tt.want {
				if !strings.Contains(got[i], w) {
					t.Errorf("Check = %q, want %q", got[i], w)
				}
			}
		})
	}
	p := program(t, "soc1-type2")
	p.Objectives = []string{"billing", "payroll", "BIL"}
	if _, err := p.Check(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"itgc", "PAY", "BIL"}, p.Objectives); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
}

// TestCriteriaOfOldScope: a scope that was sealed without families has the usual ones.
func TestCriteriaOfOldScope(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	if in, err := program(t, "soc1-type2").Criteria(c); err != nil || len(in) != 22 {
		t.Errorf("Criteria = %d, %v; want 22", len(in), err)
	}
}

func TestStarterTakesOwnTests(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := program(t, "soc2-type2")
	if _, err := p.Check(); err != nil {
		t.Fatal(err)
	}
	lib := []*tests.Test{{Control: "CHG-01", File: "library"}}
	own := []*tests.Test{
		{Control: "CHG-01", Version: 2, From: *day(t, "2026-01-01"), File: "own"},
		{Control: "CHG-01", Version: 2, From: *day(t, "2026-01-01"), File: "own"}, // its second test
		{Control: "PHY-01", Version: 1, File: "building"},                         // not in the starter set
	}
	got, err := Starter(p, c, lib, own)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 72 {
		t.Errorf("%d versions, want 70, one more of CHG-01, and PHY-01", len(got))
	}
	var chg []Version
	for _, v := range got {
		if v.Control.ID == "CHG-01" {
			chg = append(chg, v)
		}
	}
	if len(chg) != 2 || chg[0].Test != "library" || chg[0].To == nil || chg[0].To.String() != "2025-12-31" || chg[1].Test != "own" || chg[1].To != nil {
		t.Errorf("CHG-01 = %+v", chg)
	}
	phy := got[slices.IndexFunc(got, func(v Version) bool { return v.Control.ID == "PHY-01" })]
	if phy.Test != "building" || phy.From != First {
		t.Errorf("PHY-01 = %+v", phy)
	}
	for _, bad := range [][]*tests.Test{
		{{Control: "XXX-01", Version: 1}},
		{{Control: "CHG-01", Version: 2}}, // from the first day, as version 1
	} {
		if _, err := Starter(p, c, lib, bad); !errors.Is(err, fault.Refused) {
			t.Errorf("Starter(%s version %d) = %v, want refused", bad[0].Control, bad[0].Version, err)
		}
	}
}
