package register

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Canonical rewrites a JSON text in its one canonical form, RFC 8785: names in UTF-16 order,
// no blanks, numbers and escapes in one spelling. It refuses what has no such form.
func Canonical(b []byte) ([]byte, error) {
	v, err := ParseJSON("", 0, b)
	if err != nil {
		return nil, err
	}
	return AppendCanonical(make([]byte, 0, len(b)), v)
}

// AppendCanonical appends the canonical form of a value. Absent members are left out; null is
// kept only inside free fields, where it is the source's word.
func AppendCanonical(dst []byte, v Value) ([]byte, error) {
	switch v.Kind {
	case Object:
		return appendObject(dst, v.Members)
	case List:
		dst = append(dst, '[')
		for i, e := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = AppendCanonical(dst, e); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case Number:
		n, err := number(v.Text)
		return append(dst, n...), err
	case Boolean:
		return append(dst, v.Text...), nil
	case String, Local:
		return appendString(dst, v.Text), nil
	}
	return append(dst, "null"...), nil
}

func appendObject(dst []byte, ms []Member) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	order := sorted(ms)
	for n, i := range order {
		m := &ms[i]
		if n > 0 && ms[order[n-1]].Name == m.Name {
			return nil, bad(m.Name, "the field is given twice")
		}
		if m.Value.Kind == Absent {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, m.Name), ':')
		var err error
		if dst, err = AppendCanonical(dst, m.Value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// sorted gives the order of members by name; the members themselves are large to move.
func sorted(ms []Member) []int32 {
	order := make([]int32, len(ms))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compareUTF16(ms[a].Name, ms[b].Name) })
	return order
}

// compareUTF16 orders texts by their UTF-16 code units, as RFC 8785 3.2.3 asks. It differs from
// byte order only where a character beyond U+FFFF meets one from U+E000 to U+FFFF.
func compareUTF16(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	ca, cb := a[i], b[i]
	// A lead byte of 0xF0 or more starts a character beyond U+FFFF, whose first unit is a
	// surrogate (0xD800..): below 0xEE 0x80 (U+E000) and above the rest.
	if (ca >= 0xF0) != (cb >= 0xF0) && (ca >= 0xEE && cb >= 0xEE) {
		return int(cb) - int(ca)
	}
	return int(ca) - int(cb)
}

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// number writes a literal as ECMAScript would (RFC 8785 3.2.2.3) and refuses one that a
// 64-bit float cannot hold: it would come back as another number.
func number(lit string) (string, error) {
	f, err := strconv.ParseFloat(lit, 64)
	if err == nil {
		s := es6(f)
		if s == lit || sameNumber(s, lit) {
			return s, nil
		}
	}
	return "", fault.Refuse("the number %s does not survive as a 64-bit float; deliver it as text", cut(lit))
}

func es6(f float64) string {
	if f == 0 {
		return "0"
	}
	abs := f
	if abs < 0 {
		abs = -abs
	}
	if abs >= 1e-6 && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	// Go writes at least two digits of exponent, ECMAScript as few as it needs.
	return strings.Replace(strings.Replace(s, "e-0", "e-", 1), "e+0", "e+", 1)
}

// sameNumber compares two decimal literals as numbers, exactly.
func sameNumber(a, b string) bool {
	an, ad, ae := decimal(a)
	bn, bd, be := decimal(b)
	return ad == bd && (ad == "" || an == bn && ae == be)
}

// decimal splits a literal into sign, significant digits and the exponent of 0.DIGITS.
func decimal(s string) (neg bool, digits string, exp int) {
	s, neg = strings.CutPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exp, _ = strconv.Atoi(strings.TrimPrefix(s[i+1:], "+")) // ParseFloat accepted it: at worst all digits are zero
		s = s[:i]
	}
	whole, frac, _ := strings.Cut(s, ".")
	digits = whole + frac
	exp += len(whole)
	trimmed := strings.TrimLeft(digits, "0")
	exp -= len(digits) - len(trimmed)
	return neg, strings.TrimRight(trimmed, "0"), exp
}

// quote shows a text in a message, cut to a readable length.
func quote(s string) string { return strconv.Quote(cut(s)) }

func cut(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	r := []rune(s[:min(len(s), 4*most)])
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
