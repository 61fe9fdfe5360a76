package sqlite_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/store/storetest"
)

// A killed process loses nothing that the system still holds in memory, so kill -9 proves
// nothing about durability. Here the file system itself loses its memory: the writer is frozen,
// so that it cannot acknowledge anything that the cut then takes, ext4 on a loop device is shut
// down without writing out its journal, mounted again, and everything that the writer had
// acknowledged must be there.
//
// ASSAY_POWERCUT says how many cuts; make powercut sets 50.

const (
	fsIocShutdown    = 0x8004587D // _IOR('X', 125, __u32)
	shutdownNoLog    = 2          // without flushing the journal
	childFolder      = "ASSAY_POWERCUT_CHILD"
	childUnsafe      = "ASSAY_POWERCUT_UNSAFE"
	acknowledgements = 3 // file descriptor of the pipe
)

func cuts(t *testing.T) int {
	n := 5
	if s := os.Getenv("ASSAY_POWERCUT"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("ASSAY_POWERCUT=%s: %v", s, err)
		}
	}
	return n
}

func TestPowerCut(t *testing.T) {
	if testing.Short() {
		t.Skip("power cuts take a while")
	}
	disk := newDisk(t)
	var acks []string
	for cut := range cuts(t) {
		acks = append(acks, disk.run("", 4+mathrand.IntN(40))...)
		if lost := disk.lost(acks); len(lost) > 0 {
			t.Fatalf("cut %d: of %d acknowledged writes %d are lost or altered: %s", cut+1, len(acks), len(lost), strings.Join(lost[:min(3, len(lost))], "; "))
		}
	}
	t.Logf("%d power cuts, %d acknowledged writes, none lost", cuts(t), len(acks))
}

// TestPowerCutIsNoticed shows that the harness would catch a store that does not wait for the
// disk: without synchronous=FULL, or without syncing blobs, a cut must take something.
func TestPowerCutIsNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("power cuts take a while")
	}
	for _, unsafe := range []string{"database", "blobs"} {
		t.Run(unsafe, func(t *testing.T) {
			disk := newDisk(t)
			var acks []string
			for cut := range max(cuts(t), 5) {
				acks = append(acks, disk.run(unsafe, 4+mathrand.IntN(40))...)
				if lost := disk.lost(acks); len(lost) > 0 {
					t.Logf("noticed at cut %d: %s", cut+1, lost[0])
					return
				}
			}
			t.Errorf("%d power cuts took nothing of %d writes that nobody had synced: the harness is blind", cuts(t), len(acks))
		})
	}
}

// disk is an ext4 file system in a file.
type disk struct {
	t            *testing.T
	image, mount string
	mounted      bool
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("power cuts need root, to mount a file system and shut it down")
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Skip("power cuts need mkfs.ext4")
	}
	at := t.TempDir()
	d := &disk{t: t, image: filepath.Join(at, "disk.img"), mount: filepath.Join(at, "mnt")}
	if err := errors.Join(os.Mkdir(d.mount, 0o700), os.WriteFile(d.image, nil, 0o600), os.Truncate(d.image, 512<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Skipf("power cuts need ext4: %s", out)
	}
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.mount).CombinedOutput(); err != nil {
		t.Skipf("power cuts need a loop device: %s", out)
	}
	d.mounted = true
	t.Cleanup(d.unmount)
	return d
}

func (d *disk) unmount() {
	if !d.mounted {
		return
	}
	if out, err := exec.Command("umount", d.mount).CombinedOutput(); err != nil {
		d.t.Errorf("umount: %v: %s", err, out)
		if out, err := exec.Command("umount", "-l", d.mount).CombinedOutput(); err != nil {
			d.t.Errorf("umount -l: %v: %s", err, out)
		}
	}
	d.mounted = false
}

// run starts a writer, cuts the power after some acknowledgements, and mounts again.
func (d *disk) run(unsafe string, after int) (acks []string) {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Close()
	child := exec.Command(self, "-test.run=^TestPowerCutChild$")
	child.Env = append(os.Environ(), childFolder+"="+filepath.Join(d.mount, "data"), childUnsafe+"="+unsafe)
	child.ExtraFiles = []*os.File{w}
	var said strings.Builder
	child.Stdout, child.Stderr = &said, &said
	if err := child.Start(); err != nil {
		d.t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewScanner(r)
	for len(acks) < after && lines.Scan() {
		acks = append(acks, lines.Text())
	}
	if len(acks) < after {
		_ = child.Wait()
		d.t.Fatalf("the writer ended by itself: %s", said.String())
	}
	d.cut(child.Process)
	_ = child.Wait()   // it was killed
	for lines.Scan() { // what it had acknowledged when it was frozen
		acks = append(acks, lines.Text())
	}
	d.unmount()
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.mount).CombinedOutput(); err != nil {
		d.t.Fatalf("mount after a cut: %v: %s", err, out)
	}
	d.mounted = true
	return acks
}

