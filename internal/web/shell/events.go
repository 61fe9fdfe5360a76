package shell

import (
	"encoding/json"
	"fmt"
	"net/http"
)

const eventStream = "text/event-stream"

// Step is where long work stands. Words come in the reader's language; without a total nobody knows how much there is.
type Step struct {
	Done  int    `json:"done,omitempty"`
	Total int    `json:"total,omitempty"`
	Words string `json:"words,omitempty"`
}

// Events sends how far long work is as server-sent events, as the element assay-progress hears them. Whoever loses the connection asks
// again and is told where the work stands then.
type Events struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// NewEvents begins the answer.
func NewEvents(w http.ResponseWriter) *Events {
	h := w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // of nginx
	return &Events{w, http.NewResponseController(w)}
}

// Send tells a step: "progress", or "done" as the last.
func (e *Events) Send(kind string, s Step) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(e.w, "event: %s\nretry: 1000\ndata: %s\n\n", kind, b); err != nil {
		return err
	}
	return e.c.Flush()
}
