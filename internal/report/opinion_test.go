package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// decide takes over what the rule proposes, as a partner who agrees does.
func decide(t *testing.T, k Kind, f *Facts) {
	t.Helper()
	s, err := ScopeOf(k, *f)
	if err != nil {
		t.Fatal(err)
	}
	f.Examination.Elements = nil
	if s.OfAssertion {
		for _, p := range Propose(*f.Examination, Scope{TypeTwo: true, Matters: s.Matters}) {
			f.Examination.Elements = append(f.Examination.Elements, decided(p))
		}
	}
	for _, p := range Propose(*f.Examination, s) {
		if !s.OfAssertion || p.Opinion.Modified() {
			f.Examination.Elements = append(f.Examination.Elements, decided(p))
		}
	}
}

func decided(p Proposal) ElementOpinion {
	o := ElementOpinion{Element: p.Element, Opinion: p.Opinion, Affected: p.Affected, ScopeLimitation: p.ScopeLimitation, Pervasive: p.Pervasive, Judged: Judged{By: "Ruth Alder"}}
	if p.Opinion.Modified() {
		o.Basis = []string{"The matter, in the firm's words, on " + string(p.Element) + "."}
	}
	return o
}

// modifies are management's matters in step with a modified opinion.
func modifies(f *Facts) { f.Signed[0].Matters = "Access of leavers was not removed in time." }

// TestOpinions: each type of opinion is reached by what was found, in the words that each asks for, and its basis stands before it.
func TestOpinions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind  Kind
		found func(*Facts)
		says  []string
		never []string
	}{
		"unqualified with an exception": {"soc2-type2", func(*Facts) {},
			[]string{"In our opinion, in all material respects, the controls stated in the description operated effectively throughout the period", "12 of 1,173 items tested deviate."},
			[]string{"except for", "Basis for"}},
		"qualified operation": {"soc2-type2", func(f *Facts) {
			f.Examination.Controls[2].Operation, f.Examination.Controls[3].Operation = NotEffective, NotEffective
			f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "CC6.1", Element: Operation, Conclusion: Achieved, Reasons: []string{"multi-factor sign-in was enforced"}})
			modifies(f)
		}, []string{"Basis for qualified opinion on the operating effectiveness of controls", "CC6.2 is not achieved: no control that serves it is effective: IAM-02, IAM-04.",
			"As a result, controls did not operate effectively to achieve CC6.2.", "Qualified opinion",
			"In our opinion, except for the matter described in the basis for qualified opinion, in all material respects, the controls stated in the description operated effectively",
			"In our opinion, in all material respects, the controls stated in the description were suitably designed", "Access of leavers was not removed in time."}, []string{"did not operate effectively throughout", "is not modified"}},
		"qualified objective": {"soc1-type2", func(f *Facts) {
			f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "CM-1", Element: Operation, Conclusion: NotAchieved, Reasons: []string{"changes went live unapproved"}})
			modifies(f)
		}, []string{"CM-1 is not achieved: changes went live unapproved.", "Exception E1 of CHG-01: Twelve changes", "controls did not operate effectively to achieve CM-1."}, nil},
		"adverse design": {"isae3402-type1", func(f *Facts) {
			f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "LA-1", Element: Design, Conclusion: NotAchieved, Pervasive: true})
			modifies(f)
		}, []string{"Basis for adverse opinion on the suitability of the design of controls", "Adverse opinion",
			"the controls stated in the description were not suitably designed as of 30 June 2026", "In our opinion, in all material respects, the description fairly presents"}, []string{"operated effectively throughout"}},
		"adverse description": {"soc2-type1", func(f *Facts) {
			f.Examination.Matters[0] = MatterConclusion{ID: "DC 7", Element: TheDescription, Conclusion: NotAchieved, Pervasive: true, Reasons: []string{"it leaves out a subservice organization"}}
			modifies(f)
		}, []string{"the description does not present Harborline Payments", "DC 7 is not achieved: it leaves out a subservice organization."}, nil},
		"disclaimer of operation": {"dual-type2", func(f *Facts) {
			f.Examination.Limits = []Limit{{Element: Operation, Text: "the records of the first half year are lost", Pervasive: true}}
			modifies(f)
		}, []string{"Basis for disclaimer of opinion on the operating effectiveness of controls", " Disclaimer of opinion \n", "we do not express an opinion on whether the controls stated in the description operated effectively",
			"we could not determine whether controls operated effectively to achieve what the criteria ask for."}, []string{"evidence that we obtained is sufficient"}},
		"representations refused": {"soc2-type2", func(f *Facts) {
			f.Examination.Represented, f.Examination.RepresentationRefused = 0, "the chief executive declined to sign"
			modifies(f)
		}, []string{"we do not express an opinion on whether the description presents", "we do not express an opinion on whether the controls stated in the description were suitably designed", "we do not express an opinion on whether the controls stated in the description operated", "We were engaged to examine the description"}, []string{"We have examined"}},
		"SOC 3 modified": {"soc3", func(f *Facts) {
			f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved})
			modifies(f)
		}, []string{"Basis for qualified opinion on the assertion of management", "except for the matter described in the basis for qualified opinion, the assertion of management of Harborline, Inc."}, []string{"CHG-01", "items tested"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := examinedFacts(t, c.kind)
			c.found(&f)
			decide(t, c.kind, &f)
			f.Examination.Issued = true
			r := build(t, c.kind, f)
			got := text(r)
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("the report does not say %q:\n%s", want, got)
				}
			}
			for _, never := range c.never {
				if strings.Contains(got, never) {
					t.Errorf("the report says %q", never)
				}
			}
			basis, opinion := strings.Index(got, "Basis for "), strings.Index(got, " opinion \n")
			if r.Auditor.Opinion.Modified() && (basis < 0 || opinion >= 0 && basis > opinion) {
				t.Errorf("the basis does not stand before the opinion")
			}
		})
	}
}

