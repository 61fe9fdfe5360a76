package work

import (
	"io"
	"net/http"
	"time"
)

// slowest is how many bytes a second a transfer must move, after a minute of grace: who is slower holds a place that others need.
const (
	slowest = 32 << 10
	grace   = time.Minute
)

// pace gives a long transfer as much time as it has earned by what it moved. A server that cannot be told keeps its own limits.
type pace struct {
	until func(time.Time) error
	start time.Time
	moved int64
	next  int64
}

// step is after how many bytes the time is set anew.
const step = 256 << 10

func (p *pace) add(n int) {
	if p.moved += int64(n); p.moved >= p.next {
		p.next = p.moved + step
		_ = p.until(p.deadline())
	}
}

func (p *pace) deadline() time.Time {
	return p.start.Add(grace + time.Duration(p.moved+step)*time.Second/slowest)
}

// in paces the body of a request. What is written after it has the same time.
func (p *Pages) in(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	x := &pace{start: p.o.Desk.Clock(), until: func(t time.Time) error {
		_ = c.SetWriteDeadline(t.Add(time.Hour)) // what came is hashed and kept before the answer
		return c.SetReadDeadline(t)
	}}
	x.add(0)
	r.Body = pacedBody{r.Body, x}
}

type pacedBody struct {
	io.ReadCloser
	pace *pace
}

func (b pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.pace.add(n)
	return n, err
}

// out paces an answer.
func (p *Pages) out(w http.ResponseWriter) http.ResponseWriter {
	x := &pace{start: p.o.Desk.Clock(), until: http.NewResponseController(w).SetWriteDeadline}
	x.add(0)
	return pacedAnswer{w, x}
}

type pacedAnswer struct {
	http.ResponseWriter
	pace *pace
}

func (a pacedAnswer) Write(b []byte) (int, error) {
	n, err := a.ResponseWriter.Write(b)
	a.pace.add(n)
	return n, err
}
