package work

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// book is a register with pages of its own: a list with the clocks of its records, and a page of each record with what belongs to it.
// Whatever a register of people's work needs beyond its form is said in one of these; the pages themselves are the same for all.
type book struct {
	path     string // below the organization; of a record followed by its key
	register string
	control  string // the control whose evidence it is

	title, says, none, hint, enter, item func(context.Context) string

	columns func(context.Context) []string // of the list, after the record itself
	views   []view                         // the first is shown unless another is asked for
	line    func(context.Context, *reading, operate.Fact) line
	owed    func(context.Context, *reading) []owed // what is owed once in a span of days
	matrix  bool                                   // likelihood and impact, as a picture
	facts   []string                               // fields on the page of a record, in their order
	texts   []string                               // longer ones, each with a heading
	parts   []*annex
}

// view is a choice of lines.
type view struct {
	name string
	text func(context.Context) string
}

// line is a record on the list.
type line struct {
	Key, Title, Sub    string
	Cells              []datum
	Views              []string // those that it belongs to, besides all
	Late               bool
	Due                *civil.Date
	Likelihood, Impact int
	words              string // what a search looks at
}

// datum is what stands in a column: words, or a clock, or a bar.
type datum struct {
	Text, Sub string
	Mark      report.Mark // before the text
	Clock     *operate.Clock
	Cover     *operate.Cover
	Path      string // a link
	Day       string // a day to be shown as one
}

// owed is something due once in a span, whatever the records are.
type owed struct {
	Text  string
	Clock operate.Clock
}

// annex is a register whose records belong to those of a book.
type annex struct {
	register string
	link     string // its field that holds the key of the record it belongs to
	title    func(context.Context) string
	none     func(context.Context) string
	add      func(context.Context) string
	fields   []string // asked for
	needs    []string // of these, those without which it says nothing
	shows    []string // columns of its table
	order    string   // the day by which it is sorted, the latest first
	ends     string   // the day that ends one; it has a button
	done     func(context.Context) string
	clock    func(operate.Fact, civil.Date) operate.Clock // shown with each
	fixed    func(today civil.Date) map[string]string     // said without asking
	check    func(context.Context, *entry) error          // what a schema cannot say; its errors name fields
	carry    func(*entry) func(parent operate.Fact) (map[string]string, error)
}

// entry is what was typed into the form of an annex.
type entry struct {
	fields map[string]string
	today  civil.Date
	others func() ([]operate.Fact, error) // of the same record, as they are at that moment
}

// reading is what a book's pages read at one size of the ledger. It is not changed once made.
type reading struct {
	size     int64
	today    civil.Date
	items    []operate.Fact
	parts    map[string]map[string][]operate.Fact // by register and key of the record they belong to
	holidays civil.Holidays
	courses  map[string]operate.Course

	// Of the moment, not of the registers.
	period    civil.Period
	hasPeriod bool
	vendors   []assure.Subservice
}

// shelves keep what the books read.
type shelves struct {
	mu   sync.Mutex
	kept map[string]*reading
	work sync.Mutex // held by whoever reads anew: others wait for that
}

func (s *shelves) get(path string, size int64, today civil.Date) *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.kept[path]; r != nil && r.size == size && r.today == today {
		return r
	}
	return nil
}

func (s *shelves) put(path string, r *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]*reading{}
	}
	s.kept[path] = r
}

func (p *Pages) bookRoutes(on func(method, pattern string, policy access.Policy, h shell.Handler)) {
	for _, b := range books {
		on(http.MethodGet, b.path, access.ReadRecords, func(w http.ResponseWriter, r *http.Request) error { return p.list(w, r, b) })
		on(http.MethodGet, b.path+"/{key}", access.ReadRecords, func(w http.ResponseWriter, r *http.Request) error { return p.item(w, r, b) })
		if len(b.parts) > 0 || b.register == courses {
			on(http.MethodPost, b.path+"/{key}/{part}", access.DoWork, func(w http.ResponseWriter, r *http.Request) error { return p.attach(w, r, b) })
			on(http.MethodPost, b.path+"/{key}/{part}/done", access.DoWork, func(w http.ResponseWriter, r *http.Request) error { return p.done(w, r, b) })
		}
	}
}

func (b *book) of(key string) string { return b.path + "/" + url.PathEscape(key) }

// bookOf finds the book of a register; nil where it has none.
func bookOf(register string) *book {
	if i := slices.IndexFunc(books, func(b *book) bool { return b.register == register }); i >= 0 {
		return books[i]
	}
	return nil
}

// read gives what a book's pages show. What was read is kept until something is recorded.
func (p *Pages) read(ctx context.Context, b *book) (*reading, error) {
	size, err := p.o.Board.Size.Size(ctx, p.o.Org)
	if err != nil {
		return nil, err
	}
	kept, err := p.shelved(ctx, b, size, p.today())
	if err != nil {
		return nil, err
	}
	r := *kept
	if p.o.Period != nil {
		if r.period, r.hasPeriod, err = p.o.Period(ctx); err != nil {
			return nil, err
		}
	}
	if p.o.Vendors != nil {
		r.vendors, err = p.o.Vendors(ctx)
	}
	return &r, err
}

func (p *Pages) shelved(ctx context.Context, b *book, size int64, today civil.Date) (*reading, error) {
	if r := p.shelves.get(b.path, size, today); r != nil {
		return r, nil
	}
	p.shelves.work.Lock()
	defer p.shelves.work.Unlock()
	if r := p.shelves.get(b.path, size, today); r != nil {
		return r, nil
	}
	r, err := p.readAnew(ctx, b, size, today)
	if err == nil {
		p.shelves.put(b.path, r)
	}
	return r, err
}