// TestUnmodifiedAssertion: a modified opinion over an assertion that is not modified is said so in the letter, and stands open.
func TestUnmodifiedAssertion(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved})
	decide(t, "soc2-type2", &f)
	r := build(t, "soc2-type2", f)
	if got := strings.Join(opens(r), "\n"); !strings.Contains(got, "the assertion that management signed is not") {
		t.Errorf("open points are %s", got)
	}
	if got := text(r); !strings.Contains(got, "The assertion in section II is not modified by it.") {
		t.Error("the letter does not say that the assertion is not modified")
	}
	f.Examination.Unmodified = "Management does not agree with the conclusion."
	f.Examination.Issued = true
	if got := text(build(t, "soc2-type2", f)); !strings.Contains(got, "Management does not agree with the conclusion.") {
		t.Error("the letter does not say why the assertion stands as it is")
	}
}

// TestBuildRefusesExaminations: what contradicts itself is refused, draft or not.
func TestBuildRefusesExaminations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   Kind
		change func(*Facts)
		want   string
	}{
		"unqualified over a matter that is not achieved": {"soc2-type2", func(f *Facts) {
			f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved})
		}, "cannot be unqualified while CC6.2"},
		"unqualified over controls that all failed": {"soc1-type2", func(f *Facts) { f.Examination.Controls[5].Operation = NotEffective }, "cannot be unqualified while BR-1"},
		"an opinion on operation in a Type 1": {"soc2-type1", func(f *Facts) {
			f.Examination.Elements = append(f.Examination.Elements, ElementOpinion{Element: Operation, Opinion: Unqualified})
		}, "has no opinion on the operating effectiveness"},
		"a sample in a Type 1": {"soc1-type1", func(f *Facts) {
			f.Examination.Tests[0].Extent = Extent{Kind: Sampled, Tested: 5, Population: 50, Method: "random"}
		}, "a Type 1 tests no operation"},
		"a SOC 3 beside a modified SOC 2":    {"soc3", func(f *Facts) { f.Examination.Elements[2].Opinion = Qualified }, "a SOC 3 report needs the modified text"},
		"an anomaly":                         {"dual-type2", func(f *Facts) { f.Examination.Exceptions[0].Spread = "anomaly" }, "no deviation is set aside as an anomaly"},
		"a confidence with a whole test":     {"soc2-type2", func(f *Facts) { f.Examination.Tests[0].Notes = []string{"with 95 % confidence"} }, "names a confidence"},
		"a whole that is not":                {"soc2-type2", func(f *Facts) { f.Examination.Tests[0].Extent.Tested = 1203 }, "not the whole population"},
		"a selection without method":         {"soc2-type2", func(f *Facts) { f.Examination.Tests[2].Extent.Method = " " }, "without its method"},
		"more deviations than items":         {"soc2-type2", func(f *Facts) { f.Examination.Tests[2].Deviating = 26 }, "26 of 25 items deviate"},
		"an attribute beyond its test":       {"soc2-type2", func(f *Facts) { f.Examination.Tests[0].Attributes[0].Deviating = 13 }, "attribute A fails on 13"},
		"a test that did not run and counts": {"soc2-type2", func(f *Facts) { f.Examination.Tests[1].Deviating = 1 }, "was not run"},
		"no occurrence without a reason":     {"soc2-type2", func(f *Facts) { f.Examination.Tests[1].Why = "" }, "nothing says what shows"},
		"an unknown control":                 {"soc2-type2", func(f *Facts) { f.Examination.Tests[0].Control = "XYZ-1" }, "no control of this name"},
		"an unknown procedure":               {"soc2-type2", func(f *Facts) { f.Examination.Tests[0].Procedures[0].Kind = "guess" }, "is no procedure"},
		"an exception that counts too much":  {"soc2-type2", func(f *Facts) { f.Examination.Exceptions[0].Deviating = 1174 }, "1,174 of 1,173"},
		"two exceptions of one name": {"soc2-type2", func(f *Facts) {
			f.Examination.Exceptions = append(f.Examination.Exceptions, f.Examination.Exceptions[0])
		}, "no name of its own"},
		"two opinions on one element": {"soc2-type2", func(f *Facts) {
			f.Examination.Elements = append(f.Examination.Elements, f.Examination.Elements[0])
		}, "two opinions on the description"},
		"an event in the period":        {"soc2-type2", func(f *Facts) { f.Examination.Events = []Event{{On: EndOf(f.When), Text: "x"}} }, "does not lie after"},
		"an event after the report":     {"soc2-type2", func(f *Facts) { f.Examination.Events = []Event{{On: f.Examination.ReportDate + 1, Text: "x"}} }, "up to the report date"},
		"a revision without reason":     {"soc2-type2", func(f *Facts) { f.Examination.Revision = 1 }, "has no reason"},
		"a wording that drops a field":  {"soc2-type2", func(f *Facts) { f.Examination.Wording = Wording{"addressee": "To whom it may concern"} }, "drops the field {addressee}"},
		"a report before the standards": {"soc2-type2", func(f *Facts) { f.Examination.ReportDate = 10000 }, "no standard of the kind"},
		"an exception in a Type 1": {"soc2-type1", func(f *Facts) {
			f.Examination.Exceptions = []Exception{{ID: "E", Control: "CHG-01", Deviating: 1, Tested: 1, Spread: "isolated"}}
		}, "expected no exceptions"},
		"two conclusions on a control":  {"soc2-type2", func(f *Facts) { f.Examination.Controls = append(f.Examination.Controls, f.Examination.Controls[0]) }, "two conclusions on CHG-01"},
		"two conclusions on a matter":   {"soc2-type2", func(f *Facts) { f.Examination.Matters = append(f.Examination.Matters, f.Examination.Matters[0]) }, "two conclusions on The description"},
		"operation concluded in Type 1": {"soc2-type1", func(f *Facts) { f.Examination.Controls[0].Operation = Effective }, "concludes nothing on operation"},
		"a matter of operation, Type 1": {"soc2-type1", func(f *Facts) {
			f.Examination.Matters = []MatterConclusion{{ID: "CC6.2", Element: Operation, Conclusion: Achieved}}
		}, "concludes nothing on the operating"},
		"a conclusion that says nothing": {"soc2-type2", func(f *Facts) { f.Examination.Controls[0].Operation = "" }, "says nothing of its operation"},
		"a limit on what is not judged":  {"soc2-type1", func(f *Facts) { f.Examination.Limits = []Limit{{Element: Operation, Text: "x"}} }, "a limitation of scope"},
		"a matter that says nothing":     {"soc2-type2", func(f *Facts) { f.Examination.Matters[0].Conclusion = "good" }, "is no conclusion"},
		"an examination of a SoA":        {"iso27001", func(*Facts) {}, "not a report of a service auditor"},
		"an opinion that does not exist": {"soc2-type2", func(f *Facts) { f.Examination.Elements[0].Opinion = "clean" }, "is no opinion"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f Facts
			if c.kind == "iso27001" {
				f = soa(t)
				f.Examination = &Examination{}
			} else {
				f = examinedFacts(t, c.kind)
			}
			c.change(&f)
			if _, err := Build(c.kind, f); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Build = %v, want a refusal with %q", err, c.want)
			}
		})
	}
}

