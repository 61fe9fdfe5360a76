package examination

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// TestPages draws every page of both sides, in English and in German, for an engagement whose names and texts are hostile; nothing of them
// is read as markup.
func TestPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i := range w.controls {
		w.controls[i].Title, w.controls[i].Statement = hostile, hostile
		w.controls[i].Tests[0].Sentence = hostile
	}
	id, keys := w.reviewed(hostile)
	w.act(pat, id, "back_to_work", "words", hostile)
	w.act(sam, id, "ask", "what", hostile, "wants", "inquiry", "due", "2026-08-01", "control", hostile)
	w.act(lea, id, "answer", "request", "R-002", "text", hostile)
	w.act(mia, id, "note", "control", "CHG-01", "text", hostile)
	w.act(pat, id, "emphasize", "words", hostile)
	w.act(mia, id, "release_draft")
	pages := pagesOf(id)
	b := base(id)
	for _, more := range []struct {
		as    access.Visitor
		paths []string
	}{
		{sam, []string{b + "/papers/CHG-01/chg-01.changes?verdict=all&item=" + keys[0], b + "/papers/CHG-01/chg-01.changes/item?key=" + keys[0], b + "/papers/CHG-02/chg-02.tests", b + "/requests/R-002", b + "/requests/list", b + "/package"}},
		{lea, []string{b + "/requests/R-002?q=" + url.QueryEscape(hostile)}},
	} {
		for _, path := range more.paths {
			pages = append(pages, looked{path, more.as, path})
		}
	}
	for _, x := range deeds { // each form, as whoever may do the act now
		as := access.Visitor{}
		for _, who := range []access.Visitor{pat, mia, sam, quinn, exa, lea} {
			h := w.of(who)
			if h.side != sideOf(x.kind) {
				continue
			}
			w.see(h, id, func(e *engage.Engagement) {
				if e.May(h.side, engage.Who{Email: who.Email, Roles: who.Roles, Strong: true}, x.kind) == nil {
					as = who
				}
			})
		}
		if as.Email == "" {
			continue
		}
		q := url.Values{"control": {"CHG-01"}, "test": {"chg-01.changes"}, "deviation": {"D-001"}, "request": {"R-002"}, "sample": {"S-001"}, "element": {"design"}, "matter": {"CC8.1"}, "key": {keys[0]}}
		pages = append(pages, struct {
			name string
			as   access.Visitor
			path string
		}{x.kind, as, b + "/acts/" + x.kind + "?" + q.Encode()})
	}
	for _, p := range pages {
		for _, lang := range phrase.Languages() {
			text := w.inLanguage(p.as, p.path, lang)
			if strings.Contains(text, "<script>alert") || strings.Contains(text, "%!") || !strings.Contains(text, "<h") {
				t.Errorf("%s as %s in %s: markup out of a text, or a sentence that lacks a part", p.path, p.as.Name, lang)
			}
			if m := regexp.MustCompile(`(?s) style=|<script[^>]*>[^<]`).FindString(text); m != "" {
				t.Errorf("%s as %s: %q, which the policy of the page forbids", p.path, p.as.Name, m)
			}
		}
	}
	if text := w.page(pat, base(w.opened(hostile)), http.StatusOK); !strings.Contains(text, html.EscapeString("<script>alert(1)</script>")) {
		t.Error("the overview does not say the client's name")
	}
}

func (w *world) inLanguage(as access.Visitor, path string, lang phrase.Lang) string {
	w.t.Helper()
	h := w.of(as)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://assay.example"+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	rec := h.serve(as, r)
	ctx := shell.With(access.With(r.Context(), as), shell.Chrome{Base: "/o/example", Organization: "Example", Zone: w.zone, Path: r.URL.Path, Lang: lang})
	again := h.serveIn(ctx, r)
	if rec.Code != http.StatusOK || again.Code != http.StatusOK {
		w.t.Fatalf("GET %s as %s = %d and %d in %s\n%.600s", path, as.Name, rec.Code, again.Code, lang, plain(again.Body.String()))
	}
	return again.Body.String()
}

