// Package cli is the door for terminals and pipelines. It reads arguments, calls the acts that it
// is given, prints what they answer, and turns kinds of error into exit codes and sentences.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
)

// Exit codes of the contract.
const (
	exitOK        = 0
	exitOther     = 1
	exitRefused   = 2
	exitIntegrity = 3
	exitDenied    = 4
	exitDeviation = 5
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Asks     bool                          // somebody sits at In and Err, and can be asked
	Terminal bool                          // Err is a terminal: progress may be drawn
	Since    func(start any) time.Duration // time since a mark of Mark's, for progress
	Mark     func() any
}

// House is what the commands act on. Everything is a field so that the roof wires it by hand.
type House struct {
	// Found founds an organization in a data folder.
	Found func(ctx context.Context, data string, p scope.Program, program string, implemented *civil.Date) (Founded, error)
	// Apply makes a folder's program the organization's, and founds one where the data folder holds none.
	Apply func(ctx context.Context, data, org, dir string, dry bool) (Applied, error)
	// Serve runs the web application over a data folder, which is made when it does not exist, until the context ends.
	Serve func(ctx context.Context, data string, s Serving, ready func(Served)) error
	// Recover makes the way back in for a person of a data folder, which may be served meanwhile.
	Recover func(ctx context.Context, data, email string) (path string, err error)
	// Enter opens an organization, in the way that a command needs it.
	Enter func(ctx context.Context, data, org string, how Entry) (Office, error)
	// Demo builds the example company in a temporary folder.
	Demo func(ctx context.Context, progress func(what string, done, of int)) (Demo, error)
	// Reperform checks a package, and runs its tests again from its records.
	Reperform func(ctx context.Context, file, key string, progress func(test string, done, of int)) (Reperformed, error)
	// Paper reads a report, ours or one written elsewhere, into what the checker knows.
	Paper func(name string) (lint.Paper, error)
	// Library lists the controls of the library.
	Library func() ([]ControlRow, error)
	// Today is the civil day, in the machine's zone; ReadFile and WriteFile are for files that are no organization's.
	Today     func() civil.Date
	ReadFile  func(name string) ([]byte, error)
	WriteFile func(name string, b []byte) error
	Version   string
}

// Entry is how a command opens an organization.
type Entry int

// The ways. To read and to inspect, a data folder that cannot be written is opened as it is; to
// inspect, also one whose ledger is not whole.
const (
	Write Entry = iota
	Read
	Inspect
)

// Founded is what init answers.
type Founded struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Report   string   `json:"report"`
	Data     string   `json:"data"`
	Key      string   `json:"key"` // the public key that checkpoints are verified with
	Controls int      `json:"controls"`
	Warnings []string `json:"warnings"`
}

// Office is an opened organization.
type Office interface {
	Intake
	Examination
	Papers
	Letters
	Guard
	Sampling
	// Notice says what whoever works with it has to know first, or nothing.
	Notice() string
	Close() error
}

// Intake takes records in.
type Intake interface {
	Import(ctx context.Context, i Import, progress func(rows, bytes int64)) (collect.Summary, error)
	Declare(ctx context.Context, file string) (register string, err error)
	// Export writes the program as a folder and lists its files.
	Export(ctx context.Context, dir string) (files []string, err error)
}

// Examination tests.
type Examination interface {
	Program() scope.Program
	Controls(ctx context.Context) ([]ControlRow, error)
	Test(ctx context.Context, t Test, progress func(test string, done, of int)) (assure.Results, error)
	// Ready judges how the report stands; Forecast when it can be had, and what each way there costs.
	Ready(ctx context.Context, a Ask) (gauge.Readiness, error)
	Forecast(ctx context.Context, a Ask) (gauge.Forecast, error)
	// Checklist lists the items that wait for a person's answer.
	Checklist(ctx context.Context, t Test, progress func(test string, done, of int)) (Checklist, error)
}

// Papers makes documents.
type Papers interface {
	// Report writes a draft, and warns of what its format could not show.
	Report(ctx context.Context, d Document, w io.Writer) (warnings []string, err error)
	Package(ctx context.Context, file string, progress func(test string, done, of int)) (Packed, error)
	// MayWrite refuses a file that Create would refuse, before the work that fills it.
	MayWrite(file string) error
	Create(file string, write func(io.Writer) error) error
}