// TestGuards: each thing that is not done stands open, and keeps the report from being issued.
func TestGuards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Facts)
		want   string
	}{
		"no partner":                       {func(f *Facts) { f.Examination.Signs = f.Examination.Signs[1:] }, "sign-off: The engagement partner has not signed off."},
		"no quality reviewer":              {func(f *Facts) { f.Examination.Signs = f.Examination.Signs[:1] }, "sign-off: The quality reviewer has not signed off."},
		"one person twice":                 {func(f *Facts) { f.Examination.Signs[1].Name = "ruth alder" }, "expected two people"},
		"no representation letter":         {func(f *Facts) { f.Examination.Represented = 0 }, "representation: Management's representation letter is not there."},
		"another day's letter":             {func(f *Facts) { f.Examination.Represented-- }, "representation: Management's representation letter is dated 27 August 2026; expected the date of the report."},
		"representation refused":           {func(f *Facts) { f.Examination.RepresentationRefused = "no" }, "expected a disclaimer on every element"},
		"no assertion":                     {func(f *Facts) { f.Signed = nil }, "assertion: Management has not signed an assertion over this description."},
		"an assertion over something else": {func(f *Facts) { f.Signed[0].Covers = false }, "assertion: Management has not signed"},
		"an assertion after the report":    {func(f *Facts) { f.Signed[0].On = f.Examination.ReportDate + 1 }, "after the date of the report"},
		"an assertion before the end":      {func(f *Facts) { f.Signed[0].On = EndOf(f.When) }, "before all of which it speaks was over"},
		"no report date":                   {func(f *Facts) { f.Examination.ReportDate = 0 }, "date: The report has no date."},
		"a report date inside the period": {func(f *Facts) {
			f.Examination.ReportDate, f.Examination.Represented = EndOf(f.When), EndOf(f.When)
		}, "which is not after 30 June 2026"},
		"no city":                   {func(f *Facts) { f.Examination.Firm.City = "" }, "firm: The report lacks the city of the firm."},
		"no addressee":              {func(f *Facts) { f.Examination.Addressee = "" }, "firm: The report lacks the addressee."},
		"a control without a test":  {func(f *Facts) { f.Examination.Tests = f.Examination.Tests[1:] }, "test: CHG-01 has no test by the service auditor, and nothing says why."},
		"a criterion without test":  {func(f *Facts) { f.Examination.Tests = f.Examination.Tests[:7] }, "criterion: CC1.4 has no control that was tested"},
		"inquiry alone":             {func(f *Facts) { f.Examination.Tests[2].Procedures = f.Examination.Tests[2].Procedures[:1] }, "procedure: IAM-02: inquiry alone, or nothing, is no test."},
		"no response":               {func(f *Facts) { f.Examination.Exceptions[0].Response = " " }, "response: E1 of CHG-01: management's response is not recorded."},
		"a deviation not disclosed": {func(f *Facts) { f.Examination.Exceptions = nil }, "exception: CHG-01: 12 items deviate, and no exception tells of it."},
		"no opinion on design":      {func(f *Facts) { f.Examination.Elements = append(f.Examination.Elements[:1], f.Examination.Elements[2]) }, "opinion: Nobody has decided the opinion on the suitability of the design of controls; the conclusions ask for: unqualified."},
		"nobody decided":            {func(f *Facts) { f.Examination.Elements[1].By = "" }, "names nobody who decided it"},
		"modified without basis":    {func(f *Facts) { f.Examination.Elements[1].Opinion = Qualified }, "is qualified and gives no basis"},
		"milder than the rule": {func(f *Facts) {
			f.Examination.Matters = append(f.Examination.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved, Pervasive: true})
			f.Examination.Elements[2] = ElementOpinion{Element: Operation, Opinion: Qualified, Basis: []string{"x"}, Judged: Judged{By: "Ruth Alder"}}
		}, "is qualified where the conclusions ask for adverse, and gives no rationale"},
		"a conclusion that is missing": {func(f *Facts) { f.Examination.Controls = f.Examination.Controls[:7] }, "conclusion: Before the opinion on the suitability of the design of controls: CC1.4"},
		"figures that disagree":        {func(f *Facts) { f.Examination.Exceptions[0].Deviating = 3 }, "exception: CHG-01: 12 of 1,173 items tested deviate, and its exceptions tell of 3 of 1,173."},
		"an exception of nothing":      {func(f *Facts) { f.Examination.Tests[0].Deviating, f.Examination.Tests[0].Attributes = 0, nil }, "exception: E1 of CHG-01 tells of deviations, and no test found any."},
		"concluded beyond the test":    {func(f *Facts) { f.Examination.Controls[1].Operation = Effective }, "conclusion: CHG-03: its operation is concluded upon, and no test of it was run."},
		"nothing to do, and tested":    {func(f *Facts) { f.Examination.Controls[2].Operation = NoneOccurred }, "conclusion: IAM-02: it is concluded that it had nothing to do"},
		"nobody concluded on one":      {func(f *Facts) { f.Examination.Controls = f.Examination.Controls[1:] }, "conclusion: CHG-01: nobody has concluded on it."},
		"words still to be written":    {func(f *Facts) { f.Examination.Emphasis = []string{" [say more]"} }, "words: A text of the report is still to be written:  [say more]"},
		"early evidence": {func(f *Facts) {
			f.Examination.Tests[0].Reservations = []Reservation{{Text: "The population was offered before the period was over."}}
		}, "evidence: CHG-01: The population was offered before the period was over. It supports no conclusion without the auditor's reason."},
		"an unfinished description":          {func(f *Facts) { f.About.NoIncidents = "" }, "description: The description is incomplete in 1 part: DC 4."},
		"an included vendor without its own": {func(f *Facts) { f.About.Subservice[0].Method = "inclusive" }, "assertion: Nimbus Hosting is included and has given no assertion of its own."},
		"an included vendor's letter": {func(f *Facts) {
			f.About.Subservice[0].Method = "inclusive"
			f.Examination.Inclusive = []InclusiveParty{{Name: "Nimbus Hosting", Asserted: f.Examination.ReportDate}}
		}, "representation: Nimbus Hosting is included, and its representation letter is not dated as the report."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := examinedFacts(t, "soc2-type2")
			c.change(&f)
			r := build(t, "soc2-type2", f)
			if got := strings.Join(opens(r), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("open points are:\n%s\nwant %q", got, c.want)
			}
			if err := r.Issuable(); !errors.Is(err, fault.Refused) {
				t.Errorf("Issuable() = %v, want a refusal", err)
			}
			if strings.Contains(text(r), "Basis for no opinion") {
				t.Error("an opinion that is not decided has a basis")
			}
			f.Examination.Issued = true
			if got, err := Build("soc2-type2", f); !errors.Is(err, fault.Refused) || got != nil {
				t.Errorf("Build(issued) = %v, %v; want a refusal and no report", got, err)
			}
		})
	}
}

