package examination

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
)

// refusals counts what a house keeps of attempts that it refused.
func (w *world) refusals(h *house, id string) int {
	n := 0
	w.see(h, id, func(e *engage.Engagement) { n = len(e.Refused) })
	return n
}

// everybody of a side, each in another role that there is there, and one in all of them.
func everybody(side engage.Side) []access.Visitor {
	var out []access.Visitor
	roles := slices.DeleteFunc(access.RolesIn(kindOf(side)), func(r access.Role) bool { return r == access.Customer })
	for _, role := range roles {
		out = append(out, visitor("x"+string(role), string(side), role))
	}
	all := visitor("all", string(side), access.Administrator)
	all.Roles = roles
	return append(out, all)
}

// TestRolesOfTheOtherSide: who holds a role here that there is only in the other kind of organization, by whatever way it was written down, is
// nobody: no page, no act, and an act of their own side neither. Beside a role that there is here it adds nothing to it.
func TestRolesOfTheOtherSide(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	for _, side := range []engage.Side{engage.Firm, engage.Client} {
		h := map[engage.Side]*house{engage.Firm: w.firm, engage.Client: w.client}[side]
		_, void := access.InForce(kindOf(side), access.Roles())
		before := w.refusals(h, id)
		for _, role := range void {
			as := visitor("y"+string(role), string(side), role)
			for _, path := range []string{"/engagements", "/engagements/new", base(id), base(id) + "/log", base(id) + "/papers", base(id) + "/requests"} {
				w.page(as, path, http.StatusNotFound)
			}
			w.post(as, "/engagements/new", http.StatusNotFound)
			for _, kind := range []string{"sign_partner", "withdraw", "answer", "sign_assertion"} {
				w.post(as, base(id)+"/acts/"+kind, http.StatusNotFound, "words", "x")
			}
		}
		if n := w.refusals(h, id) - before; n != 0 {
			t.Errorf("%s: %d attempts of nobody are on record", side, n)
		}
		both := visitor("zboth", string(side), access.Administrator)
		both.Roles = append(both.Roles, void...)
		w.page(both, base(id), http.StatusForbidden)
		w.post(both, "/engagements/new", http.StatusForbidden)
	}
	both := nora // a member of the firm and, in the firm, of the client's roles: she is no partner, and sees nothing of what she has no part in
	both.Roles = append(slices.Clone(both.Roles), access.Lead, access.Executive)
	w.page(both, base(id), http.StatusNotFound)
}

// TestWall posts every act of the one party as each role of the other one: all are refused with a page that says so, and each attempt
// stands in the log of the house in which it was made. Nothing else comes of it.
func TestWall(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	for _, k := range engage.Kinds() {
		h, others := w.client, everybody(engage.Client)
		if k.Side == engage.Client {
			h, others = w.firm, append(everybody(engage.Firm), pat, quinn, mia, sam)
		}
		if k.Name == "refused" || k.Name == "passed_over" {
			continue
		}
		for _, as := range others {
			before := w.refusals(h, id)
			text := plain(w.post(as, base(id)+"/acts/"+k.Name, http.StatusForbidden, "words", "x", "control", "CHG-01"))
			if !strings.Contains(text, "You may not do this") || !strings.Contains(text, "is for the "+string(k.Side)) {
				t.Errorf("%s by %s says %.200q", k.Name, as.Name, text)
			}
			if n := w.refusals(h, id) - before; n != 1 {
				t.Errorf("%s by %s: %d attempts are on record, want 1", k.Name, as.Name, n)
			}
		}
	}
	text := plain(w.page(lea, base(id)+"/log", http.StatusOK))
	if !strings.Contains(text, "was refused") {
		t.Error("the client's log does not show what was refused")
	}
}

