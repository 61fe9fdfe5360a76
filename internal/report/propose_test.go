package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
)

// judged is an examination of two criteria: CC8.1 is served by CHG-01 and CHG-03, CC6.2 by IAM-02.
func judged(change func(*Examination)) Examination {
	e := Examination{
		Controls: []ControlConclusion{{Control: "CHG-01", Design: Effective, Operation: Effective}, {Control: "CHG-03", Design: Effective, Operation: NoneOccurred},
			{Control: "IAM-02", Design: Effective, Operation: Effective}},
		Matters: []MatterConclusion{{ID: "DC 1", Element: TheDescription, Conclusion: Achieved}},
	}
	if change != nil {
		change(&e)
	}
	return e
}

var judgedScope = Scope{TypeTwo: true, Matters: []Matter{{ID: "CC8.1", Controls: []string{"CHG-01", "CHG-03"}}, {ID: "CC6.2", Controls: []string{"IAM-02"}}}}

// TestPropose: each opinion follows from facts, per element, and says why.
func TestPropose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Examination)
		want   []Opinion // description, design, operation
		why    string    // somewhere in the reasons or the open ones
	}{
		"all achieved": {nil, []Opinion{Unqualified, Unqualified, Unqualified}, "Nothing that is not achieved"},
		"an exception alone": {func(e *Examination) { e.Exceptions = []Exception{{ID: "E1", Control: "CHG-01"}} },
			[]Opinion{Unqualified, Unqualified, Unqualified}, "1 exception is disclosed: an exception modifies no opinion by itself."},
		"the only control fails": {func(e *Examination) { e.Controls[2].Operation = NotEffective },
			[]Opinion{Unqualified, Unqualified, Qualified}, "CC6.2 is not achieved: no control that serves it is effective: IAM-02."},
		"design fails": {func(e *Examination) { e.Controls[2].Design = NotEffective },
			[]Opinion{Unqualified, Qualified, Unqualified}, "CC6.2 is not achieved"},
		"one of two fails": {func(e *Examination) { e.Controls[0].Operation, e.Controls[1].Operation = NotEffective, Effective },
			[]Opinion{Unqualified, Unqualified, Unqualified}, "is for a person to conclude (effective: CHG-03; not effective: CHG-01)"},
		"a person says that one of two is not enough": {func(e *Examination) {
			e.Controls[0].Operation, e.Controls[1].Operation = NotEffective, Effective
			e.Matters = append(e.Matters, MatterConclusion{ID: "CC8.1", Element: Operation, Conclusion: NotAchieved, Reasons: []string{"changes went live unapproved"}})
		}, []Opinion{Unqualified, Unqualified, Qualified}, "CC8.1 is not achieved: changes went live unapproved."},
		"pervasive": {func(e *Examination) {
			e.Matters = append(e.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved, Pervasive: true})
		}, []Opinion{Unqualified, Unqualified, Adverse}, "material and pervasive"},
		"a control that nobody could test": {func(e *Examination) { e.Controls[2].Operation = Untested },
			[]Opinion{Unqualified, Unqualified, Qualified}, "Of CC6.2 it could not be determined whether it is achieved"},
		"no evidence at all": {func(e *Examination) {
			e.Limits = []Limit{{Element: Operation, Text: "the records of the first half year are lost", Pervasive: true}}
		}, []Opinion{Unqualified, Unqualified, Disclaimer}, "may be material and pervasive"},
		"known failure outweighs what could not be seen": {func(e *Examination) {
			e.Limits = []Limit{{Element: Operation, Text: "x", Pervasive: true}}
			e.Matters = append(e.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved, Pervasive: true})
		}, []Opinion{Unqualified, Unqualified, Adverse}, "What failed"},
		"nothing occurred": {func(e *Examination) { e.Controls[2].Operation = NoneOccurred },
			[]Opinion{Unqualified, Unqualified, Unqualified}, "Of CC6.2 the controls had nothing to do in the period"},
		"the description misstates": {func(e *Examination) { e.Matters[0].Conclusion = NotAchieved },
			[]Opinion{Qualified, Unqualified, Unqualified}, "DC 1 is not achieved."},
		"nobody read the description": {func(e *Examination) { e.Matters = nil },
			[]Opinion{Unqualified, Unqualified, Unqualified}, "The description: nobody concluded whether it is presented."},
		"nobody concluded": {func(e *Examination) { e.Controls = nil },
			[]Opinion{Unqualified, Unqualified, Unqualified}, "not concluded on: IAM-02"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []Opinion
			var said string
			for _, p := range Propose(judged(c.change), judgedScope) {
				got = append(got, p.Opinion)
				said += strings.Join(p.Reasons, "\n") + "\n" + strings.Join(p.Open, "\n") + "\n"
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Propose (-want +got):\n%s", diff)
			}
			if !strings.Contains(said, c.why) {
				t.Errorf("Propose says:\n%s\nwant %q", said, c.why)
			}
		})
	}
	if got := Propose(judged(nil), Scope{Matters: judgedScope.Matters}); len(got) != 2 || got[1].Element != Design {
		t.Errorf("Propose(Type 1) = %+v, want the description and the design alone", got)
	}
}

