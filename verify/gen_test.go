package verify

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The generator writes packages from the format's description alone: it shares nothing with the
// code under test, so that the two check each other.

const testOrg = "org_test"

type testKey struct {
	signer note.Signer
	vkey   string
}

func newTestKey(seed uint64) testKey {
	raw := ed25519.NewKeyFromSeed(binary.LittleEndian.AppendUint64(make([]byte, 24), seed))
	name := "assay.local/" + testOrg
	pub := append([]byte{1}, raw.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), pub...))
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, binary.BigEndian.Uint32(sum[:4]), base64.StdEncoding.EncodeToString(append([]byte{1}, raw.Seed()...)))
	s, err := note.NewSigner(skey)
	if err != nil {
		panic(err)
	}
	return testKey{s, fmt.Sprintf("%s+%08x+%s", name, s.KeyHash(), base64.StdEncoding.EncodeToString(pub))}
}

func (k testKey) checkpoint(size int64, root tlog.Hash) []byte {
	b, err := note.Sign(&note.Note{Text: fmt.Sprintf("assay.local/%s\n%d\n%s\n", testOrg, size, root)}, k.signer)
	if err != nil {
		panic(err)
	}
	return b
}

// testRecord is a record before it is written: fields of the canonical form and a salt.
type testRecord struct {
	salt                               [16]byte
	body, event, key, pull, recv, regi string
	version                            int
	erased                             bool
}

func (r testRecord) canonical() string {
	s := `{"body":` + r.body
	if r.event != "" {
		s += `,"event":"` + r.event + `"`
	}
	s += `,"key":` + quoted(r.key)
	if r.pull != "" {
		s += `,"pull":"` + r.pull + `"`
	}
	return s + `,"received":"` + r.recv + `","register":"` + r.regi + `","source":"github","version":` + fmt.Sprint(r.version) + `}`
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (r testRecord) commitment() [32]byte {
	return sha256.Sum256([]byte("assay record v1\n" + string(r.salt[:]) + r.canonical()))
}

func (r testRecord) leaf() tlog.Hash {
	c := r.commitment()
	return tlog.RecordHash(append([]byte{1, 1}, c[:]...))
}

func (r testRecord) line() string {
	if r.erased {
		return fmt.Sprintf("- %x\n", r.commitment())
	}
	return fmt.Sprintf("%x %s\n", r.salt, r.canonical())
}

// testLedger is a ledger in memory with its hashes.
type testLedger struct {
	key     testKey
	records []testRecord
	hashes  []tlog.Hash
	fileMax int
}

func (l *testLedger) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *testLedger) add(r testRecord) {
	hs, err := tlog.StoredHashesForRecordHash(int64(len(l.records)), r.leaf(), l)
	if err != nil {
		panic(err)
	}
	l.records, l.hashes = append(l.records, r), append(l.hashes, hs...)
}

func (l *testLedger) root(n int64) tlog.Hash {
	h, err := tlog.TreeHash(n, l)
	if err != nil {
		panic(err)
	}
	return h
}

func (l *testLedger) checkpoint(n int64) []byte { return l.key.checkpoint(n, l.root(n)) }

// entries is a package as a reader unpacks it.
type entries map[string]string

var testBlob = "change_id;author\nchange-0;p-1\n"

func hexSum(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }

// synthetic makes a ledger of n records: changes, one pull at the end of every 1000, some keys
// that need escaping, and one erased record with its erasure.
func synthetic(n int, seed uint64) *testLedger {
	l := &testLedger{key: newTestKey(1), fileMax: 100_000}
	rnd := rand.New(rand.NewPCG(seed, 2))
	for i := range n {
		r := testRecord{key: fmt.Sprintf("change-%d", i), regi: "changes", version: 1, pull: "pull_01",
			event: fmt.Sprintf("2026-01-%02dT03:04:05Z", 1+i%28), recv: fmt.Sprintf("2026-02-01T%02d:%02d:%02d.%03d5Z", i/3_600_000%24, i/60_000%60, i/1000%60, i%1000)}
		for j := range r.salt {
			r.salt[j] = byte(rnd.Uint32())
		}
		r.body = fmt.Sprintf(`{"author":"p-%d","ci_status":"passed","environment":"production","head_commit":"%016x%016x","key":"x","merged_at":"2026-01-02T03:04:05Z","title":"fix \",\"key\":\" of %d"}`,
			rnd.IntN(2000), rnd.Uint64(), rnd.Uint64(), i)
		switch {
		case i == 7:
			r.key = "a/b@c \"quoted\" \\ é"
		case i == 11:
			r.regi, r.key, r.erased = "people", "secret", true
		case i == 20:
			r.regi, r.key, r.body, r.pull, r.event = "assay.erasures", "erasure-11", `{"authority":"art. 17","indexes":[11],"reason":"asked","register":"people"}`, "", ""
		case i%1000 == 30:
			r.regi, r.key, r.body = "assay.pulls", fmt.Sprintf("pull_%d", i), fmt.Sprintf(`{"blob":"%s","file":"%s","rows":30}`, hexSum(testBlob), hexSum(testBlob))
		}
		l.add(r)
	}
	return l
}

