package web

import "net/http"

// Wait shows a page that loads again by itself every two seconds, in the place of one that cannot be
// drawn yet. Text says what it waits for.
func (s *Site) Wait(w http.ResponseWriter, r *http.Request, title, text string) {
	if !s.served(r.Host) {
		s.ServeHTTP(w, r)
		return
	}
	s.guard(w.Header())
	w.Header().Set("Retry-After", "2")
	h := s.head(title, "")
	h.Reload = 2
	if err := s.page(w, r, http.StatusServiceUnavailable, waitPage(h, title, text)); err != nil {
		http.Error(w, title, http.StatusServiceUnavailable)
	}
}
