package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/app"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/example"
)

// coverage is the document that these tests hold to its word.
var coverage = filepath.Join("..", "..", "docs", "coverage.md")

// laterAreas are the only places to which the document may put something off.
var laterAreas = []string{
	"the web application people work in", "the auditor's workspace", "distribution and answers to customers", "connectors",
}

// claim is a row of the document.
type claim struct {
	number        int
	about         string
	command, page string // what shows it; both empty where it is later
	later         string // the area
	look          string // what stands in the output or on the page
}

var (
	claimRow  = regexp.MustCompile(`(?m)^\| *(\d+) *\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|$`)
	claimHead = regexp.MustCompile("^`([^`]+)`(?:; .+)?$")
)

func parseClaims(text string) ([]claim, error) {
	var out []claim
	for _, m := range claimRow.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, err
		}
		c := claim{number: n, about: strings.TrimSpace(m[2]), look: strings.TrimSpace(m[4])}
		shown := strings.TrimSpace(m[3])
		head := claimHead.FindStringSubmatch(shown)
		area, later := strings.CutPrefix(shown, "later: ")
		switch {
		case n != len(out)+1:
			return nil, fmt.Errorf("row %d stands where row %d was expected", n, len(out)+1)
		case c.about == "":
			return nil, fmt.Errorf("row %d does not say what it is about", n)
		case later && slices.Contains(laterAreas, area) && c.look == "":
			c.later = area
		case later:
			return nil, fmt.Errorf("row %d: later names one of %q and nothing to look for, not %q, %q", n, laterAreas, area, c.look)
		case head == nil || c.look == "":
			return nil, fmt.Errorf("row %d: %q is no command, page or later, or nothing to look for stands beside it", n, shown)
		case strings.HasPrefix(head[1], "/"):
			c.page = head[1]
		case strings.HasPrefix(head[1], "assay "):
			c.command = head[1]
		default:
			return nil, fmt.Errorf("row %d: %q is neither a command nor a page", n, head[1])
		}
		out = append(out, c)
	}
	return out, nil
}

func TestCoverageRefusesFaultyRows(t *testing.T) {
	t.Parallel()
	const good = "| 1 | a thing | `assay verify`; more later | root |\n"
	if got, err := parseClaims(good); err != nil || len(got) != 1 || got[0].command != "assay verify" || got[0].look != "root" {
		t.Fatalf("parseClaims(good) = %+v, %v", got, err)
	}
	for _, row := range []string{
		"| 3 | a row is missing before it | `assay verify` | root |",
		"| 1 | twice | `assay verify` | root |",
		"| 2 | | `assay verify` | root |",
		"| 2 | nothing to look for | `assay verify` | |",
		"| 2 | no such area | later: somewhere | |",
		"| 2 | later, and claimed | later: connectors | root |",
		"| 2 | neither | `rm` | root |",
		"| 2 | nothing | | root |",
	} {
		if got, err := parseClaims(good + row + "\n"); err == nil {
			t.Errorf("parseClaims(%q) = %+v, want an error", row, got)
		}
	}
}

// TestCoverage runs each command and fetches each page that docs/coverage.md names, and looks for
// what it says they show.
func TestCoverage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(coverage)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := parseClaims(string(text))
	if err != nil {
		t.Fatalf("%s: %v", coverage, err)
	}
	if len(claims) != 99 {
		t.Fatalf("%s has %d rows, want 99", coverage, len(claims))
	}
	dir := foundExample(t)
	shown := map[string]string{} // by command: once each, in the order of the rows
	for _, c := range claims {
		if c.command == "" {
			continue
		}
		if _, ok := shown[c.command]; !ok {
			shown[c.command] = runAsTyped(t, dir, c.command)
		}
		if !strings.Contains(shown[c.command], c.look) {
			t.Errorf("row %d: %q is not in the output of %s", c.number, c.look, c.command)
		}
	}
	pages := servePages(t, filepath.Join(dir, "data"))
	for _, c := range claims {
		if c.page == "" {
			continue
		}
		status, page := fetch(t, pages+c.page)
		switch {
		case status != http.StatusOK:
			t.Errorf("row %d: %s answers %d", c.number, c.page, status)
		case !strings.Contains(page, c.look):
			t.Errorf("row %d: %q is not on %s", c.number, c.look, c.page)
		}
	}
}

// exampleParts are the registers that the pages and commands named need: a fifth of the example
// company, so that readiness, which looks at every item, answers in a second.
var exampleParts = strings.Fields(`systems people accounts aliases vendors vendor_staff assets jobs scans vulnerabilities waivers
	reconciliations shifts security_events alerts incidents notices exercises grants delegations tickets moves access_reviews
	privileged_groups group_reviews privileged_sessions session_reviews deficiencies risks
	commitments inspections`)

