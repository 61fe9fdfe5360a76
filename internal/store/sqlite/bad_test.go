package sqlite_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/store/storetest"
)

// house opens a store with an organization and the things register.
func house(t *testing.T, conf sqlite.Config) (*sqlite.Store, id.Org) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	org, err := id.NewOrg(time.Now(), rand.Reader)
	if err == nil {
		err = s.CreateOrg(t.Context(), record.Org{ID: org, Name: "House", Zone: "UTC"})
	}
	if err == nil {
		err = s.Ensure(t.Context(), org, storetest.Things, storetest.ProjectThing)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, org
}

func openPull(t *testing.T, s *sqlite.Store, org id.Org) record.Writer {
	t.Helper()
	p, err := id.NewPull(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.OpenPull(t.Context(), org, p)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func things(from, to, width int) []record.Draft {
	var out []record.Draft
	for i := from; i < to; i++ {
		out = append(out, storetest.Thing(fmt.Sprintf("t-%09d", i), i, strings.Repeat("x", width)))
	}
	return out
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	house(t, p.config(time.Now))
	_, err := sqlite.Open(t.Context(), p.config(time.Now))
	if !errors.Is(err, fault.Busy) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) || fault.Hint(err) == "" {
		t.Errorf("Open of a folder in use = %v (hint %q), want busy with process %d", err, fault.Hint(err), os.Getpid())
	}
}

func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	s, _ := house(t, p.config(time.Now))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.dir, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = sqlite.Open(t.Context(), p.config(time.Now))
	if !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "version 99") || !strings.Contains(fault.Hint(err), "newer program") {
		t.Errorf("Open of a newer database = %v (hint %q)", err, fault.Hint(err))
	}
}

// TestReadOnlyLog: records that only the log of a killed process holds are not passed over in silence.
func TestReadOnlyLog(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	s, org := house(t, p.config(time.Now))
	conf := p.config(time.Now)
	conf.ReadOnly = true
	if _, err := sqlite.Open(t.Context(), conf); !errors.Is(err, fault.Busy) {
		t.Errorf("Open beside a process that writes = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.Open(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := r.Verify(t.Context(), org, nil); err != nil || v.Size == 0 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	if _, err := r.Append(t.Context(), org, "", things(0, 1, 1)); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Append = %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "assay.db-wal"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), conf); !errors.Is(err, fault.Refused) || !strings.Contains(fault.Hint(err), "copy the folder") {
		t.Errorf("Open with a log = %v", err)
	}
}

func TestMissingKey(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	s, org := house(t, p.config(time.Now))
	s.Close()
	if err := os.Remove(filepath.Join(p.dir, "keys", string(org)+".signing")); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), p.config(time.Now)); !errors.Is(err, fault.NotFound) || !strings.Contains(fault.Hint(err), "backup") {
		t.Errorf("Open without the signing key = %v", err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "keys", string(org)+".signing")); err == nil {
		t.Error("a new key was made for a ledger that another key has signed")
	}
}

// diskFull imports until the disk is full, and wants nothing of that stored and the store in use.
func diskFull(t *testing.T, s *sqlite.Store, org id.Org) {
	t.Helper()
	if _, err := s.Append(t.Context(), org, "", things(0, 10, 10)); err != nil {
		t.Fatal(err)
	}
	before, err := s.Size(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	full := func(err error) {
		t.Helper()
		if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "no space") || !strings.Contains(fault.Hint(err), "free space") {
			t.Fatalf("on a full disk: %v (hint %q)", err, fault.Hint(err))
		}
	}
	w := openPull(t, s, org)
	for i := 10; ; i += 500 {
		if _, err = w.Add(t.Context(), things(i, i+500, 500)); err != nil {
			break
		}
		if i > 200_000 {
			t.Fatal("the disk does not fill up")
		}
	}
	full(err)
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(t.Context(), org, "", things(1000, 40_000, 500))
	full(err)
	if size, err := s.Size(t.Context(), org); err != nil || size != before {
		t.Errorf("size = %d, %v; want %d as before", size, err, before)
	}
	r, err := s.Append(t.Context(), org, "", things(10, 12, 10))
	if err != nil || r.First != before {
		t.Errorf("a small append after a full disk = %+v, %v", r, err)
	}
	v, err := s.Verify(t.Context(), org, nil)
	if err != nil || len(v.Defects) > 0 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}

func TestDiskFullLimit(t *testing.T) {
	t.Parallel()
	conf := place{t, t.TempDir()}.config(time.Now)
	conf.MaxPages = 500
	s, org := house(t, conf)
	diskFull(t, s, org)
}

