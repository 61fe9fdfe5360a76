package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/defenseunicorns/go-oscal/src/pkg/validation"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// theCatalog and theSchema are read once for all tests.
var (
	theCatalog = sync.OnceValues(catalog.Load)
	theSchema  = sync.OnceValues(compile)
)

// facts are the example company's.
func facts(t testing.TB) report.Facts {
	t.Helper()
	b, err := os.ReadFile("../../report/testdata/results.json")
	if err != nil {
		t.Fatal(err)
	}
	var res assure.Results
	if err := json.Unmarshal(b, &res); err != nil {
		t.Fatal(err)
	}
	c, err := theCatalog()
	if err != nil {
		t.Fatal(err)
	}
	tsc, _ := c.Framework("tsc")
	cats := []string{"security", "availability"}
	crit, err := tsc.InScope(cats)
	if err != nil {
		t.Fatal(err)
	}
	return report.Facts{Organization: res.Organization, System: "Harborline Payments", When: report.Throughout(res.Period),
		Categories: cats, Criteria: slices.Clone(crit), Controls: slices.Clone(c.Controls), Results: res,
		Reasons: map[string]string{"CC6.4": "The system runs in data centres of a subservice organization."},
		Systems: []report.System{{Name: "ledger-db", Kind: "database", Owner: "Platform", Environment: "production"}, {Name: "okta", Kind: "identity provider", Owner: "IT", Environment: "production"}}}
}

// schema is NIST's of the version that we write, as go-oscal embeds it, compiled by a validator that
// checks formats too.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := theSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compile() (*jsonschema.Schema, error) {
	v, err := validation.NewValidatorDesiredVersion([]byte(`{"catalog":{"metadata":{"oscal-version":"`+Version+`"}}}`), Version)
	if err != nil {
		return nil, err
	}
	p, err := v.GetValidationParams()
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("oscal.json", p.SchemaData); err != nil {
		return nil, err
	}
	return c.Compile("oscal.json")
}

func text(t testing.TB, d *Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func validate(t testing.TB, s *jsonschema.Schema, doc []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("the document is not valid: %v", err)
	}
	unique(t, v, map[string]bool{})
}

// unique checks that no two things of a document have one name.
func unique(t testing.TB, v any, seen map[string]bool) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			unique(t, e, seen)
		}
	case map[string]any:
		if id, ok := x["uuid"].(string); ok {
			if seen[id] {
				t.Errorf("%s names two things", id)
			}
			seen[id] = true
		}
		for _, e := range x {
			unique(t, e, seen)
		}
	}
}

var kinds = map[string]func(report.Facts) (*Document, error){"component-definition": ComponentDefinition, "system-security-plan": SSP,
	"assessment-plan": AssessmentPlan, "assessment-results": AssessmentResults, "plan-of-action-and-milestones": planned30}

// planned30 is the plan of action where management gave the same day to each deviation.
func planned30(f report.Facts) (*Document, error) {
	due := map[report.ItemRef]civil.Date{}
	for at := range f.Answers {
		due[at] = civil.NewDate(2026, 9, 30)
	}
	return POAM(f, due)
}

