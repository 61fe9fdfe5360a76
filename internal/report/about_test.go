package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
)

// about is what the example company's management says of its system. It leaves DC 4 open.
func about() assure.System {
	on := civil.NewDate(2025, 7, 1)
	return assure.System{
		Name:     "Harborline Payments",
		Services: []assure.Part{{Name: "Payouts", Text: "Collects card payments and pays merchants daily."}},
		Commitments: []assure.Commitment{{Text: "Service is up for all but 43 minutes of each month.", Criteria: []string{"A1.2"}},
			{Text: "Data of merchants is encrypted at rest and in transit.", Criteria: []string{"CC6.1", "CC6.7"}, Requirement: true}},
		Components: assure.Components{
			Infrastructure: []assure.Part{{Name: "Cloud accounts", Text: "Three accounts in two regions."}},
			Software:       []assure.Part{{Name: "Ledger service", Text: "Books every movement once."}},
			People:         []assure.Part{{Name: "Platform team", Text: "Eleven engineers on call in turns."}},
			Procedures:     []assure.Part{{Name: "Release", Text: "By the pipeline alone."}},
			Data:           []assure.Part{{Name: "Card tokens", Text: "Restricted."}},
		},
		Locations: []assure.Part{{Name: "Boston", Text: "Office; no production equipment."}},
		Flow: assure.Flow{
			Nodes: []assure.Node{{ID: "m", Name: "Merchant", Does: []string{"created"}, Outside: true}, {ID: "api", Name: "Public API", Does: []string{"processed", "transmitted"}},
				{ID: "db", Name: "Ledger database", Does: []string{"stored"}}, {ID: "bank", Name: "Bank", Outside: true}},
			Edges: []assure.Edge{{From: "m", To: "api", Data: "orders", How: "TLS 1.2 or later"}, {From: "api", To: "db", Data: "bookings"}, {From: "api", To: "bank", Data: "payment files", How: "SFTP"}, {From: "bank", To: "api", Data: "statements"}},
		},
		CUECs:  []assure.CUEC{{ID: "U1", Text: "Merchants remove the access of their own leavers.", Criteria: []string{"CC6.2"}, Communicated: &on}},
		Duties: []assure.Part{{Name: "Passwords", Text: "Use a password manager."}},
		Subservice: []assure.Subservice{{Name: "Nimbus Hosting", Services: "Data centres and virtual machines", Method: "carve_out", Monitoring: []string{"VEN-02"},
			CSOCs: []assure.CSOC{{Text: "Entry to halls is limited to authorized people.", Criteria: []string{"CC6.4"}}}, Report: "SOC 2 Type 2"}},
		Changes: []assure.SystemChange{{On: civil.NewDate(2025, 10, 1), Text: "A second region went live."}, {On: civil.NewDate(2024, 1, 1), Text: "Long before."}},
		Texts:   map[string]string{"dc1": "## Who it is for\n\nMerchants with up to *ten* shops.\n\n- one\n  - nested\n- two\n\n1. first\n2. second\n\n<script>alert(1)</script>\n"},
	}
}

func soa(t *testing.T) Facts {
	t.Helper()
	c, err := theCatalog()
	if err != nil {
		t.Fatal(err)
	}
	f := facts(t)
	iso, _ := c.Framework(catalog.ISO27001)
	f.Criteria, f.Reasons, f.Categories = iso.Criteria, nil, nil
	f.About.Applicability = map[string]assure.Reason{"A.7.4": {Excluded: "No premises of our own hold equipment."}}
	f.Implemented = map[string]bool{}
	for _, ctl := range f.Controls {
		f.Implemented[ctl.ID] = slices.Contains(ctl.ISO27001, "A.8.32")
	}
	return f
}

