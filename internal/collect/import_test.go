package collect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

const restores = "restore_id,system,performed_at,minutes,checked\nr-1,erp,2026-03-01T10:00:00Z,30,yes\nr-2,erp,2026-04-01T10:00:00+02:00,12,no\n"

func TestImportDescribesThePull(t *testing.T) {
	t.Parallel()
	h := setup(t)
	expected := int64(2)
	var seen []int64
	got := h.must(t, "restores", "r.csv", restores, func(r *collect.ImportRequest) {
		r.Source, r.Query, r.Params = "veeam", "all jobs", map[string]string{"from": "2026-01-01", "to": "2026-06-30", "zone": "UTC"}
		r.ExpectRows, r.Extent, r.Totals = &expected, register.Full, map[string]int64{"minutes": 42}
		r.Progress = func(rows, bytes int64) { seen = append(seen, rows, bytes) }
	})
	sum := sha256.Sum256([]byte(restores))
	file := hex.EncodeToString(sum[:])
	want := record.Pull{
		ID: got.ID, Register: "restores", Source: "veeam", Object: "r.csv", Query: "all jobs",
		Params:  map[string]string{"from": "2026-01-01", "to": "2026-06-30", "zone": "UTC"},
		Started: "2026-07-01T12:00:00Z", Ended: "2026-07-01T12:00:00Z", Operator: "ada", Tool: "assay test",
		Layout: h.all["restores"].Layout(), File: file, Blob: file, Rows: 2, New: 2, Children: map[string]int64{},
		Expected: &expected, Extent: "full", Totals: map[string]int64{"minutes": 42, "target_minutes": 0}, Control: map[string]int64{"minutes": 42},
		FirstKey: "r-1", LastKey: "r-2", FirstTime: "2026-03-01T10:00:00Z", LastTime: "2026-04-01T08:00:00Z",
	}
	if diff := cmp.Diff(want, got.Pull, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("pull (-want +got):\n%s", diff)
	}
	if got.Receipt.Count != 3 || got.Receipt.Checkpoint.Size != h.size(t) {
		t.Errorf("receipt %+v; want 3 records up to size %d", got.Receipt, h.size(t))
	}
	if diff := cmp.Diff([]int64{2, int64(len(restores))}, seen); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	k, err := h.store.Lookup(context.Background(), h.org, "restores", "r-2", 0)
	if want := `{"checked":false,"minutes":12,"performed_at":"2026-04-01T08:00:00Z","restore_id":"r-2","system":"erp"}`; err != nil || string(k.Body) != want {
		t.Errorf("record = %s, %v, want %s", k.Body, err, want)
	}
}

func TestImportAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "restores", "r.csv", restores)
	again := h.must(t, "restores", "r.csv", restores)
	if again.New != 0 || again.Unchanged != 2 || again.Receipt.Count != 1 {
		t.Errorf("again: %d new, %d unchanged, %d records; want 0, 2 and the pull's own", again.New, again.Unchanged, again.Receipt.Count)
	}
	corrected := h.must(t, "restores", "r.csv", strings.Replace(restores, ",12,no", ",12,yes", 1))
	if corrected.Changed != 1 || corrected.Unchanged != 1 {
		t.Errorf("corrected: %d changed, %d unchanged; want 1 and 1", corrected.Changed, corrected.Unchanged)
	}
	k, err := h.store.Lookup(context.Background(), h.org, "restores", "r-2", 0)
	if err != nil || k.Version != 2 {
		t.Errorf("version %d, %v, want 2", k.Version, err)
	}
}

func TestImportNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for file, text := range map[string]string{"r.csv": "restore_id,system\n", "r.jsonl": "", "r.json": "[]"} {
		if s := h.must(t, "restores", file, text); s.Rows != 0 || s.Receipt.Count != 1 {
			t.Errorf("%s: %d rows, %d records; want none and the pull's own", file, s.Rows, s.Receipt.Count)
		}
	}
}

func TestImportFindsTheFormat(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = io.WriteString(w, `{"restore_id":"z","system":"s"}`)
	_ = w.Close()
	for file, text := range map[string]string{
		"A.CSV": "restore_id;system\na;s\n", "b.tsv": "restore_id\tsystem\nb\ts\n", "c.ndjson": `{"restore_id":"c","system":"s"}`,
		"d": `[{"restore_id":"d","system":"s"}]`, "e": "{\"restore_id\":\"e\",\"system\":\"s\"}\n", "f": `{"rows":[{"restore_id":"f","system":"s"}]}`,
		"g": "restore_id,system\ng,s\n", "h.jsonl.gz": z.String(), "i": z.String(),
	} {
		if s, err := h.take(t, "restores", file, text); err != nil || s.Rows != 1 {
			t.Errorf("%s: %d rows, %v, want 1", file, s.Rows, err)
		}
	}
}

