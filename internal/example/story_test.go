package example_test

import (
	"bytes"
	"database/sql"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the engine's driver

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	"github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/format/csv"
	"github.com/assayhq/assay/internal/format/json"
	"github.com/assayhq/assay/internal/format/jsonl"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// TestRulesFindTheStory runs the library's tests over the example: they must find what the
// generator planted, no more and no less, in populations of the size that it counted.
func TestRulesFindTheStory(t *testing.T) {
	t.Parallel()
	schemas, list := enginetest.Load(t)
	files, story := example.Files(1)
	var records []tests.CaseRecord
	for _, f := range files {
		records = append(records, convert(t, schemas, f)...)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "example.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF"); err != nil {
		t.Fatal(err)
	}
	size := enginetest.Fill(t, db, schemas, records)
	world := rule.World{Period: story.Period, KnownAt: story.Period.Zone.Start(story.Period.To + 120)}
	session, err := sqlite.New(db, schemas.Schema).Open(t.Context(), enginetest.Org, size, story.Period, civil.Holidays{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, x := range list {
		t.Run(x.ID, func(t *testing.T) {
			got, count := decide(t, session, x, world)
			var want []told
			for _, f := range story.Findings {
				if f.Test == x.ID {
					want = append(want, told{f.Key, f.Verdict, strings.Join(f.Attributes, "")})
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-planted +found):\n%s", diff)
			}
			if diff := cmp.Diff(story.Counts[x.ID], count); diff != "" {
				t.Errorf("population (-counted +found):\n%s", diff)
			}
		})
	}
}

type told struct {
	Key        string
	Verdict    assure.Verdict
	Attributes string
}

func decide(t *testing.T, session *sqlite.Session, x *tests.Test, world rule.World) ([]told, example.Count) {
	t.Helper()
	var found []told
	var count example.Count
	err := session.Run(t.Context(), x.Plan, world, nil, true, func(a rule.Answered) error {
		if a.InProgress {
			return nil
		}
		count.Population++
		switch v := a.Verdict(); v {
		case assure.NotApplicable:
			count.NotApplicable++
		case assure.Deviation, assure.Undecided:
			_, attributes, _ := strings.Cut(enginetest.Said(x.Plan, a.Verdicts), " ")
			found = append(found, told{a.Key, v, attributes})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b told) int { return strings.Compare(a.Key, b.Key) })
	return found, count
}

// convert takes a file through its format, its mapping and its schema, as an import does.
func convert(t *testing.T, schemas enginetest.Schemas, f example.File) []tests.CaseRecord {
	t.Helper()
	var mapping *register.Mapping
	var err error
	if f.Map != nil {
		if mapping, err = register.ParseMapping(f.MapName, f.Map); err != nil {
			t.Fatal(err)
		}
	}
	c, err := register.NewConverter(schemas[f.Register], mapping, func(name string) *register.Schema { return schemas[name] })
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]register.Reader{".csv": csv.Read, ".tsv": csv.Read, ".json": json.Read, ".jsonl": jsonl.Read}
	keys := map[string]bool{}
	var out []tests.CaseRecord
	for in, err := range formats[path.Ext(f.Name)](bytes.NewReader(f.Data), register.ReadOptions{File: f.Name}) {
		if err != nil {
			t.Fatal(err)
		}
		rows, err := c.Rows(f.Name, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if keys[r.Key] {
				t.Errorf("%s:%d: key %s comes twice", f.Name, r.Line, r.Key)
			}
			keys[r.Key] = true
			out = append(out, tests.CaseRecord{Register: r.Register, JSON: string(r.Body), Line: r.Line})
		}
	}
	if f.Expect != nil && int64(len(out)) != *f.Expect {
		t.Errorf("%s: %d rows, want %d", f.Name, len(out), *f.Expect)
	}
	return out
}