// Letters makes what management writes besides a report.
type Letters interface {
	// Bridge draws management's letter on the time after its last report, for an officer to complete and to sign.
	Bridge(ctx context.Context, x Bridging, d Document, w io.Writer) (warnings []string, err error)
}

// Bridging is what a bridge letter speaks of.
type Bridging struct {
	Report      string      // the last report, as readers know it
	From        *civil.Date // its period; nil where it was as of a date
	To          civil.Date  // its last day
	Until       civil.Date  // the last day of the letter
	NoChanges   bool        // management says that nothing material changed
	NoIncidents bool        // management says that no incident is to be told
	Override    string      // why the letter reaches further than three months
}

// Guard looks after what is kept.
type Guard interface {
	Verify(ctx context.Context, progress func(done, of int64)) (Verified, error)
	// Erase erases a record and the kept files that hold it too, unless these are to stay.
	Erase(ctx context.Context, e record.Erasure) (Erased, error)
	// Anchor has the last checkpoint time stamped and cosigned by whom the data folder names;
	// settings are added to it first. Without settings it does nothing where nobody is named.
	Anchor(ctx context.Context, s *AnchorSettings) (Anchored, error)
}

// Serving says where and how the web application is reached, and what it reaches.
type Serving struct {
	Listen  string   // address to listen on
	URL     string   // under which browsers reach it, where that is not the address itself, as https://assay.example.com
	Proxies []string // networks of proxies whose X-Forwarded-For is believed, as 10.0.0.0/8
	Allow   []string // networks inside the house that addresses which people enter may lead to, as 10.1.0.0/16
	OIDC    OIDC     // the organization's own sign-in; empty: none
	SMTP    string   // smtp://user:password@host:port?from=address, or smtps; empty: no e-mail is sent
	Demo    bool     // the example company: whoever is at this machine chooses a person to be
}

// OIDC names the provider of OpenID Connect that people may sign in with.
type OIDC struct {
	Issuer, ClientID, Secret string
	Domains                  []string // whose addresses the provider vouches for, even without saying that they are verified
}

// Served is what serve says once it listens.
type Served struct {
	URL      string
	FirstRun string // the one-time link that makes the first account; empty once there is one
}

// Import is one file to take in.
type Import struct {
	Register, File, Map   string
	Source, Query, Extent string
	Params                map[string]string
	Totals                map[string]int64
	ExpectRows            *int64
	Operator              string
	Discard               bool
}

// Test says what to test.
type Test struct {
	Controls []string
	From, To *civil.Date
	KnownAt  *civil.Instant
	Items    bool
	Cached   bool // an earlier run may be amended where little has changed since
}

// Document says which document to draw.
type Document struct {
	Kind   string // of report; the organization's own when empty
	Format string // html, json, pdf, docx, xlsx, oscal-...
	Copy   string // whose copy it is, printed across each page; empty for none
	Fonts  string // a folder with fonts for scripts that the built-in ones lack
	Paper  string // a4 or letter
}

// ControlRow is a line of the register of controls.
type ControlRow struct {
	ID            string      `json:"id"`
	Title         string      `json:"title"`
	Version       int         `json:"version"`
	Statement     string      `json:"statement"`
	Shape         string      `json:"shape"`
	Test          string      `json:"test"` // compiled, or checklist where a person answers an attribute
	Attributes    []Attribute `json:"attributes"`
	Registers     []string    `json:"registers"`
	Criteria      []string    `json:"criteria"`
	ISO27001      []string    `json:"iso27001"`
	Objectives    []string    `json:"objectives"`
	Owner         string      `json:"owner"`
	Frequency     string      `json:"frequency"`
	EvidenceTypes []string    `json:"evidence_types"`
	Escalation    string      `json:"escalation"`
}

// Attribute is one question of a control's test.
type Attribute struct {
	Test   string `json:"test"` // the test that asks; ids are unique within one
	ID     string `json:"id"`
	Text   string `json:"text"`
	Person bool   `json:"person,omitempty"` // answered by a person's inspection, not by the records of what was done
}

