package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
)

// Problem is an answer that is no success, as RFC 9457 has it.
type Problem struct {
	Type    string  `json:"type" format:"uri-reference" doc:"Where the kind of problem is explained"`
	Title   string  `json:"title" doc:"The kind of problem in words; the same for every problem of its type"`
	Status  int     `json:"status" doc:"The HTTP status"`
	Detail  string  `json:"detail,omitempty" doc:"What went wrong this time"`
	Hint    string  `json:"hint,omitempty" doc:"What to do about it"`
	Errors  []Fault `json:"errors,omitempty" nullable:"false" doc:"Each thing that is at fault, with its place"`
	Current *Sides  `json:"current,omitempty" doc:"Of a stale edit: the version that is there now; left out where the caller may not read it"`
	Yours   *Sides  `json:"yours,omitempty" doc:"Of a stale edit: what was to be written"`
}

// Fault is one thing at fault in a request.
type Fault struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty" doc:"Where: path, query, header or body, and the field in it"`
	File     string `json:"file,omitempty" doc:"Of an import: the file"`
	Line     int    `json:"line,omitempty" doc:"Of an import: the line, from 1"`
	Field    string `json:"field,omitempty" doc:"The field by its own name"`
}

// Sides is one of two versions of a record.
type Sides struct {
	Version int    `json:"version"`
	Body    Object `json:"body"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problems, whatever was asked for.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// kinds names the problems by status: an anchor of the reference page, the title, and what to do.
var kinds = []struct {
	status            int
	name, title, text string
}{
	{400, "bad-request", "The request cannot be read", "The request is not of the form that the operation documents. Nothing was changed."},
	{401, "sign-in", "Sign in first", "No valid token or session came with the request. Send Authorization: Bearer and a token that has not expired."},
	{403, "not-allowed", "Not allowed", "You are a member, and neither your roles nor the token's scopes include this act."},
	{404, "not-found", "Not found", "There is no such thing, or you may not know that there is. Both answer alike."},
	{405, "method", "This address does not know the method", "The header Allow lists the methods."},
	{406, "not-acceptable", "No such form of answer", "Answers are application/json, unless the operation says otherwise."},
	{408, "timeout", "The request took too long", "The body did not arrive in time. Nothing was changed."},
	{409, "in-flight", "A request with this Idempotency-Key is being worked on", "Wait, and send the same request again."},
	{412, "stale", "Somebody else was faster", "The record has a newer version than If-Match names. The answer holds both; compare, and send your change again on top of the newer one."},
	{413, "too-large", "Too large", "The body holds more than the operation takes."},
	{415, "media-type", "No such form of body", "The operation documents which media types it takes."},
	{422, "refused", "Refused", "The request was understood and what it says is refused; errors says where and why. Nothing was changed."},
	{428, "precondition", "If-Match is missing", "A change names the version that it was made from, so that nobody overwrites what they have not seen."},
	{429, "too-many", "Too many requests", "Wait for as many seconds as Retry-After says. Others are not slowed."},
	{500, "machine", "A fault of the machine", "It was logged. Of a write nobody can say whether it was done: look before you repeat it under another Idempotency-Key."},
	{503, "busy", "Busy", "What is asked for is in use. Try again in a moment."},
}

func newProblem(status int, detail string) *Problem {
	p := &Problem{Type: Base + "/#problem-other", Title: http.StatusText(status), Status: status, Detail: detail}
	for _, k := range kinds {
		if k.status == status {
			p.Type, p.Title = Base+"/#problem-"+k.name, k.title
		}
	}
	return p
}

// huma makes its own refusals of requests through this hook, which is one for the whole process; no other package uses huma.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		if status == http.StatusInternalServerError {
			return newProblem(status, "") // what went wrong inside is nobody's business outside
		}
		p := newProblem(status, msg)
		for _, err := range errs {
			var d huma.ErrorDetailer
			if errors.As(err, &d) { // the value is left out: it may be a secret, and the caller knows it
				p.Errors = append(p.Errors, Fault{Message: d.ErrorDetail().Message, Location: d.ErrorDetail().Location})
			} else if err != nil {
				p.Errors = append(p.Errors, Fault{Message: err.Error()})
			}
		}
		return p
	}
}

// write sends a problem outside of huma.
func (p *Problem) write(w http.ResponseWriter) {
	b, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n')) // the reader went away: nothing is lost
}

// refuse sends an error that came before huma.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := a.problem(context.WithValue(r.Context(), requestKey{}, &exchange{w, r}), err)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="assay"`)
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	p.write(w)
}

