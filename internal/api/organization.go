package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Organization is what the API serves of one organization. A part that is nil is not served; About, Results and Program are needed.
type Organization struct {
	ID   id.Org
	Slug string
	Name string
	Zone civil.Zone

	Report string        // the kind of report, as the command line names it
	Title  string        // the same as a person reads it
	Period *civil.Period // of a Type 2
	AsOf   *civil.Date   // of a Type 1

	Results    Results
	Program    Program
	Items      Items
	Sealed     Sealed
	Proofs     Proofs
	Pulls      Pulls
	Gauge      Gauge
	Ledger     Ledger
	Schemas    Schemas
	Books      operate.Books
	Desk       Desk
	Importer   Importer
	Evidence   Evidence
	Tasks      Tasks
	Deviations operate.Deviations
	Answers    Answers
	Documents  Documents
	Members    Members
	Hooks      Hooks
}

// Results gives the results of every test for the period, as package web asks for them.
type Results interface {
	Tests(ctx context.Context) (*assure.Results, error)
}

// Program gives the register of controls.
type Program interface {
	Controls(ctx context.Context) ([]Control, error)
}

// Items gives the items of a test; Item answers fault.NotFound for a key that is none.
type Items interface {
	Items(ctx context.Context, q ItemQuery) (items []Item, total int, err error)
	Item(ctx context.Context, t TestRef, key string) (Item, error)
}

// Sealed gives records by name. A name that does not exist is left out.
type Sealed interface {
	Records(ctx context.Context, names []string) ([]Record, error)
}

// Proofs gives the C2SP tlog-proof of one leaf; fault.NotFound: no such leaf.
type Proofs interface {
	Proof(ctx context.Context, index int64) ([]byte, error)
}

// Pulls gives a page of the pulls, the latest first, and how many there are.
type Pulls interface {
	Pulls(ctx context.Context, offset, limit int) (list []Pull, total int, err error)
}

// Gauge judges how the report stands and foresees when it can be had. Nobody writes to what it gives.
type Gauge interface {
	Ready(ctx context.Context) (*gauge.Readiness, error)
	Foresee(ctx context.Context, today *civil.Date, ifs []string) (*gauge.Forecast, error)
}

// Ledger tells of the ledger as it is now.
type Ledger interface {
	Ledger(ctx context.Context) (LedgerState, error)
}

// Schemas knows the registers.
type Schemas interface {
	Schema(name string) *register.Schema // nil for an unknown one
	Names() []string
}

// Desk writes records and answers.
type Desk interface {
	Save(ctx context.Context, e operate.Entry) (operate.Saved, error)
	Answer(ctx context.Context, a operate.Actor, x operate.Answer) error
	AnswerOf(ctx context.Context, org id.Org, test, item string) ([]operate.Answer, error)
}

// Importer takes files in.
type Importer interface {
	Import(ctx context.Context, r collect.ImportRequest) (collect.Summary, error)
}

// Evidence takes files as evidence and gives them back.
type Evidence interface {
	Give(ctx context.Context, a operate.Actor, g operate.Given, r io.Reader) (operate.Exhibit, error)
	List(ctx context.Context, org id.Org, control, item, text string, offset, limit int) ([]operate.Exhibit, int64, error)
	Find(ctx context.Context, org id.Org, key string) (operate.Exhibit, error)
	Open(ctx context.Context, org id.Org, x operate.Exhibit) (io.ReadCloser, error)
}

// Tasks says whose turn each open instance is.
type Tasks interface {
	Tasks(ctx context.Context, org id.Org, until civil.Date) ([]operate.Task, error)
}

// Answers gives management's answers, by test and item joined with a line end.
type Answers interface {
	Answers(ctx context.Context, org id.Org) (map[string]operate.Answer, error)
}

// Documents draws drafts. Draw answers fault.NotFound for what Kinds does not name.
type Documents interface {
	Kinds(ctx context.Context) ([]Document, error)
	Draw(ctx context.Context, kind, format string, w io.Writer) error
}

// Members lists who is a member, in which roles.
type Members interface {
	Members(ctx context.Context) ([]Member, error)
}

// LedgerState is the ledger as it is now.
type LedgerState struct {
	Origin     string            `json:"origin" doc:"The name that checkpoints bear"`
	Key        string            `json:"key" doc:"Of the verifier, as C2SP signed-note writes it"`
	Checkpoint assure.Checkpoint `json:"checkpoint"`
	Note       string            `json:"note" doc:"The signed checkpoint, as text"`
	Window     ledger.Window     `json:"window" doc:"The records that nobody outside vouches for yet"`
}

// Pull is one pull with its IPE record, and the checks of the register that it fed.
type Pull struct {
	record.Pull
	Index  int64          `json:"index" doc:"The leaf of the pull's own record"`
	Checks []assure.Check `json:"checks" nullable:"false"`
}

// Object is a JSON object that is passed through as it was sealed.
type Object []byte

// MarshalJSON writes the object.
func (o Object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("null"), nil
	}
	return json.RawMessage(o).MarshalJSON()
}

// UnmarshalJSON keeps the object as it came.
func (o *Object) UnmarshalJSON(b []byte) error {
	*o = append((*o)[:0], b...)
	return nil
}

// Schema says that it is any object.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

type about struct {
	Slug   string        `json:"slug"`
	Name   string        `json:"name"`
	Report string        `json:"report"`
	Title  string        `json:"title"`
	Zone   string        `json:"zone" doc:"IANA name of the zone in which days are counted"`
	Period *civil.Period `json:"period,omitempty"`
	AsOf   *civil.Date   `json:"as_of,omitempty"`
}

type answer[T any] struct{ Body T }

func (a *API) organization() {
	serve(a, access.ReadHome, operation{id: "organization", method: http.MethodGet, path: inOrg, tag: "Organization", summary: "What the organization reports on",
		text: "The kind of report, its period or date, and the zone in which days are counted."},
		func(_ context.Context, o *Organization, _ *Here) (*answer[about], error) {
			return &answer[about]{about{o.Slug, o.Name, o.Report, o.Title, o.Zone.String(), o.Period, o.AsOf}}, nil
		})
}
