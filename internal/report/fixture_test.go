package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFixture keeps testdata/results.json, which the renderers and the pages read in their
// tests, equal to what this file says.
func TestFixture(t *testing.T) {
	b, err := json.MarshalIndent(exampleResults(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/results.json", append(b, '\n'))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is built; look at the difference, then run go test -update", name)
	}
}

func date(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exampleResults is a year of a payments company: every outcome and every standing occurs.
func exampleResults(t *testing.T) assure.Results {
	t.Helper()
	zone, err := civil.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	from, to := date(t, "2025-07-01"), date(t, "2026-06-30")
	r := assure.Results{
		Organization: "Harborline, Inc.",
		Period:       civil.Period{From: from, To: to, Zone: zone},
		KnownAt:      "2026-07-14T15:20:11.482913Z",
		Checkpoint:   assure.Checkpoint{Size: 9471, Root: "5d1f0c6a9be24a7d80c3f7f0e1a2b9d4c6e85f3271ab90cd4e7f6a5b3c2d1e0f"},
		Unanchored:   112,
	}
	r.Controls = []assure.TestResult{changes(), emergencies(), leavers(), reviews(), mfa(), backups(), vulnerabilities(), training(1), training(2)}
	for i := range r.Controls {
		c := &r.Controls[i]
		if c.From == 0 {
			c.From, c.To = from, to
		}
	}
	r.Controls[7].To, r.Controls[8].From = date(t, "2025-12-31"), date(t, "2026-01-01")
	r.Controls[7].From, r.Controls[8].To = from, to
	return r
}

func months(per func(i int) (n, dev, und int)) []assure.MonthCount {
	var out []assure.MonthCount
	for i := range 12 {
		n, d, u := per(i)
		out = append(out, assure.MonthCount{Month: fmt.Sprintf("%d-%02d", 2025+(i+6)/12, (i+6)%12+1), Population: n, Deviating: d, Undecided: u})
	}
	return out
}

func day(i int) string { return fmt.Sprintf("%d-%02d-%02d", 2025+(i%12+6)/12, (i%12+6)%12+1, i%28+1) }

func changes() assure.TestResult {
	t := assure.TestResult{
		Control: "CHG-01", Title: "Changes reviewed, tested, approved", Version: 1, Shape: assure.Event, Test: "CHG-01", Outcome: assure.Tested,
		Sentence:   "Each record of changes whose deployment (or, where none is recorded, merge) falls in the period and whose environment is production is an item, unless it is a declared emergency with an incident. It passes when a person who is neither its author nor its last committer approved it, the approval covers the head commit and is not later than the deployment, the tests passed, and a ticket is named.",
		Population: 1204, NotApplicable: 31, Passed: 1157, Deviating: 12, Undecided: 4,
		Attributes: []assure.Attribute{
			{ID: "A", Text: "approved by a person who is neither author nor last committer", Deviations: 7},
			{ID: "B", Text: "an approval covers the head commit", Deviations: 2, Undecided: 1},
			{ID: "C", Text: "an approval is not later than the deployment", Deviations: 3},
			{ID: "D", Text: "tests passed", Deviations: 1, Undecided: 3},
			{ID: "E", Text: "a ticket is named", Deviations: 2},
		},
		Registers: []string{"changes"},
		Completeness: []assure.Check{
			{Check: "C2", Status: assure.Passed, Register: "changes", Detail: "1,204 deployments counted by the deploy tool, 1,204 changes in the register"},
			{Check: "A4", Status: assure.Passed, Register: "changes", Detail: "the query covered 2025-07-01 to 2026-06-30, no row limit reached"},
			{Check: "C1", Status: assure.Missing, Register: "changes", Detail: "the keys are no sequence"},
		},
		Digest: "b1946ac92492d2347c6235b4d2611184e6b8f0c7a4d9e3f25c1b0a7d6e5f4c3b",
		Months: months(func(i int) (int, int, int) {
			return []int{82, 95, 110, 101, 97, 64, 103, 112, 118, 109, 114, 99}[i], []int{1, 0, 2, 0, 1, 0, 3, 0, 1, 2, 1, 1}[i], []int{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 0}[i]
		}),
	}
	reasons := []struct {
		attrs  []string
		reason string
	}{
		{[]string{"A"}, "no approval by another person: the only approval is by its author, mara.lindqvist"},
		{[]string{"A", "E"}, "no approval by another person; no ticket is named"},
		{[]string{"C"}, "approved 2 h 14 min after the deployment"},
		{[]string{"B"}, "the approval covers commit 4be1f09, the deployed commit is a77c2d1"},
		{[]string{"D"}, "tests did not pass: ci_status is failed"},
	}
	for i := range 12 {
		x := reasons[i%len(reasons)]
		key := fmt.Sprintf("payments-api-%d", 2411+i*37)
		t.Findings = append(t.Findings, assure.Finding{Key: key, Verdict: assure.Deviation, Attributes: x.attrs, Reason: x.reason,
			Records: []string{"changes/" + key + "@1", "reviews/" + key + "-r1@1"}, EventTime: day(i) + "T18:42:0" + fmt.Sprint(i%10) + "Z"})
	}
	for i := range 4 {
		key := fmt.Sprintf("web-console-%d", 512+i*8)
		t.Findings = append(t.Findings, assure.Finding{Key: key, Verdict: assure.Undecided, Attributes: []string{"D"}, Reason: "ci_status is not there at all",
			Records: []string{"changes/" + key + "@2"}, EventTime: day(i+3) + "T09:15:00Z"})
	}
	return t
}

func emergencies() assure.TestResult {
	return assure.TestResult{Control: "CHG-03", Title: "Emergency changes reviewed after the fact", Version: 1, Shape: assure.Event, Test: "CHG-03", Outcome: assure.NoOccurrence,
		Sentence:     "Each change declared as an emergency is an item. It passes when it names an incident, was approved at or before the deployment, and was reviewed in full by a person other than the author within 2 business days.",
		Attributes:   []assure.Attribute{{ID: "A", Text: "an incident is named"}, {ID: "B", Text: "reviewed within 2 business days by another person"}},
		Registers:    []string{"changes"},
		Completeness: []assure.Check{{Check: "C2", Status: assure.Passed, Register: "changes", Detail: "0 bypasses counted by the deploy tool, 0 emergencies in the register"}}}
}

func leavers() assure.TestResult {
	t := assure.TestResult{Control: "IAM-02", Title: "Leaver access removed", Version: 1, Shape: assure.Event, Test: "IAM-02", Outcome: assure.Tested,
		Sentence:   "Each employment that ended in the period, with each in-scope system in which the person held an account, is an item. It passes when the last of the accounts was disabled within 24 elapsed hours of the end (0 for an involuntary one) and nobody signed in with them after the end.",
		Population: 46, Passed: 43, Deviating: 3,
		Attributes: []assure.Attribute{{ID: "A", Text: "the last account was disabled within 24 hours", Deviations: 3}, {ID: "B", Text: "nobody signed in after the end", Deviations: 1}},
		Registers:  []string{"people"},
		Completeness: []assure.Check{
			{Check: "C2", Status: assure.Failed, Register: "people", Detail: "payroll counts 24 leavers, the register holds 23"},
			{Check: "A4", Status: assure.Passed, Register: "people", Detail: "the query covered 2025-06-01 to 2026-07-01"},
		},
		Months: months(func(i int) (int, int, int) {
			return []int{4, 2, 6, 3, 0, 8, 5, 2, 4, 3, 6, 3}[i], []int{0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0}[i], 0
		})}
	for i, k := range []string{"E-0417/aws-production", "E-0417/github", "E-0533/okta"} {
		t.Findings = append(t.Findings, assure.Finding{Key: k, Verdict: assure.Deviation, Attributes: []string{"A", "B"}[:1+i%2],
			Reason:  []string{"disabled 31 h 07 min after the end", "disabled 52 h after the end; a sign-in on 2025-12-06", "never disabled"}[i],
			Records: []string{"people/" + k[:6] + "@3", "accounts/" + k + "@1"}, EventTime: []string{"2025-12-04", "2025-12-04", "2025-09-12"}[i]})
	}
	return t
}

func reviews() assure.TestResult {
	return assure.TestResult{Control: "IAM-04", Title: "Quarterly user access review", Version: 1, Shape: assure.Schedule, Test: "IAM-04", Outcome: assure.Tested,
		Sentence:   "Each in-scope system and each quarter whose due date falls in the period is an item, whether or not a review was recorded. It passes when the list was taken inside the quarter, every row was decided, nobody decided on their own access, the review was done by the due date and each removal within 5 business days.",
		Population: 48, Passed: 47, Deviating: 1,
		Attributes:   []assure.Attribute{{ID: "A", Text: "list taken inside the quarter"}, {ID: "D", Text: "done by the due date", Deviations: 1}},
		Registers:    []string{"access_reviews"},
		Completeness: []assure.Check{{Check: "C5", Status: assure.Passed, Register: "access_reviews", Detail: "12 systems x 4 quarters expected from the calendar, 48 items"}},
		Findings:     []assure.Finding{{Key: "billing/2025-Q3", Verdict: assure.Deviation, Attributes: []string{"D"}, Reason: "due 2025-10-30, done 2025-11-09", Records: []string{"access_reviews/billing-2025-q3@2"}, EventTime: "2025-10-30"}},
		Months: months(func(i int) (int, int, int) {
			if i%3 != 0 {
				return 0, 0, 0
			}
			return 12, []int{0, 1, 0, 0}[i/3], 0
		})}
}

func mfa() assure.TestResult {
	return assure.TestResult{Control: "IAM-06", Title: "Multi-factor sign-in enforced", Version: 1, Shape: assure.State, Test: "IAM-06", Outcome: assure.Blocked,
		Blocked: "the register configurations was never pulled", Sentence: "Each human account, for as long as it stood in the period, is an item. It passes when multi-factor sign-in was enforced at every observation."}
}

func backups() assure.TestResult {
	t := assure.TestResult{Control: "AVL-02", Title: "Daily backups succeed", Version: 1, Shape: assure.Schedule, Test: "AVL-02", Outcome: assure.Tested,
		Sentence:   "Each in-scope system that stores customer data and each day of the period is an item. It passes when a backup scheduled that day succeeded, or a rerun did within 24 hours.",
		Population: 2190, Passed: 1978, Deviating: 212, InProgress: 0,
		Attributes:   []assure.Attribute{{ID: "A", Text: "a backup, or its rerun within 24 hours, succeeded", Deviations: 212}},
		Registers:    []string{"backups"},
		Completeness: []assure.Check{{Check: "C5", Status: assure.Passed, Register: "backups", Detail: "6 systems x 365 days expected from the calendar, 2,190 items"}},
		Months: months(func(i int) (int, int, int) {
			n := []int{186, 186, 180, 186, 180, 186, 186, 168, 186, 180, 186, 180}[i]
			return n, []int{31, 31, 30, 31, 30, 31, 28, 0, 0, 0, 0, 0}[i], 0
		})}
	for i := range 212 {
		d := civil.NewDate(2025, 7, 1) + civil.Date(i)
		key := "warehouse/" + d.String()
		f := assure.Finding{Key: key, Verdict: assure.Deviation, Attributes: []string{"A"}, Reason: "no backup was recorded", EventTime: d.String()}
		if i%9 == 4 {
			f.Reason, f.Records = "the backup failed and was not rerun", []string{"backups/" + key + "@1"}
		}
		t.Findings = append(t.Findings, f)
	}
	return t
}

func vulnerabilities() assure.TestResult {
	t := assure.TestResult{Control: "VUL-03", Title: "Vulnerabilities fixed by severity deadline", Version: 1, Shape: assure.Event, Test: "VUL-03", Outcome: assure.Tested,
		Sentence:   "Each vulnerability whose deadline (7, 30, 90 or 180 days from first detection, by severity) falls in the period is an item. It passes when it was fixed, or an approved exception existed, by the deadline.",
		Population: 161, Passed: 156, Undecided: 5, InProgress: 9,
		Attributes:   []assure.Attribute{{ID: "A", Text: "fixed or waived by the deadline", Undecided: 5}},
		Registers:    []string{"vulnerabilities"},
		Completeness: []assure.Check{{Check: "C2", Status: assure.Missing, Register: "vulnerabilities", Detail: "no second count was given"}},
		Months: months(func(i int) (int, int, int) {
			return []int{9, 14, 11, 17, 12, 8, 15, 19, 13, 16, 14, 13}[i], 0, []int{0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0}[i]
		})}
	for i := range 5 {
		key := fmt.Sprintf("CVE-2025-%d/host-%02d", 31000+i*417, i+3)
		t.Findings = append(t.Findings, assure.Finding{Key: key, Verdict: assure.Undecided, Attributes: []string{"A"}, Reason: "waiver_id names a waiver that is in no register", Records: []string{"vulnerabilities/" + key + "@1"}, EventTime: day(i + 2)})
	}
	return t
}

func training(version int) assure.TestResult {
	t := assure.TestResult{Control: "GOV-05", Title: "Security and privacy training", Version: version, Shape: assure.Roster, Test: "GOV-05", Outcome: assure.Tested,
		Sentence:   "Each person in service with each course due is an item. It passes when the completion is recorded inside the due window for the course version in force.",
		Population: 118, Passed: 118, Attributes: []assure.Attribute{{ID: "A", Text: "completed inside the due window"}},
		Registers:    []string{"people"},
		Completeness: []assure.Check{{Check: "C2", Status: assure.Passed, Register: "people", Detail: "118 persons counted by payroll, 118 in the register"}}}
	if version == 2 {
		t.Population, t.Passed = 131, 131
		t.Completeness = []assure.Check{{Check: "C2", Status: assure.Missing, Register: "people", Detail: "no second count was given"}}
		t.Notes = []string{"Version 2 adds secure coding for engineers from 1 January 2026."}
	}
	return t
}
