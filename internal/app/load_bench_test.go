package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/store/sqlite"
)

// crowd is how many people use the pages at the same time.
const crowd = 50

// whole reads a whole number from the environment.
func whole(b *testing.B, name string, otherwise int) int {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		b.Fatalf("%s is %q; expected a whole number from 1", name, s)
	}
	return n
}

// metropolis is a data folder with the example company at ASSAY_FACTOR times its work (27: about 1,000,000 records) and ASSAY_CONTROLS
// controls (5,000 unless said). It is built once, below ASSAY_BENCH_DIR or the user's folder for such things, and found again.
func metropolis(b *testing.B) string {
	factor, controls := whole(b, "ASSAY_FACTOR", 1), whole(b, "ASSAY_CONTROLS", 5000)
	root := os.Getenv("ASSAY_BENCH_DIR")
	if root == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			b.Fatal(err)
		}
		root = filepath.Join(cache, "assay-bench")
	}
	at := filepath.Join(root, fmt.Sprintf("served-%d-%d", factor, controls))
	if _, err := os.Stat(at); err == nil {
		return at
	}
	half := at + ".half" // what a build that was interrupted left
	if err := os.RemoveAll(half); err != nil {
		b.Fatal(err)
	}
	build(b, half, factor, controls)
	if err := os.Rename(half, at); err != nil {
		b.Fatal(err)
	}
	return at
}

// build founds the company and imports its work. The controls beyond the library's are copies without a test, with the frequency, the
// owner and the criteria of what they are copied from.
func build(b *testing.B, data string, factor, controls int) {
	files, story := example.Scaled(demoSeed, factor)
	from, to := story.Period.From, story.Period.To
	p := scope.Program{Name: story.Organization, Report: story.Report, Zone: story.Period.Zone, From: &from, To: &to, Categories: story.Categories}
	a := New()
	if _, err := a.found(b.Context(), data, p, "", &from); err != nil {
		b.Fatal(err)
	}
	o, err := a.enter(b.Context(), data, "", false)
	if err != nil {
		b.Fatal(err)
	}
	now, more := o.folder(), o.folder()
	more.Versions = slices.Clone(now.Versions)
	for i := 0; len(more.Versions) < controls; i++ {
		v := now.Versions[i%len(now.Versions)]
		v.Control.ID, v.Control.Title, v.Test = fmt.Sprintf("%s-%03d", v.Control.ID, 1+i/len(now.Versions)), fmt.Sprintf("%s (%d)", v.Control.Title, 1+i/len(now.Versions)), ""
		more.Versions = append(more.Versions, v)
	}
	regs, err := registers.Load()
	if err != nil {
		b.Fatal(err)
	}
	drafts, err := programDrafts(more, now, schemas(regs))
	if err != nil {
		b.Fatal(err)
	}
	pull, err := id.NewPull(a.Clock(), a.Random)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := o.st.Append(b.Context(), o.org.ID, pull, drafts); err != nil {
		b.Fatal(err)
	}
	for i, f := range files {
		in := cli.Import{Register: f.Register, File: f.Name, Source: f.Source, Query: f.Query, Params: f.Params,
			ExpectRows: f.Expect, Extent: f.Extent, Totals: f.Control, Operator: "bench", Map: f.MapName, Discard: true}
		if _, err := o.take(b.Context(), in, bytes.NewReader(f.Data), f.Map, func(int64, int64) {}); err != nil {
			b.Fatalf("import %s: %v", f.Name, err)
		}
		files[i].Data = nil
	}
	if err := o.Close(); err != nil {
		b.Fatal(err)
	}
}

// served is `assay serve` as a process of its own, and what the cookies of signed-in people are.
type served struct {
	url, host string
	pid       int
	cookies   []string
}

