package advise_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/scope"
)

// steps prints the plan: "soc2-type2 Fieldwork 2027-06-01..2027-07-12", with "!" where it does not fit.
func steps(a advise.Advice) []string {
	var out []string
	for _, s := range a.Timeline {
		fits := ""
		if !s.Fits {
			fits = " !"
		}
		out = append(out, fmt.Sprintf("%s %s %s..%s%s", strings.Join(s.Reports, "+"), s.Step, s.From, s.To, fits))
	}
	return out
}

func TestPlans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answers string
		want          []string
	}{
		{"on from today, controls of eight months", saas, []string{
			"soc2-type2 Period of the report 2026-06-01..2026-11-30",
			"soc2-type2 Readiness check 2026-11-26..2026-11-30",
			"soc2-type2 Engage the auditor 2026-11-26..2026-11-30",
			"soc2-type2 Fieldwork 2026-12-01..2027-01-11",
			"soc2-type2 Reporting 2027-01-12..2027-02-08",
			"soc2-type2 Report in hand 2026-12-28..2027-02-08",
		}},
		{"on from today, controls unknown", "customer_data: yes; asked_by: [security]", []string{
			"soc2-type2 Preparation 2026-11-26..2027-02-28",
			"soc2-type2 Period of the report 2027-03-01..2027-08-31",
			"soc2-type2 Engage the auditor 2027-05-09..2027-08-31",
			"soc2-type2 Fieldwork 2027-09-01..2027-10-12",
			"soc2-type2 Reporting 2027-10-13..2027-11-09",
			"soc2-type2 Report in hand 2027-09-28..2027-11-09",
		}},
		{"back from a day that leaves all the time", "customer_data: yes; asked_by: [security]; need_by: 2028-01-31", []string{
			"soc2-type2 Preparation 2026-11-26..2027-04-30",
			"soc2-type2 Period of the report 2027-05-01..2027-10-31",
			"soc2-type2 Engage the auditor 2027-07-31..2027-10-31",
			"soc2-type2 Fieldwork 2027-11-01..2028-01-03",
			"soc2-type2 Reporting 2028-01-04..2028-01-31",
			"soc2-type2 Report in hand 2027-11-28..2028-01-31",
		}},
		{"Type 1 by the day, Type 2 without a gap", "customer_data: yes; asked_by: [security]; months_operated: 1; need_by: 2027-02-15", []string{
			"soc2-type1 Engage the auditor 2026-11-26..2026-12-15",
			"soc2-type1 Preparation 2026-11-26..2026-12-31 !",
			"soc2-type1 Date of the report 2026-12-31..2026-12-31",
			"soc2-type1 Fieldwork 2027-01-01..2027-01-26",
			"soc2-type1 Reporting 2027-01-27..2027-02-15",
			"soc2-type1 Report in hand 2027-01-28..2027-02-15",
			"soc2-type2 Period of the report 2027-01-01..2027-06-30",
			"soc2-type2 Engage the auditor 2027-03-08..2027-06-30",
			"soc2-type2 Fieldwork 2027-07-01..2027-08-11",
			"soc2-type2 Reporting 2027-08-12..2027-09-08",
			"soc2-type2 Report in hand 2027-07-28..2027-09-08",
		}},
		{"a day that nothing can meet", "customer_data: yes; asked_by: [security]; months_operated: 1; need_by: 2026-12-10", []string{
			"soc2-type1 Preparation 2026-11-26..2026-11-26 !",
			"soc2-type1 Date of the report 2026-11-26..2026-11-26",
			"soc2-type1 Engage the auditor 2026-11-26..2026-11-26",
			"soc2-type1 Fieldwork 2026-11-27..2027-01-07",
			"soc2-type1 Reporting 2027-01-08..2027-02-04",
			"soc2-type1 Report in hand 2026-12-24..2027-02-04 !",
			"soc2-type2 Period of the report 2026-11-27..2027-05-26",
			"soc2-type2 Engage the auditor 2027-02-04..2027-05-26",
			"soc2-type2 Fieldwork 2027-05-27..2027-07-07",
			"soc2-type2 Reporting 2027-07-08..2027-08-04",
			"soc2-type2 Report in hand 2027-06-23..2027-08-04",
		}},
		{"three months and six weeks from today", "customer_data: yes; asked_by: [security]; need_by: 2027-04-09", []string{
			"soc2-type2 Preparation 2026-11-26..2026-11-26 !",
			"soc2-type2 Engage the auditor 2026-11-26..2027-02-09",
			"soc2-type2 Period of the report 2026-11-27..2027-02-26",
			"soc2-type2 Fieldwork 2027-02-27..2027-03-22",
			"soc2-type2 Reporting 2027-03-23..2027-04-09",
			"soc2-type2 Report in hand 2027-03-26..2027-04-09",
		}},
		{"a tender, and SOC 2 after it", "customer_data: yes; asked_by: [security, procurement]; contract_words: [ISO 27001]; countries: [DE]; months_operated: 6", []string{
			"iso27001 Readiness check 2026-11-26..2026-11-26",
			"iso27001 Stage 1 and stage 2 audits 2026-11-27..2027-05-27",
			"iso27001 Certificate in hand 2027-01-27..2027-05-27",
			"soc2-type2 Period of the report 2027-05-28..2027-11-27",
			"soc2-type2 Engage the auditor 2027-08-05..2027-11-27",
			"soc2-type2 Fieldwork 2027-11-28..2028-01-08",
			"soc2-type2 Reporting 2028-01-09..2028-02-05",
			"soc2-type2 Report in hand 2027-12-25..2028-02-05",
		}},
		{"on from today, controls of three months", "customer_data: yes; asked_by: [security]; months_operated: 3", []string{
			"soc2-type2 Period of the report 2026-09-01..2027-02-28",
			"soc2-type2 Engage the auditor 2026-11-26..2027-02-28",
			"soc2-type2 Preparation 2026-11-28..2027-02-28",
			"soc2-type2 Fieldwork 2027-03-01..2027-04-11",
			"soc2-type2 Reporting 2027-04-12..2027-05-09",
			"soc2-type2 Report in hand 2027-03-28..2027-05-09",
		}},
		{"a public paper goes with the Type 2, not with the certificate", "customer_data: yes; asked_by: [security, public]; contract_words: [ISO 27001, SOC 2]; countries: [US]; months_operated: 2; need_by: 2027-06-30", []string{
			"soc2-type1 Preparation 2026-11-30..2027-03-31",
			"soc2-type1 Engage the auditor 2026-12-30..2027-03-31",
			"soc2-type1 Date of the report 2027-03-31..2027-03-31",
			"soc2-type1 Fieldwork 2027-04-01..2027-06-02",
			"soc2-type1 Reporting 2027-06-03..2027-06-30",
			"soc2-type1 Report in hand 2027-04-28..2027-06-30",
			"iso27001 Preparation 2026-11-26..2026-12-29",
			"iso27001 Stage 1 and stage 2 audits 2026-12-30..2027-06-30",
			"iso27001 Certificate in hand 2027-02-28..2027-06-30",
			"soc2-type2+soc3 Period of the report 2027-04-01..2027-09-30",
			"soc2-type2+soc3 Engage the auditor 2027-06-09..2027-09-30",
			"soc2-type2+soc3 Fieldwork 2027-10-01..2027-11-11",
			"soc2-type2+soc3 Reporting 2027-11-12..2027-12-09",
			"soc2-type2+soc3 Report in hand 2027-10-28..2027-12-09",
		}},
		{"a certificate that just fits", "contract_words: [ISO 27001]; months_operated: 6; need_by: 2027-01-27", []string{
			"iso27001 Readiness check 2026-11-26..2026-11-26",
			"iso27001 Stage 1 and stage 2 audits 2026-11-27..2027-01-27",
			"iso27001 Certificate in hand 2027-01-27..2027-01-27",
		}},
		{"a certificate that does not fit", "contract_words: [ISO 27001]; months_operated: 6; need_by: 2027-01-26", []string{
			"iso27001 Readiness check 2026-11-26..2026-11-26",
			"iso27001 Stage 1 and stage 2 audits 2026-11-27..2027-05-27",
			"iso27001 Certificate in hand 2027-01-27..2027-05-27 !",
		}},
		{"nobody", "asked_by: [nobody]", nil},
		{"board", "asked_by: [board]", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, steps(advice(t, c.answers))); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
		})
	}
}

