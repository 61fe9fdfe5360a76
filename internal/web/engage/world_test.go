package examination

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/sample"
	"github.com/assayhq/assay/internal/web"
	front "github.com/assayhq/assay/internal/web/elements"
	"github.com/assayhq/assay/internal/web/shell"
)

const (
	firmOrg   id.Org = "org_06h09pd5ny5vscaczx7vepxb40"
	clientOrg id.Org = "org_06h09pd5ny5vscaczx7vepxb50"
	hostile          = "<script>alert(1)</script>\"'`=cmd|' /C calc'!A0 {{7*7}}"
)

var (
	pat   = visitor("pat", "firm", access.Partner)
	quinn = visitor("quinn", "firm", access.Partner)
	mia   = visitor("mia", "firm", access.Practitioner)
	sam   = visitor("sam", "firm", access.Practitioner)
	nora  = visitor("nora", "firm", access.Practitioner) // no member
	root  = visitor("root", "firm", access.Administrator)
	lea   = visitor("lea", "client", access.Lead)
	owen  = visitor("owen", "client", access.Owner)
	exa   = visitor("exa", "client", access.Executive)
	admin = visitor("admin", "client", access.Administrator)
)

// kindOf is what an organization is on one side.
func kindOf(side engage.Side) access.Kind {
	if side == engage.Firm {
		return access.Firm
	}
	return access.Service
}

func visitor(name, of string, role access.Role) access.Visitor {
	return access.Visitor{Person: id.Person("p-" + name), Name: strings.ToUpper(name[:1]) + name[1:] + " of the " + of, Email: name + "@" + of + ".example", Org: id.Org(of), Kind: kindOf(engage.Side(of)),
		Roles: []access.Role{role}, Strong: true}
}

// world is a firm and its client, each with a ledger, a house and pages of its own.
type world struct {
	t            testing.TB
	now          time.Time
	zone         civil.Zone
	firm, client *house
	controls     []ControlView
	items        map[string][]ItemView
	ties         map[string][]string
	evidence     []engage.Evidence
	seeds        int
	lang         string   // of whoever reads in a browser; empty: English
	kind         []string // of report and its time, as the form takes it; nil: SOC 2 Type 2
}

type house struct {
	w     *world
	org   id.Org
	side  engage.Side
	books *books
	house *engage.House
	pages *Pages
	mux   *shell.Mux
	fault error
}

func setup(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 7, 6, 9, 0, 0, 0, time.UTC), items: map[string][]ItemView{}, ties: map[string][]string{}}
	var err error
	if w.zone, err = civil.ParseZone("America/New_York"); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { w.now = w.now.Add(time.Second); return w.now }
	make := func(org id.Org, side engage.Side) *house {
		h := &house{w: w, org: org, side: side, books: newBooks(t, org, func() time.Time { return w.now })}
		h.house = &engage.House{Org: org, Side: side, Books: h.books, Clock: clock}
		o := Options{House: h.house, Side: side, Files: h, Post: h, Zone: w.zone, Clock: func() time.Time { return w.now }}
		if side == engage.Firm {
			o.Firm, o.Work, o.Documents = h, h, h
		} else {
			o.Client = h
		}
		if h.pages, err = New(o); err != nil {
			t.Fatal(err)
		}
		if h.mux, err = shell.NewMux(h.pages.Routes(), func(_ *http.Request, err error) { h.fault = err }); err != nil {
			t.Fatal(err)
		}
		return h
	}
	w.firm, w.client = make(firmOrg, engage.Firm), make(clientOrg, engage.Client)
	w.program()
	return w
}

