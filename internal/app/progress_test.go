package app

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
)

// TestProgressIsTold: whoever waits for the tests hears how far they are, and that they are done.
func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	x, _ := hookTown(t)
	lead := x.join("lead@first.example", "first-works", access.Lead)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.url+"/o/first-works/progress?readiness=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := lead.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("progress = %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if !strings.Contains(text, "event: progress\n") || !strings.HasSuffix(text, "event: done\nretry: 1000\ndata: {}\n\n") {
		t.Errorf("the events are %q, want some of progress and one at the end that it is done", text)
	}
	if status, _, body := x.ask(lead, http.MethodGet, "/o/first-works/readiness"); status != http.StatusOK || strings.Contains(body, "assay-progress") {
		t.Errorf("the page after that = %d, and waits still: %t", status, strings.Contains(body, "assay-progress"))
	}
}
