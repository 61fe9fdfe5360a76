package returned

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain is a text as it looks to a reader, in the letters in which figures and conclusions are told: what is composed is taken apart, marks over
// letters are gone, and letters of other scripts that look like Latin ones are those. It is only compared with, and never kept.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r) || unseen(r):
			return -1
		case looks[r] != 0:
			return looks[r]
		}
		return r
	}, norm.NFKD.String(s))
}

// unseen reports whether a sign only steers how others are set.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// looks are letters of other scripts that no reader tells from a Latin one (Unicode Technical Standard 39, confusables).
var looks = func() map[rune]rune {
	out := map[rune]rune{}
	for _, x := range [][2]string{
		{"авеԁғһіјкӏмоорԛгѕтнсуѵԝхҮ", "abedfhijklmoopqrstncyvwxY"}, {"АВЕЅІЈКМНОРСТУХԜԚ", "ABESIJKMHOPCTYXWQ"},
		{"αβεηικνορτυχγωϲϳ", "abenikvoptuxywcj"}, {"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"},
		{"օսոհցԼ", "ounhgL"}, {"ıɑɡɩʋ", "iagiv"},
	} {
		from, to := []rune(x[0]), []rune(x[1])
		for i, r := range from {
			out[r] = to[i]
		}
	}
	return out
}()

// spelled are figures in words. "One" is mostly none.
var spelled = regexp.MustCompile(`(?i)\b(zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|[mb]illions?|dozens?|half|halves|twice|thrice|per ?cent)\b`)

// figured reports whether words bring a figure, in whatever digits or letters it is written.
func figured(s string) bool {
	return digit.MatchString(s) || spelled.MatchString(plain(s))
}

// decided reports whether words turn a conclusion.
func decided(s string) bool { return decides.MatchString(plain(s)) }