// Packed is what package answers.
type Packed struct {
	File     string            `json:"file"`
	Records  int64             `json:"records"`
	Manifest string            `json:"manifest"`
	Seal     assure.Checkpoint `json:"checkpoint"`
	Key      string            `json:"key"`
	Window   ledger.Window     `json:"window"`
	Warnings []string          `json:"warnings"`
}

// Verified is what verify answers.
type Verified struct {
	Size       int64           `json:"size"`
	Root       string          `json:"root"`
	Kept       int64           `json:"kept_outside"` // covered by the checkpoint kept outside the database, on this installation
	Anchored   int64           `json:"anchored"`     // covered by a checkpoint that somebody outside holds or time stamped
	Unanchored int64           `json:"unanchored"`   // after it
	Window     ledger.Window   `json:"window"`
	Notes      []string        `json:"notes"` // what could not be checked
	Faults     []VerifiedFault `json:"faults"`
	Omitted    int64           `json:"omitted"` // further faults that are not listed
}

// VerifiedFault is one thing that does not agree with what was sealed.
type VerifiedFault struct {
	Index  int64  `json:"index"` // -1 when it is not about one record
	Record string `json:"record"`
	What   string `json:"what"`
}

// Demo is the example company, built.
type Demo struct {
	Results assure.Results
	Reports []string // absolute paths: html, pdf, docx
	Data    string   // the data folder
	Package string
	Serve   func(ctx context.Context, s Serving, ready func(Served)) error
	Close   func() error
}

type globals struct {
	Data string `help:"Data folder." default:"./assay-data" env:"ASSAY_DATA" placeholder:"DIR"`
	Org  string `help:"The organization, by name or id, where a folder holds several." placeholder:"NAME"`
	JSON bool   `help:"Print one JSON object on standard output."`
}

type commands struct {
	globals
	Demo      demoCmd          `cmd:"" help:"Build the example company, test everything, draft the report, seal the package."`
	Init      initCmd          `cmd:"" help:"Found an organization with the starter library for a report."`
	Advise    adviseCmd        `cmd:"" help:"Which report, why, when and at what cost."`
	Apply     applyCmd         `cmd:"" help:"Make a folder's program the organization's: scope, system, controls, tests, policies."`
	Export    exportCmd        `cmd:"" help:"Write the program as a folder."`
	Register  registerCmd      `cmd:"" help:"Declare a register of your own by a YAML file."`
	Import    importCmd        `cmd:"" help:"Take in a file: one pull, whole or nothing."`
	Test      testCmd          `cmd:"" help:"Test whole populations for the period."`
	Controls  controlsCmd      `cmd:"" help:"List the controls."`
	Checklist checklistCmd     `cmd:"" help:"Write the sheet of what waits for a person's answer."`
	Ready     readyCmd         `cmd:"" help:"Would the report pass today, and what is missing."`
	Forecast  forecastCmd      `cmd:"" help:"The earliest clean period, the options with their cost, the chances, what is due."`
	Commit    commitCmd        `cmd:"" help:"Seal an auditor's commitment to the seed of a sample."`
	Freeze    freezeCmd        `cmd:"" help:"Seal the population of a control: its hash, pulls and counts."`
	Sample    sampleCmd        `cmd:"" help:"Select from a frozen population, by the seed that was committed to."`
	Report    reportCmd        `cmd:"" help:"Draft the report."`
	Bridge    bridgeCmd        `cmd:"" help:"Draft management's bridge letter for the time after the last report."`
	Lint      lintCmd          `cmd:"" help:"Check any report, DOCX or JSON, for the signals by which readers judge it."`
	Package   packageCmd       `cmd:"" help:"Seal everything an auditor needs offline."`
	Reperform reperformCmd     `cmd:"" help:"Check a package, and run its tests again from its records."`
	Verify    verifyCmd        `cmd:"" help:"Check the ledger, the records, the files and the projection."`
	Anchor    anchorCmd        `cmd:"" help:"Have the last checkpoint time stamped and cosigned by others."`
	Erase     eraseCmd         `cmd:"" help:"Erase the content of a record; its proof stays."`
	Serve     serveCmd         `cmd:"" help:"Serve the web application."`
	Recover   recoverCmd       `cmd:"" help:"Make a link by which a person who lost every way to sign in gets back."`
	Version   kong.VersionFlag `help:"Print the version."`
}