func TestValid(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, change := range map[string]func(*report.Facts){
		"example":     func(*report.Facts) {},
		"no controls": func(f *report.Facts) { f.Controls, f.Systems, f.System = nil, nil, "" },
		"no results":  func(f *report.Facts) { f.Results.Controls = nil },
		"few rows":    func(f *report.Facts) { f.Rows = 3; answered(f) },
		"hostile": func(f *report.Facts) {
			f.Organization, f.System = " <script>\n\u2028", "  \t"
			f.Controls[0].Owner, f.Controls[0].Statement, f.Controls[0].ID = "\x00\n", "", "5.1 (a)\xff"
			f.Criteria[0].ID = "7 Ω"
			c := &f.Results.Controls[0]
			c.Test, c.Sentence, c.Digest = "../x y%zz?#", "", ""
			c.Findings[0].Key, c.Findings[0].Reason, c.Findings[1].Key = " ", "", c.Findings[2].Key
			f.Rows = 2
		},
		"examined": examined,
		"issued":   issued,
		"hostile examination": func(f *report.Facts) {
			issued(f)
			e := f.Examination
			e.Firm.Name, e.Addressee, e.Firm.Independence = " <b>\n\u2028", "*", "\x00"
			e.Tests[0].Test, e.Tests[0].Procedures[0].Text, e.Tests[0].Why, e.Tests[0].Extent.Completely = "../x\xff", "", "\n", "`"
			e.Exceptions[0].ID, e.Exceptions[0].Text, e.Exceptions[0].Plan = "", " ", "<p>"
			e.Exceptions = append(e.Exceptions, e.Exceptions[0])
			e.Elements[0].Basis, e.Limits = []string{""}, []report.Limit{{Element: report.Design}}
		},
	} {
		for kind, make := range kinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				f := facts(t)
				change(&f)
				d, err := make(f)
				if kind == "plan-of-action-and-milestones" && (name == "no controls" || name == "no results") {
					if !errors.Is(err, fault.Refused) {
						t.Errorf("a plan of action in which nothing stands: %v, want a refusal", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				doc := text(t, d)
				validate(t, s, doc)
				resolves(t, f, doc)
				if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
					if err := os.WriteFile(dir+"/"+name+"-"+kind+".json", doc, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				again, err := make(f)
				if err != nil || !bytes.Equal(doc, text(t, again)) {
					t.Error("the same facts gave another document")
				}
				back, err := Read(doc)
				if err != nil || !bytes.Equal(doc, text(t, back)) {
					t.Errorf("reading and writing changed the document: %v", err)
				}
				for _, never := range []string{"certified", "compliant", "confidence"} {
					if strings.Contains(strings.ToLower(string(doc)), never) {
						t.Errorf("the document says %q", never)
					}
				}
			})
		}
	}
}

// TestSchemaSees shows that the validator of the tests refuses what is wrong.
func TestSchemaSees(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, plant := range map[string]func(*Document){
		"an identifier":  func(d *Document) { d.ComponentDefinition.UUID = "1" },
		"a time":         func(d *Document) { d.ComponentDefinition.Metadata.LastModified = "2026-07-14" },
		"a reference":    func(d *Document) { d.ComponentDefinition.Components[0].ControlImplementations[0].Source = "%zz" },
		"a line":         func(d *Document) { d.ComponentDefinition.Metadata.Version = " 1" },
		"an empty array": func(d *Document) { d.ComponentDefinition.Components = []Component{} },
	} {
		d, err := ComponentDefinition(facts(t))
		if err != nil {
			t.Fatal(err)
		}
		plant(d)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text(t, d)))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("%s that is wrong passes", name)
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	f := facts(t)
	d, err := AssessmentResults(f)
	if err != nil {
		t.Fatal(err)
	}
	r := d.AssessmentResults.Results[0]
	if r.Start != "2025-07-01T00:00:00-04:00" || r.End != "2026-07-01T00:00:00-04:00" {
		t.Errorf("the result is of %s to %s", r.Start, r.End)
	}
	if len(r.Findings) != len(f.Results.Controls) {
		t.Fatalf("%d findings of %d tests", len(r.Findings), len(f.Results.Controls))
	}
	risks := 0
	found := map[string]Finding{}
	for _, x := range r.Findings {
		found[find(x.Target.Props, "test")+find(x.Props, "population")] = x
	}
	for _, test := range f.Results.Controls {
		x := found[test.Test+strconv.Itoa(test.Population)]
		if x.Target == nil {
			t.Errorf("%s has no finding", test.Test)
			continue
		}
		want := "not-satisfied"
		if report.StandingOf(test) == report.Clean {
			want = "satisfied"
		}
		if x.Target.Status.State != want || find(x.Props, "deviating") != strconv.Itoa(test.Deviating) || find(x.Props, "population") != strconv.Itoa(test.Population) {
			t.Errorf("%s: %s with %s of %s, want %s with %d of %d", test.Test, x.Target.Status.State, find(x.Props, "deviating"), find(x.Props, "population"), want, test.Deviating, test.Population)
		}
		if (len(x.Risks) > 0) != (test.Deviating > 0) {
			t.Errorf("%s: %d risks of %d deviations", test.Test, len(x.Risks), test.Deviating)
		}
		risks += len(x.Risks)
	}
	if risks != len(r.Risks) {
		t.Errorf("%d risks are linked, %d are there", risks, len(r.Risks))
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make   func(report.Facts) (*Document, error)
		change func(*report.Facts)
		want   string
	}{
		"no organization":   {ComponentDefinition, func(f *report.Facts) { f.Organization = " " }, "name of the organization"},
		"no time":           {ComponentDefinition, func(f *report.Facts) { f.Results.KnownAt = "" }, "time at which"},
		"no criterion":      {SSP, func(f *report.Facts) { f.Criteria = nil }, "at least one criterion"},
		"results of a date": {AssessmentResults, func(f *report.Facts) { f.When = report.AsOf{Date: 20000, Zone: civil.Zone{}} }, "need a period"},
	} {
		f := facts(t)
		c.change(&f)
		if _, err := c.make(f); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, c.want)
		}
	}
}

