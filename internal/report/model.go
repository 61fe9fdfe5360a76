// Package report holds the model of the document: sections, blocks and figures that each link
// to their items. Kinds of report build it from facts, renderers only draw it. It is pure.
package report

import (
	"strings"

	"encoding/json"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Report is one document, before anybody draws it.
type Report struct {
	Kind         Kind              `json:"kind"`
	Title        string            `json:"title"`
	Subtitle     string            `json:"subtitle"`
	Draft        bool              `json:"draft"`
	Organization string            `json:"organization"`
	System       string            `json:"system"`
	When         When              `json:"when"`
	KnownAt      string            `json:"known_at"` // received times up to here were considered
	Checkpoint   assure.Checkpoint `json:"checkpoint"`
	Unanchored   int64             `json:"unanchored"` // records after the last checkpoint that somebody outside holds
	Sections     []Section         `json:"sections"`
	Open         []Point           `json:"open"`              // what stands between this draft and a report
	Signed       []Signature       `json:"signed,omitempty"`  // under management's assertion, the latest first
	Auditor      *Auditor          `json:"auditor,omitempty"` // who reports; nil: nobody examined
}

// Auditor is the firm that reports, and what it concluded, as a cover says it.
type Auditor struct {
	Firm
	Date           civil.Date `json:"report_date,omitzero"`
	Opinion        Opinion    `json:"opinion"` // the worst on any element; empty while one is not decided
	Standards      []string   `json:"standards"`
	Revision       int        `json:"revision,omitempty"`
	RevisionReason string     `json:"revision_reason,omitempty"`
}

// Cover is what the cover of an issued report says of its auditor, and nothing of a draft's.
func (r *Report) Cover() []Term {
	a := r.Auditor
	if a == nil || r.Draft {
		return nil
	}
	out := []Term{{Name: "Service auditor", Value: Runs{data(strings.Join(nonEmpty(a.Name, a.City, a.Region), ", "))}}, {Name: "Date of the report", Value: Runs{say(a.Date.Long())}}}
	if a.Revision > 0 {
		out = append(out, Term{Name: "Revised", Value: Runs{say("Revision " + Count(a.Revision) + ": "), data(a.RevisionReason)}})
	}
	return out
}

// Basis is what the records are on which the document rests, as a cover says it: up to when they were considered, the checkpoint of the
// ledger that holds them, and what of it somebody outside can vouch for.
func (r *Report) Basis() []Term {
	if r.IsLetter() {
		return nil
	}
	n := r.Checkpoint.Size
	outside := mark(MarkPass, "Every record: somebody outside the organization holds this checkpoint, or a later one.")
	switch {
	case n == 0:
		outside = mark(MarkNone, "The ledger holds no record.")
	case r.Unanchored >= n:
		outside = mark(MarkUnproven, "No record: no checkpoint of the ledger was lodged with anybody outside, so the order and the times of the records rest on the word of whoever keeps it.")
	case r.Unanchored > 0:
		outside = mark(MarkUnproven, "All records but the last "+Count(r.Unanchored)+", which came after the last checkpoint that somebody outside the organization holds.")
	}
	return []Term{
		{Name: "Records considered", Value: Runs{say("Those received up to " + Spoken(r.KnownAt, r.When.zone()))}},
		{Name: "Ledger checkpoint", Value: Runs{say(Plural(n, "record", "records") + ", root "), code(r.Checkpoint.Root)}},
		{Name: "Anchored outside", Value: Runs{outside}},
	}
}

// IsLetter says whether the document is a letter of management's: it begins with who writes it, and has neither a cover nor contents.
func (r *Report) IsLetter() bool { return r.Kind == RepresentationKind || r.Kind == BridgeKind }

// Foot is what stands at the foot of each page: the time, and the checkpoint of the ledger on which a document that is no letter rests.
func (r *Report) Foot() string {
	if r.IsLetter() {
		return Sentence(r.When.Words())
	}
	return Sentence(r.When.Words()) + " · ledger checkpoint " + Count(r.Checkpoint.Size)
}

// Ending says once more, at the end of the document, what its figures rest on.
func (r *Report) Ending() string {
	return "Figures are computed from " + Plural(r.Checkpoint.Size, "ledger record", "ledger records") + " received up to " + Spoken(r.KnownAt, r.When.zone()) + "."
}

// Kind names a kind of report, as the command line does.
type Kind string

// When is the time a report speaks of: an as-of date or a period, never both. The two are
// different types because every sentence of the document depends on which it is.
type When interface {
	// Words is the time as the cover says it.
	Words() string
	zone() civil.Zone
}

// Throughout is the period of a Type 2: a closed interval of civil dates in a zone.
type Throughout civil.Period

// Words is the period as the cover says it.
func (t Throughout) Words() string {
	return "for the period " + t.From.Long() + " to " + t.To.Long()
}

func (t Throughout) zone() civil.Zone { return t.Zone }

// MarshalJSON writes from, to and zone under "period".
func (t Throughout) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]civil.Period{"period": civil.Period(t)})
}

// AsOf is the date of a Type 1. It means the end of that local day (handbook E2).
type AsOf struct {
	Date civil.Date `json:"date"`
	Zone civil.Zone `json:"zone"`
}

// Words is the date as the cover says it.
func (a AsOf) Words() string { return "as of " + a.Date.Long() }

// Until is the first instant that the report no longer speaks of.
func (a AsOf) Until() civil.Instant { return a.Zone.End(a.Date) }

func (a AsOf) zone() civil.Zone { return a.Zone }