// TestFormsKeepWhatWasTyped: a refusal stands at its field, and nothing has to be typed again.
func TestFormsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.firm.mustSay(w.post(pat, "/engagements/new", http.StatusUnprocessableEntity, "client", "", "system", "My system", "report", "soc2-type2", "from", "yesterday", "zone", "Mars/Olympus"), `value="My system"`, "yesterday", "is no date", `id="f-from-error"`)
	id := w.fieldwork("Example, Inc.")
	for _, c := range []struct {
		as    access.Visitor
		kind  string
		pairs []string
		want  []string
	}{
		{sam, "ask", []string{"wants", "evidence", "what", "The approvals"}, []string{"The approvals", `id="f-due-error"`, "no day is given"}},
		{sam, "procedures", []string{"control", "CHG-02", "test", "chg-02.tests", "extent", "whole", "kind-1", "inquiry", "text-1", "Asked the owner alone."}, []string{"Asked the owner alone.", "inquiry alone proves no operation"}},
		{sam, "procedures", []string{"control", "CHG-02", "test", "chg-02.tests", "extent", "whole", "kind-1", "inspection"}, []string{`id="f-text-1-error"`, "nothing says what is done"}},
		{sam, "check_population", []string{"control", "CHG-01", "test", "chg-01.changes", "check", "C2", "source", "audit log", "count", "59", "words", "One is missing.", "passed", "yes"}, []string{"One is missing.", "the second source counts 59, the population 60"}},
		{sam, "tick", []string{"control", "CHG-01", "test", "chg-01.changes", "attribute", "A", "verdict", "all", "mark.0.deploy-1001", "d", "mark.1.deploy-1001", "p", "mark.2.deploy-1002", "u", "why.deploy-1002", "cannot be found yet"},
			[]string{"nothing says why it is deviation", `name="mark.0.deploy-1001" value="d"`, `name="why.deploy-1002" value="cannot be found yet"`}},
		{sam, "draw", []string{"control", "CHG-01", "test", "chg-01.changes", "method", "judgemental", "purpose", "operation", "basis", "risk", "picks", "deploy-1001"}, []string{"nothing says why it was picked", `id="f-picks-error"`, "deploy-1001"}},
		{sam, "raise", []string{"control", "CHG-01", "test", "chg-01.changes", "items", "deploy-1001", "what", ""}, []string{"deploy-1001", `id="f-what-error"`}},
		{mia, "conclude_control", []string{"control", "CHG-01", "design", "effective", "operation", "effective", "tested", "ten", "deviating", "0", "reason", "Because."}, []string{`id="f-tested-error"`, "is no whole number", "Because."}},
		{lea, "answer", []string{"request", "R-001", "text", "See there.", "evidence", "made-up"}, []string{"See there.", "is not in the ledger"}},
	} {
		w.firm.mustSay(w.post(c.as, base(id)+"/acts/"+c.kind, http.StatusUnprocessableEntity, c.pairs...), c.want...)
	}
	w.ties["friend@firm.example"] = []string{"advised the client until 2025"}
	if text := plain(w.post(pat, base(id)+"/acts/join", http.StatusForbidden, "email", "friend@firm.example", "name", "Friend", "part", "staff")); !strings.Contains(text, "advised the client until 2025") {
		t.Errorf("joining somebody with ties says %q", text)
	}
	w.firm.mustSay(w.upload(sam, base(id)+"/package", http.StatusUnprocessableEntity, "no such thing"), "does not verify")
	w.firm.mustSay(w.upload(sam, base(id)+"/package", http.StatusUnprocessableEntity, ""), "no file was chosen")
	w.firm.mustSay(w.upload(sam, base(id)+"/sheets/CHG-01/chg-01.changes", http.StatusUnprocessableEntity, "broken"), "row 7", "Nothing of the sheet was taken")
	w.firm.mustSay(w.upload(pat, "/engagements/messages", http.StatusUnprocessableEntity, "junk", "key", "kept+key"), "kept+key", "not a message of an engagement")
}

