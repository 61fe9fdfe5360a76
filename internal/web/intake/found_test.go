package intake

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

type founder struct{ got *scope.Program }

func (f *founder) Found(_ context.Context, _ access.Visitor, p scope.Program, _ *civil.Date) (string, []string, error) {
	warnings, err := p.Check()
	if err == nil {
		f.got = &p
	}
	return "acme", warnings, err
}

func TestFound(t *testing.T) {
	t.Parallel()
	ask := func(v url.Values, strong bool) (*httptest.ResponseRecorder, *founder) {
		f := &founder{}
		p, err := NewFounding(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := shell.NewMux(p.Routes(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/organizations/new", strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Visitor{Person: "p", Strong: strong})))
		return w, f
	}
	good := url.Values{"name": {"Acme"}, "zone": {"Europe/Berlin"}, "report": {"soc2-type2"}, "from": {"2026-01-01"}, "to": {"2026-12-31"}, "availability": {"yes"}}
	w, f := ask(good, true)
	if w.Code != 303 || w.Header().Get("Location") != "/o/acme/" || f.got == nil {
		t.Fatalf("POST = %d %s", w.Code, w.Body)
	}
	if diff := cmp.Diff([]string{"security", "availability"}, f.got.Categories); diff != "" {
		t.Error(diff)
	}
	if w, f := ask(good, false); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "/again") || f.got != nil {
		t.Errorf("without a fresh proof: %d to %s", w.Code, w.Header().Get("Location"))
	}
	for _, c := range []struct{ field, value, want string }{
		{"name", "", "no name"}, {"zone", "Mars/Base", "Mars/Base"}, {"to", "2026-02-31", "2026-02-31"}, {"from", "", "expected"}, {"report", "soc9", "no report"},
		{"name", "<script>alert(1)</script>\x01", ""},
	} {
		v := url.Values{}
		for k, x := range good {
			v[k] = x
		}
		v.Set(c.field, c.value)
		w, f := ask(v, true)
		if w.Code != 422 && w.Code != 400 || f.got != nil || !strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s = %q: %d, want refused with %q", c.field, c.value, w.Code, c.want)
		}
	}
}
