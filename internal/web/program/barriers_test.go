package program

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/browse"
	"github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/shell"
)

// TestBarriers has axe-core look at each page, in both themes and on a phone and a wide screen.
func TestBarriers(t *testing.T) {
	browse.Every(t)
	w := setup(t, described)
	soon := edited(t, w, lead, reworded)
	if rec := w.approve(second, soon); rec.Code != 303 {
		t.Fatal(rec.Code)
	}
	at := edited(t, w, lead, func(v url.Values) {
		reworded(v)
		v.Set("editorial", "no")
		v.Set("statement", "Changes are approved appropriately.")
		v.Set("from", "2027-01-01")
	})
	pagesCSS, err := os.ReadFile("../assets/pages.css")
	if err != nil {
		t.Fatal(err)
	}
	signinCSS, err := os.ReadFile("../signin/assets/signin.css") // the ink on the accent in the dark stands there
	if err != nil {
		t.Fatal(err)
	}
	css := shell.Themed(report.Style() + shell.Style() + string(pagesCSS) + string(elements.Style()) + string(signinCSS) + Style())
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/app.css" {
			rw.Header().Set("Content-Type", "text/css")
			_, _ = rw.Write([]byte(css))
			return
		}
		rec := w.get(second, strings.TrimPrefix(r.URL.RequestURI(), "/o/meridian"))
		rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(rec.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	paths := append([]string{at, "/scope/parts/vendors", "/scope/parts/places", "/program/import", adviceAt,
		"/advise?done=financial_statements&financial_statements=no&done=customer_data&customer_data=yes"}, all...)
	paths = slices.DeleteFunc(paths, func(s string) bool { // what differs from another by its words alone
		return strings.HasPrefix(s, "/program?") || s == "/program/new" || s == "/program/compare" || s == "/description/dc5" || s == "/scope/report"
	})
	p := browse.Start(t).Tab(1280, 900)
	seen := 0
	for _, dark := range []bool{false, true} {
		p.Dark(dark)
		for _, width := range []int64{1280, 390} {
			p.Size(width, 900)
			for _, path := range paths {
				p.Go(s.URL + "/o/meridian" + path)
				seen++
				for _, b := range p.Axe() {
					t.Errorf("%s, dark %t, %d wide: %s", path, dark, width, b)
				}
				if over := browse.Eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%s, %d wide: %d pixels do not fit", path, width, over)
				}
			}
		}
	}
	t.Logf("%d pages were looked at", seen)
}
