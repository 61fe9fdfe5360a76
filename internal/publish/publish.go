// Package publish assembles what leaves the house: the package that an auditor verifies offline.
// Everything goes through once, from the parts that others supply to one stream; memory holds
// the results and one line of a manifest an entry, never the records.
package publish

import (
	"context"
	"io"
	"regexp"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// Material is what a package is made of.
type Material struct {
	Organization id.Org
	Name         string // of the organization
	Created      civil.Instant
	Key          string // the verifier key, NAME+HASH+BASE64
	Program      []byte // program.json
	Results      assure.Results
	Tests        []Test
	Relations    []assure.Relation // the copies of the populations
	ReportHTML   func(io.Writer) error
	ReportJSON   func(io.Writer) error
	Ledger       Ledger
	History      History
	Blobs        Blobs
	Tables       Tables
	Anchors      []ledger.Attestation // what others said of earlier checkpoints
	StampRoots   []byte               // PEM: the roots by which the time stamps were checked at receipt
	Window       ledger.Window        // what of the ledger nobody outside can vouch for
}

// Test is a test in the forms in which an auditor reads and repeats it. ID names its files; an
// empty form is left out.
type Test struct {
	ID       string
	Txtar    []byte // the rule and its cases
	DuckDB   []byte // the rule as SQL
	Postgres []byte
}

// Ledger is the ledger of one organization. It may grow while a package is made; what was
// sealed once stays as it is.
type Ledger interface {
	// Size is the number of records sealed so far.
	Size(ctx context.Context) (int64, error)
	// Scan calls fn for the records [from, to) in order. What fn gets is valid during the call.
	Scan(ctx context.Context, from, to int64, fn func(record.Sealed) error) error
	// Tile returns the leaf hashes of the level-0 tile n, as many as there are or more than
	// are asked for.
	Tile(ctx context.Context, n int64) ([]byte, error)
	// Seal appends one record to assay.packages that names the manifest's SHA-256 as
	// "manifest", as leaf number size exactly, and signs the ledger of size+1. When the ledger
	// is no longer of that size it is a fault.Busy and nothing was appended.
	Seal(ctx context.Context, size int64, manifest string) (record.Sealed, ledger.Signed, error)
}

// History is what stands in a ledger before a package: named records and signed states.
type History interface {
	// Find returns the index of a record, or a fault.NotFound when it was erased.
	Find(ctx context.Context, register, key string, version int) (int64, error)
	// Hashes reads the hashes of the tree.
	Hashes(ctx context.Context) tlog.HashReader
	// Checkpoints returns the checkpoints signed so far, by size.
	Checkpoints(ctx context.Context) ([]ledger.Signed, error)
}

// Blobs are the input files that pulls kept.
type Blobs interface {
	// Open returns the content of that SHA-256, or a fault.NotFound when it was erased.
	Open(ctx context.Context, sha256 string) (io.ReadCloser, error)
}

// Tables writes relations in the format that the package uses for them.
type Tables interface {
	Write(w io.Writer, r assure.Relation) error
}

// Sealed says what a package became part of.
type Sealed struct {
	Records    int64 // before the seal
	Entries    int
	Manifest   string // SHA-256 in hex
	Checkpoint ledger.Signed
}

var (
	fileName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	relationName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
)

// check refuses names that cannot be those of entries, before anything is written.
func (m Material) check() error {
	if m.Name == "" || !utf8.ValidString(m.Name) {
		return fault.Refuse("the organization's name is empty or not UTF-8")
	}
	for _, t := range m.Tests {
		if !fileName.MatchString(t.ID) {
			return fault.Refuse("the test id %q cannot name a file; expected letters, digits, dots, dashes and underscores", t.ID)
		}
	}
	for _, r := range m.Relations {
		if !relationName.MatchString(r.Name) {
			return fault.Refuse("the relation name %q cannot name a table", r.Name)
		}
	}
	for _, r := range m.Results.Controls {
		if !fileName.MatchString(r.Control) {
			return fault.Refuse("the control id %q cannot name a file; expected letters, digits, dots, dashes and underscores", r.Control)
		}
	}
	return nil
}

// Package writes a package and seals it. Records that are appended meanwhile are taken along;
// an append in the very moment of sealing gives a fault.Busy, and the caller may start again
// with a fresh writer. The same material gives the same bytes.
func Package(ctx context.Context, w io.Writer, m Material) (Sealed, error) {
	if err := m.check(); err != nil {
		return Sealed{}, err
	}
	p := &packer{m: m, zip: newArchive(w, m.Created.Time()), erased: map[string]bool{}, kept: map[string]bool{}, hidden: map[string]bool{}, given: map[string]bool{}, gone: map[int64]string{}}
	for _, step := range []func(context.Context) error{p.documents, p.conclusions, p.populations, p.history, p.anchors, p.ledger, p.tiles} {
		if err := step(ctx); err != nil {
			return Sealed{}, err
		}
	}
	return p.seal(ctx)
}

// packer carries one package through its making.
type packer struct {
	m       Material
	zip     *archive
	size    int64 // records written so far
	files   int   // files of records
	leaves  []byte
	pulled  []pulled // files that pulls kept, in order
	written int      // of those
	erased  map[string]bool
	kept    map[string]bool  // files that stay by the word of an erasure
	shown   []string         // files that people gave as evidence, in order
	hidden  map[string]bool  // of those, originals of which a redacted copy is shown
	given   map[string]bool  // those that were written
	gone    map[int64]string // by place in the ledger, the erasure of a record
	ends    []int64          // sizes of the ledger at which a transaction ended, rising
}

// pulled is a file that a pull kept.
type pulled struct {
	file  string // SHA-256
	index int64  // of the pull's record
}