// build seals a ledger into a package.
func (l *testLedger) build() entries {
	n := int64(len(l.records))
	e := entries{"README.md": "# How to verify\n", "key": l.key.vkey + "\n", "program.json": "{}\n", "report.html": "<p>DRAFT</p>\n", "report.json": "{}\n",
		"blobs/" + hexSum(testBlob): testBlob, "tests/CHG-01.txtar": "-- rule --\n", "tests/CHG-01.duckdb.sql": "select 1;\n", "populations/changes.parquet": "PAR1"}
	for i := 0; i < len(l.records); i += l.fileMax {
		var b strings.Builder
		for _, r := range l.records[i:min(i+l.fileMax, len(l.records))] {
			b.WriteString(r.line())
		}
		e[fmt.Sprintf("ledger/records-%06d.txt", i/l.fileMax)] = b.String()
	}
	for _, t := range tlog.NewTiles(8, 0, n) {
		if t.L != 0 {
			continue
		}
		data, err := tlog.ReadTileData(t, l)
		if err != nil {
			panic(err)
		}
		path, _ := strings.CutPrefix(t.Path(), "tile/8/")
		e["ledger/tiles/"+path] = string(data)
	}
	var notes []string
	for _, size := range []int64{n / 4, n / 2, n} {
		if size > 0 && (len(notes) == 0 || !strings.Contains(notes[len(notes)-1], fmt.Sprintf("\n%d\n", size))) {
			notes = append(notes, string(l.checkpoint(size)))
		}
	}
	e["ledger/checkpoints.txt"] = strings.Join(notes, "\n")
	l.conclude(e, n)
	return l.seal(e)
}

func (l *testLedger) conclude(e entries, n int64) {
	type finding struct {
		Key        string   `json:"key"`
		Verdict    string   `json:"verdict"`
		Attributes []string `json:"attributes"`
		Reason     string   `json:"reason"`
		Records    []string `json:"records"`
		Event      string   `json:"event_time"`
	}
	name := func(i int) string {
		return fmt.Sprintf("%s/%s@%d", l.records[i].regi, l.records[i].key, l.records[i].version)
	}
	var fs []finding
	if n > 30 {
		fs = []finding{{l.records[7].key, "deviation", []string{"A", "D"}, "no approval", []string{name(7)}, "2026-01-08T03:04:05Z"},
			{"change-9", "undecided", []string{"E"}, "no ticket", []string{name(9), "people/secret@1"}, ""}}
	}
	digest := `[`
	for i, f := range fs {
		if i > 0 {
			digest += ","
		}
		digest += `{"attributes":["` + strings.Join(f.Attributes, `","`) + `"],"key":` + quoted(f.Key) + `,"verdict":"` + f.Verdict + `"}`
	}
	digest = hexSum(digest + `]`)
	dev, und := min(1, len(fs)), max(0, len(fs)-1)
	root := l.root(n)
	results := map[string]any{"organization": "Example & Söhne", "known_at": "2026-03-01T00:00:00Z", "checkpoint": map[string]any{"size": n, "root": hex.EncodeToString(root[:])},
		"controls": []any{map[string]any{"id": "CHG-01", "version": 1, "test": "CHG-01", "population": 20, "passed": 15, "deviating": dev, "undecided": und, "not_applicable": 5 - dev - und, "digest": digest, "findings": fs,
			"attributes": []any{map[string]any{"id": "A", "text": "approved", "deviations": dev}, map[string]any{"id": "D", "text": "tests", "deviations": dev}, map[string]any{"id": "E", "text": "ticket", "deviations": 0}}}}}
	e["results.json"] = marshal(results)
	e["findings/CHG-01.json"] = marshal([]any{map[string]any{"control": "CHG-01", "version": 1, "test": "CHG-01", "digest": digest, "findings": fs}})
	if len(fs) == 0 {
		return
	}
	for _, i := range []int64{7, 9} {
		p, err := tlog.ProveRecord(n, i, l)
		if err != nil {
			panic(err)
		}
		s := fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex %d\n", i)
		for _, h := range p {
			s += h.String() + "\n"
		}
		e[fmt.Sprintf("proofs/changes/%d.tlog-proof", i)] = s + "\n" + string(l.checkpoint(n))
	}
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

// seal adds manifest, seal and checkpoint for the entries there are.
func (l *testLedger) seal(e entries) entries {
	n := int64(len(l.records))
	var list []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		list = append(list, fmt.Sprintf(`{"bytes":%d,"name":"%s","sha256":"%s"}`, len(e[name]), name, hexSum(e[name])))
	}
	e["manifest.json"] = fmt.Sprintf(`{"created":"2026-03-01T00:00:00Z","entries":[%s],"format":"assay-package/1","organization":{"id":"%s","name":"Example & Söhne"},"origin":"assay.local/%s","period":{"from":"2025-07-01","to":"2026-06-30","zone":"Europe/Berlin"},"records":%d}`,
		strings.Join(list, ","), testOrg, testOrg, n)
	s := testRecord{regi: "assay.packages", key: "package-1", version: 1, recv: "2026-03-01T00:00:00Z", body: `{"manifest":"` + hexSum(e["manifest.json"]) + `"}`, salt: [16]byte{1, 2, 3}}
	l.add(s)
	e["seal"] = s.line()
	e["checkpoint"] = string(l.checkpoint(n + 1))
	// The ledger goes on to be used as it was before the package.
	l.records = l.records[:n]
	l.hashes = l.hashes[:tlog.StoredHashCount(n)]
	return e
}

// write zips the entries.
func (e entries) write(t testing.TB, method uint16) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "package.zip")
	var b bytes.Buffer
	e.zip(t, &b, method, slices.Sorted(maps.Keys(e)))
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (e entries) zip(t testing.TB, b *bytes.Buffer, method uint16, order []string) {
	t.Helper()
	z := zip.NewWriter(b)
	for _, name := range order {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = w.Write([]byte(e[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func check(t testing.TB, path string, o Options) *Report {
	t.Helper()
	rep, err := File(t.Context(), path, o)
	if err != nil {
		t.Fatalf("File(%s): %v", path, err)
	}
	return rep
}

func (e entries) check(t testing.TB, o Options) *Report {
	t.Helper()
	return check(t, e.write(t, zip.Deflate), o)
}