// TestSaysWhatWasDone: what a reader of an issued report must find, and what none may hold.
func TestSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	e := f.Examination
	e.Tests[0].Reservations = []Reservation{{Text: "The list was offered before the period was over.", Reason: "a second list after its end holds the same."}}
	e.Emphasis = []string{"The company opened a second region in October 2025."}
	e.Events = []Event{{On: e.ReportDate - 3, Text: "A new data centre was announced."}}
	e.Firm.Independence = "The key with which the firm seals lies on a host that the client administers."
	e.Revision, e.RevisionReason = 1, "The first one left out a subservice organization."
	f.About.Subservice[0].Method = "inclusive"
	e.Inclusive = []InclusiveParty{{Name: "Nimbus Hosting", Asserted: e.ReportDate, AssertedBy: "Lee Ash, COO", Represented: e.ReportDate}}
	e.Issued = true
	r := build(t, "soc2-type2", f)
	got := text(r)
	for _, want := range []string{
		"Independent service auditor's report", "To the management of Harborline, Inc.", "This report replaces the one issued before it.", "left out a subservice organization",
		"Did not occur in the period: the operation of this control was not tested. The deploy tool counts no bypass in the period.", "What these controls respond to did not occur in the period, so that their operation was not tested: CHG-03.",
		"A selection, 25 of 46 items, by simple random selection", "The whole population, 1,204 items; of these 31 did not need the control", "Reperformance",
		"not relied upon, because it was not in the description. It falls short: Training does not stop a deployment.",
		"(Not examined.)", "It was not examined, and the service auditor's opinion does not cover it.", "The rule will cover configuration by the end of the year.",
		"The list was offered before the period was over. The conclusion rests on it nevertheless: a second list after its end holds the same.", "Emphasis of matter", "A new data centre was announced.", "A condition that is new", "lies on a host that the client administers", "both are covered by the examination and by an assertion of its own.",
		"Nimbus Hosting, whose part of the system is included, gave an assertion of its own on 28 August 2026, signed by Lee Ash, COO.",
		"\nAlder & Finch LLP\nRI CPA 4471\nProvidence, Rhode Island\n28 August 2026\n", "what users are asked to do besides. It is good practice",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	for _, never := range []string{"DRAFT", "[", "Management's own tests", "To be written", "Still to be", "confidence", "compliant", "certified", "blocked"} {
		if strings.Contains(got, never) {
			t.Errorf("an issued report says %q", never)
		}
	}
	if at := strings.Index(got, "GOV-05 Security"); at < 0 || strings.Index(got, "CHG-01 Changes reviewed, tested, approved \n") < at {
		t.Error("controls do not stand in the order of the criteria")
	}
}

