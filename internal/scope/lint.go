package scope

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
)

// mostWords is how long a statement may be before nobody can test it as one.
const mostWords = 45

var (
	// Words that promise without measure. "Timely" and its like stand when a number stands by them.
	vague   = regexp.MustCompile(`(?i)\b(appropriate(?:ly)?|adequate(?:ly)?|sufficient(?:ly)?|reasonabl[ey]|as needed|as required|where (?:possible|necessary|feasible)|generally|typically|normally|usually|best efforts?|and/or|etc)\b`)
	hurried = regexp.MustCompile(`(?i)\b(timely|promptly|quickly|soon|regular(?:ly)?|periodic(?:ally)?|frequent(?:ly)?|without (?:undue )?delay|immediately)\b`)
	wishes  = regexp.MustCompile(`(?i)\b(should|shall|must|will|would|may|might|aims?|intends?|strives?)\b`)
	when    = regexp.MustCompile(`(?i)\b(\d+|every|each|all|any|within|before|after|until|when(?:ever)?|once|twice|at least|at the time|always|only|no|daily|weekly|monthly|quarterly|annual(?:ly)?|yearly|hourly|continuous(?:ly)?|per|on (?:the|their) )`)
	measure = regexp.MustCompile(`(?i)\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|hours?|days?|weeks?|months?|quarters?|years?|minutes?|daily|weekly|monthly|quarterly|annual(?:ly)?|yearly)\b`)
	passive = regexp.MustCompile(`(?i)\b(?:is|are|was|were|be|been|being) (?:\w+ly )?\w+ed\b`)
	stop    = regexp.MustCompile(`[.!?](?:\s+[A-Z]|$)`)
	// Words that claim what only an examination can find.
	claimed  = regexp.MustCompile(`(?i)\b(certified|compliant|compliance)\b`)
	verified = regexp.MustCompile(`(?i)^ with [^.]*\b(?:is|are) (?:\w+ly )?(?:checked|reviewed|monitored|tested|assessed|verified|measured|tracked)\b`)
	// In a longer text more words are at home: confidence, and compliance as the name of a team or a duty.
	told = regexp.MustCompile(`(?i)\b(certified|certification|compliant|no exceptions? (?:was |were )?noted|audit passed)\b`)

	actor = regexp.MustCompile(`(?i)\b(?:by|through)\b`)
)

var relative = map[string]bool{"that": true, "who": true, "which": true}

// Lint says what keeps a control's statement from being tested: one actor, one act, one when, a measure, and
// no word that promises without one. What the control says beside its statement counts: its owner acts where
// nobody is named, and what happens per event or all the time needs no other when. It advises; nothing is refused
// for it.
func Lint(c assure.Control) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	text := strings.TrimSpace(c.Statement)
	if n := len(strings.Fields(text)); n > mostWords {
		add("it has %d words; say it in %d or fewer, or make two controls of it", n, mostWords)
	}
	if n := sentences(text); n > 1 {
		add("it has %d sentences; a control is one act: make a control of each, or put the second into its test", n)
	}
	for _, w := range vague.FindAllString(text, -1) {
		add("%q measures nothing: say how much, how many or which", w)
	}
	if !measure.MatchString(text) {
		for _, w := range hurried.FindAllString(text, -1) {
			add("%q without a number: say within which time, or how often", w)
		}
	}
	for _, at := range wishes.FindAllStringIndex(text, -1) {
		before := strings.Fields(text[:at[0]])
		w := text[at[0]:at[1]]
		if len(before) > 0 && relative[strings.ToLower(before[len(before)-1])] {
			continue // "a vendor that will touch customer data" says of whom, not what
		}
		add("%q says what is wished for; say what happens, in the present tense", w)
	}
	for _, at := range claimed.FindAllStringIndex(text, -1) {
		if !verified.MatchString(text[at[1]:]) { // "compliance with the notice is checked" is an act
			add("%q claims what only an examination can find; say what is done", text[at[0]:at[1]])
		}
	}
	itself := c.Frequency == assure.PerEvent || c.Frequency == assure.Continuous
	if !itself && !when.MatchString(text) {
		add("it does not say when: name what sets it off, or how often it is done")
	}
	if c.Owner == "" && passive.MatchString(text) && !actor.MatchString(text) {
		add("nobody does it: name who acts, as in \"the system owner approves\" or \"approved by the system owner\"")
	}
	return out
}

// Claims lists, by file and line, the words in the description and in policies that claim what only an examination or
// a certificate can. The texts are the organization's: it is warned, and nothing is refused for it.
func Claims(f Folder) []string {
	var out []string
	look := func(file, text string) {
		for i, line := range strings.Split(text, "\n") {
			if w := told.FindString(line); w != "" {
				out = append(out, fmt.Sprintf("%s: %q in line %d of the text claims what only an examination or a certificate can; make sure that it is so, and of what", file, w, i+1))
			}
		}
	}
	for _, part := range slices.Sorted(maps.Keys(f.System.Texts)) {
		look("description/"+part+".md", f.System.Texts[part])
	}
	for _, p := range f.Policies {
		look("policies/"+p.ID+".md", p.Text)
	}
	return out
}

// sentences counts the full stops that end one.
func sentences(s string) int { return max(len(stop.FindAllString(s, -1)), 1) }
