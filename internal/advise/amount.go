package advise

import (
	"math"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// signs are the currency signs that may stand before an amount, and that are printed before it.
var signs = map[string]string{"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}

// ParseAmount reads whole units of a currency: bare digits, or digits grouped in threes (200,000) or as in
// India, the last three and then pairs (2,00,000). Any other grouping is refused, since a slip in a comma would
// change the amount; so are decimals, signs and leading zeros. The currency's code or sign may stand in front.
func ParseAmount(text, currency string) (int64, error) {
	s := strings.TrimSpace(text)
	for _, sign := range []string{currency, signs[currency]} {
		if rest, ok := strings.CutPrefix(s, sign); ok && sign != "" {
			s = strings.TrimSpace(rest)
			break
		}
	}
	groups := strings.Split(s, ",")
	digits := strings.Join(groups, "")
	switch {
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		return 0, fault.Refuse("%q is no amount; expected whole units in digits, such as 2,00,000 or 200,000", text)
	case len(digits) > 1 && digits[0] == '0':
		return 0, fault.Refuse("%q is no amount: it begins with a zero", text)
	case len(groups) > 1 && !grouped(groups, 3) && !grouped(groups, 2):
		return 0, fault.Refuse("%q is no amount: its commas stand neither in threes (200,000) nor as in India (2,00,000)", text)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fault.Refuse("%q is too large; an amount is at most %d", text, int64(math.MaxInt64))
	}
	return n, nil
}

// grouped reports whether the last group has three digits, those before it size digits, the first at most that.
func grouped(groups []string, size int) bool {
	last := len(groups) - 1
	for _, g := range groups[1:last] {
		if len(g) != size {
			return false
		}
	}
	return len(groups[last]) == 3 && len(groups[0]) >= 1 && len(groups[0]) <= size
}

// FormatAmount prints whole units with the currency's sign, or its code where it has none: ₹2,00,000 for
// rupees, in threes for all others. A negative amount has its minus in front.
func FormatAmount(units int64, currency string) string {
	size := 3
	if currency == "INR" {
		size = 2
	}
	digits, minus := strconv.FormatInt(units, 10), ""
	if units < 0 {
		digits, minus = digits[1:], "-"
	}
	sign, ok := signs[currency]
	if !ok {
		sign = currency + " "
	}
	return minus + sign + group(digits, size)
}

func group(digits string, size int) string {
	if len(digits) <= 3 {
		return digits
	}
	cut := len(digits) - 3
	out := digits[cut:]
	for head := digits[:cut]; head != ""; {
		at := max(0, len(head)-size)
		out = head[at:] + "," + out
		head = head[:at]
	}
	return out
}