// TestPlansHold sweeps days, months and deadlines: a plan that says it fits does.
func TestPlansHold(t *testing.T) {
	t.Parallel()
	b := book(t)
	today := civil.NewDate(2026, 11, 26)
	for months := range 13 {
		for ahead := civil.Date(0); ahead < 500; ahead += 7 {
			start, day := today+ahead%31, today+ahead%31+ahead
			a := advise.Answers{CustomerData: "yes", AskedBy: []string{"security"}, MonthsOperated: &months, NeedBy: &day, Today: &start}
			out, err := b.Advise(a)
			if err != nil {
				t.Fatal(err)
			}
			sound(t, out)
			first := out.Reports[0]
			var last, engaged civil.Date
			for _, s := range out.Timeline {
				if s.Step == "Engage the auditor" && s.Fits {
					engaged = s.To
				}
				if s.Step == "Fieldwork" && engaged >= s.From {
					t.Fatalf("%d months, from %s by %s: the auditor is engaged until %s, but fieldwork begins on %s", months, start, day, engaged, s.From)
				}
				if s.Step == "Report in hand" && s.Reports[0] == first.Report {
					last = s.To
					if s.Fits != (s.From <= day && s.To <= day) {
						t.Fatalf("%d months, from %s: %s in hand %s to %s by %s: fits = %v", months, start, first.Report, s.From, s.To, day, s.Fits)
					}
				}
			}
			if last == 0 {
				t.Fatalf("%d months, from %s by %s: no step says when the report is there", months, start, day)
			}
			if first.From != nil && *first.To+1 < first.From.AddMonths(3) {
				t.Fatalf("%d months, from %s by %s: period %s to %s is under three months", months, start, day, first.From, first.To)
			}
			if first.From != nil && months > 0 && *first.From < start.AddMonths(-months) {
				t.Fatalf("%d months, from %s: the period begins on %s, before controls ran", months, start, first.From)
			}
		}
	}
}

