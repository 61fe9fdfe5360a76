package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/cli"
)

// TestManyAtOnce: organizations that are all opened at once, and single items that many ask for at once, never wait for each other for good.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	a := New()
	a.Cost = account.Cost{Memory: 64, Time: 1, Threads: 1}
	data := filepath.Join(t.TempDir(), "data")
	o := settled(t, a, data, "UTC")
	give(t, o, "changes", change("c1", inPeriod))
	p := o.program
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	const organizations = 12
	for n := 1; n < organizations; n++ {
		p.Name = fmt.Sprintf("Company %d", n)
		if _, err := a.found(t.Context(), data, p, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	in, err := a.install(t.Context(), data, cli.Serving{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var all sync.WaitGroup
	for _, slug := range in.tenants.names() {
		all.Go(func() {
			x, err := in.tenants.open(ctx, slug)
			if err != nil {
				t.Errorf("open %s: %v", slug, err)
				return
			}
			if _, err := x.p.Tests(ctx); err != nil {
				t.Errorf("test %s: %v", slug, err)
			}
			var items sync.WaitGroup
			for range 4 {
				items.Go(func() {
					r := httptest.NewRequest(http.MethodGet, "/controls/CHG-01/item?test=CHG-01&key=c1", nil).WithContext(
						access.With(ctx, access.Visitor{Person: "p", Roles: []access.Role{access.Lead}}))
					r.Header.Set("Accept", "*/*")
					w := httptest.NewRecorder()
					x.Mux.ServeHTTP(w, r)
					if w.Code != http.StatusOK && w.Code != http.StatusNotFound {
						t.Errorf("an item of %s: %d", slug, w.Code)
					}
				})
			}
			items.Wait()
		})
	}
	all.Wait()
}
