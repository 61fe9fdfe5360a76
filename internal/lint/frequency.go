package lint

import "regexp"

// cadences are the frequencies, each with the words that say it and the least sample that readers accept for a control
// that people carry out: the lower ends of the published points (handbook 4.5).
var cadences = []struct {
	name  string
	words *regexp.Regexp
	least int // of a period of a year
}{
	{"continuous", regexp.MustCompile(`(?i)\b(continuous(ly)?|real[- ]time)\b`), 1},
	{"each event", regexp.MustCompile(`(?i)\b(each event|per event|event[- ]driven|per occurrence|each occurrence|as they occur|ad[- ]hoc|on demand|multiple times (a|per) day)\b`), 0},
	{"daily", regexp.MustCompile(`(?i)\b(daily|nightly|(each|every|once a) (business )?day)\b`), 15},
	{"semi-monthly", regexp.MustCompile(`(?i)\b(semi-?monthly|twice a month|bi-?weekly|fortnightly|every (two|2) weeks)\b`), 3},
	{"weekly", regexp.MustCompile(`(?i)(^|[^-\w])(weekly|(each|every|once a) week)\b`), 5},
	{"monthly", regexp.MustCompile(`(?i)(^|[^-\w])(monthly|(each|every|once a) month)\b`), 2},
	{"quarterly", regexp.MustCompile(`(?i)\b(quarterly|(each|every|once a) quarter|every (three|3) months)\b`), 2},
	{"semi-annual", regexp.MustCompile(`(?i)\b(semi-?annual(ly)?|half-?yearly|twice (a|per) year|every (six|6) months)\b`), 1},
	{"annual", regexp.MustCompile(`(?i)(^|[^-\w])(annual(ly)?|yearly|(each|every|once a|once per) year|every (twelve|12) months)\b`), 1},
}

// frequencies reads the frequency of a control: of its field, and where that says none, of its statement.
func frequencies(field, statement string) []string {
	for _, s := range []string{field, statement} {
		var out []string
		for _, c := range cadences {
			if c.words.MatchString(s) {
				out = append(out, c.name)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// least is the smallest sample of a population that readers accept; 0 where nothing can be said.
func least(cadence string, population *int) int {
	for _, c := range cadences {
		if c.name != cadence {
			continue
		}
		n := c.least
		if cadence == "each event" && population != nil {
			switch p := *population; {
			case p >= 250:
				n = 25
			case p >= 52:
				n = max(5, (p+9)/10)
			case p >= 12:
				n = 3
			default:
				n = min(p, 2)
			}
		}
		if population != nil {
			n = min(n, *population)
		}
		return n
	}
	return 0
}
