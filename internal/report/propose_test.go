package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

var judgedScope = Scope{TypeTwo: true, Matters: []Matter{{"CC8.1", []string{"CHG-01", "CHG-03"}}, {"CC6.2", []string{"IAM-02"}}}}

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
