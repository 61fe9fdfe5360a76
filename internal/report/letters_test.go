package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// TestRepresentationLetter: it is management's, dated as the report, and represents what the kind of report asks for.
func TestRepresentationLetter(t *testing.T) {
	t.Parallel()
	for _, k := range audited(t) {
		f := examinedFacts(t, k)
		f.Examination.Events = []Event{{On: f.Examination.ReportDate - 2, Text: "A site was closed."}}
		draft, err := RepresentationLetter(k, f, Representation{})
		if err != nil || !draft.Draft || len(draft.Open) != 1 {
			t.Fatalf("%s: RepresentationLetter(unsigned) = %+v, %v; want a draft with one open point", k, draft, err)
		}
		l, err := RepresentationLetter(k, f, Representation{By: []Signature{{Name: "Dana Whitfield", Title: "Chief Executive Officer", On: f.Examination.ReportDate}}, Matters: []string{"We add this."}})
		if err != nil || l.Draft {
			t.Fatalf("%s: RepresentationLetter = %v; want a letter", k, err)
		}
		got := text(l)
		type2 := !strings.HasSuffix(string(k), "type1")
		for want, must := range map[string]bool{"To Alder & Finch LLP, Providence, Rhode Island": true, "28 August 2026": true, "A site was closed.": true, "We add this.": true, "\nDana Whitfield\nChief Executive Officer\nHarborline, Inc.\n28 August 2026\n": true,
			"actual, suspected or alleged intentional acts": true, "did not operate as described": type2, "identified the risks that threaten them": strings.Contains(string(k), "soc1") || strings.Contains(string(k), "isae") || strings.Contains(string(k), "dual"),
			"we reaffirm our statement": strings.HasPrefix(string(k), "isae"), "Twelve changes": type2, "in connection with your": true, "the description": k != "soc3"} {
			if strings.Contains(got, want) != must {
				t.Errorf("%s says %q: %t, want %t", k, want, !must, must)
			}
		}
	}
}

func TestRepresentationLetterRefuses(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	bare := f
	bare.Examination = nil
	for name, c := range map[string]struct {
		k    Kind
		f    Facts
		by   Signature
		want string
	}{
		"another day":    {"soc2-type2", f, Signature{Name: "D", Title: "CEO", On: f.Examination.ReportDate - 1}, "expected the date of the report"},
		"no title":       {"soc2-type2", f, Signature{Name: "D", On: f.Examination.ReportDate}, "lacks a name or a title"},
		"no examination": {"soc2-type2", bare, Signature{Name: "D", Title: "CEO", On: f.Examination.ReportDate}, "expected an examination with a report date"},
		"a SoA":          {"iso27001", f, Signature{Name: "D", Title: "CEO", On: f.Examination.ReportDate}, "expected an examination"},
	} {
		if _, err := RepresentationLetter(c.k, c.f, Representation{By: []Signature{c.by}}); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: RepresentationLetter = %v, want a refusal with %q", name, err, c.want)
		}
	}
}

func bridgeOf(t *testing.T) Bridge {
	return Bridge{Report: "SOC 2 Type 2 report", From: date(t, "2025-07-01"), To: date(t, "2026-06-30"), Until: date(t, "2026-09-30"),
		Changes: []assure.SystemChange{{On: date(t, "2026-08-01"), Text: "A third region went live."}}, NoIncidents: true, Deviations: []string{"IAM-02: one leaver's access was removed a day late."},
		Officer: Signature{Name: "Dana Whitfield", Title: "Chief Executive Officer", On: date(t, "2026-10-02")}, Auditors: []string{"Alder & Finch LLP", "Ruth Alder"}}
}

// TestBridgeLetter: management's word on the gap after the last report, by an officer, for three months at most, until the next report.
func TestBridgeLetter(t *testing.T) {
	t.Parallel()
	f := facts(t)
	x := bridgeOf(t)
	l, err := BridgeLetter(f, x)
	if err != nil || l.Draft {
		t.Fatalf("BridgeLetter = %v; want a signed letter", err)
	}
	got := text(l)
	for _, want := range []string{"for the period 1 July 2025 to 30 June 2026", "1 July 2026 to 30 September 2026, both days included", "It is not a replacement for a report.", "No service auditor has examined",
		"1 August 2026: A third region went live.", "To the best of our knowledge nothing happened that came from controls that failed", "one leaver's access was removed a day late", "U1 Merchants remove the access", "It ends when the next report is issued.",
		"\nDana Whitfield\nChief Executive Officer\nHarborline, Inc.\n2 October 2026\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the letter does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Alder") {
		t.Error("the letter names the auditor")
	}
	for on, want := range map[string]bool{"2026-10-01": false, "2026-10-02": true, "2027-08-01": true} {
		if x.InForce(date(t, on)) != want {
			t.Errorf("InForce(%s) = %t, want %t", on, !want, want)
		}
	}
	x.Superseded = date(t, "2027-02-01")
	if x.InForce(date(t, "2027-02-01")) || !x.InForce(date(t, "2027-01-31")) {
		t.Error("the next report does not end the letter")
	}
	if l, err := BridgeLetter(f, x); err != nil || !strings.Contains(text(l), "This letter ended on 1 February 2027") {
		t.Errorf("an ended letter does not say so: %v", err)
	}
	x = bridgeOf(t)
	x.Officer, x.NoIncidents = Signature{}, false
	if l, err := BridgeLetter(f, x); err != nil || !l.Draft || len(l.Open) != 2 {
		t.Errorf("BridgeLetter(unsigned) = %v; want a draft with what is still to be said", err)
	}
}

func TestBridgeLetterRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Bridge)
		want   string
	}{
		"more than three months":       {func(x *Bridge) { x.Until++; x.Officer.On++ }, "more than three months after 30 June 2026"},
		"before the gap":               {func(x *Bridge) { x.Until = x.To }, "the gap begins on 1 July 2026"},
		"signed before it was over":    {func(x *Bridge) { x.Officer.On = x.Until - 1 }, "nobody can say what was so until then"},
		"signed by the auditor":        {func(x *Bridge) { x.Officer.Name = " ruth alder" }, "never the auditor's"},
		"an officer without title":     {func(x *Bridge) { x.Officer.Title = "" }, "lacks a name or a title"},
		"a change and none":            {func(x *Bridge) { x.NoChanges = true }, "says that there were none"},
		"a change outside the gap":     {func(x *Bridge) { x.Changes[0].On = x.To }, "lies outside the time of the letter"},
		"signed and nothing is said":   {func(x *Bridge) { x.NoIncidents = false }, "signed and not finished"},
		"no last report":               {func(x *Bridge) { x.Report = "" }, "needs the organization, the last report"},
		"more than three months, long": {func(x *Bridge) { x.Until = x.To.AddMonths(6); x.Officer.On = civil.NewDate(2027, 1, 5) }, "or the reason for it"},
	} {
		x := bridgeOf(t)
		c.change(&x)
		if _, err := BridgeLetter(facts(t), x); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: BridgeLetter = %v, want a refusal with %q", name, err, c.want)
		}
	}
	x := bridgeOf(t)
	x.Until, x.Officer.On, x.Override = x.To.AddMonths(4), civil.NewDate(2026, 11, 2), "the next report is late because the firm changed"
	if l, err := BridgeLetter(facts(t), x); err != nil || !strings.Contains(text(l), "the firm changed") {
		t.Errorf("BridgeLetter(with a reason) = %v; want a letter that says it", err)
	}
}
