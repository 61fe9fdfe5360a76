package app

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
)

// told counts how often the facts are asked for, which is what takes long.
type told struct {
	size  int64
	day   civil.Date
	asked []civil.Date
	err   error
}

func (f *told) gauging() *gauging {
	return &gauging{
		life: context.Background(), background: &sync.WaitGroup{},
		facts: func(_ context.Context, today *civil.Date) (gauge.Facts, error) {
			if today == nil {
				today = &f.day
			}
			f.asked = append(f.asked, *today)
			p := civil.Period{From: f.day - 100, To: f.day + 100}
			return gauge.Facts{Report: "soc2-type2", Term: gauge.Type2{Period: p}, Today: *today}, f.err
		},
		state: func(context.Context) (int64, civil.Date, error) { return f.size, f.day, nil },
	}
}

// TestGaugingKeepsFacts: a reader who asks again waits only when the day has changed, or another day is asked for. Where the ledger has
// grown they get what was known before, and what is known now is collected for the next.
func TestGaugingKeepsFacts(t *testing.T) {
	t.Parallel()
	f := &told{size: 10, day: civil.NewDate(2026, 5, 20)}
	g := f.gauging()
	ask := func(today *civil.Date, want int) {
		t.Helper()
		if _, err := g.Foresee(t.Context(), today, nil); err != nil {
			t.Fatal(err)
		}
		if len(f.asked) != want {
			t.Errorf("the facts were asked for %d times, want %d", len(f.asked), want)
		}
	}
	other := civil.NewDate(2026, 4, 1)
	ask(nil, 1)
	if _, err := g.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(nil, 1)
	ask(&other, 2)
	ask(nil, 2)
	ask(&other, 2)
	f.size++
	ask(nil, 2)
	g.background.Wait()
	ask(nil, 3)
	f.day++
	ask(nil, 4)
	for d := range civil.Date(20) {
		day := other + d
		ask(&day, len(f.asked)+1)
	}
	if len(g.kept) > mostKept {
		t.Errorf("%d days are kept, want at most %d", len(g.kept), mostKept)
	}
	got, err := g.Foresee(t.Context(), &other, nil)
	if err != nil || got.Today != other {
		t.Errorf("the forecast is from %s, %v; want %s", got.Today, err, other)
	}
	f.err = errors.New("disk on fire")
	f.day++
	if _, err := g.Ready(t.Context()); !errors.Is(err, f.err) {
		t.Errorf("Ready over a broken disk = %v", err)
	}
	f.err = nil
	if _, err := g.Ready(t.Context()); err != nil {
		t.Errorf("the fault was kept: %v", err)
	}
	if _, err := g.Foresee(t.Context(), nil, []string{"x"}); !errors.Is(err, fault.Refused) {
		t.Errorf("Foresee with no supposition = %v, want refused", err)
	}
}

func TestGaugingTogether(t *testing.T) {
	t.Parallel()
	f := &told{size: 10, day: civil.NewDate(2026, 5, 20)}
	g := f.gauging()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := g.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(f.asked) != 1 {
		t.Errorf("sixteen readers made the facts be asked for %d times, want 1", len(f.asked))
	}
}

// TestPagesOfTheReport: the pages of readiness, forecast and documents answer from the records of an organization.
func TestPagesOfTheReport(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	_, s := shown(t, o)
	for path, want := range map[string]int{"/readiness": 200, "/readiness/gaps": 200, "/readiness/controls": 200, "/forecast": 200, "/documents": 200,
		"/documents/soc2-type2.html": 200, "/documents/soc2-type2.pdf": 200, "/documents/soc2-type2.json": 200,
		"/documents/soc2-type2.docx": 200, "/documents/soc2-type2.xlsx": 200, "/documents/soc2-type2.oscal-component": 200, "/documents/soc2-type2.oscal-ssp": 200, "/documents/soc2-type2.oscal-plan": 200, "/documents/soc2-type2.oscal-results": 200, "/documents/soc2-type2.oscal-poam": 200,
		"/documents/iso27001.html": 200, "/documents/iso27001.oscal-ssp": 404, "/documents/soc2-type1.html": 400} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
		s.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("GET %s = %d, want %d: %.300s", path, rec.Code, want, rec.Body.String())
		}
		if strings.HasSuffix(path, ".pdf") && !bytes.HasPrefix(rec.Body.Bytes(), []byte("%PDF-")) {
			t.Errorf("%s is no PDF", path)
		}
	}
}

// TestServeWhileJudging: a person who asks how ready the report is waits for the facts, and finds them by asking again.
func TestServeWhileJudging(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	p, h := shown(t, o)
	get := func(path, accept string) int {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
		r.Header.Set("Accept", accept)
		h.ServeHTTP(rec, r)
		return rec.Code
	}
	if code := get("/readiness", "text/html"); code != 503 {
		t.Errorf("the readiness that nobody judged yet = %d, want 503", code)
	}
	p.background.Wait() // the tests
	if code := get("/readiness", "text/html"); code != 503 {
		t.Errorf("the readiness that nobody judged yet = %d, want 503", code)
	}
	p.background.Wait()
	for _, path := range []string{"/readiness", "/forecast"} {
		if code := get(path, "text/html"); code != 200 {
			t.Errorf("%s once the facts are there = %d, want 200", path, code)
		}
	}
}
