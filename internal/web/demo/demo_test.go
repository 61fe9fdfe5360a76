package demo

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/shell"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	s := &Site{Home: "/o/x/"}
	m, err := shell.NewMux(s.Routes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	post := func(v url.Values) *http.Response {
		r := httptest.NewRequest("POST", "/me", strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Visitor{Person: "demo_lead"})))
		return w.Result()
	}
	res := post(url.Values{"person": {"demo_auditor"}}) //nolint:bodyclose // of a recorder
	if res.StatusCode != 303 || len(res.Cookies()) != 1 {
		t.Fatalf("choosing = %d, %v", res.StatusCode, res.Cookies())
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(res.Cookies()[0])
	v, err := s.Identify(r)
	if err != nil || v.Person != "demo_auditor" {
		t.Errorf("Identify = %+v, %v; want the auditor", v, err)
	}
	if got := Roles(t.Context(), v.Person); len(got) != 1 || got[0] != access.Auditor {
		t.Errorf("Roles = %v, want auditor alone", got)
	}
	if res := post(url.Values{"person": {"root"}}); res.StatusCode != 400 { //nolint:bodyclose // of a recorder
		t.Errorf("somebody who is not there: %d, want 400", res.StatusCode)
	}
	r = httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: cookie, Value: "root"})
	if v, _ := s.Identify(r); v.Person != People()[0].ID {
		t.Errorf("a cookie with nobody in it is %s, want the first", v.Person)
	}
}
