// Package web draws the pages that read: the tests of an organization, the list of its controls and what they
// serve, a control with its items, an item with its records and their proofs, the pulls that the records came
// from, how ready the report is and when it can be had, its calendar, its ledger, and the documents that can be
// drawn of it. What stands around them, and who may see them, is package shell's.
package web

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	"io"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/report"
)

// Tests gives the results of every test for the period. Items and findings may be left out. It answers with the same
// pointer for as long as nothing changed, so that what the pages work out from it is worked out once; nobody writes to it.
type Tests interface {
	Tests(ctx context.Context) (*assure.Results, error)
}

// TestRef names one test of one version of a control.
type TestRef struct {
	Control string
	Test    string
	Version int
}

// Query asks for a page of a test's items.
type Query struct {
	TestRef
	Verdict assure.Verdict // empty: all
	Month   string         // YYYY-MM, the local month of membership; empty: all
	Text    string         // a part of the key, compared without regard to case; empty: all
	Sort    Sort
	Columns []string // fields of the item's own record that Item.Values gives, in this order
	Offset  int
	Limit   int
}

// Sort is an order of items. The zero value is the order of Items.
type Sort string

// The orders. Descending turns ByKey and ByEvent round; items without a time stand last in both.
const (
	ByVerdict Sort = ""
	ByKey     Sort = "key"
	ByKeyDown Sort = "-key"
	ByEvent   Sort = "event"
	ByLatest  Sort = "-event"
)

// Item is a row of the list of items, and the head of an item's page.
type Item struct {
	Key        string
	Verdict    assure.Verdict
	EventTime  string   // instant or civil date of membership; empty when unknown
	Attributes []string // of a finding: those that have the verdict
	Reason     string   // of a finding
	Records    []string // register/key@version, the item's own first
	// Each gives every attribute's verdict by its letter, where known; an item's page shows it.
	Each map[string]assure.Verdict
	// Values are those of Query.Columns, as a person reads them; empty where the record has none.
	Values []string
}

// Items gives the items of a test in the order of Query.Sort; without one deviations first, then undecided ones, then the
// others, each group by key. Columns names the fields of the register that the items come from, none where no register
// makes them. Item answers fault.NotFound for a key that is no item of the test.
type Items interface {
	Columns(ctx context.Context, t TestRef) ([]string, error)
	Items(ctx context.Context, q Query) (items []Item, total int, err error)
	Item(ctx context.Context, t TestRef, key string) (Item, error)
}

// RecordView is one record as sealed. Times are RFC 3339; absent ones are empty.
type RecordView struct {
	Name     string // register/key@version
	Register string
	Key      string
	Version  int
	Source   string
	Pull     string
	Event    string // when it happened
	Recorded string // when the source wrote it
	Received string // when we got it
	Sealed   string // when the checkpoint that covers it was signed; empty when the time is not kept
	Index    int64  // leaf index
	Anchored bool   // a checkpoint that somebody outside holds covers it
	Erased   bool   // content erased, leaf kept
	Body     []byte // canonical JSON object; empty when erased
}

// Records gives records by name, in any order. A name that does not exist is left out.
type Records interface {
	Records(ctx context.Context, names []string) ([]RecordView, error)
}

// ProofView is what shows that one leaf lies in the tree of a signed checkpoint.
type ProofView struct {
	Index      int64
	Size       int64    // of the tree of the checkpoint
	Root       string   // lower-case hex
	Commitment string   // lower-case hex, the salted commitment in the leaf
	Leaf       string   // lower-case hex of the leaf data
	LeafHash   string   // lower-case hex, RFC 6962
	Path       []string // lower-case hex hashes from the leaf upward
	Checkpoint string   // the signed note, as text
	File       []byte   // the C2SP tlog-proof
	Line       []byte   // salt and canonical record, as the package's ledger has it; empty when erased
	Verify     []string // commands that verify File, one a line; empty when there is none
}

// Proofs proves one leaf by its index. fault.NotFound: no such leaf.
type Proofs interface {
	Proof(ctx context.Context, index int64) (ProofView, error)
}

