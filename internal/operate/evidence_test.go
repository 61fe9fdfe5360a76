package operate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func data(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 3)
	}
	return b
}

// cut gives n bytes and then a broken connection.
func cut(b []byte, n int) io.Reader {
	return io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(io.ErrUnexpectedEOF))
}

func TestUploadResumes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	u := s.locker.Uploads
	file := data(3 << 20)
	x, err := u.Begin(t.Context(), s.a, int64(len(file)), `C:\temp\..\minutes "Q3".pdf`, "application/pdf; charset=x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Take(t.Context(), s.a, x.ID, 0, cut(file, 1<<20+7)); err == nil {
		t.Error("a connection that broke was taken for an end")
	}
	// Another process: what came is known, and nothing else is asked for again.
	s.locker.Uploads = &Uploads{Desk: s.Desk, Parts: s.parts, Shelf: s.parts}
	u = s.locker.Uploads
	again, err := u.Find(t.Context(), s.a, x.ID)
	if err != nil || again.Offset != 1<<20+7 {
		t.Fatalf("Find after the cut = %+v, %v, want offset %d", again, err, 1<<20+7)
	}
	if _, err := s.locker.GiveUpload(t.Context(), s.a, Given{Control: "GOV-01", Title: "Minutes"}, x.ID); !errors.Is(err, fault.Refused) {
		t.Errorf("GiveUpload(half) = %v, want a refusal", err)
	}
	if _, err := u.Take(t.Context(), s.a, x.ID, 1<<20, bytes.NewReader(file)); !errors.Is(err, ErrOffset) {
		t.Errorf("Take(another offset) = %v, want ErrOffset", err)
	}
	for at := int(again.Offset); at < len(file); at += 700_000 {
		if _, err := u.Take(t.Context(), s.a, x.ID, int64(at), bytes.NewReader(file[at:min(at+700_000, len(file))])); err != nil {
			t.Fatal(err)
		}
	}
	captured := moment(t, "2026-11-20T10:00:00Z")
	got, err := s.locker.GiveUpload(t.Context(), s.a, Given{Control: "GOV-01", Item: "2026", Title: "Minutes", Captured: &captured}, x.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.SHA256 != hashOf(file) || got.Size != int64(len(file)) || got.FileName != "minutes Q3.pdf" || got.Type != "application/pdf" {
		t.Errorf("GiveUpload = %+v, want the hash of the whole file", got)
	}
	read, err := s.locker.Find(t.Context(), s.a.Org, got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{got.Given, got.SHA256, got.Size, "ada@example.com", s.Now()}, []any{read.Given, read.SHA256, read.Size, read.By, read.Uploaded}); diff != "" {
		t.Errorf("Find (-given +read):\n%s", diff)
	}
	r, err := s.locker.Open(t.Context(), s.a.Org, read)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, file) {
		t.Errorf("the file came back as %d bytes, %v", len(b), err)
	}
	if _, err := u.Find(t.Context(), s.a, x.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("Find(finished) = %v, want it gone", err)
	}
}

