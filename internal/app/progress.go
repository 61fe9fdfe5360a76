package app

import (
	"context"
	"net/http"
	"time"

	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/shell"
)

// How often is told how far the tests are, and for how long over one connection: the server ends every answer after a minute, and a
// browser asks again by itself.
const (
	tellEvery = 300 * time.Millisecond
	tellFor   = 50 * time.Second
)

// progress tells how far the tests are until there is what a page waits for.
func (p *pages) progress(w http.ResponseWriter, r *http.Request) error {
	ctx, readiness := r.Context(), r.URL.Query().Get("readiness") != ""
	e := shell.NewEvents(w)
	var last shell.Step
	for range tellFor / tellEvery {
		if p.waits(ctx, readiness) == "" {
			return shell.Quietly(e.Send("done", shell.Step{}))
		}
		now := p.step(ctx)
		if now != last {
			if err := e.Send("progress", now); err != nil {
				return shell.Quietly(err) // the reader went away
			}
		}
		last = now
		if pause(ctx, tellEvery); ctx.Err() != nil {
			return shell.Quietly(ctx.Err())
		}
	}
	return nil
}

// step says how far the tests are.
func (p *pages) step(ctx context.Context) shell.Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return web.HowFar(ctx, min(p.said.done+1, p.said.of), p.said.of)
}
