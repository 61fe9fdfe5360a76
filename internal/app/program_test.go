package app

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/scope"
)

// still is a house whose clock stands and whose randomness is a seed: what is done twice is the same twice.
func still() *App {
	a := New()
	a.Clock = func() time.Time { return time.Date(2026, 7, 20, 12, 0, 0, 0, time.UTC) }
	a.Random = rand.NewChaCha8([32]byte{7})
	return a
}

// worked enters an organization, gives it some records, and answers its verdicts and its draft. The root of the
// ledger, which rests on salts of its own, is taken out of both.
func worked(t *testing.T, a *App, data string) (verdicts assure.Results, draft string) {
	t.Helper()
	o, err := a.enter(t.Context(), data, "", false)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	give(t, o, "systems", `{"system":"app","in_scope":true,"kind":"service"}`)
	give(t, o, "people", `{"person_id":"p0","kind":"employee","started_on":"2020-01-01"}`, `{"person_id":"p1","kind":"employee","started_on":"2020-01-01"}`, `{"person_id":"p2","kind":"employee","started_on":"2020-01-01"}`)
	give(t, o, "changes", change("c1", inPeriod), change("c2", inPeriod))
	give(t, o, "reviews", review("r1", "c1", "p2"))
	res, err := o.Test(t.Context(), cli.Test{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := o.Report(t.Context(), cli.Document{Format: "html"}, &b); err != nil {
		t.Fatal(err)
	}
	root := res.Checkpoint.Root
	res.Checkpoint.Root = ""
	if root == "" || !strings.Contains(b.String(), root) {
		t.Fatalf("the draft does not name the root %q", root)
	}
	return res, strings.ReplaceAll(b.String(), root, "ROOT")
}

// TestProgramMoves: a program that is exported and applied elsewhere gives the same verdicts and the same report, byte
// for byte, and applying it again changes nothing.
func TestProgramMoves(t *testing.T) {
	t.Parallel()
	zone, err := civil.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	from, to := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30)
	p := scope.Program{Name: "Example", Report: "soc2-type2", Zone: zone, From: &from, To: &to, Categories: []string{"availability"}}
	first, second, folder := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b"), t.TempDir()
	a, b := still(), still()
	if _, err := a.found(t.Context(), first, p, "", &from); err != nil {
		t.Fatal(err)
	}
	o, err := a.enter(t.Context(), first, "", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Export(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := b.applyProgram(t.Context(), second, "", folder, false); err != nil || !got.Applied {
		t.Fatalf("apply = %+v, %v", got, err)
	}
	wantV, wantR := worked(t, a, first)
	gotV, gotR := worked(t, b, second)
	if diff := cmp.Diff(wantV, gotV, cmp.Comparer(func(a, b civil.Zone) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("verdicts (-first +second):\n%s", diff)
	}
	if wantR != gotR {
		t.Errorf("reports differ: %s", cmp.Diff(strings.Split(wantR, "\n"), strings.Split(gotR, "\n")))
	}
	if got, err := b.applyProgram(t.Context(), second, "", folder, false); err != nil || got.Applied || len(got.Changes) > 0 {
		t.Errorf("apply again = %+v, %v; want nothing", got, err)
	}
}

// TestProgramApplies changes one word, and takes away what may not be taken.
func TestProgramApplies(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	data, folder := o.data, t.TempDir()
	if _, err := o.Export(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	o.st.Close()
	edit := func(name, from, to string) {
		t.Helper()
		path := filepath.Join(folder, name)
		b, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(b), from) {
			t.Fatalf("%s does not hold %q: %v", name, from, err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	apply := func(dry bool) (cli.Applied, error) { return o.app.applyProgram(t.Context(), data, "", folder, dry) }
	edit("controls/CHG-01.yaml", "owner: Head of Engineering", "owner: Release lead")
	want := []string{"control CHG-01, version 1: owner was “Head of Engineering”, and is now “Release lead”"}
	for i, c := range []struct {
		dry, applied bool
		want         []string
	}{{true, false, want}, {false, true, want}, {false, false, nil}} {
		got, err := apply(c.dry)
		if err != nil || got.Applied != c.applied || cmp.Diff(c.want, got.Changes) != "" {
			t.Errorf("%d: apply(dry %v) = %+v, %v; want %q, applied %v", i, c.dry, got, err, c.want, c.applied)
		}
	}
	edit("tests/CHG-01.txtar", "check A", "chek A")
	if _, err := apply(false); err == nil || !strings.Contains(err.Error(), "CHG-01.txtar") {
		t.Errorf("a test that does not parse: %v", err)
	}
	edit("tests/CHG-01.txtar", "chek A", "check A")
	edit("controls/CHG-01.yaml", "- CC8.1", "- CC8.9")
	if _, err := apply(false); err == nil || !strings.Contains(err.Error(), `"CC8.9" is no criterion`) {
		t.Errorf("a criterion that is none: %v", err)
	}
	edit("controls/CHG-01.yaml", "- CC8.9", "- CC8.1")
	for _, name := range []string{"controls/CHG-02.yaml", "tests/CHG-02.txtar"} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := apply(false); err == nil || !strings.Contains(err.Error(), "a control is not deleted") {
		t.Errorf("a control that is missing: %v", err)
	}
}

// TestProgramStays: a file that is missing takes nothing away, and what a person or an editor leaves beside is not read.
func TestProgramStays(t *testing.T) {
	t.Parallel()
	o := company(t, "America/New_York")
	data, folder := o.data, filepath.Join(t.TempDir(), "program")
	if _, err := o.Export(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	o.st.Close()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("system.yaml", "name: Ledgerline\nservices:\n  - name: Payments\n    text: Moves money.\n")
	put("description/dc1.md", "Services.\n")
	put("README.md", "Ours.\n")
	put("controls/CHG-01.yaml~", "old")
	put("controls/CHG-01.yaml.swp", "\xff")
	put(".git/config", "x")
	if got, err := o.app.applyProgram(t.Context(), data, "", link, false); err != nil || !got.Applied || len(got.Warnings) > 0 {
		t.Fatalf("apply by a link = %+v, %v", got, err)
	}
	for name, want := range map[string]string{
		"system.yaml": "what management says of the system is not deleted", "description/dc1.md": "a text is not deleted", "tests/CHG-01.txtar": "the test of a version is not deleted",
	} {
		path := filepath.Join(folder, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := o.app.applyProgram(t.Context(), data, "", folder, true); err == nil || !strings.Contains(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v, want %q", name, err, want)
		}
		put(name, "")
		_, err = o.app.applyProgram(t.Context(), data, "", folder, true)
		if empty := name == "description/dc1.md"; empty != (err == nil) {
			t.Errorf("with an empty %s: %v", name, err)
		}
		put(name, string(b))
	}
	put("system.yaml", "name: Ledgerline\n")
	put("description/dc1.md", "Services, all certified.\n")
	if got, err := o.app.applyProgram(t.Context(), data, "", folder, true); err != nil || len(got.Changes) == 0 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "certified") {
		t.Errorf("a system of which only the name is left: %+v, %v", got, err)
	}
	if err := os.Symlink(filepath.Join(folder, "system.yaml"), filepath.Join(folder, "description", "dc2.md")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.app.applyProgram(t.Context(), data, "", folder, true); err == nil || !strings.Contains(err.Error(), "dc2.md is a link") {
		t.Errorf("a link in the folder: %v", err)
	}
}

func TestProgramBackdated(t *testing.T) {
	t.Parallel()
	today := civil.NewDate(2026, 7, 20)
	at := func(d civil.Date) *civil.Date { return &d }
	folder := func(list ...scope.Version) scope.Folder {
		for i := range list {
			list[i].Control.ID, list[i].Version = "CHG-01", i+1
		}
		return scope.Folder{Versions: list}
	}
	open := scope.Version{From: scope.First}
	ends := func(d civil.Date) scope.Version { return scope.Version{From: scope.First, To: &d} }
	const end, begin = "control CHG-01: version 1 is made to end on 2026-07-19, before today; what it did after is no longer tested",
		"control CHG-01: version 2 is made to begin on 2026-07-19, before today; what was done since is now tested by it"
	for name, c := range map[string]struct {
		now, to scope.Folder
		want    []string
	}{
		"nothing":         {folder(ends(today - 1)), folder(ends(today - 1)), nil},
		"an end":          {folder(open), folder(ends(today - 1)), []string{end}},
		"an earlier end":  {folder(ends(today + 9)), folder(ends(today - 1)), []string{end}},
		"a later end":     {folder(ends(today - 9)), folder(ends(today - 1)), nil},
		"an end today":    {folder(open), folder(ends(today)), nil},
		"a version":       {folder(open), folder(ends(today-2), scope.Version{From: today - 1}), []string{strings.Replace(end, "19", "18", 1), begin}},
		"a version ahead": {folder(open), folder(ends(today), scope.Version{From: today + 1, To: at(today + 30)}), nil},
		"founded":         {scope.Folder{}, folder(open), nil},
	} {
		if diff := cmp.Diff(c.want, backdated(c.now, c.to, today)); diff != "" {
			t.Errorf("%s: backdated (-want +got):\n%s", name, diff)
		}
	}
}
