package phrase_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/phrase"
)

// FuzzPick: whatever a browser sends, a language of ours comes out, and a choice of ours wins.
func FuzzPick(f *testing.F) {
	for _, s := range []string{"", "de", "de-AT,de;q=0.9,en;q=0.8", "en;q=x", "*;q=0.5", ";;;", "de-u-co-phonebk", "zh-Hant-TW-x-\xff", strings.Repeat("a-", 400)} {
		f.Add(s, "de")
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, header, chosen string) {
		got := phrase.Pick(header, chosen)
		if !slices.Contains(phrase.Languages(), got) {
			t.Errorf("Pick(%q, %q) = %q", header, chosen, got)
		}
		for _, l := range phrase.Languages() {
			if chosen == string(l) && got != l {
				t.Errorf("Pick(%q, %q) = %q, want the choice", header, chosen, got)
			}
			if p := phrase.Pick(header, string(l)); p != l {
				t.Errorf("Pick(%q, %q) = %q, want the choice", header, l, p)
			}
		}
	})
}

// FuzzT: a sentence and arguments of any kind are said without a panic; what has no
// translation is said as package fmt says it, and an argument is never read as a format.
func FuzzT(f *testing.F) {
	for _, s := range []string{"", "never", "%s and %s", "%d", "%[2]s of %[1]s", "%[9999999]d", "%*d", "%!", "100%", "%", "%[", "\xff%s"} {
		f.Add(s, "x", 3)
		f.Add("%s and %s", s, -1)
	}
	known := map[string]bool{}
	for _, k := range phrase.Keys() {
		known[k] = true
	}
	f.Fuzz(func(t *testing.T, english, arg string, n int) {
		if strings.Contains(english, "*") || widths(english) {
			t.Skip("a width of a million columns is slow, and what fmt was told to do")
		}
		for _, l := range append(phrase.Languages(), phrase.Lang(arg)) {
			if got := l.T(english); got != english && !known[english] {
				t.Errorf("%s.T(%q) = %q, want it as it stands", l, english, got)
			}
			for _, args := range [][]any{{arg}, {n, arg}, {nil, arg, n}, {[]string{arg}, error(nil), struct{ N int }{n}}} {
				got, want := l.T(english, args...), fmt.Sprintf(english, args...)
				if !known[english] && got != want {
					t.Errorf("%s.T(%q, %v) = %q, want %q", l, english, args, got, want)
				}
				said := l.N(n, english, english, args...)
				if utf8.ValidString(english) && utf8.ValidString(arg) && !utf8.ValidString(said) {
					t.Errorf("%s.N(%d, %q, %v) = %q, not UTF-8", l, n, english, args, said)
				}
			}
			if got := l.T("%s and %s", arg, "x"); !strings.HasPrefix(got, arg+" ") {
				t.Errorf("%s.T(%%s and %%s, %q) = %q, want the argument as it is", l, arg, got)
			}
		}
	})
}

// widths reports whether a number of four digits or more stands in the format.
func widths(format string) bool {
	run := 0
	for _, r := range format {
		if r < '0' || r > '9' {
			run = 0
			continue
		}
		if run++; run > 3 {
			return true
		}
	}
	return false
}
