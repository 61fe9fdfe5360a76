package app

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
)

// realChanges is a year of a public repository, not part of this one.
const realChanges = "../../../shared/data/populations/golang-tools-changes-2025-07_2026-06.jsonl.gz"

// who is a person as the file of real changes names them.
type who struct {
	ID   string `json:"id"`
	Name string `json:"name_id"`
}

type realChange struct {
	Key       string    `json:"change_id"`
	Merged    time.Time `json:"committed_at"`
	Author    who       `json:"author"`
	Committer who       `json:"committer"`
	Reviewers []who     `json:"reviewed_by"`
	Auto      []who     `json:"auto_submit"`
	CI        []who     `json:"ci"`
	Issues    []any     `json:"issues"`
}

// TestRealChanges tests CHG-01 over the changes of a public repository and holds every verdict
// against what the file says, read by other code: persons are joined here by the ids and names
// that they share, however many steps that takes.
//
// The file is a year in UTC. In California one of its changes was merged on the day before.
func TestRealChanges(t *testing.T) {
	t.Parallel()
	f, err := os.Open(realChanges)
	if err != nil {
		t.Skipf("the real changes are not here: %v", err)
	}
	defer f.Close()
	list := readChanges(t, f)
	for zone, size := range map[string]int{"UTC": 819, "America/Los_Angeles": 818} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			inZone(t, list, zone, size)
		})
	}
}

