package campaign

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
)

// policy has dora propose the code of conduct and the lead approve it.
func (w *world) policy(version, text string) string {
	w.t.Helper()
	key, err := w.pages.o.Policies.Propose(w.t.Context(), w.actor("dora@example.com"), operate.PolicyDraft{Policy: "code-of-conduct", Title: "Code of conduct", Version: version, Text: text, Material: true})
	if err == nil {
		err = w.pages.o.Policies.Decide(w.t.Context(), w.actor("lead@example.com"), key, 1, true)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return "code-of-conduct"
}

func TestRolesOfPolicies(t *testing.T) {
	t.Parallel()
	w := setup(t)
	at := policyPath(w.policy("1.0", "Be kind."))
	key, err := w.pages.o.Policies.Propose(t.Context(), w.actor("dora@example.com"), operate.PolicyDraft{Policy: "code-of-conduct", Title: "Code of conduct", Version: "2.0", Text: "Be brave."})
	if err != nil {
		t.Fatal(err)
	}
	v := at + "/versions/" + key
	for _, x := range []struct {
		as   access.Visitor
		want map[string]int
	}{
		{lead, map[string]int{"/policies": 200, "/policies/new": 200, at: 200, at + "/people": 200, at + "/edit": 200, v: 200}},
		{rita, map[string]int{"/policies": 200, "/policies/new": 403, at: 200, at + "/people": 200, at + "/edit": 403, v: 200}},
		{con, map[string]int{"/policies": 200, at: 200, at + "/people": 403, at + "/edit": 403, v: 200}},
		{boss, map[string]int{"/policies": 200, at: 200, at + "/people": 403, at + "/edit": 403}},
		{admin, map[string]int{"/policies": 200, at: 200, at + "/people": 403}},
		{auditor, map[string]int{"/policies": 200, at: 200, at + "/people": 200, "/policies/new": 403}},
		{customer, map[string]int{"/policies": 403, at: 403, v: 403}},
	} {
		for p, want := range x.want {
			body := w.page(x.as, p, want)
			if x.as.Name != "lead" && x.as.Name != "rita" && x.as.Name != "auditor" && strings.Contains(body, "rita@example.com") {
				t.Errorf("GET %s as %s names who is in service", p, x.as.Name)
			}
		}
	}
	weak := boss
	weak.Strong = false
	for _, x := range []struct {
		as     access.Visitor
		path   string
		status int
	}{
		{con, v + "/approve", 403}, {rita, v + "/approve", 403}, {auditor, v + "/approve", 403}, {admin, v + "/approve", 403}, {weak, v + "/approve", 303}, {con, v + "/withdraw", 403},
		{auditor, at + "/acknowledge", 403}, {customer, at + "/acknowledge", 403}, {con, "/policies/preview", 403}, {con, "/policies/new", 403}, {con, at + "/edit", 403},
		{lead, at + "/versions/none/approve", 404}, {lead, policyPath("none") + "/acknowledge", 404}, {lead, policyPath("none") + "/edit", 404},
	} {
		rec := w.post(x.as, x.path, x.status, "drawn", "1", "version", "1.0", "title", "t", "text", "t")
		if x.status == 303 && !strings.HasPrefix(rec.Header().Get("Location"), "/again") {
			t.Errorf("POST %s without a fresh proof leads to %s", x.path, rec.Header().Get("Location"))
		}
	}
	preparer := person("dora", access.Lead) // the preparer has the role, and is still refused
	w.post(preparer, v+"/approve", 403, "drawn", "1")
	w.post(boss, v+"/approve", 422, "drawn", "7")
	w.post(boss, v+"/approve", 303, "drawn", "1")
	if x, _, err := w.pages.o.Policies.Policy(t.Context(), w.org, "code-of-conduct"); err != nil || x.Version != "2.0" || x.ApprovedBy != "boss@example.com" {
		t.Errorf("Policy = %+v, %v, want 2.0 approved by the executive", x, err)
	}
	w.post(rita, at+"/acknowledge", 422, "version", "1.0") // they read the text that is no more
	w.post(rita, at+"/acknowledge", 303, "version", "2.0")
	if body := w.page(lead, "/policies", 200); !strings.Contains(body, "1 of 3 in service") {
		t.Error("GET /policies does not say that 1 of 3 in service accepted it")
	}
	if body := w.page(con, "/policies", 200); !strings.Contains(body, "not yet by you") {
		t.Error("GET /policies does not tell who has not accepted it")
	}
}

// TestPolicyEditor: a text is proposed in the browser's form, edited from two sides, and shown with what it changes.
func TestPolicyEditor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if body := w.page(lead, "/policies", 200); !strings.Contains(body, "No policy is here.") {
		t.Error("GET /policies has no empty state")
	}
	w.post(lead, "/policies/new", 422, "policy_id", "A B", "title", "", "version", "1", "text", "")
	w.post(lead, "/policies/new", 303, "policy_id", "retention", "title", "Retention", "version", "1", "text", "keep\nold\nend")
	at := policyPath("retention")
	x := waiting(mustProposals(t, w), "retention")
	form := []string{"title", "Retention", "version", "1", "proposal", x.ID, "drawn", "1"}
	w.post(lead, at+"/edit", 303, append(form, "text", "keep\nnew\nend")...)
	rec := w.post(person("ada", access.Adviser), at+"/edit", 422, append(form, "text", "keep\nmine\nend")...)
	for _, want := range []string{"somebody else wrote version 2", "</span><bdi>new</bdi></del>", "</span><bdi>mine</bdi></ins>", `name="drawn" value="2"`} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("a stale edit lacks %q", want)
		}
	}
	w.post(boss, at+"/versions/"+x.ID+"/approve", 303, "drawn", "2")
	w.post(lead, at+"/edit", 422, "title", "Retention", "version", "1", "text", "another")
	w.post(lead, at+"/edit", 303, "title", "Retention", "version", "2", "text", "keep\nnewer\nend")
	y := waiting(mustProposals(t, w), "retention")
	body := w.page(lead, versionPath(*y), 200)
	if !strings.Contains(body, "</span><bdi>new</bdi></del>") || !strings.Contains(body, "</span><bdi>newer</bdi></ins>") {
		t.Error("the proposal does not show what it changes")
	}
	w.post(lead, versionPath(*y)+"/withdraw", 303, "drawn", "1")
	if waiting(mustProposals(t, w), "retention") != nil {
		t.Error("a proposal that was taken back still waits")
	}
}

