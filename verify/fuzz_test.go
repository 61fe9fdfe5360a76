package verify

import (
	"archive/zip"
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzPackage reads anything as a package. Whatever is no package must be refused in words.
func FuzzPackage(f *testing.F) {
	e := synthetic(40, 1).build()
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		var b bytes.Buffer
		e.zip(f, &b, method, slices.Sorted(maps.Keys(e)))
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()/2])
	}
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, err := Reader(t.Context(), bytes.NewReader(b), int64(len(b)), Options{})
		if err == nil && !rep.OK && len(rep.Faults) == 0 {
			t.Error("refused without a reason")
		}
	})
}

// FuzzEntry puts anything in the place of one entry; only the entry itself passes.
func FuzzEntry(f *testing.F) {
	e := synthetic(40, 1).build()
	names := slices.Sorted(maps.Keys(e))
	for i, n := range names {
		f.Add(uint(i), []byte(e[n]))
		f.Add(uint(i), []byte(e[n]+"\n"))
	}
	f.Fuzz(func(t *testing.T, i uint, b []byte) {
		name := names[i%uint(len(names))]
		c := maps.Clone(e)
		c[name] = string(b)
		var z bytes.Buffer
		c.zip(t, &z, zip.Store, names)
		rep, err := Reader(t.Context(), bytes.NewReader(z.Bytes()), int64(z.Len()), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep.OK != (e[name] == string(b)) {
			t.Errorf("%s changed: ok = %v", name, rep.OK)
		}
	})
}

// FuzzLine holds the scanner of a record's end against the full parser.
func FuzzLine(f *testing.F) {
	for _, r := range synthetic(40, 1).records {
		f.Add([]byte(strings.TrimSuffix(r.line(), "\n")))
		f.Add([]byte(r.canonical()))
	}
	f.Add([]byte(`{"body":{"a":"\u001f"},"key":"k","received":"2026-01-02T03:04:05.1Z","recorded":"never","register":"r","version":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = commit(bytes.Clone(b))
		describe(b)
		r, err := parseRecord(b)
		if err != nil {
			return
		}
		e, ok := scan(b)
		if !ok {
			t.Fatalf("%q is a record, but its end was not found", b)
		}
		key, _ := unquote([]byte(`"` + string(e.key) + `"`))
		register, _ := unquote([]byte(`"` + string(e.register) + `"`))
		if key != r.key || register != r.register {
			t.Errorf("%q: scanned %s/%s, parsed %s", b, register, key, r.name())
		}
	})
}

// FuzzCheckpoint accepts one spelling only.
func FuzzCheckpoint(f *testing.F) {
	l := synthetic(9, 1)
	k, err := parseKey(l.key.vkey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(l.checkpoint(9))
	f.Add(append(l.checkpoint(9), l.checkpoint(3)...))
	f.Add([]byte("a\n1\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseCheckpoint(b); err == nil && (c.Text != string(b) || !strings.HasPrefix(c.Text, c.body())) {
			t.Errorf("%q was read as %q", b, c.body())
		}
		_, _ = openCheckpoint(b, k)
		notes, err := splitNotes(b)
		if err == nil && len(b) > 0 && !bytes.Equal(bytes.Join(notes, []byte("\n")), b) {
			t.Errorf("%q was split in %d", b, len(notes))
		}
		_, _ = parseKey(string(b))
	})
}

// FuzzManifest accepts one spelling only.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(synthetic(3, 1).build()["manifest.json"]))
	f.Add([]byte(`{"entries":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseManifest(b); err == nil && !bytes.Equal(m.canonical(0), b) {
			t.Errorf("%q was accepted", b)
		}
	})
}

// FuzzProof accepts one spelling only.
func FuzzProof(f *testing.F) {
	f.Add([]byte(synthetic(40, 1).build()["proofs/changes/7.tlog-proof"]))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n\nnote\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parseProof(b); err == nil && p.text() != string(b) {
			t.Errorf("%q was accepted", b)
		}
	})
}

// FuzzResults reads anything as results.
func FuzzResults(f *testing.F) {
	e := synthetic(40, 1).build()
	f.Add([]byte(e["results.json"]))
	f.Add([]byte(e["findings/CHG-01.json"]))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readResults(newStream(bytes.NewReader(b)), func(string) {})
		if err == nil {
			for _, r := range c.rows {
				r.faults()
				_ = readFindings(newStream(bytes.NewReader(b)), r.control, c.rows)
			}
		}
	})
}

// FuzzSingle: of all texts only the ledger's own proofs are accepted, each with its own record or
// its own past.
func FuzzSingle(f *testing.F) {
	l := synthetic(20, 1)
	sound := map[string]bool{}
	for size := int64(1); size <= 20; size++ {
		for i := range size {
			m, g := l.member(f, i, size), l.growth(f, i+1, size)
			sound[m.render()+m.line], sound[g.render()+g.old] = true, true
			if size%6 == 1 && i%4 == 0 {
				f.Add(m.render(), m.line)
				f.Add(g.render(), g.old)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text, against string) {
		_, err := CheckProof([]byte(text), []byte(against), l.key.vkey)
		_, err2 := CheckConsistency([]byte(text), []byte(against), l.key.vkey)
		if (err == nil || err2 == nil) != sound[text+against] {
			t.Errorf("%v, %v of\n%s\nagainst\n%s", err, err2, text, against)
		}
	})
}

// FuzzKey: a key has one spelling.
func FuzzKey(f *testing.F) {
	f.Add(newTestKey(1).vkey)
	f.Add(newTestKey(2).vkey + "\n")
	f.Add("a+00000000+AQ==")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := parseKey(s)
		if err != nil {
			return
		}
		if k.text != s || !strings.HasPrefix(s, k.verifier.Name()+"+") {
			t.Errorf("%q was read as the key %q of %s", s, k.text, k.verifier.Name())
		}
	})
}