// TestImportRefuses holds that bad input leaves nothing: no record, no pull, no blob.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	gz := func(s string) string {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return z.String()
	}
	random := make([]byte, 1<<16)
	_, _ = rand.Read(random)
	for _, tc := range []struct{ register, file, text, want string }{
		{"restore", "r.csv", restores, `"restore" is no register; did you mean restores?`},
		{"restores", "r.csv", "restore_id,system,performed_at\nr,s,2026-02-30T10:00:00Z\n", `r.csv:2: performed_at: "2026-02-30T10:00:00Z" is not a time; expected RFC 3339, as in 2026-01-31T09:00:00Z`},
		{"restores", "r.csv", "restore_id,system,performed_at\nr,s,2026-02-20T10:00:00\n", `r.csv:2: performed_at: "2026-02-20T10:00:00" has no offset; expected RFC 3339, as in 2026-01-31T09:00:00Z or 2026-01-31T10:00:00+01:00`},
		{"restores", "r.csv", "restore_id,system\na,s\nb,s\na,t\n", `r.csv:4: restore_id: "a" comes twice with different content in one pull; expected one row per key, or record_version to tell versions apart`},
		{"restores", "r.csv", "restore_id\na\n", `r.csv:2: system: missing; restores needs it in every row`},
		{"people", "p.csv", "person_id,started_on\nada,2025-02-29\n", `p.csv:2: started_on: "2025-02-29" is not a date; expected an existing day as YYYY-MM-DD`},
		{"vulnerabilities", "v.jsonl", `{"vulnerability_id":"v","asset":"a","severity":"High","first_seen_at":"2026-01-01T00:00:00Z"}`, `v.jsonl:1: severity: "High"; expected one of critical, high, medium, low`},
		{"vulnerabilities", "v.jsonl", `{"vulnerability_id":"v","asset":"a","severity":"high"}`, `v.jsonl:1: first_seen_at: missing; vulnerabilities needs it in every row`},
		{"restores", "r.jsonl", "{\"restore_id\":\"a\",\"system\":\"s\"}\n{\"restore_id\":\"b\",\"sys", `r.jsonl:2: the JSON is cut short: it ends inside a text`},
		{"restores", "r.json", "[{\"restore_id\":\"a\",\"system\":\"s\"},", `r.json:1: the file is cut short: it ends inside the list of rows`},
		{"restores", "r.json", "<!DOCTYPE html>", `r.json:1: this is HTML or XML, expected JSON`},
		{"restores", "r", "\n<html>", `r:2: this is HTML or XML, expected JSON`},
		{"restores", "r.jsonl", `{"restore_id":"a","restore_id":"b","system":"s"}`, `r.jsonl:1: column 19: the name "restore_id" stands twice in one object`},
		{"restores", "r.xlsx", "PK\x03\x04 and no more", `r.xlsx: the file is cut short: it ends before the directory of its parts`},
		{"restores", "r.csv.gz", gz(restores)[:40], `r.csv.gz: the file is cut short: it ends in the middle of its gzip data`},
		{"restores", "r.csv.gz", "\x1f\x8b\x08\x00 no", `r.csv.gz: the file is cut short: it ends in the middle of its gzip data`},
		{"restores", "r.csv.gz", gz(restores) + "garbage that is no gzip", `r.csv.gz: the gzip data is damaged`},
		{"restores", "r.csv.gz", restores, `r.csv.gz: this is no gzip file, although its name ends in .gz`},
		{"restores", "r.csv", string(random), ``},
	} {
		h := setup(t)
		before := h.size(t)
		_, err := h.take(t, tc.register, tc.file, tc.text)
		if err == nil || !errors.Is(err, fault.Refused) || tc.want != "" && err.Error() != tc.want {
			t.Errorf("%s %.40q:\n got %v\nwant %s", tc.file, tc.text, err, tc.want)
		}
		if h.size(t) != before || h.blobs.count() != 0 {
			t.Errorf("%s %.40q: %d records and %d blobs were left", tc.file, tc.text, h.size(t)-before, h.blobs.count())
		}
	}
}

