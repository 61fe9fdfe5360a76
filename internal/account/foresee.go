package account

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// common are pieces of which the passwords of people in a hurry are made. A password of 15 characters is foreseeable when
// little is left of it without them.
var common = strings.Fields(`password passwort passw0rd passphrase kennwort secret geheim letmein welcome willkommen admin administrator
root login signin master superuser user default changeme change test testing demo guest qwerty qwertz azerty asdfgh asdf yxcvbn
zxcvbn qazwsx abc abcd abcde abcdef iloveyou ichliebedich princess sunshine football baseball monkey dragon shadow michael
jordan superman batman starwars pokemon computer internet server office company firma sommer winter herbst spring summer autumn
january february march april june july august september october november december januar februar juni juli oktober dezember
monday tuesday wednesday thursday friday saturday sunday hello hallo trustno1 whatever freedom money love please bitte
correct horse battery staple correcthorsebatterystaple compliance audit auditor security soc2 assay evidence control 123 1234 12345
123456 1234567 12345678 123456789 1234567890 4321 54321 654321 987654321 111 000 666 777 999 2020 2021 2022 2023 2024 2025 2026 2027`)

// foreseeable says why a password comes to mind first, or "".
func foreseeable(password string, about []string) string {
	p := plainLetters(password)
	if distinct(p) < 6 {
		return "repeats a few characters"
	}
	if runs(p) {
		return "is a row of characters as they follow each other"
	}
	for size := 1; size <= len(p)/2; size++ {
		if len(p)%size == 0 && strings.Repeat(p[:size], len(p)/size) == p {
			return "repeats one piece"
		}
	}
	pieces := append([]string{}, common...)
	for _, a := range about {
		for _, w := range strings.FieldsFunc(strings.ToLower(a), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(w) >= 3 {
				pieces = append(pieces, w)
			}
		}
	}
	// What is left without the foreseeable pieces, longest first, must still be something.
	if left := without(p, pieces); utf8.RuneCountInString(left) < 5 {
		return "consists of common words, or of what is known of you"
	}
	return ""
}

// plainLetters undoes what people do to make words look odd.
func plainLetters(s string) string {
	s = strings.NewReplacer("@", "a", "$", "s", "€", "e").Replace(strings.ToLower(s))
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r > unicode.MaxLatin1 && !unicode.IsSpace(r) {
			return r
		}
		return -1
	}, s)
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// runs reports whether nearly every character is the neighbour of the one before, in the alphabet or on a keyboard.
func runs(s string) bool {
	rows := []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "azertyuiop"}
	steps, next := 0, 0
	r := []rune(s)
	for i := 1; i < len(r); i++ {
		steps++
		pair, back := string(r[i-1:i+1]), string([]rune{r[i], r[i-1]})
		for _, row := range rows {
			if strings.Contains(row, pair) || strings.Contains(row, back) {
				next++
				break
			}
		}
	}
	return steps > 0 && next*10 >= steps*8
}

func without(s string, pieces []string) string {
	for {
		longest := ""
		for _, p := range pieces {
			if len(p) > len(longest) && strings.Contains(s, p) {
				longest = p
			}
		}
		if longest == "" {
			return s
		}
		s = strings.Replace(s, longest, "", 1)
	}
}