// PullView is one pull with its IPE record, and the checks of the register that it fed.
type PullView struct {
	record.Pull
	Index  int64 // leaf index of the pull's own record
	Checks []assure.Check
}

// Pulls gives a page of the pulls, the latest first, and how many there are.
type Pulls interface {
	Pulls(ctx context.Context, offset, limit int) (list []PullView, total int, err error)
}

// Drafts gives the draft report as one self-contained HTML document. It may be nil: then no
// page links to it.
type Drafts interface {
	Draft(ctx context.Context) (html []byte, err error)
}

// Gauge judges how the report stands and foresees when it can be had. It may be nil: then no page of either is served.
// Foresee looks ahead from the end of a day, the present one when nil, and supposes each of ifs, such as
// IAM-04/billing/2026-Q3=late:10d. It refuses a supposition about an instance that nobody knows, naming it first.
// Both answer with the same pointer for as long as the answer is the same; nobody writes to it.
type Gauge interface {
	Ready(ctx context.Context) (*gauge.Readiness, error)
	Foresee(ctx context.Context, today *civil.Date, ifs []string) (*gauge.Forecast, error)
}

// Calendar gives the instances that fall due within days, both ends included, by day, control and key, and the civil day
// that it is. It may be nil: then no calendar is served.
type Calendar interface {
	Calendar(ctx context.Context, from, to civil.Date) ([]gauge.Instance, error)
	Today(ctx context.Context) (civil.Date, error)
}

// LedgerView is the ledger as it is now.
type LedgerView struct {
	Origin string        // the name that checkpoints bear
	Key    string        // of the verifier, as C2SP signed-note writes it (vkey)
	Size   int64         // records
	Window ledger.Window // what nobody outside vouches for yet
	Verify []string      // commands that verify a package and the ledger in it without this installation, one a line
}

// CheckpointView is one signed checkpoint with what those outside said of it.
type CheckpointView struct {
	Size    int64
	Root    string // lower-case hex
	Note    string // the signed note, as text
	Anchors []ledger.Anchor
}

// Ledger tells of the ledger and its checkpoints, the latest first. It may be nil: then no page of it is served.
type Ledger interface {
	Ledger(ctx context.Context) (LedgerView, error)
	Checkpoints(ctx context.Context, offset, limit int) (list []CheckpointView, total int, err error)
}

// DocumentKind is one document, with the formats that it can be drawn in and what stands between the draft and a report.
type DocumentKind struct {
	Kind    string // as the address and the command line name it
	Title   string
	When    string         // the period or date, in words; may be empty
	Own     bool           // it is the report that the organization prepares
	Formats []string       // as the command line names them; none when it cannot be drawn
	Missing string         // why it cannot be drawn; empty when it can
	Open    []report.Point // each Where is an anchor of the document as HTML
	Signed  []report.Signature
}

// Documents draws drafts. It may be nil: then no page of them is served. Draw answers fault.NotFound for what Kinds does not
// name, and writes nothing that is of use after an error.
type Documents interface {
	Kinds(ctx context.Context) ([]DocumentKind, error)
	Draw(ctx context.Context, kind, format string, w io.Writer) error
}

// Catalog is the program as the pages show it.
type Catalog struct {
	Controls   []assure.Control
	Criteria   []assure.Criterion  // in scope: of the framework that the report is about
	Tests      map[string]Testing  // how each control is decided, by its id; a control that is not there has no test
	Frameworks []catalog.Framework // those whose coverage can be looked at; may be empty
}

// Options are what the pages are wired from.
type Options struct {
	Organization string
	Report       string // the kind of report that the organization prepares, as a person reads it
	Zone         civil.Zone
	Catalog      Catalog
	Tests        Tests
	Items        Items
	Records      Records
	Proofs       Proofs
	Pulls        Pulls
	Drafts       Drafts     // may be nil
	Gauge        Gauge      // may be nil
	Documents    Documents  // may be nil
	Calendar     Calendar   // may be nil
	Ledger       Ledger     // may be nil
	Assertions   Assertions // may be nil
	Shelf        Shelf      // may be nil
}