// program is the client's: two controls in full population and sample, and a third one.
func (w *world) program() {
	attributes := []Attribute{{"A", "Somebody else than its author approved the change."}, {"B", "It was approved before it went out."}, {"C", "The tests were green."}}
	for _, c := range []struct{ id, title, statement, test string }{
		{"CHG-01", "Changes are approved by somebody else", "Each change to production is approved by a person other than its author before it is deployed.", "chg-01.changes"},
		{"CHG-02", "Changes are tested", "Each change passes the automated tests before it is deployed.", "chg-02.tests"},
		{"IAM-01", "Access is approved before it is granted", "Access to systems in scope is granted on an approved request only.", "iam-01.grants"},
	} {
		v := ControlView{ID: c.id, Title: c.title, Statement: c.statement, Owner: "owen@client.example", Frequency: "per event", Kind: "manual", Criteria: []string{"CC8.1"}}
		v.Tests = []TestView{{ID: c.test, Sentence: "Every item has an approval by somebody else, recorded before it.", Shape: "event", Attributes: attributes, Population: 1214, Passed: 1204, Deviating: 3, Undecided: 2, Exempt: 5,
			Checks: []CheckView{{"C2", "1,214 in the audit log of the deploy tool", true}}, Digest: engage.TextHash(c.test)}}
		w.controls = append(w.controls, v)
		for i := range 60 {
			verdict := "pass"
			if i%20 == 7 {
				verdict = "deviation"
			}
			w.items[c.test] = append(w.items[c.test], ItemView{Key: fmt.Sprintf("deploy-%04d", 1000+i), Verdict: verdict, Reason: map[string]string{"deviation": "approved by its author"}[verdict], Event: "2026-03-04T10:00:00Z",
				Results: []ResultView{{"A", verdict, ""}, {"B", "pass", ""}, {"C", "pass", ""}}})
		}
	}
}

// The application, as far as the pages ask it.

func (h *house) Scope(context.Context, string) ([]report.Matter, []ControlLine, error) {
	var lines []ControlLine
	for _, c := range h.w.controls {
		lines = append(lines, ControlLine{c.ID, c.Title, []string{c.Tests[0].ID}})
	}
	return []report.Matter{{ID: "CC6.1", Controls: []string{"IAM-01"}}, {ID: "CC8.1", Controls: []string{"CHG-01", "CHG-02"}}}, lines, nil
}

func (h *house) Control(_ context.Context, _, control string) (ControlView, error) {
	for _, c := range h.w.controls {
		if c.ID == control {
			return c, nil
		}
	}
	return ControlView{}, fault.NotFound
}

func (h *house) Items(_ context.Context, _, test string, q ItemQuery) ([]ItemView, int, error) {
	var out []ItemView
	for _, x := range h.w.items[test] {
		if q.Keys != nil && !slices.Contains(q.Keys, x.Key) || q.Verdict != "" && q.Verdict != x.Verdict {
			continue
		}
		out = append(out, x)
	}
	n := len(out)
	return out[min(q.Offset, n):min(q.Offset+q.Limit, n)], n, nil
}

func (h *house) Item(_ context.Context, _, test, key string) (ItemView, error) {
	for _, x := range h.w.items[test] {
		if x.Key == key {
			x.Records = []RecordView{{Name: "deployments/" + key + "@1", Received: "2026-03-04T10:05:00Z", Index: 4711, Body: []byte(`{"author":"ann@client.example","deploy_id":"` + key + `","service":"payments","title":"Round half to even"}`)},
				{Name: "approvals/" + key + "@1", Received: "2026-03-04T09:40:00Z", Index: 4702, Body: []byte(`{"approved_at":"2026-03-04T09:38:12Z","approved_by":"bob@client.example"}`)}}
			return x, nil
		}
	}
	return ItemView{}, fault.NotFound
}

func (h *house) TakePackage(ctx context.Context, who engage.Who, engagement, name string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(b, []byte("package")) {
		return &fault.Error{Kind: fault.Integrity, What: name + " does not verify"}
	}
	return h.house.Do(ctx, who, engagement, "take_package", engage.Package{SHA256: engage.TextHash(string(b)), Size: 41_000, Root: engage.TextHash("root"), KnownAt: "2026-07-05T04:00:00Z", Tests: 3, Same: 3})
}

func (h *house) Requests(context.Context, string) ([]engage.Request, error) {
	return []engage.Request{{Control: "CHG-01", Wants: "population", What: "The list of all deployments of the period, with its query."}, {Control: "IAM-01", Wants: "configuration", What: "The settings of the identity provider."}}, nil
}

func (h *house) Ties(_ context.Context, _, email string) ([]string, error) {
	return h.w.ties[email], nil
}

func (h *house) CommitSeed(ctx context.Context, who engage.Who, engagement, control, test string) error {
	h.w.seeds++
	raw := fmt.Appendf(nil, "a secret of the firm, number %d", h.w.seeds)
	c := sample.Commit(raw)
	return h.house.DoAll(ctx, who, engagement, []engage.Deed{{Kind: "commit_seed", Body: engage.Seed{Control: control, Test: test, Commitment: c}}, {Kind: "keep_seed", Body: engage.Keeping{Commitment: c, Seed: hex.EncodeToString(raw)}}})
}