// run is what every command is called with.
type run struct {
	ctx context.Context
	h   House
	s   Streams
	g   globals
}

// errDeviation ends a pipeline that asked for it.
var errDeviation = errors.New("deviations were found")

// Main runs one command line and returns its exit code.
func Main(ctx context.Context, args []string, h House, s Streams) int {
	var c commands
	stop := -1
	k, err := kong.New(&c, kong.Name("assay"), kong.Description("Test every item of every population, seal every record, draft the report."),
		kong.Writers(s.Out, s.Err), kong.Exit(func(code int) { stop = code }), kong.Vars{"version": h.Version}, kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(s.Err, "assay:", err)
		return exitOther
	}
	kc, err := k.Parse(joinNegative(args))
	if stop >= 0 {
		return stop
	}
	if err != nil {
		fmt.Fprintf(s.Err, "assay: %v\n", err)
		fmt.Fprintln(s.Err, "hint: assay --help lists the commands and their flags")
		return exitRefused
	}
	return report(s, kc.Run(&run{ctx, h, s, c.globals}))
}

// joinNegative joins a flag with the negative number after it, which the parser takes for a flag: the
// command then says what it expected.
func joinNegative(args []string) []string {
	var out []string
	for i, a := range args {
		if a == "--" {
			return append(out, args[i:]...)
		}
		negative := len(a) > 1 && a[0] == '-' && a[1] >= '0' && a[1] <= '9'
		if negative && i > 0 && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "=") {
			out[len(out)-1] += "=" + a
			continue
		}
		out = append(out, a)
	}
	return out
}

func report(s Streams, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errDeviation) {
		return exitDeviation
	}
	fmt.Fprintf(s.Err, "assay: %v\n", err)
	if h := fault.Hint(err); h != "" {
		fmt.Fprintf(s.Err, "hint: %s\n", h)
	}
	switch {
	case errors.Is(err, fault.Integrity):
		return exitIntegrity
	case errors.Is(err, fault.Denied):
		return exitDenied
	case errors.Is(err, fault.Refused):
		return exitRefused
	}
	return exitOther
}

// enter opens the organization for one command.
func (r *run) enter(how Entry, act func(Office) error) error {
	o, err := r.h.Enter(r.ctx, r.g.Data, r.g.Org, how)
	if err != nil {
		return err
	}
	if n := o.Notice(); n != "" {
		r.warn([]string{n})
	}
	return errors.Join(act(o), o.Close())
}

func (r *run) print(v any) error {
	enc := json.NewEncoder(r.s.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.s.Out, format+"\n", args...) }

func (r *run) warn(list []string) {
	for _, w := range list {
		fmt.Fprintln(r.s.Err, "warning:", w)
	}
}

func dates(from, to string) (f, t *civil.Date, err error) {
	if f, err = date("--from", from); err != nil {
		return nil, nil, err
	}
	t, err = date("--to", to)
	return f, t, err
}

func date(flag, s string) (*civil.Date, error) {
	if s == "" {
		return nil, nil
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Refused, Field: flag, What: err.Error()}
	}
	return &d, nil
}

func instant(flag, s string) (*civil.Instant, error) {
	if s == "" {
		return nil, nil
	}
	i, err := civil.ParseInstant(s)
	if err == nil {
		return &i, nil
	}
	what := err.Error()
	if s[0] < '0' || s[0] > '9' { // no attempt at a time that could be told what it lacks
		what = fmt.Sprintf("%q is not a time; expected date, time and offset, as in 2026-01-31T09:00:00Z or 2026-01-31T10:00:00+01:00", s)
	}
	return nil, &fault.Error{Kind: fault.Refused, Field: flag, What: what}
}

func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if strings.HasSuffix(one, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(one, "y"))
	}
	return fmt.Sprintf("%d %ss", n, one)
}
