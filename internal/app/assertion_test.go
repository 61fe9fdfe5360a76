package app

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
)

// described writes every part of the description, so that nothing of it holds the assertion back.
func described(t *testing.T, x *town, slug string, add string) {
	t.Helper()
	n, err := x.in.tenants.open(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	pages := &programPages{in: x.in, slug: slug, o: n.o, p: n.p, one: x.in.tenants.lock(n.o.org.ID)}
	f, rev, err := pages.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.System.Texts = maps.Clone(f.System.Texts)
	if f.System.Texts == nil {
		f.System.Texts = map[string]string{}
	}
	for _, dc := range []string{"dc1", "dc2", "dc3", "dc4", "dc5", "dc6", "dc7", "dc8", "dc9"} {
		f.System.Texts[dc] = "It is described here" + add + ".\n"
	}
	f.System.NotRelevant = map[string]string{"CC6.4": "The system runs in the data centres of others."}
	if err := pages.Apply(t.Context(), access.Visitor{Email: "lead@first.example"}, f, rev, nil); err != nil {
		t.Fatal(err)
	}
	answerAll(t, settle(t, x, slug).p)
	settle(t, x, slug)
}

// answerAll gives management's answer to every deviation that has none: a year in which nobody did anything has many.
func answerAll(t *testing.T, p *pages) {
	t.Helper()
	o := p.o
	d := &operate.Desk{Records: o.st, Books: o.st, Schemas: deskSchemas{o}, Clock: o.app.Clock, Random: o.app.Random}
	had, err := d.Answers(t.Context(), o.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	r := p.renew(t.Context())
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, c := range r.res.Controls {
		for _, f := range c.Findings {
			if _, ok := had[c.Test+"\n"+f.Key]; ok || f.Verdict != assure.Deviation {
				continue
			}
			err := d.Answer(t.Context(), operate.Actor{Org: o.org.ID, Zone: o.program.Zone, Email: "lead@first.example"}, operate.Answer{Control: c.Control, Test: c.Test, Item: f.Key,
				Position: "agreed", Cause: "human_error", Response: "Nobody had begun.", Extent: "isolated", ExtentReason: "All of the year."})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// settle waits until the results of an organization are those of its ledger.
func settle(t *testing.T, x *town, slug string) *tenant {
	t.Helper()
	n, err := x.in.tenants.open(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	if r := n.p.renew(t.Context()); r.err != nil {
		t.Fatal(r.err)
	}
	return n
}

func (x *town) post(b *http.Client, path string, form url.Values) (int, string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	res, err := b.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	text := readAll(x.t, res.Body)
	return res.StatusCode, text
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(text|draft)" value="([0-9a-f]{64})"`)

const assertionPath = "/o/first-works/documents/assertion"

// signing is what the form of the page holds, filled in.
func signing(t *testing.T, page, name string) url.Values {
	t.Helper()
	v := url.Values{"name": {name}, "title": {"Chief Executive Officer"}, "read": {"yes"}, "matters": {"Nothing was examined yet, and the populations are empty."}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		v.Set(m[1], m[2])
	}
	if v.Get("text") == "" || v.Get("draft") == "" {
		_, why, _ := strings.Cut(page, `id="sign"`)
		t.Fatalf("the page holds no form that can be signed:\n%s", why)
	}
	return v
}

// TestAssertion signs management's assertion as people do: nobody else can, a changed draft does not carry the signature, a later one ends
// it, and everything stays on record.
func TestAssertion(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	ann, bob := x.join("ann@first.example", "first-works", access.Executive), x.join("bob@first.example", "first-works", access.Executive)
	lead := x.join("lead@first.example", "first-works", access.Lead)
	get := func(b *http.Client, path string) string {
		t.Helper()
		status, _, body := x.ask(b, http.MethodGet, path)
		if status != http.StatusOK {
			t.Fatalf("GET %s: %d %.300s", path, status, body)
		}
		return body
	}
	settle(t, x, "first-works")
	if page := get(ann, assertionPath); !strings.Contains(page, "The description is incomplete") || hidden.MatchString(page) {
		t.Errorf("a draft whose description is not written can be signed, or the page does not say what holds it back:\n%s", page)
	}
	described(t, x, "first-works", "")
	page := get(ann, assertionPath)
	if !strings.Contains(page, "We assert that") || !strings.Contains(page, "1 July 2025 to 30 June 2026") {
		t.Fatalf("the page does not hold the assertion's text:\n%s", page)
	}
	form := signing(t, page, "ann")

	// Nobody else signs, whatever they send.
	for _, role := range access.Roles() {
		b := x.join("other-"+string(role)+"@first.example", "first-works", role)
		if role == access.Executive {
			continue
		}
		want := http.StatusForbidden
		if !role.In(access.Service) {
			want = http.StatusNotFound
		}
		if status, _ := x.post(b, assertionPath, form); status != want {
			t.Errorf("%s signs: %d, want %d", role, status, want)
		}
	}
	// What is missing is said, and nothing is sealed.
	for field, value := range map[string]string{"matters": "", "name": "Somebody Else", "title": "", "read": ""} {
		v := maps.Clone(form)
		v.Set(field, value)
		if status, body := x.post(ann, assertionPath, v); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Nothing was signed") {
			t.Errorf("signed with %s = %q: %d, want 422 and why", field, value, status)
		}
	}
	v := maps.Clone(form)
	v.Set("draft", strings.Repeat("0", 64))
	if status, _ := x.post(ann, assertionPath, v); status != http.StatusConflict {
		t.Errorf("signed over another draft than was read: %d, want 409", status)
	}
	if n := signaturesOf(t, x); len(n) != 0 {
		t.Fatalf("refused signatures are on record: %+v", n)
	}

	if status, body := x.post(ann, assertionPath, form); status != http.StatusSeeOther {
		t.Fatalf("the executive signs: %d\n%s", status, body)
	}
	list := signaturesOf(t, x)
	if len(list) != 1 || list[0].By != "ann@first.example" || list[0].Name != "ann" || list[0].On != time.Now().UTC().Format(time.DateOnly) || list[0].To != "2026-06-30" || list[0].Draft == "" {
		t.Fatalf("on record: %+v, want one signature of ann, of today, with the draft it is over", list)
	}
	settle(t, x, "first-works") // the record of the signature itself changes no draft
	if page = get(ann, assertionPath); !strings.Contains(page, "Covers this draft") || !strings.Contains(page, "You have signed this text over this draft.") {
		t.Errorf("the page does not say that the assertion is signed:\n%s", page)
	}
	if page = get(lead, "/o/first-works/documents"); !strings.Contains(page, "Assertion signed") {
		t.Error("the documents do not say that the assertion is signed")
	}
	if doc := get(lead, "/o/first-works/documents/soc2-type2.html"); !strings.Contains(doc, "Signed by management") || strings.Contains(doc, "Management has not signed an assertion") {
		t.Error("the draft does not say who signed")
	}

	// A changed draft carries no signature.
	described(t, x, "first-works", " in other words")
	page = get(ann, assertionPath)
	if strings.Contains(page, "Covers this draft") || !strings.Contains(page, "Over another draft") {
		t.Errorf("a signature is carried over to a changed draft, or not told:\n%s", page)
	}
	doc := get(lead, "/o/first-works/documents/soc2-type2.html")
	if !strings.Contains(doc, "does not cover this draft") || !strings.Contains(doc, "Management has not signed an assertion") {
		t.Error("the changed draft does not say that the signature covers it no longer")
	}
	if status, _ := x.post(ann, assertionPath, form); status != http.StatusConflict {
		t.Errorf("the form of the draft before is signed: %d, want 409", status)
	}
	if c := get(lead, "/o/first-works/documents/compare?from="+list[0].Draft); !strings.Contains(c, "It is described ") || !strings.Contains(c, "<ins><bdi>here in other words.</bdi></ins>") {
		t.Errorf("the comparison of the signed draft with the present one does not show what changed:\n%s", c)
	}

	// Another signature ends it; both stay on record.
	if status, body := x.post(bob, assertionPath, signing(t, page, "bob")); status != http.StatusSeeOther {
		t.Fatalf("another executive signs the changed draft: %d\n%s", status, body)
	}
	states := map[string]string{}
	var second publish.Signature
	for _, s := range signaturesOf(t, x) {
		if states[s.By] = s.State; s.By == "bob@first.example" {
			second = s
		}
	}
	if states["ann@first.example"] != publish.Replaced || states["bob@first.example"] != publish.Signed {
		t.Errorf("states = %v, want ann's replaced and bob's in force", states)
	}

	// It is withdrawn by a later version, with the reason.
	out := url.Values{"signature": {second.ID}, "version": {"7"}, "why": {"The backups were counted wrongly."}}
	if status, _ := x.post(ann, assertionPath+"/withdraw", out); status != http.StatusConflict {
		t.Errorf("withdrawn from a version that does not stand: %d, want 409", status)
	}
	out.Set("version", "1")
	if status, _ := x.post(lead, assertionPath+"/withdraw", out); status != http.StatusForbidden {
		t.Errorf("the compliance lead withdraws: %d, want 403", status)
	}
	if status, _ := x.post(ann, assertionPath+"/withdraw", out); status != http.StatusSeeOther {
		t.Errorf("an executive withdraws: %d, want 303", status)
	}
	settle(t, x, "first-works")
	if page = get(ann, assertionPath); !strings.Contains(page, "Withdrawn") || !strings.Contains(page, "The backups were counted wrongly.") || strings.Contains(page, "Covers this draft") {
		t.Errorf("a withdrawn signature covers, or its reason is not told:\n%s", page)
	}
	o := settle(t, x, "first-works").o
	h, err := o.st.History(t.Context(), o.org.ID, publish.Signatures, second.ID)
	if err != nil || len(h) != 2 {
		t.Errorf("the history of a withdrawn signature has %d versions, %v; want 2", len(h), err)
	}
}

func signaturesOf(t *testing.T, x *town) []publish.Signature {
	t.Helper()
	n, err := x.in.tenants.open(t.Context(), "first-works")
	if err != nil {
		t.Fatal(err)
	}
	list, err := n.o.signatures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSignatureIsNotTyped: no page, file or other source makes a signature.
func TestSignatureIsNotTyped(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	n := settle(t, x, "first-works")
	lead := x.join("lead@first.example", "first-works", access.Lead)
	for _, reg := range []string{publish.Signatures, publish.Drafts} {
		form := url.Values{"signature_id": {"s"}, "draft_id": {"d"}, "state": {"signed"}, "report": {"soc2-type2"}, "name": {"Ann"}}
		status, body := x.post(lead, "/o/first-works/registers/"+reg+"/new", form)
		if status == http.StatusOK || status == http.StatusSeeOther && !strings.Contains(body, "documents") {
			t.Errorf("typing into %s: %d", reg, status)
		}
		list, _, err := n.o.st.List(t.Context(), n.o.org.ID, n.o.regs[reg], record.Query{})
		if err != nil || len(list) != 0 {
			t.Errorf("%s holds %d records, %v; want none", reg, len(list), err)
		}
	}
	d, err := n.o.keep(t.Context(), publish.Signatures, 1, access.Visitor{Email: "x@first.example"}, publish.Signature{ID: "forged", State: publish.Signed, Report: "soc2-type2",
		Text: "x", TextHash: "x", DraftHash: "x", Name: "Ann", Title: "CEO", By: "ann@first.example", On: "2026-07-01", At: "2026-07-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	d.Source = "elsewhere"
	if _, err := n.o.st.Append(t.Context(), n.o.org.ID, "", []record.Draft{d}); err != nil {
		t.Fatal(err)
	}
	if list := signaturesOf(t, x); len(list) != 0 {
		t.Errorf("a record of another source counts as a signature: %+v", list)
	}
}

// TestBarred: whoever prepared what is in force of the program does not sign for it, whatever their roles; one whose proposal was
// rejected may.
func TestBarred(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	described(t, x, "first-works", "")
	both := x.join("both@first.example", "first-works", access.Executive, access.Lead)
	prepared := func(id, state, by string) {
		t.Helper()
		n := settle(t, x, "first-works")
		for version, p := range []scope.Proposal{
			{ID: id, Title: "CHG-01", State: scope.Prepared, PreparedBy: by, PreparedAt: "2026-07-01T00:00:00Z", Change: "{}"},
			{ID: id, Title: "CHG-01", State: state, PreparedBy: by, PreparedAt: "2026-07-01T00:00:00Z", DecidedBy: "cfo@first.example", DecidedAt: "2026-07-02T00:00:00Z", Change: "{}"},
		} {
			d, err := n.o.keep(t.Context(), scope.Proposals, version+1, access.Visitor{Email: []string{by, "cfo@first.example"}[version]}, p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := n.o.st.Append(t.Context(), n.o.org.ID, "", []record.Draft{d}); err != nil {
				t.Fatal(err)
			}
		}
	}
	prepared("rejected", scope.Rejected, "both@first.example")
	_, _, page := x.ask(both, http.MethodGet, assertionPath)
	form := signing(t, page, "both")
	prepared("approved", scope.Approved, "Both@First.Example")
	_, _, page = x.ask(both, http.MethodGet, assertionPath)
	if !strings.Contains(page, "You cannot sign this assertion") || hidden.MatchString(page) {
		t.Errorf("the page offers the form to who prepared the program:\n%s", page)
	}
	if status, body := x.post(both, assertionPath, form); status != http.StatusForbidden || !strings.Contains(body, "prepared yourself") {
		t.Errorf("who prepared the program signs: %d, want 403 and why", status)
	}
	cfo := x.join("cfo@first.example", "first-works", access.Executive)
	_, _, page = x.ask(cfo, http.MethodGet, assertionPath)
	if status, body := x.post(cfo, assertionPath, signing(t, page, "cfo")); status != http.StatusSeeOther {
		t.Errorf("who approved the program signs: %d\n%s", status, body)
	}
}

// TestNotBeforeTheEnd: in the report's period nobody signs, by the civil day in the organization's zone.
func TestNotBeforeTheEnd(t *testing.T) {
	t.Parallel()
	a := New()
	now := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC) // still 30 June in New York
	a.Clock = func() time.Time { return now }
	o := settled(t, a, t.TempDir()+"/data", "America/New_York")
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	o.system.NotRelevant = map[string]string{"CC6.4": "The system runs in the data centres of others."}
	o.system.Texts = map[string]string{}
	for _, dc := range []string{"dc1", "dc2", "dc3", "dc4", "dc5", "dc6", "dc7", "dc8", "dc9"} {
		o.system.Texts[dc] = "It is described."
	}
	p, _ := shown(t, o)
	answerAll(t, p)
	p.renew(t.Context())
	x := p.assertions()
	by := access.Visitor{Person: "p", Name: "Ann", Email: "ann@example.com", Roles: []access.Role{access.Executive}, Strong: true}
	sign := func() error {
		t.Helper()
		v, err := x.Assertion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.Sign(t.Context(), by, publish.Signing{Name: "Ann", Title: "CEO", Read: true, Matters: "Nothing was examined.", Text: v.Digest(""), Draft: v.Draft})
		return err
	}
	if err := sign(); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "today is 30 June 2026") {
		t.Errorf("signed at 23:00 of the last day of the period: %v, want refused", err)
	}
	now = now.Add(2 * time.Hour)
	if err := sign(); err != nil {
		t.Errorf("signed on the day after the period: %v", err)
	}
	list, err := o.signatures(t.Context())
	if err != nil || len(list) != 1 || list[0].On != "2026-07-01" {
		t.Errorf("signatures = %+v, %v; want one of 2026-07-01", list, err)
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAssertionOfOthers: a report as of a date is signed after that day, and a report that has no assertion, or cannot be drafted, says so.
func TestAssertionOfOthers(t *testing.T) {
	t.Parallel()
	a := New()
	now := time.Date(2026, 6, 30, 20, 0, 0, 0, time.UTC) // 8 h on 1 July in Auckland
	a.Clock = func() time.Time { return now }
	z, err := civil.ParseZone("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	asOf := civil.NewDate(2026, 6, 30)
	from, to := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30)
	enter := func(p scope.Program) *assertions {
		t.Helper()
		data := filepath.Join(t.TempDir(), "data")
		p.Name, p.Zone = "Example", z
		if _, err := a.found(t.Context(), data, p, "", nil); err != nil {
			t.Fatal(err)
		}
		o, err := a.enter(t.Context(), data, "", false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		})
		o.system.NotRelevant = map[string]string{"CC6.4": "The system runs in the data centres of others."}
		o.system.Texts = map[string]string{}
		for _, dc := range []string{"dc1", "dc2", "dc3", "dc4", "dc5", "dc6", "dc7", "dc8", "dc9"} {
			o.system.Texts[dc] = "It is described."
		}
		p1, _ := shown(t, o)
		return p1.assertions()
	}
	x := enter(scope.Program{Report: "soc2-type1", AsOf: &asOf, Categories: []string{"security"}})
	by := access.Visitor{Person: "p", Name: "Ann", Email: "ann@example.com", Roles: []access.Role{access.Executive}, Strong: true}
	sign := func() (publish.Signature, error) {
		t.Helper()
		v, err := x.Assertion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return x.Sign(t.Context(), by, publish.Signing{Name: "Ann", Title: "CEO", Read: true, Matters: "Nothing was walked through.", Text: v.Digest(""), Draft: v.Draft})
	}
	now = now.Add(-9 * time.Hour) // 23 h on 30 June
	if _, err := sign(); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "the end of that day") {
		t.Errorf("signed before the as-of day is over: %v, want refused", err)
	}
	now = now.Add(9 * time.Hour)
	s, err := sign()
	if err != nil || s.AsOf != "2026-06-30" || s.From != "" || s.On != "2026-07-01" {
		t.Errorf("signed on the day after the as-of date: %+v, %v", s, err)
	}
	if v, err := enter(scope.Program{Report: "soc1-type2", From: &from, To: &to}).Assertion(t.Context()); err != nil || len(v.Text) == 0 {
		t.Errorf("the assertion of soc1-type2 = %+v, %v; want one to sign", v.Text, err)
	}
	for _, report := range []string{"iso27001"} {
		v, err := enter(scope.Program{Report: report, From: &from, To: &to}).Assertion(t.Context())
		if !errors.Is(err, fault.Refused) {
			t.Errorf("the assertion of %s = %+v, %v; want refused: there is none to sign", report, v.Text, err)
		}
	}
}
