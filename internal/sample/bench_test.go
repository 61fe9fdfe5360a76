package sample

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// BenchmarkDraw draws 60 items of ASSAY_ITEMS (1,000,000 unless said). The house asks for less than a second and 64 MiB beyond the
// population at 10,000,000.
func BenchmarkDraw(b *testing.B) {
	n := 1_000_000
	if s := os.Getenv("ASSAY_ITEMS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("pr-%09d", i)
	}
	p, err := Freeze(list)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Draw(p, Commit(seed), seed, 60); err != nil {
			b.Fatal(err)
		}
	}
}
