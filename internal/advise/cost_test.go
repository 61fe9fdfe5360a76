package advise_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/civil"
)

// fees prints costs as "soc2-type2 US $7,000 to $150,000 by S2:211-213 S2:279-280".
func fees(a advise.Advice) []string {
	var out []string
	for _, c := range a.Cost {
		s := fmt.Sprintf("%s %s %s to %s by %s", c.Report, c.Country, advise.FormatAmount(c.Low, c.Currency), advise.FormatAmount(c.High, c.Currency), strings.Join(c.Sources, " "))
		if c.PricedAs != "" {
			s += " as " + c.PricedAs
		}
		out = append(out, s)
	}
	for _, u := range a.Unpriced {
		out = append(out, strings.TrimSpace(u.Report+" "+u.Country)+" unpriced")
	}
	return out
}

func TestCosts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answers string
		want          []string
	}{
		{"SOC 2 in India", "customer_data: yes; asked_by: [security]; countries: [IN]; months_operated: 1",
			[]string{"soc2-type1 IN ₹2,00,000 to ₹15,00,000 by S2:205-209", "soc2-type2 IN ₹2,00,000 to ₹15,00,000 by S2:211-215"}},
		{"two figures stand side by side, and their union", saas, []string{"soc2-type2 US $7,000 to $150,000 by S2:211-213 S2:279-280"}},
		{"SOC 1 in both", "financial_statements: yes; contract_words: [SOC 1]; asked_by: [auditors]; countries: [US]; months_operated: 1",
			[]string{"soc1-type1 US $10,000 to $60,000 by S2:193-195", "soc1-type2 US $20,000 to $120,000 by S2:199-201"}},
		{"ISAE 3402 in India is priced as SOC 1", payroll + "countries: [IN]", []string{"isae3402-type2 IN ₹50,000 to ₹2,00,000 by S2:199-203 as soc1-type2"}},
		{"a dual report has a price in one of two countries", payroll + "countries: [US, DE]",
			[]string{"dual-type2 US $20,000 to $120,000 by S2:199-201 as soc1-type2", "dual-type2 DE unpriced"}},
		{"no country named", "customer_data: yes; asked_by: [security]; months_operated: 8",
			[]string{"soc2-type2 US $7,000 to $150,000 by S2:211-213 S2:279-280", "soc2-type2 IN ₹2,00,000 to ₹15,00,000 by S2:211-215"}},
		{"no source", "contract_words: [ISO 27001]; asked_by: [board]", []string{"iso27001 unpriced", "soc-cybersecurity unpriced"}},
		{"nobody", "asked_by: [nobody]", nil},
	} {
		if d := cmp.Diff(c.want, fees(advice(t, c.answers))); d != "" {
			t.Errorf("%s: costs (-want +got):\n%s", c.name, d)
		}
	}
}

func TestDifferingFiguresAreShownAndNotAveraged(t *testing.T) {
	t.Parallel()
	c := advice(t, saas).Cost[0]
	var got []string
	for _, f := range c.Figures {
		got = append(got, fmt.Sprintf("%d-%d %s %s", f.Low, f.High, f.Source, f.AsOf))
	}
	want := []string{"7000-150000 S2:211-213 2026-01-31", "7000-50000 S2:279-280 2026-01-31"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("figures (-want +got):\n%s", d)
	}
}

// TestRangeSpansAllFigures gives the second figure a lower low end than the first.
func TestRangeSpansAllFigures(t *testing.T) {
	t.Parallel()
	data := embedded(t)
	f := data["costs.yaml"]
	f.Data = []byte(strings.ReplaceAll(string(f.Data), `low: "7,000", high: "50,000"`, `low: "$6,500", high: "50,000"`))
	b, err := advise.LoadFS(data)
	if err != nil {
		t.Fatal(err)
	}
	today := civil.NewDate(2026, 11, 26)
	a, err := b.Advise(advise.Answers{CustomerData: "yes", AskedBy: []string{"security"}, Countries: []string{"US"}, Stage: "growth", Today: &today})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"soc2-type2 US $6,500 to $150,000 by S2:211-213 S2:279-280"}
	if d := cmp.Diff(want, fees(a)); d != "" {
		t.Errorf("costs of a house's own figures (-want +got):\n%s", d)
	}
}

// TestJSON checks the names and shapes that programs outside rely on, and that no list is null.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, answers := range []string{"asked_by: [nobody]", both + "public_proof: yes; need_by: 2026-12-31"} {
		b, err := json.Marshal(advice(t, answers))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "null") {
			t.Errorf("%s: JSON holds null: %s", answers, b)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"reports", "categories", "not", "contradictions", "cost", "timeline", "missing"} {
			if _, ok := got[name].([]any); !ok {
				t.Errorf("%s: %s is %T, want a list", answers, name, got[name])
			}
		}
	}
	b, err := json.Marshal(advice(t, saas))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Reports  []struct{ Why, Against []string }
		Cost     []struct{ Low, High int64 }
		Timeline []struct{ Step, From, To string }
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Cost[0].High != 150000 || got.Timeline[0].From != "2026-06-01" || !slices.ContainsFunc(got.Reports[0].Why, func(s string) bool { return strings.HasSuffix(s, "[R2]") }) {
		t.Errorf("JSON reads back as %+v", got)
	}
}
