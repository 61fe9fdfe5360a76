package lint_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/format/docx"
	"github.com/assayhq/assay/internal/lint"
	render "github.com/assayhq/assay/internal/render/docx"
	"github.com/assayhq/assay/internal/report"
)

// ours reads the model of a kind of report as its folder keeps it.
func ours(t *testing.T, kind string) *report.Report {
	t.Helper()
	var r report.Report
	read(t, "../report/kinds/"+kind+"/golden.json", &r)
	return &r
}

// TestOursAreClean looks at every kind of report that is drafted: an error would be a fault of ours.
func TestOursAreClean(t *testing.T) {
	t.Parallel()
	kinds, err := report.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := ours(t, string(k))
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			p, err := lint.FromJSON("golden.json", b)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range lint.Check(p) {
				if f.Severity != lint.Note {
					t.Errorf("Check(%s): %+v", k, f)
				}
			}
			if strings.HasPrefix(string(k), "soc2") && (p.Type == 2 && len(p.Tests) == 0 || len(p.Criteria) == 0 || len(p.Description.CUECs) == 0 ||
				len(p.Description.Subservice) == 0 || !p.Opinion.Span.Known() || len(p.Assertion.Categories) == 0) {
				t.Errorf("%s is clean because it was not read: %d tests, %d criteria, %d users' controls, %d subservice organizations",
					k, len(p.Tests), len(p.Criteria), len(p.Description.CUECs), len(p.Description.Subservice))
			}
		})
	}
}

// TestIssuedOfOursAreClean looks at issued reports of each kind, and at the documents that are drawn of them.
func TestIssuedOfOursAreClean(t *testing.T) {
	t.Parallel()
	for _, k := range []report.Kind{"soc2-type2", "soc2-type1", "soc3", "soc1-type2", "soc1-type1", "isae3402-type2", "dual-type2"} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := issued(t, k, nil)
			model, drawn := both(t, r)
			if got := lint.Check(model); len(got) > 0 {
				t.Errorf("Check(%s) = %+v, want no finding", k, got)
			}
			if got := lint.Check(drawn); len(got) > 0 {
				t.Errorf("Check(DOCX of %s) = %+v, want no finding", k, got)
			}
			two := strings.HasSuffix(string(k), "2")
			for _, p := range []lint.Paper{model, drawn} {
				if p.Opinion.Type != "unqualified" || p.Opinion.Dated == nil || p.Assertion.Dated == nil || p.Draft || two != (len(p.Tests) > 0) ||
					k != "soc3" && (len(p.Criteria) == 0 || len(p.Description.CUECs) == 0 || len(p.Description.Subservice) == 0) {
					p.Passages = nil
					t.Errorf("%s is clean because it was not read: %+v", k, p)
				}
			}
		})
	}
}

// TestOpinionsOfOurs: the type of a modified opinion is read from the letter's words, and what it rests on does not contradict it.
func TestOpinionsOfOurs(t *testing.T) {
	t.Parallel()
	for _, o := range []report.Opinion{report.Qualified, report.Adverse, report.Disclaimer} {
		for _, k := range []report.Kind{"soc2-type2", "soc1-type2", "soc2-type1"} {
			r := examined(t, k, false, func(e *report.Examination) {
				x := &e.Elements[len(e.Elements)-1]
				x.Opinion, x.Basis, x.Affected = o, []string{"Access of leavers was not removed in time, so that the criterion CC6.2 was not met."}, []string{"CC6.2"}
				x.ScopeLimitation, x.Pervasive = o == report.Disclaimer, o != report.Qualified
			})
			p := lint.FromReport(r)
			if p.Opinion.Type != string(o) {
				t.Errorf("the opinion of %s is read as %q, want %q", k, p.Opinion.Type, o)
			}
			if got := rulesOf(lint.Check(p)); !slices.Equal(got, []string{"draft-owed"}) {
				t.Errorf("Check(%s, %s) = %v, want nothing but the note on the draft", k, o, got)
			}
		}
	}
}

