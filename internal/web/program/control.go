package program

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

type controlData struct {
	line
	List     []scope.Version // every version, the first first
	Served   []served
	Tests    []*tests.Test
	Broken   string // why the test cannot be read
	Walks    []Walkthrough
	Records  bool // the reader may see records
	Lint     []string
	From, To int
	Diffs    []scope.Difference
	Today    civil.Date
	Same     bool // one version is compared with itself
	Waits    []scope.Proposal
	Before   int // controls before and after in the register
}

// served is one criterion that a control serves, with how many other controls in force serve it too.
type served struct {
	catalog.Mapping
	Title   string
	InScope bool
	Others  int
}

func (p *Pages) control(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, _, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d, err := p.controlData(ctx, f, r.PathValue("control"))
	if err != nil {
		return err
	}
	if err := d.compared(r.URL.Query().Get("from"), r.URL.Query().Get("to")); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, controlPage(d))
}

func (p *Pages) controlData(ctx context.Context, f scope.Folder, id string) (controlData, error) {
	vs := f.Of(id)
	if len(vs) == 0 {
		return controlData{}, fault.NotFound
	}
	acted, err := p.acted(ctx)
	if err != nil {
		return controlData{}, err
	}
	d := controlData{List: vs, Today: p.today(f), Records: p.o.Facts != nil && shell.May(ctx, access.ReadRecords)}
	d.line = lines(scope.Folder{Versions: vs}, d.Today, acted)[0]
	d.Criteria, d.Frameworks = shared(*d.Version)
	d.Lint = scope.Lint(d.Control)
	if d.Served, err = p.serves(f, *d.Version, d.Today); err != nil {
		return d, err
	}
	if text := d.testText(); text != "" {
		if d.Tests, err = p.parsed.parse(scope.TestFile(id, d.Version.Version), text, p.o.Registers); err != nil {
			d.Broken = err.Error()
		}
	}
	if d.Records {
		if d.Walks, err = p.o.Facts.Walkthroughs(ctx, id); err != nil {
			return d, err
		}
	}
	list, err := p.o.Changes.Changes(ctx)
	if err != nil {
		return d, err
	}
	for _, x := range list {
		if x.State != scope.Prepared {
			continue
		}
		patch, err := x.Patch()
		if err != nil {
			continue // it holds no files; its own page says so
		}
		for name := range patch.Files {
			if controlOf(name) == id && !slices.ContainsFunc(d.Waits, func(o scope.Proposal) bool { return o.ID == x.ID }) {
				d.Waits = append(d.Waits, x)
			}
		}
	}
	return d, nil
}

// parsed are the tests that were read last, by file and text: to compile one takes longer than to draw its page.
type parsed struct {
	mu   sync.Mutex
	list []parsedTest // the latest used last
}

type parsedTest struct {
	file, text string
	tests      []*tests.Test
	err        error
}

// mostParsed is how many are kept.
const mostParsed = 64

// parse reads a test file. What it returns is not written to.
func (k *parsed) parse(file, text string, regs Registers) ([]*tests.Test, error) {
	k.mu.Lock()
	i := slices.IndexFunc(k.list, func(x parsedTest) bool { return x.file == file && x.text == text })
	if i >= 0 {
		x := k.list[i]
		k.list = append(slices.Delete(k.list, i, i+1), x)
		k.mu.Unlock()
		return x.tests, x.err
	}
	k.mu.Unlock()
	x := parsedTest{file: file, text: text}
	x.tests, x.err = tests.Parse(file, []byte(text), regs)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list = append(k.list, x); len(k.list) > mostParsed {
		k.list = slices.Delete(k.list, 0, len(k.list)-mostParsed)
	}
	return x.tests, x.err
}

// testText is the test that decides: of a mended wording, the one of the version before.
func (d controlData) testText() string {
	v := *d.Version
	for i := len(d.List) - 1; i >= 0 && v.Editorial; i-- {
		if b := d.List[i]; b.Version < v.Version && !b.Editorial {
			return b.Test
		}
	}
	return v.Test
}

// serves lists what a version serves, what the report is about first.
func (p *Pages) serves(f scope.Folder, v scope.Version, on civil.Date) ([]served, error) {
	in, err := f.Program.Criteria(p.catalog)
	if err != nil {
		return nil, err
	}
	others := map[string]int{}
	for _, o := range f.Versions {
		if o.Control.ID != v.Control.ID && o.From <= on && (o.To == nil || *o.To >= on) {
			for _, m := range catalog.Mappings(o.Control) {
				others[m.Framework+"\n"+m.Criterion]++
			}
		}
	}
	var out []served
	for _, m := range catalog.Mappings(v.Control) {
		s := served{Mapping: m, Others: others[m.Framework+"\n"+m.Criterion]}
		if cr, ok := p.catalog.Criterion(m.Criterion); ok {
			s.Title = cr.Title
		}
		s.InScope = slices.ContainsFunc(in, func(c assure.Criterion) bool { return c.ID == m.Criterion && c.Framework == m.Framework })
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b served) int {
		switch {
		case a.InScope == b.InScope:
			return 0
		case a.InScope:
			return -1
		}
		return 1
	})
	return out, nil
}

// compared chooses the two versions to compare: by the address, or the last two.
func (d *controlData) compared(from, to string) error {
	d.To = d.List[len(d.List)-1].Version
	d.From = max(d.To-1, 1)
	for _, x := range []struct {
		text string
		into *int
	}{{from, &d.From}, {to, &d.To}} {
		if x.text == "" {
			continue
		}
		n, err := strconv.Atoi(x.text)
		if err != nil || n < 1 || n > len(d.List) {
			return fault.Refuse("%q is no version of %s; expected a number from 1 to %d", x.text, d.Control.ID, len(d.List))
		}
		*x.into = n
	}
	d.Same = d.From == d.To
	d.Diffs = scope.Compare(d.List[d.From-1], d.List[d.To-1])
	return nil
}

// described is the statement that was in force on the day of a walkthrough.
func (d controlData) described(on civil.Date) string {
	if v, ok := scope.InForce(d.List, on); ok {
		return v.Control.Statement
	}
	return d.Control.Statement
}
