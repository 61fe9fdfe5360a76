package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/sample"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// client is a small company: changes of which one deviates, a kept input file, a register of its own and an erasure.
func client(t *testing.T) *stage {
	t.Helper()
	s := edge(t)
	s.people("ann", "bob")
	s.changes(0, 20)
	s.give("changes", change1("change-990", "2025-09-01T10:00:00Z")) // without a review
	own := filepath.Join(t.TempDir(), "badges_of_ours.yaml")
	if err := os.WriteFile(own, []byte("name: badges_of_ours\ntitle: Badges\ndoc: Ours.\nkey: [badge]\nfields:\n  - name: badge\n    type: text\n    doc: The badge.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Declare(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	s.give("badges_of_ours", `{"badge":"b-1"}`)
	kept := cli.Import{Register: "systems", File: "systems.jsonl", Source: "test"}
	if _, err := s.take(t.Context(), kept, strings.NewReader(`{"system":"core","in_scope":true}`+"\n"), nil, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	s.exhibit("a screen")
	if _, err := s.Erase(t.Context(), record.Erasure{Register: "changes", Key: "change-003", Reason: "asked", Authority: "dpo"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// exhibit gives a file as evidence.
func (s *stage) exhibit(text string) {
	s.t.Helper()
	sum, size, err := s.blobs.Put(s.t.Context(), s.org.ID, strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := register.ParseJSON("", 1, fmt.Appendf(nil, `{"evidence_id":"e-1","control":"GOV-01","title":"Screen","file_name":"a.png","size":%d,"sha256":%q,"blob":%q,"uploaded_by":"ann","uploaded_at":"2026-07-01T10:00:00Z"}`, size, sum, sum))
	if err != nil {
		s.t.Fatal(err)
	}
	row, err := register.Convert(s.regs["evidence"], "", register.Input{Line: 1, Fields: v.Members})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.st.Append(s.t.Context(), s.org.ID, "", []record.Draft{{Row: row, Source: "people"}}); err != nil {
		s.t.Fatal(err)
	}
}

// packs writes the client's package.
func (s *stage) packs() cli.Packed {
	s.t.Helper()
	p, err := s.Package(s.t.Context(), filepath.Join(s.t.TempDir(), "package.zip"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// packsOne writes a package with the results of one control, which takes less time.
func (s *stage) packsOne() cli.Packed {
	s.t.Helper()
	res, err := s.Test(s.t.Context(), cli.Test{Controls: []string{"CHG-01"}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := s.pack(s.t.Context(), filepath.Join(s.t.TempDir(), "package.zip"), res)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// takesIn is the mirror of a package, closed when the test ends.
func takesIn(t *testing.T, p cli.Packed, folder string, held ...ledger.Checkpoint) *mirror {
	t.Helper()
	m, err := New().takeIn(t.Context(), p.File, folder, p.Key, held...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// TestMirror: what is taken in is the client's ledger, read only, and every test finds in it what the package says.
func TestMirror(t *testing.T) {
	s := client(t)
	p := s.packs()
	m := takesIn(t, p, mirrorFolder(t.TempDir(), s.org.ID, p.Seal.Size))
	r, err := m.reperform(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Tests < 30 || r.Same != r.Tests || len(r.Differs) > 0 || !r.KeyGiven || r.Organization != "Example" || r.Tests != len(m.results().Controls) {
		t.Errorf("%d tests, %d same, %+v; want all of them the same", r.Tests, r.Same, r.Differs)
	}
	at := slices.IndexFunc(r.Rows, func(x cli.ReperformedTest) bool { return x.Test == "CHG-01" })
	if at < 0 || r.Rows[at].Here.Population != 21 || r.Rows[at].Here.Deviating != 1 {
		t.Errorf("CHG-01 again: %+v; want 21 items, one of them deviating", r.Rows[max(at, 0)].Here)
	}
	o := m.office
	if !o.readOnly || o.org.ID != s.org.ID || o.program.Name != "Example" {
		t.Errorf("the office is of %s, %q, read only %v", o.org.ID, o.program.Name, o.readOnly)
	}
	list, total, err := o.st.List(t.Context(), o.org.ID, o.regs["badges_of_ours"], record.Query{})
	if err != nil || total != 1 || list[0].Key != "b-1" {
		t.Errorf("the client's own register: %+v, %v; want its record", list, err)
	}
	res, err := o.results(t.Context(), "")
	if err != nil || len(res.Controls) != r.Tests {
		t.Fatalf("results(now) = %d tests, %v", len(res.Controls), err)
	}
	if f, err := o.facts(t.Context(), "soc2-type2", res); err != nil || len(f.Controls) == 0 {
		t.Errorf("facts of the mirror: %d controls, %v", len(f.Controls), err)
	}
	if v, err := o.Verify(t.Context(), func(int64, int64) {}); err != nil || len(v.Faults) > 0 {
		t.Errorf("Verify = %+v, %v; want no fault", v.Faults, err)
	}
	for _, sum := range m.opened.Blobs() {
		if err := o.blobs.Verify(t.Context(), o.org.ID, sum); err != nil {
			t.Errorf("an input file of the package: %v", err)
		}
	}
	if len(m.opened.Blobs()) != 2 || strings.Contains(strings.Join(m.limits, " "), "evidence") || !strings.Contains(strings.Join(m.limits, " "), "1 records were erased") {
		t.Errorf("%d input files, limits %q; want the file of a pull and that of the evidence, and the erasure told", len(m.opened.Blobs()), m.limits)
	}
	if said := strings.Join(m.limits, " "); strings.Contains(said, "library") {
		t.Errorf("limits %q; want nothing said of the library's own tests", said)
	}
	takesNothing(t, m)
}

// takesNothing: whoever has the mirror's office in hand can write nothing of the client's: no record, no answer, no erasure, no package.
func takesNothing(t *testing.T, m *mirror) {
	t.Helper()
	o := m.office
	before, err := o.st.Size(t.Context(), o.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	row := &register.Row{Register: "changes", Key: "x", Body: []byte(`{"change_id":"x"}`), Columns: make([]any, len(o.regs["changes"].Fields))}
	for what, act := range map[string]func() error{
		"append": func() error {
			_, err := o.st.Append(t.Context(), o.org.ID, "", []record.Draft{{Row: row, Source: "test"}})
			return err
		},
		"import": func() error {
			_, err := o.take(t.Context(), cli.Import{Register: "changes", File: "x.jsonl", Discard: true}, strings.NewReader(change1("x", "2025-08-01T10:00:00Z")+"\n"), nil, func(int64, int64) {})
			return err
		},
		"erase": func() error {
			_, err := o.Erase(t.Context(), record.Erasure{Register: "changes", Key: "change-001", Reason: "x", Authority: "x"})
			return err
		},
		"commit": func() error {
			_, err := o.Commit(t.Context(), cli.Committing{Commitment: strings.Repeat("a", 64), By: "x"})
			return err
		},
		"package": func() error { _, err := o.Package(t.Context(), filepath.Join(t.TempDir(), "p.zip"), nil); return err },
		"declare": func() error { _, err := o.Declare(t.Context(), "nothing.yaml"); return err },
	} {
		if act() == nil {
			t.Errorf("%s was taken by the mirror", what)
		}
	}
	if after, err := o.st.Size(t.Context(), o.org.ID); err != nil || after != before {
		t.Errorf("the mirror grew from %d to %d, %v", before, after, err)
	}
	if found, err := filepath.Glob(filepath.Join(m.folder, "keys", "*.signing")); err != nil || len(found) > 0 {
		t.Errorf("signing keys in the mirror: %v, %v", found, err)
	}
}

// TestMirrorTellsOfOwnRules: a test that the client wrote finds the same again, and that it is none of the library's is said.
func TestMirrorTellsOfOwnRules(t *testing.T) {
	const lax = `control CHG-01
shape event
-- rule --
each changes as change
key change.change_id
in period by change.deployed_at
where given(change.environment) = 'production'
check A 'A ticket is named':
    change.ticket <> '' else 'no ticket is named'
`
	s := edgeOf(t, setting{program: map[string]string{"tests/CHG-01.txtar": lax}})
	s.people("ann")
	s.give("changes", change1("c", "2025-08-01T10:00:00Z"))
	m := takesIn(t, s.packsOne(), filepath.Join(t.TempDir(), "client"))
	if said := strings.Join(m.limits, "\n"); !strings.Contains(said, "1 versions of controls are not those of this program's library; their rules have to be read: CHG-01/1.") {
		t.Errorf("limits:\n%s\nwant the client's own test of CHG-01", said)
	}
}

// TestMirrorFindsFalseResults: results that do not follow from the records are named, although the client sealed and signed them.
func TestMirrorFindsFalseResults(t *testing.T) {
	s := client(t)
	res, err := s.Test(t.Context(), cli.Test{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(res.Controls, func(r assure.TestResult) bool { return r.Test == "CHG-01" })
	res.Controls[i].Passed += res.Controls[i].Deviating
	res.Controls[i].Deviating = 0
	file := filepath.Join(t.TempDir(), "package.zip")
	if _, err := s.pack(t.Context(), file, res); err != nil {
		t.Fatal(err)
	}
	r, err := New().reperform(t.Context(), file, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Differs) != 1 || r.Differs[0].Test != "CHG-01" || !slices.Equal(r.Differs[0].What, []string{"passed", "deviating"}) || r.KeyGiven || r.Same != r.Tests-1 {
		t.Errorf("differs: %+v of %d; want CHG-01 in what passed and what deviated", r.Differs, r.Tests)
	}
}

// TestMirrorHoldsTheClientToItsWord: a package that was changed, is signed by another key, or forgets what an earlier one held is
// refused, and leaves nothing behind.
func TestMirrorHoldsTheClientToItsWord(t *testing.T) {
	s := client(t)
	first := s.packsOne()
	s.changes(30, 32)
	second := s.packsOne()
	data := t.TempDir()
	m1 := takesIn(t, first, mirrorFolder(data, s.org.ID, first.Seal.Size))
	held := m1.opened.Checkpoint.Checkpoint
	m2 := takesIn(t, second, mirrorFolder(data, s.org.ID, second.Seal.Size), held)
	if m2.opened.Checkpoint.Size <= held.Size {
		t.Errorf("the second package covers %d records, the first %d", m2.opened.Checkpoint.Size, held.Size)
	}
	again, err := New().reopen(t.Context(), m1.folder, first.Key)
	if err != nil {
		t.Fatalf("reopen: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	// What messages said of the ledger, earlier and later than the package, and with another past.
	later := m2.opened.Checkpoint.Checkpoint
	strange := held
	strange.Root[0] ^= 1
	if err := m1.follows(t.Context(), []ledger.Checkpoint{held, later}); err != nil {
		t.Errorf("follows = %v; want what is later left to the next package", err)
	}
	if err := m2.follows(t.Context(), []ledger.Checkpoint{held, later}); err != nil {
		t.Errorf("follows of the next package = %v", err)
	}
	if err := m2.follows(t.Context(), []ledger.Checkpoint{later, strange}); !errors.Is(err, fault.Integrity) {
		t.Errorf("follows of another past = %v; want an integrity failure", err)
	}
	strange = held
	strange.Origin += "x"
	if err := m2.follows(t.Context(), []ledger.Checkpoint{strange}); !errors.Is(err, fault.Integrity) {
		t.Errorf("follows of another ledger = %v; want an integrity failure", err)
	}
	b, err := os.ReadFile(second.File)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	changed := filepath.Join(t.TempDir(), "changed.zip")
	if err := os.WriteFile(changed, b, 0o600); err != nil {
		t.Fatal(err)
	}
	other := otherKey(t, s.org.ID)
	// A copy that is open serves no engagement that knows the client under another key.
	open := copies{open: map[string]*clientCopy{m1.folder: {mirror: m1, o: m1.office}}}
	if k, err := open.openCopy(t.Context(), New(), m1.folder, first.Key); err != nil || k.mirror != m1 {
		t.Errorf("openCopy under the client's key = %v", err)
	}
	if _, err := open.openCopy(t.Context(), New(), m1.folder, other); !errors.Is(err, fault.Integrity) {
		t.Errorf("openCopy under another key = %v; want an integrity failure", err)
	}
	forked := held
	forked.Root[0] ^= 1
	for what, x := range map[string]struct {
		file, key string
		held      ledger.Checkpoint
		kind      error
	}{
		"changed":        {changed, second.Key, held, fault.Integrity},
		"another key":    {second.File, other, held, fault.Integrity},
		"another past":   {second.File, second.Key, forked, fault.Integrity},
		"an older state": {first.File, first.Key, m2.opened.Checkpoint.Checkpoint, fault.Refused},
		"no package":     {filepath.Join(first.File, ".."), first.Key, held, fault.Refused},
	} {
		folder := filepath.Join(data, "clients", "x", "1")
		m, err := New().takeIn(t.Context(), x.file, folder, x.key, x.held)
		if !errors.Is(err, x.kind) {
			t.Errorf("%s: %v; want %v", what, err, x.kind)
		}
		if m != nil {
			m.Close()
		}
		if left, err := os.ReadDir(filepath.Dir(folder)); err != nil || len(left) > 0 {
			t.Errorf("%s left %v, %v", what, left, err)
		}
	}
	if _, err := New().takeIn(t.Context(), first.File, m1.folder, first.Key); !errors.Is(err, fault.Refused) {
		t.Errorf("into a folder that is there: %v; want refused", err)
	}
}

// TestMirrorDraws: the firm draws in its own house what the client's own would draw, and writes nothing of it into the copy.
func TestMirrorDraws(t *testing.T) {
	s := client(t)
	s.commit(firstSeed)
	f := s.freeze("CHG-01")
	m := takesIn(t, s.packsOne(), filepath.Join(t.TempDir(), "client"))
	d := cli.Drawing{Control: "CHG-01", Seed: firstSeed, Size: 6, Method: sample.Random}
	got, err := m.draw(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := s.draws(d)
	if diff := cmp.Diff(want.Items, got.Items); diff != "" || got.Record != "" || got.New || got.Population != f.Population {
		t.Errorf("drawn in the firm's house, %q, new %v (-client +firm):\n%s", got.Record, got.New, diff)
	}
	if list, err := m.frozen(t.Context(), "CHG-01"); err != nil || len(list) != 1 || list[0].Population != f.Population {
		t.Errorf("frozen = %+v, %v; want what the client froze", list, err)
	}
	if p, x, err := m.population(t.Context(), d, nil); err != nil || p.Hash() != f.Population.Hash || x.Record != f.Record {
		t.Errorf("population = %s of %s, %v", p.Hash(), x.Record, err)
	}
	if _, err := m.draw(t.Context(), cli.Drawing{Control: "CHG-01", Seed: secondSeed, Size: 6, Method: sample.Random}, nil); !errors.Is(err, fault.Refused) {
		t.Errorf("by another seed: %v; want refused", err)
	}
	if _, err := m.draw(t.Context(), cli.Drawing{Control: "CHG-01", Extend: 1, Reason: "x"}, nil); !errors.Is(err, fault.Refused) {
		t.Errorf("an extension: %v; want refused", err)
	}
}

// otherKey is a verifier key for the same ledger that is not its own.
func otherKey(t *testing.T, org id.Org) string {
	t.Helper()
	keys := sqlite.NewKeys(t.TempDir(), rand.Reader)
	if _, err := keys.Signer(org); err != nil {
		t.Fatal(err)
	}
	key, err := keys.Public(org)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