// TestWallOfOwnSide posts the acts of the firm as people of the firm who have no part in the engagement, and as its administrator.
func TestWallOfOwnSide(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	for _, k := range engage.Kinds() {
		h, people := w.firm, []access.Visitor{nora, root}
		if k.Side == engage.Client {
			h, people = w.client, []access.Visitor{admin}
		}
		if k.Name == "refused" || k.Name == "passed_over" {
			people = nil
		}
		for _, as := range people {
			before := w.refusals(h, id)
			w.post(as, base(id)+"/acts/"+k.Name, http.StatusForbidden)
			if n := w.refusals(h, id) - before; n != 1 {
				t.Errorf("%s by %s: %d attempts are on record, want 1", k.Name, as.Name, n)
			}
		}
	}
	w.post(pat, base(id)+"/acts/refused", http.StatusNotFound)
	w.post(pat, base(id)+"/acts/invented", http.StatusNotFound)
	w.post(lea, "/engagements/new", http.StatusForbidden)
	w.post(sam, "/engagements/new", http.StatusForbidden)
	w.post(root, "/engagements/new", http.StatusForbidden)
}

// TestOtherWays: acts that come in by files and lists go through the same wall.
func TestOtherWays(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	for _, as := range []access.Visitor{lea, exa, admin} {
		before := w.refusals(w.client, id)
		w.upload(as, base(id)+"/package", http.StatusForbidden, "package")
		w.upload(as, base(id)+"/sheets/CHG-01/chg-01.changes", http.StatusForbidden, "sheet")
		w.post(as, base(id)+"/sheets/CHG-01/chg-01.changes/conflicts", http.StatusForbidden, "take", "0")
		w.post(as, base(id)+"/requests/list", http.StatusForbidden, "ask", "0")
		if n := w.refusals(w.client, id) - before; n != 4 {
			t.Errorf("%s: %d attempts are on record, want 4", as.Name, n)
		}
	}
	before := w.refusals(w.firm, id)
	w.upload(nora, base(id)+"/package", http.StatusForbidden, "package")
	w.upload(quinn, base(id)+"/sheets/CHG-01/chg-01.changes", http.StatusForbidden, "sheet")
	w.post(quinn, base(id)+"/requests/list", http.StatusForbidden, "ask", "0")
	if n := w.refusals(w.firm, id) - before; n != 3 {
		t.Errorf("%d attempts are on record at the firm, want 3", n)
	}
	w.upload(owen, "/engagements/messages", http.StatusForbidden, "x")
	w.upload(admin, "/engagements/messages", http.StatusForbidden, "x")
	w.upload(root, "/engagements/messages", http.StatusForbidden, "x")
}

// TestWhatDoesNotCross: before the firm releases it, the client has no page of a paper, a conclusion, a draft or a sample, and no word of any
// stands on the pages that it has.
func TestWhatDoesNotCross(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	keys := w.marks(id)
	w.act(mia, id, "note", "control", "CHG-01", "text", "SECRET NOTE")
	w.act(mia, id, "plan", "strategy", "SECRET STRATEGY", "ordinary", "7")
	b := base(id)
	for _, path := range []string{"/papers", "/papers/CHG-01", "/papers/CHG-01/chg-01.changes", "/papers/CHG-01/chg-01.changes/item?key=" + keys[0], "/sheets/CHG-01/chg-01.changes", "/conclusions", "/package", "/requests/list",
		"/samples/S-001", "/report/draft/pdf", "/report/draft/oscal-ssp", "/report/0/pdf", "/compare?from=now", "/compare?to=now", "/compare?from=draft-1&to=now", "/compare?from=draft-1", "/compare?to=report-0", "/acts/tick", "/acts/draw", "/acts/sign_partner", "/acts/release_draft"} {
		w.page(lea, b+path, http.StatusNotFound)
		w.page(exa, b+path, http.StatusNotFound)
	}
	for _, path := range []string{"", "/requests", "/populations", "/deviations", "/report", "/compare", "/log", "/requests/R-001"} {
		text := w.page(lea, b+path, http.StatusOK)
		for _, bad := range append([]string{"SECRET", "S-001", "approved by its author"}, keys...) {
			if strings.Contains(text, bad) {
				t.Errorf("the client's page %s shows %q, which was not released", path, bad)
			}
		}
	}
	for _, path := range []string{"", "/requests", "/papers", "/papers/CHG-01", "/report", "/compare", "/log", "/report/draft/pdf", "/acts/tick", "/messages", "/conclusions"} {
		w.page(nora, b+path, http.StatusNotFound)
	}
	if text := plain(w.page(nora, "/engagements", http.StatusOK)); strings.Contains(text, "Example, Inc.") {
		t.Error("somebody who is no member sees the engagement in the list")
	}
	w.act(sam, id, "release_sample", "sample", "S-001")
	if text := plain(w.page(lea, b+"/samples/S-001", http.StatusOK)); !strings.Contains(text, keys[0]) || !strings.Contains(text, "Seed, opened") || strings.Contains(text, "marked items") {
		t.Errorf("the released sample = %.600q, want its items and the seed, and no result", text)
	}
}