// problem makes what a caller may learn of an error.
func (a *API) problem(ctx context.Context, err error) *Problem {
	var own *Problem
	var tooLarge *http.MaxBytesError
	var stale *operate.Stale
	_, r := asked(ctx)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &tooLarge), errors.Is(err, operate.ErrLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "the body holds more than the operation takes")
	case errors.Is(err, access.SignIn):
		return newProblem(http.StatusUnauthorized, "")
	case errors.Is(err, access.StepUp):
		p := newProblem(http.StatusForbidden, err.Error())
		p.Type = Base + "/#problem-step-up"
		p.Hint = "a person has to sign in and to prove again who they are; no token can"
		return p
	case errors.As(err, &stale):
		return staleProblem(ctx, stale)
	}
	status := 0
	for _, k := range []struct {
		kind   error
		status int
	}{{fault.Denied, 403}, {fault.NotFound, 404}, {fault.Busy, 503}, {fault.Refused, 422}} {
		if status == 0 && errors.Is(err, k.kind) {
			status = k.status
		}
	}
	if status == 0 || errors.Is(err, fault.Integrity) {
		if r != nil && !errors.Is(err, context.Canceled) {
			a.o.Failed(r, err)
		}
		return newProblem(http.StatusInternalServerError, "")
	}
	p := newProblem(status, "")
	p.Hint = fault.Hint(err)
	p.add(err)
	return p
}

// add lists what is at fault: a joined error is taken apart.
func (p *Problem) add(err error) {
	for _, e := range parts(err) {
		var x *fault.Error
		if !errors.As(e, &x) {
			p.Detail = strings.TrimSpace(p.Detail + " " + e.Error())
			continue
		}
		if p.Detail == "" {
			p.Detail = x.Error()
		}
		if x.File == "" && x.Line == 0 && x.Field == "" {
			continue
		}
		c := *x
		c.File, c.Line, c.Field = "", 0, ""
		f := Fault{Message: c.Error(), File: x.File, Line: x.Line, Field: x.Field, Location: "body"}
		if x.Line > 0 {
			f.Location += fmt.Sprintf("[%d]", x.Line)
		}
		if x.Field != "" {
			f.Location += "." + x.Field
		}
		p.Errors = append(p.Errors, f)
	}
}

func parts(err error) []error {
	if _, ok := err.(*fault.Error); ok { //nolint:errorlint // only a joined error is taken apart
		return []error{err}
	}
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range many.Unwrap() {
		if e != nil {
			out = append(out, parts(e)...)
		}
	}
	return out
}

// staleProblem shows both versions of a stale edit; the other's only to whoever may read records.
func staleProblem(ctx context.Context, s *operate.Stale) *Problem {
	p := newProblem(http.StatusPreconditionFailed, s.Error())
	p.Yours = &Sides{Version: s.Drawn, Body: slices.Clone(s.Mine)}
	if s.Current.Version > 0 && access.From(ctx).May(access.ReadRecords) {
		p.Current = &Sides{Version: s.Current.Version, Body: slices.Clone(s.Current.Body)}
	}
	return p
}

// missing is the answer of an organization that does not serve a thing, such as a folder that cannot be written.
func missing(what string) error {
	return &fault.Error{Kind: fault.NotFound, What: what + " is not served here"}
}
