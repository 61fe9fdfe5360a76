package advise_test

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/advise"
)

const (
	saas    = "financial_statements: no; customer_data: yes; asked_by: [security]; countries: [US]; months_operated: 8; "
	payroll = "financial_statements: yes; customer_data: no; asked_by: [auditors]; months_operated: 8; "
	both    = "financial_statements: yes; customer_data: yes; asked_by: [auditors, security]; countries: [US]; months_operated: 8; "
)

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answers, reports, categories string
		clash                              string // a part of the only contradiction
	}{
		{"nothing answered", "", "", "", ""},
		{"software for customers", saas, "soc2-type2 now", "security", ""},
		{"typical young software", "financial_statements: no; customer_data: yes; asked_by: [security, procurement]; countries: [US]; stage: seed; months_operated: 1; promises: [uptime]; contract_words: []",
			"soc2-type1 now, soc2-type2 next", "security,availability", ""},
		{"young, age of controls unknown", "customer_data: yes; asked_by: [security]; stage: seed", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"growing, age of controls unknown", "customer_data: yes; asked_by: [security]; stage: growth", "soc2-type2 now", "security", ""},
		{"young, controls old enough", saas + "stage: seed", "soc2-type2 now", "security", ""},
		{"large and supervised", "financial_statements: no; customer_data: yes; asked_by: [security, procurement]; countries: [US]; stage: enterprise; regulated: yes; months_operated: 14; promises: [uptime, nda_data]",
			"soc2-type2 now", "security,availability,confidentiality", ""},
		{"large, with young controls", "customer_data: yes; asked_by: [security]; stage: enterprise; months_operated: 2", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"payroll in the United States", payroll + "countries: [US]", "soc1-type2 now", "", ""},
		{"payroll in the United States and Germany", payroll + "countries: [US, DE]; industry: payroll", "dual-type2 now", "", ""},
		{"payroll in Germany", payroll + "countries: [DE]", "isae3402-type2 now", "", ""},
		{"payroll in India", payroll + "countries: [IN]", "isae3402-type2 now", "", ""},
		{"contract names SOC 1, customers abroad", payroll + "countries: [DE]; contract_words: [SOC 1]", "dual-type2 now", "", ""},
		{"contract names ISAE 3402, customers at home", payroll + "countries: [US]; contract_words: [ISAE 3402]", "dual-type2 now", "", ""},
		{"payroll with young controls", "financial_statements: yes; customer_data: no; asked_by: [finance]; countries: [US]; months_operated: 0", "soc1-type1 now, soc1-type2 next", "", ""},
		{"financial technology, two groups of readers", both + "industry: fintech; promises: [processing]", "soc1-type2 now, soc2-type2 now", "security,processing_integrity", ""},
		{"both would fit, only auditors ask", "financial_statements: yes; customer_data: yes; asked_by: [auditors]; countries: [US]; months_operated: 8", "soc1-type2 now", "", ""},
		{"both would fit, only security asks", "financial_statements: yes; customer_data: yes; asked_by: [security]; countries: [US]; months_operated: 8", "soc2-type2 now", "security", ""},
		{"both would fit, the contract speaks for the auditors", "financial_statements: yes; customer_data: yes; asked_by: [security]; contract_words: [SSAE 18]; countries: [US]; months_operated: 8",
			"soc1-type2 now, soc2-type2 now", "security", ""},
		{"both would fit, who asks is open", "financial_statements: yes; customer_data: yes; months_operated: 8", "soc1-type2 now", "", ""},
		{"both, with young controls", "financial_statements: yes; customer_data: yes; asked_by: [finance, procurement]; countries: [US, IN]; months_operated: 1",
			"dual-type1 now, soc2-type1 now, dual-type2 next, soc2-type2 next", "security", ""},
		{"board only", "asked_by: [board]", "soc-cybersecurity now", "", ""},
		{"board and security", "customer_data: yes; asked_by: [board, security]; months_operated: 8", "soc2-type2 now, soc-cybersecurity next", "security", ""},
		{"nobody", "financial_statements: yes; customer_data: yes; asked_by: [nobody]", "", "", ""},
		{"nobody, as an empty list", "customer_data: yes; asked_by: []", "", "", ""},
		{"nobody, but a contract", "customer_data: yes; asked_by: [nobody]; contract_words: [SOC 2]; months_operated: 8", "soc2-type2 now", "security", "nobody, but contracts say SOC 2"},
		{"nobody, but many questionnaires", "customer_data: yes; asked_by: [nobody]; questionnaires: 40; months_operated: 8", "soc2-type2 now", "security", "40 questionnaires"},
		{"nobody, but questionnaires enough", "customer_data: yes; asked_by: [nobody]; questionnaires: 5; months_operated: 8", "soc2-type2 now", "security", "5 questionnaires"},
		{"nobody, but a few questionnaires", "customer_data: yes; asked_by: [nobody]; questionnaires: 2", "", "", "2 questionnaires"},
		{"nobody, but a day", "customer_data: yes; asked_by: [nobody]; need_by: 2027-06-01", "", "", "a day is set"},
		{"nobody and somebody", "customer_data: yes; asked_by: [nobody, security]; months_operated: 8", "soc2-type2 now", "security", "nobody and security"},
		{"nobody, no day", "customer_data: yes; asked_by: [nobody]; need_by: none", "", "", ""},
		{"the day is too near", "customer_data: yes; asked_by: [security]; months_operated: 2; need_by: 2027-02-01", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"the day is too near for an audit over past months", "customer_data: yes; asked_by: [security]; months_operated: 12; need_by: 2027-01-15", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"the day is far enough for an audit over past months", "customer_data: yes; asked_by: [security]; months_operated: 12; need_by: 2027-02-28", "soc2-type2 now", "security", ""},
		{"an audit over past months just fits", "customer_data: yes; asked_by: [security]; months_operated: 3; need_by: 2027-02-04", "soc2-type2 now", "security", ""},
		{"an audit over past months is one day short", "customer_data: yes; asked_by: [security]; months_operated: 3; need_by: 2027-02-03", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"the day is one too near", "customer_data: yes; asked_by: [security]; need_by: 2027-04-08", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"the day just fits three months and six weeks", "customer_data: yes; asked_by: [security]; need_by: 2027-04-09", "soc2-type2 now", "security", ""},
		{"the day has passed", saas + "need_by: 2026-11-25", "soc2-type2 now", "security", "before today"},
		{"the day is today", saas + "need_by: 2026-11-26", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"customers take an interim paper", saas + "proof: design", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"customers want operation, controls are new", "customer_data: yes; asked_by: [security]; months_operated: 0; proof: operation", "soc2-type2 now", "security", ""},
		{"a round is being raised", "customer_data: yes; asked_by: [security]; months_operated: 4; funding: raising", "soc2-type1 now, soc2-type2 next", "security", ""},
		{"a round is being raised, controls are old", saas + "funding: raising", "soc2-type2 now", "security", ""},
		{"tender in Europe", "customer_data: yes; asked_by: [procurement]; contract_words: [ISO 27001]; countries: [DE]", "iso27001 now", "", ""},
		{"tender in Europe without words", "customer_data: yes; asked_by: [procurement]; countries: [DE, NO]", "iso27001 now", "", ""},
		{"tender in Europe, and security asks", "customer_data: yes; asked_by: [security, procurement]; contract_words: [ISO 27001]; countries: [DE]; months_operated: 1", "iso27001 now, soc2-type2 next", "security", ""},
		{"tender in Europe, and a paper for the public", "customer_data: yes; asked_by: [procurement, public]; contract_words: [ISO 27001]; countries: [DE]", "iso27001 now, soc2-type2 next, soc3 with soc2-type2", "security", ""},
		{"tender names ISO, customers in the United States too", "customer_data: yes; asked_by: [procurement]; contract_words: [ISO 27001]; countries: [DE, US]; months_operated: 8", "iso27001 now, soc2-type2 now", "security", ""},
		{"security asks in Europe", "customer_data: yes; asked_by: [security]; countries: [FR]; months_operated: 8", "soc2-type2 now", "security", ""},
		{"both named", "customer_data: yes; asked_by: [procurement]; contract_words: [ISO/IEC 27001, SOC 2]; countries: [DE, US]; months_operated: 8", "iso27001 now, soc2-type2 now", "security", ""},
		{"managed system only, no data", "customer_data: no; contract_words: [ISO 27001]", "iso27001 now", "", ""},
		{"paper for the public", saas + "public_proof: yes", "soc2-type2 now, soc3 with soc2-type2", "security", ""},
		{"only the public asks", "customer_data: yes; asked_by: [public]; months_operated: 8", "soc2-type2 now, soc3 with soc2-type2", "security", ""},
		{"paper for the public, young controls", "customer_data: yes; asked_by: [security, public]; months_operated: 1", "soc2-type1 now, soc2-type2 next, soc3 with soc2-type2", "security", ""},
		{"paper for the public, on design only", saas + "public_proof: yes; proof: design", "soc2-type1 now, soc2-type2 next, soc3 with soc2-type2", "security", "drawn from a Type 2"},
		{"paper for the public too soon", saas + "public_proof: yes; need_by: 2026-12-31", "soc2-type1 now, soc2-type2 next, soc3 with soc2-type2", "security", "comes with the Type 2"},
		{"SOC 3 without ground for a SOC 2", "customer_data: no; asked_by: [public]; contract_words: [SOC 3]", "", "", "rests on a SOC 2 Type 2"},
		{"contract says SOC 1 without effect", saas + "contract_words: [SOC 1]", "soc2-type2 now", "security", "Contracts say SOC 1"},
		{"contract says SOC 2 without data", "customer_data: no; contract_words: [SOC 2]", "", "", "Contracts say SOC 2"},
		{"auditors ask without effect", "financial_statements: no; customer_data: yes; asked_by: [auditors]", "", "", "asked_by names auditors"},
		{"payroll without effect", saas + "industry: payroll", "soc2-type2 now", "security", "industry is payroll"},
		{"promises about data that are not held", payroll + "countries: [US]; promises: [personal_data]", "soc1-type2 now", "", "promises names personal_data"},
		{"negative months", "customer_data: yes; asked_by: [security]; months_operated: -3; stage: growth", "soc2-type2 now", "security", "months_operated is -3"},
		{"the contract names Type 2, design will do", saas + "contract_words: [Type 2, SOC 2]; proof: design", "soc2-type1 now, soc2-type2 next", "security", "proof is design"},
		{"the contract names Type 1, operation is expected", saas + "contract_words: [Type 1, SOC 2]; proof: operation", "soc2-type1 now, soc2-type2 next", "security", "proof is operation"},
		{"privacy without promises", saas + "industry: hr_platform; promises: [nda_data]", "soc2-type2 now", "security,confidentiality", ""},
		{"privacy promised", saas + "promises: [personal_data]", "soc2-type2 now", "security,privacy", ""},
		{"everything promised", saas + "promises: [personal_data, nda_data, processing, uptime]", "soc2-type2 now", "security,availability,processing_integrity,confidentiality,privacy", ""},
		{"industry alone points to books", "industry: payroll; months_operated: 8", "soc1-type2 now", "", ""},
		{"a contract alone points to books", "contract_words: [SOC 1]; months_operated: 8", "soc1-type2 now", "", ""},
		{"customers' data alone", "customer_data: yes; months_operated: 8", "soc2-type2 now", "security", ""},
		{"security alone", "asked_by: [security]; months_operated: 8", "soc2-type2 now", "security", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := advice(t, c.answers)
			if o := outline(got); o != c.reports {
				t.Errorf("reports = %q, want %q", o, c.reports)
			}
			if k := strings.Join(got.Categories, ","); k != c.categories {
				t.Errorf("categories = %q, want %q", k, c.categories)
			}
			clashes := strings.Join(got.Contradictions, "|")
			if c.clash == "" && clashes != "" || len(got.Contradictions) > 1 || !strings.Contains(clashes, c.clash) {
				t.Errorf("contradictions = %q, want one with %q", clashes, c.clash)
			}
			sound(t, got)
		})
	}
}