// TestFaultsInOursAreFound plants faults into an issued report: the model and its DOCX give the same findings.
func TestFaultsInOursAreFound(t *testing.T) {
	t.Parallel()
	r := issued(t, "soc2-type2", func(e *report.Examination) {
		e.Tests[0].Procedures = []report.Procedure{{Kind: report.Inquiry, Text: "Asked the owner."}, {Kind: report.Inspection, Text: "Inspected supporting documentation."}}
		e.Tests[2].Extent.Tested = 2
		e.Tests[6].Procedures = e.Tests[3].Procedures
		e.Tests[5].Procedures = e.Tests[3].Procedures
	})
	for i := range r.Sections {
		s := &r.Sections[i]
		if s.Number == "V" {
			s.Blocks = append(s.Blocks, report.Block{Paragraph: report.Runs{{Text: "We are SOC 2 certified.", Data: true}}})
		}
		if s.Number == "II" {
			s.Blocks = append(s.Blocks, report.Block{Paragraph: report.Runs{{Text: "Signed again, 30 September 2026", Data: true}}})
		}
	}
	model, drawn := both(t, r)
	key := func(list []lint.Finding) (out []string) {
		for _, f := range list {
			out = append(out, f.Rule+" "+f.Where.Section+" "+f.Where.Control+" "+f.What)
		}
		slices.Sort(out)
		return out
	}
	in, of := lint.Check(model), lint.Check(drawn)
	want := []string{"assertion-late", "boilerplate-test", "certified", "empty-test", "sample-small"}
	got := rulesOf(in)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Check(model) (-want +got):\n%s%+v", diff, in)
	}
	if diff := cmp.Diff(key(in), key(of)); diff != "" {
		t.Errorf("findings of the model and of its DOCX differ (-model +DOCX):\n%s", diff)
	}
}

