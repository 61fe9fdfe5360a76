package advise_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/fault"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64
		prints         string
	}{
		{"0", "INR", 0, "₹0"},
		{"999", "INR", 999, "₹999"},
		{"50,000", "INR", 50000, "₹50,000"},
		{"2,00,000", "INR", 200000, "₹2,00,000"},
		{"₹2,00,000", "INR", 200000, "₹2,00,000"},
		{"200,000", "INR", 200000, "₹2,00,000"},
		{"INR 15,00,000", "INR", 1500000, "₹15,00,000"},
		{"1,23,45,67,890", "INR", 1234567890, "₹1,23,45,67,890"},
		{"200000", "USD", 200000, "$200,000"},
		{"$ 1,234,567", "USD", 1234567, "$1,234,567"},
		{"10,000", "EUR", 10000, "€10,000"},
		{"10,000", "CHF", 10000, "CHF 10,000"},
		{"9,223,372,036,854,775,807", "USD", math.MaxInt64, "$9,223,372,036,854,775,807"},
	} {
		got, err := advise.ParseAmount(c.text, c.currency)
		if err != nil || got != c.want {
			t.Errorf("ParseAmount(%q, %s) = %d, %v, want %d", c.text, c.currency, got, err, c.want)
		}
		if p := advise.FormatAmount(got, c.currency); p != c.prints {
			t.Errorf("FormatAmount(%d, %s) = %q, want %q", got, c.currency, p, c.prints)
		}
	}
	if got := advise.FormatAmount(math.MinInt64, "INR"); got != "-₹92,23,37,20,36,85,47,75,808" {
		t.Errorf("FormatAmount(MinInt64) = %q", got)
	}
}

func TestAmountsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "₹", ",", "2,0,000", "2,00,00", "20,0000", "2,000,00", "1,00,000,000", "10,00,000,00", "1,0000", ",200,000", "200,000,", "2,,000", "1000,000", "100,00,000",
		"0,50,000", "007", "-5", "1.5", "2.00.000", "1 000", "5k", "$5", "INR", "٢٠٠", "9,223,372,036,854,775,808", "99999999999999999999999",
	} {
		if got, err := advise.ParseAmount(text, "INR"); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseAmount(%q) = %d, %v, want a refusal", text, got, err)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"2,00,000", "200,000", "₹ 15,00,000", "2,0,000", "INR1", "9223372036854775807", "1,,1"} {
		f.Add(s, "INR")
	}
	f.Add("$5,000", "USD")
	f.Fuzz(func(t *testing.T, text, currency string) {
		n, err := advise.ParseAmount(text, currency)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Fatalf("ParseAmount(%q) = %v, want a refusal", text, err)
			}
			return
		}
		if n < 0 {
			t.Fatalf("ParseAmount(%q) = %d, below zero", text, n)
		}
		bare := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == ',' {
				return r
			}
			return -1
		}, strings.TrimPrefix(strings.TrimSpace(text), currency))
		for _, as := range []string{"INR", "USD"} { // what is printed in either grouping reads as the same amount
			p := advise.FormatAmount(n, as)
			if m, err := advise.ParseAmount(p, as); err != nil || m != n {
				t.Fatalf("ParseAmount(%q) = %d, %v, want %d", p, m, err, n)
			}
		}
		in, west := advise.FormatAmount(n, "INR"), advise.FormatAmount(n, "USD")
		if strings.Contains(bare, ",") && "₹"+bare != in && "$"+bare != west {
			t.Fatalf("ParseAmount(%q) = %d, which is written %s or %s", text, n, in, west)
		}
	})
}
