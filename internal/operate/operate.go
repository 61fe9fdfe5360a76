// Package operate is people's work: what is due and whose turn it is, what they enter, give as
// evidence and answer. Each act becomes a record of a register, tested like any that was pulled.
package operate

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Source is the source of every record that a person enters.
const Source = "people"

// EnteredBy is the free field that names who entered a record, by the address they sign in with.
const EnteredBy = "entered_by"

// The registers that acts of this room write.
const (
	assignments      = "assignments"
	delegations      = "delegations"
	noticesSent      = "notices_sent"
	evidence         = "evidence"
	inspections      = "inspections"
	deviationAnswers = "deviation_answers"
)

// byAct says where the records of a register are made that nobody types: their times and persons are the server's word.
var byAct = map[string]string{
	assignments: "/work", delegations: "/work/delegations", noticesSent: "/work", evidence: "/evidence/new",
	inspections: "/work", deviationAnswers: "/deviations",
	// Who approved and who accepted is the server's word here; elsewhere it is that of the source they are pulled from.
	"access_reviews": "/campaigns", "policies": "/policies", "policy_versions": "/policies", "policy_reviews": "/policies", "acknowledgements": "/policies",
	"program_changes": "/proposals", "assertion_signatures": "/documents/assertion", "report_drafts": "/documents/drafts",
	"seed_commitments": "/engagements", "frozen_populations": "/engagements", "samples": "/engagements",
	"engagement_acts": "/engagements", "engagement_mail": "/engagements",
}

// ByAct reports whether the records of a register are made by an act of their own, and on which page; nobody types them.
func ByAct(register string) (page string, yes bool) {
	page, yes = byAct[register]
	return page, yes
}

// OfDrafts reports whether the records of a register say what drafts of the report say: who may read records does not read these by that
// alone.
func OfDrafts(register string) bool {
	return register == "report_drafts" || register == "assertion_signatures"
}

// Books reads registers. The store satisfies it.
type Books interface {
	record.Lister
	record.Historian
}

// Schemas knows the registers.
type Schemas interface {
	// Schema gives a register's schema; nil for an unknown one.
	Schema(name string) *register.Schema
	// Ensure makes the store ready for the register. It costs little when it is.
	Ensure(ctx context.Context, org id.Org, s *register.Schema) error
}

// Desk is where people enter records. All its parts are needed.
type Desk struct {
	Records record.Appender
	Books   Books
	Schemas Schemas
	Clock   func() time.Time
	Random  io.Reader

	past past
	turn [64]sync.Mutex // what belongs to one record is entered one after the other; records share a few locks
}

// Now is the time of the desk's clock, to the resolution of records.
func (d *Desk) Now() civil.Instant { return civil.InstantOf(d.Clock()) }

// Actor is who acts, where.
type Actor struct {
	Org   id.Org
	Zone  civil.Zone // in which times without an offset are read
	Email string
}

func (a Actor) check() error {
	if a.Org == "" || a.Email == "" {
		return fault.Refuse("nobody is named who does this; expected a person with an address")
	}
	return nil
}

// members is a record about to be made.
type members []register.Member

func (m *members) text(name, value string) {
	if value != "" {
		*m = append(*m, register.Member{Name: name, Value: register.Value{Kind: register.String, Text: value}})
	}
}

// put appends one record under an explicit version, so that nobody overwrites what they have not seen.
func (d *Desk) put(ctx context.Context, a Actor, name string, version int, ms members) (*register.Row, error) {
	s, err := d.schema(ctx, a.Org, name)
	if err != nil {
		return nil, err
	}
	ms.text(EnteredBy, a.Email)
	row, err := register.Convert(s, "", register.Input{Fields: ms})
	if err != nil {
		return nil, err
	}
	row.Version = version
	return row, d.append(ctx, a.Org, row)
}

// append makes the records durable. They belong to no pull: nobody asked a source for them.
func (d *Desk) append(ctx context.Context, org id.Org, rows ...*register.Row) error {
	var drafts []record.Draft
	for _, r := range rows {
		drafts = append(drafts, record.Draft{Row: r, Source: Source})
	}
	_, err := d.Records.Append(ctx, org, "", drafts)
	return err
}

func (d *Desk) schema(ctx context.Context, org id.Org, name string) (*register.Schema, error) {
	s := d.Schemas.Schema(name)
	if s == nil {
		return nil, &fault.Error{Kind: fault.NotFound, What: "no register " + name}
	}
	return s, d.Schemas.Ensure(ctx, org, s)
}

// all reads every current record that matches, page by page.
func (d *Desk) all(ctx context.Context, org id.Org, name string, q record.Query, each func(record.Known) error) error {
	s := d.Schemas.Schema(name)
	if s == nil {
		return &fault.Error{Kind: fault.NotFound, What: "no register " + name}
	}
	q.Limit = 1000
	for {
		page, total, err := d.Books.List(ctx, org, s, q)
		if err != nil {
			return err
		}
		for _, k := range page {
			if err := each(k); err != nil {
				return err
			}
		}
		if q.Offset += len(page); len(page) == 0 || int64(q.Offset) >= total {
			return nil
		}
	}
}

// body reads the texts of a record's body. What is no text is left out: the fields of this room's registers that matter here are.
func body(k record.Known) (map[string]string, error) {
	var raw map[string]any
	if err := json.Unmarshal(k.Body, &raw); err != nil {
		return nil, &fault.Error{Kind: fault.Integrity, What: "the body of " + k.Name(), Err: err}
	}
	out := make(map[string]string, len(raw))
	for n, v := range raw {
		if s, ok := v.(string); ok {
			out[n] = s
		}
	}
	return out, nil
}

// instant reads a time of a body; false when there is none.
func instant(s string) (civil.Instant, bool) {
	i, err := civil.ParseInstant(s)
	return i, err == nil
}

// mint makes the key of a new record.
func (d *Desk) mint(kind string) (string, error) { return id.New(kind, d.Clock(), d.Random) }

func isRefused(err error) bool { return errors.Is(err, fault.Refused) }
