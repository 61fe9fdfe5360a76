package verify

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// benchRecords is the size of the benchmark's package; ASSAY_BENCH_RECORDS sets another.
func benchRecords(tb testing.TB) int {
	s := os.Getenv("ASSAY_BENCH_RECORDS")
	if s == "" {
		return 100_000
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// BenchmarkVerify compares assay-verify, as a process of its own, with sha256sum over the
// uncompressed bytes of the records. "ratio" is their wall times, "peak-MiB" the largest
// resident set of assay-verify.
func BenchmarkVerify(b *testing.B) {
	dir := b.TempDir()
	bin := filepath.Join(dir, "assay-verify")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", bin, "./cmd/assay-verify").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	n := benchRecords(b)
	e := synthetic(n, 1).build()
	plain := filepath.Join(dir, "records")
	f, err := os.Create(plain)
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if strings.HasPrefix(name, "ledger/records-") {
			if _, err := f.WriteString(e[name]); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	for name, method := range map[string]uint16{"deflate": zip.Deflate, "store": zip.Store} {
		path := filepath.Join(dir, name+".zip")
		var z bytes.Buffer
		e.zip(b, &z, method, slices.Sorted(maps.Keys(e)))
		if err := os.WriteFile(path, z.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			var verify, sum time.Duration
			var peak int64
			for b.Loop() {
				d, rss := timed(b, bin, path)
				verify, peak = verify+d, max(peak, rss)
				d, _ = timed(b, "sha256sum", plain)
				sum += d
			}
			b.ReportMetric(float64(z.Len())/float64(1<<20), "zip-MiB")
			b.ReportMetric(float64(verify)/float64(sum), "ratio")
			b.ReportMetric(float64(peak)/1024, "peak-MiB")
			b.ReportMetric(verify.Seconds()/float64(b.N), "verify-s")
			b.ReportMetric(sum.Seconds()/float64(b.N), "sha256sum-s")
		})
	}
}

// timed runs a program and returns its wall time and, as long as it runs, its largest resident
// set. ru_maxrss would do, did it not start from that of the parent.
func timed(tb testing.TB, name string, args ...string) (time.Duration, int64) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	done, polled := make(chan struct{}), make(chan int64)
	go func() {
		peak := int64(0)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, resident(cmd.Process.Pid))
			case <-done:
				polled <- peak
				return
			}
		}
	}()
	err := cmd.Wait()
	d := time.Since(start)
	close(done)
	if err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, out.String())
	}
	return d, <-polled
}

// resident reads the largest resident set so far, in KiB.
func resident(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	n, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return n
}
