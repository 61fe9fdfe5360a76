package web

import (
	"context"
	"net/http"

	"github.com/assayhq/assay/internal/web/shell"
)

// waits is how many seconds a page waits before it loads again by itself.
const waits = 2

// Wait shows a page in the place of one that cannot be drawn yet. It follows the events at the address progress, below the organization,
// and loads again when they end; without script every two seconds. Title and text come in the reader's language; text says what it waits for.
func Wait(w http.ResponseWriter, r *http.Request, title, text, progress string) {
	w.Header().Set("Retry-After", "2")
	if err := shell.Page(w, r, http.StatusServiceUnavailable, waitPage(title, text, progress)); err != nil {
		http.Error(w, title, http.StatusServiceUnavailable)
	}
}

// HowFar says how far the tests are; of is 0 before the first of them runs.
func HowFar(ctx context.Context, done, of int) shell.Step {
	if of == 0 {
		return shell.Step{Words: shell.T(ctx, "The tests are about to run")}
	}
	return shell.Step{Done: done, Total: of, Words: shell.T(ctx, "Testing %d of %d", done, of)}
}