// both reads a report as its model and as the document drawn of it.
func both(t *testing.T, r *report.Report) (model, drawn lint.Paper) {
	t.Helper()
	var b bytes.Buffer
	if err := render.Render(&b, r, render.Options{}); err != nil {
		t.Fatal(err)
	}
	d, err := docx.Read("report.docx", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return lint.FromReport(r), lint.FromDocument(d)
}

// writing is a document of somebody else's, put together piece by piece.
type writing struct{ body strings.Builder }

func esc(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

func (w *writing) p(style, text string) {
	fmt.Fprintf(&w.body, `<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:p>`, style, esc(text))
}

func (w *writing) table(rows ...[]string) {
	w.body.WriteString(`<w:tbl>`)
	for _, r := range rows {
		w.body.WriteString(`<w:tr>`)
		for _, c := range r {
			fmt.Fprintf(&w.body, `<w:tc><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:tc>`, esc(c))
		}
		w.body.WriteString(`</w:tr>`)
	}
	w.body.WriteString(`</w:tbl>`)
}

// file packs it with a style sheet in which headings are called otherwise and take their level from what they are based on.
func (w *writing) file(t testing.TB) []byte {
	t.Helper()
	const ns = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`
	parts := map[string]string{
		"_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/word/document.xml"/></Relationships>`,
		"word/_rels/document.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>` +
			`<Relationship Id="b" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.org" TargetMode="External"/></Relationships>`,
		"word/styles.xml": `<w:styles ` + ns + `><w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/></w:style>` +
			`<w:style w:type="paragraph" w:styleId="FirmTitle"><w:name w:val="Firm Section"/><w:basedOn w:val="H"/></w:style>` +
			`<w:style w:type="paragraph" w:styleId="FirmSub"><w:name w:val="Firm Sub"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>` +
			`<w:style w:type="paragraph" w:styleId="Dot"><w:name w:val="List"/><w:pPr><w:numPr/></w:pPr></w:style></w:styles>`,
		"word/document.xml": `<w:document ` + ns + `><w:body>` + w.body.String() + `</w:body></w:document>`,
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// elsewhere is a report as a firm writes it: headings in capitals, tests in tables, dates in American order.
func elsewhere(opinion, signed, method, monitoring string, tests [][]string) *writing {
	w := &writing{}
	w.p("", "Brightwater Payroll, Inc.")
	w.p("", "SOC 1® Type II Report")
	w.p("", "Report on Brightwater's Payroll System for the period January 1, 2025 to December 31, 2025")
	w.p("FirmTitle", "SECTION I: INDEPENDENT SERVICE AUDITOR'S REPORT")
	w.p("", "We have examined the description for the period January 1, 2025 to December 31, 2025.")
	w.p("FirmSub", "Description of Tests of Controls")
	w.p("", "The specific controls tested are listed in Section IV.")
	w.p("FirmSub", "Opinion")
	w.p("", opinion)
	w.p("", "Hale & Brook LLP")
	w.p("", "Denver, Colorado")
	w.p("", "February 27, 2026")
	w.p("FirmTitle", "SECTION II: ASSERTION OF BRIGHTWATER MANAGEMENT")
	w.p("", "We have prepared the description throughout the period January 1, 2025 to December 31, 2025.")
	w.p("", signed)
	w.p("FirmTitle", "SECTION III: DESCRIPTION OF BRIGHTWATER'S SYSTEM")
	w.p("", "The description covers the period January 1, 2025 to December 31, 2025.")
	w.p("FirmSub", "Subservice Organizations")
	w.table([]string{"Subservice organization", "Services", "Method", "Monitoring"}, []string{"Stratus Hosting", "Data centers", method, monitoring})
	w.p("FirmSub", "Complementary Subservice Organization Controls")
	w.p("Dot", "Access to data halls is limited to authorized people.")
	w.p("FirmSub", "Complementary User Entity Controls")
	w.p("Dot", "Users approve each payroll before it is run (control objective 3).")
	w.p("FirmTitle", "SECTION IV: CONTROL OBJECTIVES, RELATED CONTROLS, AND TESTS OF CONTROLS")
	w.p("FirmSub", "Control Objective 1: Logical access")
	rows := [][]string{{"Control #", "Controls Specified by Brightwater", "Tests Performed by the Service Auditor", "Results of Tests"}}
	w.table(append(rows, tests...)...)
	w.p("FirmTitle", "SECTION V: OTHER INFORMATION PROVIDED BY BRIGHTWATER (UNAUDITED)")
	w.p("", "The information in this section has not been subjected to the procedures of the examination.")
	return w
}

func findings(t *testing.T, w *writing) (lint.Paper, []lint.Finding) {
	t.Helper()
	d, err := docx.Read("elsewhere.docx", w.file(t))
	if err != nil {
		t.Fatal(err)
	}
	p := lint.FromDocument(d)
	return p, lint.Check(p)
}

const good = "In our opinion, in all material respects, the controls operated effectively throughout the period."

func TestReportWrittenElsewhere(t *testing.T) {
	t.Parallel()
	sound := [][]string{
		{"1.1", "Access of leavers is removed within 24 hours.", "For a sample of 25 leavers, compared the time of leaving with the time of removal.", "No exceptions noted."},
		{"1.2", "Access is reviewed quarterly by system owners.", "For a sample of 2 quarters, inspected the lists and the decisions on them.", "No exceptions noted."},
	}
	p, got := findings(t, elsewhere(good, "February 25, 2026", "Carve-out", "Annual review of its report", sound))
	if len(got) > 0 {
		t.Errorf("Check(sound) = %+v, want no finding", got)
	}
	if p.Kind != "soc1" || p.Type != 2 || len(p.Tests) != 2 || p.Tests[1].Control != "1.2" || p.Tests[0].Sample == nil || *p.Tests[0].Sample != 25 ||
		p.Opinion.Type != "unqualified" || p.Opinion.Dated == nil || p.Opinion.Dated.String() != "2026-02-27" || p.Assertion.Dated.String() != "2026-02-25" ||
		p.Cover.Span.From.String() != "2025-01-01" || len(p.Description.Subservice) != 1 || p.Description.Subservice[0].Method != "carve_out" || len(p.Description.Subservice[0].CSOCs) != 1 ||
		len(p.Description.CUECs) != 1 || len(p.Other) != 2 {
		b, err := json.MarshalIndent(p, "", " ")
		t.Errorf("FromDocument(sound) = %s, %v", b, err)
	}
	bad := [][]string{
		{"1.1", "Access of leavers is removed in a timely manner.", "Inquired of the IT manager.", "2 of 25 leavers kept access without approval. No exceptions noted."},
		{"1.2", "Access is reviewed weekly by system owners.", "For a sample of 2 weeks, inspected the lists and the decisions on them.", "No exceptions noted."},
		{"1.3", "Emergency access is approved by two managers before access is given.", "", ""},
	}
	_, got = findings(t, elsewhere(good, "March 3, 2026", "Carve-out", "", bad))
	want := []string{"assertion-late", "carve-out-without-monitoring", "control-without-test", "exception-without-response", "inquiry-alone", "result-contradicts", "sample-small", "vague-control"}
	rules := rulesOf(got)
	slices.Sort(rules)
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("Check(bad) (-want +got):\n%s%+v", diff, got)
	}
}

// TestOtherShapes reads what other firms do: sections without heading styles, a heading that says what was not examined,
// cells that go on over several rows, an exception without a count.
func TestOtherShapes(t *testing.T) {
	t.Parallel()
	w := &writing{}
	w.p("", "SOC 2 Type II report, for the period October 1, 2024 through September 30, 2025, relevant to security and availability")
	w.p("", "SECTION 1: INDEPENDENT SERVICE AUDITOR’S REPORT")
	w.p("", "We have examined the description throughout the period October 1, 2024 to September 30, 2025, relevant to security and availability.")
	w.p("", good)
	w.p("", "November 14, 2025")
	w.p("", "SECTION 2: ASSERTION OF MANAGEMENT")
	w.p("", "The controls were suitably designed throughout the period October 1, 2024 to September 30, 2025, relevant to security, availability, and confidentiality.")
	w.p("", "SECTION 3: DESCRIPTION OF THE SYSTEM")
	w.p("", "The system keeps measurements.")
	w.p("", "SECTION 4: TRUST SERVICES CRITERIA, RELATED CONTROLS AND TESTS OF CONTROLS")
	w.p("", "CC6.1 Logical access")
	w.table([]string{"Control Number", "Control Activity", "Tests Performed", "Test Results"},
		[]string{"CC6.1.1", "A second factor is required for access to production.", "Inspected the configuration of the identity provider for the rule.", "No exceptions noted."},
		[]string{"", "", "Observed that a sign-in without it was refused.", "No exceptions noted."},
		[]string{"CC6.1.2", "Access is reviewed quarterly.", "For a sample of two quarters, inspected the decision on each account.", "Exception noted: a review was late."})
	w.p("", "SECTION 5: OTHER INFORMATION NOT COVERED BY THE SERVICE AUDITOR’S REPORT")
	w.p("", "The review will be automated.")
	p, got := findings(t, w)
	want := []string{"categories-differ", "exception-without-response"}
	if rules := rulesOf(got); !slices.Equal(rules, want) {
		t.Errorf("Check = %+v, want %v", got, want)
	}
	if len(p.Tests) != 2 || !strings.Contains(p.Tests[0].Procedure, "Observed") || len(p.Criteria) != 1 || p.Tests[1].Sample == nil || *p.Tests[1].Sample != 2 {
		t.Errorf("the tests are read as %+v, of criteria %+v", p.Tests, p.Criteria)
	}
}

// TestWhatIsNotRecognisedIsSaid gives a document whose sections and columns are called otherwise.
func TestWhatIsNotRecognisedIsSaid(t *testing.T) {
	t.Parallel()
	w := &writing{}
	w.p("", "SOC 2 Type 2 report for the period 1 January 2025 to 31 December 2025")
	w.p("FirmTitle", "Independent auditor's report")
	w.p("", good)
	w.p("FirmTitle", "Assertion of management")
	w.p("FirmTitle", "Description of the system")
	w.p("FirmTitle", "Criteria, controls and tests of controls")
	w.table([]string{"What", "Outcome"}, []string{"Doors are locked", "fine"})
	_, got := findings(t, w)
	if len(got) != 1 || got[0].Rule != "not-recognised" || got[0].Severity != lint.Note || !strings.Contains(got[0].What, "What, Outcome") {
		t.Errorf("Check(other columns) = %+v, want one note that names the columns", got)
	}
	w = &writing{}
	w.p("", "Report")
	w.p("", "Everything is in order.")
	if _, got = findings(t, w); len(got) != 1 || got[0].Rule != "not-recognised" {
		t.Errorf("Check(no report) = %+v, want one note", got)
	}
}