// serveFolder builds the program and serves a folder with it, to people who are signed in. It returns when the tests have run.
func serveFolder(b *testing.B, data string) *served {
	exe := filepath.Join(b.TempDir(), "assay")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", exe, "../../cmd/assay").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	x := &served{cookies: signedIn(b, data)}
	cmd := exec.CommandContext(b.Context(), exe, "serve", "--data", data, "--listen", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	x.pid = cmd.Process.Pid
	b.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	at := regexp.MustCompile(`http://[0-9.:]+`)
	lines := bufio.NewScanner(out)
	for x.url == "" && lines.Scan() {
		x.url = at.FindString(lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	x.host = strings.TrimPrefix(x.url, "http://")
	began := time.Now()
	for _, path := range []string{"/results", "/readiness", "/calendar"} {
		for x.answer(b, path).status == http.StatusServiceUnavailable {
			time.Sleep(200 * time.Millisecond)
		}
	}
	b.Logf("ready after %.1f s with %d MiB, %d MiB at most", time.Since(began).Seconds(), x.resident("VmRSS"), x.resident("VmHWM"))
	return x
}

// signedIn gives fifty people of the organization a session each, in the place of everybody who had an account.
func signedIn(b *testing.B, data string) []string {
	for _, name := range []string{"accounts.db", "accounts.db-wal", "accounts.db-shm"} { // of the last time, by a version that may have been another
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			b.Fatal(err)
		}
	}
	a := New()
	st, err := sqlite.Open(b.Context(), a.config(data, false))
	if err != nil {
		b.Fatal(err)
	}
	a.Cost = account.Cost{Memory: 64, Time: 1, Threads: 1}
	ctx, end := context.WithCancel(b.Context())
	in, err := a.installed(ctx, st, data, false, cli.Serving{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	s := httptest.NewServer(in.door)
	defer func() {
		s.Close()
		end()
		if err := in.Close(); err != nil {
			b.Error(err)
		}
	}()
	orgs, err := st.Orgs(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var out []string
	for i := range crowd {
		email := fmt.Sprintf("lead-%02d@example.com", i)
		p, err := in.accounts.Provision(ctx, email, fmt.Sprintf("Lead %d", i))
		if err != nil {
			b.Fatal(err)
		}
		if err := in.people.ChangeRoles(ctx, orgs[0].ID, func(has []access.Membership) (grant, end []access.Membership, err error) {
			if slices.ContainsFunc(has, func(m access.Membership) bool { return m.Person == p.ID }) {
				return nil, nil, nil
			}
			return []access.Membership{{Org: orgs[0].ID, Person: p.ID, Role: access.Lead, Granted: a.Clock()}}, nil, nil
		}); err != nil {
			b.Fatal(err)
		}
		link, err := in.accounts.RecoveryLink(ctx, email)
		if err != nil {
			b.Fatal(err)
		}
		if err := in.accounts.Recover(ctx, link, password, account.From{}); err != nil {
			b.Fatal(err)
		}
		c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := c.PostForm(s.URL+"/signin", url.Values{"email": {email}, "password": {password}})
		if err != nil {
			b.Fatal(err)
		}
		_ = res.Body.Close()
		i := slices.IndexFunc(res.Cookies(), func(k *http.Cookie) bool { return k.Name == "assay" })
		if i < 0 {
			b.Fatalf("no session after the sign-in of %s: %s", email, res.Status)
		}
		out = append(out, "assay="+res.Cookies()[i].Value)
	}
	return out
}

// resident reads a figure of the process's memory in MiB.
func (x *served) resident(name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", x.pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), " kB"))
			return kb >> 10
		}
	}
	return 0
}

// got is one answer as somebody had it.
type got struct {
	status int
	took   time.Duration
	sent   int64 // compressed, without headers
	body   []byte
}

// line is a connection that is kept, with the request that goes over it: the client shares the processors with what it measures, so that
// it does as little as it can.
type visitor struct {
	c    net.Conn
	r    *bufio.Reader
	host string
	ask  []byte
	keep bool
}

func newVisitor(host, path, cookie string) *visitor {
	return &visitor{host: host, ask: []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nCookie: " + cookie +
		"\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\nAccept-Language: en\r\n\r\n")}
}

func (v *visitor) get() (got, error) {
	began := time.Now()
	if v.c == nil {
		c, err := net.Dial("tcp", v.host)
		if err != nil {
			return got{}, err
		}
		v.c, v.r = c, bufio.NewReaderSize(c, 16<<10)
	}
	if _, err := v.c.Write(v.ask); err != nil {
		return got{}, v.drop(err)
	}
	res, err := http.ReadResponse(v.r, nil)
	if err != nil {
		return got{}, v.drop(err)
	}
	defer res.Body.Close()
	g := got{status: res.StatusCode}
	if v.keep {
		g.body, err = io.ReadAll(res.Body)
		g.sent = int64(len(g.body))
	} else {
		g.sent, err = io.Copy(io.Discard, res.Body)
	}
	if err != nil {
		return g, v.drop(err)
	}
	g.took = time.Since(began)
	if res.Close {
		_ = v.drop(nil)
	}
	return g, nil
}

func (v *visitor) drop(err error) error {
	if v.c != nil {
		_ = v.c.Close()
	}
	v.c = nil
	return err
}

func (x *served) path(path string) string { return "/o/" + x.slug() + path }

func (x *served) slug() string { return slugOf(example.Organization) }

// answer asks once.
func (x *served) answer(b *testing.B, path string) got {
	v := newVisitor(x.host, x.path(path), x.cookies[0])
	v.keep = true
	g, err := v.get()
	if err != nil {
		b.Fatal(err)
	}
	_ = v.drop(nil)
	return g
}

// addresses are the pages of the navigation, those behind them that take no name, and one of each kind that does: the first that a page
// leads to.
func (x *served) addresses(b *testing.B) []string {
	list := []string{"/", "/readiness", "/readiness/controls", "/readiness/controls/CHG-01", "/readiness/criteria/CC6.1", "/readiness/gaps", "/forecast", "/calendar",
		"/results", "/controls", "/controls/CHG-01", "/controls/CHG-01?verdict=pass", "/deviations", "/coverage", "/sources", "/work", "/work/delegations", "/campaigns",
		"/policies", "/registers", "/registers/changes", "/registers/changes?sort=deployed_at&dir=desc", "/registers/changes?page=500", "/registers/changes?q=4711", "/registers/account_events",
		"/registers/changes/new", "/evidence", "/evidence/new", "/scope", "/program", "/program/CHG-01", "/program/CHG-01/edit", "/proposals", "/description",
		"/objectives", "/documents", "/ledger", "/explained", "/advise", "/people", "/settings", "/import", "/palette.json"}
	for _, f := range []struct{ on, link string }{
		{"/deviations", `/deviations/[^/"]+/item[^"]*`}, {"/controls/CHG-01", `/controls/CHG-01/item[^"]*`},
		{"/registers/changes", `/registers/changes/record[^"]*`}, {"/work", `/work/[A-Z][^/"]+/[^"/]+`},
	} {
		re := regexp.MustCompile(`href="/o/` + x.slug() + `(` + f.link + `)"`)
		if m := re.FindSubmatch(unzipped(b, x.answer(b, f.on).body)); m != nil {
			list = append(list, strings.ReplaceAll(string(m[1]), "&amp;", "&"))
		} else {
			b.Logf("%s leads to none of %s", f.on, f.link)
		}
	}
	return list
}

func unzipped(b *testing.B, zipped []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return zipped
	}
	out, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// quantile of times, which it sorts.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}

// browse has fifty people ask for a page once a second each, at moments of their own, for so long.
func (x *served) browse(b *testing.B, path string, long time.Duration) (times []time.Duration, bad int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	end := time.Now().Add(long)
	for i := range crowd {
		all.Go(func() {
			v := newVisitor(x.host, x.path(path), x.cookies[i])
			defer func() { _ = v.drop(nil) }()
			time.Sleep(time.Duration(rand.Int64N(int64(time.Second)))) //nolint:gosec // when somebody clicks is no secret
			for time.Now().Before(end) {
				g, err := v.get()
				mu.Lock()
				if err == nil && g.status == http.StatusOK {
					times = append(times, g.took)
				} else {
					bad++
				}
				mu.Unlock()
				time.Sleep(time.Second/2 + time.Duration(rand.Int64N(int64(time.Second)))) //nolint:gosec // as above
			}
		})
	}
	all.Wait()
	return times, bad
}

// press has so many connections ask for a page without a pause, for so long. The patient wait after a refusal as long as it asks for.
func press(host, path string, cookies []string, connections int, patient bool, long time.Duration) (good, refused, failed int, refusal []time.Duration) {
	var mu sync.Mutex
	var all sync.WaitGroup
	end := time.Now().Add(long)
	for i := range connections {
		all.Go(func() {
			v := newVisitor(host, path, cookies[i%len(cookies)])
			defer func() { _ = v.drop(nil) }()
			var ok, no, bad int
			var times []time.Duration
			for time.Now().Before(end) {
				g, err := v.get()
				switch {
				case err != nil:
					bad++
				case g.status == http.StatusOK:
					ok++
				case g.status == http.StatusServiceUnavailable:
					no++
					times = append(times, g.took)
					if patient {
						time.Sleep(time.Second)
					}
				default:
					bad++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			good, refused, failed, refusal = good+ok, refused+no, failed+bad, append(refusal, times...)
		})
	}
	all.Wait()
	return good, refused, failed, refusal
}

// BenchmarkPages asks for each page as fifty people do who turn to another page once a second, and says what they wait for the whole
// answer: the median and the longest but one in a hundred. The house asks for 20 and 50 ms, and for 60 kB as sent. The client runs on
// the same processors. ASSAY_PAGE chooses pages by a part of their address.
func BenchmarkPages(b *testing.B) {
	x := serveFolder(b, metropolis(b))
	for _, path := range x.addresses(b) {
		if !strings.Contains(path, os.Getenv("ASSAY_PAGE")) {
			continue
		}
		b.Run(path, func(b *testing.B) {
			var g got
			once := time.Duration(1 << 62)
			for range 5 { // the first reads what is kept
				g = x.answer(b, path)
				once = min(once, g.took)
			}
			if g.status != http.StatusOK {
				b.Fatalf("%s: %d %.300s", path, g.status, unzipped(b, g.body))
			}
			for b.Loop() {
				times, bad := x.browse(b, path, 5*time.Second)
				b.ReportMetric(ms(quantile(times, .5)), "median-ms")
				b.ReportMetric(ms(quantile(times, .99)), "p99-ms")
				b.ReportMetric(float64(bad), "bad")
			}
			b.ReportMetric(ms(once), "alone-ms")
			b.ReportMetric(float64(g.sent)/1000, "sent-kB")
			b.ReportMetric(float64(x.resident("VmRSS")), "RSS-MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
	b.Logf("%d MiB at most", x.resident("VmHWM"))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// bare is a handler that writes as many bytes as a page has as sent, and does nothing else: what any handler of net/http costs here.
func bare(b *testing.B, size int64) *httptest.Server {
	page := bytes.Repeat([]byte{'x'}, int(size))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) }))
	b.Cleanup(s.Close)
	return s
}

// BenchmarkHome asks for the home page without a pause from fifty connections. The house asks for 1,000 pages a second on two cores;
// the ratio is against a handler of net/http that writes as many bytes. The client runs on the same processors, for both.
func BenchmarkHome(b *testing.B) {
	x := serveFolder(b, metropolis(b))
	size := x.answer(b, "/").sent
	s := bare(b, size)
	const long = 5 * time.Second
	var best, peer float64
	for b.Loop() {
		good, refused, failed, _ := press(x.host, x.path("/"), x.cookies, crowd, false, long)
		other, _, _, _ := press(strings.TrimPrefix(s.URL, "http://"), "/", x.cookies, crowd, false, long)
		if refused+failed > 0 {
			b.Errorf("%d answers were refused and %d failed of %d", refused, failed, good)
		}
		best, peer = max(best, float64(good)/long.Seconds()), max(peer, float64(other)/long.Seconds())
	}
	b.ReportMetric(best, "pages/s")
	b.ReportMetric(best/peer, "of-bare")
	b.ReportMetric(float64(size)/1000, "sent-kB")
	b.ReportMetric(float64(x.resident("VmHWM")), "peak-MiB")
	b.ReportMetric(float64(runtime.NumCPU()), "cores")
}

// BenchmarkOverload asks from fifty connections, which is the peak, and then from ten times as many: people who wait after a refusal as
// long as it says, and programs that do not. The house asks that 90 % of the good answers are still given, and that the rest is refused at
// once. What the impatient wait for a refusal holds the rest of their connection. The client runs on the same processors, and its share
// grows with what it asks.
func BenchmarkOverload(b *testing.B) {
	x := serveFolder(b, metropolis(b))
	const long = 5 * time.Second
	for name, patient := range map[string]bool{"patient": true, "impatient": false} {
		b.Run(name, func(b *testing.B) {
			var kept, peak float64
			for b.Loop() {
				good, _, _, _ := press(x.host, x.path("/"), x.cookies, crowd, false, long)
				more, refused, failed, times := press(x.host, x.path("/"), x.cookies, 10*crowd, patient, long)
				peak, kept = max(peak, float64(good)/long.Seconds()), max(kept, float64(more)/float64(good))
				b.ReportMetric(float64(refused)/long.Seconds(), "refused/s")
				b.ReportMetric(float64(failed), "failed")
				b.ReportMetric(ms(quantile(times, .5)), "refusal-median-ms")
				b.ReportMetric(ms(quantile(times, .99)), "refusal-p99-ms")
			}
			b.ReportMetric(peak, "peak-pages/s")
			b.ReportMetric(kept, "kept")
			b.ReportMetric(float64(x.resident("VmHWM")), "peak-MiB")
		})
	}
}
