package verify

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// zipped makes a zip whose entries the caller writes.
func zipped(t testing.TB, fill func(*zip.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if err := fill(z); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (e entries) into(z *zip.Writer, rename func(string) []string) error {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		for _, n := range rename(name) {
			w, err := z.Create(n)
			if err == nil && !strings.HasSuffix(n, "/") {
				_, err = w.Write([]byte(e[name]))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func same(s string) []string { return []string{s} }

func TestContainer(t *testing.T) {
	t.Parallel()
	e := synthetic(40, 1).build()
	whole := zipped(t, func(z *zip.Writer) error { return e.into(z, same) })
	named := func(from string, to ...string) []byte {
		return zipped(t, func(z *zip.Writer) error {
			return e.into(z, func(s string) []string {
				if s == from {
					return to
				}
				return []string{s}
			})
		})
	}
	// patch changes bytes of the directory entry of README.md, the first in the zip.
	patch := func(offset int, b ...byte) []byte {
		out := slices.Clone(whole)
		copy(out[bytes.Index(out, []byte("PK\x01\x02"))+offset:], b)
		return out
	}
	for _, c := range []struct {
		name string
		zip  []byte
		want string
	}{
		{"two entries of one name", named("report.json", "report.json", "report.json"), "report.json: two entries of one name"},
		{"the second one elsewhere", named("seal", "seal", "README.md"), "README.md: two entries of one name"},
		{"a path that leaves the folder", named("report.json", "../report.json"), "../report.json: the name is not"},
		{"an absolute path", named("report.json", "/report.json"), "the name is not"},
		{"a backslash", named("report.json", `a\report.json`), "the name is not"},
		{"a folder", named("report.json", "report.json", "x/"), "the name is not"},
		{"a dot in the path", named("report.json", "./report.json"), "the name is not"},
		{"a case that differs", named("README.md", "readme.md"), "README.md: is missing"},
		{"bytes after the end", append(slices.Clone(whole), "hello"...), "the zip"},
		{"bytes before the start", append([]byte("PK\x03\x04 hello, this is another program"), whole...), "bytes that belong to no entry"},
		{"cut short", whole[:len(whole)-30], "cannot be read"},
		{"cut in the middle", whole[:len(whole)/2], "cannot be read"},
		{"encrypted", patch(8, 9), "encrypted"},
		{"an unknown compression", patch(10, 93), "compressed by method 93"},
		{"a declared size that lies", patch(24, 0xff, 0xff, 0xff, 0x7f), "bytes that belong to no entry"},
		{"a name that differs in the local header", func() []byte {
			out := slices.Clone(whole)
			copy(out[30:], "EVILME.md")
			return out
		}(), "a second header"},
		{"an empty zip", zipped(t, func(*zip.Writer) error { return nil }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rep, err := Reader(t.Context(), bytes.NewReader(c.zip), int64(len(c.zip)), Options{})
			if err != nil {
				if c.name == "an empty zip" && errors.Is(err, errUnreadable) {
					return
				}
				t.Fatal(err)
			}
			if rep.OK || !strings.Contains(rep.Faults[0].String(), c.want) {
				t.Errorf("faults = %v, want the first to say %q", rep.Faults, c.want)
			}
		})
	}
}

// TestRepacked accepts what does not count: order, dates, compression, comments, zip64.
func TestRepacked(t *testing.T) {
	t.Parallel()
	e := synthetic(300, 1).build()
	names := slices.Sorted(maps.Keys(e))
	slices.Reverse(names)
	out := zipped(t, func(z *zip.Writer) error {
		if err := z.SetComment("made again by somebody"); err != nil {
			return err
		}
		for i, n := range names {
			h := &zip.FileHeader{Name: n, Method: uint16(i % 2 * 8), Comment: "c", Extra: []byte{0xfe, 0xca, 2, 0, 1, 2}}
			w, err := z.CreateHeader(h)
			if err == nil {
				_, err = w.Write([]byte(e[n]))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	rep, err := Reader(t.Context(), bytes.NewReader(out), int64(len(out)), Options{})
	if err != nil || !rep.OK {
		t.Errorf("refused: %v, %v", err, rep)
	}
}

// TestEditInPlace changes stored bytes without touching the zip around them.
func TestEditInPlace(t *testing.T) {
	t.Parallel()
	e := synthetic(400, 1).build()
	var b bytes.Buffer
	e.zip(t, &b, zip.Store, slices.Sorted(maps.Keys(e)))
	for old, c := range map[string]struct{ new, want string }{
		`"key":"change-300"`: {`"key":"change-301"`, "changes/change-301@1 #300 (" + firstFile + ":301): is not the record"},
		"<p>DRAFT</p>":       {"<p>FINAL</p>", "report.html: was changed"},
		"# How to verify":    {"# How to comply", "README.md: was changed"},
		`{"created":"2026`:   {`{"created":"2027`, "manifest.json: is not the one that was sealed"},
	} {
		out := bytes.Replace(b.Bytes(), []byte(old), []byte(c.new), 1)
		rep, err := Reader(t.Context(), bytes.NewReader(out), int64(len(out)), Options{})
		if err != nil || rep.OK || !strings.Contains(rep.Faults[0].String(), c.want) {
			t.Errorf("%s: %v, %v, want the first to say %q", c.new, err, rep.Faults, c.want)
		}
	}
	crc := slices.Clone(b.Bytes()) // of README.md, in its descriptor and in the directory
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(e["README.md"])))
	rep, err := Reader(t.Context(), bytes.NewReader(bytes.ReplaceAll(crc, sum, []byte{1, 2, 3, 4})), int64(len(crc)), Options{})
	if err != nil || rep.OK || !strings.Contains(rep.Faults[0].String(), "README.md: its content is not that of the zip's own checksum") {
		t.Errorf("a wrong checksum of the zip: %v, %v", err, rep.Faults)
	}
}

// TestBomb has an entry that expands to more than it declares, with every header in agreement.
func TestBomb(t *testing.T) {
	t.Parallel()
	const bombSize = 0x12d687 // bytes that stand nowhere else
	e := synthetic(40, 1).build()
	e["report.html"] = strings.Repeat("0", bombSize)
	out := zipped(t, func(z *zip.Writer) error { return e.into(z, same) })
	le := binary.LittleEndian
	for at := 0; ; { // directory and data descriptor
		i := bytes.Index(out[at:], le.AppendUint32(nil, bombSize))
		if i < 0 {
			break
		}
		at += i
		le.PutUint32(out[at:], uint32(13))
	}
	rep, err := Reader(t.Context(), bytes.NewReader(out), int64(len(out)), Options{})
	if err != nil || rep.OK {
		t.Fatalf("accepted, or %v", err)
	}
	if !slices.ContainsFunc(rep.Faults, func(f Fault) bool { return f.Entry == "report.html" }) {
		t.Errorf("faults = %v, want report.html", rep.Faults)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("this is no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	sound := synthetic(3, 1).build().write(t, zip.Deflate)
	for name, c := range map[string]struct {
		path string
		o    Options
	}{
		"no file":                {filepath.Join(dir, "absent"), Options{}},
		"a folder":               {dir, Options{}},
		"no zip":                 {text, Options{}},
		"a key that is none":     {sound, Options{Key: "abc"}},
		"a checkpoint not there": {sound, Options{Checkpoints: []string{filepath.Join(dir, "absent")}}},
		"no checkpoint":          {sound, Options{Checkpoints: []string{text}}},
	} {
		if _, err := File(t.Context(), c.path, c.o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLongLine(t *testing.T) {
	t.Parallel()
	l := synthetic(40, 1)
	l.records[3].body = `{"text":"` + strings.Repeat("x", 3<<20) + `"}`
	fresh := &testLedger{key: l.key, fileMax: l.fileMax}
	for _, r := range l.records {
		fresh.add(r)
	}
	if rep := fresh.build().check(t, Options{}); !rep.OK {
		t.Errorf("a record of 3 MiB was refused: %v", rep.Faults)
	}
	e := fresh.build()
	e[firstFile] = strings.Repeat("x", 20<<20)
	if rep := e.check(t, Options{}); rep.OK || !strings.Contains(rep.Faults[0].What, "longer than") && !strings.Contains(rep.Faults[1].What, "longer than") {
		t.Errorf("a line of 20 MiB: %v", rep.Faults)
	}
}
