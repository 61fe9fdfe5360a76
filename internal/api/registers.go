package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Register is a register with its schema.
type Register struct {
	Name    string          `json:"name"`
	Title   string          `json:"title"`
	Doc     string          `json:"doc"`
	Key     []string        `json:"key" nullable:"false" doc:"The fields that name a record, joined with /"`
	ByAct   bool            `json:"by_act" doc:"Its records are made by an act of their own and cannot be written here"`
	Fields  []RegisterField `json:"fields" nullable:"false"`
	Version string          `json:"layout" doc:"Changes with the fields and their types"`
}

// RegisterField is one field of a register.
type RegisterField struct {
	Name     string   `json:"name"`
	Type     string   `json:"type" doc:"text, bool, int, instant (RFC 3339 with its offset) or date (YYYY-MM-DD)"`
	Doc      string   `json:"doc"`
	Required bool     `json:"required"`
	Values   []string `json:"values,omitempty" doc:"The closed list of values of a text field"`
	Ref      string   `json:"ref,omitempty" doc:"The register whose key the field names"`
	Personal bool     `json:"personal,omitempty" doc:"Clear personal data"`
}

type RegisterIn struct {
	Here
	Register string `path:"register" maxLength:"64" doc:"The register" example:"meetings"`
}

type recordsIn struct {
	RegisterIn
	Where []string `query:"where,explode" maxItems:"10" nullable:"false" doc:"A condition: field:eq:value, field:le:value, field:ge:value, field:has or field:lacks; all must hold"`
	Text  string   `query:"text" maxLength:"200" doc:"A part of the key or of a text field"`
	Sort  string   `query:"sort" maxLength:"65" doc:"A field, with a minus in front for the other way round; by key when left out"`
	Paged
}

type RecordIn struct {
	RegisterIn
	Key string `path:"key" maxLength:"2000" doc:"The record's key, percent-encoded" example:"meeting-2026-09"`
}

type historyOut struct {
	ETag string `header:"ETag" doc:"The latest version, for If-Match"`
	Body history
}

type history struct {
	Record   Record   `json:"record" doc:"The latest version"`
	Versions []Record `json:"versions" nullable:"false" doc:"Every version, the first first"`
}

// Fields are what a record says, by the names of its register. Null says nothing.
type Fields map[string]any

type newRecordIn struct {
	RegisterIn
	Body struct {
		Fields Fields `json:"fields" doc:"By the names of the register's schema: text, true or false, whole numbers. A key that the register mints may be left out."`
	}
}

