package publish

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/parquet"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

const testOrg = id.Org("org_0123456789abcdefghjkmnpqrr")

// memory is a ledger in memory: all four things that a package is fed from.
type memory struct {
	signer note.Signer
	vkey   string
	sealed []record.Sealed
	names  map[string]int64
	hashes []tlog.Hash
	signed []ledger.Signed
	files  map[string][]byte
	atSeal func() // called before a seal, as another writer would come in between
	onScan func(index int64, s *record.Sealed)
	clock  civil.Instant
}

func newMemory(t testing.TB) *memory {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, ledger.Origin(testOrg))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	at, err := civil.ParseInstant("2026-02-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	return &memory{signer: signer, vkey: vkey, names: map[string]int64{}, files: map[string][]byte{}, clock: at}
}

func (m *memory) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = m.hashes[x]
	}
	return out, nil
}

func (m *memory) add(r record.Record) record.Sealed {
	m.clock += 1500
	r.Received = m.clock
	s := record.Sealed{Index: int64(len(m.sealed)), Salt: make([]byte, ledger.SaltSize), Bytes: r.Append(nil)}
	seed := sha256.Sum256(s.Bytes) // the same material gives the same package
	copy(s.Salt, seed[:])
	hs, err := tlog.StoredHashesForRecordHash(s.Index, ledger.LeafHash(s.Commit()), m)
	if err != nil {
		panic(err)
	}
	m.hashes = append(m.hashes, hs...)
	m.sealed = append(m.sealed, s)
	m.names[r.Name()] = s.Index
	return s
}

func (m *memory) sign() ledger.Signed {
	n := int64(len(m.sealed))
	root, err := tlog.TreeHash(n, m)
	if err != nil {
		panic(err)
	}
	s, err := ledger.Checkpoint{Origin: ledger.Origin(testOrg), Size: n, Root: root}.Sign(m.signer)
	if err != nil {
		panic(err)
	}
	m.signed = append(m.signed, s)
	return s
}

func (m *memory) erase(index int64) {
	s := &m.sealed[index]
	s.Commitment = s.Commit()
	s.Salt, s.Bytes = nil, nil
}

func (m *memory) Size(context.Context) (int64, error) { return int64(len(m.sealed)), nil }

