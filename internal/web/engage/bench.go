package examination

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

const itemsOfPage = 500

// bench is the side-by-side view of one test: the client's items on the one side, the auditor's marks on the other.
type bench struct {
	Control    ControlView
	Test       TestView
	Paper      *engage.TestPaper // nil: nothing is on paper
	Attributes []Attribute
	Items      []benchItem
	Total      int
	Sample     *engage.Sample // whose items these are; nil: those of the population
	Samples    []engage.Sample
	Verdict    string
	Page, Last int
	Chosen     *ItemView // whose records are drawn beside the list
	Marked     int
	Raised     map[string]string // item -> deviation
	Typed      url.Values        // what was posted and refused; nil else
	Refused    error
}

// letter is what stands in a cell.
func (b *bench) letter(x *benchItem, i int, attribute string) string {
	if name := "mark." + strconv.Itoa(i) + "." + x.Key; b.Typed.Has(name) {
		return b.Typed.Get(name)
	}
	return letterOf(x.Marks[attribute].Result)
}

// why is what stands beside the cells of an item.
func (b *bench) why(x *benchItem) string {
	if name := "why." + x.Key; b.Typed.Has(name) {
		return b.Typed.Get(name)
	}
	return x.Note
}

type benchItem struct {
	ItemView
	Void    bool
	Instead string
	Marks   map[string]engage.Mark
	Note    string
	Raised  string
}

// letters are the marks as they are typed.
var letters = []choice{{"p", "pass"}, {"d", "deviation"}, {"n", "not_applicable"}, {"u", "undecided"}}

func letterOf(result string) string {
	for _, l := range letters {
		if l[1] == result {
			return l[0]
		}
	}
	return ""
}

func resultOf(letter string) string {
	for _, l := range letters {
		if l[0] == strings.ToLower(letter) {
			return l[1]
		}
	}
	return ""
}

// attributes of a test: the client's, or, where the mirror knows none, those that were marked, or one.
func attributes(t TestView, paper *engage.TestPaper) []Attribute {
	if len(t.Attributes) > 0 {
		return t.Attributes
	}
	have := map[string]bool{}
	var out []Attribute
	if paper != nil {
		for _, list := range paper.Marks {
			for a := range list {
				if !have[a] {
					have[a] = true
					out = append(out, Attribute{ID: a})
				}
			}
		}
	}
	if len(out) == 0 {
		return []Attribute{{ID: "A"}}
	}
	slices.SortFunc(out, func(a, b Attribute) int { return compare(a.ID, b.ID) })
	return out
}

type benchQuery struct {
	sample, verdict, item string
	page                  int
}

func readBench(q url.Values) (benchQuery, error) {
	b := benchQuery{sample: q.Get("sample"), verdict: q.Get("verdict"), item: q.Get("item"), page: 1}
	for _, f := range []string{"sample", "verdict", "item"} {
		if err := shell.CheckText(f, q.Get(f)); err != nil {
			return b, err
		}
	}
	if !slices.Contains([]string{"", "all", "pass", "deviation", "undecided", "not_applicable"}, b.verdict) {
		return b, fault.At("", 0, "verdict", "%q is no verdict; expected pass, deviation, undecided, not_applicable or all", cut(b.verdict, 40))
	}
	if s := q.Get("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1_000_000 {
			return b, fault.At("", 0, "page", "%q is no page; expected a number from 1", cut(s, 40))
		}
		b.page = n
	}
	return b, nil
}

