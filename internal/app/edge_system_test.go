package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
)

// system gives a stage with that system; whoever asks first makes it.
func system(t *testing.T) *stage {
	t.Helper()
	systemOnRecord(t)
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(theStage.data)); err != nil {
		t.Fatal(err)
	}
	return enterAt(t, data, usual.now)
}

func systemOnRecord(t *testing.T) {
	t.Helper()
	t.Parallel()
	theStage.Lock()
	defer theStage.Unlock()
	if theStage.data == "" {
		t.Run("beginning", foundSystem)
	}
}

func foundSystem(t *testing.T) {
	from, err := founded(usual)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(templates.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	if err := os.CopyFS(data, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	declareSystem(t, data, theSystem)
	s := enterAt(t, data, usual.now)
	s.give("vendors", `{"vendor_id":"near","name":"Near Cloud","criticality":"critical","subservice":"carve_out","last_review_on":"2026-05-01","report_kind":"soc2-type2","report_period_end":"2026-03-31"}`,
		`{"vendor_id":"nested","name":"Deep Halls Inc","criticality":"low","subservice":"none"}`)
	s.give("vendor_reports", `{"report_id":"r","vendor_id":"near","kind":"soc2-type2","period_from":"2025-04-01","period_to":"2026-03-31","opinion":"unqualified"}`,
		`{"report_id":"r2","vendor_id":"nested","kind":"soc2-type2","period_to":"2024-12-31","opinion":"qualified"}`)
	s.give("bridge_letters", `{"letter_id":"l","vendor_id":"near","covers_from":"2026-04-01","covers_to":"2026-05-31","signed_on":"2026-06-02"}`)
	r, err := s.Ready(t.Context(), cli.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	theStage.gaps, theStage.report, theStage.data = r.Gaps, s.report(), data
}

// declareSystem writes what management says of the system into a program and applies it.
func declareSystem(t *testing.T, data, text string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	a := New()
	a.Clock = func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }
	o, err := a.enter(t.Context(), data, "", false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Export(t.Context(), program)
	if err := errors.Join(err, o.Close(), os.WriteFile(filepath.Join(program, "system.yaml"), []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	if got, err := a.applyProgram(t.Context(), data, "", program, false); err != nil || !got.Applied {
		t.Fatalf("apply = %+v, %v", got, err)
	}
}

// vendorGaps are what a rule of readiness says, by the vendor that it names.
func vendorGaps(rule string) map[string]gauge.Gap {
	out := map[string]gauge.Gap{}
	for _, g := range theStage.gaps {
		if name, _, ok := strings.Cut(g.What, ": "); ok && g.Rule == rule {
			out[name] = g
		}
	}
	return out
}

// TestE51ReportEndsEarly: a provider's report ends before our period does. A letter bridges three months at most; what nothing covers is a gap,
// and after a year the report covers nothing.
func TestE51ReportEndsEarly(t *testing.T) {
	s := system(t)
	got := vendorGaps("G18")
	if g := got["Near Cloud"]; g.Severity != gauge.Warn || !contains(g.What, "covers nothing after 2026-03-29") || g.Criterion != "CC6.4" {
		t.Errorf("of a report that ends over three months early: %+v, want a warning on CC6.4", g)
	}
	if g, ok := got["Bridged Cloud"]; ok {
		t.Errorf("of a report that a letter bridges: %+v, want nothing", g)
	}
	if g := got["Old Cloud"]; g.Severity != gauge.Block {
		t.Errorf("of a report that ends over a year early: %+v, want a block", g)
	}
	// The registers say how many days are covered by what.
	var end civil.Date
	var letters []operate.Span
	read := func(register string, fields []string, fn func(get func(string) any)) {
		t.Helper()
		size, err := s.st.Size(t.Context(), s.org.ID)
		if err == nil {
			err = s.rows(t.Context(), register, size, fields, func(_ string, get func(string) any) error { fn(get); return nil })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read("vendor_reports", []string{"vendor_id", "period_to"}, func(get func(string) any) {
		if textOf(get("vendor_id")) == "near" {
			end = *dayOf(get("period_to"))
		}
	})
	read("bridge_letters", []string{"covers_from", "covers_to"}, func(get func(string) any) {
		letters = append(letters, operate.Span{From: *dayOf(get("covers_from")), To: *dayOf(get("covers_to"))})
	})
	p := civil.Period{From: *s.program.From, To: *s.program.To, Zone: s.program.Zone}
	if c := operate.Covered(end, letters, p); c.Gap != 30 || c.TooLong {
		t.Errorf("Covered = %+v, want the 30 days of June that neither the report nor the letter reaches", c)
	}
	if c := operate.Covered(end, nil, p); c.Gap != 91 {
		t.Errorf("Covered without a letter = %+v, want a gap of 91 days", c)
	}
}

// TestE52QualifiedProvider: the opinion on a provider is qualified. It blocks until its effect on our own criteria was judged, and stays
// on record after that.
func TestE52QualifiedProvider(t *testing.T) {
	systemOnRecord(t)
	got := vendorGaps("G18")
	if g := got["Qualified Cloud"]; g.Severity != gauge.Block || !contains(g.What, "modified") || g.Criterion != "CC6.2" {
		t.Errorf("of a qualified provider: %+v, want a block on CC6.2", g)
	}
	if g := got["Judged Cloud"]; g.Severity != gauge.Warn || !contains(g.What, "modified") {
		t.Errorf("of a qualified provider whose effect was judged: %+v, want a warning that stays", g)
	}
}

// TestE53ProvidersOfProviders: a provider's own provider is followed through the provider's report. Its controls are not expected by us, its
// name is not in our report, and nothing of ours is late because of it.
func TestE53ProvidersOfProviders(t *testing.T) {
	s := system(t)
	for _, rule := range []string{"G17", "G18"} {
		for name := range vendorGaps(rule) {
			if contains(name, "Deep Halls") {
				t.Errorf("%s is about a provider's provider: %s", rule, name)
			}
		}
	}
	text := theStage.report
	if contains(text, "Deep Halls") || !contains(text, "Near Cloud") {
		t.Error("the report names a provider's provider, or not the provider")
	}
	s.expect("VEN-02", verdicts{"near": "pass"})
}

// TestE14LaunchedInThePeriod: a product that went live in the period is described with its day; one that came after it is not.
func TestE14LaunchedInThePeriod(t *testing.T) {
	s := system(t)
	text := theStage.report
	if !contains(text, "The product Invoices went live.") || !contains(text, "October 1, 2025") && !contains(text, "1 October 2025") {
		t.Error("the description does not say when the product went live")
	}
	if contains(text, "Payroll") {
		t.Error("the description tells of a product that came after the period")
	}
	// Its changes are in the population of the same control from the first one on, and before that there are none.
	s.people("ann", "bob")
	s.give("changes", change1("invoices-1", "2025-10-02T10:00:00Z", `"service":"invoices"`))
	s.give("reviews", review1("invoices-1", "bob", "2025-10-02T09:00:00Z"))
	s.expect("CHG-01", verdicts{"invoices-1": "pass"})
}

// TestE55InclusiveDropsOut: a vendor that was presented inclusively drops out. The description says so with the day; for the auditor it stays
// included for its part of the period, and asserts and represents for that.
func TestE55InclusiveDropsOut(t *testing.T) {
	s := system(t)
	before := theStage.report
	if !contains(before, "Partner GmbH") || !contains(before, "Inclusive: its part of the system") {
		t.Fatal("the description does not present the vendor inclusively")
	}
	data := s.data
	if err := s.office.Close(); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(theSystem, "{name: Partner GmbH, services: Support, method: inclusive, monitoring: [VEN-02]}",
		"{name: Partner GmbH, services: Support, method: carve_out, monitoring: [VEN-02], csocs: [{text: Answers users., criteria: [CC2.3]}]}", 1)
	text = strings.Replace(text, "changes:\n", "changes:\n  - {on: 2026-03-01, text: Partner GmbH is carved out from this day on; until then its controls are part of the system.}\n", 1)
	declareSystem(t, data, text)
	a := New()
	a.Clock = s.app.Clock
	o, err := a.enter(t.Context(), data, "", false)
	if err != nil {
		t.Fatal(err)
	}
	s.office = o
	after := s.report()
	if contains(after, "Inclusive: its part of the system") || !contains(after, "is carved out from this day on; until then") {
		t.Error("the description does not say that the vendor is carved out, and from when")
	}
}

// TestE74CategoryAdded: availability comes into scope in October. It is another plan, and evidence from October on carries no conclusion on the
// whole period by itself.
func TestE74CategoryAdded(t *testing.T) {
	b := underExamination(t, yearOf())
	more := yearOf()
	more.Categories = []string{"security", "availability"}
	b.does(aPartner, "change_terms", engage.Terming{Terms: more, Reason: "Customers ask for availability from October on."})
	b.sees(b.client, func(e *engage.Engagement) {
		if !slices.Contains(e.Terms.Categories, "availability") {
			t.Error("the client does not know of the other scope")
		}
	})
	b.tries(aManager, "wrap_up", engage.Because{}, "nothing is planned")
	b.does(aManager, "plan", engage.Plan{Strategy: "By samples.", Matters: []report.Matter{{ID: "CC8.1", Controls: []string{"CHG-01"}}, {ID: "A1.2", Controls: []string{"AVL-02"}}}})
	b.assessed("AVL-02")
	b.frozen("AVL-02", keysUpTo("backup", 60), 10, func(f *engage.Frozen) { f.From = onDay("2025-10-01") })
	b.tries(aManager, "conclude_control", concluded("AVL-02", report.Effective, 10, 0), "1 July 2025 to 30 September 2025")
	// With the months before it is another thing.
	b.frozen("AVL-02", keysUpTo("earlier", 20), 4, func(f *engage.Frozen) { f.To, f.KnownAt = onDay("2025-09-30"), "2026-07-06T12:00:00Z" })
	b.does(aManager, "conclude_control", concluded("AVL-02", report.Effective, 14, 0))
}