const foreign = `{
  "$schema": "https://example.org/schema.json",
  "assessment-results": {
    "uuid": "a", "remarks": "", "x-tool": {"b": 1.50, "a": [null, true]},
    "metadata": {"title": "t", "document-ids": [{"identifier": "1"}], "props": []},
    "results": [{"local-definitions": {"tasks": [{"uuid": "b", "type": "action", "timing": {"within-date-range": {}}}]},
      "findings": [{"origins": [1], "target": {"status": {"state": "satisfied", "x": "\u00e9\u2028<&"}}}]}]
  }
}`

// TestUnknownMembersAreKept reads a document with members that the structs do not have, changes one thing
// and writes it: nothing else changes.
func TestUnknownMembersAreKept(t *testing.T) {
	t.Parallel()
	d, err := Read([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(value(t, []byte(foreign)), value(t, text(t, d))); diff != "" {
		t.Errorf("reading and writing changed the document (-was +is):\n%s", diff)
	}
	d.AssessmentResults.Metadata.Title = "another"
	d.AssessmentResults.Metadata.Props = []Property{{Name: "new", Value: "1"}}
	want := strings.NewReplacer(`"title": "t"`, `"title": "another"`, `"props": []`, `"props": [{"name":"new","value":"1"}]`).Replace(foreign)
	if diff := cmp.Diff(value(t, []byte(want)), value(t, text(t, d))); diff != "" {
		t.Errorf("changing a title changed more (-want +got):\n%s", diff)
	}
	// Numbers keep their spelling, and members their order.
	if got := string(text(t, d)); !strings.Contains(got, "1.50") || strings.Index(got, "x-tool") > strings.Index(got, `"metadata"`) {
		t.Errorf("members moved or numbers were written anew:\n%s", got)
	}
	d.AssessmentResults.Results[0].Findings = nil
	if strings.Contains(string(text(t, d)), "findings") {
		t.Error("what was taken away is still written")
	}
}

func value(t testing.TB, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``:                                    "one JSON value",
		`[]`:                                  "expected an object",
		`{"assessment-results": 1}`:           "/assessment-results: 1, expected an object",
		`{"assessment-results": {"uuid": 1}}`: "/assessment-results/uuid: 1, expected a string",
		`{"assessment-results": {"results": {}}}`:                              "/assessment-results/results: {}, expected an array",
		`{"assessment-results": {"uuid": "a", "uuid": "b"}}`:                   `"uuid" stands twice`,
		`{"assessment-results": {"x": 1, "x": 1}}`:                             `"x" stands twice`,
		`{"assessment-results": {"results": [{"risks": [{"title": []}, 1]}]}}`: "/assessment-results/results/0/risks/1: 1",
	} {
		if _, err := Read([]byte(in)); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%s) = %v, want a refusal with %q", in, err, want)
		}
	}
}