// benchOf puts the view together: the sample's items where there is one or it is asked for, else what deviates or is undecided.
func (p *Pages) benchOf(r *http.Request) (*bench, error) {
	ctx, id, test := r.Context(), r.PathValue("id"), r.PathValue("test")
	c, err := p.control(r)
	if err != nil {
		return nil, err
	}
	q, err := readBench(r.URL.Query())
	if err != nil {
		return nil, err
	}
	b := &bench{Control: c, Test: TestView{ID: test}, Page: q.page, Verdict: q.verdict}
	for _, t := range c.Tests {
		if t.ID == test {
			b.Test = t
		}
	}
	var items []engage.SampledItem
	err = p.o.House.See(ctx, id, func(e *engage.Engagement) error {
		for _, s := range e.Samples {
			if s.Test == test {
				s.Items = slices.Clone(s.Items)
				b.Samples = append(b.Samples, s)
			}
		}
		if b.Test.Sentence == "" && len(b.Samples) == 0 && (e.Papers[c.ID] == nil || e.Papers[c.ID].Tests[test] == nil) {
			return fault.NotFound
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.Samples, func(s engage.Sample) bool { return s.ID == q.sample })
	if i < 0 && q.sample != "" {
		return nil, fault.NotFound
	}
	if i < 0 && q.verdict == "" && len(b.Samples) > 0 {
		i = len(b.Samples) - 1
	}
	query := ItemQuery{Offset: (q.page - 1) * itemsOfPage, Limit: itemsOfPage}
	if i >= 0 {
		b.Sample = &b.Samples[i]
		items = b.Sample.Items
		b.Total = len(items)
		items = items[min(query.Offset, len(items)):min(query.Offset+itemsOfPage, len(items))]
		query = ItemQuery{Keys: []string{}, Limit: itemsOfPage}
		for _, x := range items {
			query.Keys = append(query.Keys, x.Key)
		}
	} else {
		if b.Verdict == "" {
			b.Verdict = "all"
			if b.Test.Deviating > 0 {
				b.Verdict = "deviation"
			}
		}
		if query.Verdict = b.Verdict; query.Verdict == "all" {
			query.Verdict = ""
		}
	}
	found, total, err := p.o.Firm.Items(ctx, id, test, query)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return nil, err
	}
	b.fill(items, found, total)
	return b, p.choose(r, b, q.item)
}

// fill takes the items in the sample's order; one that the mirror does not know stands by its key.
func (b *bench) fill(items []engage.SampledItem, found []ItemView, total int) {
	if b.Sample == nil {
		b.Total = total
		for _, x := range found {
			b.Items = append(b.Items, benchItem{ItemView: x})
		}
	} else {
		at := make(map[string]ItemView, len(found))
		for _, x := range found {
			at[x.Key] = x
		}
		for _, x := range items {
			it := benchItem{ItemView: ItemView{Key: x.Key}, Void: x.Void, Instead: x.Instead}
			if f, ok := at[x.Key]; ok {
				it.ItemView = f
			}
			b.Items = append(b.Items, it)
		}
	}
	b.Last = max(1, (b.Total+itemsOfPage-1)/itemsOfPage)
}

// choose draws the records of one item: of that which is asked for, or the first.
func (p *Pages) choose(r *http.Request, b *bench, key string) error {
	if key == "" && len(b.Items) > 0 {
		key = b.Items[0].Key
	}
	if key == "" {
		return nil
	}
	x, err := p.o.Firm.Item(r.Context(), r.PathValue("id"), b.Test.ID, key)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	b.Chosen = &x
	return err
}

// marked takes over what is on paper, while the engagement stands still.
func (b *bench) marked(v *view) {
	if p := v.e.Papers[b.Control.ID]; p != nil {
		b.Paper = p.Tests[b.Test.ID]
	}
	b.Attributes = attributes(b.Test, b.Paper)
	b.Raised = map[string]string{}
	for _, d := range v.e.Deviations {
		if d.Test == b.Test.ID {
			for _, x := range d.Items {
				b.Raised[x] = d.ID
			}
		}
	}
	for i := range b.Items {
		x := &b.Items[i]
		x.Raised = b.Raised[x.Key]
		if b.Paper == nil {
			continue
		}
		x.Marks = b.Paper.Marks[x.Key]
		if len(x.Marks) > 0 {
			b.Marked++
		}
		x.Note = together(x.Marks)
	}
}

// together are the notes of an item's marks in one line, by the order of the attributes.
func together(list map[string]engage.Mark) string {
	out := ""
	for _, a := range slices.Sorted(maps.Keys(list)) {
		if n := list[a].Note; n != "" && !strings.Contains(out, n) {
			out = strings.TrimPrefix(out+"; "+n, "; ")
		}
	}
	return out
}

func (p *Pages) bench(w http.ResponseWriter, r *http.Request) error {
	b, err := p.benchOf(r)
	if err != nil {
		return err
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) {
		b.marked(v)
		return benchPage(v, b), nil
	})
}

// again draws the view with marks that were refused, as they were typed.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, refused error) error {
	r.SetPathValue("control", shell.Value(r, "control"))
	r.SetPathValue("test", shell.Value(r, "test"))
	q := url.Values{}
	for _, name := range []string{"sample", "verdict", "page"} {
		if s := shell.Value(r, name); s != "" {
			q.Set(name, s)
		}
	}
	r.URL.RawQuery = q.Encode()
	b, err := p.benchOf(r)
	if err != nil {
		return refused
	}
	b.Typed, b.Refused = r.PostForm, refused
	return p.draw(w, r, http.StatusUnprocessableEntity, func(v *view) (templ.Component, error) {
		b.marked(v)
		return benchPage(v, b), nil
	})
}