func (d *disk) cut(writer *os.Process) {
	d.t.Helper()
	if err := writer.Signal(syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
	// The signal is taken when each thread next leaves the kernel; wait until it has.
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", writer.Pid))
		if err != nil {
			d.t.Fatal(err)
		}
		if rest := string(stat[strings.LastIndexByte(string(stat), ')')+1:]); strings.HasPrefix(rest, " T") {
			break
		}
	}
	f, err := os.Open(d.mount)
	if err != nil {
		d.t.Fatal(err)
	}
	err = unix.IoctlSetPointerInt(int(f.Fd()), fsIocShutdown, shutdownNoLog)
	f.Close()
	if err != nil {
		_ = writer.Kill()
		d.t.Skipf("power cuts need FS_IOC_SHUTDOWN: %v", err)
	}
	if err := writer.Kill(); err != nil {
		d.t.Fatal(err)
	}
}

// lost opens the store after a cut and names what was acknowledged and is not there as written.
func (d *disk) lost(acks []string) (lost []string) {
	d.t.Helper()
	at := filepath.Join(d.mount, "data")
	s, blobs, org, err := powerStore(at, "")
	if err != nil {
		return []string{fmt.Sprintf("the store does not open: %v", err)}
	}
	defer s.Close()
	for _, ack := range acks {
		what, name, _ := strings.Cut(ack, " ")
		switch what {
		case "blob":
			if err := blobs.Verify(context.Background(), org, name); err != nil {
				lost = append(lost, err.Error())
			}
		case "thing":
			key, sum, _ := strings.Cut(name, " ")
			k, err := s.Lookup(context.Background(), org, "things", key, 0)
			if err != nil {
				lost = append(lost, err.Error())
			} else if got := bodySum(k.Body); got != sum {
				lost = append(lost, key+" has another body")
			}
		}
	}
	v, err := s.Verify(context.Background(), org, nil)
	if err != nil {
		lost = append(lost, err.Error())
	}
	for _, defect := range v.Defects {
		lost = append(lost, fmt.Sprintf("Verify: %s #%d %s: %s", defect.Kind, defect.Index, defect.Name, defect.What))
	}
	return lost
}

func bodySum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// powerStore opens the store and the blobs of a folder, and makes the organization at first.
func powerStore(at, unsafe string) (*sqlite.Store, *dir.Store, id.Org, error) {
	ctx := context.Background()
	keys := filepath.Join(at, "keys")
	s, err := sqlite.Open(ctx, sqlite.Config{Dir: at, Clock: time.Now, Random: rand.Reader, Keys: sqlite.NewKeys(keys, rand.Reader), Unsafe: unsafe == "database"})
	if err != nil {
		return nil, nil, "", err
	}
	blobs := dir.Open(filepath.Join(at, "blobs"), keys)
	blobs.Unsafe = unsafe == "blobs"
	orgs, err := s.Orgs(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	if len(orgs) == 0 {
		org, err := id.NewOrg(time.Now(), rand.Reader)
		if err == nil {
			err = s.CreateOrg(ctx, record.Org{ID: org, Name: "Power", Zone: "UTC"})
		}
		if err != nil {
			return nil, nil, "", err
		}
		orgs = append(orgs, record.Org{ID: org})
	}
	return s, blobs, orgs[0].ID, s.Ensure(ctx, orgs[0].ID, storetest.Things, storetest.ProjectThing)
}

// TestPowerCutChild is the writer: it writes until it is killed.
func TestPowerCutChild(t *testing.T) {
	at := os.Getenv(childFolder)
	if at == "" {
		t.Skip("the writer of TestPowerCut")
	}
	s, blobs, org, err := powerStore(at, os.Getenv(childUnsafe))
	if err != nil {
		t.Fatal(err)
	}
	pipe := os.NewFile(acknowledgements, "acknowledgements")
	ack := func(format string, args ...any) {
		if _, err := fmt.Fprintf(pipe, format+"\n", args...); err != nil {
			os.Exit(0) // nobody listens any more
		}
	}
	run := time.Now().UnixNano()
	for i := 0; ; i++ {
		key := func(j int) string { return fmt.Sprintf("k-%d-%d-%d", run, i, j) }
		var drafts []record.Draft
		n := 1 + mathrand.IntN(50)
		if i%5 == 0 {
			n = 2000
		}
		for j := range n {
			drafts = append(drafts, storetest.Thing(key(j), mathrand.IntN(1000), "ada"))
		}
		if i%3 == 0 {
			p, err := id.NewPull(time.Now(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			w, err := s.OpenPull(t.Context(), org, p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = w.Add(t.Context(), drafts); err == nil {
				_, err = w.Commit(t.Context(), record.Pull{Register: "things"})
			}
			if err != nil {
				t.Fatal(err)
			}
		} else if _, err := s.Append(t.Context(), org, "", drafts); err != nil {
			t.Fatal(err)
		}
		for _, j := range []int{0, n / 2, n - 1} {
			ack("thing %s %s", key(j), bodySum(drafts[j].Row.Body))
		}
		sum, _, err := blobs.Put(t.Context(), org, io.LimitReader(rand.Reader, int64(mathrand.IntN(200_000))))
		if err != nil {
			t.Fatal(err)
		}
		ack("blob %s", sum)
	}
}