type editIn struct {
	RecordIn
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The version that the change was made from, as ETag gave it: \"3\""`
	Body    struct {
		Fields Fields `json:"fields" doc:"All of the record's fields: one that is left out says nothing from now on"`
	}
}

type savedOut struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     saved
}

type saved struct {
	Register  string `json:"register"`
	Key       string `json:"key"`
	Version   int    `json:"version"`
	Unchanged bool   `json:"unchanged" doc:"It said what was there already, and nothing was written"`
}

func (a *API) registers() {
	serve(a, access.ReadProgram, operation{id: "registers", method: http.MethodGet, path: inOrg + "/registers", tag: "Registers", summary: "The registers with their schemas"},
		func(_ context.Context, o *Organization, _ *Here) (*answer[registerList], error) {
			if o.Schemas == nil {
				return nil, missing("the list of registers")
			}
			out := registerList{Registers: []Register{}}
			for _, n := range o.Schemas.Names() {
				out.Registers = append(out.Registers, describe(o.Schemas.Schema(n)))
			}
			return &answer[registerList]{out}, nil
		})
	serve(a, access.ReadProgram, operation{id: "register", method: http.MethodGet, path: inOrg + "/registers/{register}", tag: "Registers", summary: "One register with its schema"},
		func(_ context.Context, o *Organization, in *RegisterIn) (*answer[Register], error) {
			s, err := schema(o, in.Register)
			if err != nil {
				return nil, err
			}
			return &answer[Register]{describe(s)}, nil
		})
	serve(a, access.ReadRecords, operation{id: "records", method: http.MethodGet, path: inOrg + "/registers/{register}/records", tag: "Registers", summary: "The records of a register",
		text: "Of each key the latest version, page by page."}, a.records)
	serve(a, access.ReadRecords, operation{id: "record", method: http.MethodGet, path: inOrg + "/registers/{register}/records/{key}", tag: "Registers", summary: "A record with its versions",
		text: "A key of several parts is percent-encoded."}, a.record)
	serve(a, access.DoWork, operation{id: "enter-record", method: http.MethodPost, path: inOrg + "/registers/{register}/records", tag: "Registers", summary: "Enter a record",
		status: http.StatusCreated, text: "The record is sealed as entered by a person: the one for whom the token acts. Who is who, in people and aliases, is entered by whom the policy run work lets, and nobody enters it of themselves."},
		func(ctx context.Context, o *Organization, in *newRecordIn) (*savedOut, error) {
			return a.save(ctx, o, in.Register, "", 0, in.Body.Fields)
		})
	serve(a, access.DoWork, operation{id: "edit-record", method: http.MethodPut, path: inOrg + "/registers/{register}/records/{key}", tag: "Registers", summary: "Write the next version of a record", errors: []int{412, 428}, also: []access.Policy{access.ReadRecords},
		text: "Nothing is overwritten: earlier versions stay. If-Match names the version that the change was made from; where there is a newer one the answer is 412 and holds both."}, a.edit)
}

type registerList struct {
	Registers []Register `json:"registers" nullable:"false"`
}

func schema(o *Organization, name string) (*register.Schema, error) {
	if o.Schemas == nil || o.Books == nil {
		return nil, missing("the list of registers")
	}
	s := o.Schemas.Schema(name)
	if s == nil {
		return nil, &fault.Error{Kind: fault.NotFound, What: "no such register" + register.DidYouMean(name, o.Schemas.Names())}
	}
	return s, nil
}

func describe(s *register.Schema) Register {
	_, act := operate.ByAct(s.Name)
	r := Register{Name: s.Name, Title: s.Title, Doc: s.Doc, Key: s.Key, ByAct: act, Version: s.Layout(), Fields: []RegisterField{}}
	for _, f := range s.Fields {
		r.Fields = append(r.Fields, RegisterField{f.Name, string(f.Type), f.Doc, f.Required, f.Values, f.Ref, f.Personal})
	}
	return r
}

func (a *API) records(ctx context.Context, o *Organization, in *recordsIn) (*answer[list[Record]], error) {
	s, err := schema(o, in.Register)
	if err != nil {
		return nil, err
	}
	q := record.Query{Text: in.Text, Limit: in.Limit}
	if q.Where, err = filters(s, in.Where); err != nil {
		return nil, err
	}
	if q.Sort, q.Desc, err = order(s, in.Sort); err != nil {
		return nil, err
	}
	query := signature(append([]string{"records", in.Register, in.Text, in.Sort}, in.Where...)...)
	if q.Offset, err = a.cursors.read(o.ID, query, in.Cursor); err != nil {
		return nil, err
	}
	page, total, err := o.Books.List(ctx, o.ID, s, q)
	if err != nil {
		return nil, err
	}
	out := list[Record]{[]Record{}, total, a.following(o.ID, query, q.Offset, len(page), total)}
	for _, k := range page {
		out.Items = append(out.Items, shown(k))
	}
	return &answer[list[Record]]{out}, nil
}

func shown(k record.Known) Record {
	r := Record{Name: k.Name(), Register: k.Register, Key: k.Key, Version: k.Version, Source: k.Source, Pull: string(k.Pull), Received: k.Received.String(), Index: k.Index, Body: k.Body}
	if k.Event != nil {
		r.Event = k.Event.String()
	}
	if k.Recorded != nil {
		r.Recorded = k.Recorded.String()
	}
	return r
}

func (a *API) record(ctx context.Context, o *Organization, in *RecordIn) (*historyOut, error) {
	if _, err := schema(o, in.Register); err != nil {
		return nil, err
	}
	h, err := o.Books.History(ctx, o.ID, in.Register, in.Key)
	if err != nil {
		return nil, err
	}
	if len(h) == 0 {
		return nil, fault.NotFound
	}
	out := history{Record: shown(h[len(h)-1]), Versions: []Record{}}
	for _, k := range h {
		out.Versions = append(out.Versions, shown(k))
	}
	return &historyOut{etag(out.Record.Version), out}, nil
}

func etag(version int) string { return `"` + strconv.Itoa(version) + `"` }

func (a *API) edit(ctx context.Context, o *Organization, in *editIn) (*savedOut, error) {
	if in.IfMatch == "" {
		return nil, newProblem(http.StatusPreconditionRequired, "the change names no version that it was made from")
	}
	n, err := strconv.Atoi(strings.Trim(in.IfMatch, `"`))
	if err != nil || n < 1 || etag(n) != in.IfMatch {
		return nil, &Problem{Type: Base + "/#problem-bad-request", Title: "The request cannot be read", Status: 400, Detail: "If-Match names no version",
			Errors: []Fault{{Message: `expected one version in quotes, as ETag gave it: "3"`, Location: "header.If-Match"}}}
	}
	return a.save(ctx, o, in.Register, in.Key, n, in.Body.Fields)
}

