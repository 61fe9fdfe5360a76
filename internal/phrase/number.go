package phrase

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// marks returns the sign between thousands and the one before a fraction.
func (l Lang) marks() (thousands, fraction string) {
	if l == German {
		return ".", ","
	}
	return ",", "."
}

// unitSpace stands between a number and its unit: German typography keeps them on one line
// (DIN 5008); English follows the reports.
func (l Lang) unitSpace() string {
	if l == German {
		return "\u00a0"
	}
	return " "
}

// Count prints a whole number with its thousands grouped: 1,234 or 1.234.
func (l Lang) Count(n int64) string { return l.group(strconv.FormatInt(n, 10)) }

// group puts marks between the thousands of a string of digits with or without a minus.
func (l Lang) group(digits string) string {
	thousands, _ := l.marks()
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + thousands + digits[i:]
	}
	return sign + digits
}

// Decimal prints a number with so many digits after the point (0 to 9), rounded to nearest.
// What is no finite number is printed as package strconv does.
func (l Lang) Decimal(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', min(max(digits, 0), 9), 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-") // what rounds to nothing has no sign
	}
	whole, part, found := strings.Cut(s, ".")
	if !found {
		return l.group(whole)
	}
	_, fraction := l.marks()
	return l.group(whole) + fraction + part
}

// Percent prints part of whole as a share with one digit: "4.2 %". It never rounds a share
// to none or to all of them: 2,113 of 2,114 is "over 99.9 %". A share of nothing is "", as
// in package gauge.
func (l Lang) Percent(part, whole int64) string {
	space := l.unitSpace() + "%"
	switch {
	case whole <= 0 || part < 0:
		return ""
	case part == 0:
		return "0" + space
	case part == whole:
		return "100" + space
	}
	// tenths of a per cent, rounded half up, in 128 bits: part*2000 overflows 64.
	hi, lo := bits.Mul64(uint64(part), 2000)
	lo, carry := bits.Add64(lo, uint64(whole), 0)
	hi += carry
	divisor := 2 * uint64(whole)
	if hi >= divisor {
		return l.Decimal(float64(part)/float64(whole)*100, 1) + space
	}
	tenths, _ := bits.Div64(hi, lo, divisor)
	switch {
	case tenths == 0:
		return l.T("under %s", l.Decimal(0.1, 1)+space)
	case part < whole && tenths >= 1000:
		return l.T("over %s", l.Decimal(99.9, 1)+space)
	}
	_, fraction := l.marks()
	return l.group(strconv.FormatUint(tenths/10, 10)) + fraction + strconv.FormatUint(tenths%10, 10) + space
}

// Bytes prints a size in decimal units (IEC 80000-13: 1 kB is 1,000 bytes), with one digit
// below ten.
func (l Lang) Bytes(n int64) string {
	if n > -1000 && n < 1000 {
		return l.Count(n) + l.unitSpace() + "B"
	}
	v := float64(n)
	unit := ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB", "EB"} {
		v /= 1000
		if math.Abs(v) < 999.5 {
			break
		}
	}
	digits := 0
	if math.Abs(v) < 9.95 {
		digits = 1
	}
	return l.Decimal(v, digits) + l.unitSpace() + unit
}

// List joins names as a sentence does: "a, b and c".
func (l Lang) List(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return l.T("%s and %s", strings.Join(names[:n-1], ", "), names[n-1])
	}
}
