package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
)

// Document is one document that can be drawn.
type Document struct {
	Kind    string   `json:"kind"`
	Title   string   `json:"title"`
	Own     bool     `json:"own" doc:"It is the report that the organization prepares"`
	Formats []string `json:"formats" doc:"None when it cannot be drawn"`
	Missing string   `json:"missing,omitempty" doc:"Why it cannot be drawn"`
}

// Member is somebody who belongs to the organization.
type Member struct {
	Email string        `json:"email"`
	Name  string        `json:"name"`
	Roles []access.Role `json:"roles" nullable:"false"`
}

type documentIn struct {
	Here
	Kind   string `path:"kind" maxLength:"64" doc:"The document" example:"soc2-type2"`
	Format string `query:"format" required:"true" maxLength:"32" doc:"One of its formats"`
}

// mediaTypes of drafts, by format.
var mediaTypes = map[string]string{
	"html": "text/html; charset=utf-8", "json": "application/json", "pdf": "application/pdf",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

type documents struct {
	Documents []Document `json:"documents" nullable:"false"`
}

type members struct {
	Members []Member `json:"members" nullable:"false"`
}

func (a *API) documents() {
	serve(a, access.ReadDrafts, operation{id: "documents", method: http.MethodGet, path: inOrg + "/documents", tag: "Documents", summary: "The documents that can be drawn"},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[documents], error) {
			if o.Documents == nil {
				return nil, missing("documents")
			}
			all, err := o.Documents.Kinds(ctx)
			return &answer[documents]{documents{all}}, err
		})
	serve(a, access.ReadDrafts, operation{id: "document", heavy: true, method: http.MethodGet, path: inOrg + "/documents/{kind}", tag: "Documents", summary: "A draft",
		text: "Management's draft in one of its formats, as an attachment. It is no report until it is issued.", answer: map[string]*huma.Schema{"application/octet-stream": octets(), "application/pdf": octets(), "text/html": text(),
			"application/json": object(), mediaTypes["docx"]: octets(), mediaTypes["xlsx"]: octets()}},
		func(ctx context.Context, o *Organization, in *documentIn) (*file, error) {
			if o.Documents == nil {
				return nil, missing("documents")
			}
			var b bytes.Buffer
			if err := o.Documents.Draw(ctx, in.Kind, in.Format, &b); err != nil {
				return nil, err
			}
			kind := mediaTypes[in.Format]
			if strings.HasPrefix(in.Format, "oscal") {
				kind = "application/json"
			}
			if kind == "" {
				kind = "application/octet-stream"
			}
			ext, _, _ := strings.Cut(in.Format, "-")
			return &file{kind, attachment("draft-" + in.Kind + "." + ext), sandbox, b.Bytes()}, nil
		})
}

func (a *API) people() {
	serve(a, access.ReadPeople, operation{id: "members", method: http.MethodGet, path: inOrg + "/members", tag: "People", summary: "Who is a member, in which roles"},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[members], error) {
			if o.Members == nil {
				return nil, missing("the list of members")
			}
			all, err := o.Members.Members(ctx)
			if all == nil {
				all = []Member{}
			}
			return &answer[members]{members{all}}, errorsOnly(err)
		})
}

// errorsOnly lets fault.NotFound of a whole list pass as a fault of the machine: a list is there, though it may be empty.
func errorsOnly(err error) error {
	if errors.Is(err, fault.NotFound) {
		return errors.New(err.Error())
	}
	return err
}
