package sql_test

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/rule"
)

// FuzzPrint: what the parser takes can be printed, for the engine and for an auditor.
func FuzzPrint(f *testing.F) {
	schemas, list := enginetest.All(f)
	for _, x := range list {
		f.Add(x.Rule, string(x.Shape))
	}
	const head = "each tickets as t\nkey t.ticket\nin period by t.created_at\n"
	for _, s := range []string{
		"check A 'x': (t.kind = 'a') is known or first(t.kind = 'a', exists(scans on kind = t.kind)) = true else 'y'",
		"check A 'x': first(either t.kind = 'a' then true else false, true) else 'y'\ncheck B 'x' if A: (A is missing) = true else 'y'",
	} {
		f.Add(head+s, "event")
	}
	period := civil.Period{From: civil.NewDate(2026, 1, 1), To: civil.NewDate(2026, 1, 31)}
	f.Fuzz(func(t *testing.T, text, shape string) {
		p, err := rule.Parse("r", "CHG-99", text, assure.Shape(shape), schemas)
		if err != nil {
			return
		}
		c := enginesql.Context{Period: period, KnownAt: period.End()}
		if s := enginesql.Script(p, c); strings.Contains(s, "?1") && !strings.Contains(text, "?") {
			t.Errorf("the script does not stand alone: %s", s)
		}
		c.Bind = &enginesql.Binding{Org: "o", Size: 1}
		query, args := enginesql.Query(p, c)
		if query == "" || len(args) == 0 {
			t.Errorf("nothing to run: %q", text)
		}
		enginesql.Details(p, c)
		p.Judge(rule.Facts{Item: map[string]any{}, Sets: map[*rule.Row][]map[string]any{}}, rule.World{Period: period, KnownAt: period.End()})
	})
}

// TestFrame checks the parts of the calendar against days that are known.
func TestFrame(t *testing.T) {
	t.Parallel()
	want := map[string][3]string{
		"2020-W53": {"weeks", "2020-12-28", "2021-01-03"}, "2021-W01": {"weeks", "2021-01-04", "2021-01-10"},
		"2020-W01": {"weeks", "2019-12-30", "2020-01-05"}, "2020-W09": {"weeks", "2020-02-24", "2020-03-01"},
		"2020-H1": {"halves", "2020-01-01", "2020-06-30"}, "2020-H2": {"halves", "2020-07-01", "2020-12-31"},
		"2020": {"years", "2020-01-01", "2020-12-31"}, "2020-Q1": {"quarters", "2020-01-01", "2020-03-31"},
		"2020-02": {"months", "2020-02-01", "2020-02-29"},
	}
	period := civil.Period{From: civil.NewDate(2020, 1, 1), To: civil.NewDate(2020, 12, 31)}
	var names []string
	for _, r := range enginesql.Frame(period, civil.Holidays{}) {
		names = append(names, r.Name)
		last := civil.Date(0)
		for row, err := range r.Rows {
			if err != nil {
				t.Fatal(err)
			}
			name, ok := row[0].(string)
			if !ok {
				continue // the calendar itself, by days
			}
			first, end := civil.Date(row[1].(int64)), civil.Date(row[2].(int64))
			if last != 0 && first != last+1 {
				t.Errorf("%s begins on %s, the one before it ended on %s", name, first, last)
			}
			last = end
			if got := [3]string{r.Name, first.String(), end.String()}; want[name] != [3]string{} && want[name] != got {
				t.Errorf("%s = %v, want %v", name, got, want[name])
			}
			delete(want, name)
		}
	}
	for name := range want {
		t.Errorf("no %s in the frame", name)
	}
	if got := strings.Join(names, " "); got != strings.Join(enginesql.FrameNames(), " ") {
		t.Errorf("Frame makes %s, FrameNames says otherwise", got)
	}
}