func (h *house) Suggest(context.Context, string, string, string) (Size, error) {
	return Size{Frequency: "per event", Items: 60, Sizes: []SizeLine{{25, "250 items or more a year, low risk", "AICPA Audit Sampling"}, {45, "90 % confidence, 5 % tolerable, none expected", "binomial"}}}, nil
}

func (h *house) keys(test string) []string {
	var out []string
	for _, x := range h.w.items[test] {
		out = append(out, x.Key)
	}
	return out
}

func (h *house) Draw(ctx context.Context, who engage.Who, engagement string, d Drawing) error {
	s := engage.Sample{Control: d.Control, Test: d.Test, Purpose: d.Purpose, Method: d.Method, Size: d.Size, Basis: d.Basis, Reason: d.Reason}
	err := h.house.See(ctx, engagement, func(e *engage.Engagement) error {
		pop, err := sample.Freeze(h.keys(d.Test))
		if err != nil {
			return err
		}
		s.ID, s.Population, s.Count = fmt.Sprintf("S-%03d", len(e.Samples)+1), pop.Hash(), pop.Len()
		if d.Method == "judgemental" {
			for k, why := range d.Picks {
				s.Items = append(s.Items, engage.SampledItem{Key: k, Reason: why})
			}
			return nil
		}
		seed := e.SeedOf(d.Test)
		if seed == nil {
			return fault.Refuse("no seed is kept for %s", d.Test)
		}
		raw, _ := hex.DecodeString(seed.Secret)
		got, err := sample.Draw(pop, seed.Commitment, raw, d.Size)
		if err != nil {
			return err
		}
		s.Commitment, s.Seed = seed.Commitment, seed.Secret
		for _, x := range got.Items {
			s.Items = append(s.Items, engage.SampledItem{Key: x.Key})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.house.Do(ctx, who, engagement, "draw", s)
}

func (h *house) Replace(ctx context.Context, who engage.Who, engagement, name, key, cause, reason string) error {
	next := ""
	err := h.house.See(ctx, engagement, func(e *engage.Engagement) error {
		s := e.SampleOf(name)
		for _, k := range h.keys(s.Test) {
			if !slices.ContainsFunc(s.Items, func(x engage.SampledItem) bool { return x.Key == k }) {
				next = k
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.house.Do(ctx, who, engagement, "replace", engage.Replacing{Sample: name, Key: key, Cause: cause, By: engage.SampledItem{Key: next, Instead: key, Reason: reason}})
}

func (h *house) Sheet(_ context.Context, _, control, test string, w io.Writer) error {
	_, err := io.WriteString(w, "PK sheet of "+control+" "+test)
	return err
}

// Fill reads lines of item, attribute, result and note; one that begins with ! is in conflict.
func (h *house) Fill(_ context.Context, _, control, test string, r io.Reader) (engage.Filled, error) {
	b, err := io.ReadAll(r)
	if err != nil || bytes.HasPrefix(b, []byte("broken")) {
		return engage.Filled{}, fault.Refuse("sheet Items, row 7: a cell is locked: %s", hostile)
	}
	f := engage.Filled{Ticks: engage.Ticks{Control: control, Test: test}}
	for _, l := range strings.Split(string(b), "\n") {
		p := strings.SplitN(strings.TrimPrefix(l, "!")+"|||", "|", 4)
		m := engage.Mark{Result: p[2], Note: strings.Trim(p[3], "|")}
		if strings.HasPrefix(l, "!") {
			f.Conflicts = append(f.Conflicts, engage.SheetConflict{Item: p[0], Attribute: p[1], Sheet: m, Here: engage.Mark{Result: "pass", By: "mia@firm.example"}})
			continue
		}
		f.Ticks.Marks = append(f.Ticks.Marks, engage.Tick{Item: p[0], Attribute: p[1], Mark: m})
	}
	return f, nil
}

var fingerprint = engage.TextHash("the report as it stands")

func (h *house) Draft(context.Context, string) (*report.Report, string, error) {
	return &report.Report{}, fingerprint, nil
}

func (h *house) Release(ctx context.Context, who engage.Who, engagement string) error {
	return h.house.Do(ctx, who, engagement, "release_draft", engage.ReleasedDraft{Fingerprint: fingerprint, File: engage.TextHash("file"), Title: "SOC 2 Type 2, draft", Files: map[string]string{"oscal-ssp": engage.TextHash("ssp")}})
}

func (h *house) Issue(ctx context.Context, who engage.Who, engagement string, date civil.Date, reason string) error {
	x := engage.IssuedReport{Report: "soc2-type2", Title: "SOC 2 Type 2", Date: date, Fingerprint: fingerprint, Opinion: report.Unqualified, Files: map[string]string{"pdf": engage.TextHash("pdf")}}
	if reason != "" {
		x.Reason, x.Revision = reason, 1
		return h.house.Do(ctx, who, engagement, "revise", x)
	}
	return h.house.Do(ctx, who, engagement, "issue", x)
}

func (h *house) Download(_ context.Context, _, format string, revision int) (File, error) {
	return File{Name: fmt.Sprintf("report%d.%s", revision, format), Data: []byte("a report")}, nil
}

// Compare answers for every state that the house of this side can know.
func (h *house) Compare(ctx context.Context, engagement string, from, to Version) (report.Comparison, error) {
	err := h.house.See(ctx, engagement, func(e *engage.Engagement) error {
		for _, v := range []Version{from, to} {
			n, draft := v.Draft()
			k, out := v.Revision()
			if !(draft && n <= len(e.Drafts) || out && k < len(e.Reports) || v == Now && h.side == engage.Firm) {
				return fault.NotFound
			}
		}
		return nil
	})
	was, is := keptOf(string(from)), keptOf(string(to))
	return report.Compare(was, is), err
}

// keptOf is a model that says its own name.
func keptOf(name string) *report.Kept {
	return &report.Kept{Report: report.Report{Title: "SOC 2 Type 2", Sections: []report.Section{{ID: "opinion", Number: "I", Title: "Opinion",
		Blocks: []report.Block{{Paragraph: report.Runs{{Text: "This is the text of " + name + ", and of no other."}}}}}}}}
}

func (h *house) Freeze(ctx context.Context, who engage.Who, engagement, control, test string) error {
	f := engage.Frozen{Control: control, Test: test, From: day("2025-07-01"), To: day("2026-06-30"), Zone: "America/New_York", KnownAt: "2026-07-05T04:00:00Z", Size: 41_000, Root: engage.TextHash("root"), Rule: engage.TextHash("rule"),
		Pulls: []engage.FrozenPull{{ID: "pull_1", Source: "github", Object: "deployments", Query: "created:2025-07-01..2026-06-30", Rows: 1214, Ended: "2026-07-02T00:00:00Z"}}}
	pop, err := sample.Freeze(h.keys(test))
	if err != nil {
		return err
	}
	f.Hash, f.Count = pop.Hash(), pop.Len()
	err = h.house.See(ctx, engagement, func(e *engage.Engagement) error {
		if s := e.SeedOf(test); s != nil {
			f.Commitment = s.Commitment
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.house.Do(ctx, who, engagement, "freeze", f)
}

func (h *house) Evidence(_ context.Context, text string) ([]engage.Evidence, error) {
	var out []engage.Evidence
	for _, e := range h.w.evidence {
		if strings.Contains(e.Name, text) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (h *house) Advisers(context.Context) ([]string, error) {
	return []string{engage.Digest("adviser@elsewhere.example")}, nil
}
func (h *house) AssertionText(context.Context, string) (string, error) {
	return "We assert that the controls operated effectively.", nil
}
func (h *house) RepresentationText(context.Context, string) (string, error) {
	return "We represent that we have told you all.", nil
}

func (h *house) Self(context.Context) (engage.Party, error) {
	return engage.Party{Org: string(h.org), Name: map[engage.Side]string{engage.Firm: "Harbor & Pine CPAs", engage.Client: "Example, Inc."}[h.side], Key: h.books.key}, nil
}

func (h *house) Bag(ctx context.Context, engagement string, from int) (File, error) {
	out, err := h.house.Outbox(ctx, engagement, from)
	return File{Name: "messages", Data: bytes.Join(out, []byte("\n---\n"))}, err
}

func (h *house) TakeBag(ctx context.Context, _ engage.Who, r io.Reader, key string) (string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	if _, err := h.house.Receive(ctx, bytes.Split(b, []byte("\n---\n")), key); err != nil {
		return "", err
	}
	list, err := h.house.List(ctx)
	if err != nil || len(list) == 0 {
		return "", fault.NotFound
	}
	return list[0], nil
}

func day(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// cross delivers what each has for the other.
func (w *world) cross(id string) {
	w.t.Helper()
	for _, way := range [][2]*house{{w.firm, w.client}, {w.client, w.firm}} {
		out, err := way[0].house.Outbox(context.Background(), id, 1)
		if err != nil {
			continue
		}
		if _, err := way[1].house.Receive(context.Background(), out, way[0].books.key); err != nil {
			w.t.Fatalf("Receive by the %s = %v", way[1].side, err)
		}
	}
}

func (w *world) of(as access.Visitor) *house {
	if strings.HasSuffix(as.Email, "@client.example") {
		return w.client
	}
	return w.firm
}

func (h *house) ask(as access.Visitor, method, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	h.w.t.Helper()
	r := httptest.NewRequest(method, "http://assay.example"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return h.serve(as, r, header...)
}

func (h *house) serve(as access.Visitor, r *http.Request, header ...string) *httptest.ResponseRecorder {
	h.w.t.Helper()
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.serveIn(shell.With(access.With(r.Context(), as), shell.Chrome{Base: "/o/example", Organization: "Example", Zone: h.w.zone, Path: r.URL.Path, Lang: phrase.English}), r)
}

func (h *house) serveIn(ctx context.Context, r *http.Request) *httptest.ResponseRecorder {
	h.w.t.Helper()
	rec := httptest.NewRecorder()
	h.mux.ServeHTTP(rec, r.WithContext(ctx))
	if h.fault != nil {
		h.w.t.Fatalf("%s %s: %v", r.Method, r.URL, h.fault)
	}
	return rec
}

func (w *world) page(as access.Visitor, path string, status int) string {
	w.t.Helper()
	rec := w.of(as).ask(as, http.MethodGet, path, nil)
	if rec.Code != status {
		w.t.Fatalf("GET %s as %s = %d, want %d\n%.1500s", path, as.Name, rec.Code, status, plain(rec.Body.String()))
	}
	return rec.Body.String()
}

func (w *world) post(as access.Visitor, path string, status int, pairs ...string) string {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	rec := w.of(as).ask(as, http.MethodPost, path, form)
	if rec.Code != status {
		w.t.Fatalf("POST %s as %s = %d, want %d\n%.1500s", path, as.Name, rec.Code, status, plain(rec.Body.String()))
	}
	if status == http.StatusSeeOther {
		if list, err := w.of(as).house.List(context.Background()); err == nil {
			for _, id := range list {
				w.cross(id)
			}
		}
		return rec.Header().Get("Location")
	}
	return rec.Body.String()
}

// act does an act through its form.
func (w *world) act(as access.Visitor, id, kind string, pairs ...string) {
	w.t.Helper()
	w.post(as, base(id)+"/acts/"+kind, http.StatusSeeOther, pairs...)
}

// plain is the text of a page's content.
func plain(html string) string {
	if i := strings.Index(html, "<main"); i >= 0 {
		html = html[i:]
	}
	var out strings.Builder
	in := false
	for _, c := range html {
		switch {
		case c == '<':
			in = true
		case c == '>':
			in = false
			out.WriteByte(' ')
		case !in:
			out.WriteRune(c)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// door serves the pages of a party to a browser as somebody who is signed in.
func (w *world) door(as access.Visitor) string {
	w.t.Helper()
	css := report.Style() + shell.Style() + web.Style() + string(front.Style()) + Style()
	h := w.of(as)
	d, err := shell.NewDoor(shell.Options{Tenants: tenant{h, as}, Assets: shell.Assets{Style: []byte(shell.Themed(css)), Script: front.Script()},
		Identify: func(*http.Request) (shell.Visit, error) { return shell.Visit{Visitor: as, Lang: w.lang}, nil },
		Failed:   func(r *http.Request, err error) { w.t.Errorf("%s %s: %v", r.Method, r.URL, err) }})
	if err != nil {
		w.t.Fatal(err)
	}
	s := httptest.NewServer(d)
	w.t.Cleanup(s.Close)
	return s.URL + "/o/example"
}

type tenant struct {
	h  *house
	as access.Visitor
}

func (x tenant) Tenant(_ context.Context, slug string) (*shell.Tenant, error) {
	if slug != "example" {
		return nil, fault.NotFound
	}
	self, _ := x.h.Self(context.Background())
	return &shell.Tenant{Org: x.h.org, Kind: kindOf(x.h.side), Slug: slug, Name: self.Name, Zone: x.h.w.zone, Mux: x.h.mux}, nil
}

func (x tenant) Roles(context.Context, id.Person, id.Org) ([]access.Role, error) {
	return x.as.Roles, nil
}
