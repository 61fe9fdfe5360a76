package examination

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/browse"
)

// pagesOf are the pages of an engagement under review, as each side sees them.
func pagesOf(w *world, id, key string) []struct {
	name string
	as   access.Visitor
	path string
} {
	b := base(id)
	return []struct {
		name string
		as   access.Visitor
		path string
	}{
		{"list", pat, "/engagements"}, {"overview", pat, b}, {"requests", pat, b + "/requests"}, {"request", pat, b + "/requests/R-001"}, {"populations", pat, b + "/populations"},
		{"sample", pat, b + "/samples/S-001"}, {"papers", pat, b + "/papers"}, {"paper", sam, b + "/papers/CHG-01"}, {"bench", sam, b + "/papers/CHG-01/chg-01.changes"},
		{"deviation", pat, b + "/deviations/D-001"}, {"deviations", pat, b + "/deviations"}, {"conclusions", pat, b + "/conclusions"}, {"report", pat, b + "/report"}, {"log", pat, b + "/log"},
		{"conclude", mia, b + "/acts/conclude_control?control=CHG-01"}, {"open", pat, "/engagements/new"},
		{"client-list", lea, "/engagements"}, {"client-overview", exa, b}, {"client-requests", lea, b + "/requests"}, {"client-request", lea, b + "/requests/R-001"}, {"client-populations", lea, b + "/populations"},
		{"client-sample", lea, b + "/samples/S-001"}, {"client-deviation", owen, b + "/deviations/D-001"}, {"client-report", exa, b + "/report"}, {"client-messages", lea, "/engagements/messages"},
	}
}

// TestLook takes pictures into the folder that ASSAY_LOOK names, for a person to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("ASSAY_LOOK")
	if dir == "" {
		t.Skip("ASSAY_LOOK names no folder for the pictures")
	}
	w := setup(t)
	id, keys := w.reviewed("Example, Inc.")
	w.opened("Northwind Logistics, LLC")
	_ = keys
	br := browse.Start(t)
	doors := map[string]string{}
	for _, p := range pagesOf(w, id, keys[0]) {
		if doors[p.as.Email] == "" {
			doors[p.as.Email] = w.door(p.as)
		}
		for _, k := range []struct {
			name  string
			width int64
			dark  bool
		}{{"", 1280, false}, {"-phone", 390, false}, {"-dark", 1280, true}, {"-phone-dark", 390, true}} {
			tab := br.Tab(k.width, 900)
			tab.Dark(k.dark)
			tab.Go(doors[p.as.Email] + p.path)
			var shot []byte
			tab.Do(chromedp.FullScreenshot(&shot, 90))
			if err := os.WriteFile(filepath.Join(dir, p.name+k.name+".jpg"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
