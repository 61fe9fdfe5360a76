package rule_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/rule"
)

// FuzzRefused: a rule that is not taken is refused with file, line and column; one that is taken
// says the same in words each time, and white space around it changes nothing.
func FuzzRefused(f *testing.F) {
	for _, x := range []string{
		"check A 'x': change.author = 'a' else 'y'",
		"check A 'x': count(reviews) > 1 else 'y'\nsuppose change.author is known",
		"check A 'x': change.merged_at + 3 business days < change.deployed_at else '{change.author}'",
		"let who = change.author\ncheck A 'x': who != change.deployed_by else 'y'",
		"check A '", "check A 'x': ((((", "\x00", "check A 'x': 99999999999999999999 > 1 else 'y'",
	} {
		f.Add(changes+x, "event")
	}
	f.Add("each days as d\nkey d.name\nin period by d.date\ncheck A 'x': exists(scans on started_at >= start of d.date) else 'y'", "schedule")
	place := regexp.MustCompile(`^r:\d+: `)
	regs := load(f)
	f.Fuzz(func(t *testing.T, text, shape string) {
		p, err := rule.Parse("r", "CHG-01", text, assure.Shape(shape), regs)
		if err != nil {
			if !errors.Is(err, fault.Refused) || !place.MatchString(err.Error()) {
				t.Errorf("%v: no refusal with its place", err)
			}
			return
		}
		again, err := rule.Parse("r", "CHG-01", "\n"+text+"\n \n", assure.Shape(shape), regs)
		if err != nil || again.Sentence() != p.Sentence() {
			t.Errorf("with white space around it: %v, where it said %s", err, p.Sentence())
		}
	})
}