// foundExample founds the company of the demo with those parts, in DIR/data, beside the folder of
// answers that the document names.
func foundExample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	answers := filepath.Join("examples", "answers")
	if err := os.CopyFS(filepath.Join(dir, answers), os.DirFS(filepath.Join("..", "..", answers))); err != nil {
		t.Fatal(err)
	}
	files, story := example.Files(1)
	from, to := story.Period.From.String(), story.Period.To.String()
	data := filepath.Join(dir, "data")
	inProcess(t, "init", "--data", data, "--name", story.Organization, "--zone", story.Period.Zone.String(), "--report", story.Report,
		"--from", from, "--to", to, "--implemented", from, "--categories", strings.Join(story.Categories, ","))
	for _, f := range files {
		if !slices.Contains(exampleParts, f.Register) {
			continue
		}
		args := []string{"import", "--data", data, f.Register, write(t, dir, f.Name, f.Data), "--source", f.Source, "--query", f.Query}
		if f.Map != nil {
			args = append(args, "--map", write(t, dir, f.MapName, f.Map))
		}
		for _, k := range slices.Sorted(maps.Keys(f.Params)) {
			args = append(args, "--param", k+"="+f.Params[k])
		}
		for _, k := range slices.Sorted(maps.Keys(f.Control)) {
			args = append(args, "--total", fmt.Sprintf("%s=%d", k, f.Control[k]))
		}
		if f.Expect != nil {
			args = append(args, "--expect-rows", strconv.FormatInt(*f.Expect, 10))
		}
		if f.Extent != "" {
			args = append(args, "--extent", f.Extent)
		}
		inProcess(t, args...)
	}
	return dir
}

func write(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func inProcess(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	a := app.New()
	s := a.Streams(false, false)
	s.Out, s.Err = &out, &out
	if code := cli.Main(t.Context(), args, a.House(), s); code != 0 {
		t.Fatalf("assay %s: exit code %d\n%s", strings.Join(args, " "), code, out.Bytes())
	}
}

// runAsTyped runs a command in a folder as its reader would, and returns as plain words what it
// printed and what it wrote.
func runAsTyped(t *testing.T, dir, command string) string {
	t.Helper()
	words := strings.Fields(command)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ASSAY_DATA="+filepath.Join(dir, "data"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", command, err, stderr.Bytes())
		return ""
	}
	got := plain(string(out))
	if i := slices.Index(words, "--out"); i >= 0 {
		got += written(t, filepath.Join(dir, words[i+1]))
	}
	if words[1] == "export" {
		got += written(t, filepath.Join(dir, words[2]))
	}
	return got
}

// written reads a file, or every file of a folder.
func written(t *testing.T, name string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.WriteString(plain(string(text)))
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return b.String()
}

var tag = regexp.MustCompile(`(?s)<style>.*?</style>|</?[a-zA-Z][^>]*>`)

// plain leaves the words of a page or a text, one space between two.
func plain(text string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(text, " "))), " ")
}

// servePages serves an organization until the test ends, and returns the address.
func servePages(t *testing.T, data string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a := app.New()
	s := a.Streams(false, false)
	said, out := io.Pipe()
	s.Out, s.Err = out, out
	ended := make(chan int, 1)
	go func() {
		code := cli.Main(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, a.House(), s)
		_ = out.CloseWithError(fmt.Errorf("it ended with %d", code))
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve: exit code %d", code)
		}
	})
	lines := bufio.NewScanner(said)
	var base, link string
	for link == "" && lines.Scan() {
		switch text := lines.Text(); {
		case strings.HasPrefix(text, "Serving on "):
			base = strings.Fields(text)[2]
		case strings.Contains(text, "/setup?token="):
			link = text
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	_, token, ok := strings.Cut(link, "token=")
	if !ok {
		t.Fatalf("serve printed no link for the first account: %v", lines.Err())
	}
	res, err := browser.PostForm(base+"/setup", url.Values{"token": {token}, "name": {"Ann Reader"}, "email": {"ann@example.com"}, "password": {"nine paper boats cross the harbour"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	res, err = browser.Get(base + "/") // leads to the only organization
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if !strings.HasPrefix(res.Request.URL.Path, "/o/") {
		t.Fatalf("the first account was led to %s, want its organization's pages", res.Request.URL)
	}
	return base + strings.TrimSuffix(res.Request.URL.Path, "/")
}

// browser keeps cookies, as the person does who made the first account.
var browser = func() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no options that could be wrong
	}
	return &http.Client{Jar: jar}
}()

func fetch(t *testing.T, url string) (status int, page string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, plain(string(b))
}
