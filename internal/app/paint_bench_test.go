package app

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/web/browse"
)

// BenchmarkPaint opens each page in Chromium five times and says when the first of it was painted, after the click: the median. The house
// asks for 300 ms on loopback. The browser runs on the same processors. ASSAY_PAGE chooses pages by a part of their address.
func BenchmarkPaint(b *testing.B) {
	x := serveFolder(b, metropolis(b))
	p := browse.Start(b).Tab(1280, 900)
	name, value, _ := strings.Cut(x.cookies[0], "=")
	p.Do(network.SetCookie(name, value).WithURL(x.url))
	for _, path := range x.addresses(b) {
		if !strings.Contains(path, os.Getenv("ASSAY_PAGE")) || strings.HasSuffix(path, ".json") {
			continue
		}
		b.Run(path, func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				for range 5 {
					p.Go(x.url + x.path(path))
					var at float64
					p.Do(chromedp.Evaluate(`new Promise(done => {
						const look = () => { const e = performance.getEntriesByName("first-contentful-paint")[0]; e ? done(e.startTime) : setTimeout(look, 20) };
						look();
						setTimeout(() => done(-1), 5000) })`, &at, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
					if at < 0 {
						b.Fatalf("%s: nothing was painted", path)
					}
					all = append(all, time.Duration(at*float64(time.Millisecond)))
				}
			}
			b.ReportMetric(ms(quantile(all, .5)), "paint-ms")
			b.ReportMetric(ms(slices.Max(all)), "slowest-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
