package assure

import "strings"

// Completeness says in one word whether a population is shown to be whole. Terminal, pages and
// reports take the word from here.
type Completeness int

// The words, from best to worst.
const (
	Shown       Completeness = iota // every register of the items passed a check and failed none
	ShownDoubts                     // so too, but another check failed: of accuracy, or of a register that the test also reads
	NotShown                        // no check failed, and not every register passed one
	CheckFailed                     // a completeness check of the items' own registers failed
)

// Word is what a person reads.
func (c Completeness) Word() string {
	return [...]string{"Shown", "Shown, another check failed", "Not shown", "Check failed"}[c]
}

// Wholeness decides the word, and lists the checks that failed, of whatever kind and register.
func (t TestResult) Wholeness() (Completeness, []Check) {
	var failed []Check
	own := false
	for _, c := range t.Completeness {
		if c.Status == Failed {
			failed = append(failed, c)
			own = own || strings.HasPrefix(c.Check, "C") && t.from(c.Register)
		}
	}
	switch {
	case t.Complete() && len(failed) == 0:
		return Shown, nil
	case t.Complete():
		return ShownDoubts, failed
	case own:
		return CheckFailed, failed
	}
	return NotShown, failed
}

// from reports whether items come from a register, or from the calendar where none makes them.
func (t TestResult) from(register string) bool {
	if len(t.Registers) == 0 {
		return register == ""
	}
	for _, r := range t.Registers {
		if r == register {
			return true
		}
	}
	return false
}
