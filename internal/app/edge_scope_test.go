package app

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/register"
)

// TestE54CustomersDuty: a customer does not remove one of its own users. That is the customer's duty, and no item of ours.
func TestE54CustomersDuty(t *testing.T) {
	s := edge(t)
	s.give("systems", `{"system":"prod","in_scope":true}`)
	s.give("people", `{"employment_id":"e","person_id":"ann","started_on":"2020-01-01","ended_on":"2025-08-01","end_kind":"voluntary"}`)
	s.give("accounts", `{"account_id":"ours","system":"prod","person_id":"ann","created_at":"2021-01-01T00:00:00Z","disabled_at":"2025-08-01T12:00:00Z"}`,
		`{"account_id":"of-the-customer","system":"prod","person_id":"joe@customer.example","created_at":"2021-01-01T00:00:00Z"}`)
	s.give("account_events", `{"event_id":"s","account_id":"of-the-customer","action":"sign_in","at":"2025-09-01T10:00:00Z"}`)
	s.expect("IAM-02", verdicts{"e/prod": "pass"})
}

// TestE66NoConfidence: every item was tested, so that there is no sampling risk: neither results nor report print a level of confidence.
func TestE66NoConfidence(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"), change1("d", "2025-08-01T10:00:00Z"))
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"))
	res, err := s.Test(t.Context(), cli.Test{Items: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"results": string(b), "report": s.report()} {
		for _, word := range []string{"confidence", "sampling error", "upper limit"} {
			if i := strings.Index(strings.ToLower(text), word); i >= 0 {
				t.Errorf("%s: %q", what, text[max(0, i-80):min(len(text), i+80)])
			}
		}
	}
}

// report is the draft in JSON.
func (s *stage) report() string {
	s.t.Helper()
	var b bytes.Buffer
	if _, err := s.Report(s.t.Context(), cli.Document{Format: "json"}, &b); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

// TestE67AmountsOfMoney: an amount is read by its locale, which is never guessed, and kept in minor units.
func TestE67AmountsOfMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, locale, currency string
		want                   int64
		refused                string
	}{
		{"₹2,00,000", "en-IN", "INR", 200_000_00, ""},
		{"₹ 1,23,45,678.90", "en-IN", "INR", 1_23_45_678_90, ""},
		{"200000", "en-IN", "INR", 200_000_00, ""},
		{"₹2,00,000", "en-US", "INR", 0, "groups of digits"},
		{"200,000", "en-IN", "INR", 0, "groups of digits"},
		{"$200,000.5", "en-US", "USD", 200_000_50, ""},
		{"1.234", "de-DE", "EUR", 1_234_00, ""},
		{"1.234", "en-US", "USD", 0, "more decimals"},
		{"1.234,56 €", "de-DE", "EUR", 1_234_56, ""},
		{"1 234,56 €", "fr-FR", "EUR", 1_234_56, ""},
		{"1 234,56", "fr-FR", "EUR", 1_234_56, ""},
		{"Fr. 1'234.50", "de-CH", "CHF", 1_234_50, ""},
		{"-12.30", "en-US", "USD", -12_30, ""},
		{"¥1,000", "ja-JP", "JPY", 1000, ""},
		{"¥1,000.5", "ja-JP", "JPY", 0, "more decimals"},
		{"0.125", "en-GB", "KWD", 125, ""},
		{"1234,567", "en-US", "USD", 0, "groups of digits"},
		{"1,,234", "en-US", "USD", 0, "groups of digits"},
		{",234", "en-US", "USD", 0, "digits before"},
		{"12.", "en-US", "USD", 0, "digits before"},
		{"", "en-US", "USD", 0, "digits before"},
		{"12a", "en-US", "USD", 0, "expected digits"},
		{"1.2.3", "en-US", "USD", 0, "more decimals"},
		{"92233720368547758.08", "en-US", "USD", 0, "too large"},
		{"1", "xx-XX", "USD", 0, "no locale"},
		{"1", "en-US", "XXX", 0, "no known currency"},
	} {
		got, err := register.MinorUnits(c.text, c.locale, c.currency)
		if c.refused == "" && (err != nil || got != c.want) || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("MinorUnits(%q, %s, %s) = %d, %v; want %d, %q", c.text, c.locale, c.currency, got, err, c.want, c.refused)
		}
	}
}

// TestE75UntestableItems: where items could not be decided the report does not speak of none, but says how many and why.
func TestE75UntestableItems(t *testing.T) {
	s := edge(t)
	s.people("ann", "bob")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"), change1("stranger", "2025-08-02T10:00:00Z"))
	s.give("reviews", review1("c", "bob", "2025-08-01T09:00:00Z"), review1("stranger", "who", "2025-08-02T09:00:00Z"))
	r := s.expect("CHG-01", verdicts{"c": "pass", "stranger": "undecided ABC"})
	if why := reason(t, r, "stranger"); !contains(why, "who") {
		t.Errorf("reason %q does not name whom nobody knows", why)
	}
	text := s.report()
	for _, want := range []string{"could not be decided", "no deviation was found among the items that could be decided"} {
		if !contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if lower := strings.ToLower(text); contains(lower, "no exceptions") || contains(lower, "no exception noted") {
		t.Error("the report speaks of no exceptions")
	}
}