// sound holds for every piece of advice.
func sound(t testing.TB, a advise.Advice) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range a.Reports {
		if len(r.Why) == 0 || len(r.Against) == 0 {
			t.Errorf("%s has %d reasons and %d counter-arguments, want some of both", r.Report, len(r.Why), len(r.Against))
		}
		if seen[r.Report] {
			t.Errorf("%s is recommended twice", r.Report)
		}
		seen[r.Report] = true
		if _, ok := a.Init(r.Report); ok == r.Outside {
			t.Errorf("%s has arguments for init: %v, want %v", r.Report, ok, !r.Outside)
		}
	}
	for _, r := range a.Not {
		if seen[r.Report] {
			t.Errorf("%s is recommended and rejected", r.Report)
		}
		seen[r.Report] = true
	}
	if seen["soc3"] && outline(a) != "" && strings.Contains(outline(a), "soc3") && !strings.Contains(outline(a), "soc2-type2") {
		t.Error("a SOC 3 without a SOC 2 Type 2")
	}
	for _, s := range a.Timeline {
		if s.To < s.From {
			t.Errorf("step %s ends on %s before it begins on %s", s.Step, s.To, s.From)
		}
		if s.From < a.Today && s.Step != "Period of the report" {
			t.Errorf("step %s begins on %s, before today", s.Step, s.From)
		}
	}
	for _, c := range a.Cost {
		for _, f := range c.Figures {
			if f.Low < c.Low || f.High > c.High || f.Source == "" {
				t.Errorf("%s: figure %d to %d of %q outside its range %d to %d", c.Report, f.Low, f.High, f.Source, c.Low, c.High)
			}
		}
	}
}

