package engage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/report"
)

// concludable is a control of which all is done, so that only what a test adds stands in the way.
func concludable(t *testing.T, terms Terms, freeze func(*Frozen)) (*pair, report.ControlConclusion) {
	t.Helper()
	p := newPair(t, terms)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.assessed("CHG-01")
	p.refrozen("CHG-01", freeze)
	return p, report.ControlConclusion{Control: "CHG-01", Design: report.Effective, Operation: report.Effective, Tested: 10, Reason: "None deviates."}
}

// refrozen freezes a population of a control under a seed of its own, draws from it, and marks all as passed.
func (p *pair) refrozen(control string, change func(*Frozen)) {
	p.t.Helper()
	raw, c := p.seed()
	p.does(sam, "commit_seed", Seed{Control: control, Test: control, Commitment: c})
	f := frozenOf(control, keysOf(control, 60), c)
	if change != nil {
		change(&f)
	}
	p.does(lea, "freeze", f)
	s := drawnFrom(control, keysOf(control, 60), raw, 10)
	s.ID += c[:4]
	p.does(sam, "draw", s)
	p.checked(control)
	p.does(sam, "procedures", Procedures{Control: control, Test: control, Extent: report.Sampled, Procedures: []report.Procedure{{Kind: report.Inspection, Text: "Inspected the record of each item."}}})
	var ticks []Tick
	for _, x := range s.Items {
		ticks = append(ticks, Tick{x.Key, "A", Mark{Result: "pass"}})
	}
	p.does(sam, "tick", Ticks{control, control, ticks})
}

// relies gives the auditor's reason for each doubt of a control.
func (p *pair) relies(control string, want ...string) {
	p.t.Helper()
	d := p.see(p.firm).Doubts(control)
	var ids []string
	for _, x := range d {
		ids = append(ids, x.ID)
	}
	if !slices.Equal(ids, want) {
		p.t.Fatalf("Doubts(%s) = %q, want %q", control, ids, want)
	}
	p.tries(sam, "rely", Reliance{control, want[0], "x", ""}, "not for the staff")
	p.tries(mia, "rely", Reliance{control, want[0], " ", ""}, "expected words")
	for _, id := range ids {
		p.does(mia, "rely", Reliance{Control: control, Doubt: id, Reason: "The days after were looked at by hand in the log of the cloud."})
	}
	if d := p.see(p.firm).Doubts(control); len(d) != 0 {
		p.t.Fatalf("Doubts(%s) = %v after a reason for each, want none", control, d)
	}
}

// TestTwoStandards: events offered before the period has ended, and configuration captured after it, cannot carry a conclusion without
// the auditor's reason.
func TestTwoStandards(t *testing.T) {
	t.Parallel()
	t.Run("a population known before the end", func(t *testing.T) {
		t.Parallel()
		p, c := concludable(t, typeTwo, func(f *Frozen) { f.KnownAt = "2026-07-01T03:59:59Z" }) // a second before midnight in New York
		p.tries(mia, "conclude_control", c, "before the period had ended")
		p.relies("CHG-01", "early:CHG-01@1")
		p.does(mia, "conclude_control", c)
		p.refrozen("CHG-01", func(f *Frozen) { f.KnownAt = "2026-06-30T12:00:00Z" })
		p.tries(mia, "conclude_control", c, "before the period had ended") // the reason was about another version
	})
	t.Run("a population known at the end", func(t *testing.T) {
		t.Parallel()
		p, c := concludable(t, typeTwo, func(f *Frozen) { f.KnownAt = "2026-07-01T04:00:00Z" })
		p.does(mia, "conclude_control", c)
	})
	for _, by := range []string{"request", "label", "response", "paper"} {
		t.Run("a configuration captured after the end, by "+by, func(t *testing.T) {
			t.Parallel()
			p, c := concludable(t, typeTwo, nil)
			ev := Evidence{SHA256: TextHash("screen"), Name: "mfa.json", Received: "2026-07-01T04:00:00Z", Standard: "configuration"}
			switch by {
			case "request": // whatever the client calls it
				ev.Standard = "event"
				p.does(sam, "ask", Request{ID: "r", Control: "CHG-01", Wants: "configuration", What: "Branch protection.", Due: day("2026-07-20")})
				p.does(owen, "answer", Reply{Request: "r", Evidence: []Evidence{ev}})
			case "label":
				p.does(sam, "ask", Request{ID: "r", Control: "CHG-01", Wants: "evidence", What: "Branch protection.", Due: day("2026-07-20")})
				p.does(owen, "answer", Reply{Request: "r", Evidence: []Evidence{ev}})
			case "response":
				p.does(sam, "raise", Deviation{ID: "d", Control: "CHG-01", Test: "CHG-01", Items: []string{"CHG-01/001"}, What: "x"})
				p.does(owen, "respond", Response{Deviation: "d", Position: "operated", Text: "See.", Evidence: []Evidence{ev}})
				p.does(mia, "resolve", Resolution{Deviation: "d", Outcome: "false_positive", Reason: "The cloud's log shows it.", Proof: "log of the cloud"})
			case "paper":
				p.does(sam, "assess", Assessment{Control: "CHG-01", Design: report.Effective, Implemented: true, Words: "x", Walkthrough: "y", Evidence: []Evidence{ev}})
			}
			p.tries(mia, "conclude_control", c, "captured after the period had ended")
			p.relies("CHG-01", "late:"+ev.SHA256)
			p.does(mia, "conclude_control", c)
			p.restarted()
		})
	}
	t.Run("a configuration captured in the period", func(t *testing.T) {
		t.Parallel()
		p, c := concludable(t, typeTwo, nil)
		p.does(sam, "ask", Request{ID: "r", Control: "CHG-01", Wants: "configuration", What: "Branch protection.", Due: day("2026-07-20")})
		p.does(owen, "answer", Reply{Request: "r", Evidence: []Evidence{{SHA256: TextHash("screen"), Name: "mfa.json", Received: "2026-07-01T03:59:59.999Z"}}})
		p.does(mia, "conclude_control", c)
	})
}

