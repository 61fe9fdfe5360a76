// Package phrase holds the strings of the product in each language, and the forms of numbers
// and dates. The English sentence in the source is the key, as in gettext; de.yaml says it in
// German. What is not translated stays English, so that a page never shows a name of a key.
package phrase

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// Lang is a language of the product, as its BCP 47 tag. The zero value, and any that is not
// among Languages, speaks English.
type Lang string

// The languages of the product.
const (
	English Lang = "en"
	German  Lang = "de"
)

// Languages lists the languages, the one that others fall back to first.
func Languages() []Lang { return []Lang{English, German} }

// Name is the language's own name for itself, for a person who reads no other.
func (l Lang) Name() string {
	if l == German {
		return "Deutsch"
	}
	return "English"
}

// longestHeader bounds the work that a header of a stranger can cause. Browsers send under
// a hundred bytes.
const longestHeader = 512

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// Pick chooses the language of a page: the one that the person chose, when we speak it, else
// the best match for the Accept-Language header (RFC 9110, 12.5.4), else English.
func Pick(acceptLanguage, chosen string) Lang {
	for _, l := range Languages() {
		base, _, _ := strings.Cut(strings.ReplaceAll(chosen, "_", "-"), "-")
		if strings.EqualFold(base, string(l)) {
			return l
		}
	}
	if len(acceptLanguage) > longestHeader {
		cut := strings.LastIndexByte(acceptLanguage[:longestHeader], ',')
		acceptLanguage = acceptLanguage[:max(cut, 0)]
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return English
	}
	_, at, sure := matcher.Match(tags...)
	if sure == language.No {
		return English
	}
	return Languages()[at]
}

// T says an English sentence in the language. With arguments the sentence is a format of
// package fmt; without, it is shown as it stands, per cent signs and all. A translation may
// put the arguments in another order with explicit indexes, as in "%[2]s". Numbers that a
// person reads are passed as strings made by Count or Decimal: %d does not group digits.
func (l Lang) T(english string, args ...any) string {
	said := l.say(english)
	if len(args) == 0 {
		return said
	}
	return fmt.Sprintf(said, args...)
}

// N says how many there are: it takes one or other by the cardinal rule of the language
// (CLDR; English and German have the same) and formats it with n as the first argument,
// printed with its thousands grouped where %d stands for it, and args after it. A form need
// not use every argument: "One control" is a form.
func (l Lang) N(n int, one, other string, args ...any) string {
	form := other
	if n == 1 || n == -1 { // i = 1 and v = 0, of the absolute value
		form = one
	}
	all := append([]any{number{l, int64(n)}}, args...)
	all = append(all, nothing{})
	// The last verb names its argument, which tells fmt that unused ones are meant.
	return fmt.Sprintf(l.say(form)+fmt.Sprintf("%%[%d]s", len(all)), all...)
}

// Mark returns its argument. It marks a sentence that is kept in one place, a table or a
// constant, and said with T in another, so that the check of the translations finds it.
func Mark(english string) string { return english }

// number prints with its thousands grouped under any verb.
type number struct {
	l Lang
	n int64
}

// Format implements fmt.Formatter.
func (n number) Format(s fmt.State, _ rune) { fmt.Fprint(s, n.l.Count(n.n)) }

// nothing prints nothing.
type nothing struct{}

// Format implements fmt.Formatter.
func (nothing) Format(fmt.State, rune) {}