// TestPromises: a service commitment is judged on the basis of the criteria on which it rests, by itself, and modifies an opinion by itself.
func TestPromises(t *testing.T) {
	t.Parallel()
	list := []assure.Commitment{{Text: "Changes are approved.", Criteria: []string{"CC8.1"}}, {Text: "All of it."}, {Text: "It runs always.", Criteria: []string{"A1.2"}},
		{Text: "Passwords are long.", Requirement: true, Criteria: []string{"CC6.2", "A1.1"}}}
	want := []Matter{{ID: "Commitment 1", Controls: []string{"CHG-01", "CHG-03"}, Criteria: []string{"CC8.1"}, Text: "Changes are approved."},
		{ID: "Commitment 2", Controls: []string{"CHG-01", "CHG-03", "IAM-02"}, Criteria: []string{"CC8.1", "CC6.2"}, Text: "All of it."},
		{ID: "Requirement 1", Controls: []string{"IAM-02"}, Criteria: []string{"CC6.2"}, Text: "Passwords are long."}}
	s := judgedScope
	s.Matters = append(slices.Clone(s.Matters), promises(list, s.Matters)...)
	if diff := cmp.Diff(want, s.Matters[2:]); diff != "" {
		t.Fatalf("promises (-want +got):\n%s", diff)
	}
	failed := func(e *Examination) {
		e.Matters = append(e.Matters, MatterConclusion{ID: "CC6.2", Element: Operation, Conclusion: NotAchieved, Reasons: []string{"leavers kept access"}})
	}
	broken := func(e *Examination) {
		e.Matters = append(e.Matters, MatterConclusion{ID: "Commitment 1", Element: Operation, Conclusion: NotAchieved, Reasons: []string{"customers were told otherwise"}})
	}
	for name, c := range map[string]struct {
		change   func(*Examination)
		opinion  Opinion
		affected []string
		say      string
	}{
		"all criteria achieved":    {nil, Unqualified, nil, ""},
		"one of its two is not":    {failed, Qualified, []string{"CC6.2", "Requirement 1"}, "Commitment 2: whether it was met all the same is for a person to conclude (achieved: CC8.1; not achieved: CC6.2)"},
		"the only one is not":      {failed, Qualified, []string{"CC6.2", "Requirement 1"}, "Requirement 1 is not achieved: no criterion on which it rests is achieved: CC6.2."},
		"broken, its criteria not": {broken, Qualified, []string{"Commitment 1"}, "Commitment 1 is not achieved: customers were told otherwise."},
		"half of it failed":        {failed, Qualified, []string{"CC6.2", "Requirement 1"}, "2 of 5 matters are not achieved, or could not be seen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Propose(judged(c.change), s)[2]
			said := strings.Join(append(p.Reasons, p.Open...), "\n")
			if p.Opinion != c.opinion || !slices.Equal(p.Affected, c.affected) || !strings.Contains(said, c.say) {
				t.Errorf("Propose = %s of %v, and says:\n%s\nwant %s of %v that says %q", p.Opinion, p.Affected, said, c.opinion, c.affected, c.say)
			}
		})
	}
}

// TestAggregate: the worst counts, never an average.
func TestAggregate(t *testing.T) {
	t.Parallel()
	for want, list := range map[Opinion][]Opinion{
		Unqualified: {Unqualified, Unqualified}, Qualified: {Unqualified, Qualified}, Disclaimer: {Disclaimer, Qualified, Unqualified}, Adverse: {Disclaimer, Adverse, Unqualified},
	} {
		if got := Aggregate(list); got != want {
			t.Errorf("Aggregate(%v) = %v, want %v", list, got, want)
		}
	}
}
