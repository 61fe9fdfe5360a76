// Package examination is the pages of engagements, of an audit firm and of its client. Both have the same addresses: what they show is what the
// house of the one or of the other knows, and what may be done there is what the table of acts says.
package examination

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/report"
)

// Formats are those in which every draft and every report is offered.
var Formats = []string{"pdf", "docx", "html", "json"}

// Structured are NIST's OSCAL documents that go with a kind of report, as a draft and as issued. None goes with a SOC 3: it is for general use
// and lists neither controls nor tests, which are all that these documents hold.
func Structured(kind string) []string {
	if kind == "soc3" {
		return nil
	}
	return []string{"oscal-ssp", "oscal-plan", "oscal-results", "oscal-poam"}
}

// FormatsOf are those in which a kind of report is offered.
func FormatsOf(kind string) []string { return slices.Concat(Formats, Structured(kind)) }

// Version names a state of the report: Now, "draft-1" and on the drafts that were released, "report-0" the report as issued, "report-1" and on
// its revisions.
type Version string

// Now is the report as it would be issued now. It is the firm's alone.
const Now Version = "now"

// Draft gives the number of a draft that was released, from 1.
func (v Version) Draft() (int, bool) { return v.numbered("draft-", 1) }

// Revision gives that of a report that was issued, from 0.
func (v Version) Revision() (int, bool) { return v.numbered("report-", 0) }

func (v Version) numbered(prefix string, least int) (int, bool) {
	s, ok := strings.CutPrefix(string(v), prefix)
	n, err := strconv.Atoi(s)
	return n, ok && err == nil && n >= least && s == strconv.Itoa(n)
}

// File is something to be downloaded.
type File struct {
	Name string // without a path
	Type string // media type; empty: application/octet-stream
	Data []byte
}

// Firm shows the client as the firm took it in: the mirror of its package. Everything answers fault.NotFound before one was taken in.
type Firm interface {
	// Scope gives the objectives or criteria of the client's program that the terms cover, and the controls that serve them.
	Scope(ctx context.Context, engagement string) ([]report.Matter, []ControlLine, error)
	Control(ctx context.Context, engagement, control string) (ControlView, error)
	// Items lists items of a test without their records, and how many the query means in all.
	Items(ctx context.Context, engagement, test string, q ItemQuery) ([]ItemView, int, error)
	// Item gives one item with its records.
	Item(ctx context.Context, engagement, test, key string) (ItemView, error)
}

// ControlLine is a control in a list.
type ControlLine struct {
	ID, Title string
	Tests     []string // identifiers
}

// ControlView is a control as the client's program says it.
type ControlView struct {
	ID, Title, Statement   string
	Owner, Frequency, Kind string // kind: manual, automated or both, in the program's word
	Criteria               []string
	Tests                  []TestView
}

// TestView is a test of a control as the client ran it, with what came of it. Counts are of items.
type TestView struct {
	ID, Sentence string
	Shape        string // event, schedule, state or roster (handbook 4.2)
	Attributes   []Attribute
	Population   int
	Passed       int
	Deviating    int
	Undecided    int
	Exempt       int // in the population, and did not need the control
	Checks       []CheckView
	Digest       string // of the findings
}

// Attribute is one lettered question of a test.
type Attribute struct{ ID, Text string }

// CheckView is a piece of the client's own work on completeness or accuracy.
type CheckView struct {
	ID, Words string // C1 to C6, A1 to A5
	Passed    bool
}

// ItemQuery picks items of a test.
type ItemQuery struct {
	Keys          []string // exactly these, in this order; nil: by the verdict
	Verdict       string   // pass, deviation, undecided, not_applicable; empty: all
	Offset, Limit int
}

// ItemView is one item as the client's test found it.
type ItemView struct {
	Key     string
	Verdict string // pass, deviation, undecided, not_applicable
	Reason  string
	Event   string // RFC 3339, or a day
	Results []ResultView
	Records []RecordView // of Item alone
}

// ResultView is the client's verdict on one attribute.
type ResultView struct{ Attribute, Verdict, Reason string }

// RecordView is a raw record on which an item rests.
type RecordView struct {
	Name     string // register/key@version
	Received string // RFC 3339, by the client's ledger
	Index    int64  // place in the ledger
	Body     []byte // canonical JSON
}