// TestImportKeepsTheEarlierBlob: a file that is refused the second time does not take with it
// the blob that an earlier pull names.
func TestImportKeepsTheEarlierBlob(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.must(t, "restores", "r.csv", restores)
	if _, err := h.take(t, "restores", "r.csv", restores, mapping(t, "fields: {minutes: checked}\n")); err == nil {
		t.Fatal("minutes: yes was accepted")
	}
	if h.blobs.count() != 1 {
		t.Errorf("%d blobs, want the first pull's", h.blobs.count())
	}
	s := h.must(t, "restores", "r2.csv", restores+"r-3,erp,,,\n", func(r *collect.ImportRequest) { r.Discard = true })
	if s.Blob != "" || s.File == "" || h.blobs.count() != 1 {
		t.Errorf("discarded: blob %q, %d blobs; want none more", s.Blob, h.blobs.count())
	}
}

func TestImportStopsWhenTheFileCannotBeKept(t *testing.T) {
	t.Parallel()
	h := setup(t)
	before := h.size(t)
	h.blobs.fail = errors.New("disk full")
	if _, err := h.take(t, "restores", "r.csv", restores); !errors.Is(err, h.blobs.fail) || h.size(t) != before {
		t.Errorf("err = %v, %d records; want disk full and none", err, h.size(t)-before)
	}
	h.blobs.fail = nil
	h.must(t, "restores", "r.csv", restores) // the writer was given back
}

func TestImportStopsWithTheContext(t *testing.T) {
	t.Parallel()
	h := setup(t)
	before := h.size(t)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	rows := source(func() string {
		if n++; n == 2000 {
			cancel()
		}
		return fmt.Sprintf("r-%d,s\n", n)
	})
	_, err := h.Import(ctx, collect.ImportRequest{Org: h.org, Register: "restores", File: "r.csv", Reader: io.MultiReader(strings.NewReader("restore_id,system\n"), rows)})
	if !errors.Is(err, context.Canceled) || h.size(t) != before || h.blobs.count() != 0 {
		t.Errorf("err = %v, %d records, %d blobs; want canceled and none", err, h.size(t)-before, h.blobs.count())
	}
	h.must(t, "restores", "r.csv", restores)
}

// TestCanceledImportIsNoPull: a file whose reading was called off must not be sealed as far as it
// went, whichever of the two goroutines hears of it first.
func TestCanceledImportIsNoPull(t *testing.T) {
	t.Parallel()
	h := setup(t)
	before := h.size(t)
	for range 30 {
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		rows := source(func() string {
			if n++; n == 5000 {
				cancel()
			}
			if n > 9000 {
				return ""
			}
			return fmt.Sprintf("r-%d,s\n", n)
		})
		_, err := h.Import(ctx, collect.ImportRequest{Org: h.org, Register: "restores", File: "r.csv", Reader: io.MultiReader(strings.NewReader("restore_id,system\n"), rows)})
		if !errors.Is(err, context.Canceled) || h.size(t) != before || h.blobs.count() != 0 {
			t.Fatalf("err = %v, %d records, %d blobs; want canceled and none", err, h.size(t)-before, h.blobs.count())
		}
	}
}

// source reads lines as they are made, until one is "".
type source func() string

func (s source) Read(b []byte) (int, error) {
	n := 0
	for n+256 < len(b) {
		line := s()
		if line == "" {
			return n, io.EOF
		}
		n += copy(b[n:], line)
	}
	if n == 0 {
		line := s()
		if line == "" {
			return 0, io.EOF
		}
		n = copy(b, line)
	}
	return n, nil
}

// big is the size of the large stream: ASSAY_BIG, as 200MB or 10GB; 200 MB in CI; else 20 MB.
func big(t *testing.T) int64 {
	t.Helper()
	if testing.Short() { // the race detector is ten times slower and finds its races in the first rows
		return 2e6
	}
	s := os.Getenv("ASSAY_BIG")
	if s == "" {
		if os.Getenv("CI") != "" {
			return 200e6
		}
		return 20e6
	}
	unit := int64(1)
	for suffix, n := range map[string]int64{"GB": 1e9, "MB": 1e6} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = rest, n
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatalf("ASSAY_BIG=%s; expected a size such as 200MB or 10GB", os.Getenv("ASSAY_BIG"))
	}
	return n * unit
}

// resident is the memory of this process as Linux counts it, which includes what SQLite takes
// beside the Go heap; 0 elsewhere.
func resident() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}

