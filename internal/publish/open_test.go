package publish

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// packed writes a package of n records into memory.
func packed(t testing.TB, m *memory, n int) []byte {
	t.Helper()
	m.fill(t, n)
	var b bytes.Buffer
	if _, err := Package(t.Context(), &b, material(t, m)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openBytes(t testing.TB, b []byte, key string, held ...ledger.Checkpoint) (*Opened, error) {
	t.Helper()
	return Open(t.Context(), bytes.NewReader(b), int64(len(b)), key, held...)
}

// TestOpen: what comes out of a package is what went in, leaf for leaf.
func TestOpen(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 256, 700} {
		m := newMemory(t)
		b := packed(t, m, n)
		o, err := openBytes(t, b, m.vkey)
		if err != nil {
			t.Fatalf("Open(%d records) = %v", n, err)
		}
		var got []record.Sealed
		err = o.Each(t.Context(), func(s record.Sealed) error {
			s.Bytes, s.Salt = bytes.Clone(s.Bytes), bytes.Clone(s.Salt)
			got = append(got, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(m.sealed)
		for i := range want {
			want[i].Commitment = want[i].Commit()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("leaves (-ledger +package):\n%s", diff)
		}
		if o.Organization != testOrg || o.Records != int64(n) || o.Checkpoint.Size != int64(n)+1 || o.Key != m.vkey || !o.Given || o.Name == "" || len(o.Program) == 0 || o.Period.To < o.Period.From {
			t.Errorf("Open(%d records) = %+v", n, o)
		}
		if n == 700 && (len(o.Earlier) != 2 || len(o.Blobs()) != 7 || len(o.Results.Controls) == 0) {
			t.Errorf("%d earlier checkpoints, %d files, %d results; want 2, 7 and some", len(o.Earlier), len(o.Blobs()), len(o.Results.Controls))
		}
		if o, err = openBytes(t, b, ""); err != nil || o.Given || o.Key != m.vkey {
			t.Errorf("without a key: given %v, %v; want the package's own, said so", o.Given, err)
		}
	}
}

// TestOpenRealStore: a package of a real store opens, before and after an erasure, and the later one extends the earlier one.
func TestOpenRealStore(t *testing.T) {
	t.Parallel()
	s, vkey := open(t, 300)
	var b bytes.Buffer
	if _, err := Package(t.Context(), &b, s.material(t, vkey)); err != nil {
		t.Fatal(err)
	}
	first, err := openBytes(t, b.Bytes(), vkey)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Blobs()) != 1 {
		t.Errorf("files %v, want one", first.Blobs())
	}
	r, err := first.Entry("blobs/" + first.Blobs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != "change_id,author\n" {
		t.Errorf("the file is %q, %v", text, err)
	}
	_, err = s.Erase(t.Context(), s.org, record.Erasure{Register: "changes", Key: "team/3@main \"é\u2028\" <b>", Reason: "asked", Authority: "person", Source: "assay", Blobs: first.Blobs()})
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if _, err := Package(t.Context(), &b, s.material(t, vkey)); err != nil {
		t.Fatal(err)
	}
	second, err := openBytes(t, b.Bytes(), vkey, first.Checkpoint.Checkpoint)
	if err != nil || second.Records != first.Records+2 || len(second.Blobs()) != 0 {
		t.Errorf("the later package: %+v, %v", second, err)
	}
}

// TestOpenEvidence: files that people gave as evidence go along; an original of which a redacted copy is shown stays, and its copy goes.
func TestOpenEvidence(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 40)
	give := func(register, key, body string) {
		m.add(record.Record{Register: register, Key: key, Version: 1, Source: "people", Body: []byte(body)})
	}
	for _, text := range []string{"plain", "original", "copy"} {
		m.files[sumOf(text)] = []byte(text)
	}
	give("evidence", "e-1", `{"blob":"`+sumOf("plain")+`","title":"x"}`)
	give("evidence", "e-2", `{"blob":"`+sumOf("original")+`","title":"x"}`)
	give("evidence", "e-3", `{"blob":"`+sumOf("nobody has it")+`","title":"x"}`)
	give("evidence", "e-4", `{"blob":"../../key","title":"x"}`)
	give("redactions", sumOf("original"), `{"original":"`+sumOf("original")+`","redacted":"`+sumOf("copy")+`"}`)
	m.sign()
	path, _ := pack(t, material(t, m))
	if code, answer := verify(t, path); code != 0 {
		t.Errorf("assay-verify = %d, %v", code, answer["faults"])
	}
	b, err := os.ReadFile(path)
	must(t, err)
	o, err := openBytes(t, b, m.vkey)
	must(t, err)
	for text, want := range map[string]bool{"plain": true, "original": false, "copy": true, "nobody has it": false} {
		if got := slices.Contains(o.Blobs(), sumOf(text)); got != want {
			t.Errorf("the package holds %q: %v, want %v", text, got, want)
		}
	}
}

// TestOpenFork: of one key and two histories the second is found, and which is the older is said.
func TestOpenFork(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	b := packed(t, m, 40)
	o, err := openBytes(t, b, m.vkey)
	if err != nil {
		t.Fatal(err)
	}
	fork := newMemory(t)
	fork.signer, fork.vkey, fork.clock = m.signer, m.vkey, fork.clock+1
	other := packed(t, fork, 90)
	if _, err := openBytes(t, other, m.vkey); err != nil {
		t.Fatalf("the fork by itself: %v", err)
	}
	if _, err := openBytes(t, other, m.vkey, o.Checkpoint.Checkpoint); !errors.Is(err, fault.Integrity) || !strings.Contains(err.Error(), "forked") {
		t.Errorf("the fork against the held checkpoint = %v; want an integrity failure", err)
	}
	late, err := openBytes(t, other, m.vkey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openBytes(t, b, m.vkey, late.Checkpoint.Checkpoint); !errors.Is(err, fault.Refused) {
		t.Errorf("an older package = %v; want refused", err)
	}
	if _, err := openBytes(t, b, newMemory(t).vkey); !errors.Is(err, fault.Integrity) || !strings.Contains(err.Error(), Fingerprint(m.vkey)) {
		t.Errorf("another key = %v; want an integrity failure that names both", err)
	}
	elsewhere := o.Checkpoint.Checkpoint
	elsewhere.Origin = "assay.local/org_other"
	if _, err := openBytes(t, b, m.vkey, elsewhere); !errors.Is(err, fault.Integrity) {
		t.Errorf("a held checkpoint of another ledger = %v; want an integrity failure", err)
	}
}

// entriesOf reads a package.
func entriesOf(t testing.TB, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// zipped writes entries, in the order of their names.
func zipped(t testing.TB, entries map[string][]byte, more ...func(*zip.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range slices.Sorted(maps.Keys(entries)) {
		w, err := z.Create(n)
		if err == nil {
			_, err = w.Write(entries[n])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range more {
		if err := f(z); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestOpenFindsEachChange: an entry that was changed by one bit, left out, added or renamed is found, whichever it is; a zip written anew
// is no change.
func TestOpenFindsEachChange(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	b := packed(t, m, 300)
	entries := entriesOf(t, b)
	if _, err := openBytes(t, zipped(t, entries), m.vkey); err != nil {
		t.Fatalf("zipped anew: %v", err)
	}
	tried := 0
	refused := func(name, what string, entries map[string][]byte) {
		t.Helper()
		tried++
		if _, err := openBytes(t, zipped(t, entries), m.vkey); !errors.Is(err, fault.Integrity) && !errors.Is(err, fault.Refused) {
			t.Errorf("%s %s: %v; want found", name, what, err)
		}
	}
	for name, content := range entries {
		without := maps.Clone(entries)
		delete(without, name)
		refused(name, "left out", without)
		without[name+"x"] = content
		refused(name, "renamed", without)
		for _, at := range []int{0, len(content) / 2, len(content) - 1} {
			if len(content) == 0 {
				break
			}
			changed := maps.Clone(entries)
			changed[name] = bytes.Clone(content)
			changed[name][at] ^= 1
			refused(name, fmt.Sprintf("changed at %d", at), changed)
		}
		longer := maps.Clone(entries)
		longer[name] = append(bytes.Clone(content), '\n')
		refused(name, "longer", longer)
	}
	added := maps.Clone(entries)
	added["tests/other.txtar"] = []byte("x")
	refused("tests/other.txtar", "added", added)
	if tried < 50 {
		t.Errorf("%d changes were tried", tried)
	}
}

// TestOpenHostile: a zip that two programs could read in two ways, or that is none, is refused.
func TestOpenHostile(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	b := packed(t, m, 40)
	entries := entriesOf(t, b)
	raw := func(name string, h zip.FileHeader) func(*zip.Writer) error {
		return func(z *zip.Writer) error {
			h.Name, h.CRC32 = name, crc32.ChecksumIEEE([]byte("x"))
			w, err := z.CreateRaw(&h)
			if err == nil {
				_, err = w.Write([]byte("x"))
			}
			return err
		}
	}
	one := zip.FileHeader{CompressedSize64: 1, UncompressedSize64: 1}
	with := func(change func(*zip.FileHeader)) zip.FileHeader {
		h := one
		change(&h)
		return h
	}
	for what, b := range map[string][]byte{
		"nothing":          {},
		"no zip":           []byte("this is not a zip file at all, it only says so"),
		"cut short":        b[:len(b)-30],
		"bytes before":     append([]byte("#!/bin/sh\n"), b...),
		"bytes after":      append(bytes.Clone(b), "more"...),
		"twice":            zipped(t, entries, raw("README.md", one)),
		"outside":          zipped(t, entries, raw("../../etc/passwd", one)),
		"absolute":         zipped(t, entries, raw("/etc/passwd", one)),
		"backslash":        zipped(t, entries, raw(`a\b`, one)),
		"a folder":         zipped(t, entries, func(z *zip.Writer) error { _, err := z.Create("tests/"); return err }),
		"encrypted":        zipped(t, entries, raw("x", with(func(h *zip.FileHeader) { h.Flags = 1 }))),
		"another method":   zipped(t, entries, raw("x", with(func(h *zip.FileHeader) { h.Method = 12 }))),
		"an absurd size":   zipped(t, entries, raw("x", with(func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 60 }))),
		"holds more":       zipped(t, entries, raw("x", with(func(h *zip.FileHeader) { h.UncompressedSize64 = 0 }))),
		"another format":   zipped(t, map[string][]byte{"manifest.json": []byte(`{"format":"assay-package/2"}`)}),
		"an empty archive": zipped(t, nil),
	} {
		if _, err := openBytes(t, b, m.vkey); !errors.Is(err, fault.Integrity) && !errors.Is(err, fault.Refused) {
			t.Errorf("%s: %v; want refused", what, err)
		}
	}
}

// TestOpenOrganization: the organization's id becomes the name of a folder; one that leads elsewhere is refused although its owner signed it.
func TestOpenOrganization(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	b := packed(t, m, 3)
	man := entriesOf(t, b)["manifest.json"]
	o, err := openBytes(t, b, m.vkey)
	if err != nil {
		t.Fatal(err)
	}
	man = bytes.ReplaceAll(man, []byte(testOrg), []byte("../../../../../../../etc/abcd."))
	sum := sha256.Sum256(man)
	o.Manifest = hex.EncodeToString(sum[:])
	o.zip, err = openZip(bytes.NewReader(zipped(t, map[string][]byte{"manifest.json": man})), int64(len(zipped(t, map[string][]byte{"manifest.json": man}))))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.readManifest(); !errors.Is(err, fault.Integrity) {
		t.Errorf("readManifest = %v, want refused", err)
	}
}

// FuzzOpen: whatever the bytes, nothing panics, and what opens under a key is what its owner sealed.
func FuzzOpen(f *testing.F) {
	m := newMemory(f)
	b := packed(f, m, 12)
	sealed := m.sealed[len(m.sealed)-1].Bytes
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add(zipped(f, entriesOf(f, b)))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := openBytes(t, b, m.vkey)
		if err != nil {
			return
		}
		if !bytes.Equal(o.seal.Bytes, sealed) {
			t.Errorf("opened under the seal %s", o.seal.Bytes)
		}
		if err := o.Each(t.Context(), func(record.Sealed) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