// Size is what a selection may be sized by.
type Size struct {
	Frequency string // how often the control runs, in words
	Items     int    // of the population that a sample is drawn from
	Sizes     []SizeLine
}

// SizeLine is one size with the reason for it.
type SizeLine struct {
	Size   int
	Basis  string // where it comes from; it is kept with the sample
	Source string // who published it
}

// Packages takes the client's packages in, and says what to ask for.
type Packages interface {
	// TakePackage verifies a package, mirrors it, and runs every test of it again.
	TakePackage(ctx context.Context, who engage.Who, engagement, name string, r io.Reader) error
	// Requests are those that the controls in scope give rise to, and that were not asked yet. Their identifiers and days are the caller's.
	Requests(ctx context.Context, engagement string) ([]engage.Request, error)
	// Ties says what this installation knows of a person at the client: any keeps them out of the engagement.
	Ties(ctx context.Context, engagement, email string) ([]string, error)
}

// Samples commits to seeds and draws.
type Samples interface {
	CommitSeed(ctx context.Context, who engage.Who, engagement, control, test string) error
	Suggest(ctx context.Context, engagement, control, test string) (Size, error)
	// Draw makes a selection. Picks are the reasons by key of a judgemental one.
	Draw(ctx context.Context, who engage.Who, engagement string, d Drawing) error
	// Replace puts the next item of the shuffle in the place of one that did not need the control.
	Replace(ctx context.Context, who engage.Who, engagement, sample, key, cause, reason string) error
}

// Drawing is a selection to be made.
type Drawing struct {
	Control, Test, Purpose, Method string
	Size                           int
	Basis, Reason                  string
	Picks                          map[string]string
}

// Sheets are the tests of work papers as workbooks (XLSX).
type Sheets interface {
	Sheet(ctx context.Context, engagement, control, test string, w io.Writer) error
	// Fill reads a workbook that comes back. It does nothing with what it reads: that is an act, which the page does.
	Fill(ctx context.Context, engagement, control, test string, r io.Reader) (engage.Filled, error)
}

// Work is what the firm does beyond acts that stand for themselves.
type Work interface {
	Packages
	Samples
	Sheets
	Returns
}

// Documents makes the report.
type Documents interface {
	// Draft is the report as it would be issued now, with its fingerprint.
	Draft(ctx context.Context, engagement string) (*report.Report, string, error)
	// Release shows management the draft.
	Release(ctx context.Context, who engage.Who, engagement string) error
	// Issue issues the report of that date; with a reason, a revised one.
	Issue(ctx context.Context, who engage.Who, engagement string, date civil.Date, reason string) error
}

// Files gives what was written: revision -1 is the draft (of the client: the one released last), 0 the report as issued, 1 and on its revisions.
type Files interface {
	Download(ctx context.Context, engagement, format string, revision int) (File, error)
	// Compare says what differs between two states of the report. To the client only what was released or issued exists: of anything else it is
	// fault.NotFound, and so of one whose file was erased.
	Compare(ctx context.Context, engagement string, from, to Version) (report.Comparison, error)
}

// Ledger is the client's own, as far as its answers need it.
type Ledger interface {
	Freeze(ctx context.Context, who engage.Who, engagement, control, test string) error
	// Evidence lists files and records of the own ledger that a text is found in, the latest first, at most 50.
	Evidence(ctx context.Context, text string) ([]engage.Evidence, error)
	// Advisers are the digests (engage.Digest) of the addresses of all who are or were advisers or management.
	Advisers(ctx context.Context) ([]string, error)
}

// Letters are the texts that management signs.
type Letters interface {
	AssertionText(ctx context.Context, engagement string) (string, error)
	RepresentationText(ctx context.Context, engagement string) (string, error)
}

// Client is what the client does beyond acts that stand for themselves.
type Client interface {
	Ledger
	Letters
}

// Post carries messages between the houses. Within one installation they are delivered at once; across, as files.
type Post interface {
	// Self is the own organization as the other party is to know it, with the key to compare.
	Self(ctx context.Context) (engage.Party, error)
	// Bag holds the messages for the other party from one of the own acts on, as many as it takes; its name says which.
	Bag(ctx context.Context, engagement string, from int) (File, error)
	// TakeBag takes messages in, and says of which engagement they are. The key is the sender's, as somebody compared it; empty where it is known.
	TakeBag(ctx context.Context, who engage.Who, r io.Reader, key string) (engagement string, err error)
}