// TestObjectivesInOrder: section IV of a report on objectives goes from objective to control to test to result.
func TestObjectivesInOrder(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc1-type2")
	f.Controls[1].Objectives = append(f.Controls[1].Objectives, "BR-1") // CHG-03 serves two
	r := build(t, "soc1-type2", f)
	got := text(r)
	at := -1
	for _, want := range []string{"LA-1 Logical access", "IAM-02 Leaver access removed", "Procedures of test IAM-02", "No deviation found in 25 items", "CM-1 Change management", "CHG-01 Changes", "12 of 1,173 items tested deviate", "BR-1 ",
		"Controls that serve this objective too, and stand under an earlier one: CHG-03."} {
		i := strings.Index(got[max(at, 0):], want)
		if i < 0 {
			t.Fatalf("%q does not follow in its place", want)
		}
		at = max(at, 0) + i
	}
	for _, never := range []string{"VUL-03", "GOV-05 Security", "trust services", "DC 1"} {
		if strings.Contains(got, never) {
			t.Errorf("a report on objectives says %q", never)
		}
	}
}

// TestTypeOneSaysNothingOfOperation: no test, no result, and no opinion on it.
func TestTypeOneSaysNothingOfOperation(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{"soc1-type1", "soc2-type1", "isae3402-type1", "dual-type1"} {
		f := examinedFacts(t, k)
		f.Examination.Issued = true
		got := text(build(t, k, f))
		if !strings.Contains(got, "We did not test the operating effectiveness of any control, and express no opinion on it.") {
			t.Errorf("%s does not say that operation was not tested", k)
		}
		for _, never := range []string{"operated effectively throughout", "items tested", "section IV says how", "throughout the period", "Significant changes"} {
			if strings.Contains(got, never) {
				t.Errorf("%s says %q", k, never)
			}
		}
	}
}

