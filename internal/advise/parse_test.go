package advise_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

func TestParseReadsEveryKey(t *testing.T) {
	t.Parallel()
	text := `# of the contract, and further ones
financial_statements: yes
customer_data: "No"
asked_by: [auditors, Finance, security, procurement, public, nobody, board]
contract_words: [soc 1, SSAE18, ISAE 3402, SOC2, ISO/IEC 27001, Type II]
countries:
  - us
  - NO
  - IN
need_by: 2027-03-31
months_operated: 6
stage: growth
promises: []
regulated: false
public_proof: true
proof: interim
questionnaires: 12
industry: HR platform
funding: own
subservice: carve-out
today: 2026-11-26
`
	day, today, months, sent := civil.NewDate(2027, 3, 31), civil.NewDate(2026, 11, 26), 6, 12
	want := advise.Answers{
		FinancialStatements: "yes", CustomerData: "no",
		AskedBy:       []string{"auditors", "finance", "security", "procurement", "public", "nobody", "board"},
		ContractWords: []string{"SOC 1", "SSAE 18", "ISAE 3402", "SOC 2", "ISO 27001", "Type 2"},
		Countries:     []string{"US", "NO", "IN"}, NeedBy: &day, MonthsOperated: &months, Stage: "growth", Promises: []string{},
		Regulated: "no", PublicProof: "yes", Proof: "design", Questionnaires: &sent, Industry: "hr_platform", Funding: "own",
		Subservice: "carve_out", Today: &today,
	}
	b := book(t)
	got, err := b.ParseAnswers("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ParseAnswers (-want +got):\n%s", d)
	}
	again, err := b.ParseAnswers("a.yaml", b.YAML(got))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got, again); d != "" {
		t.Errorf("answers written and read again (-want +got):\n%s", d)
	}
}

func TestParseLeavesUnanswered(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n", "null\n", "stage:\nneed_by: ~\n"} {
		got, err := book(t).ParseAnswers("a.yaml", []byte(text))
		if err != nil {
			t.Errorf("ParseAnswers(%q) = %v, want no answers", text, err)
		}
		if d := cmp.Diff(advise.Answers{}, got); d != "" {
			t.Errorf("ParseAnswers(%q) (-want +got):\n%s", text, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"an unknown key", "stage: seed\nneed_bye: 2027-01-01\n", `a.yaml:2: need_bye: there is no such question; expected one of financial_statements,`},
		{"a key twice", "stage: seed\nregulated: no\nstage: growth\n", "a.yaml:"},
		{"a value outside the list", "regulated: no\nstage: series b\n", `a.yaml:2: stage: "series b" is no answer; expected one of seed, growth, enterprise`},
		{"maybe", "financial_statements: maybe\n", `a.yaml:1: financial_statements: "maybe" is no answer; expected one of yes, no`},
		{"a value of a list", "promises:\n  - uptime\n  - speed\n", `a.yaml:3: promises: "speed" is no answer; expected some of uptime,`},
		{"a text for a list", "asked_by: security, board\n", `"security, board" is no answer`},
		{"an impossible day", "\n\nneed_by: 2027-02-30\n", `a.yaml:3: need_by: "2027-02-30" is not a date`},
		{"a day in words", "need_by: soon\n", `"soon" is not a date`},
		{"no day today", "today: none\n", `"none" is not a date`},
		{"half a month", "months_operated: 1.5\n", `a.yaml:1: months_operated: "1.5" is no answer; expected a whole number`},
		{"an octal number", "months_operated: 010\n", `"010" is no answer`},
		{"too many months", "months_operated: 99999999999999999999\n", "whole number"},
		{"a country in words", "countries: [Germany]\n", `a.yaml:1: countries: "Germany" is no country`},
		{"no such country", "countries: [XX]\n", `"XX" is no country`},
		{"the United Kingdom", "countries: [UK]\n", "the United Kingdom is GB"},
		{"a list for one answer", "stage: [seed, growth]\n", "a.yaml:1: stage: expected one answer, not a list"},
		{"a list in a list", "asked_by: [[security]]\n", "expected a list of plain answers"},
		{"a mapping for an answer", "stage: {seed: yes}\n", "expected a plain answer"},
		{"no mapping", "- seed\n", "expected answers as `question: answer`"},
		{"an anchor", "stage: &a seed\nproof: *a\n", "expected a plain answer"},
		{"two documents", "stage: seed\n---\nstage: growth\n", "expected one YAML document, not 2"},
		{"no YAML", "stage: [seed\n", "a.yaml:1: no YAML"},
		{"not UTF-8", "stage: s\xffed\n", "not UTF-8"},
		{"brackets", "stage: seed\npromises: " + strings.Repeat("[", 60_000), "a.yaml:2: values stand in each other more than 64 deep"},
		{"braces", strings.Repeat("{a: ", 15_000), "a.yaml:1: values stand"},
		{"dashes", strings.Repeat("- ", 30_000), "a.yaml:1: values stand"},
		{"dashes in brackets", "[\n" + strings.Repeat("- \n", 20_000), "a.yaml:65: values stand"},
		{"keys in keys", strings.Repeat("? ", 30_000), "a.yaml:1: values stand"},
		{"values of values", strings.Repeat("a: ", 20_000), "a.yaml:1: values stand"},
		{"100,000 brackets", strings.Repeat("[", 100_000), "larger than 65536 bytes"},
		{"a huge file", strings.Repeat("#", 1<<17), "larger than 65536 bytes"},
	} {
		_, err := book(t).ParseAnswers("a.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, fault.Refused) {
			t.Errorf("%s: ParseAnswers = %v, want a refusal with %q", c.name, err, c.want)
		}
	}
}

