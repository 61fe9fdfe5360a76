package shell

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/id"
)

// A request is worked on in a place, of which there are few. Nobody holds one while they take their time to send: a small body is read
// before. A large one, such as a file, is taken in places of its own, from people who are known, and so is who follows events.
const (
	smallBody  = 64 << 10        // bytes of a body that is read before a place is taken
	sending    = 1024            // small bodies that are being read at a time
	sendWithin = 5 * time.Second // of a small body
	longPlaces = 64              // large bodies that are taken at a time
	longEach   = 8               // of one person
	resting    = 2048            // connections that rest at a time

	eventPlaces = 1024 // events that are followed at a time
)

// rest is of a connection whose request was refused. A proxy may send another person's next request over it, so that it is short.
const rest = 250 * time.Millisecond

// places are what is free.
type places struct {
	work    chan struct{}
	sending chan struct{}
	resting chan struct{}
	persons *some // of those at work, so that nobody takes all of them
	bodies  *some // large ones
	events  *some // that are followed
}

func newPlaces(capacity int) *places {
	return &places{work: make(chan struct{}, capacity), sending: make(chan struct{}, sending), resting: make(chan struct{}, resting),
		persons: newSome(capacity, max(1, capacity/4)), bodies: newSome(longPlaces, longEach), events: newSome(eventPlaces, longEach)}
}

// take takes a place of a kind if one is free.
func take(c chan struct{}) (release func(), ok bool) {
	select {
	case c <- struct{}{}:
		return func() { <-c }, true
	default:
		return nil, false
	}
}

// some is so many places of one kind, and so many of them for one person.
type some struct {
	all, each int

	mu    sync.Mutex
	taken int
	of    map[id.Person]int
}

func newSome(all, each int) *some { return &some{all: all, each: each, of: map[id.Person]int{}} }

// take takes a place for a person if one is free.
func (p *some) take(who id.Person) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.all || p.of[who] >= p.each {
		return nil, false
	}
	p.taken++
	p.of[who]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.taken--
		if p.of[who]--; p.of[who] == 0 {
			delete(p.of, who)
		}
	}, true
}

type longKey struct{}

// isLong reports whether a request brings a large body, which holds no place of ordinary work.
func isLong(ctx context.Context) bool { return ctx.Value(longKey{}) != nil }

// follows reports whether a request follows events: nothing else is worked on beside the places of ordinary work by saying so.
func follows(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Accept") == eventStream && strings.HasPrefix(r.URL.Path, "/o/") && strings.HasSuffix(r.URL.Path, "/progress")
}

// long reports whether a request takes its time: it brings a large body, or follows events.
func long(r *http.Request) bool {
	return follows(r) || r.Body != nil && r.Body != http.NoBody && (r.ContentLength < 0 || r.ContentLength > smallBody)
}

// settle reads a small body whole. It reports whether the request goes on.
func (d *Door) settle(w http.ResponseWriter, r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return true
	}
	release, ok := take(d.places.sending)
	if !ok {
		d.surplus(w, r)
		return false
	}
	defer release()
	c := http.NewResponseController(w)
	if d.o.Clock != nil {
		_ = c.SetReadDeadline(d.o.Clock().Add(sendWithin)) // a writer that is no connection has none
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, smallBody+1))
	if err != nil || len(b) > smallBody {
		w.Header().Set("Connection", "close")
		http.Error(w, "the request did not come in time, or not whole", http.StatusRequestTimeout)
		return false
	}
	_ = c.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(b))
	return true
}

// surplus refuses a request at once. Its connection then rests before its next request is read: who asks again without a pause would
// otherwise have the machine spend its time on refusals. Connections that cannot rest are closed.
func (d *Door) surplus(w http.ResponseWriter, r *http.Request) {
	const said = "too many requests at this moment; try again in a second\n"
	h := w.Header()
	h.Set("Retry-After", "1")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(said)))
	h.Set("X-Content-Type-Options", "nosniff")
	release, ok := take(d.places.resting)
	if !ok {
		h.Set("Connection", "close")
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, said)
	if !ok {
		return
	}
	defer release()
	if d.o.Rest != nil && http.NewResponseController(w).Flush() == nil {
		d.o.Rest(r.Context(), rest)
	}
}