// TestFamilies: what each family of standards asks for stands in its letter, and in no other's.
func TestFamilies(t *testing.T) {
	t.Parallel()
	words := map[string][]Kind{
		"IESBA":                              {"isae3402-type1", "isae3402-type2", "dual-type1", "dual-type2"},
		"AICPA":                              {"soc1-type1", "soc1-type2", "soc2-type1", "soc2-type2", "soc3", "dual-type1", "dual-type2"},
		"assurance engagement":               {"isae3402-type1", "isae3402-type2", "dual-type1", "dual-type2"},
		"Restricted use":                     {"soc1-type1", "soc1-type2", "soc2-type1", "soc2-type2", "dual-type1", "dual-type2"},
		"is intended for users":              {"isae3402-type1", "isae3402-type2", "dual-type1", "dual-type2"},
		"Statement of management":            {"isae3402-type1", "isae3402-type2"},
		"competence and the authority":       {"soc1-type2", "isae3402-type2", "dual-type2"},
		"trust services criteria":            {"soc2-type1", "soc2-type2", "soc3"},
		"No deviation was set aside as an a": {"dual-type1", "dual-type2"},
		"Procedures of test":                 {"soc1-type2", "soc2-type2", "isae3402-type2", "dual-type2"},
		"Complementary user entity":          {"soc1-type1", "soc1-type2", "soc2-type1", "soc2-type2", "isae3402-type1", "isae3402-type2", "dual-type1", "dual-type2"},
	}
	for _, k := range audited(t) {
		f := examinedFacts(t, k)
		f.Examination.Issued = true
		got := text(build(t, k, f))
		for w, kinds := range words {
			want := false
			for _, x := range kinds {
				want = want || x == k
			}
			if has := strings.Contains(got, w); has != want {
				t.Errorf("%s says %q: %t, want %t", k, w, has, want)
			}
		}
	}
}