func (h *house) mustSay(page string, want ...string) {
	h.w.t.Helper()
	for _, x := range want {
		if !strings.Contains(page, x) {
			h.w.t.Errorf("the page does not say %q: %.900s", x, plain(page))
		}
	}
}

// TestMessagesAsFiles: between two installations an engagement goes by files alone, under the key that somebody compared.
func TestMessagesAsFiles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.opened("Example, Inc.") // the first message crosses here at once
	other := setup(t)
	bag := w.firm.ask(pat, http.MethodGet, base(id)+"/messages", nil)
	if bag.Code != http.StatusOK {
		t.Fatal(bag.Code)
	}
	other.client.mustSay(other.upload(lea, "/engagements/messages", http.StatusUnprocessableEntity, bag.Body.String()), "nobody has compared the key")
	other.upload(lea, "/engagements/messages", http.StatusSeeOther, bag.Body.String(), "key", w.firm.books.key)
	if text := plain(other.page(lea, "/engagements", http.StatusOK)); !strings.Contains(text, "Harbor & Pine CPAs") && !strings.Contains(text, "Harbor &amp; Pine CPAs") {
		t.Errorf("the client's list = %.300q, want the firm", text)
	}
}

// TestMarks: what is marked is an act, what stands already is none, and a program is answered as one.
func TestMarks(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	keys := w.marks(id)
	path := base(id) + "/acts/tick"
	again := url.Values{"control": {"CHG-01"}, "test": {"chg-01.changes"}, "attribute": {"A", "B", "C"}, "mark.0." + keys[0]: {"d"}, "why." + keys[0]: {"approved by its author; no tests exist for it"}}
	rec := w.firm.ask(sam, http.MethodPost, path, again, "Accept", "application/json")
	if rec.Code != http.StatusBadRequest && rec.Code != http.StatusOK {
		t.Errorf("the same mark again = %d %s", rec.Code, rec.Body)
	}
	again.Set("mark.0."+keys[0], "P")
	if rec = w.firm.ask(sam, http.MethodPost, path, again, "Accept", "application/json"); rec.Code != http.StatusOK {
		t.Errorf("another mark = %d %s, want 200", rec.Code, rec.Body)
	}
	for field, v := range map[string]string{"mark.7." + keys[0]: "p", "mark.x": "p", "mark.0." + keys[1]: "z"} {
		bad := url.Values{"control": {"CHG-01"}, "test": {"chg-01.changes"}, "attribute": {"A", "B", "C"}, field: {v}}
		if rec = w.firm.ask(sam, http.MethodPost, path, bad, "Accept", "application/json"); rec.Code != http.StatusBadRequest {
			t.Errorf("%s=%s = %d, want 400", field, v, rec.Code)
		}
	}
	w.see(w.firm, id, func(e *engage.Engagement) {
		if m := e.Papers["CHG-01"].Tests["chg-01.changes"].Marks[keys[0]]["A"]; m.Result != "pass" || m.By != sam.Email {
			t.Errorf("the mark = %+v, want a pass by sam", m)
		}
	})
	if text := w.page(sam, base(id)+"/papers/CHG-01/chg-01.changes", http.StatusOK); !strings.Contains(text, "Round half to even") || strings.Count(text, "<tr data-key=") != 10 {
		t.Error("the work paper does not show the sample's ten items, and the records of the first")
	}
}

// TestTypeOne: of a Type 1 nothing on operation is asked or shown.
func TestTypeOne(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.kind = []string{"report", "soc2-type1", "as_of", "2026-06-30"}
	id := w.accepted("Example, Inc.")
	w.act(mia, id, "plan", "strategy", "Design.", "ordinary", "10")
	w.act(mia, id, "begin_fieldwork")
	w.act(sam, id, "assess", "control", "CHG-01", "design", "not_effective", "words", "Nobody need approve.", "walkthrough", "Followed one change.", "implemented", "yes")
	w.firm.mustSay(plain(w.page(pat, base(id)+"/conclusions", http.StatusOK)), "operation is not tested", "Not suitable Nobody need approve.", "as of 30 June 2026")
	page := w.page(mia, base(id)+"/acts/conclude_control?control=CHG-01", http.StatusOK)
	if strings.Contains(page, `name="operation"`) || !strings.Contains(page, "Nobody need approve.") {
		t.Error("the form of a Type 1 asks of operation, or does not show the paper")
	}
	w.page(sam, "/engagements/new", http.StatusForbidden)
}