// text is all that the blocks of a part say.
func textUnder(r *Report, from string) string {
	var b strings.Builder
	in := false
	for _, s := range r.Sections {
		for _, x := range s.Blocks {
			if x.Heading != nil && x.Heading.Level == 1 {
				in = x.Heading.ID == from
			}
			if in {
				fmt.Fprintf(&b, "%+v\n", flat(x))
			}
		}
	}
	return b.String()
}

func flat(x Block) string {
	var out []string
	switch {
	case x.Heading != nil:
		out = append(out, x.Heading.Text)
	case x.Table != nil:
		out = append(out, x.Table.Caption.String())
		for _, r := range x.Table.Rows {
			for _, c := range r.Cells {
				out = append(out, c.String())
			}
		}
	case x.Note != nil:
		out = append(out, x.Note.Title, x.Note.Text.String())
		for _, l := range x.Note.List {
			out = append(out, l.String())
		}
	case x.Drawing != nil:
		out = append(out, x.Drawing.Alt)
	case x.Terms != nil:
		for _, t := range x.Terms.Items {
			out = append(out, t.Name+": "+t.Value.String())
		}
	case x.Sign != nil:
		for _, l := range x.Sign.Lines {
			out = append(out, l.String())
		}
	default:
		out = append(out, x.Paragraph.String())
		for _, l := range x.List {
			out = append(out, l.String())
		}
	}
	return strings.Join(out, " | ")
}

// TestDescriptionParts: each criterion of the description says what management said, and where it said nothing, what is
// still to be written; never an empty heading.
func TestDescriptionParts(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.Incidents = []IncidentFact{{ID: "INC-7", Severity: "high", Detected: "2025-08-01T00:00:00Z", Impact: true}}
	f.Amended = []assure.SystemChange{{On: civil.NewDate(2026, 1, 1), Text: "GOV-05: version 2 is in force"}}
	r := build(t, "soc2-type2", f)
	for id, want := range map[string][]string{
		"dc-1": {"Payouts", "Merchants with up to ten shops.", "– nested", "first", "holds HTML, which a report cannot"},
		"dc-2": {"43 minutes", "System requirements", "A1.2"},
		"dc-3": {"Cloud accounts", "Ledger service", "Platform team", "By the pipeline alone", "Card tokens", "ledger-db", "Boston", "1: orders goes from Merchant to Public API by TLS 1.2 or later", "payment files"},
		"dc-4": {"Still to be written", "Which incidents kept a commitment", "INC-7"},
		"dc-6": {"Merchants remove the access", "good practice", "Use a password manager."},
		"dc-7": {"Nimbus Hosting", "Carve-out", "Entry to halls", "VEN-02"},
		"dc-8": {"subservice organization's data centres"},
		"dc-9": {"A second region went live.", "GOV-05: version 2 is in force"},
	} {
		got := textUnder(r, id)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s lacks %q:\n%s", id, w, got)
			}
		}
		if strings.Contains(got, "alert(1)") || strings.Contains(got, "Long before") {
			t.Errorf("%s says what it must not:\n%s", id, got)
		}
	}
	f.About, f.Amended, f.Reasons = assure.System{}, nil, nil
	bare := build(t, "soc2-type2", f)
	for _, id := range []string{"dc-1", "dc-2", "dc-3", "dc-4", "dc-6", "dc-7", "dc-9"} {
		if got := textUnder(bare, id); !strings.Contains(got, "Still to be written") {
			t.Errorf("%s of an empty description is not said to be missing:\n%s", id, got)
		}
	}
	if !slices.ContainsFunc(bare.Open, func(p Point) bool {
		return strings.Contains(p.Text.String(), "DC 1, DC 2, DC 3, DC 4, DC 6, DC 7, DC 9")
	}) {
		t.Errorf("the open points do not name the parts that are missing: %+v", bare.Open)
	}
}

