package program

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// line is a control as the register of the program shows it. The version is the program's own, and not written to.
type line struct {
	*scope.Version
	State      scope.State
	Since      *civil.Date
	Versions   int
	Criteria   int
	Frameworks int
	Waiting    bool // a change of it waits for approval
}

type registerData struct {
	All, Shown []line
	State      scope.State
	Text       string
	Here, Last int
	Waiting    int      // changes that wait
	Missing    []string // controls of the library that the program has not
}

// perPage is how many controls a page of the register shows.
const perPage = 100

func (p *Pages) register(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d := registerData{State: scope.State(q.Get("state")), Text: q.Get("q")}
	if d.State != "" && !slices.Contains(scope.States(), d.State) {
		return fault.Refuse("%q is no state of a control; expected one of %v", d.State, scope.States())
	}
	waiting, n, err := p.waiting(ctx)
	if err != nil {
		return err
	}
	d.Waiting = n
	acted, err := p.acted(ctx)
	if err != nil {
		return err
	}
	d.All, d.Missing = p.inOrder(f, rev, acted)
	text := strings.ToLower(strings.TrimSpace(d.Text))
	fits := make([]*line, 0, len(d.All))
	for i := range d.All {
		if l := &d.All[i]; (d.State == "" || l.State == d.State) && has(l, text) {
			fits = append(fits, l)
		}
	}
	d.Last = max((len(fits)+perPage-1)/perPage, 1)
	d.Here = 1
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		d.Here = min(max(n, 1), d.Last)
	}
	for _, l := range fits[min((d.Here-1)*perPage, len(fits)):min(d.Here*perPage, len(fits))] {
		x := *l
		x.Criteria, x.Frameworks = shared(*l.Version)
		x.Waiting = waiting[l.Control.ID]
		d.Shown = append(d.Shown, x)
	}
	return shell.Page(w, r, http.StatusOK, registerPage(d))
}

// ordered are the lines of a program as they were made last, with what they were made from: a program holds thousands of controls, and
// many readers ask for the same ones.
type ordered struct {
	mu       sync.Mutex
	revision int64
	on       civil.Date
	acted    map[string]bool
	list     []line
	missing  []string // controls of the library that the program has not
}

// inOrder makes one line of each control, and names those of the library that are not among them. What it returns is not written to.
func (p *Pages) inOrder(f scope.Folder, revision int64, acted map[string]bool) (list []line, missing []string) {
	k := &p.ordered[0]
	if acted == nil { // the reader may not see what acted
		k = &p.ordered[1]
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if on := p.today(f); k.list == nil || k.revision != revision || k.on != on || !maps.Equal(k.acted, acted) {
		k.list, k.missing, k.revision, k.on, k.acted = lines(f, on, acted), nil, revision, on, acted
		there := make(map[string]bool, len(k.list))
		for i := range k.list {
			there[k.list[i].Control.ID] = true
		}
		for _, c := range p.catalog.Controls {
			if !there[c.ID] {
				k.missing = append(k.missing, c.ID)
			}
		}
	}
	return k.list, k.missing
}

// lines makes one line of each control, with the version in force, or the nearest to it.
func lines(f scope.Folder, on civil.Date, acted map[string]bool) []line {
	out := make([]line, 0, len(f.Versions))
	for i := 0; i < len(f.Versions); {
		j := i
		for j < len(f.Versions) && f.Versions[j].Control.ID == f.Versions[i].Control.ID {
			j++
		}
		vs := f.Versions[i:j]
		i = j
		at := len(vs) - 1
		for n := at; n >= 0; n-- {
			if vs[n].From <= on && (vs[n].To == nil || *vs[n].To >= on) {
				at = n
				break
			}
		}
		l := line{Version: &vs[at], Versions: len(vs)}
		l.State, l.Since = scope.StateOf(vs, on, acted[l.Control.ID])
		out = append(out, l)
	}
	return out
}

// shared counts what a control serves, and in how many frameworks.
func shared(v scope.Version) (criteria, frameworks int) {
	in := map[string]bool{}
	list := catalog.Mappings(v.Control)
	for _, m := range list {
		in[m.Framework] = true
	}
	return len(list), len(in)
}

// has reports whether a control holds a text, which is in lower case.
func has(l *line, text string) bool {
	if text == "" {
		return true
	}
	c := &l.Control
	for _, s := range []string{c.ID, c.Title, c.Owner, c.Statement} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return false
}

// acted tells which controls records show acting, to readers who may see results.
func (p *Pages) acted(ctx context.Context) (map[string]bool, error) {
	if p.o.Facts == nil || !shell.May(ctx, access.ReadResults) {
		return nil, nil
	}
	return p.o.Facts.Acted(ctx)
}

// waiting tells which controls a prepared change touches, and how many changes wait in all.
func (p *Pages) waiting(ctx context.Context) (map[string]bool, int, error) {
	list, err := p.o.Changes.Changes(ctx)
	if err != nil {
		return nil, 0, err
	}
	out, n := map[string]bool{}, 0
	for _, x := range list {
		if x.State != scope.Prepared {
			continue
		}
		n++
		patch, err := x.Patch()
		if err != nil {
			continue // it holds no files; its own page says so
		}
		for name := range patch.Files {
			out[controlOf(name)] = true
		}
	}
	delete(out, "")
	return out, n, nil
}

// controlOf names the control that a file of the program is about.
func controlOf(file string) string {
	if id, ok := strings.CutPrefix(file, "controls/"); ok {
		return strings.TrimSuffix(id, ".yaml")
	}
	if id, ok := strings.CutPrefix(file, "tests/"); ok {
		id, _, _ = strings.Cut(strings.TrimSuffix(id, ".txtar"), ".v")
		return id
	}
	return ""
}

var stateNames = map[scope.State]string{
	scope.Draft: phrase.Mark("Draft"), scope.Designed: phrase.Mark("Designed"), scope.Implemented: phrase.Mark("Implemented"),
	scope.Operating: phrase.Mark("Operating"), scope.Retired: phrase.Mark("Retired"),
}

var stateMarks = map[scope.State]report.Mark{
	scope.Draft: report.MarkNone, scope.Designed: report.MarkUndecided, scope.Implemented: report.MarkUnproven,
	scope.Operating: report.MarkPass, scope.Retired: report.MarkNA,
}

func stateWord(ctx context.Context, s scope.State) string { return shell.T(ctx, stateNames[s]) }

// pageAt is the address of a page of the register under the same filter.
func (d registerData) pageAt(n int) string {
	return "/program?" + query("state", string(d.State), "q", d.Text, "page", strconv.Itoa(n))
}

func (d registerData) count(s scope.State) int {
	n := 0
	for i := range d.All {
		if d.All[i].State == s {
			n++
		}
	}
	return n
}