// TestSheets: a workbook that comes back is an act, and where both sides answered, a person chooses.
func TestSheets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	at := base(id) + "/sheets/CHG-01/chg-01.changes"
	if rec := w.firm.ask(sam, http.MethodGet, at, nil); rec.Code != http.StatusOK || rec.Body.String() != "PK sheet of CHG-01 chg-01.changes" || !strings.Contains(rec.Header().Get("Content-Disposition"), ".xlsx") {
		t.Errorf("the sheet = %d %s %q", rec.Code, rec.Header(), rec.Body)
	}
	w.upload(sam, at, http.StatusSeeOther, "deploy-1001|A|pass|\ndeploy-1001|B|pass|")
	page := w.upload(sam, at, http.StatusOK, "deploy-1002|A|pass|\n!deploy-1001|A|deviation|its author approved it")
	w.firm.mustSay(page, "1 mark came in", "1 answer differs from what was marked here", "its author approved it", `name="result-0" value="deviation"`)
	result := func() (out string) {
		w.see(w.firm, id, func(e *engage.Engagement) {
			out = e.Papers["CHG-01"].Tests["chg-01.changes"].Marks["deploy-1001"]["A"].Result
		})
		return out
	}
	if got := result(); got != "pass" {
		t.Errorf("the mark in conflict = %s before anybody chose, want pass", got)
	}
	w.post(sam, at+"/conflicts", http.StatusSeeOther, "take", "0", "item-0", "deploy-1001", "attribute-0", "A", "result-0", "deviation", "note-0", "its author approved it")
	if got := result(); got != "deviation" {
		t.Errorf("the mark = %s after the sheet's was chosen, want deviation", got)
	}
}

// TestNoConfidenceBesideAWholePopulation: where every item was tested there is no sampling risk, and no level of confidence is printed; a
// judgemental selection says that nothing can be inferred from it.
func TestNoConfidenceBesideAWholePopulation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	w.marks(id)
	w.act(sam, id, "draw", "control", "CHG-01", "test", "chg-01.changes", "purpose", "undecided", "method", "judgemental", "basis", "all that is odd", "picks", "deploy-1001 looks odd")
	for path, want := range map[string]bool{"/papers/CHG-02": false, "/papers/CHG-02/chg-02.tests": false, "/conclusions": false, "/samples/S-001": true, "/samples/S-002": false} {
		text := plain(w.page(pat, base(id)+path, http.StatusOK))
		if got := strings.Contains(text, "confidence"); got != want {
			t.Errorf("%s speaks of confidence: %t, want %t", path, got, want)
		}
		if path == "/samples/S-002" && !strings.Contains(text, "cannot be projected") {
			t.Errorf("the judgemental sample does not say that it cannot be projected: %.300q", text)
		}
	}
}

// TestWhatTheFactsAskFor: before all is looked at they ask for nothing, and what the client's rule flags deviates until somebody decides otherwise.
func TestWhatTheFactsAskFor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	at := base(id) + "/conclusions"
	w.firm.mustSay(plain(w.page(pat, at, http.StatusOK)), "CHG-01 Changes are approved by somebody else 0 of 0 tolerable 5 % not all is looked at", "Changes are tested 3 of 1207")
	w.firm.mustSay(plain(w.page(sam, base(id)+"/papers/CHG-02", http.StatusOK)), "3 items that the rule flags are in no deviation")
	keys := w.marks(id)
	w.act(sam, id, "raise", "control", "CHG-01", "test", "chg-01.changes", "items", keys[0], "attributes", "A", "what", "One was approved by its author.")
	w.act(sam, id, "raise", "control", "CHG-02", "test", "chg-02.tests", "items", "deploy-1007", "attributes", "C", "what", "No test ran.")
	w.act(mia, id, "resolve", "deviation", "D-002", "outcome", "false_positive", "reason", "The test ran elsewhere.", "independent_proof", "The log of the runner.")
	w.firm.mustSay(plain(w.page(pat, at, http.StatusOK)), "somebody else 1 of 10", "Not effective 1 of 10 items deviate, above the tolerable", "Changes are tested 2 of 1207")
	w.firm.mustSay(plain(w.page(mia, base(id)+"/acts/conclude_control?control=CHG-02", http.StatusOK)), "2 of 1207 items deviate, within the tolerable")
}

