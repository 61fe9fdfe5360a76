package examination

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
)

// opened opens an engagement through its form, and gives its identifier.
func (w *world) opened(client string) string {
	w.t.Helper()
	kind := w.kind
	if kind == nil {
		kind = []string{"report", "soc2-type2", "from", "2025-07-01", "to", "2026-06-30"}
	}
	to := w.post(pat, "/engagements/new", http.StatusSeeOther, append([]string{"client", client, "org", string(clientOrg), "key", w.client.books.key, "system", "Payments", "zone", "America/New_York",
		"categories", "security, availability", "licence", "NY 12345", "city", "Albany", "region", "New York"}, kind...)...)
	return strings.TrimPrefix(to, "/o/example/engagements/")
}

// accepted goes on until the engagement is accepted.
func (w *world) accepted(client string) string {
	w.t.Helper()
	id := w.opened(client)
	for _, x := range []struct {
		who  access.Visitor
		part string
	}{{pat, "partner"}, {quinn, "quality"}, {mia, "manager"}, {sam, "staff"}} {
		w.act(pat, id, "join", "email", x.who.Email, "name", x.who.Name, "part", x.part)
		w.act(x.who, id, "confirm_independence", "statement", "I am independent.")
	}
	w.act(pat, id, "check_conflicts", "words", "No other service.", "clear", "yes")
	w.act(pat, id, "offer_letter", "text", "We will examine the system of the client.")
	hash := engage.TextHash("We will examine the system of the client.")
	w.act(exa, id, "agree", "name", "Exa", "title", "CEO", "compared", "yes", "letter", hash)
	w.act(pat, id, "accept", "words", "")
	return id
}

func (w *world) upload(as access.Visitor, path string, status int, content string, fields ...string) string {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := m.WriteField(fields[i], fields[i+1]); err != nil {
			w.t.Fatal(err)
		}
	}
	if content != "" {
		f, err := m.CreateFormFile("file", "file.bin")
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://assay.example"+path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	rec := w.of(as).serve(as, r)
	if rec.Code != status {
		w.t.Fatalf("POST %s as %s = %d, want %d\n%.1200s", path, as.Name, rec.Code, status, plain(rec.Body.String()))
	}
	return rec.Body.String()
}

// fieldwork goes on until items are marked: of CHG-01 a sample was drawn, in which one item deviates.
func (w *world) fieldwork(client string) string {
	w.t.Helper()
	id := w.accepted(client)
	w.upload(sam, base(id)+"/package", http.StatusSeeOther, "package")
	w.act(mia, id, "plan", "strategy", "Whole populations by rule, run again.", "ordinary", "10", "tolerable-CHG-01", "5", "risk-IAM-01", "yes")
	w.act(mia, id, "begin_fieldwork", "words", "")
	w.act(sam, id, "ask", "control", "CHG-01", "wants", "evidence", "what", "The approvals of the sampled changes, as the tool keeps them.", "due", "2026-07-20")
	w.evidence = []engage.Evidence{{SHA256: engage.TextHash("old"), Name: "approvals.csv", Record: "evidence/ev1@1", Received: "2026-03-05T10:00:00Z", Event: "2026-03-04T09:00:00Z"},
		{SHA256: engage.TextHash("new"), Name: "screenshot.png", Record: "evidence/ev2@1", Received: "2026-07-20T10:00:00Z"}}
	w.act(lea, id, "answer", "request", "R-001", "text", "Here they are.", "evidence", evidenceID(w.evidence[0]), "evidence", evidenceID(w.evidence[1]))
	w.act(sam, id, "say", "request", "R-001", "text", "The screenshot is younger than the question.")
	for _, c := range w.controls {
		w.act(sam, id, "assess", "control", c.ID, "design", "effective", "words", "It meets the criterion.", "walkthrough", "Followed one change.", "implemented", "yes")
		w.act(sam, id, "procedures", "control", c.ID, "test", c.Tests[0].ID, "extent", map[bool]string{true: "sample", false: "whole"}[c.ID == "CHG-01"], "kind-1", "inquiry", "text-1", "Asked the owner.", "kind-2", "reperformance", "text-2", "Ran the rule again.")
		w.act(sam, id, "check_population", "control", c.ID, "test", c.Tests[0].ID, "check", "C2", "source", "audit log", "count", "60", "words", "Both count 60.", "passed", "yes")
		w.act(sam, id, "check_population", "control", c.ID, "test", c.Tests[0].ID, "check", "A1", "words", "Vouched five.", "passed", "yes")
	}
	w.act(sam, id, "commit_seed", "control", "CHG-01", "test", "chg-01.changes")
	w.act(lea, id, "freeze", "control", "CHG-01", "test", "chg-01.changes")
	w.act(sam, id, "draw", "control", "CHG-01", "test", "chg-01.changes", "purpose", "operation", "method", "random", "size", "10", "basis", "low risk")
	return id
}