// TestEveryInputCounts: for each input of the handbook there is a case in which it alone changes the advice, beyond
// being quoted in a reason.
func TestEveryInputCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ input, base, one, other string }{
		{"financial_statements", "asked_by: [auditors]; months_operated: 8; ", "yes", "no"},
		{"customer_data", "asked_by: [security]; months_operated: 8; ", "yes", "no"},
		{"asked_by", "customer_data: yes; months_operated: 8; ", "[security]", "[nobody]"},
		{"contract_words", "customer_data: yes; months_operated: 8; ", "[ISO 27001]", "[SOC 2]"},
		{"countries", payroll, "[US]", "[DE]"},
		{"need_by", saas, "2027-01-15", "2027-12-31"},
		{"months_operated", "customer_data: yes; asked_by: [security]; ", "1", "12"},
		{"stage", "customer_data: yes; asked_by: [security]; ", "seed", "growth"},
		{"stage", saas, "enterprise", "growth"},
		{"funding", "customer_data: yes; asked_by: [security]; months_operated: 4; ", "raising", "funded"},
		{"funding", both, "own", "funded"},
		{"promises", saas, "[uptime]", "[personal_data]"},
		{"regulated", saas, "yes", "no"},
		{"public_proof", saas, "yes", "no"},
		{"subservice", saas, "carve_out", "none"},
		{"subservice", saas, "inclusive", "carve_out"},
		{"questionnaires", "customer_data: yes; asked_by: []; ", "0", "30"},
		{"industry", "months_operated: 8; ", "payroll", "saas"},
		{"proof", saas, "design", "operation"},
		{"today", "customer_data: yes; asked_by: [security]; need_by: 2027-06-30; ", "2026-11-26", "2027-05-01"},
	} {
		one, other := advice(t, c.base+c.input+": "+c.one), advice(t, c.base+c.input+": "+c.other)
		if substance(one) == substance(other) {
			t.Errorf("%s: %s or %s gives the same advice:\n%s", c.input, c.one, c.other, substance(one))
		}
	}
}

// substance is what the advice says, without the answers that it quotes.
func substance(a advise.Advice) string {
	var s strings.Builder
	for _, r := range a.Reports {
		s.WriteString(r.Report + " " + r.When + "\n")
		for _, why := range append(r.Why, r.Against...) {
			s.WriteString(why.Says + "\n")
		}
	}
	s.WriteString(strings.Join(a.Categories, ",") + "\n" + strings.Join(a.Contradictions, "\n"))
	return s.String()
}

func TestAdviseNeedsTheDay(t *testing.T) {
	t.Parallel()
	if _, err := book(t).Advise(advise.Answers{}); err == nil || !strings.Contains(err.Error(), "today: YYYY-MM-DD") {
		t.Errorf("Advise without a day = %v, want a refusal that asks for it", err)
	}
}

func TestReasonsNameRuleAndAnswer(t *testing.T) {
	t.Parallel()
	a := advice(t, both)
	want := "(financial_statements: yes) [R1]"
	if got := a.Reports[0].Why[0].String(); !strings.HasSuffix(got, want) {
		t.Errorf("reason = %q, want it to end with %q", got, want)
	}
}
