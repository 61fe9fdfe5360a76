package web

import (
	"net/http"

	"github.com/assayhq/assay/internal/web/shell"
)

// waits is how many seconds a page waits before it loads again by itself.
const waits = 2

// Wait shows a page that loads again by itself every two seconds, in the place of one that cannot be
// drawn yet. Title and text come in the reader's language; text says what it waits for.
func Wait(w http.ResponseWriter, r *http.Request, title, text string) {
	w.Header().Set("Retry-After", "2")
	if err := shell.Page(w, r, http.StatusServiceUnavailable, waitPage(title, text)); err != nil {
		http.Error(w, title, http.StatusServiceUnavailable)
	}
}
