package register

import (
	"math"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// numberFormat is how a locale writes numbers, after CLDR: which signs part groups of digits and the
// decimals, and how long groups are, from the right; the last length repeats.
type numberFormat struct {
	group, decimal string
	lengths        []int
}

var numberFormats = map[string]numberFormat{
	"en-US": {",", ".", []int{3}},
	"en-GB": {",", ".", []int{3}},
	"en-IN": {",", ".", []int{3, 2}},
	"hi-IN": {",", ".", []int{3, 2}},
	"de-DE": {".", ",", []int{3}},
	"es-ES": {".", ",", []int{3}},
	"fr-FR": {"\u202f", ",", []int{3}},
	"de-CH": {"’", ".", []int{3}},
	"ja-JP": {",", ".", []int{3}},
}

// currencies give the digits of a currency's minor unit (ISO 4217) and the signs that may stand beside an amount.
var currencies = map[string]struct {
	digits int
	signs  []string
}{
	"INR": {2, []string{"₹", "Rs.", "Rs"}}, "USD": {2, []string{"US$", "$"}}, "EUR": {2, []string{"€"}}, "GBP": {2, []string{"£"}},
	"CHF": {2, []string{"Fr."}}, "JPY": {0, []string{"¥", "￥"}}, "KWD": {3, nil},
}

// MinorUnits reads an amount of money as a locale writes it, such as ₹2,00,000 in en-IN, into minor units of its
// currency, here paise. The locale is never guessed: 1.234 is one amount in en-US and another in de-DE. Groups may
// be left out but not misplaced; spaces, no-break spaces and apostrophes part groups where the locale's own sign is one of
// them. An amount with more decimals than the currency has is refused, since it would have to be rounded.
func MinorUnits(text, locale, currency string) (int64, error) {
	f, ok := numberFormats[locale]
	if !ok {
		return 0, fault.Refuse("%q is no locale that numbers are read in; expected a language and a country, such as en-IN%s", locale, DidYouMean(locale, keysOf(numberFormats)))
	}
	c, ok := currencies[currency]
	if !ok {
		return 0, fault.Refuse("%q is no known currency; expected its ISO 4217 code, such as INR%s", currency, DidYouMean(currency, keysOf(currencies)))
	}
	wrong := func(what string) error { return fault.Refuse("%q is no amount in %s: %s", text, locale, what) }
	s := bare(text, currency, c.signs)
	negative := strings.HasPrefix(s, "-") || strings.HasPrefix(s, "−")
	if negative {
		s = bare(strings.TrimPrefix(strings.TrimPrefix(s, "-"), "−"), currency, c.signs)
	}
	if strings.ContainsRune(" '’\u00a0\u202f", []rune(f.group)[0]) { // signs that are typed for one another
		s = strings.NewReplacer(" ", f.group, "\u00a0", f.group, "\u202f", f.group, "'", f.group, "’", f.group).Replace(s)
	}
	whole, decimals, _ := strings.Cut(s, f.decimal)
	if len(decimals) > c.digits {
		return 0, wrong("more decimals than " + currency + " has")
	}
	groups := strings.Split(whole, f.group)
	for i, g := range groups[1:] {
		want := f.lengths[min(len(groups)-2-i, len(f.lengths)-1)]
		if len(g) != want {
			return 0, wrong("its groups of digits are not those of the locale")
		}
	}
	if most := f.lengths[min(len(groups)-1, len(f.lengths)-1)]; len(groups) > 1 && len(groups[0]) > most {
		return 0, wrong("its groups of digits are not those of the locale")
	}
	digits := strings.Join(groups, "") + decimals + strings.Repeat("0", c.digits-len(decimals))
	if groups[0] == "" || strings.HasSuffix(s, f.decimal) && f.decimal != "" {
		return 0, wrong("expected digits before and after the signs")
	}
	n := int64(0)
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, wrong("expected digits and the signs of the locale")
		}
		if n > (math.MaxInt64-9)/10 {
			return 0, wrong("it is too large")
		}
		n = n*10 + int64(d-'0')
	}
	if negative {
		n = -n
	}
	return n, nil
}

// bare takes the currency's code or sign off either end.
func bare(s, code string, signs []string) string {
	s = strings.Trim(s, " \u00a0\u202f")
	for _, sign := range append([]string{code}, signs...) {
		if t := strings.TrimSuffix(strings.TrimPrefix(s, sign), sign); t != s {
			return strings.Trim(t, " \u00a0\u202f")
		}
	}
	return s
}

func keysOf[T any](m map[string]T) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