func (a *API) save(ctx context.Context, o *Organization, name, key string, version int, fields Fields) (*savedOut, error) {
	if o.Desk == nil {
		return nil, missing("the desk where records are entered")
	}
	s, err := schema(o, name)
	if err != nil {
		return nil, err
	}
	if operate.Guarded(name) {
		if err := access.Decide(access.RunWork, access.From(ctx)); err != nil {
			return nil, err
		}
	}
	typed, err := texts(s, fields)
	if err != nil {
		return nil, err
	}
	x, err := o.Desk.Save(ctx, operate.Entry{Actor: actor(ctx, o), Register: name, Key: key, Version: version, Fields: typed})
	var stale *operate.Stale
	if errors.As(err, &stale) && key == "" { // nothing was edited: the key is taken
		p := newProblem(http.StatusUnprocessableEntity, stale.Error())
		p.Errors = []Fault{{Message: stale.Error(), Location: "body.fields." + s.Key[0], Field: s.Key[0]}}
		return nil, p
	}
	if err != nil {
		return nil, err
	}
	where := strings.Replace(inOrg, "{org}", url.PathEscape(o.Slug), 1) + "/registers/" + url.PathEscape(x.Register) + "/records/" + url.PathEscape(x.Key)
	return &savedOut{etag(x.Version), where, saved{x.Register, x.Key, x.Version, x.Unchanged}}, nil
}

// actor is for whom the request acts.
func actor(ctx context.Context, o *Organization) operate.Actor {
	return operate.Actor{Org: o.ID, Zone: o.Zone, Email: access.From(ctx).Email}
}

// texts makes of JSON values what the desk reads. A program says a time with its offset: unlike a person it knows it.
func texts(s *register.Schema, fields Fields) (map[string]string, error) {
	out := map[string]string{}
	p := newProblem(http.StatusUnprocessableEntity, "the record is refused")
	bad := func(field, message string) {
		p.Errors = append(p.Errors, Fault{Message: message, Location: "body.fields." + short(field), Field: short(field)})
	}
	for name, v := range fields {
		f, known := s.Field(name)
		if !known {
			bad(name, s.Name+" has no such field"+register.DidYouMean(name, s.Names()))
			continue
		}
		switch v := v.(type) {
		case nil:
		case string:
			if f.Type == register.Instant && v != "" {
				if _, err := civil.ParseInstant(v); err != nil {
					bad(name, err.Error())
					continue
				}
			}
			out[name] = v
		case bool:
			out[name] = strconv.FormatBool(v)
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
				bad(name, "expected a whole number of at most 2^53, or text")
				continue
			}
			out[name] = strconv.FormatInt(int64(v), 10)
		default:
			bad(name, "expected text, true, false, a whole number or null")
		}
	}
	slices.SortFunc(p.Errors, func(a, b Fault) int { return strings.Compare(a.Location, b.Location) })
	if len(p.Errors) > 0 {
		return nil, p
	}
	return out, nil
}