// TestLetters: who signs a text is said before it, what nobody has concluded stands in brackets, and a paragraph about
// vendors or users stands only where there are some.
func TestLetters(t *testing.T) {
	t.Parallel()
	f := facts(t)
	r := build(t, "soc2-type2", f)
	opinion, assertion := textUnder(r, "template-i"), textUnder(r, "template-ii")
	for _, want := range []string{"Nimbus Hosting", "complementary user entity controls", "operating effectiveness", "[Opinion of the service auditor", "for the period 1 July 2025 to 30 June 2026"} {
		if !strings.Contains(opinion, want) {
			t.Errorf("section I lacks %q:\n%s", want, opinion)
		}
	}
	if !strings.Contains(assertion, "operated effectively throughout the period") {
		t.Errorf("section II: %s", assertion)
	}
	f.About.Subservice, f.About.CUECs = nil, nil
	f.When = AsOf{Date: date(t, "2026-06-30"), Zone: f.Results.Period.Zone}
	r = build(t, "soc2-type1", f)
	opinion = textUnder(r, "template-i")
	for _, never := range []string{"complementary user entity controls are", "subservice organizations. The description", "operating effectiveness of the", "throughout"} {
		if strings.Contains(opinion, never) {
			t.Errorf("section I of a Type 1 says %q:\n%s", never, opinion)
		}
	}
	if !strings.Contains(opinion, "express no opinion on it") || !strings.Contains(opinion, "as of 30 June 2026") {
		t.Errorf("section I of a Type 1: %s", opinion)
	}
}

// TestNamesAreNoClaims: a name may hold a word that a document of ours must not claim, and ends its sentence once.
func TestNamesAreNoClaims(t *testing.T) {
	t.Parallel()
	f := facts(t)
	f.Organization, f.System = "Certified Payroll, Inc.", ""
	f.Results.Organization = f.Organization
	f.About.Subservice[0].Name = "Compliant Cloud Ltd."
	r := build(t, "soc2-type2", f)
	got := textUnder(r, "template-i") + textUnder(r, "template-ii")
	if !strings.Contains(got, "the system of Certified Payroll, Inc.") || !strings.Contains(got, "Compliant Cloud Ltd.") {
		t.Errorf("the letters do not name them:\n%s", got)
	}
	for _, bad := range []string{"Inc..", "Ltd..", "Inc. of Certified", "{"} {
		if strings.Contains(got, bad) {
			t.Errorf("the letters say %q:\n%s", bad, got)
		}
	}
}

// TestApplicability: all 93 controls stand in it, and "implemented" comes from dates.
func TestApplicability(t *testing.T) {
	t.Parallel()
	r := build(t, "iso27001", soa(t))
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			if b.Table == nil || b.Table.ID != "criteria-table" {
				continue
			}
			if n := len(b.Table.Rows); n != 93 {
				t.Fatalf("%d controls of Annex A, want 93", n)
			}
			got := map[string]string{}
			for _, row := range b.Table.Rows {
				got[row.Cells[0].String()] = row.Cells[2].String() + "/" + row.Cells[4].String()
			}
			for id, want := range map[string]string{"A.7.4": "No/–", "A.8.32": "Yes/Yes", "A.8.13": "Yes/No", "A.7.1": "Open/–"} {
				if got[id] != want {
					t.Errorf("%s = %s, want %s", id, got[id], want)
				}
			}
			return
		}
	}
	t.Fatal("no table of the controls of Annex A")
}