func inZone(t *testing.T, list []realChange, zone string, size int) {
	t.Helper()
	person := join(list)
	o := company(t, zone)
	expect := int64(819)
	s, err := o.Import(t.Context(), cli.Import{Register: "changes", File: realChanges, Map: "../../examples/golang-tools/changes.yaml",
		ExpectRows: &expect, Operator: "test"}, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows != 819 || s.New != 819 {
		t.Errorf("%d rows, %d new; want 819", s.Rows, s.New)
	}
	res, err := o.Test(t.Context(), cli.Test{Controls: []string{"CHG-01"}, Items: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := res.Controls[0]
	want := map[string]assure.Attribute{
		"A": {Deviations: 2, Undecided: size - 2}, "B": {Undecided: size - 2}, "C": {Undecided: size - 2},
		"D": {Deviations: 14}, "E": {Deviations: 356},
	}
	have := map[string]assure.Attribute{}
	for _, a := range got.Attributes {
		have[a.ID] = assure.Attribute{Deviations: a.Deviations, Undecided: a.Undecided}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if got.Population != size || got.NotApplicable != 0 || got.Passed+got.Deviating+got.Undecided != size {
		t.Errorf("population %d, passed %d, deviating %d, undecided %d, not applicable %d", got.Population, got.Passed, got.Deviating, got.Undecided, got.NotApplicable)
	}
	if !got.Complete() {
		t.Errorf("819 rows were expected and read, and the population is not complete: %v", got.Completeness)
	}
	t.Logf("deviating %d, undecided %d, digest %s", got.Deviating, got.Undecided, got.Digest)
	byKey, z := map[string]realChange{}, o.program.Zone
	for _, c := range list {
		if d := z.DateOf(civil.InstantOf(c.Merged)); d >= civil.NewDate(2025, 7, 1) && d <= civil.NewDate(2026, 6, 30) {
			byKey[c.Key] = c
		}
	}
	if len(got.Items) != len(byKey) {
		t.Errorf("%d items, %d changes of the file were merged in the period", len(got.Items), len(byKey))
	}
	for _, i := range got.Items {
		if diff := cmp.Diff(expected(byKey[i.Key], person), i.Attributes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", i.Key, diff)
		}
	}
	selfApproved(t, got, byKey, person)
}

// expected says what the file lets one know. Who made the last commit is not in it, so that an
// approval by another than the author settles nothing; none settles that A deviates.
func expected(c realChange, person map[string]string) map[string]assure.Verdict {
	out := map[string]assure.Verdict{"A": assure.Deviation, "B": assure.NotApplicable, "C": assure.NotApplicable, "D": assure.Pass, "E": assure.Pass}
	for _, r := range c.Reviewers {
		if person[r.ID] != person[c.Author.ID] {
			out["A"], out["B"], out["C"] = assure.Undecided, assure.Undecided, assure.Undecided
		}
	}
	if len(c.CI) == 0 {
		out["D"] = assure.Deviation
	}
	if len(c.Issues) == 0 {
		out["E"] = assure.Deviation
	}
	return out
}

// selfApproved looks at the changes that nobody but their author approved: the reason names
// author and reviewer as one person, also where they are two ids.
func selfApproved(t *testing.T, r assure.TestResult, byKey map[string]realChange, person map[string]string) {
	t.Helper()
	n, twoIDs := 0, 0
	for _, f := range r.Findings {
		if f.Verdict != assure.Deviation || !slices.Contains(f.Attributes, "A") {
			continue
		}
		n++
		t.Logf("%s: %s (%s)", f.Key, f.Reason, strings.Join(f.Records, ", "))
		c := byKey[f.Key]
		if !strings.Contains(f.Reason, "no approval by another person") || !strings.Contains(f.Reason, person[c.Author.ID]) && !strings.Contains(f.Reason, c.Author.ID) {
			t.Errorf("%s: the reason does not name the author %s: %s", f.Key, c.Author.ID, f.Reason)
		}
		if !slices.Contains(f.Records, "changes/"+f.Key+"@1") {
			t.Errorf("%s rests on %v, not on its own record", f.Key, f.Records)
		}
		for _, rev := range c.Reviewers {
			if rev.ID != c.Author.ID {
				twoIDs++
			}
			if person[rev.ID] != person[c.Author.ID] {
				t.Errorf("%s: %s and %s are two persons", f.Key, rev.ID, c.Author.ID)
			}
			if name := "reviews/" + f.Key + "/" + rev.ID + "@1"; !slices.Contains(f.Records, name) {
				t.Errorf("%s rests on %v, not on %s", f.Key, f.Records, name)
			}
			if !strings.Contains(f.Reason, rev.ID) {
				t.Errorf("%s: the reason does not name the reviewer %s: %s", f.Key, rev.ID, f.Reason)
			}
		}
	}
	t.Logf("%d changes approved by their author alone, %d of these approvals under another id", n, twoIDs)
	if n != 2 {
		t.Errorf("%d changes that nobody but the author approved, want 2", n)
	}
}

func readChanges(t *testing.T, f *os.File) (out []realChange) {
	t.Helper()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(z); d.More(); {
		var c realChange
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	if len(out) != 819 {
		t.Fatalf("%s holds %d changes, want 819", filepath.Base(realChanges), len(out))
	}
	return out
}

// join gives every id its person: ids that share a name are one, and names that share an id.
func join(list []realChange) map[string]string {
	person := map[string]string{}
	var all []who
	for _, c := range list {
		all = append(append(append(all, c.Author, c.Committer), c.Reviewers...), c.Auto...)
	}
	for _, w := range all {
		person[w.ID], person[w.Name] = w.ID, w.Name
	}
	for changed := true; changed; {
		changed = false
		for _, w := range all {
			if one := min(person[w.ID], person[w.Name]); person[w.ID] != one || person[w.Name] != one {
				person[w.ID], person[w.Name], changed = one, one, true
			}
		}
	}
	return person
}

// TestOneNameOnePerson holds that two ids are one person when they share a name.
func TestOneNameOnePerson(t *testing.T) {
	t.Parallel()
	o := company(t, "America/Los_Angeles")
	const change = `{"commit":"%","subject":"s","change_id":"%","author":{"id":"u1","name_id":"n1"},"committer":{"id":"robot","name_id":"nr"},"committed_at":"2025-08-01T10:00:00-07:00",` +
		`"reviewed_by":[{"id":"@","name_id":"#"}],"ci":[{"id":"c","name_id":"c"}],"auto_submit":[],"tryres":[],"issues":["x#1"]}`
	file := filepath.Join(t.TempDir(), "changes.jsonl")
	text := ""
	for _, c := range [][3]string{{"same-id", "u1", "n1"}, {"same-name", "u2", "n1"}, {"other", "u3", "n3"}} {
		text += strings.NewReplacer("%", c[0], "@", c[1], "#", c[2]).Replace(change) + "\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Import(t.Context(), cli.Import{Register: "changes", File: file, Map: "../../examples/golang-tools/changes.yaml"}, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	res, err := o.Test(t.Context(), cli.Test{Controls: []string{"CHG-01"}, Items: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]assure.Verdict{}
	for _, i := range res.Controls[0].Items {
		got[i.Key] = i.Attributes["A"]
	}
	want := map[string]assure.Verdict{"same-id": assure.Deviation, "same-name": assure.Deviation, "other": assure.Undecided}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("approved by another person (-want +got):\n%s", diff)
	}
}