// TestImportBigStream refuses a large stream at its last row: nothing stays, and memory was
// bounded all the way.
func TestImportBigStream(t *testing.T) {
	h := setup(t)
	before := h.size(t)
	total := big(t)
	var given, n int64
	var peak uint64
	ended := false
	rows := source(func() string {
		if given >= total {
			if ended {
				return ""
			}
			ended = true
			return `{"restore_id":"last","system":"erp","performed_at":"2026-02-30T00:00:00Z"}` + "\n"
		}
		n++
		line := fmt.Sprintf(`{"restore_id":"r-%d","system":"erp","performed_at":"2026-03-01T10:00:00Z","minutes":%d,"note":"%0100d"}`+"\n", n, n%60, n)
		given += int64(len(line))
		return line
	})
	_, err := h.Import(context.Background(), collect.ImportRequest{
		Org: h.org, Register: "restores", File: "big.jsonl", Reader: rows, Discard: true,
		Progress: func(rows, _ int64) {
			if rows%20_000 != 0 {
				return
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse, resident())
		},
	})
	want := fmt.Sprintf(`big.jsonl:%d: performed_at: "2026-02-30T00:00:00Z" is not a time; expected RFC 3339, as in 2026-01-31T09:00:00Z`, n+1)
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if h.size(t) != before {
		t.Errorf("%d records were left", h.size(t)-before)
	}
	const most = 256 << 20
	if t.Logf("%d rows, %d bytes, at most %d MiB in memory", n, given, peak>>20); peak > most {
		t.Errorf("%d MiB in memory, want at most %d", peak>>20, most>>20)
	}
	h.must(t, "restores", "r.csv", restores)
}

// TestRealChanges imports the changes of a public repository by the mapping that ships as an
// example.
func TestRealChanges(t *testing.T) {
	t.Parallel()
	const file = "../../../shared/data/populations/golang-tools-changes-2025-07_2026-06.jsonl.gz"
	data, err := os.Open(file)
	if err != nil {
		t.Skipf("the real changes are not here: %v", err)
	}
	defer data.Close()
	h := setup(t)
	const example = "../../examples/golang-tools/changes.yaml"
	m, err := register.ParseMapping(example, read(t, example))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	expected := int64(819)
	s, err := h.Import(ctx, collect.ImportRequest{Org: h.org, Register: "changes", File: filepath.Base(file), Reader: data, Mapping: m, ExpectRows: &expected})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"reviews": 1101, "aliases": 104}, s.Children); s.Rows != 819 || s.New != 819 || diff != "" {
		t.Errorf("%d rows, %d new, children (-want +got):\n%s", s.Rows, s.New, diff)
	}
	count := map[string]int{}
	next := map[string]string{}
	err = h.store.Scan(ctx, h.org, 0, h.size(t), func(r record.Sealed) error {
		d, err := record.Decode(r.Bytes)
		if err != nil {
			return err
		}
		v, err := register.ParseJSON("", 0, d.Body)
		if err != nil {
			return err
		}
		switch d.Register {
		case "changes":
			for _, absent := range []string{"last_committer", "deployed_at", "emergency", "incident_id", "tryres", "auto_submit"} {
				if v.Get(absent).Kind != register.Absent {
					t.Errorf("%s has %s", d.Key, absent)
				}
			}
			count["ci "+v.Get("ci_status").Text]++
			if v.Get("ticket").Kind == register.String && v.Get("ticket").Text == "" {
				count["no ticket"]++
			}
			if v.Get("environment").Text != "production" || v.Get("head_commit").Text == "" || v.Get("merged_by").Text == "" || d.Event == nil {
				t.Errorf("%s: %s", d.Key, d.Body)
			}
		case "reviews":
			if v.Get("commit").Kind != register.Absent || v.Get("submitted_at").Kind != register.Absent || v.Get("decision").Text != "approved" {
				t.Errorf("review %s: %s", d.Key, d.Body)
			}
		case "aliases":
			next[d.Key] = v.Get("person_id").Text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"ci passed": 805, "ci none": 14, "no ticket": 356}, count); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	checkPersons(t, data, next)
}

// checkPersons holds that ids which share a name end at one person, and only those.
func checkPersons(t *testing.T, data *os.File, next map[string]string) {
	t.Helper()
	end := func(n string) string {
		for next[n] != "" {
			n = next[n]
		}
		return n
	}
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(data)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	persons := map[string]bool{}
	for line := range bytes.Lines(b) {
		v, err := register.ParseJSON("", 0, line)
		if err != nil {
			t.Fatal(err)
		}
		people := append([]register.Value{v.Get("author"), v.Get("committer")}, v.Get("reviewed_by").List...)
		for _, p := range append(people, v.Get("auto_submit").List...) {
			id, name := p.Get("id").Text, p.Get("name_id").Text
			if end(id) != end(name) {
				t.Errorf("id %s ends at %s, its name %s at %s", id, end(id), name, end(name))
			}
			persons[end(id)] = true
		}
	}
	if len(persons) != 86 {
		t.Errorf("%d persons, want 86", len(persons))
	}
}
