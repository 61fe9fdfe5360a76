package program

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/shell"
)

// described is a program with a system that says something in each place.
func described(f *scope.Folder) {
	on, said := civil.NewDate(2026, 9, 30), civil.NewDate(2026, 2, 1)
	f.Program.Reasons = map[string]string{"availability": "Contracts promise 99.9 % a month.", "privacy": "No personal data of consumers is handled on our own account."}
	for i := range f.Versions {
		if i%3 != 0 {
			f.Versions[i].Implemented = &said
		}
	}
	f.System = scope.System{Name: "Meridian Payments",
		Services:    []assure.Part{{Name: "Payment interface", Text: "Takes card payments for merchants and settles them."}},
		Commitments: []assure.Commitment{{Text: "The service is available 99.9 % of each month.", Criteria: []string{"A1.2"}}},
		Locations:   []assure.Part{{Name: "Berlin", Text: "Office; no server."}, {Name: "eu-central-1", Text: "Region of the cloud provider that runs all servers."}},
		Flow: assure.Flow{Nodes: []assure.Node{{ID: "m", Name: "Merchant", Does: []string{"created"}, Outside: true}, {ID: "api", Name: "Payment API", Does: []string{"processed"}},
			{ID: "db", Name: "Ledger database", Does: []string{"stored"}}, {ID: "s", Name: "Acquirer", Outside: true}},
			Edges: []assure.Edge{{From: "m", To: "api", Data: "Card data and order", How: "TLS 1.3"}, {From: "api", To: "db", Data: "Tokenised payment", How: "TLS 1.2, mutual"}, {From: "api", To: "s", Data: "Authorization", How: "TLS 1.3"}}},
		Subservice: []assure.Subservice{{Name: "Cloud provider", Services: "Servers, storage and their buildings", Method: "carve_out", Monitoring: []string{"VEN-02"}, Report: "SOC 2 Type 2", ReportEnd: &on,
			CSOCs: []assure.CSOC{{Text: "Guards its data centres and logs who enters.", Criteria: []string{"CC6.4"}}}}},
		Texts: map[string]string{"dc1": "## What it does\n\nMeridian takes card payments for **merchants** in Europe.\n\n- online\n- at the till\n\n| Plan | Hours |\n|---|---|\n| Basic | office hours |\n| Full | day and night |\n"}}
}

// TestLook draws pages with the whole style sheet into the folder that ASSAY_LOOK names, for a person to look at; without it, it
// checks that each page draws once and that its styles name no class that no page has.
func TestLook(t *testing.T) {
	t.Parallel()
	w := setup(t, described)
	soon := edited(t, w, lead, reworded)
	if rec := w.approve(second, soon); rec.Code != 303 {
		t.Fatal(rec.Code)
	}
	at := edited(t, w, lead, func(v url.Values) {
		v.Set("statement", "A reviewer approves changes appropriately before they are released.")
		v.Set("reason", "The approval moves to the pull request.")
		v.Set("criteria", "CC5.2")
		v.Set("from", "2027-01-01")
	})
	pages := map[string]string{"scope": "/scope", "program": "/program", "control": "/program/CHG-01", "edit": "/program/CHG-01/edit", "test": "/program/CHG-01/test", "waiting": "/proposals", "change": at,
		"description": "/description", "dc1": "/description/dc1", "dc3": "/description/dc3", "dc1-edit": "/description/dc1/edit", "objectives": "/objectives", "explained": "/explained",
		"categories": "/scope/categories", "places": "/scope/parts/places", "vendors": "/scope/parts/vendors", "state": "/program/CHG-01/state",
		"advise": "/advise", "advise-5": "/advise?done=financial_statements&financial_statements=no&done=customer_data&customer_data=yes&done=asked_by&asked_by=security&asked_by=procurement&done=contract_words&contract_words=SOC+2",
		"advised": adviceAt}
	all := ""
	dir := os.Getenv("ASSAY_LOOK")
	pagesCSS, err := os.ReadFile("../assets/pages.css")
	if err != nil {
		t.Fatal(err)
	}
	signinCSS, err := os.ReadFile("../signin/assets/signin.css") // the ink on the accent in the dark stands there
	if err != nil {
		t.Fatal(err)
	}
	css := shell.Themed(report.Style()+shell.Style()+string(pagesCSS)+string(elements.Style())+string(signinCSS)) + Style()
	for name, path := range pages {
		who := lead
		if name == "change" {
			who = second
		}
		body := w.page(who, path, 200)
		all += body
		if dir == "" {
			continue
		}
		for _, theme := range []string{"light", "dark"} {
			page := strings.Replace(body, `<link rel="stylesheet" href="/assets/app.css">`, "<style>"+css+"</style>", 1)
			page = strings.Replace(page, "<html", `<html data-theme="`+theme+`"`, 1)
			if err := os.WriteFile(filepath.Join(dir, name+"-"+theme+".html"), []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, class := range []string{"entry", "program-list", "one-test", "cases", "said", "missing", "walk", "vendor", "advised", "against", "categories", "drawn", "chain", "served-by", "replies", "for-against", "question", "toc", "explained", "effect", "diff"} {
		if !strings.Contains(all, class) {
			t.Errorf("the style sheet has a class %q that no page has", class)
		}
		if !strings.Contains(Style(), "."+class) {
			t.Errorf("the style sheet has no rule for %q", class)
		}
	}
}

const adviceAt = "/advise?done=financial_statements&financial_statements=no&done=customer_data&customer_data=yes&done=asked_by&asked_by=security&asked_by=procurement" +
	"&done=contract_words&contract_words=SOC+2&done=countries&countries=US%2C+DE&done=need_by&need_by=2027-09-30&done=months_operated&months_operated=3&done=stage&stage=growth" +
	"&done=promises&promises=uptime&done=regulated&regulated=no&done=public_proof&public_proof=no"
