package campaign

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
)

func at(t *testing.T, s string) civil.Instant {
	t.Helper()
	i, err := civil.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func factOf(t *testing.T, s string) fact {
	t.Helper()
	f := fact{key: "k"}
	if err := json.Unmarshal([]byte(s), &f.body); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestNotice takes the cases of INC-03: the shorter of the limit and 72 hours, the last instant included.
func TestNotice(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-26T09:00:00Z")
	for _, c := range []struct {
		name, body string
		want       standing
		due        string
	}{
		{"told in time", `{"confirmed_customer_impact_at":"2026-11-20T00:00:00Z","notice_limit_hours":24,"notified_at":"2026-11-21T00:00:00Z"}`, met, "2026-11-21T00:00:00Z"},
		{"told an instant late", `{"confirmed_customer_impact_at":"2026-11-20T00:00:00Z","notice_limit_hours":24,"notified_at":"2026-11-21T00:00:00.000001Z"}`, missed, "2026-11-21T00:00:00Z"},
		{"a limit of more than 72 hours", `{"confirmed_customer_impact_at":"2026-11-20T00:00:00Z","notice_limit_hours":240,"notified_at":"2026-11-24T00:00:00Z"}`, missed, "2026-11-23T00:00:00Z"},
		{"no limit on record", `{"confirmed_customer_impact_at":"2026-11-20T00:00:00Z","notified_at":"2026-11-21T00:00:00Z"}`, unclear, "2026-11-23T00:00:00Z"},
		{"no limit on record, and late", `{"confirmed_customer_impact_at":"2026-11-20T00:00:00Z","notified_at":"2026-11-24T00:00:00Z"}`, missed, "2026-11-23T00:00:00Z"},
		{"running", `{"confirmed_customer_impact_at":"2026-11-26T00:00:00Z"}`, running, "2026-11-29T00:00:00Z"},
		{"the last instant", `{"confirmed_customer_impact_at":"2026-11-23T09:00:00Z"}`, running, "2026-11-26T09:00:00Z"},
		{"not told, and over", `{"confirmed_customer_impact_at":"2026-11-23T08:59:59Z"}`, missed, "2026-11-26T08:59:59Z"},
	} {
		got, ok := notice(factOf(t, c.body), now)
		if !ok || got.State != c.want || got.Due != at(t, c.due) {
			t.Errorf("notice(%s) = %+v, %v, want state %d due %s", c.name, got, ok, c.want, c.due)
		}
	}
	if _, ok := notice(factOf(t, `{"detected_at":"2026-11-23T08:59:59Z"}`), now); ok {
		t.Error("notice(no impact confirmed) has a clock")
	}
}

// TestFix takes the limits of VUL-03: the deadline is the end of the last day, in the organization's zone.
func TestFix(t *testing.T) {
	t.Parallel()
	z, err := civil.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := at(t, "2026-11-26T09:00:00Z")
	for _, c := range []struct {
		body string
		want standing
		due  string
	}{
		{`{"severity":"critical","first_seen_at":"2026-11-20T03:00:00Z"}`, running, "2026-11-27T00:00:00-05:00"}, // still the 19th there
		{`{"severity":"critical","first_seen_at":"2026-11-20T12:00:00Z"}`, running, "2026-11-28T00:00:00-05:00"},
		{`{"severity":"low","first_severity":"critical","first_seen_at":"2026-11-01T12:00:00Z"}`, missed, "2026-11-09T00:00:00-05:00"},
		{`{"severity":"low","first_severity":"critical","first_seen_at":"2026-11-01T12:00:00Z","rerate_approved_by":"a","rerate_reason":"r","rerate_approved_at":"2026-11-08T12:00:00Z"}`, running, "2027-05-01T00:00:00-04:00"},
		{`{"severity":"low","first_severity":"critical","first_seen_at":"2026-11-01T12:00:00Z","rerate_approved_by":"a","rerate_reason":"r","rerate_approved_at":"2026-11-09T05:00:00Z"}`, missed, "2026-11-09T00:00:00-05:00"},
		{`{"severity":"high","first_seen_at":"2026-10-01T12:00:00Z","fixed_at":"2026-11-01T03:59:59.999999Z"}`, met, "2026-11-01T00:00:00-04:00"},
		{`{"severity":"high","first_seen_at":"2026-10-01T12:00:00Z","fixed_at":"2026-11-01T04:00:00Z"}`, missed, "2026-11-01T00:00:00-04:00"},
	} {
		if got := fix(factOf(t, c.body), z, now); got.State != c.want || got.Due != at(t, c.due) {
			t.Errorf("fix(%s) = %+v (due %s), want state %d due %s", c.body, got, got.Due, c.want, c.due)
		}
	}
	if got := fix(factOf(t, `{"severity":"urgent"}`), z, now); got.State != unclear {
		t.Errorf("fix(a severity that is none) = %+v, want not known", got)
	}
}

// clocks fills the three registers, hostile texts among them, and names their pages.
func clocks(w *world) []string {
	b, _ := json.Marshal(hostile)
	w.pull("incidents", fmt.Sprintf(`{"incident_id":"i1","title":%s,"severity":"high","lead":%s,"detected_at":"2026-11-25T08:00:00Z","acknowledged_at":"2026-11-25T08:10:00Z","confirmed_customer_impact_at":"2026-11-25T10:00:00Z","notice_limit_hours":48}`, b, b),
		`{"incident_id":"i2","severity":"low","detected_at":"2026-10-01T08:00:00Z","resolved_at":"2026-10-02T08:00:00Z"}`)
	w.pull("waivers", fmt.Sprintf(`{"waiver_id":"w1","control":"NET-01","scope":%s,"reason":%s,"compensating":"daily look","approved_by":"ann","approved_at":"2026-10-01T08:00:00Z","expires_at":"2026-12-01T08:00:00Z"}`, b, b),
		`{"waiver_id":"w2","expires_at":"2026-11-01T08:00:00Z"}`, `{"waiver_id":"w3","expires_at":"2026-11-01T08:00:00Z"}`, `{"waiver_id":"w4","renewal_of":"w3"}`)
	w.pull("vulnerabilities", fmt.Sprintf(`{"vulnerability_id":"v1","asset":%s,"severity":"critical","first_seen_at":"2026-11-01T08:00:00Z"}`, b), `{"vulnerability_id":"v2","asset":"host","severity":"low","identifier":"CVE-2026-1","first_seen_at":"2026-11-01T08:00:00Z"}`,
		`{"vulnerability_id":"v3","asset":"host","severity":"low","first_seen_at":"2026-11-01T08:00:00Z","fixed_at":"2026-11-02T08:00:00Z"}`)
	return []string{"/incidents", "/exceptions", "/vulnerabilities"}
}

func TestClockPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for path, want := range map[string]string{"/incidents": "No incident is on record.", "/exceptions": "No exception is on record.", "/vulnerabilities": "No open vulnerability is on record."} {
		if body := w.page(lead, path, 200); !strings.Contains(body, want) {
			t.Errorf("GET %s empty lacks %q", path, want)
		}
	}
	pages := clocks(w)
	want := map[string][]string{
		"/incidents":       {"25 hours left", "no impact on customers is confirmed", "&lt;script&gt;"},
		"/exceptions":      {"4 days left", "too late", "nobody approved it, no scope, no reason, nothing is done instead", "closed or renewed", "no end", "&lt;script&gt;"},
		"/vulnerabilities": {"too late", "1 late", "CVE-2026-1", "&lt;script&gt;"},
	}
	for _, p := range pages {
		body := w.page(lead, p, 200)
		for _, s := range want[p] {
			if !strings.Contains(body, s) {
				t.Errorf("GET %s lacks %q", p, s)
			}
		}
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "v3</bdi>") {
			t.Errorf("GET %s shows what it must not", p)
		}
		for _, x := range []struct {
			as     access.Visitor
			status int
		}{{rita, 200}, {auditor, 200}, {con, 403}, {boss, 403}, {admin, 403}, {customer, 403}} {
			w.page(x.as, p, x.status)
		}
	}
}
