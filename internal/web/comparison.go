package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// Shelf keeps drafts with their models, so that two can be compared. It may be nil: then no page of it is served.
type Shelf interface {
	// Kept lists the drafts that were kept, the latest first. One without a model cannot be compared.
	Kept(ctx context.Context) ([]publish.Draft, error)
	// Keep keeps a draft of the kind as it is now; empty: the organization's own.
	Keep(ctx context.Context, by access.Visitor, kind, title string) (publish.Draft, error)
	// Model gives a draft that was kept, or the draft of the kind as it is now where no id is given. It is fault.NotFound for a draft that
	// does not exist, or whose model was erased, and fault.Refused for one that was kept without.
	Model(ctx context.Context, id, kind string) (*report.Kept, publish.Draft, error)
	// State answers the same for as long as the drafts of the ids do, and the drafts as they are now. It costs little.
	State(ctx context.Context, ids ...string) (string, error)
}

func (s *Site) shelfRoutes() []shell.Route {
	return []shell.Route{
		{Method: http.MethodGet, Pattern: "/documents/drafts", Policy: access.ReadDrafts, Handler: s.drafts},
		{Method: http.MethodPost, Pattern: "/documents/drafts", Policy: access.RunWork, Handler: s.keepDraft},
		{Method: http.MethodGet, Pattern: "/documents/compare", Policy: access.ReadDrafts, Handler: s.comparison},
	}
}

// compareURL leads to what differs between two drafts; empty is the draft as it is now.
func compareURL(from, to string) string {
	q := url.Values{"from": {from}}
	if to != "" {
		q.Set("to", to)
	}
	return "/documents/compare?" + q.Encode()
}

type draftsData struct {
	head
	List []publish.Draft
	Form shell.Form
}

func (s *Site) draftsData(ctx context.Context) (draftsData, error) {
	d := draftsData{head: head{shell.T(ctx, "Drafts that were kept")}}
	var err error
	d.List, err = s.o.Shelf.Kept(ctx)
	d.Form = shell.Form{Action: "/documents/drafts", Submit: shell.T(ctx, "Keep the draft as it is now"), Fields: []shell.Field{
		{Name: "title", Label: shell.T(ctx, "What it is kept for"), Required: true, Max: 200, Help: shell.T(ctx, "Such as: before the walkthroughs, or sent to the auditor.")}}}
	return d, err
}

// models are the drafts that can be compared.
func (d draftsData) models() []publish.Draft {
	return slices.DeleteFunc(slices.Clone(d.List), func(x publish.Draft) bool { return x.Model == "" })
}

func (s *Site) drafts(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftsData(r.Context())
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, draftsPage(d))
}

func (s *Site) keepDraft(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	failed := shell.ReadForm(w, r)
	if failed == nil {
		if _, failed = s.o.Shelf.Keep(ctx, access.From(ctx), "", r.PostForm.Get("title")); failed == nil {
			shell.Say(w, shell.Flash{Text: shell.T(ctx, "The draft is kept as it is now, with its model.")})
			return shell.Redirect(w, r, "/documents/drafts")
		}
	}
	if !errors.Is(failed, fault.Refused) {
		return failed
	}
	d, err := s.draftsData(ctx)
	if err != nil {
		return err
	}
	d.Form = d.Form.Filled(r).WithErrors(failed)
	return shell.Page(w, r, http.StatusUnprocessableEntity, draftsPage(d))
}

type comparisonData struct {
	head
	From, To string
	compared // nothing where Known is false
	Known    bool
	Section  string // the one that is shown whole; empty: the beginning of each
	Page     int
	Drafts   []publish.Draft
	Refused  string
}

