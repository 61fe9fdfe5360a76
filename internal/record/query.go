package record

import (
	"context"

	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/register"
)

// Match is one condition of a Query.
type Match struct {
	Field string // of the schema
	Op    string // "=", "<=", ">=", "has" (a value stands there), "lacks" (none does)
	Value any    // string, int64, bool, civil.Instant or civil.Date, as the field's type asks; nil for has and lacks
}

// Query asks for the current records of one register: of each key the latest version.
type Query struct {
	Where  []Match // all must hold
	Text   string  // a part of the key or of a text field, compared without regard to ASCII case; empty: all
	Sort   string  // a field of the schema; empty: by key
	Desc   bool
	Offset int
	Limit  int // 0: 100; at most 1,000
}

// Lister reads registers page by page. Unknown fields are fault.Refused. The total counts what matches on all pages.
type Lister interface {
	List(ctx context.Context, org id.Org, s *register.Schema, q Query) (page []Known, total int64, err error)
}

// Historian gives every version of one key, the first first; fault.NotFound when there is none.
type Historian interface {
	History(ctx context.Context, org id.Org, register, key string) ([]Known, error)
}
