// Package program draws the pages where the program is kept: scope, controls with their versions and tests, control
// objectives, the description of the system, the choice of a report, and what the terms mean. What is changed here waits
// for a second person wherever it touches scope, statements or tests.
package program

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	_ "embed" // style sheet
	"errors"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/rule"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// Program is the organization's program as it stands.
type Program interface {
	// Program gives the program in force and its revision: a number that grows with each change. What it returns is not
	// written to.
	Program(ctx context.Context) (scope.Folder, int64, error)
	// Apply makes a program the organization's, checked and sealed as `assay apply` does. It is fault.Busy where base is no
	// longer the revision. also, where given, is kept in the same act: both or neither.
	Apply(ctx context.Context, by access.Visitor, to scope.Folder, base int64, also *Kept) error
	// Past gives the program as it stood when the ledger had so many records.
	Past(ctx context.Context, size int64) (scope.Folder, error)
}

// Kept is a version of a proposal to be appended to its register. An existing version of another text is refused.
type Kept struct {
	Proposal scope.Proposal
	Version  int // the first is 1
}

// Changes keeps proposals, in the register scope.Proposals.
type Changes interface {
	// Changes lists the latest version of each proposal that waits, and of the hundred that were decided last, the newest first.
	Changes(ctx context.Context) ([]scope.Proposal, error)
	// Change gives every version of one, the first first; fault.NotFound.
	Change(ctx context.Context, id string) ([]scope.Proposal, error)
	Keep(ctx context.Context, by access.Visitor, k Kept) error
}

// Walkthrough is one instance of a control that somebody followed, from the register walkthroughs.
type Walkthrough struct {
	ID, By, Item, Observed, Differs, Evidence string
	On                                        civil.Date
}

// Facts are what records say beside the program.
type Facts interface {
	// Acted names the controls whose tests found at least one item.
	Acted(ctx context.Context) (map[string]bool, error)
	// Walkthroughs of a control, the latest first.
	Walkthroughs(ctx context.Context, control string) ([]Walkthrough, error)
	// Known is what is on record of which a description speaks.
	Known(ctx context.Context) (Known, error)
}

// Known is what a report draws its description from beside the program.
type Known struct {
	Systems   []report.System
	Incidents []report.IncidentFact
	Amended   []assure.SystemChange // versions of controls that begin or end in the period, in words
}

// Cases runs a test over a few records laid out for it alone, with an engine that the product tests with.
type Cases interface {
	Run(ctx context.Context, plan *rule.Plan, w rule.World, rows []*register.Row) ([]rule.Answered, error)
}

// Registers are the schemas that tests may name: the starter registers and the organization's own.
type Registers interface {
	rule.Schemas
}

// Persons tells which addresses are one person's.
type Persons interface {
	// Same reports whether two e-mail addresses are one person's, by what is on record now or was at any time.
	Same(ctx context.Context, a, b string) (bool, error)
}

// Options are what the pages are wired from. All but Facts and Persons are required.
type Options struct {
	Program   Program
	Changes   Changes
	Facts     Facts   // nil: no records are known
	Persons   Persons // nil: a person is known by their account and address alone
	Cases     Cases
	Registers Registers
	Now       func() civil.Instant
	NewID     func() (string, error) // of a proposal; hard to guess, and usable in an address
}

// Pages are the pages of one organization.
type Pages struct {
	o       Options
	catalog *catalog.Catalog
	book    *advise.Book
	kept    kept
	ordered [2]ordered
	chained chained
	parsed  parsed
}

// New wires the pages.
func New(o Options) (*Pages, error) {
	if o.Program == nil || o.Changes == nil || o.Cases == nil || o.Registers == nil || o.Now == nil || o.NewID == nil {
		return nil, errors.New("program: Program, Changes, Cases, Registers, Now and NewID are required")
	}
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	b, err := advise.Load()
	if err != nil {
		return nil, err
	}
	return &Pages{o: o, catalog: c, book: b}, nil
}

//go:embed assets/program.css
var style string