// TestPopulations: what a population and its sample must be before anything is concluded from them.
func TestPopulations(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.assessed("CHG-01")
	c := report.ControlConclusion{Control: "CHG-01", Design: report.Effective, Operation: report.Effective, Tested: 10, Reason: "None deviates."}
	p.tries(mia, "conclude_control", c, "no test of operation")
	inspect := Procedures{Control: "CHG-01", Test: "CHG-01", Extent: report.Whole, Procedures: []report.Procedure{{Kind: report.Reperformance, Text: "Ran the test again."}}}
	p.does(sam, "procedures", inspect)
	p.tries(mia, "conclude_control", c, "completeness")
	n := 59
	p.does(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C5", Passed: true, Words: "x"})
	p.tries(mia, "conclude_control", c, "accuracy")
	p.does(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "A2", Passed: true, Words: "x"})

	// The whole population is no one's word: the auditor runs the rule again, and the last run counts.
	p.tries(mia, "conclude_control", c, "has not run it again")
	again := Reperformance{Control: "CHG-01", Test: "CHG-01", With: "duckdb", Package: TextHash("package"), Theirs: "abc", Ours: "abc"}
	p.tries(sam, "reperform", again, "was not taken in")
	p.does(sam, "take_package", Package{SHA256: TextHash("package"), Size: 100, Root: TextHash("root")})
	p.tries(sam, "take_package", Package{SHA256: TextHash("smaller"), Size: 99, Root: TextHash("root")}, "does not shrink")
	p.does(sam, "reperform", again)
	p.does(mia, "conclude_control", c)
	again.Ours = "abd"
	p.does(sam, "reperform", again)
	p.tries(mia, "conclude_control", c, "has not run it again with the same result")
	again.Ours = ""
	again.Theirs = ""
	p.does(sam, "reperform", again)
	p.tries(mia, "conclude_control", c, "has not run it again")

	// As a sample: nothing is concluded from a selection that was never made.
	inspect.Extent = report.Sampled
	p.does(sam, "procedures", inspect)
	p.tries(mia, "conclude_control", c, "is not frozen")
	raw, seed := p.seed()
	p.does(sam, "commit_seed", Seed{Control: "CHG-01", Test: "CHG-01", Commitment: seed})
	p.does(lea, "freeze", frozenOf("CHG-01", keysOf("CHG-01", 60), seed))
	p.tries(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C2", Source: "log", Count: &n, Passed: true, Words: "x"}, "59, the population 60")
	p.tries(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C2", Passed: true, Words: "x"}, "a second source")
	p.tries(mia, "conclude_control", c, "completeness") // the checks were on nothing that was frozen
	p.checked("CHG-01")
	p.tries(mia, "conclude_control", c, "nothing was drawn")
	passed := drawnFrom("CHG-01", keysOf("CHG-01", 60), raw, 10)
	p.does(sam, "draw", passed)
	p.does(mia, "conclude_control", c)

	// A failed check blocks until it is done again; an item from outside until it is found inside (C4, handbook E72).
	p.does(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C1", Words: "Number 17 is missing."})
	p.tries(mia, "conclude_control", c, "the check C1")
	p.does(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C1", Passed: true, Words: "Number 17 was cancelled, as the log shows."})
	p.does(sam, "trace", Trace{Control: "CHG-01", Test: "CHG-01", Item: "deploy-9", Source: "log of the cloud", Words: "A deployment of 3 May."})
	p.tries(mia, "conclude_control", c, "found outside of the population")
	p.refrozen("CHG-01", func(f *Frozen) { f.KnownAt = "2026-07-06T04:00:00Z" })
	p.tries(mia, "conclude_control", c, "found outside of the population")
	p.does(sam, "trace", Trace{Control: "CHG-01", Test: "CHG-01", Item: "deploy-9", Source: "log of the cloud", Found: true, Words: "It is in version 2."})
	p.does(mia, "conclude_control", c)

	// A mark that somebody left open.
	p.does(sam, "tick", Ticks{"CHG-01", "CHG-01", []Tick{{passed.Items[0].Key, "B", Mark{Result: "undecided", Note: "Asked the owner."}}}})
	p.tries(mia, "conclude_control", c, "still undecided")
	p.tries(sam, "prepare", Of{"CHG-01"}, "have no result") // the others were not asked B
	p.restarted()
}

// TestNothingOccurred: an empty list proves nothing by itself (handbook E16, E18).
func TestNothingOccurred(t *testing.T) {
	t.Parallel()
	p := newPair(t, typeTwo)
	p.accepted()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	p.assessed("CHG-01")
	c := report.ControlConclusion{Control: "CHG-01", Design: report.Effective, Operation: report.NoneOccurred, Reason: "No emergency."}
	p.tries(mia, "conclude_control", c, "no test of operation")
	p.does(sam, "procedures", Procedures{Control: "CHG-01", Test: "CHG-01", Extent: report.Sampled, Procedures: []report.Procedure{{Kind: report.Inspection, Text: "Looked for items."}}})
	p.tries(mia, "conclude_control", c, "an empty list does not show")
	_, seed := p.seed()
	p.does(sam, "commit_seed", Seed{Control: "CHG-01", Test: "CHG-01", Commitment: seed})
	p.does(lea, "freeze", frozenOf("CHG-01", nil, seed))
	zero := 0
	p.does(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "C2", Source: "incident tracker", Count: &zero, Passed: true, Words: "None there either."})
	effective := c
	effective.Operation = report.Effective
	p.does(sam, "check_population", PopulationCheck{Control: "CHG-01", Test: "CHG-01", Check: "A4", Passed: true, Words: "The query covers the period."})
	p.tries(mia, "conclude_control", effective, "nothing operated")
	p.does(mia, "conclude_control", c)
	_, seed = p.seed()
	p.does(sam, "commit_seed", Seed{Control: "CHG-01", Test: "CHG-01", Commitment: seed})
	p.does(lea, "freeze", frozenOf("CHG-01", keysOf("CHG-01", 1), seed))
	p.tries(mia, "conclude_control", c, "holds 1 items")
}

// TestRelation says of evidence when it came in relative to the request.
func TestRelation(t *testing.T) {
	t.Parallel()
	asked, err := time.Parse(time.RFC3339, "2026-07-06T09:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Asked: instant(asked)}
	for _, c := range []struct {
		received string
		after    bool
		say      string
	}{
		{"2026-07-06T08:59:59.999999Z", false, "before it was asked for"},
		{"2026-07-06T09:00:00Z", true, "after it was asked for"},
		{"sometime", true, "not known"},
	} {
		if after, say := r.Relation(Evidence{Received: c.received}); after != c.after || !strings.Contains(say, c.say) {
			t.Errorf("Relation(%s) = %t, %q; want %t, %q", c.received, after, say, c.after, c.say)
		}
	}
}