// MarshalJSON writes the date, the zone and the instant at which the day ends, under "as_of".
func (a AsOf) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]map[string]string{"as_of": {
		"date": a.Date.String(), "zone": a.Zone.String(), "until": a.Until().In(a.Zone),
	}})
}

// Section is a numbered part of the document. Its heading says DRAFT while the report is one.
type Section struct {
	ID     string  `json:"id"`
	Number string  `json:"number"`
	Title  string  `json:"title"`
	Draft  bool    `json:"draft"`
	Blocks []Block `json:"blocks"`
}

// Block is one piece of a section: exactly one member is set.
type Block struct {
	Heading   *Heading   `json:"heading,omitempty"`
	Paragraph Runs       `json:"paragraph,omitempty"`
	List      []Runs     `json:"list,omitempty"`
	Ordered   bool       `json:"ordered,omitempty"` // the list is numbered
	Table     *Table     `json:"table,omitempty"`
	Note      *Note      `json:"note,omitempty"`
	Terms     *Terms     `json:"terms,omitempty"`
	Chart     *Chart     `json:"chart,omitempty"`
	Drawing   *Drawing   `json:"drawing,omitempty"`
	Verbatim  *Verbatim  `json:"verbatim,omitempty"`
	Statement *Statement `json:"statement,omitempty"`
	Sign      *Sign      `json:"sign,omitempty"`
}

// Heading stands inside a section. Level 1 and 2 enter the list of contents.
type Heading struct {
	ID    string `json:"id"`
	Level int    `json:"level"`
	Label string `json:"label,omitempty"` // an identifier before the text, such as CHG-01
	Text  string `json:"text"`
	Mark  Mark   `json:"mark,omitempty"`
	Word  string `json:"word,omitempty"` // what the mark says
}

// Run is a piece of text. Text that came with the data is marked: renderers isolate its
// direction and break it anywhere, and the lint does not read it as our words.
type Run struct {
	Text   string  `json:"text,omitempty"`
	Data   bool    `json:"data,omitempty"`
	Code   bool    `json:"code,omitempty"`
	Strong bool    `json:"strong,omitempty"`
	Quiet  bool    `json:"quiet,omitempty"`
	Mark   Mark    `json:"mark,omitempty"`
	Link   string  `json:"link,omitempty"` // "#anchor" in the document, or a file of the package
	Figure *Figure `json:"figure,omitempty"`
}

// Runs is a line of text.
type Runs []Run

// Figure is a number that the report prints. It links to the items that it counts.
type Figure struct {
	Value  int    `json:"value"`
	Of     *int   `json:"of,omitempty"` // printed as "n of N"
	Link   string `json:"link"`
	Caveat string `json:"caveat,omitempty"` // printed beside the figure wherever it is shown
}

// Column is the head of a table's column.
type Column struct {
	Title  string `json:"title"`
	Number bool   `json:"number,omitempty"` // aligned as numbers are
	Narrow bool   `json:"narrow,omitempty"`
	Wide   bool   `json:"wide,omitempty"`
}

// Table always has a caption, which begins with its number where it has one. Where Total is set, it shows the first Shown rows of Total and
// the caption says "n of N"; the rest is in the file named by All.
type Table struct {
	ID      string   `json:"id"`
	Number  string   `json:"number,omitempty"` // such as "Table III.4", by which the text refers to it
	Caption Runs     `json:"caption"`
	Columns []Column `json:"columns"`
	Rows    []Row    `json:"rows"`
	Shown   int      `json:"shown,omitempty"`
	Total   int      `json:"total,omitempty"`
	All     string   `json:"all,omitempty"`
	Fold    bool     `json:"fold,omitempty"` // long: may be drawn closed on a screen, never on paper
}

// Row is a table's row; the first cell is its header.
type Row struct {
	ID    string `json:"id,omitempty"`
	Cells []Runs `json:"cells"`
}

// Tone says what a note is for.
type Tone string

// The tones of a note.
const (
	Owed Tone = "owed" // something that the document still needs
	Warn Tone = "warn" // something that limits what the figures prove
	Info Tone = "info"
)

// Note is a remark set apart.
type Note struct {
	Tone  Tone   `json:"tone"`
	Title string `json:"title"`
	Text  Runs   `json:"text"`
	List  []Runs `json:"list,omitempty"`
}

// Statement is a text owned by somebody, such as a control's: set apart, word for word.
type Statement struct {
	Label string `json:"label"`
	Text  Runs   `json:"text"`
}

// Sign is who signed a letter, a line after the other: set apart from it, and never parted by the end of a page.
type Sign struct {
	Lines []Runs `json:"lines"`
}

// Verbatim is text whose lines and spaces are kept, in letters of one width: it came with the data.
type Verbatim struct {
	Text string `json:"text"`
}

// Terms is a list of names and values.
type Terms struct {
	Items []Term `json:"items"`
}

// Term is one name and its value.
type Term struct {
	Name  string `json:"name"`
	Value Runs   `json:"value"`
}

// Chart is a bar for each month: how many items, how many of them deviate or are undecided.
type Chart struct {
	ID      string `json:"id"`
	Number  string `json:"number,omitempty"` // such as "Figure IV.2"
	Caption Runs   `json:"caption"`
	Bars    []Bar  `json:"bars"`
}

// Bar is one month of a chart.
type Bar struct {
	Month     string `json:"month"` // YYYY-MM
	Total     int    `json:"total"`
	Deviating int    `json:"deviating"`
	Undecided int    `json:"undecided"`
}

// Point is something that stands between a draft and a report.
type Point struct {
	Rule  string `json:"rule"` // a short stable name: criterion, completeness, undecided, ...
	Text  Runs   `json:"text"`
	Where string `json:"where"` // "#anchor"
}
