package verify

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSoundPackages(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 255, 256, 257, 1500, 3000} {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			l := synthetic(n, 1)
			l.fileMax = 1000
			rep := check(t, l.build().write(t, method), Options{})
			if !rep.OK || rep.Records != int64(n) || rep.Size != int64(n)+1 {
				t.Errorf("%d records: ok %v, %d records, size %d: %v", n, rep.OK, rep.Records, rep.Size, rep.Faults)
			}
		}
	}
}

func TestReportSays(t *testing.T) {
	t.Parallel()
	l := synthetic(1500, 1)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(old, l.checkpoint(1400), 0o600); err != nil {
		t.Fatal(err)
	}
	rep := l.build().check(t, Options{Key: l.key.vkey, Checkpoints: []string{old}})
	if !rep.OK || !rep.KeyGiven || rep.Erased != 1 || rep.Pulls != 2 || rep.Blobs != 1 || rep.Proofs != 2 || rep.Findings != 2 ||
		rep.NamedRecords != 3 || rep.Earlier != 3 || rep.Unanchored != 100 || len(rep.Held) != 1 || !rep.Held[0].Agree {
		t.Errorf("report = %+v", rep)
	}
	var b strings.Builder
	if err := rep.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VERIFIED", "Example & Söhne", rep.Root, rep.Fingerprint, "given by you", "size 1400 agrees; 100 records came after it",
		"the last 100 records", "1501\n", "1500, of which 1 erased", "event and recorded times were given by the source"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, b.String())
		}
	}
}
