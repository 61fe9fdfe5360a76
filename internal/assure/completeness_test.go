package assure

import "testing"

func TestWholeness(t *testing.T) {
	t.Parallel()
	check := func(name, register string, s CheckStatus) Check {
		return Check{Check: name, Register: register, Status: s}
	}
	for _, x := range []struct {
		name      string
		registers []string
		checks    []Check
		want      Completeness
		failed    int
	}{
		{"nothing checked", []string{"a"}, nil, NotShown, 0},
		{"passed", []string{"a"}, []Check{check("C2", "a", Passed), check("C1", "a", Missing)}, Shown, 0},
		{"one of two registers passed", []string{"a", "b"}, []Check{check("C2", "a", Passed)}, NotShown, 0},
		{"failed", []string{"a"}, []Check{check("C2", "a", Passed), check("C3", "a", Failed)}, CheckFailed, 1},
		{"one failed, another not shown", []string{"a", "b"}, []Check{check("C3", "a", Failed)}, CheckFailed, 1},
		{"accuracy failed", []string{"a"}, []Check{check("C2", "a", Passed), check("A2", "a", Failed)}, ShownDoubts, 1},
		{"a register that is also read failed", []string{"a"}, []Check{check("C2", "a", Passed), check("C2", "b", Failed)}, ShownDoubts, 1},
		{"only another failed", []string{"a"}, []Check{check("C2", "b", Failed), check("A2", "a", Failed)}, NotShown, 2},
		{"the calendar", nil, []Check{check("C5", "", Passed)}, Shown, 0},
		{"the calendar with a failed register", nil, []Check{check("C5", "", Passed), check("C2", "b", Failed)}, ShownDoubts, 1},
		{"the calendar disagrees", nil, []Check{check("C5", "", Failed)}, CheckFailed, 1},
	} {
		got, failed := TestResult{Registers: x.registers, Completeness: x.checks}.Wholeness()
		if got != x.want || len(failed) != x.failed {
			t.Errorf("%s: %s, %d failed; want %s, %d", x.name, got.Word(), len(failed), x.want.Word(), x.failed)
		}
	}
}
