package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

func testList(t *testing.T, b *bench) {
	first := b.org
	b.pull(drafts(0, 30)...)
	b.pull(Thing("t-00003", 900, "100%_ada"), thingVersion("t-00005", 1, "old", 7), thingVersion("t-00005", 2, "older", 3), Thing("z", 900, "eve"))
	_, err := b.Erase(t.Context(), b.org, record.Erasure{Register: "things", Key: "t-00004", Reason: "asked", Authority: "GDPR 17"})
	b.check(err)
	b.org = b.newOrg("Second")
	b.pull(Thing("foreign", 900, "ada"))
	b.org = first
	for _, c := range []struct {
		name  string
		q     record.Query
		want  string
		total int64
	}{
		{"by key", record.Query{Limit: 6}, "t-00000@1 t-00001@1 t-00002@1 t-00003@2 t-00005@7 t-00006@1", 30},
		{"the next page", record.Query{Limit: 3, Offset: 27}, "t-00028@1 t-00029@1 z@1", 30},
		{"beyond the end", record.Query{Offset: 40}, "", 30},
		{"by a field, downward", record.Query{Sort: "size", Desc: true, Limit: 2}, "t-00003@2 z@1", 30},
		{"a field's value", record.Query{Where: []record.Match{{Field: "size", Op: "=", Value: int64(900)}}}, "t-00003@2 z@1", 2},
		{"a bound and another", record.Query{Where: []record.Match{{Field: "size", Op: ">=", Value: int64(900)}, {Field: "owner", Op: "=", Value: "eve"}}}, "z@1", 1},
		{"no value", record.Query{Where: []record.Match{{Field: "owner", Op: "lacks"}}}, "", 0},
		{"a text", record.Query{Text: "T-0002", Limit: 2}, "t-00020@1 t-00021@1", 10},
		{"a text of marks that LIKE knows", record.Query{Text: "0%_A"}, "t-00003@2", 1},
		{"a text that is SQL", record.Query{Text: `' OR 1=1 --`}, "", 0},
	} {
		page, total, err := b.List(t.Context(), b.org, Things, c.q)
		var got []string
		for _, k := range page {
			got = append(got, fmt.Sprintf("%s@%d", k.Key, k.Version))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); err != nil || diff != "" || total != c.total {
			t.Errorf("%s: total %d, want %d; %v\n%s", c.name, total, c.total, err, diff)
		}
	}
	for _, q := range []record.Query{{Sort: "size; DROP TABLE records"}, {Where: []record.Match{{Field: "_org", Op: "=", Value: "x"}}},
		{Where: []record.Match{{Field: "size", Op: "LIKE", Value: int64(1)}}}, {Where: []record.Match{{Field: "size", Op: "=", Value: "1"}}}} {
		if _, _, err := b.List(t.Context(), b.org, Things, q); !errors.Is(err, fault.Refused) {
			t.Errorf("List(%+v) = %v, want refused", q, err)
		}
	}
	history := must(b.History(t.Context(), b.org, "things", "t-00005"))
	var versions []int
	for _, k := range history {
		versions = append(versions, k.Version)
	}
	if diff := cmp.Diff([]int{1, 3, 7}, versions); diff != "" {
		t.Error(diff)
	}
	for _, key := range []string{"t-00004", "foreign", "none"} {
		if _, err := b.History(t.Context(), b.org, "things", key); !errors.Is(err, fault.NotFound) {
			t.Errorf("History(%s) = %v, want not found", key, err)
		}
	}
}
