package examination

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/browse"
)

// looked is a page as somebody has it before them.
type looked struct {
	name string
	as   access.Visitor
	path string
}

// pagesOf are the pages of an engagement under review, as each side sees them.
func pagesOf(id string) []looked {
	b := base(id)
	return []looked{
		{"list", pat, "/engagements"}, {"overview", pat, b}, {"requests", pat, b + "/requests"}, {"request", pat, b + "/requests/R-001"}, {"populations", pat, b + "/populations"},
		{"sample", pat, b + "/samples/S-001"}, {"papers", pat, b + "/papers"}, {"paper", sam, b + "/papers/CHG-01"}, {"bench", sam, b + "/papers/CHG-01/chg-01.changes"},
		{"asked", pat, b + "/requests/list"}, {"package", pat, b + "/package"},
		{"deviation", pat, b + "/deviations/D-001"}, {"deviations", pat, b + "/deviations"}, {"conclusions", pat, b + "/conclusions"}, {"report", pat, b + "/report"}, {"compare", pat, b + "/compare"}, {"log", pat, b + "/log"},
		{"open", pat, "/engagements/new"}, {"messages", pat, "/engagements/messages"},
		{"client-list", lea, "/engagements"}, {"client-overview", exa, b}, {"client-requests", lea, b + "/requests"}, {"client-request", lea, b + "/requests/R-001"}, {"client-populations", lea, b + "/populations"},
		{"client-sample", lea, b + "/samples/S-001"}, {"client-deviation", owen, b + "/deviations/D-001"}, {"client-deviations", owen, b + "/deviations"}, {"client-report", exa, b + "/report"}, {"client-compare", exa, b + "/compare"},
		{"client-log", lea, b + "/log"}, {"client-messages", lea, "/engagements/messages"},
	}
}

// formsOf are the forms of an engagement under review.
func formsOf(id string) []looked {
	b := base(id) + "/acts/"
	return []looked{{"release", pat, b + "release_draft"}, {"word", pat, b + "word"}, {"back-to-work", pat, b + "back_to_work"}, {"sign", pat, b + "sign_partner"}, {"withdraw", pat, b + "withdraw"},
		{"client-assert", exa, b + "assert"}, {"client-represent", exa, b + "represent"}}
}

// earlier are pages of engagements that are not as far: one just opened, one accepted, and one in fieldwork.
func earlier(opened, accepted, fieldwork string) []looked {
	return []looked{
		{"opened", pat, base(opened)}, {"opened-requests", pat, base(opened) + "/requests"}, {"opened-populations", pat, base(opened) + "/populations"}, {"opened-papers", pat, base(opened) + "/papers"},
		{"opened-deviations", pat, base(opened) + "/deviations"}, {"opened-conclusions", pat, base(opened) + "/conclusions"}, {"opened-report", pat, base(opened) + "/report"}, {"opened-compare", pat, base(opened) + "/compare"},
		{"join", pat, base(opened) + "/acts/join"}, {"letter", pat, base(opened) + "/acts/offer_letter"}, {"check", pat, base(opened) + "/acts/check_conflicts"},
		{"accepted", mia, base(accepted)}, {"accepted-populations", mia, base(accepted) + "/populations"}, {"accepted-papers", mia, base(accepted) + "/papers"}, {"client-accepted", lea, base(accepted)},
		{"client-accepted-requests", lea, base(accepted) + "/requests"}, {"client-accepted-populations", lea, base(accepted) + "/populations"}, {"client-accepted-report", lea, base(accepted) + "/report"}, {"client-accepted-deviations", lea, base(accepted) + "/deviations"},
		{"fieldwork", mia, base(fieldwork)}, {"fieldwork-staff", sam, base(fieldwork)}, {"plan", mia, base(fieldwork) + "/acts/plan"}, {"ask", sam, base(fieldwork) + "/acts/ask"}, {"raise", sam, base(fieldwork) + "/acts/raise?control=CHG-01&test=chg-01.changes"},
		{"draw", sam, base(fieldwork) + "/acts/draw?control=CHG-02&test=chg-02.tests"}, {"assess", sam, base(fieldwork) + "/acts/assess?control=CHG-01"}, {"procedures", sam, base(fieldwork) + "/acts/procedures?control=CHG-01&test=chg-01.changes"},
		{"client-fieldwork", lea, base(fieldwork)}, {"client-answer", lea, base(fieldwork) + "/acts/answer?request=R-001"}, {"client-freeze", lea, base(fieldwork) + "/acts/freeze?control=CHG-01&test=chg-01.changes"},
	}
}

// everyPage is what there is to be looked at, with the doors of those who look.
func everyPage(w *world) []looked {
	id, _ := w.reviewed("Example, Inc.")
	w.act(pat, id, "release_draft")
	w.now = w.now.AddDate(0, 0, 2)
	w.act(pat, id, "release_draft")
	opened := w.opened("Northwind Logistics, LLC")
	w.act(pat, opened, "join", "email", pat.Email, "name", pat.Name, "part", "partner")
	list := slices.Concat(pagesOf(id), formsOf(id), earlier(opened, w.accepted("Fabrikam GmbH"), w.fieldwork("Contoso Payments, Inc.")))
	doors := map[string]string{}
	for i, x := range list {
		if doors[x.as.Email] == "" {
			doors[x.as.Email] = w.door(x.as)
		}
		list[i].path = doors[x.as.Email] + x.path
	}
	return list
}

// ways are those in which a page is looked at.
var ways = []struct {
	name  string
	width int64
	dark  bool
}{{"", 1280, false}, {"-phone", 390, false}, {"-dark", 1280, true}, {"-phone-dark", 390, true}}

// TestLook takes pictures into the folder that ASSAY_LOOK names, for a person to look at, in the language of ASSAY_LOOK_LANG.
func TestLook(t *testing.T) {
	dir := os.Getenv("ASSAY_LOOK")
	if dir == "" {
		t.Skip("ASSAY_LOOK names no folder for the pictures")
	}
	w := setup(t)
	w.lang = os.Getenv("ASSAY_LOOK_LANG")
	tab := browse.Start(t).Tab(1280, 900)
	for _, x := range everyPage(w) {
		tab.Go(x.path)
		for _, k := range ways {
			tab.Size(k.width, 900)
			tab.Dark(k.dark)
			var shot []byte
			tab.Do(chromedp.FullScreenshot(&shot, 90))
			if err := os.WriteFile(filepath.Join(dir, x.name+k.name+".jpg"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