// TestInitFollows: every recommendation of the table of cases is a program that can be founded.
func TestInitFollows(t *testing.T) {
	t.Parallel()
	for _, answers := range []string{
		saas, saas + "public_proof: yes; promises: [uptime, personal_data]", payroll + "countries: [US, DE]; industry: payroll", payroll + "countries: [IN]; industry: lending",
		both + "need_by: 2027-01-10", "customer_data: yes; asked_by: [security, procurement]; contract_words: [ISO 27001]; countries: [DE]; months_operated: 1",
		"contract_words: [ISO 27001]; months_operated: 12", "customer_data: yes; asked_by: [security]; need_by: 2027-04-09", "asked_by: [board, auditors]; financial_statements: yes; industry: data_center",
	} {
		a := advice(t, answers)
		if len(a.Reports) == 0 {
			t.Errorf("%s: no report", answers)
		}
		for _, r := range a.Reports {
			if r.Outside {
				continue
			}
			args, ok := a.Init(r.Report)
			if !ok {
				t.Errorf("%s: no arguments for %s", answers, r.Report)
				continue
			}
			p := program(t, args)
			if _, err := p.Check(); err != nil {
				t.Errorf("%s: assay init %v: %v", answers, args, err)
			}
		}
	}
	if args, ok := advice(t, "asked_by: [board]").Init(""); ok {
		t.Errorf("a report outside the product has arguments %v", args)
	}
}

func program(t *testing.T, args []string) scope.Program {
	t.Helper()
	p := scope.Program{Name: "Harbourline"}
	for i := 0; i+1 < len(args); i += 2 {
		day := func() *civil.Date {
			d, err := civil.ParseDate(args[i+1])
			if err != nil {
				t.Fatal(err)
			}
			return &d
		}
		switch args[i] {
		case "--report":
			p.Report = args[i+1]
		case "--from":
			p.From = day()
		case "--to":
			p.To = day()
		case "--as-of":
			p.AsOf = day()
		case "--categories":
			p.Categories = strings.Split(args[i+1], ",")
		case "--objectives":
			p.Objectives = []string{args[i+1]}
		default:
			t.Fatalf("assay init has no flag %s", args[i])
		}
	}
	return p
}