// marks fills the form of the sample; the first item deviates in A.
func (w *world) marks(id string) []string {
	w.t.Helper()
	pairs := []string{"control", "CHG-01", "test", "chg-01.changes", "attribute", "A", "attribute", "B", "attribute", "C"}
	var keys []string
	w.see(w.firm, id, func(e *engage.Engagement) {
		for i, x := range e.Samples[0].Items {
			keys = append(keys, x.Key)
			a := "p"
			if i == 0 {
				a = "d"
				pairs = append(pairs, "why."+x.Key, "approved by its author")
			}
			pairs = append(pairs, "mark.0."+x.Key, a, "mark.1."+x.Key, "p", "mark.2."+x.Key, "n", "why."+x.Key, "no tests exist for it")
		}
	})
	w.act(sam, id, "tick", pairs...)
	return keys
}

func (w *world) see(h *house, id string, fn func(*engage.Engagement)) {
	w.t.Helper()
	if err := h.house.See(w.t.Context(), id, func(e *engage.Engagement) error { fn(e); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// reviewed goes on until the report is under review: the deviation goes its way, and all is concluded on.
func (w *world) reviewed(client string) (id string, keys []string) {
	w.t.Helper()
	id = w.fieldwork(client)
	keys = w.marks(id)
	w.act(sam, id, "raise", "control", "CHG-01", "test", "chg-01.changes", "items", keys[0], "attributes", "A", "what", "One change was approved by its author.")
	w.act(owen, id, "respond", "deviation", "D-001", "position", "agree", "text", "We agree.", "plan", "The tool refuses it from now on.")
	w.act(sam, id, "analyse", "deviation", "D-001", "cause", "human_error", "spread", "isolated", "cluster", "None by person or month.", "impact", "Nothing came of it.")
	w.act(mia, id, "resolve", "deviation", "D-001", "outcome", "deviation", "reason", "The record shows it.")
	w.act(sam, id, "release_sample", "sample", "S-001")
	for _, c := range w.controls {
		if c.ID != "CHG-01" {
			hash := ""
			w.see(w.firm, id, func(e *engage.Engagement) { hash = e.Packages[0].SHA256 })
			w.act(sam, id, "reperform", "control", c.ID, "test", c.Tests[0].ID, "with", "duckdb", "package", hash, "theirs", c.Tests[0].Digest, "ours", c.Tests[0].Digest)
		}
		w.act(sam, id, "prepare", "control", c.ID)
		w.act(mia, id, "review", "control", c.ID)
	}
	w.act(sam, id, "close", "request", "R-001", "text", "The first is enough.")
	w.act(mia, id, "wrap_up", "words", "")
	for _, c := range w.controls {
		w.relyOnAll(id, c.ID)
		op, tested, deviating := "effective", "1207", "0"
		if c.ID == "CHG-01" {
			op, tested, deviating = "not_effective", "10", "1"
		}
		w.act(mia, id, "conclude_control", "control", c.ID, "design", "effective", "operation", op, "tested", tested, "deviating", deviating, "reason", "As the paper says.")
	}
	w.act(mia, id, "disclose", "control", "CHG-01", "test", "chg-01.changes", "text", "One of ten changes was approved by its author.", "deviating", "1", "tested", "10", "cause", "human_error", "spread", "isolated")
	for _, el := range []string{"description", "design", "operation"} {
		pairs := []string{"element", el, "conclusion", "unqualified"}
		w.see(w.firm, id, func(e *engage.Engagement) {
			for _, p := range e.Proposals() {
				if string(p.Element) == el {
					pairs = []string{"element", el, "conclusion", string(p.Opinion), "basis", strings.Join(p.Reasons, "\n")}
				}
			}
		})
		if el == "description" {
			w.act(mia, id, "conclude_matter", "matter", "DC 5", "element", el, "conclusion", "achieved", "reasons", "Read against the criteria.")
		}
		if el == "operation" { // the other control carries the criterion
			w.act(mia, id, "conclude_matter", "matter", "CC8.1", "element", el, "conclusion", "achieved", "reasons", "CHG-02 carries it.")
			pairs = []string{"element", el, "conclusion", "unqualified"}
		}
		w.act(pat, id, "conclude_element", pairs...)
	}
	w.act(pat, id, "begin_review", "words", "")
	return id, keys
}

// reviewsAgain follows what the pages say is next for a revised report, until it is to be issued.
func (w *world) reviewsAgain(id string) {
	w.t.Helper()
	says := func(want string) {
		w.t.Helper()
		text := plain(w.page(pat, base(id), http.StatusOK))
		if !strings.Contains(text, want) || strings.Contains(text, "Change the terms") {
			w.t.Errorf("reopened work in review: the page does not say %q, or offers other terms: %.600s", want, text)
		}
	}
	says("Release a draft to management.")
	w.act(pat, id, "release_draft")
	says("The partner and the quality reviewer read and sign.")
	w.act(pat, id, "sign_partner", "fingerprint", fingerprint, "read", "yes")
	w.act(quinn, id, "sign_quality", "fingerprint", fingerprint, "read", "yes")
	w.act(exa, id, "represent", "sum", engage.TextHash("We represent that we have told you all."), "answer", "sign", "name", "Exa", "title", "CEO", "dated", "2026-07-06")
	says("Issue the revised report.")
}

// relyOnAll answers the doubts of a control: no population covers what was not sampled.
func (w *world) relyOnAll(id, control string) {
	w.t.Helper()
	var doubts []string
	w.see(w.firm, id, func(e *engage.Engagement) {
		for _, d := range e.Doubts(control) {
			doubts = append(doubts, d.ID)
		}
	})
	for _, d := range doubts {
		w.act(mia, id, "rely", "control", control, "doubt", d, "reason", "Other evidence covers it.")
	}
}

// TestWholeEngagement takes one from its opening to its issue and withdrawal through the forms alone, and looks at each page on both sides.
func TestWholeEngagement(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id, _ := w.reviewed("Example, Inc.")
	w.act(mia, id, "release_draft")
	w.act(exa, id, "assert", "sum", engage.TextHash("We assert that the controls operated effectively."), "name", "Exa", "title", "CEO", "on", "2026-07-06")
	w.act(exa, id, "represent", "sum", engage.TextHash("We represent that we have told you all."), "answer", "sign", "name", "Exa", "title", "CEO", "dated", "2026-07-06")
	w.act(pat, id, "sign_partner", "fingerprint", fingerprint, "read", "yes")
	w.act(quinn, id, "sign_quality", "fingerprint", fingerprint, "read", "yes")
	w.page(pat, base(id)+"/acts/issue", http.StatusOK)
	w.act(pat, id, "issue", "date", "2026-07-06")
	for _, as := range []access.Visitor{pat, exa} {
		text := plain(w.page(as, base(id)+"/report", http.StatusOK))
		for _, want := range []string{"SOC 2 Type 2", "issued on", "signed on"} {
			if !strings.Contains(text, want) {
				t.Errorf("the report page of %s does not say %q: %.600s", as.Name, want, text)
			}
		}
	}
	if rec := w.client.ask(exa, http.MethodGet, base(id)+"/report/0/pdf", nil); rec.Code != http.StatusOK || rec.Body.String() != "a report" || !strings.Contains(rec.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the client's download of the report = %d %s", rec.Code, rec.Header())
	}
	w.act(pat, id, "discover", "fact", "A grant was back-dated.", "effect", "revise", "reason", "It changes the opinion.")
	w.act(pat, id, "reopen", "words", "The grants are looked at again.")
	text := plain(w.page(pat, base(id)+"/report", http.StatusOK))
	for want, is := range map[string]bool{"Let the report stand": true, "issued on": true, "Issue the report": false, "Reopen the work": false} {
		if strings.Contains(text, want) != is {
			t.Errorf("the report page of reopened work says %q: %t, want %t", want, !is, is)
		}
	}
	w.act(pat, id, "begin_review", "words", "")
	w.reviewsAgain(id)
	w.act(pat, id, "let_stand", "words", "The others were in order.")
	w.act(pat, id, "withdraw", "words", "The firm withdraws its report.")
	if text := plain(w.page(exa, "/engagements", http.StatusOK)); !strings.Contains(text, "Withdrawn") {
		t.Errorf("the client's list says %q, want that the firm has withdrawn", text)
	}
}
