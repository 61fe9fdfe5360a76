package pdf

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/report"
)

// example builds the example company's draft; change may plant something first.
func example(t testing.TB, k report.Kind, change func(*report.Facts)) *report.Report {
	t.Helper()
	b, err := os.ReadFile("../../report/testdata/results.json")
	if err != nil {
		t.Fatal(err)
	}
	var res assure.Results
	if err := json.Unmarshal(b, &res); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	tsc, _ := c.Framework("tsc")
	cats := []string{"security", "availability"}
	crit, err := tsc.InScope(cats)
	if err != nil {
		t.Fatal(err)
	}
	f := report.Facts{Organization: res.Organization, System: "Harborline Payments", When: report.Throughout(res.Period),
		Categories: cats, Criteria: crit, Controls: c.Controls, Results: res,
		Reasons: map[string]string{"CC6.4": "The system runs in data centres of a subservice organization."},
		Systems: []report.System{{Name: "ledger-db", Kind: "database", Owner: "Platform", Environment: "production"}, {Name: "okta", Kind: "identity provider", Owner: "IT", Environment: "production"}}}
	if k == "soc2-type1" {
		f.When = report.AsOf{Date: res.Period.To, Zone: res.Period.Zone}
	}
	if change != nil {
		change(&f)
	}
	r, err := report.Build(k, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// draw renders the document. ASSAY_LOOK=DIR keeps it, to be looked at.
func draw(t testing.TB, r *report.Report, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Render(&b, r, o); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".pdf", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
