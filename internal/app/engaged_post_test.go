package app

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// TestOwnKeys: whoever brings messages by hand cannot speak for an organization of the same installation with a key that they made, whatever
// key they say that they compared. Those of organizations elsewhere are for a person to compare.
func TestOwnKeys(t *testing.T) {
	t.Parallel()
	const here, elsewhere id.Org = "org_06h09pd5ny5vscaczx7vepxb40", "org_06h09pd5ny5vscaczx7vepxb50"
	in := &installation{app: New(), data: t.TempDir()}
	in.tenants = &tenants{in: in, slugs: map[string]record.Org{"here": {ID: here}}}
	if _, err := sqlite.NewKeys(filepath.Join(in.data, "keys"), rand.Reader).Signer(here); err != nil {
		t.Fatal(err)
	}
	own, err := in.keyOf(here)
	if err != nil {
		t.Fatal(err)
	}
	made := func(org id.Org) string {
		_, key, err := note.GenerateKey(rand.Reader, ledger.Origin(org))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	message := func(key string) []byte {
		m := engage.Message{Key: key, Salt: bytes.Repeat([]byte{1}, ledger.SaltSize), Record: []byte("{}"), Proof: ledger.Proof{Checkpoint: []byte("a checkpoint\n")}}
		return m.Text()
	}
	if err := in.ownKeys([][]byte{message(own), message(made(elsewhere))}); err != nil {
		t.Errorf("messages signed by the own key, and from elsewhere: %v", err)
	}
	if err := in.ownKeys([][]byte{message(own), message(made(here))}); !errors.Is(err, fault.Integrity) {
		t.Errorf("a message in the name of an organization here, by a key that was made up: %v; want it refused", err)
	}
}

// TestUnpackBag: what a bag holds is taken by its names alone, however it was packed; what is no message and no file, or stands twice, is refused.
func TestUnpackBag(t *testing.T) {
	t.Parallel()
	sum := engage.Sum([]byte("a file"))
	bag := func(entries ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(entries); i += 2 {
			w, err := z.Create(entries[i])
			if err == nil && entries[i+1] != "" {
				_, err = io.WriteString(w, entries[i+1])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	texts, files, err := unpackBag(bag("files/", "", "files/"+sum, "a file", "messages/", "", "messages/000002.txt", "two", "messages/000010.txt", "ten", "messages/000001.txt", "one"))
	if got := string(bytes.Join(texts, []byte(" "))); err != nil || got != "one two ten" || len(files) != 1 || string(files[sum]) != "a file" {
		t.Errorf("unpackBag(packed anew) = %q, %v, %v; want the messages by their names and the file", got, files, err)
	}
	var many []string
	for range mostMessages + 1 {
		many = append(many, "messages/1", "")
	}
	for name, raw := range map[string][]byte{
		"no zip": []byte("PK"), "a message twice": bag("messages/1", "a", "messages/1", "b"), "a file twice": bag("files/"+sum, "a file", "files/"+sum, "another"),
		"a path": bag("../messages/1", "a"), "a file by no hash": bag("files/../../keys/"+sum, "a"), "a file by its hash in capitals": bag("files/"+strings.ToUpper(sum), "a"),
		"something else": bag("messages/1", "a", "note.txt", "b"), "entries without end": bag(many...),
	} {
		if _, _, err := unpackBag(raw); !errors.Is(err, fault.Refused) {
			t.Errorf("unpackBag(%s) = %v, want a refusal", name, err)
		}
	}
	bomb := bag("messages/1", strings.Repeat("a", 1<<20))
	left := int64(1 << 19)
	z, err := zip.NewReader(bytes.NewReader(bomb), int64(len(bomb)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entryOf(z.File[0], &left); !errors.Is(err, fault.Refused) {
		t.Errorf("entryOf(more than is left) = %v, want a refusal", err)
	}
}

// TestPackBag: a bag takes messages in their order with the files that they name, each once, as long as they fit; what is left goes with the next.
func TestPackBag(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	name := func(size int) string {
		data := strings.Repeat("x", size)
		sum := engage.Sum([]byte(data))
		files[sum] = data
		return sum
	}
	small, middle, large, gone := name(10), name(40), name(60), engage.Sum([]byte("gone"))
	open := func(sum string) (io.ReadCloser, error) {
		if _, ok := files[sum]; !ok {
			return nil, fault.NotFound
		}
		return io.NopCloser(strings.NewReader(files[sum])), nil
	}
	names := []string{small, middle, large, gone}
	for what, c := range map[string]struct {
		most  int
		texts []string
		went  int
		files []string
	}{
		"all":                             {10_000, []string{"a " + small, "b " + small + middle, "c"}, 3, []string{small, middle}},
		"nothing named":                   {10_000, []string{"a", "b"}, 2, nil},
		"gone":                            {10_000, []string{"a " + gone}, 1, nil},
		"larger than half of a bag":       {100, []string{"a " + large[:64]}, 1, nil},
		"the second does not fit":         {200, []string{"a " + small, "b " + middle + middle}, 1, []string{small}},
		"the first is larger than a bag":  {10, []string{"a " + small, "b"}, 1, nil},
		"a file came with the one before": {150, []string{"a " + small, "b " + small}, 2, []string{small}},
	} {
		var texts [][]byte
		for _, s := range c.texts {
			texts = append(texts, []byte(s))
		}
		raw, n, err := packBag(texts, names, c.most, mostMessages, open)
		if err != nil || n != c.went {
			t.Errorf("%s: packBag = %d messages, %v; want %d", what, n, err, c.went)
			continue
		}
		got, brought, err := unpackBag(raw)
		if err != nil || len(got) != n || string(got[0]) != c.texts[0] {
			t.Errorf("%s: the bag unpacks as %q, %v", what, got, err)
		}
		if want := slices.Sorted(slices.Values(c.files)); !slices.Equal(slices.Sorted(maps.Keys(brought)), want) {
			t.Errorf("%s: the bag has the files %v, want %v", what, slices.Sorted(maps.Keys(brought)), want)
		}
	}

	// A bag never holds more entries than are taken in.
	if _, n, err := packBag([][]byte{[]byte("a " + small), []byte("b"), []byte("c")}, names, 10_000, 3, open); err != nil || n != 2 {
		t.Errorf("packBag(3 messages and a file, at most 3) = %d messages, %v; want 2", n, err)
	}
}
