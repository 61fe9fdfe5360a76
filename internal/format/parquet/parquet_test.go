package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pq "github.com/parquet-go/parquet-go"

	"github.com/assayhq/assay/internal/assure"
)

func rowsOf(rows ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// read returns the column names and the rows of a file.
func read(t *testing.T, b []byte) (names []string, rows [][]any) {
	t.Helper()
	f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Root().Columns() {
		names = append(names, c.Name()+":"+c.Type().String())
	}
	for _, g := range f.RowGroups() {
		r := g.Rows()
		buf := make([]pq.Row, 100)
		for {
			n, err := r.ReadRows(buf)
			for _, row := range buf[:n] {
				out := make([]any, len(row))
				for i, v := range row {
					switch {
					case v.IsNull():
					case v.Kind() == pq.Int64:
						out[i] = v.Int64()
					default:
						out[i] = string(v.ByteArray())
					}
				}
				rows = append(rows, out)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_ = r.Close()
	}
	return names, rows
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	columns := []assure.Column{{Name: "title"}, {Name: "_idx", Integer: true}, {Name: "author"}, {Name: "at", Integer: true}}
	rows := [][]any{
		{"ä \x00 \"q\"\n", int64(0), nil, int64(math.MinInt64)},
		{"", int64(math.MaxInt64), "p-1", nil},
		{nil, nil, nil, nil},
		{strings.Repeat("x", 100_000), int64(-1), "", int64(1)},
	}
	for _, n := range []int{0, 1, len(rows)} {
		var a, b bytes.Buffer
		for _, w := range []*bytes.Buffer{&a, &b} {
			if err := (Writer{}).Write(w, assure.Relation{Name: "changes", Columns: columns, Rows: rowsOf(rows[:n]...)}); err != nil {
				t.Fatal(err)
			}
		}
		names, got := read(t, a.Bytes())
		if diff := cmp.Diff([]string{"title:STRING", "_idx:INT(64,true)", "author:STRING", "at:INT(64,true)"}, names); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rows[:n], got); n > 0 && diff != "" || len(got) != n {
			t.Errorf("%d rows (-want +got):\n%s", n, diff)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%d rows: written twice, the bytes differ", n)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	text := []assure.Column{{Name: "a"}}
	broken := errors.New("disk gone")
	for name, r := range map[string]assure.Relation{
		"no columns":    {Name: "r", Rows: rowsOf()},
		"a name twice":  {Name: "r", Columns: []assure.Column{{Name: "a"}, {Name: "a"}}, Rows: rowsOf()},
		"wrong type":    {Name: "r", Columns: text, Rows: rowsOf([]any{int64(1)})},
		"other type":    {Name: "r", Columns: text, Rows: rowsOf([]any{1.5})},
		"wrong width":   {Name: "r", Columns: text, Rows: rowsOf([]any{"a", "b"})},
		"broken source": {Name: "r", Columns: text, Rows: func(yield func([]any, error) bool) { yield(nil, broken) }},
	} {
		if err := (Writer{}).Write(io.Discard, r); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestBounded writes far more than may be held in memory at once.
func TestBounded(t *testing.T) {
	t.Parallel()
	const rows = 400_000
	var peak uint64
	r := assure.Relation{Name: "big", Columns: []assure.Column{{Name: "key"}, {Name: "n", Integer: true}}, Rows: func(yield func([]any, error) bool) {
		for i := range rows {
			if i%50_000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			if !yield([]any{fmt.Sprintf("key-%0900d", i), int64(i)}, nil) {
				return
			}
		}
	}}
	if err := (Writer{}).Write(io.Discard, r); err != nil {
		t.Fatal(err)
	}
	if peak > 160<<20 {
		t.Errorf("%d MiB in use while writing %d MB", peak>>20, rows*900/1_000_000)
	}
}
