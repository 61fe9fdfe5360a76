package program

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/assayhq/assay/internal/scope"
)

// BenchmarkPages asks for pages of a program of 5,000 controls.
func BenchmarkPages(b *testing.B) {
	w := setup(b, described, func(f *scope.Folder) {
		base := f.Versions
		var out []scope.Version
		for i := range 5000 - len(base) {
			v := base[i%len(base)]
			v.Control.ID = fmt.Sprintf("AAA-%04d", i)
			out = append(out, v)
		}
		f.Versions = append(out, base...)
	})
	for _, path := range []string{"/scope", "/program", "/program/CHG-01", "/program/CHG-01/edit", "/description", "/description/dc3", "/objectives", "/proposals", "/explained"} {
		b.Run(path[1:], func(b *testing.B) {
			for b.Loop() {
				if rec := w.get(lead, path); rec.Code != http.StatusOK {
					b.Fatal(rec.Code)
				}
			}
		})
	}
}