func (m *memory) Scan(_ context.Context, from, to int64, fn func(record.Sealed) error) error {
	for _, s := range m.sealed[from:to] {
		if m.onScan != nil {
			m.onScan(s.Index, &s)
		}
		if err := fn(s); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Tile(_ context.Context, n int64) ([]byte, error) {
	var b []byte
	for i := n * 256; i < min(int64(len(m.sealed)), n*256+256); i++ {
		h := m.hashes[tlog.StoredHashIndex(0, i)]
		b = append(b, h[:]...)
	}
	return b, nil
}

func (m *memory) Seal(_ context.Context, size int64, manifest string) (record.Sealed, ledger.Signed, error) {
	if m.atSeal != nil {
		m.atSeal()
	}
	if int64(len(m.sealed)) != size {
		return record.Sealed{}, ledger.Signed{}, &fault.Error{Kind: fault.Busy, What: "the ledger has grown"}
	}
	s := m.add(record.Record{Register: record.Packages, Key: "package-" + strconv.FormatInt(size, 10), Version: 1, Body: []byte(`{"manifest":"` + manifest + `"}`)})
	return s, m.sign(), nil
}

func (m *memory) Find(_ context.Context, register, key string, version int) (int64, error) {
	i, ok := m.names[record.Name(register, key, version)]
	if !ok || m.sealed[i].Erased() {
		return 0, &fault.Error{Kind: fault.NotFound, What: "no such record"}
	}
	return i, nil
}

func (m *memory) Hashes(context.Context) tlog.HashReader               { return m }
func (m *memory) Checkpoints(context.Context) ([]ledger.Signed, error) { return m.signed, nil }
func (m *memory) Open(_ context.Context, sum string) (io.ReadCloser, error) {
	b, ok := m.files[sum]
	if !ok {
		return nil, &fault.Error{Kind: fault.NotFound, What: "no such blob"}
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// fill appends n records: changes with a pull every hundred, a name that needs escaping, a
// record that is erased later on, and its erasure.
func (m *memory) fill(t testing.TB, n int) {
	t.Helper()
	rnd := mathrand.New(mathrand.NewPCG(1, 2))
	event, _ := civil.ParseInstant("2026-01-05T09:00:00.5Z")
	for i := range n {
		r := record.Record{Register: "changes", Key: fmt.Sprintf("change-%d", i), Version: 1, Source: "github", Pull: "pull_1", Event: &event,
			Body: fmt.Appendf(nil, `{"author":"p-%d","ci_status":"passed","head_commit":"%016x"}`, rnd.IntN(90), rnd.Uint64())}
		switch {
		case i == 5:
			r.Key = "team/core@2 \"beta\" é\u2028"
		case i == 8:
			r.Register, r.Key, r.Body = "people", "e-8", []byte(`{"email":"a@example.com"}`)
		case i == 30:
			r = record.Record{Register: record.Erasures, Key: "erasure-8", Version: 1, Body: []byte(`{"authority":"person","blobs":["` + sumOf("gone") + `"],"indexes":[8],"reason":"asked","register":"people"}`)}
		case i%100 == 60:
			content := fmt.Sprintf("change_id\nchange-%d\n", i)
			m.files[sumOf(content)] = []byte(content)
			r = record.Record{Register: record.Pulls, Key: fmt.Sprintf("pull_%d", i), Version: 1, Body: pullBody(t, sumOf(content))}
		case i == 15:
			r = record.Record{Register: record.Pulls, Key: "pull_gone", Version: 1, Body: pullBody(t, sumOf("gone"))}
		}
		m.add(r)
		if i == n/3 || i == n-1 {
			m.sign()
		}
	}
	if n > 30 {
		m.erase(8)
	}
}

func pullBody(t testing.TB, sum string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"blob": sum, "file": sum, "rows": 1})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sumOf(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }

// material is a package's material over a ledger, with two findings of one control.
func material(t testing.TB, m *memory) Material {
	t.Helper()
	zone, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) civil.Date {
		d, err := civil.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	created, _ := civil.ParseInstant("2026-03-01T10:00:00Z")
	cp := m.sign()
	row := assure.TestResult{Control: "CHG-01", Title: "Changes are approved", Version: 1, Shape: assure.Event, Test: "CHG-01", Outcome: assure.Tested,
		Attributes: []assure.Attribute{{ID: "A", Text: "approved by another person"}, {ID: "E", Text: "ticket"}}}
	if len(m.sealed) > 30 {
		row.Findings = []assure.Finding{
			{Key: "change-3", Verdict: assure.Deviation, Attributes: []string{"A"}, Reason: "no approval <by> another person", Records: []string{"changes/change-3@1", "people/e-8@1"}, EventTime: "2026-01-05T09:00:00.5Z"},
			{Key: "team/core@2 \"beta\" é\u2028", Verdict: assure.Undecided, Attributes: []string{"E"}, Reason: "no ticket", Records: []string{"changes/team/core@2 \"beta\" é\u2028@1"}},
		}
		row.Population, row.Passed, row.NotApplicable, row.Deviating, row.Undecided = 10, 7, 1, 1, 1
		row.Attributes[0].Deviations, row.Attributes[1].Undecided = 1, 1
	}
	row.Digest = digest(row.Findings)
	return Material{
		Organization: testOrg, Name: "Example & Söhne \"GmbH\"", Created: created, Key: m.vkey, Program: []byte("{}\n"),
		Results: assure.Results{Organization: "Example & Söhne \"GmbH\"", Period: civil.Period{From: day("2025-07-01"), To: day("2026-06-30"), Zone: zone},
			KnownAt: "2026-03-01T10:00:00Z", Checkpoint: assure.Checkpoint{Size: cp.Size, Root: cp.RootHex()}, Controls: []assure.TestResult{row}},
		Tests:      []Test{{ID: "CHG-01", Txtar: []byte("-- rule --\n"), DuckDB: []byte("select 1;\n"), Postgres: []byte("select 1;\n")}},
		Relations:  []assure.Relation{{Name: "changes", Columns: []assure.Column{{Name: "_idx", Integer: true}, {Name: "author"}}, Rows: rows(len(m.sealed))}},
		ReportHTML: raw([]byte("<p>DRAFT</p>\n")), ReportJSON: raw([]byte("{}\n")),
		Ledger: m, History: m, Blobs: m, Tables: parquet.Writer{},
	}
}

func rows(n int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i := range n {
			if !yield([]any{int64(i), fmt.Sprintf("p-%d", i%90)}, nil) {
				return
			}
		}
	}
}

// digest is that of findings as results print it.
func digest(fs []assure.Finding) string {
	fs = slices.Clone(fs)
	slices.SortFunc(fs, func(a, b assure.Finding) int { return cmp.Compare(a.Key, b.Key) })
	b := []byte{'['}
	for i, f := range fs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"attributes":[`...)
		for j, a := range f.Attributes {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendText(b, a)
		}
		b = appendText(append(b, `],"key":`...), f.Key)
		b = append(appendText(append(b, `,"verdict":`...), string(f.Verdict)), '}')
	}
	return sumOf(string(append(b, ']')))
}
