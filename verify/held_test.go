package verify

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHeld has ledgers that were rewritten and signed anew: only what the reader kept tells.
func TestHeld(t *testing.T) {
	t.Parallel()
	before, after := synthetic(400, 1), synthetic(600, 1)
	dir := t.TempDir()
	keep := func(name string, b string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one := keep("one", string(before.checkpoint(400)))
	several := keep("several", string(before.checkpoint(100))+"\n"+string(before.checkpoint(250))+"\n"+string(before.checkpoint(400)))
	old := before.build().write(t, zip.Deflate)
	larger := keep("larger", string(after.checkpoint(580)))
	other := keep("other", string(newTestKey(9).checkpoint(5, before.root(5))))

	fresh := synthetic(600, 1).rewritten(260)
	// An honest ledger went on after the package that was kept: its seal is record #400.
	grown := &testLedger{key: before.key, fileMax: before.fileMax}
	e := before.build()
	for _, x := range before.records {
		grown.add(x)
	}
	seal := testRecord{regi: "assay.packages", key: "package-1", version: 1, recv: "2026-03-01T00:00:00Z", body: `{"manifest":"` + hexSum(e["manifest.json"]) + `"}`, salt: [16]byte{1, 2, 3}}
	grown.add(seal)

	for _, c := range []struct {
		name  string
		l     *testLedger
		held  string
		want  string // "" when it must be accepted
		first int64
	}{
		{"agrees", after, one, "", 0},
		{"several agree", after, several, "", 0},
		{"grown from the package kept", grown, old, "", 0},
		{"forked", fresh, one, "records #0 to #399: this is another history", 0},
		{"forked, several kept", fresh, several, "records #250 to #399: this is another history", 250},
		{"forked, package kept", fresh, old, "changes/change-260@1 #260 ", 260},
		{"smaller", before, larger, "records #401 to #579: missing: the ledger is smaller", 401},
		{"another key", after, other, "does not belong to this package", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rep := (&testLedger{key: c.l.key, records: c.l.records, hashes: c.l.hashes, fileMax: c.l.fileMax}).build().check(t, Options{Checkpoints: []string{c.held}})
			if c.want == "" {
				if !rep.OK {
					t.Errorf("refused: %v", rep.Faults)
				}
				return
			}
			if rep.OK || !strings.Contains(rep.Faults[0].String(), c.want) || rep.Faults[0].Index != c.first {
				t.Errorf("faults = %v, want the first to say %q", rep.Faults, c.want)
			}
		})
	}
}

// TestFlips changes single bits of what a reader unpacks. None may pass.
func TestFlips(t *testing.T) {
	t.Parallel()
	n := 2000
	if testing.Short() {
		n = 200
	}
	whole := synthetic(120, 3).build()
	names := slices.Sorted(maps.Keys(whole))
	var weighted []string // names by their bytes
	for _, name := range names {
		for range 1 + len(whole[name])/512 {
			weighted = append(weighted, name)
		}
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		from := names
		if i%2 == 0 {
			from = weighted
		}
		name := from[rnd.IntN(len(from))]
		b := []byte(whole[name])
		at, bit := rnd.IntN(len(b)), rnd.IntN(8)
		b[at] ^= 1 << bit
		e := maps.Clone(whole)
		e[name] = string(b)
		var z bytes.Buffer
		e.zip(t, &z, zip.Store, names)
		rep, err := Reader(t.Context(), bytes.NewReader(z.Bytes()), int64(z.Len()), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep.OK {
			t.Errorf("bit %d of byte %d of %s was flipped and passed", bit, at, name)
			continue
		}
		blame(t, rep, name, whole[name], at)
	}
}

// blame checks that a flip is blamed on its place: the record for a line of records, else the
// entry. A flip in the key can look like a wrong signature; both are named.
func blame(t *testing.T, rep *Report, name, text string, at int) {
	t.Helper()
	first := rep.Faults[0]
	if name == firstFile {
		line := int64(strings.Count(text[:at], "\n"))
		if first.Kind != Record || first.Index != line {
			t.Errorf("byte %d of record #%d was flipped; blamed: %v", at, line, rep.Faults)
		}
		return
	}
	if !slices.ContainsFunc(rep.Faults, func(f Fault) bool { return f.Entry == name }) {
		t.Errorf("byte %d of %s was flipped; blamed: %v", at, name, rep.Faults)
	}
}

func TestFingerprintByHand(t *testing.T) {
	t.Parallel()
	l := synthetic(3, 1)
	e := l.build()
	if got, want := e.check(t, Options{}).Fingerprint, hexSum(e["key"]); got != want {
		t.Errorf("fingerprint = %s, want sha256sum key = %s", got, want)
	}
	root := l.root(3)
	if got := rootText(root); got != hex.EncodeToString(root[:]) {
		t.Errorf("rootText = %s", got)
	}
}
