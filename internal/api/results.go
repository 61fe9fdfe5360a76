package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// Control is a line of the register of controls, as `assay controls --json` prints it.
type Control struct {
	ID            string      `json:"id"`
	Title         string      `json:"title"`
	Version       int         `json:"version"`
	Statement     string      `json:"statement"`
	Shape         string      `json:"shape"`
	Test          string      `json:"test" doc:"compiled, or checklist where a person answers an attribute"`
	Attributes    []Attribute `json:"attributes"`
	Registers     []string    `json:"registers"`
	Criteria      []string    `json:"criteria"`
	ISO27001      []string    `json:"iso27001"`
	Objectives    []string    `json:"objectives"`
	Owner         string      `json:"owner"`
	Frequency     string      `json:"frequency"`
	EvidenceTypes []string    `json:"evidence_types"`
	Escalation    string      `json:"escalation"`
}

// Attribute is one question of a control's test.
type Attribute struct {
	Test   string `json:"test"`
	ID     string `json:"id"`
	Text   string `json:"text"`
	Person bool   `json:"person,omitempty" doc:"Answered by a person's inspection, not by the records of what was done"`
}

// TestRef names one test of one version of a control.
type TestRef struct {
	Control string
	Test    string
	Version int
}

// ItemQuery asks for a page of a test's items.
type ItemQuery struct {
	TestRef
	Verdict assure.Verdict // empty: all
	Month   string         // YYYY-MM of membership; empty: all
	Text    string         // a part of the key; empty: all
	Sort    string         // empty: deviations first; key, -key, event, -event
	Offset  int
	Limit   int
}

// Item is one member of a population with its verdict.
type Item struct {
	Key        string                    `json:"key"`
	Verdict    assure.Verdict            `json:"verdict"`
	EventTime  string                    `json:"event_time" doc:"Instant or civil date of membership; empty when unknown"`
	Attributes []string                  `json:"attributes" doc:"Of a finding: those that have the verdict"`
	Reason     string                    `json:"reason"`
	Records    []string                  `json:"records" doc:"register/key@version, the item's own first"`
	Each       map[string]assure.Verdict `json:"each,omitempty" doc:"The verdict of every attribute, where one item is asked for"`
}

// Record is one record as sealed. Times are RFC 3339; absent ones are empty.
type Record struct {
	Name     string `json:"name" doc:"register/key@version"`
	Register string `json:"register"`
	Key      string `json:"key"`
	Version  int    `json:"version"`
	Source   string `json:"source"`
	Pull     string `json:"pull" doc:"The pull that brought it; empty for what a person entered"`
	Event    string `json:"event,omitempty" doc:"When it happened"`
	Recorded string `json:"recorded,omitempty" doc:"When the source wrote it"`
	Received string `json:"received" doc:"When we got it"`
	Sealed   string `json:"sealed,omitempty" doc:"When the checkpoint that covers it was signed"`
	Index    int64  `json:"index" doc:"The leaf in the ledger"`
	Anchored bool   `json:"anchored" doc:"A checkpoint that somebody outside holds covers it"`
	Erased   bool   `json:"erased,omitempty" doc:"The content was erased, the leaf kept"`
	Body     Object `json:"body"`
}

// list is one page of anything.
type list[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Total int64  `json:"total" doc:"How many there are on all pages"`
	Next  string `json:"next" doc:"The cursor of the next page; empty on the last"`
}

type itemsIn struct {
	Here
	Control string `path:"control" maxLength:"64" doc:"The control" example:"IAM-04"`
	Test    string `query:"test" maxLength:"64" doc:"One of its tests; the first when left out"`
	Version int    `query:"version" minimum:"0" doc:"A version of the control; the one in force last when left out"`
	Verdict string `query:"verdict" enum:"pass,deviation,undecided,not_applicable"`
	Month   string `query:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Local month of membership"`
	Text    string `query:"text" maxLength:"200" doc:"A part of the key"`
	Sort    string `query:"sort" enum:"key,-key,event,-event" doc:"Deviations first when left out"`
	Paged
}

type itemIn struct {
	Here
	Control string `path:"control" maxLength:"64" doc:"The control" example:"IAM-04"`
	Key     string `path:"key" maxLength:"2000" doc:"The item's key, percent-encoded" example:"billing/2026-Q3"`
	Test    string `query:"test" maxLength:"64" doc:"One of its tests; the first when left out"`
	Version int    `query:"version" minimum:"0" doc:"A version of the control; the one in force last when left out"`
}

type proven struct {
	Record
	Proof string `json:"proof,omitempty" doc:"What shows that the record lies in the tree of a signed checkpoint: a C2SP tlog-proof"`
}