// Style is the style sheet of these pages alone.
func Style() string { return style }

// Routes lists the pages.
func (p *Pages) Routes() []shell.Route {
	const get, post = http.MethodGet, http.MethodPost
	read, edit, approve := access.ReadProgram, access.EditProgram, access.ApproveProgram
	return []shell.Route{
		{Method: get, Pattern: "/scope", Policy: read, Handler: p.scopePage},
		{Method: get, Pattern: "/scope/report", Policy: edit, Handler: p.reportForm},
		{Method: post, Pattern: "/scope/report", Policy: edit, Handler: p.saveReport},
		{Method: get, Pattern: "/scope/categories", Policy: edit, Handler: p.categoriesForm},
		{Method: post, Pattern: "/scope/categories", Policy: edit, Handler: p.saveCategories},
		{Method: get, Pattern: "/scope/parts/{part}", Policy: edit, Handler: p.partForm},
		{Method: post, Pattern: "/scope/parts/{part}", Policy: edit, Handler: p.savePart},

		{Method: get, Pattern: "/program", Policy: read, Handler: p.register},
		{Method: get, Pattern: "/program/new", Policy: edit, Handler: p.newForm},
		{Method: post, Pattern: "/program/new", Policy: edit, Handler: p.saveNew},
		{Method: get, Pattern: "/proposals", Policy: read, Handler: p.changes},
		{Method: get, Pattern: "/proposals/{id}", Policy: read, Handler: p.change},
		{Method: post, Pattern: "/proposals/{id}/approve", Policy: approve, Handler: p.approve},
		{Method: post, Pattern: "/proposals/{id}/reject", Policy: approve, Handler: p.reject},
		{Method: post, Pattern: "/proposals/{id}/withdraw", Policy: edit, Handler: p.withdraw},
		{Method: get, Pattern: "/program/compare", Policy: read, Handler: p.compare},
		{Method: get, Pattern: "/program/export", Policy: read, Handler: p.export},
		{Method: get, Pattern: "/program/import", Policy: edit, Handler: p.importForm},
		{Method: post, Pattern: "/program/import", Policy: edit, Handler: p.takeImport},
		{Method: get, Pattern: "/program/{control}", Policy: read, Handler: p.control},
		{Method: get, Pattern: "/program/{control}/edit", Policy: edit, Handler: p.editForm},
		{Method: post, Pattern: "/program/{control}/edit", Policy: edit, Handler: p.saveEdit},
		{Method: get, Pattern: "/program/{control}/test", Policy: edit, Handler: p.testForm},
		{Method: post, Pattern: "/program/{control}/test", Policy: edit, Handler: p.saveTest},
		{Method: get, Pattern: "/program/{control}/state", Policy: edit, Handler: p.stateForm},
		{Method: post, Pattern: "/program/{control}/state", Policy: edit, Handler: p.saveState},

		{Method: get, Pattern: "/objectives", Policy: read, Handler: p.objectives},
		{Method: get, Pattern: "/objectives/edit", Policy: edit, Handler: p.objectivesForm},
		{Method: post, Pattern: "/objectives/edit", Policy: edit, Handler: p.saveObjectives},

		{Method: get, Pattern: "/description", Policy: read, Handler: p.description},
		{Method: post, Pattern: "/description/preview", Policy: edit, Handler: p.preview},
		{Method: get, Pattern: "/description/{dc}", Policy: read, Handler: p.describe},
		{Method: get, Pattern: "/description/{dc}/edit", Policy: edit, Handler: p.describeForm},
		{Method: post, Pattern: "/description/{dc}/edit", Policy: edit, Handler: p.saveDescription},

		{Method: get, Pattern: "/advise", Policy: access.ReadHome, Handler: p.adviser},
		{Method: get, Pattern: "/explained", Policy: access.ReadHome, Handler: p.explained},
	}
}

// today is the civil day in the organization's zone.
func (p *Pages) today(f scope.Folder) civil.Date { return f.Program.Zone.DateOf(p.o.Now()) }