func TestUploadWalls(t *testing.T) {
	t.Parallel()
	s := setup(t)
	u := s.locker.Uploads
	x, err := u.Begin(t.Context(), s.a, 10, "a", "")
	if err != nil {
		t.Fatal(err)
	}
	eve, other := s.a, s.a
	eve.Email, other.Org = "eve@example.com", "org_00000000000000000000000000"
	for name, a := range map[string]Actor{"another person": eve, "another organization": other} {
		if _, err := u.Find(t.Context(), a, x.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("Find by %s = %v, want not found", name, err)
		}
		if _, err := u.Take(t.Context(), a, x.ID, 0, strings.NewReader("x")); !errors.Is(err, fault.NotFound) {
			t.Errorf("Take by %s = %v, want not found", name, err)
		}
		if err := u.Drop(t.Context(), a, x.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("Drop by %s = %v, want not found", name, err)
		}
		if _, err := s.locker.GiveUpload(t.Context(), a, Given{Control: "GOV-01", Title: "t"}, x.ID); !errors.Is(err, fault.Refused) {
			t.Errorf("GiveUpload by %s = %v, want a refusal", name, err)
		}
	}
	for _, name := range []string{"", "../../etc/passwd", "upload_../../../../../etc/pas", x.ID + "/", strings.ToUpper(x.ID)} {
		if _, err := u.Find(t.Context(), s.a, name); !errors.Is(err, fault.NotFound) {
			t.Errorf("Find(%q) = %v, want not found", name, err)
		}
	}
	if y, err := u.Take(t.Context(), s.a, x.ID, 0, strings.NewReader("0123456789X")); !errors.Is(err, ErrLarge) || y.Offset != 10 {
		t.Errorf("Take(more than announced) = %+v, %v, want 10 bytes and ErrLarge", y, err)
	}
	if _, err := u.Begin(t.Context(), s.a, MaxFile+1, "a", ""); !errors.Is(err, ErrLarge) {
		t.Errorf("Begin(more than a file may hold) = %v, want ErrLarge", err)
	}
	if _, err := u.Begin(t.Context(), s.a, -1, "a", ""); !errors.Is(err, fault.Refused) {
		t.Errorf("Begin(-1) = %v, want a refusal", err)
	}
	// One person's uploads leave room for those of others, who together have no more than the organization.
	for _, who := range []string{"eve@example.com", "bob@example.com", "cat@example.com"} {
		if _, err := u.Begin(t.Context(), s.as(who), MaxOwn, "a", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := u.Begin(t.Context(), s.as(who), 1, "a", ""); !errors.Is(err, ErrLarge) || !strings.Contains(err.Error(), "your unfinished uploads") {
			t.Errorf("Begin(beyond the room of %s) = %v, want ErrLarge", who, err)
		}
	}
	if _, err := u.Begin(t.Context(), s.as("dan@example.com"), MaxFile, "a", ""); !errors.Is(err, ErrLarge) || !strings.Contains(err.Error(), "the organization") {
		t.Errorf("Begin(beyond the organization's room) = %v, want ErrLarge", err)
	}
	s.now = s.now.Add(24 * time.Hour)
	if _, err := u.Find(t.Context(), s.a, x.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("Find(after a day) = %v, want it gone", err)
	}
	if err := u.Sweep(t.Context(), s.a.Org); err != nil || len(s.parts.files) != 0 {
		t.Errorf("Sweep = %v, %d left, want none", err, len(s.parts.files))
	}
	for range openPerHead {
		if _, err := u.Begin(t.Context(), eve, 1, "a", ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.Begin(t.Context(), eve, 1, "a", ""); !errors.Is(err, ErrLarge) {
		t.Errorf("Begin(the %dth) = %v, want ErrLarge", openPerHead+1, err)
	}
}

// TestUploadLocked: two pieces of one upload at once do not mix.
func TestUploadLocked(t *testing.T) {
	t.Parallel()
	s := setup(t)
	u := s.locker.Uploads
	x, err := u.Begin(t.Context(), s.a, 4, "a", "")
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	first := make(chan error)
	go func() {
		_, err := u.Take(t.Context(), s.a, x.ID, 0, r)
		first <- err
	}()
	w.Write([]byte("ab"))
	if _, err := u.Take(t.Context(), s.a, x.ID, 0, strings.NewReader("zz")); !errors.Is(err, ErrLocked) || !errors.Is(err, fault.Busy) {
		t.Errorf("Take beside another = %v, want ErrLocked", err)
	}
	w.Write([]byte("cd"))
	w.Close()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestGiveRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ahead := s.Now() + 1
	never := iotest.ErrReader(errors.New("the file was read"))
	for name, g := range map[string]Given{
		"control": {Title: "t"}, "title": {Control: "GOV-01", Title: " "}, "captured_at": {Control: "GOV-01", Title: "t", Captured: &ahead},
	} {
		if _, err := s.locker.Give(t.Context(), s.a, g, never); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), name) {
			t.Errorf("Give without %s = %v, want a refusal that names it before the file is read", name, err)
		}
	}
	if _, err := s.locker.Give(t.Context(), s.a, Given{Control: "GOV-01", Title: "t"}, cut(data(1000), 500)); err == nil {
		t.Error("a file that was cut off was taken")
	}
	if list, n, err := s.locker.List(t.Context(), s.a.Org, "", "", "", 0, 10); err != nil || n != 0 {
		t.Errorf("List = %v, %d, %v, want none", list, n, err)
	}
}

// lying keeps another file than it was given.
type lying struct{}

type org = id.Org

func (lying) Put(_ context.Context, _ org, r io.Reader) (string, int64, error) {
	n, err := io.Copy(io.Discard, r)
	return hashOf([]byte("another")), n, err
}
func (lying) Open(context.Context, org, string) (io.ReadCloser, error) { return nil, fault.NotFound }

func TestGiveComparesHashes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.locker.Files = lying{}
	if _, err := s.locker.Give(t.Context(), s.a, Given{Control: "GOV-01", Title: "t"}, strings.NewReader("this")); !errors.Is(err, fault.Integrity) {
		t.Errorf("Give(kept as another file) = %v, want fault.Integrity", err)
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 300) + ".pdf"
	for in, want := range map[string]string{
		"a.pdf": "a.pdf", "../../etc/passwd": "passwd", `C:\x\y.txt`: "y.txt", "": "file", "..": "file", "a\r\nb: c.txt": "ab c.txt", "photo\u202egnp.exe": "photognp.exe",
		`say "hi".txt`: "say hi.txt", ".htaccess": "htaccess", "👩.png": "👩.png", long: strings.Repeat("ä", 98) + ".pdf", "\xff\xfe.pdf": "pdf",
	} {
		if got := FileName(in); got != want {
			t.Errorf("FileName(%.40q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("a/b\\c.txt")
	f.Add("\u202e.\u200f")
	f.Fuzz(func(t *testing.T, s string) {
		got := FileName(s)
		if got == "" || len(got) > 220 || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\"\r\n\x00\u202e") || FileName(got) != got && len(got) < 200 {
			t.Errorf("FileName(%q) = %q", s, got)
		}
	})
}

func TestInspect(t *testing.T) {
	t.Parallel()
	s := setup(t)
	give := func(control, item string) string {
		t.Helper()
		x, err := s.locker.Give(t.Context(), s.a, Given{Control: control, Item: item, Title: "t", FileName: "f"}, strings.NewReader(control+item))
		if err != nil {
			t.Fatal(err)
		}
		return x.ID
	}
	mine, other := give("GOV-01", "2026/Q3"), give("GOV-02", "2026/Q3")
	on := day(t, "2026-11-20")
	i := Inspection{Control: "GOV-01", Item: "2026/Q3", Answers: map[string]string{"A": Yes, "B": Yes, "C": No, "D": NotApplicable}, Evidence: map[string][]string{"A": {mine}}, Kind: "document", PerformedOn: &on, Note: "n"}
	if err := s.locker.Inspect(t.Context(), s.a, i); err != nil {
		t.Fatal(err)
	}
	got, k, err := s.locker.Inspected(t.Context(), s.a.Org, "GOV-01", "2026/Q3")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"a":"yes","c":"no","control":"GOV-01","d":"not_applicable","entered_by":"ada@example.com","evidence":"` + mine + `","evidence_a":"` + mine +
		`","evidence_kind":"document","inspected_at":"2026-11-26T09:00:00Z","inspected_by":"ada@example.com","item":"2026/Q3","note":"n","performed_on":"2026-11-20","unproven_b":"yes"}`
	if string(k.Body) != want {
		t.Errorf("record = %s, want %s: a yes without evidence answers nothing", k.Body, want)
	}
	i.Version = 1
	if diff := cmp.Diff(&i, got); diff != "" {
		t.Errorf("Inspected (-given +read):\n%s", diff)
	}
	ahead := day(t, "2026-11-27")
	for name, bad := range map[string]Inspection{
		"evidence": {Control: "GOV-01", Item: "2026/Q3", Evidence: map[string][]string{"A": {other}}}, "no evidence": {Control: "GOV-01", Item: "x", Evidence: map[string][]string{"A": {"evidence_none"}}},
		"answer_A": {Control: "GOV-01", Item: "x", Answers: map[string]string{"A": "perhaps"}}, "attribute": {Control: "GOV-01", Item: "x", Answers: map[string]string{"Z": Yes}},
		"performed_on": {Control: "GOV-01", Item: "x", PerformedOn: &ahead}, "evidence_kind": {Control: "GOV-01", Item: "x", Kind: "rumour"},
	} {
		if err := s.locker.Inspect(t.Context(), s.a, bad); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), name) {
			t.Errorf("Inspect(bad %s) = %v, want a refusal that names it", name, err)
		}
	}
	var stale *Stale
	i.Version, i.Note = 0, "later"
	if err := s.locker.Inspect(t.Context(), s.a, i); !errors.As(err, &stale) || stale.Current.Version != 1 {
		t.Errorf("Inspect(stale) = %v, want both versions", err)
	}
}