func (s *Site) comparison(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	d := comparisonData{head: head{shell.T(ctx, "Compare two drafts")}, From: q.Get("from"), To: q.Get("to"), Section: q.Get("section")}
	var err error
	if d.Page, err = pageOf(q); err != nil {
		return err
	}
	list, err := s.draftsData(ctx)
	if err != nil {
		return err
	}
	d.Drafts = list.models()
	if d.From == "" && len(d.Drafts) > 0 && d.Drafts[0].ID != d.To {
		d.From = d.Drafts[0].ID
	}
	if d.From == "" {
		return shell.Page(w, r, http.StatusOK, comparisonPage(d))
	}
	d.compared, err = s.compare(ctx, d.From, d.To)
	var refused *fault.Error
	if errors.Is(err, fault.Refused) && errors.As(err, &refused) {
		d.Refused = refused.What
		return shell.Page(w, r, http.StatusOK, comparisonPage(d))
	}
	if err != nil {
		return err
	}
	d.Known = true
	if d.Section != "" && !d.changes(ctx).Has(d.Section) {
		return fault.NotFound
	}
	return shell.Page(w, r, http.StatusOK, comparisonPage(d))
}

// compared is what differs between two drafts.
type compared struct {
	key     string
	Was, Is publish.Draft
	C       report.Comparison
}

// comparisons are those that were made last, the latest used last. The models are not kept: they are large, and what differs is small.
type comparisons struct {
	mu   sync.Mutex // held by whoever compares, so that of many who ask one does
	list []compared
}

// mostCompared is how many are kept.
const mostCompared = 8

// compare gives what differs between two drafts. It is not written to. A draft that was kept may be erased: then its state is another, and
// nothing is given from before.
func (s *Site) compare(ctx context.Context, from, to string) (compared, error) {
	state, err := s.o.Shelf.State(ctx, from, to)
	if err != nil {
		return compared{}, err
	}
	k := &s.comparisons
	k.mu.Lock()
	defer k.mu.Unlock()
	key := strings.Join([]string{from, to, state}, "\x00")
	if i := slices.IndexFunc(k.list, func(x compared) bool { return x.key == key }); i >= 0 {
		x := k.list[i]
		k.list = append(slices.Delete(k.list, i, i+1), x)
		return x, nil
	}
	x := compared{key: key}
	was, a, err := s.o.Shelf.Model(ctx, from, "")
	if err != nil {
		return x, err
	}
	is, b, err := s.o.Shelf.Model(ctx, to, a.Report)
	if err != nil {
		return x, err
	}
	x.Was, x.Is, x.C = a, b, report.Compare(was, is)
	if k.list = append(k.list, x); len(k.list) > mostCompared {
		k.list = slices.Delete(k.list, 0, 1)
	}
	return x, nil
}

// url is the address of the same comparison, of one section or of all.
func (d comparisonData) url(section string, page int) string {
	u := compareURL(d.From, d.To)
	if section != "" {
		u += "&section=" + url.QueryEscape(section)
	}
	if page > 1 {
		u += "&page=" + strconv.Itoa(page)
	}
	return u
}

// changes are what the page shows of the comparison.
func (d comparisonData) changes(ctx context.Context) shell.Changes {
	return shell.Changes{Comparison: d.C, Section: d.Section, Page: d.Page, To: d.url, Control: func(id string) string { return "/controls/" + id },
		Note: shell.T(ctx, "From %s records to %s. Passages are rows of tables, paragraphs, items of lists and terms.", count(ctx, d.Was.Size), count(ctx, d.Is.Size))}
}

// draftWord names a draft where the reader chooses one.
func draftWord(ctx context.Context, x publish.Draft) string {
	title := x.Title
	if title == "" {
		title = kindTitle(x.Report)
	}
	return title + ", " + moment(ctx, x.At)
}

// moment is an instant to the minute, in the reader's zone, as text.
func moment(ctx context.Context, s string) string {
	return strings.Replace(shortMoment(report.Moment(s, shell.From(ctx).Zone)), "T", " ", 1)
}

func shortMoment(s string) string {
	if len(s) > 16 && s[10] == ' ' {
		return s[:16]
	}
	return s
}

func kindTitle(kind string) string {
	if k, err := scope.KindOf(kind); err == nil {
		return k.Title
	}
	return kind
}

// nextModel finds the draft before the i-th, of the same report, that can be compared; -1 where there is none.
func nextModel(list []publish.Draft, i int) int {
	for j := i + 1; j < len(list); j++ {
		if list[j].Model != "" && list[j].Report == list[i].Report {
			return j
		}
	}
	return -1
}