func TestUUID(t *testing.T) {
	t.Parallel()
	// The name space and this value were computed apart, with Python's uuid module.
	if got, want := uuid("control", "Harborline, Inc.", "CHG-01"), "74504978-08dc-52fb-8cdf-2181ae9f1bf1"; got != want {
		t.Errorf("uuid = %s, want %s", got, want)
	}
	if uuid("a", "b c") == uuid("a b", "c") {
		t.Error("parts that differ give one name")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(foreign))
	f.Add([]byte(`{"component-definition":{"components":[{"title":null},{"title":""}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Read(b)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("Read = %v, want a refusal", err)
			}
			return
		}
		once := text(t, d)
		if diff := cmp.Diff(value(t, b), value(t, once)); diff != "" {
			t.Errorf("reading and writing changed the document (-was +is):\n%s", diff)
		}
		again, err := Read(once)
		if err != nil || !bytes.Equal(once, text(t, again)) {
			t.Errorf("reading what was written changed it: %v", err)
		}
	})
}

// FuzzWrite plants texts in the facts: every document stays valid.
func FuzzWrite(f *testing.F) {
	s := schema(f)
	for _, x := range []string{"", " a ", "\x00", "\xff", "\u2028\ufeff", "<b>*x*", "%zz", "5.1", "Ω", "a\nb"} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x string) {
		a := facts(t)
		a.Organization, a.System = "O"+x, x
		a.Controls, a.Criteria, a.Results.Controls, a.Rows = a.Controls[:1], a.Criteria[:1], a.Results.Controls[:1], 1
		a.Criteria[0].ID, a.Controls[0].ID, a.Controls[0].Criteria, a.Controls[0].Owner, a.Controls[0].Statement = x, x, []string{x}, x, x
		c := &a.Results.Controls[0]
		c.Control, c.Test, c.Title, c.Sentence, c.Findings[0].Key, c.Findings[0].Reason, c.Findings[0].Records = x, x, x, x, x, x, []string{x}
		a.Systems[0].Name, a.Systems[0].Kind, a.Reasons = x, x, map[string]string{x: x}
		a.Answers = map[report.ItemRef]report.Answer{{Test: x, Item: x}: {Text: x, Cause: x, Extent: x}}
		c.Findings[0].Verdict, c.Deviating = assure.Deviation, 1
		if len(x)%2 == 1 {
			a.Reasons, a.Examination = nil, &report.Examination{Firm: report.Firm{Name: "F" + x, Independence: x}, Addressee: x,
				Tests: []report.TestedControl{{Control: x, Test: x, Outcome: report.TestRun, Deviating: 1, Procedures: []report.Procedure{{Kind: report.Inspection, Text: x}},
					Extent: report.Extent{Kind: report.Sampled, Tested: 2, Population: 3, Method: x}, Attributes: []report.TestedAttribute{{ID: x, Text: x}}, Notes: []string{x}, Reservations: []report.Reservation{{Text: x, Reason: x}}}},
				Exceptions: []report.Exception{{ID: x, Control: x, Test: x, Text: x, Nature: x, Cause: x, Affects: []string{x}, Plan: x, Response: x, ResponseBy: x}},
				Matters:    []report.MatterConclusion{{ID: x, Element: report.Operation, Conclusion: report.NotAchieved, Reasons: []string{x}}}}
		}
		for _, make := range kinds {
			d, err := make(a)
			if err != nil {
				t.Fatal(err)
			}
			validate(t, s, text(t, d))
		}
	})
}

func BenchmarkAssessmentResults(b *testing.B) {
	f := facts(b)
	for b.Loop() {
		d, err := AssessmentResults(f)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