func TestAnswerDeviation(t *testing.T) {
	t.Parallel()
	s := setup(t)
	x := Answer{Control: "IAM-02", Test: "IAM-02", Item: "p1/erp", Position: "agreed", Cause: "human_error", Response: "=1+1 <b>late</b>", Extent: "isolated", ExtentReason: "all leavers of the quarter were looked at"}
	if err := s.Answer(t.Context(), s.a, x); err != nil {
		t.Fatal(err)
	}
	all, err := s.Answers(t.Context(), s.a.Org)
	h, e := s.AnswerOf(t.Context(), s.a.Org, "IAM-02", "p1/erp")
	if err != nil || e != nil || len(h) != 1 || all["IAM-02\np1/erp"] != h[0] || h[0].Response != x.Response || h[0].By != "ada@example.com" || h[0].At != s.Now() {
		t.Errorf("Answers = %+v, %+v, %v %v", all, h, err, e)
	}
	x.Version, x.Extent = 1, "systemic"
	if err := s.Answer(t.Context(), s.a, x); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "due_on") {
		t.Errorf("Answer(systemic without a day) = %v, want a refusal", err)
	}
	x.Compensating, x.Extent = "IAM-02", "isolated"
	if err := s.Answer(t.Context(), s.a, x); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "compensating_control") {
		t.Errorf("Answer(compensated by itself) = %v, want a refusal", err)
	}
	x.Compensating, x.Version, x.Response = "", 0, "another"
	var stale *Stale
	if err := s.Answer(t.Context(), s.a, x); !errors.As(err, &stale) {
		t.Errorf("Answer(stale) = %v, want both versions", err)
	}
	if none, err := s.AnswerOf(t.Context(), s.a.Org, "IAM-02", "nobody"); err != nil || len(none) != 0 {
		t.Errorf("AnswerOf(none) = %v, %v, want none", none, err)
	}
}

// TestGiveStreams: what a file holds does not stay in memory.
func TestGiveStreams(t *testing.T) {
	s := setup(t)
	const size = 96 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	x, err := s.locker.Give(t.Context(), s.a, Given{Control: "GOV-01", Title: "t"}, io.LimitReader(endless{}, size))
	runtime.ReadMemStats(&after)
	if err != nil || x.Size != size {
		t.Fatalf("Give = %+v, %v, want %d bytes", x, err, size)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", n, size)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