func (p *Pages) readAnew(ctx context.Context, b *book, size int64, today civil.Date) (*reading, error) {
	r := &reading{size: size, today: today, parts: map[string]map[string][]operate.Fact{}, courses: map[string]operate.Course{}}
	var err error
	if b.register == courses {
		list, err := p.o.Desk.Courses(ctx, p.o.Org, p.o.Zone)
		for _, c := range list {
			r.items, r.courses[c.ID] = append(r.items, c.Fact), c
		}
		return r, err
	}
	if r.items, err = p.o.Desk.Facts(ctx, p.o.Org, b.register); err != nil {
		return nil, err
	}
	for _, x := range b.parts {
		list, err := p.o.Desk.Facts(ctx, p.o.Org, x.register)
		if err != nil {
			return nil, err
		}
		r.parts[x.register] = x.sort(list)
	}
	days, err := p.o.Desk.Facts(ctx, p.o.Org, "holidays")
	r.holidays.Days = map[civil.Date]bool{}
	for _, f := range days {
		if d := f.Day("day"); d != nil {
			r.holidays.Days[*d] = true
		}
	}
	return r, err
}

// sort puts records to those that they belong to, the latest first.
func (x *annex) sort(list []operate.Fact) map[string][]operate.Fact {
	by := map[string][]operate.Fact{}
	for _, f := range list {
		by[f.Text(x.link)] = append(by[f.Text(x.link)], f)
	}
	for _, of := range by {
		slices.SortStableFunc(of, func(a, b operate.Fact) int { return strings.Compare(b.Text(x.order), a.Text(x.order)) })
	}
	return by
}

type listData struct {
	Book               *book
	Lines              []line
	Total              int // of the register
	View               string
	Counts             map[string]int
	Text               string
	Owed               []owed
	Matrix             *matrix
	Likelihood, Impact string
	Page, Last         int
	Query              url.Values
	Today              civil.Date
	Zone               civil.Zone
}

// matrix counts risks by likelihood and impact.
type matrix struct {
	Size  int // of the scale
	Count map[[2]int]int
	Bare  int // without a rating
}

// scale is how far a scale goes unless ratings on record go further, and widest what is drawn at most.
const (
	scale  = 5
	widest = 10
)

// list shows the records of a book against their clocks.
func (p *Pages) list(w http.ResponseWriter, r *http.Request, b *book) error {
	ctx := r.Context()
	q := r.URL.Query()
	d := listData{Book: b, View: q.Get("view"), Text: q.Get("q"), Likelihood: q.Get("likelihood"), Impact: q.Get("impact"), Query: q, Zone: p.o.Zone, Today: p.today(), Counts: map[string]int{}}
	if err := shell.CheckText("q", d.Text); err != nil {
		return err
	}
	if d.View == "" {
		d.View = b.views[0].name
	}
	if !slices.ContainsFunc(b.views, func(v view) bool { return v.name == d.View }) {
		return fault.At("", 0, "view", "%q is no view of this page", d.View)
	}
	var err error
	if d.Page, err = pageOf(q); err != nil {
		return err
	}
	rd, err := p.read(ctx, b)
	if err != nil {
		return err
	}
	d.Total = len(rd.items)
	if b.owed != nil {
		d.Owed = b.owed(ctx, rd)
	}
	found := d.find(ctx, rd)
	if b.matrix && d.Total > 0 {
		d.Matrix = counted(found)
		found = rated(found, d.Likelihood, d.Impact)
	}
	slices.SortStableFunc(found, sooner)
	d.Last = max(1, (len(found)+rowsOfPage-1)/rowsOfPage)
	from := min((d.Page-1)*rowsOfPage, len(found))
	d.Lines = found[from:min(from+rowsOfPage, len(found))]
	return shell.Page(w, r, http.StatusOK, listPage(d))
}

// find picks the lines that the address asks for, and counts those of each view.
func (d *listData) find(ctx context.Context, rd *reading) []line {
	text := strings.ToLower(d.Text)
	var found []line
	for _, f := range rd.items {
		x := d.Book.line(ctx, rd, f)
		if text != "" && !strings.Contains(strings.ToLower(x.Key+"\n"+x.Title+"\n"+x.Sub+"\n"+x.words), text) {
			continue
		}
		d.Counts["all"]++
		for _, v := range x.Views {
			d.Counts[v]++
		}
		if d.View == "all" || slices.Contains(x.Views, d.View) {
			found = append(found, x)
		}
	}
	return found
}

// sooner puts what is late first, then what is due next; what owes nothing comes last.
func sooner(a, b line) int {
	if a.Late != b.Late {
		return btoi(b.Late) - btoi(a.Late)
	}
	switch {
	case a.Due == nil && b.Due == nil:
		return 0
	case a.Due == nil:
		return 1
	case b.Due == nil:
		return -1
	}
	return cmp.Compare(*a.Due, *b.Due)
}

func counted(list []line) *matrix {
	m := &matrix{Size: scale, Count: map[[2]int]int{}}
	for _, x := range list {
		if x.Likelihood < 1 || x.Impact < 1 || x.Likelihood > widest || x.Impact > widest {
			m.Bare++
			continue
		}
		m.Size = max(m.Size, x.Likelihood, x.Impact)
		m.Count[[2]int{x.Likelihood, x.Impact}]++
	}
	return m
}

// rated keeps the lines of one cell of the matrix.
func rated(list []line, likelihood, impact string) []line {
	return slices.DeleteFunc(list, func(x line) bool {
		return likelihood != "" && likelihood != number(x.Likelihood) || impact != "" && impact != number(x.Impact)
	})
}