func TestDiskFullTmpfs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a small disk needs root, to mount one")
	}
	at := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", at).CombinedOutput(); err != nil {
		t.Skipf("a small disk needs mount: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	ballast := filepath.Join(at, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s, org := house(t, place{t, at}.config(time.Now))
	diskFull(t, s, org)
	if err := os.Remove(ballast); err != nil { // somebody frees space
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

const killedFolder = "ASSAY_KILLED_CHILD"

// TestKilledImport kills a process in the middle of an import: nothing of it is stored.
func TestKilledImport(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	s, org := house(t, p.config(time.Now))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestKilledChild$", "-test.v")
	child.Env = append(os.Environ(), killedFolder+"="+p.dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "half way"; {
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	s2, err := sqlite.Open(t.Context(), p.config(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	defer s2.Close()
	if err := s2.Ensure(t.Context(), org, storetest.Things, storetest.ProjectThing); err != nil {
		t.Fatal(err)
	}
	if size, err := s2.Size(t.Context(), org); err != nil || size != 1 {
		t.Errorf("size = %d, %v; want the organization's record alone", size, err)
	}
	var rows int
	if err := s2.Reader().QueryRow(`SELECT count(*) FROM "` + storetest.Things.Table() + `"`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v; want none", rows, err)
	}
}

func TestKilledChild(t *testing.T) {
	at := os.Getenv(killedFolder)
	if at == "" {
		t.Skip("the writer of TestKilledImport")
	}
	s, err := sqlite.Open(context.Background(), place{t, at}.config(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	orgs, err := s.Orgs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ensure(t.Context(), orgs[0].ID, storetest.Things, storetest.ProjectThing); err != nil {
		t.Fatal(err)
	}
	w := openPull(t, s, orgs[0].ID)
	for i := 0; i < 60_000; i += 500 { // more than the cache holds: pages are in the log by now
		if _, err := w.Add(t.Context(), things(i, i+500, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("half way")
	select {}
}

// TestBigPull streams more into one transaction than memory should hold and rolls back.
// ASSAY_BIG_MB sets the megabytes; make big sets 10,240.
func TestBigPull(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	megabytes := 200
	if s := os.Getenv("ASSAY_BIG_MB"); s != "" {
		var err error
		if megabytes, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	s, org := house(t, place{t, t.TempDir()}.config(time.Now))
	const width, batch = 8000, 250
	w := openPull(t, s, org)
	written, n := 0, 0
	add := func(until int) {
		for ; written < until<<20; n += batch {
			if _, err := w.Add(t.Context(), things(n, n+batch, width)); err != nil {
				t.Fatal(err)
			}
			written += batch * width
		}
	}
	add(megabytes / 4) // caches are full by then
	before := residentMB(t)
	add(megabytes)
	if after := residentMB(t); after > before+64 {
		t.Errorf("%d MB in one pull: %d MB resident, %d MB after its first quarter", megabytes, after, before)
	}
	// The last row is bad, and with it the whole.
	if _, err := w.Add(t.Context(), []record.Draft{storetest.Thing("t-000000000", -1, "y")}); !errors.Is(err, fault.Refused) {
		t.Errorf("the last row says other than the first of its key: %v, want a refusal", err)
	}
	if err := w.Rollback(); err != nil {
		t.Fatal(err)
	}
	if size, err := s.Size(t.Context(), org); err != nil || size != 1 {
		t.Errorf("size = %d, %v; want nothing stored", size, err)
	}
}

func residentMB(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc to measure memory with")
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() >> 20
}

// TestErasedBytes looks for erased content in the files of the database, free space included.
func TestErasedBytes(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	s, org := house(t, p.config(time.Now))
	const secret = "zaphod-beeblebrox"
	drafts := things(0, 3000, 50)
	drafts[1234] = storetest.Thing(secret, 1, secret)
	w := openPull(t, s, org)
	if _, err := w.Add(t.Context(), drafts); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context(), record.Pull{Register: "things"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), org, "", []record.Draft{storetest.Thing(secret, 2, secret)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(t.Context(), org, record.Erasure{Register: "things", Key: secret, Reason: "asked", Authority: "GDPR 17"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"assay.db", "assay.db-wal", "assay.db-shm"} {
		b, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), secret) {
			t.Errorf("%s still holds erased content", name)
		}
	}
}

// TestReader shows that engines cannot write through their handle.
func TestReader(t *testing.T) {
	t.Parallel()
	s, _ := house(t, place{t, t.TempDir()}.config(time.Now))
	if _, err := s.Reader().Exec("DELETE FROM records"); err == nil {
		t.Error("a reader deleted records")
	}
}

// TestRefusals of acts that would harm the ledger.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s, org := house(t, place{t, t.TempDir()}.config(time.Now))
	for what, err := range map[string]error{
		"a system register declared": func() error {
			sc := *storetest.Things
			sc.Name = "assay.things"
			return s.Ensure(t.Context(), org, &sc, storetest.ProjectThing)
		}(),
		"a pull's record erased": func() error {
			_, err := s.Erase(t.Context(), org, record.Erasure{Register: record.Pulls, Key: "x"})
			return err
		}(),
		"an empty append":                func() error { _, err := s.Append(t.Context(), org, "", nil); return err }(),
		"an organization in no zone":     s.CreateOrg(t.Context(), record.Org{ID: "org_00000000000000000000000000", Name: "Nowhere", Zone: "Mars/Olympus"}),
		"an organization that is a path": s.CreateOrg(t.Context(), record.Org{ID: "../../x", Name: "Path", Zone: "UTC"}),
	} {
		if !errors.Is(err, fault.Refused) {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
}

// TestClosed: a closed store answers instead of waiting for ever.
func TestClosed(t *testing.T) {
	t.Parallel()
	s, org := house(t, place{t, t.TempDir()}.config(time.Now))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Append(t.Context(), org, "", things(0, 1, 1)); err == nil {
		t.Error("Append to a closed store: no error")
	}
	if _, err := s.OpenPull(t.Context(), org, "pull_x"); err == nil {
		t.Error("OpenPull of a closed store: no error")
	}
}
