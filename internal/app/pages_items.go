package app

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/web"
)

// places are where the items stand that a question leaves, in its order: among the findings or all items of a test. Whoever turns a
// page or comes back does not have them sorted again.
type places struct {
	pick
	at []int32
}

type pick struct {
	res      *assure.Results
	ref      web.TestRef
	findings bool
	verdict  assure.Verdict
	text     string
	month    string
	sort     web.Sort
}

// mostPlaces is how many places are kept, over all questions; those of the question that was asked last are kept in any case.
const mostPlaces = 2_000_000

// rank orders verdicts in lists: what needs a person first.
func rank(v assure.Verdict) int {
	switch v {
	case assure.Deviation:
		return 0
	case assure.Undecided:
		return 1
	case assure.Pass:
		return 2
	}
	return 3
}

// Items pages through a test's items. Those that need a person are kept with the results; the others are listed by testing again.
func (p *pages) Items(ctx context.Context, q web.Query) ([]web.Item, int, error) {
	t, res, err := p.found(ctx, q.TestRef)
	if err != nil {
		return nil, 0, err
	}
	at := p.picked(res, t, q, true)
	total, known := fromFindings(t, q, len(at))
	if !known {
		if t, res, err = p.listed(ctx, q.TestRef); err != nil {
			return nil, 0, err
		}
		at = p.picked(res, t, q, false)
		total = len(at)
	}
	at = at[min(q.Offset, len(at)):min(q.Offset+q.Limit, len(at))]
	var out []web.Item
	for _, n := range at {
		w := view(t, itemOf(t, int(n), known))
		if w.Values, err = p.values(ctx, q, w); err != nil {
			return nil, 0, err
		}
		out = append(out, w)
	}
	return out, total, nil
}

// fromFindings says whether the findings alone answer a query, and how many items it finds.
func fromFindings(t assure.TestResult, q web.Query, hits int) (int, bool) {
	switch {
	case q.Verdict == assure.Deviation || q.Verdict == assure.Undecided:
		return hits, true
	case q.Verdict == "" && q.Text == "" && q.Month == "" && q.Sort == web.ByVerdict && q.Offset+q.Limit <= hits:
		return t.Population, true
	}
	return 0, false
}

// itemOf is one of a test's findings, or of its items.
func itemOf(t assure.TestResult, n int, findings bool) assure.Item {
	if !findings {
		return t.Items[n]
	}
	f := &t.Findings[n]
	return assure.Item{Key: f.Key, Verdict: f.Verdict, EventTime: f.EventTime}
}

// picked gives the places of the items that a query leaves, in its order.
func (p *pages) picked(res *assure.Results, t assure.TestResult, q web.Query, findings bool) []int32 {
	k := pick{res, q.TestRef, findings, q.Verdict, strings.ToLower(q.Text), q.Month, q.Sort}
	if at, ok := p.have(k); ok {
		return at
	}
	p.listing.Lock()
	defer p.listing.Unlock()
	if at, ok := p.have(k); ok {
		return at
	}
	at := k.choose(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.picks = append(slices.DeleteFunc(p.picks, func(x places) bool { return x.res != res || x.pick == k }), places{k, at})
	n := 0
	for i := len(p.picks) - 1; i >= 0; i-- {
		if n += cap(p.picks[i].at) + 1000; n > mostPlaces && i < len(p.picks)-1 { // a question that leaves nothing is kept too
			p.picks = slices.Clone(p.picks[i+1:])
			break
		}
	}
	return at
}

func (p *pages) have(k pick) ([]int32, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.picks, func(x places) bool { return x.pick == k })
	if i < 0 {
		return nil, false
	}
	x := p.picks[i]
	p.picks = append(slices.Delete(p.picks, i, i+1), x)
	return x.at, true
}

func (k pick) choose(t assure.TestResult) []int32 {
	n := len(t.Items)
	if k.findings {
		n = len(t.Findings)
	}
	var at []int32
	for i := range n {
		x := itemOf(t, i, k.findings)
		if (k.verdict == "" || x.Verdict == k.verdict) && (k.text == "" || strings.Contains(strings.ToLower(x.Key), k.text)) &&
			(k.month == "" || strings.HasPrefix(x.EventTime, k.month)) {
			at = append(at, int32(i)) //nolint:gosec // a test has fewer items than that
		}
	}
	slices.SortFunc(at, func(a, b int32) int {
		return cmp.Or(compare(k.sort, itemOf(t, int(a), k.findings), itemOf(t, int(b), k.findings)), int(a-b))
	})
	return at
}

func compare(by web.Sort, a, b assure.Item) int {
	switch by {
	case web.ByKey:
		return strings.Compare(a.Key, b.Key)
	case web.ByKeyDown:
		return strings.Compare(b.Key, a.Key)
	case web.ByEvent, web.ByLatest:
		if a.EventTime == "" || b.EventTime == "" {
			return strings.Compare(b.EventTime, a.EventTime) // those without a time last
		}
		if by == web.ByLatest {
			a, b = b, a
		}
		return strings.Compare(a.EventTime, b.EventTime)
	}
	return rank(a.Verdict) - rank(b.Verdict)
}

func view(t assure.TestResult, i assure.Item) web.Item {
	w := web.Item{Key: i.Key, Verdict: i.Verdict, EventTime: i.EventTime, Each: i.Attributes}
	at, found := slices.BinarySearchFunc(t.Findings, i.Key, func(f assure.Finding, key string) int { return strings.Compare(f.Key, key) })
	if found {
		f := t.Findings[at]
		w.Verdict, w.Attributes, w.Reason, w.Records = f.Verdict, f.Attributes, f.Reason, f.Records
	}
	return w
}