func TestAnswerOneByOne(t *testing.T) {
	t.Parallel()
	b := book(t)
	var a advise.Answers
	for _, q := range b.Questions() {
		if q.ID == "today" || q.Text == "" {
			t.Errorf("question %s is asked with the text %q", q.ID, q.Text)
		}
		values := map[string][]string{"yes_no": {"y"}, "countries": {"de", "US"}, "date": {"none"}, "number": {"4"}}[q.Kind]
		for _, c := range q.Choices {
			if q.Kind == "many" || q.Kind == "one" && len(values) == 0 {
				values = append(values, c.Value)
			}
		}
		if err := b.Answer(&a, q.ID, values...); err != nil {
			t.Errorf("Answer(%s, %v) = %v", q.ID, values, err)
		}
	}
	today := civil.NewDate(2026, 11, 26)
	a.Today = &today
	got, err := b.Advise(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Missing)+len(got.Optional) > 0 {
		t.Errorf("after all questions %v and %v are open, want none", got.Missing, got.Optional)
	}
	if err := b.Answer(&a, "color", "red"); err == nil {
		t.Error("Answer took a question that is not asked")
	}
	if err := b.Answer(&a, "stage", "seed", "growth"); err == nil {
		t.Error("Answer took two answers for one")
	}
}

func TestMissingListsWhatIsOpen(t *testing.T) {
	t.Parallel()
	a := advice(t, "customer_data: yes; promises: []; need_by: none")
	want := []string{"financial_statements", "asked_by", "contract_words", "countries", "months_operated", "stage", "regulated", "public_proof"}
	if d := cmp.Diff(want, a.Missing); d != "" {
		t.Errorf("missing (-want +got):\n%s", d)
	}
}

func FuzzParseAnswers(f *testing.F) {
	for _, s := range []string{
		"financial_statements: yes\nasked_by: [security]\nneed_by: 2027-03-31\nmonths_operated: 3\ntoday: 2026-11-26\n",
		"countries: [NO, in]\npromises:\n  - uptime\n  - personal_data\nstage: seed\n", "a: &x [1]\n", "today: 2200-12-31\nneed_by: none\ncustomer_data: y\nasked_by: public\n",
		"asked_by: [auditors, board]\ncontract_words: [ISO 27001, Type 1]\nfinancial_statements: true\ncountries: [US, DE]\nmonths_operated: -9999\n", "? {", "stage: |\n  seed\n",
	} {
		f.Add([]byte(s))
	}
	b := book(f)
	today := civil.NewDate(2026, 11, 26)
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := b.ParseAnswers("a.yaml", text)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Fatalf("ParseAnswers(%q) = %v, want a refusal", text, err)
			}
			return
		}
		again, err := b.ParseAnswers("b.yaml", b.YAML(a))
		if err != nil {
			t.Fatalf("answers %q written as %q: %v", text, b.YAML(a), err)
		}
		if d := cmp.Diff(a, again); d != "" {
			t.Fatalf("written and read again (-want +got):\n%s", d)
		}
		if a.Today == nil {
			a.Today = &today
		}
		out, err := b.Advise(a)
		if err != nil {
			t.Fatal(err)
		}
		sound(t, out)
	})
}
