package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web"
)

// Serve shows the pages until the context ends.
func (o *office) Serve(ctx context.Context, listen string, ready func(url string)) error {
	p := &pages{o: o}
	site, err := o.site(listen, p)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fault.Refuse("%v", err)
	}
	if host, _, _ := net.SplitHostPort(listen); !loopback(host) {
		fmt.Fprintln(os.Stderr, "warning: the pages have no sign-in yet: everybody who reaches", l.Addr(), "can read every record")
	}
	srv := &http.Server{Handler: p.patiently(ctx, site), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	defer p.background.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()
	p.background.Go(func() { p.warm(ctx) })
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	ready("http://" + l.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return srv.Shutdown(stop)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// warm computes what the pages show, so that nobody waits for it later. What fails is computed again,
// and told, when somebody asks.
func (p *pages) warm(ctx context.Context) {
	for _, items := range []bool{false, true} {
		if _, err := p.results(ctx, items); err != nil {
			return
		}
	}
	if p.gauge != nil {
		_, _ = p.gauge.at(ctx, nil) // what fails is told to who asks
	}
}

// patiently tells a person who opens a page while the tests run how far they are, and has the page
// load again by itself. A program waits for the answer.
func (p *pages) patiently(ctx context.Context, site *web.Site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := ""
		if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
			text = p.waits(ctx, r.URL.Path)
		}
		if text == "" {
			site.ServeHTTP(w, r)
			return
		}
		site.Wait(w, r, "Testing every item", text)
	})
}

// waits says what a page is still waiting for, or nothing.
func (p *pages) waits(ctx context.Context, path string) string {
	if strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/proofs/") {
		return ""
	}
	if strings.HasPrefix(path, "/readiness") || strings.HasPrefix(path, "/forecast") {
		if p.gauge.waits(ctx, &p.background) {
			return p.how()
		}
		return ""
	}
	s, err := p.now(ctx)
	if err != nil {
		return "" // the page tells it
	}
	if _, ok := p.have(s, strings.HasPrefix(path, "/controls/")); ok {
		return ""
	}
	if p.work.TryLock() { // the ledger has grown, or a day has passed: nobody computes yet
		p.work.Unlock()
		p.background.Go(func() { p.warm(ctx) })
	}
	return p.how()
}

// how says how far the tests are.
func (p *pages) how() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said.of == 0 {
		return "The tests are about to run. This page loads again by itself."
	}
	return fmt.Sprintf("Testing %d of %d. This page loads again by itself.", min(p.said.done+1, p.said.of), p.said.of)
}
