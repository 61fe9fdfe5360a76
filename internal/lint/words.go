package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
)

const months = `(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\.?`

// aDate is a date as reports write it: 30 June 2026, June 30, 2026, 2026-06-30.
const aDate = `(?:\d{1,2}(?:st|nd|rd|th)? ` + months + `,? \d{4}|` + months + ` \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{4}-\d{2}-\d{2})`

var (
	dates      = regexp.MustCompile(`(?i)\b` + aDate + `\b`)
	throughout = regexp.MustCompile(`(?i)\b(?:period|from|between|during|throughout)\b[^.;\d]{0,20}?(` + aDate + `),? (?:to|through|until|and|[-–—]) (` + aDate + `)`)
	anyRange   = regexp.MustCompile(`(?i)(` + aDate + `),? (?:to|through|until|[-–—]) (` + aDate + `)`)
	asOf       = regexp.MustCompile(`(?i)\bas (?:of|at)\b[ :]*(` + aDate + `)`)
	pieces     = regexp.MustCompile(`(?i)(\d{4})-(\d{2})-(\d{2})|(\d{1,2})(?:st|nd|rd|th)? (` + months + `),? (\d{4})|(` + months + `) (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})`)
)

// readDate reads one date; nil where the text is none.
func readDate(s string) *civil.Date {
	m := pieces.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	y, mo, d := m[1], m[2], m[3]
	var month int
	switch {
	case y != "":
		month = number(mo)
	case m[5] != "":
		y, d, month = m[6], m[4], monthOf(m[5])
	default:
		y, d, month = m[9], m[8], monthOf(m[7])
	}
	out, err := civil.ParseDate(y + "-" + two(strconv.Itoa(month)) + "-" + two(d))
	if err != nil {
		return nil
	}
	return &out
}

func two(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

func monthOf(s string) int {
	s = strings.ToLower(s)
	for m := time.January; m <= time.December; m++ {
		if len(s) >= 3 && strings.HasPrefix(strings.ToLower(m.String()), s[:3]) {
			return int(m)
		}
	}
	return 0
}

// readSpan finds the first period or as-of date that a text says.
func readSpan(s string, loose bool) Span {
	ranged := throughout
	if loose {
		ranged = anyRange
	}
	m, at := ranged.FindStringSubmatchIndex(s), asOf.FindStringSubmatchIndex(s)
	if m != nil && (at == nil || m[0] < at[0]) {
		from, to := readDate(s[m[2]:m[3]]), readDate(s[m[4]:m[5]])
		if from != nil && to != nil && *from <= *to {
			return Span{From: from, To: to}
		}
	}
	if at != nil {
		return Span{AsOf: readDate(s[at[2]:at[3]])}
	}
	return Span{}
}

const category = `(?:security|availability|processing integrity|confidentiality|privacy)`

var (
	relevant   = regexp.MustCompile(`(?i)\b(?:relevant to|categories?:?|criteria for)(?: the)? (` + category + `(?:(?:,? and |, |,? & |/)(?:the )?` + category + `)*)`)
	categories = regexp.MustCompile(`(?i)` + category)
	listed     = regexp.MustCompile(`(?i)^(?:trust services )?(?:categories|criteria)?[:\t ]*` + category + `(?:(?:,? and |, |,? & | · |/)` + category + `)*\.?$`)
)

// readCategories finds the first list of categories that a text says the report is relevant to.
func readCategories(s string) []string {
	found := ""
	if m := relevant.FindStringSubmatch(s); m != nil {
		found = m[1]
	} else {
		for line := range strings.SplitSeq(s, "\n") {
			if listed.MatchString(strings.TrimSpace(line)) {
				found = line
				break
			}
		}
	}
	var out []string
	for _, c := range categories.FindAllString(found, -1) {
		if c = strings.ReplaceAll(strings.ToLower(c), " ", "_"); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

var (
	qualified   = regexp.MustCompile(`(?i)\bexcept for\b[^.]{0,300}\bin our opinion\b|\bin our opinion,? except for\b|\bqualified opinion\b`)
	adverse     = regexp.MustCompile(`(?i)\badverse opinion\b|\bin our opinion\b[^.]{0,300}\b(does not present|were not suitably designed|did not operate)\b`)
	disclaimed  = regexp.MustCompile(`(?i)\bdisclaimer of opinion\b|\bwe do not express an opinion on (the description|whether|management)`)
	unqualified = regexp.MustCompile(`(?i)\bin our opinion\b|\bunqualified opinion\b`)
)

// readOpinion tells the type of the opinion that an auditor's report expresses; empty where it expresses none.
func readOpinion(s string) string {
	switch {
	case disclaimed.MatchString(s):
		return "disclaimer"
	case adverse.MatchString(s):
		return "adverse"
	case qualified.MatchString(s):
		return "qualified"
	case unqualified.MatchString(s):
		return "unqualified"
	}
	return ""
}

var (
	kinds  = regexp.MustCompile(`(?i)\b(?:SOC|system and organi[sz]ation controls)(?: for service organi[sz]ations)?[ ®™-]*([123])\b|\b(ISAE) ?3402\b`)
	typeOf = regexp.MustCompile(`(?i)\btype[ -]?(1|2|II|I)\b`)
)

// readKind finds which report a text says it is.
func readKind(s string) (kind string, typ int) {
	if m := kinds.FindStringSubmatch(s); m != nil {
		kind = "soc" + m[1]
		if m[2] != "" {
			kind = "isae3402"
		}
	}
	if m := typeOf.FindStringSubmatch(s); m != nil && kind != "soc3" {
		typ = 1
		if m[1] == "2" || strings.EqualFold(m[1], "II") {
			typ = 2
		}
	}
	return kind, typ
}