func mustProposals(t *testing.T, w *world) []operate.Proposal {
	t.Helper()
	list, err := w.pages.o.Policies.Proposals(t.Context(), w.org)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestHostilePolicy: neither HTML nor an address that runs a script comes out of a text, in its page, its preview and its comparison.
func TestHostilePolicy(t *testing.T) {
	t.Parallel()
	w := setup(t)
	text := "# " + hostile + "\n\n<img src=x onerror=alert(1)>\n\n[click](javascript:alert(1)) ![x](https://evil.example/p.png)\n\n`" + "<script>" + "`\n\n| <script>alert(1)</script> | b |\n|---|---|\n| " + hostile + " | [y](data:text/html,x) |\n\n```\n</pre><script>alert(1)</script>\n```\n"
	key, err := w.pages.o.Policies.Propose(t.Context(), w.actor("dora@example.com"), operate.PolicyDraft{Policy: "x", Title: hostile, Version: hostile, Text: text, Note: hostile, Material: true})
	if err == nil {
		err = w.pages.o.Policies.Decide(t.Context(), w.actor("lead@example.com"), key, 1, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.post(rita, "/policies/x/acknowledge", 303, "version", hostile)
	bodies := map[string]string{"preview": w.ask(lead, http.MethodPost, "/policies/preview", url.Values{"text": {text}}).Body.String()}
	for _, p := range []string{"/policies", "/policies/x", "/policies/x/people", "/policies/x/edit", "/policies/x/versions/" + key} {
		bodies[p] = w.page(lead, p, 200)
	}
	for p, body := range bodies {
		for _, bad := range []string{"<script>alert", "<img", "onerror=alert(1)>\n", `href="javascript:`, `href="data:`, "</pre><script"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", p, bad)
			}
		}
	}
	if !strings.Contains(bodies["preview"], "click") {
		t.Errorf("the preview shows no text: %s", bodies["preview"])
	}
	w.post(lead, "/policies/preview", 400, "text", strings.Repeat("x", 1<<20+1))
	other := setup(t)
	for _, p := range []string{"/policies/x", "/policies/x/people", "/policies/x/edit", "/policies/x/versions/" + key} {
		other.page(lead, p, 404)
	}
	other.post(rita, "/policies/x/acknowledge", 404, "version", hostile)
	other.post(boss, "/policies/x/versions/"+key+"/approve", 404, "drawn", "1")
}

// FuzzDiffer: what stayed and went is the text before, what stayed and came is the text after.
func FuzzDiffer(f *testing.F) {
	for _, s := range [][2]string{{"", ""}, {"a", ""}, {"a\nb\nc", "a\nc"}, {"a\nb", "b\na"}, {"x\n\n\ny", "x\ny\n"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if len(before)+len(after) > 10_000 {
			return
		}
		var a, b []string
		for _, c := range differ(before, after) {
			if c.How != "+" {
				a = append(a, c.Text)
			}
			if c.How != "-" {
				b = append(b, c.Text)
			}
		}
		if got, want := strings.Join(a, "\n"), strings.Join(lines(before), "\n"); got != want {
			t.Errorf("differ(%q, %q): before = %q, want %q", before, after, got, want)
		}
		if got, want := strings.Join(b, "\n"), strings.Join(lines(after), "\n"); got != want {
			t.Errorf("differ(%q, %q): after = %q, want %q", before, after, got, want)
		}
	})
}
