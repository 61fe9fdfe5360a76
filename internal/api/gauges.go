package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
)

type forecastIn struct {
	Here
	Today string   `query:"today" format:"date" doc:"Plan from the end of this day; the present one when left out"`
	If    []string `query:"if,explode" maxItems:"20" nullable:"false" doc:"Suppose something, such as IAM-04/billing/2026-Q3=late:10d, or =missed, or =done"`
}

type gapsIn struct {
	Here
	Control  string `query:"control" maxLength:"64" doc:"Only those of this control"`
	Severity string `query:"severity" enum:"red,amber,info"`
	Paged
}

func (a *API) gauges() {
	serve(a, access.ReadResults, operation{id: "readiness", method: http.MethodGet, path: inOrg + "/readiness", tag: "Readiness", summary: "Would the report pass today",
		text: "As `assay ready --json` prints it: gates, criteria, controls, and every gap with its fix."},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[gauge.Readiness], error) {
			if o.Gauge == nil {
				return nil, missing("readiness")
			}
			g, err := o.Gauge.Ready(ctx)
			if err != nil {
				return nil, err
			}
			return &answer[gauge.Readiness]{*g}, nil
		})
	serve(a, access.ReadResults, operation{id: "forecast", heavy: true, method: http.MethodGet, path: inOrg + "/forecast", tag: "Readiness", summary: "When the report can be had",
		text: "As `assay forecast --json` prints it. A day and suppositions are for planning; both are printed in the answer."}, a.forecast)
	serve(a, access.ReadResults, operation{id: "gaps", method: http.MethodGet, path: inOrg + "/gaps", tag: "Readiness", summary: "What is missing, with the fix of each"}, a.gaps)
}

func (a *API) forecast(ctx context.Context, o *Organization, in *forecastIn) (*answer[gauge.Forecast], error) {
	if o.Gauge == nil {
		return nil, missing("the forecast")
	}
	var today *civil.Date
	if in.Today != "" {
		d, err := civil.ParseDate(in.Today)
		if err != nil {
			return nil, refused("query.today", "%v", err)
		}
		today = &d
	}
	for _, s := range in.If {
		if len(s) > 300 || strings.TrimSpace(s) == "" {
			return nil, refused("query.if", "a supposition of %d characters; expected one such as IAM-04/billing/2026-Q3=late:10d", len(s))
		}
	}
	f, err := o.Gauge.Foresee(ctx, today, in.If)
	if err != nil {
		return nil, err
	}
	return &answer[gauge.Forecast]{*f}, nil
}

func (a *API) gaps(ctx context.Context, o *Organization, in *gapsIn) (*answer[list[gauge.Gap]], error) {
	if o.Gauge == nil {
		return nil, missing("readiness")
	}
	g, err := o.Gauge.Ready(ctx)
	if err != nil {
		return nil, err
	}
	query := signature("gaps", in.Control, in.Severity)
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	var all []gauge.Gap
	for _, x := range g.Gaps {
		if (in.Control == "" || x.Control == in.Control) && (in.Severity == "" || x.Severity.String() == in.Severity) {
			all = append(all, x)
		}
	}
	return a.cut(o, query, offset, in.Limit, all), nil
}

// cut makes a page of a list that is held as a whole.
func (a *API) cut(o *Organization, query string, offset, limit int, all []gauge.Gap) *answer[list[gauge.Gap]] {
	return &answer[list[gauge.Gap]]{pageOf(a, o, query, offset, limit, all)}
}

func pageOf[T any](a *API, o *Organization, query string, offset, limit int, all []T) list[T] {
	offset = min(offset, len(all))
	page := append([]T{}, all[offset:min(len(all), offset+limit)]...)
	return list[T]{page, int64(len(all)), a.following(o.ID, query, offset, len(page), int64(len(all)))}
}

type pullsIn struct {
	Here
	Paged
}

type proofIn struct {
	Here
	Index int64 `path:"index" minimum:"0" doc:"The leaf in the ledger" example:"0"`
}

// file is an answer that is no JSON.
type file struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Policy             string `header:"Content-Security-Policy"`
	Body               []byte
}

// sandbox is the policy of every file that came from elsewhere: nothing in it runs, loads or frames, and it is nobody's origin.
const sandbox = "sandbox; default-src 'none'; frame-ancestors 'none'"

func (a *API) provenance() {
	serve(a, access.ReadLedger, operation{id: "ledger", method: http.MethodGet, path: inOrg + "/ledger", tag: "Ledger", summary: "The ledger as it is now",
		text: "The last signed checkpoint, the key it is verified with, and the records that nobody outside vouches for yet."},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[LedgerState], error) {
			if o.Ledger == nil {
				return nil, missing("the ledger")
			}
			l, err := o.Ledger.Ledger(ctx)
			return &answer[LedgerState]{l}, err
		})
	serve(a, access.ReadRecords, operation{id: "proof", method: http.MethodGet, path: inOrg + "/proofs/{index}", tag: "Ledger", summary: "The proof of one leaf",
		text: "A C2SP tlog-proof: it shows that the leaf lies in the tree of a signed checkpoint.", answer: map[string]*huma.Schema{"text/plain": text()}},
		func(ctx context.Context, o *Organization, in *proofIn) (*file, error) {
			if o.Proofs == nil {
				return nil, missing("proofs")
			}
			b, err := o.Proofs.Proof(ctx, in.Index)
			return &file{"text/plain; charset=utf-8", `attachment; filename="` + strconv.FormatInt(in.Index, 10) + `.tlog-proof"`, sandbox, b}, err
		})
	serve(a, access.ReadSources, operation{id: "pulls", method: http.MethodGet, path: inOrg + "/pulls", tag: "Ledger", summary: "The pulls that records came from",
		text: "Each with its IPE record: query, parameters, rows, and what became of them. The latest first."}, a.pulls)
}

func (a *API) pulls(ctx context.Context, o *Organization, in *pullsIn) (*answer[list[Pull]], error) {
	if o.Pulls == nil {
		return nil, missing("the list of pulls")
	}
	query := signature("pulls")
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	page, total, err := o.Pulls.Pulls(ctx, offset, in.Limit)
	if err != nil {
		return nil, err
	}
	if page == nil {
		page = []Pull{}
	}
	return &answer[list[Pull]]{list[Pull]{page, int64(total), a.following(o.ID, query, offset, len(page), int64(total))}}, nil
}