// TestAssertionFirst: the order of the first two sections is a house style; what refers to them follows.
func TestAssertionFirst(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	f.AssertionFirst, f.Examination.Issued = true, true
	r := build(t, "soc2-type2", f)
	if r.Sections[0].Title != "Assertion of management" || r.Sections[0].Number != "I" || !strings.Contains(text(r), "for the assertion in section I.") {
		t.Errorf("sections begin with %s %s", r.Sections[0].Number, r.Sections[0].Title)
	}
	if again := build(t, "soc2-type2", examinedFacts(t, "soc2-type2")); again.Sections[0].Title != "Independent service auditor's report" {
		t.Errorf("the order stayed behind: %s", again.Sections[0].Title)
	}
	a, err := AssertionOf("soc2-type2", f)
	if err != nil || a.Number != "I" {
		t.Errorf("AssertionOf = section %s, %v; want I", a.Number, err)
	}
}

// TestFingerprintWithoutExamination: what management signs does not change with what the auditor concludes.
func TestFingerprintWithoutExamination(t *testing.T) {
	t.Parallel()
	f := examinedFacts(t, "soc2-type2")
	with, err := Fingerprint("soc2-type2", f)
	if err != nil {
		t.Fatal(err)
	}
	f.Examination = nil
	if without, err := Fingerprint("soc2-type2", f); err != nil || with != without {
		t.Errorf("Fingerprint = %s with an examination, %s without, %v", with, without, err)
	}
}

// TestIssueRefuses: a draft of management's is never issued, and a report whose text is unfinished neither.
func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	if _, err := Issue(build(t, "soc2-type2", facts(t))); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "No service auditor has examined it.") {
		t.Errorf("Issue(draft of management's) = %v", err)
	}
	for name, plant := range map[string]Block{
		`says "["`:     {Paragraph: Runs{say("[to be written]")}},
		`says "DRAFT"`: {Paragraph: Runs{say("This is a DRAFT.")}},
		"still to be":  {Note: &Note{Tone: Owed, Title: "x", Text: Runs{say("y")}}},
	} {
		r := build(t, "soc2-type2", examinedFacts(t, "soc2-type2"))
		add(r, plant)
		if _, err := Issue(r); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), name) {
			t.Errorf("Issue = %v, want a refusal with %q", err, name)
		}
		if r.Draft != true || r.Sections[0].Draft != true {
			t.Error("a refused issue changed the draft")
		}
	}
}
