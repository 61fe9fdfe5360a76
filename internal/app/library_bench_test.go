package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/scope"
)

// harbour imports the example company with so much work.
func harbour(tb testing.TB, factor int) (*office, int64) {
	tb.Helper()
	files, story := example.Scaled(demoSeed, factor)
	from, to := story.Period.From, story.Period.To
	p := scope.Program{Name: story.Organization, Report: story.Report, Zone: story.Period.Zone, From: &from, To: &to, Categories: story.Categories}
	a, data := New(), filepath.Join(tb.TempDir(), "data")
	if _, err := a.found(tb.Context(), data, p, "", &from); err != nil {
		tb.Fatal(err)
	}
	o, err := a.enter(tb.Context(), data, "", false)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := o.Close(); err != nil {
			tb.Error(err)
		}
	})
	for i, f := range files {
		in := cli.Import{Register: f.Register, File: f.Name, Source: f.Source, Query: f.Query, Params: f.Params,
			ExpectRows: f.Expect, Extent: f.Extent, Totals: f.Control, Operator: "bench", Map: f.MapName, Discard: true}
		if _, err := o.take(tb.Context(), in, bytes.NewReader(f.Data), f.Map, func(int64, int64) {}); err != nil {
			tb.Fatalf("import %s: %v", f.Name, err)
		}
		files[i].Data = nil
	}
	size, err := o.st.Size(tb.Context(), o.org.ID)
	if err != nil {
		tb.Fatal(err)
	}
	return o, size
}

// BenchmarkLibrary runs every test of the example company, at ASSAY_FACTOR times its work: the
// first time over everything, the second time after 1,000 new records. The house asks for 5 s at
// factor 1, and at about 1,000,000 records for 60 s, for 2 s after that, and for 1 GiB.
func BenchmarkLibrary(b *testing.B) {
	factor := 1
	if s := os.Getenv("ASSAY_FACTOR"); s != "" {
		var err error
		if factor, err = strconv.Atoi(s); err != nil || factor < 1 {
			b.Fatalf("ASSAY_FACTOR is %q; expected a whole number from 1", s)
		}
	}
	o, size := harbour(b, factor)
	run := func() (wall, processor float64) {
		resetPeak(b)
		began, before := time.Now(), used(b)
		res, err := o.Test(b.Context(), cli.Test{Cached: true}, func(what string, done, of int) {
			if os.Getenv("ASSAY_TRACE") != "" {
				fmt.Fprintf(os.Stderr, "%8.3f %s\n", (used(b) - before).Seconds(), what)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		if len(res.Controls) < 80 {
			b.Fatalf("%d tests were run; expected those of the whole library", len(res.Controls))
		}
		return time.Since(began).Seconds(), (used(b) - before).Seconds()
	}
	for b.Loop() {
		if err := os.RemoveAll(filepath.Join(o.data, "cache")); err != nil {
			b.Fatal(err)
		}
		first, processor := run()
		peak := peakMiB(b)
		later(b, o)
		second, _ := run()
		b.ReportMetric(float64(size), "records")
		b.ReportMetric(first, "first-s")
		b.ReportMetric(processor, "first-cpu-s")
		b.ReportMetric(second, "second-s")
		b.ReportMetric(second/first, "second/first")
		b.ReportMetric(peak, "peak-MiB")
		b.ReportMetric(peakMiB(b), "second-peak-MiB")
	}
}

// later imports 1,000 records as a day brings them: changes, their reviews, sign-ins, job runs.
func later(b *testing.B, o *office) {
	b.Helper()
	round++
	at := "2026-06-15T14:00:00Z"
	daily(b, o, "changes", "deploy-log", &lines{n: 250, line: func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"change_id":"later-%d-%d","environment":"production","author":"p-012","last_committer":"p-012","head_commit":"c","deployed_at":"%s","ci_status":"passed","ticket":"T"}`, round, i, at)
	}})
	daily(b, o, "reviews", "github", &lines{n: 250, line: func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"review_id":"later-%d-%d","change_id":"later-%d-%d","reviewer":"p-013","decision":"approved","submitted_at":"%s","commit":"c"}`, round, i, round, i, at)
	}})
	daily(b, o, "account_events", "identity-audit-log", &lines{n: 250, line: func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"event_id":"later-%d-%d","account_id":"acc-%04d","action":"sign_in","at":"%s","actor":"p-012"}`, round, i, 1+i, at)
	}})
	daily(b, o, "vulnerabilities", "scanner", &lines{n: 250, line: func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"vulnerability_id":"later-%d-%d","asset":"console","severity":"low","first_seen_at":"%s"}`, round, i, at)
	}})
}

// daily imports records from the source that the register has.
func daily(b *testing.B, o *office, register, source string, r io.Reader) {
	b.Helper()
	in := cli.Import{Register: register, File: register + ".jsonl", Source: source, Operator: "bench", Discard: true}
	if _, err := o.take(b.Context(), in, r, nil, func(int64, int64) {}); err != nil {
		b.Fatal(err)
	}
}
