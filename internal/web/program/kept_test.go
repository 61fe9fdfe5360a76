package program

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/scope"
)

// TestKeptFollows asks for the pages that keep what they worked out, changes the program under them, and asks again, many at a time: each
// shows the program that it was asked for.
func TestKeptFollows(t *testing.T) {
	t.Parallel()
	w := setup(t, described)
	change := func(n int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.folder.Versions = slices.Clone(w.folder.Versions)
		for i := range w.folder.Versions {
			if v := &w.folder.Versions[i]; v.Control.ID == "CHG-01" {
				v.Control.Title = fmt.Sprintf("Title number %d", n)
			}
		}
		last := w.folder.Versions[len(w.folder.Versions)-1]
		last.Control.ID, last.Test = fmt.Sprintf("ZZZ-%02d", n), ""
		w.folder.Versions = append(w.folder.Versions, last)
		w.folder.System.Name = fmt.Sprintf("System number %d", n)
		w.folder.System.Texts = map[string]string{"dc1": fmt.Sprintf("Text number %d.\n", n)}
		w.rev++
	}
	before := 0
	for _, l := range lines(w.folder, dayOf(t, "2026-11-26"), nil) {
		if l.State != scope.Retired {
			before++
		}
	}
	for n := 1; n <= 3; n++ {
		change(n)
		var all sync.WaitGroup
		for _, c := range []struct{ path, want string }{
			{"/program?q=CHG-01", fmt.Sprintf("Title number %d", n)},
			{"/program?q=ZZZ", fmt.Sprintf("ZZZ-%02d", n)},
			{"/program/CHG-01", fmt.Sprintf("Title number %d", n)},
			{"/scope", fmt.Sprintf("%d controls", before+n)},
			{"/description/dc1", fmt.Sprintf("Text number %d.", n)},
		} {
			for range 4 {
				all.Go(func() {
					rec := w.get(lead, c.path)
					if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), c.want) {
						t.Errorf("change %d: %s = %d without %q", n, c.path, rec.Code, c.want)
					}
				})
			}
		}
		all.Wait()
	}
}

// TestKeptTests: a test that was read is not read again for its control's page, another text is, and only so many are kept.
func TestKeptTests(t *testing.T) {
	t.Parallel()
	w := setup(t)
	i := slices.IndexFunc(w.folder.Versions, func(v scope.Version) bool { return v.Control.ID == "CHG-01" })
	text := w.folder.Versions[i].Test
	var k parsed
	a, err := k.parse("tests/CHG-01.txtar", text, w.schemas)
	if err != nil || len(a) == 0 {
		t.Fatalf("parse(CHG-01) = %d tests, %v", len(a), err)
	}
	if b, err := k.parse("tests/CHG-01.txtar", text, w.schemas); err != nil || b[0] != a[0] {
		t.Errorf("the same text was read again, %v", err)
	}
	for n := range 3 * mostParsed {
		if _, err := k.parse("tests/CHG-01.txtar", fmt.Sprintf("nonsense %d", n), w.schemas); err == nil {
			t.Error("nonsense was read as a test")
		}
	}
	if len(k.list) != mostParsed {
		t.Errorf("%d tests are kept, want %d", len(k.list), mostParsed)
	}
}
