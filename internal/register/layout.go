package register

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The columns that every projection table has besides the schema's fields. They start with an
// underscore, which field names may not.
const (
	ColOrg      = "_org"      // organization, text
	ColIndex    = "_idx"      // ledger index of the record
	ColKey      = "_key"      // natural key
	ColVersion  = "_version"  // version of the key, from 1
	ColUntil    = "_until"    // ledger index of the record that superseded this one; MaxIndex while none did
	ColEvent    = "_event"    // instant or NULL
	ColRecorded = "_recorded" // instant or NULL
	ColReceived = "_received" // instant
	ColPull     = "_pull"     // pull id
	ColSource   = "_source"
	ColErased   = "_erased" // 1 when the record's content was erased; the fields are then NULL
	ColBody     = "_body"   // SHA-256 of the body, 32 bytes, for "same body: nothing happens"
)

// MaxIndex is _until of the latest version of a key. A row is known at tree size n when
// _idx < n and _until >= n.
const MaxIndex int64 = 1<<63 - 1

// Layout is a short digest of the names and types of the columns.
func (s *Schema) Layout() string {
	var b strings.Builder
	for _, f := range s.Fields {
		b.WriteString(f.Name + ":" + string(f.Type) + "\n")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:4])
}
