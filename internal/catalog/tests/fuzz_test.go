package tests_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

type schemas map[string]*register.Schema

func (s schemas) Schema(name string) (*register.Schema, bool) { v, ok := s[name]; return v, ok }

func (s schemas) Names() []string { return slices.Sorted(maps.Keys(s)) }

// FuzzParse reads anything as a test file. What is taken can be said in words and read again from
// the text that is kept of it; what is not is refused with the file's name.
func FuzzParse(f *testing.F) {
	regs, err := registers.Load()
	if err != nil {
		f.Fatal(err)
	}
	dir := os.DirFS(".")
	names, err := fs.Glob(dir, "*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatal(err, names)
	}
	for _, n := range names[:min(len(names), 12)] {
		b, err := fs.ReadFile(dir, n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("control X-01\nshape event\nversion 0\n-- rule --\n"))
	f.Add([]byte("control X-01\n-- case: early --\n"))
	f.Add([]byte("control X-01\n-- --\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := tests.Parse("x.txtar", b, schemas(regs))
		if err != nil {
			if !errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "x.txtar") {
				t.Errorf("%v: no refusal that names the file", err)
			}
			return
		}
		if len(list) == 0 {
			t.Fatal("a file without a test was taken")
		}
		for _, x := range list {
			if x.Plan == nil || x.Plan.Sentence() == "" || x.Version < 1 || x.ID == "" {
				t.Errorf("a test without plan, words, version or name: %+v", x)
			}
		}
		again, err := tests.Parse("x.txtar", []byte(list[0].File), schemas(regs))
		if err != nil || len(again) != len(list) {
			t.Errorf("the file as it is kept: %d tests, %v, want %d", len(again), err, len(list))
		}
	})
}

// TestLongLines: a record of a case may be longer than a reader of lines takes by default.
func TestLongLines(t *testing.T) {
	t.Parallel()
	regs, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	const rule = "each changes as change\nkey change.change_id\nin period by change.deployed_at\ncheck A 'x': change.author is known else 'y'\n"
	text := "control CHG-99\nshape event\n\n-- rule --\n" + rule + "-- case: long --\nperiod 2026-01-01 2026-06-30 UTC\n" +
		`changes {"title":"` + strings.Repeat("x", 100_000) + "\"}\nexpect change-1 pass\n"
	list, err := tests.Parse("x.txtar", []byte(text), schemas(regs))
	if err != nil {
		t.Fatal(err)
	}
	if c := list[0].Cases[0]; len(c.Records) != 1 || c.Records[0].Line != 2 || c.Expect["change-1"] != "pass" {
		t.Errorf("the case has %d records and expects %v: what came after a long line was lost", len(c.Records), c.Expect)
	}
}