type itemStory struct {
	Item
	Control string   `json:"control"`
	Test    string   `json:"test"`
	Version int      `json:"version"`
	Sealed  []proven `json:"sealed" nullable:"false" doc:"The records that the verdict rests on, each with its proof"`
}

func (a *API) results() {
	serve(a, access.ReadResults, operation{id: "results", method: http.MethodGet, path: inOrg + "/results", tag: "Results", summary: "The results of every test",
		text: "As `assay test --json` prints them, without items and findings: those are asked for control by control."},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[assure.Results], error) {
			r, err := o.Results.Tests(ctx)
			if err != nil {
				return nil, err
			}
			x := *r
			x.Controls = make([]assure.TestResult, len(r.Controls))
			for i, t := range r.Controls {
				t.Items, t.Findings = nil, []assure.Finding{}
				x.Controls[i] = t
			}
			return &answer[assure.Results]{x}, nil
		})
	serve(a, access.ReadResults, operation{id: "controls", method: http.MethodGet, path: inOrg + "/controls", tag: "Results", summary: "The register of controls",
		text: "As `assay controls --json` prints them."},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[controls], error) {
			all, err := o.Program.Controls(ctx)
			return &answer[controls]{controls{all}}, err
		})
	serve(a, access.ReadRecords, operation{id: "items", method: http.MethodGet, path: inOrg + "/controls/{control}/items", tag: "Results", summary: "The items of a control's test",
		text: "Every member of the population with its verdict, page by page."}, a.items)
	serve(a, access.ReadRecords, operation{id: "item", method: http.MethodGet, path: inOrg + "/controls/{control}/items/{key}", tag: "Results",
		summary: "An item with its records and their proofs", text: "A key of several parts is percent-encoded: billing%2F2026-Q3."}, a.item)
}

type controls struct {
	Controls []Control `json:"controls" nullable:"false"`
}

// ref finds the test that is meant.
func ref(ctx context.Context, o *Organization, control, test string, version int) (TestRef, error) {
	r, err := o.Results.Tests(ctx)
	if err != nil {
		return TestRef{}, err
	}
	var out TestRef
	for _, t := range r.Controls {
		if t.Control != control || test != "" && t.Test != test || version > 0 && t.Version != version {
			continue
		}
		if out.Test == "" || t.Version > out.Version {
			out = TestRef{t.Control, t.Test, t.Version}
		}
	}
	if out.Test == "" {
		return out, &fault.Error{Kind: fault.NotFound, What: "no such control, test or version"}
	}
	return out, nil
}

func (a *API) items(ctx context.Context, o *Organization, in *itemsIn) (*answer[list[Item]], error) {
	if o.Items == nil {
		return nil, missing("the list of items")
	}
	t, err := ref(ctx, o, in.Control, in.Test, in.Version)
	if err != nil {
		return nil, err
	}
	query := signature("items", t.Control, t.Test, strconv.Itoa(t.Version), in.Verdict, in.Month, in.Text, in.Sort)
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	page, total, err := o.Items.Items(ctx, ItemQuery{t, assure.Verdict(in.Verdict), in.Month, in.Text, in.Sort, offset, in.Limit})
	if err != nil {
		return nil, err
	}
	if page == nil {
		page = []Item{}
	}
	return &answer[list[Item]]{list[Item]{page, int64(total), a.following(o.ID, query, offset, len(page), int64(total))}}, nil
}

// mostRecords bounds how many records one item shows with their proofs.
const mostRecords = 100

func (a *API) item(ctx context.Context, o *Organization, in *itemIn) (*answer[itemStory], error) {
	if o.Items == nil || o.Sealed == nil {
		return nil, missing("the list of items")
	}
	t, err := ref(ctx, o, in.Control, in.Test, in.Version)
	if err != nil {
		return nil, err
	}
	x, err := o.Items.Item(ctx, t, in.Key)
	if err != nil {
		return nil, err
	}
	records, err := o.Sealed.Records(ctx, x.Records[:min(len(x.Records), mostRecords)])
	if err != nil {
		return nil, err
	}
	out := itemStory{Item: x, Control: t.Control, Test: t.Test, Version: t.Version, Sealed: []proven{}}
	for _, r := range records {
		p := proven{Record: r}
		if o.Proofs != nil {
			proof, err := o.Proofs.Proof(ctx, r.Index)
			if err != nil && !errors.Is(err, fault.NotFound) {
				return nil, err
			}
			p.Proof = string(proof)
		}
		out.Sealed = append(out.Sealed, p)
	}
	return &answer[itemStory]{out}, nil
}

// signature is one text of the parts of a query, of which no two have the same.
func signature(parts ...string) string {
	v := url.Values{}
	for i, p := range parts {
		v.Set(strconv.Itoa(i), p)
	}
	return v.Encode()
}
