// Package record says what an append is: a canonical record, its leaf, the pull it belongs to,
// and the interface that stores satisfy. It is pure.
package record

import (
	"context"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/register"
)

// The system registers: what Assay itself writes, sealed like everything else. Their records
// have no projection table.
const (
	Organizations = "assay.organizations" // key: org id
	Pulls         = "assay.pulls"         // key: pull id
	Registers     = "assay.registers"     // key: register name; body: the schema as declared
	Program       = "assay.program"       // key: the scope of the report and its period
	Controls      = "assay.controls"      // key: control id; a version of a control and its test
	System        = "assay.system"        // key: "system"; what management says of the system
	Policies      = "assay.policies"      // key: policy id; the text of a policy
	Erasures      = "assay.erasures"      // key: erasure-INDEX, the first ledger index erased; names no person
	Packages      = "assay.packages"      // key: package id; body: the hash of its manifest
	Kept          = "assay.kept"          // key: register name; people keep it in this installation, by the organization's word
	Access        = "assay.access"        // key: event id; who was given or lost what, and by whom
)

// Record is one fact as sealed. Times are RFC 3339 UTC when written.
type Record struct {
	Register string
	Key      string
	Version  int
	Source   string
	Pull     id.Pull
	Event    *civil.Instant
	Recorded *civil.Instant
	Received civil.Instant
	Body     []byte // canonical JSON object
}

// Name is how findings and faults name a record: register/key@version.
func (r Record) Name() string { return Name(r.Register, r.Key, r.Version) }

// Pull describes one act of collecting: the IPE record of handbook 4.4. It is sealed as the
// last record of the pull, in the same transaction.
type Pull struct {
	ID        id.Pull           `json:"id"`
	Register  string            `json:"register"`
	Source    string            `json:"source"`
	Object    string            `json:"object"` // the file or endpoint as named by the operator
	Query     string            `json:"query"`
	Params    map[string]string `json:"params"` // "from" and "to" say which civil dates the query covered
	Started   string            `json:"started"`
	Ended     string            `json:"ended"`
	Operator  string            `json:"operator"`
	Tool      string            `json:"tool"`
	Layout    string            `json:"layout"`  // schema layout
	Mapping   string            `json:"mapping"` // SHA-256 of the mapping file, empty when none
	File      string            `json:"file"`    // SHA-256 of the bytes read
	Blob      string            `json:"blob"`    // the blob that keeps those bytes, empty when not kept
	Rows      int64             `json:"rows"`    // rows read from the source, repeats included
	New       int64             `json:"new"`
	Changed   int64             `json:"changed"`   // rows that superseded an earlier version
	Unchanged int64             `json:"unchanged"` // rows that said nothing new
	Children  map[string]int64  `json:"children"`  // rows split off into other registers
	Expected  *int64            `json:"expected"`  // rows counted by another path, when given
	Extent    string            `json:"extent"`    // "full" when the source says it delivered every row it has
	Sequence  string            `json:"sequence"`  // the field that runs without gaps by the mapping's word, when given
	Open      int64             `json:"open"`      // rows whose interval had not ended
	Totals    map[string]int64  `json:"totals"`    // sums of numeric fields over the rows of this pull
	Control   map[string]int64  `json:"control"`   // the same totals as the source states them
	FirstKey  string            `json:"first_key"`
	LastKey   string            `json:"last_key"`
	FirstTime string            `json:"first_time"`
	LastTime  string            `json:"last_time"`
}

// Draft is a record about to be appended: the store gives it its version and received time.
type Draft struct {
	Row    *register.Row
	Source string
}

// Outcome is what an append did with a draft.
type Outcome int

// The outcomes of a draft.
const (
	Added Outcome = iota
	Superseded
	Unchanged
)

// Receipt is what a finished append answers: from then on the records survive a power cut.
type Receipt struct {
	Pull       id.Pull
	First      int64 // ledger index of the first record written
	Count      int64 // records written, the pull's own included
	Checkpoint assure.Checkpoint
}

// Opener starts pulls. Stores satisfy it.
type Opener interface {
	// OpenPull starts a pull. It holds the organization's writer until Commit or Rollback:
	// other appends wait. Nothing is visible to anybody before Commit returns.
	OpenPull(ctx context.Context, org id.Org, p id.Pull) (Writer, error)
}

// Writer takes the rows of one pull: whole or nothing. It is used by one goroutine.
type Writer interface {
	// Add appends drafts in order and says what became of each; a few hundred at a time are
	// fastest. The rows belong to the writer until its next call has returned: it writes them
	// while the caller reads on. A key that this pull already wrote with
	// another body, or an explicit version that exists with another body, is a fault.Refused
	// that names the line and the key. After an error only Rollback is left.
	Add(ctx context.Context, drafts []Draft) ([]Outcome, error)
	// Commit seals the pull's own record, signs a checkpoint and returns once all is durable.
	Commit(ctx context.Context, p Pull) (Receipt, error)
	// Rollback leaves no trace. After Commit it does nothing.
	Rollback() error
}

// Appender appends a few records at once, as people and APIs do; concurrent calls share one
// transaction (group commit). Each call is whole or nothing.
type Appender interface {
	Append(ctx context.Context, org id.Org, p id.Pull, drafts []Draft) (Receipt, error)
}