// TestProof: an act that asks for a proof of who it is leads to it before anything is written, and again when it is posted.
func TestProof(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.opened("Example, Inc.")
	w.act(pat, id, "join", "email", pat.Email, "name", "Pat", "part", "partner")
	weak := pat
	weak.Strong = false
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		rec := w.firm.ask(weak, method, base(id)+"/acts/withdraw", map[string][]string{"words": {"x"}})
		if rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/again?") {
			t.Errorf("%s withdraw without a proof = %d to %q, want 303 to /again", method, rec.Code, rec.Header().Get("Location"))
		}
	}
	if w.refusals(w.firm, id) != 0 {
		t.Error("asking for a proof is on record as an attempt")
	}
	w.page(pat, base(id)+"/acts/withdraw", http.StatusOK)
}

// TestComparedWall: management compares the drafts that were released to it and the reports that were issued, and no word of any other state
// of the report stands on its page; to whoever is no member of the firm's team there is no comparison at all.
func TestComparedWall(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id, _ := w.reviewed("Example, Inc.")
	b := base(id)
	held := func(as access.Visitor, path string, has, lacks []string) {
		t.Helper()
		text := plain(w.page(as, b+path, http.StatusOK))
		for _, s := range has {
			if !strings.Contains(text, s) {
				t.Errorf("%s shows %s %.900q, want %q in it", path, as.Name, text, s)
			}
		}
		for _, s := range lacks {
			if strings.Contains(text, s) {
				t.Errorf("%s shows %s %q", path, as.Name, s)
			}
		}
	}
	absent := func(as access.Visitor, paths ...string) {
		t.Helper()
		for _, path := range paths {
			w.page(as, b+path, http.StatusNotFound)
		}
	}
	held(pat, "/compare", []string{"no two states", "Go to the report"}, nil)
	absent(exa, "/compare?from=draft-1", "/compare?to=now", "/report/draft/oscal-ssp")
	w.act(pat, id, "release_draft")
	held(exa, "/compare", []string{"no two states"}, []string{"As it stands now", "text of"})
	held(pat, "/compare", []string{"As it stands now", "Draft 1", "text of draft-1", "text of now"}, nil)
	absent(exa, "/compare?from=draft-1&to=now", "/compare?from=now&to=draft-1", "/compare?from=draft-1&to=draft-2", "/compare?from=draft-1&to=report-0", "/compare?from=draft-01", "/compare?from=draft-0")
	absent(pat, "/compare?from=draft-1&to=draft-2", "/compare?from=report-0", "/compare?from=draft-1&to=now&section=none", "/compare?page=x")
	absent(nora, "/compare", "/compare?from=draft-1&to=now")

	w.act(pat, id, "release_draft")
	held(exa, "/compare", []string{"Draft 2", "text of draft-1", "text of draft-2"}, []string{"As it stands now", "text of now"})
	absent(exa, "/compare?from=draft-1&to=now", "/compare?from=now")
	held(exa, "/report", []string{"What changed since draft 1", "System security plan (OSCAL)"}, []string{"What changed since draft 2", "Assessment plan (OSCAL)"})
	w.page(exa, b+"/report/draft/oscal-ssp", http.StatusOK)
	held(pat, "/compare?from=draft-2&to=now&section=opinion", []string{"text of now", "All sections"}, nil)
}