// paper500 gives a test 500 sampled items of five attributes, all marked.
func paper500(tb testing.TB) (*world, string) {
	tb.Helper()
	w := setup(tb)
	test := &w.controls[0].Tests[0]
	test.Attributes = append(test.Attributes, Attribute{"D", "The change names its ticket."}, Attribute{"E", "It was deployed in the window."})
	w.items[test.ID] = nil
	for i := range 1200 {
		w.items[test.ID] = append(w.items[test.ID], ItemView{Key: fmt.Sprintf("deploy-%05d", i), Verdict: "pass", Event: "2026-03-04T10:00:00Z"})
	}
	id := w.accepted("Example, Inc.")
	w.act(mia, id, "plan", "strategy", "Samples.", "ordinary", "10")
	w.act(mia, id, "begin_fieldwork")
	w.act(sam, id, "commit_seed", "control", "CHG-01", "test", test.ID)
	w.act(lea, id, "freeze", "control", "CHG-01", "test", test.ID)
	w.act(sam, id, "draw", "control", "CHG-01", "test", test.ID, "purpose", "operation", "method", "random", "size", "500", "basis", "many")
	var ticks engage.Ticks
	w.see(w.firm, id, func(e *engage.Engagement) {
		ticks = engage.Ticks{Control: "CHG-01", Test: test.ID}
		for _, x := range e.Samples[0].Items {
			for _, a := range test.Attributes {
				ticks.Marks = append(ticks.Marks, engage.Tick{Item: x.Key, Attribute: a.ID, Mark: engage.Mark{Result: "not_applicable", Note: "of another kind"}})
			}
		}
	})
	if err := w.firm.house.Do(tb.Context(), engage.Who{Email: sam.Email, Roles: sam.Roles}, id, "tick", ticks); err != nil {
		tb.Fatal(err)
	}
	return w, base(id) + "/papers/CHG-01/" + test.ID
}

// TestPaperOf500: a work paper of 500 items is drawn whole; BenchmarkPaperOf500 says how long the server takes.
func TestPaperOf500(t *testing.T) {
	t.Parallel()
	w, path := paper500(t)
	rec := w.firm.ask(sam, http.MethodGet, path, nil)
	if n := strings.Count(rec.Body.String(), "<tr data-key="); rec.Code != http.StatusOK || n != 500 {
		t.Fatalf("the work paper = %d with %d items, want 500", rec.Code, n)
	}
}

func BenchmarkPaperOf500(b *testing.B) {
	w, path := paper500(b)
	for b.Loop() {
		if rec := w.firm.ask(sam, http.MethodGet, path, nil); rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

// TestEveryActHasAForm: an act without one could be done by nobody, and no act has two.
func TestEveryActHasAForm(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]bool{"open": true, "take_package": true, "keep_seed": true, "refused": true, "passed_over": true} // pages of their own, or part of another act
	seen := map[string]int{}
	for _, x := range deeds {
		seen[x.kind]++
		if x.title == "" || x.submit == "" || x.said == "" {
			t.Errorf("%s has no title, no button or no word after it", x.kind)
		}
	}
	for _, k := range engage.Kinds() {
		if want := map[bool]int{true: 0, false: 1}[elsewhere[k.Name]]; seen[k.Name] != want {
			t.Errorf("%s has %d forms, want %d", k.Name, seen[k.Name], want)
		}
		if word := wordIn(acts, k.Name); word == "" {
			t.Errorf("the log has no word for %s", k.Name)
		}
	}
}

func wordIn(list []choice, value string) string {
	for _, c := range list {
		if c[0] == value {
			return c[1]
		}
	}
	return ""
}