// item is what the view loads when another item is looked at.
func (p *Pages) item(w http.ResponseWriter, r *http.Request) error {
	if err := errors.Join(p.firmOnly(), p.guard(r), shell.CheckText("key", r.URL.Query().Get("key"))); err != nil {
		return err
	}
	x, err := p.o.Firm.Item(r.Context(), r.PathValue("id"), r.PathValue("test"), r.URL.Query().Get("key"))
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, itemView(x, p.o.Zone))
}

var tickDeed = &deed{kind: "tick", title: phrase.Mark("Mark items"), submit: phrase.Mark("Keep the marks"), said: phrase.Mark("The marks are on the paper."),
	fields: func(d *desk) []shell.Field { return controlTest(d) },
	body:   ticks,
	back: func(d *desk) string {
		return withQuery(base(d.id)+"/papers/"+url.PathEscape(d.value("control"))+"/"+url.PathEscape(d.value("test")), "sample", d.value("sample"), "verdict", d.value("verdict"), "page", d.value("page"))
	}}

// ticks reads the marks of a form: mark.I.KEY is the letter of the I-th attribute that the form names, why.KEY what is said of the item.
// What stands on paper already is no new act.
func ticks(d *desk) (any, error) {
	b := engage.Ticks{Control: d.value("control"), Test: d.value("test")}
	names := d.r.PostForm["attribute"]
	have := map[string]map[string]engage.Mark{}
	if p := d.e.Papers[b.Control]; p != nil && p.Tests[b.Test] != nil {
		have = p.Tests[b.Test].Marks
	}
	fields := make([]string, 0, len(d.r.PostForm))
	for name := range d.r.PostForm {
		if strings.HasPrefix(name, "mark.") {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	for _, name := range fields {
		letter := strings.TrimSpace(d.r.PostForm.Get(name))
		at, key, ok := strings.Cut(strings.TrimPrefix(name, "mark."), ".")
		i, err := strconv.Atoi(at)
		if !ok || err != nil || i < 0 || i >= len(names) || key == "" {
			return nil, fault.Refuse("the form names a mark that is none: %q", cut(name, 60))
		}
		was, marked := have[key][names[i]]
		if letter == "" {
			if marked {
				return nil, fault.Refuse("%s, attribute %s: a mark is replaced by another one, never taken back", key, names[i])
			}
			continue
		}
		x := engage.Tick{Item: key, Attribute: names[i], Mark: engage.Mark{Result: resultOf(letter)}}
		if x.Result == "" {
			return nil, fault.Refuse("%s, attribute %s: %q is no mark; expected p, d, n or u", key, names[i], cut(letter, 10))
		}
		if x.Result != "pass" || i == 0 && passes(d.r.PostForm, key) {
			x.Note = strings.TrimSpace(d.r.PostForm.Get("why." + key))
		}
		if marked && was.Result == x.Result && (was.Note == x.Note || x.Note == together(have[key])) {
			continue
		}
		if x.Result != "pass" && x.Note == "" {
			return nil, fault.Refuse("%s, attribute %s: nothing says why it is %s; expected words", key, names[i], strings.ReplaceAll(x.Result, "_", " "))
		}
		b.Marks = append(b.Marks, x)
	}
	if len(b.Marks) == 0 {
		return nil, fault.Refuse("no mark is new; expected p, d, n or u in at least one cell")
	}
	return b, nil
}

// passes reports whether a form marks nothing but passes of an item: what is said of it then goes with the first.
func passes(form url.Values, key string) bool {
	for name, v := range form {
		if at, of, ok := strings.Cut(strings.TrimPrefix(name, "mark."), "."); ok && at != "" && of == key && strings.HasPrefix(name, "mark.") && v[0] != "" && resultOf(v[0]) != "pass" {
			return false
		}
	}
	return true
}

// extentOf says how much was seen. A whole population has no level of confidence, and none is printed.
func extentOf(t *engage.TestPaper) report.ExtentKind {
	if t == nil || t.Extent == "" {
		return report.Whole
	}
	return t.Extent
}