// TestMarkdown: text of management's becomes blocks; what a document cannot hold is left out and named.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	blocks, left := markdown("p", 1, "# Head <b>x</b>\n\nA **b** `c` [d](https://example.com) ![pic](x.png)\n\n1. one\n2. two\n\n> quoted\n\n    kept  as it is\n\n| A | B |\n|---|---|\n| 1 | 2 |\n| 3 |\n\n<iframe src=x></iframe>\n")
	var got []string
	for _, b := range blocks {
		got = append(got, flat(b))
		if b.Verbatim != nil {
			got[len(got)-1] = "verbatim: " + b.Verbatim.Text
		}
	}
	want := []string{"Head x", "A b c d (https://example.com) pic", " | one | two", "quoted", "verbatim: kept  as it is", "See \x00.", "Head x | 1 | 2 | 3 | "}
	if !slices.Equal(got, want) {
		t.Errorf("blocks = %q, want %q", got, want)
	}
	if !slices.Equal(left, []string{"HTML", "a picture from elsewhere"}) {
		t.Errorf("left out = %q", left)
	}
	var big strings.Builder
	big.WriteString("| A | B |\n|---|---|\n")
	for i := range 60_000 {
		fmt.Fprintf(&big, "| %d | some text |\n", i)
	}
	blocks, left = markdown("p", 1, big.String())
	if len(blocks) != 2 || len(blocks[1].Table.Rows) > mostCells || len(left) != 1 || !strings.Contains(left[0], "the rows of a table after its first") {
		t.Errorf("a table of a megabyte: %d blocks, left out %q", len(blocks), left)
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\n- b\n  1. c\n\n| x |\n|---|\n| y |\n")
	f.Add(about().Texts["dc1"])
	f.Fuzz(func(t *testing.T, s string) {
		blocks, _ := markdown("p", 1, s)
		r := &Report{Kind: "soc2-type2", Title: "T", Draft: true, When: AsOf{Date: 1}, Sections: []Section{{ID: "s", Draft: true, Blocks: blocks}}}
		if err := Lint(r); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

// TestFlowLayout: no two boxes of a picture lie on each other, all lie on the page, and a circle ends.
func TestFlowLayout(t *testing.T) {
	t.Parallel()
	circle := assure.Flow{}
	for i := range 14 {
		circle.Nodes = append(circle.Nodes, assure.Node{ID: fmt.Sprint(i), Name: strings.Repeat("long name ", 9)})
		circle.Edges = append(circle.Edges, assure.Edge{From: fmt.Sprint(i), To: fmt.Sprint((i + 1) % 14), Data: "x"}, assure.Edge{From: fmt.Sprint(i), To: "0", Data: "y"})
	}
	for _, f := range []assure.Flow{about().Flow, circle, {Nodes: []assure.Node{{ID: "a", Name: "alone"}}}} {
		d := flowDrawing(f)
		var boxes []*Box
		for _, s := range d.Shapes {
			if s.Box != nil && s.Box.H == nodeHeight {
				boxes = append(boxes, s.Box)
			}
		}
		if len(boxes) != len(f.Nodes) {
			t.Fatalf("%d boxes of %d nodes", len(boxes), len(f.Nodes))
		}
		for i, a := range boxes {
			if a.X < 0 || a.Y < 0 || a.X+a.W > d.Width || a.Y+a.H > d.Height || a.W < 40 {
				t.Errorf("box %d lies at %v in a picture of %v x %v", i, *a, d.Width, d.Height)
			}
			for _, b := range boxes[:i] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Errorf("boxes lie on each other: %v, %v", *a, *b)
				}
			}
		}
	}
}

// TestHeatMap: the cells of the picture are the figures of the tests, criterion by criterion.
func TestHeatMap(t *testing.T) {
	t.Parallel()
	f := facts(t)
	b := &builder{f: f}
	months := b.months()
	rows, cells := b.cells(months)
	for i, cr := range rows {
		var want, got int
		for _, c := range f.Controls {
			if slices.Contains(c.Criteria, cr.ID) {
				for _, r := range b.resultsOf(c.ID) {
					for _, m := range r.Months {
						want += m.Deviating
					}
				}
			}
		}
		for _, h := range cells[i] {
			got += h.deviating
		}
		if got != want {
			t.Errorf("%s: %d deviating items in the picture, want %d", cr.ID, got, want)
		}
	}
	if len(rows) == 0 || len(months) != 12 {
		t.Errorf("%d criteria and %d months", len(rows), len(months))
	}
}
