package record

import (
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
)

// Org is an organization as the store knows it.
type Org struct {
	ID      id.Org
	Name    string
	Zone    string // IANA
	Created civil.Instant
}

// Link is a relation between two organizations, such as an engagement between a firm and its
// client. It is the only thing that names two. One of them may live in another installation;
// Org is the one whose link this is.
type Link struct {
	ID         id.Link
	Org        id.Org // Firm or Client
	Firm       id.Org
	Client     id.Org
	Kind       string // engagement, subservice, adviser, customer
	Checkpoint string // the client's checkpoint at the time, a signed note
	Scope      string // canonical JSON
	Created    civil.Instant
}

// Known is a record with its place in the ledger.
type Known struct {
	Index int64
	Record
}

// Sealed is one leaf of a ledger with what opens it.
type Sealed struct {
	Index      int64
	Salt       []byte   // nil when erased
	Bytes      []byte   // the canonical record; nil when erased
	Commitment [32]byte // as stored
}

// Erased reports whether the content is gone and only the commitment is left.
func (s Sealed) Erased() bool { return s.Bytes == nil }

// Commit computes the commitment from salt and bytes; of an erased record it is the stored one.
func (s Sealed) Commit() [32]byte {
	if s.Erased() {
		return s.Commitment
	}
	return ledger.Commit(s.Salt, s.Bytes)
}

// Erasure orders the content of every version of one key to be destroyed. The leaves stay. One
// without register and key is of files alone.
type Erasure struct {
	Register  string
	Key       string
	Reason    string
	Authority string   // the law, contract or person that asked
	Source    string   // who carries it out
	Blobs     []string // SHA-256 of the blobs that go with it; the caller removes them
	KeepFiles bool     // files that hold the record too stay, by the word of whoever asks
	Kept      []string // SHA-256 of those that stay
}

// DefectKind is how a stored thing differs from what was sealed.
type DefectKind string

// The kinds of defect.
const (
	Altered     DefectKind = "altered"     // a record's bytes or salt are not those that were sealed
	Deleted     DefectKind = "deleted"     // a sealed record is gone
	Inserted    DefectKind = "inserted"    // a record that no checkpoint covers
	Unopened    DefectKind = "unopened"    // content gone without a record of its erasure
	Misplaced   DefectKind = "misplaced"   // a record's own statements contradict its place
	Projection  DefectKind = "projection"  // a row for testing differs from its record
	Tile        DefectKind = "tile"        // a hash of the tree differs from the records
	BadSeal     DefectKind = "checkpoint"  // a checkpoint is not signed by the key or not of this tree
	RolledBack  DefectKind = "rolled back" // the ledger is smaller than the checkpoint kept outside
	Forked      DefectKind = "forked"      // the ledger has another history than the checkpoint kept outside
	BlobDefect  DefectKind = "blob"        // a file kept beside the records is gone or altered
	UnknownRows DefectKind = "unchecked"   // rows of a register whose schema is not at hand
)

// Defect is one thing at fault.
type Defect struct {
	Kind  DefectKind
	Index int64  // ledger index; -1 when the fault is of no single record
	Name  string // register/key@version, or "" when nobody can tell any more
	What  string
}

// Verification is what a check of a live ledger found.
type Verification struct {
	Size       int64 // records in the ledger
	Anchored   int64 // covered by the checkpoint kept outside the database
	Unanchored int64 // after it: a change among these cannot be proven to anybody
	Defects    []Defect
	Omitted    int64 // defects beyond those listed
}
