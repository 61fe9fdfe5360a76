package sqlite_test

import (
	"testing"
	"time"

	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/store/storetest"
)

// TestListHolds: what a list found is kept for the size of the ledger that it was found at, and no longer.
func TestListHolds(t *testing.T) {
	t.Parallel()
	p := place{t, t.TempDir()}
	s, org := house(t, p.config(time.Now))
	list := func(want int64, q record.Query) []record.Known {
		t.Helper()
		var out []record.Known
		for range 2 { // worked out, and kept
			got, total, err := s.List(t.Context(), org, storetest.Things, q)
			if err != nil || total != want {
				t.Fatalf("List(%+v) = %d, %v, want %d", q, total, err, want)
			}
			out = got
		}
		return out
	}
	if _, err := s.Append(t.Context(), org, "", things(0, 1500, 10)); err != nil {
		t.Fatal(err)
	}
	first := list(1500, record.Query{Limit: 10})
	if deep := list(1500, record.Query{Limit: 10, Offset: 1200}); len(first) != 10 || len(deep) != 10 || deep[0].Key <= first[9].Key {
		t.Errorf("page 1 ends with %v, page 121 begins with %v", first[len(first)-1].Key, deep[0].Key)
	}
	if _, err := s.Append(t.Context(), org, "", []record.Draft{storetest.Thing("a", 1, "new")}); err != nil {
		t.Fatal(err)
	}
	list(1501, record.Query{Limit: 10})
	if _, err := s.Erase(t.Context(), org, record.Erasure{Register: "things", Key: first[0].Key, Reason: "asked", Authority: "GDPR 17"}); err != nil {
		t.Fatal(err)
	}
	for _, k := range list(1500, record.Query{Limit: 10}) {
		if k.Key == first[0].Key {
			t.Errorf("List still shows %s, which was erased", k.Key)
		}
	}
}
