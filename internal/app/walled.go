package app

import (
	"context"
	"encoding/json"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// walled reads registers for whoever asks through a page or as a program. What belongs to drafts is not there for who may not read them: the
// auditor, who reads records, sees no draft before it is given to them. Nor does management see what an auditor selected until the auditor
// asks for it.
type walled struct{ operate.Books }

// mayRead reports whether the reader may know of the records of a register.
func mayRead(ctx context.Context, name string) bool {
	if v := access.From(ctx); name == samples {
		return v.Is(access.Auditor) && access.Decide(access.ReadRecords, v) == nil
	}
	if name == engage.Acts || name == engage.Mail {
		return access.Decide(access.ReadEngagements, access.From(ctx)) == nil
	}
	return !operate.OfDrafts(name) || access.Decide(access.ReadDrafts, access.From(ctx)) == nil
}

// mayProve reports whether the reader may see the record that a leaf commits to. One whose register cannot be read is kept back.
func mayProve(ctx context.Context, s record.Sealed) bool {
	var r struct{ Register string }
	return json.Unmarshal(s.Bytes, &r) == nil && r.Register != "" && mayRead(ctx, r.Register)
}

// List lists the current records of a register.
func (w walled) List(ctx context.Context, org id.Org, s *register.Schema, q record.Query) ([]record.Known, int64, error) {
	if !mayRead(ctx, s.Name) {
		return nil, 0, fault.NotFound
	}
	return w.Books.List(ctx, org, s, q)
}

// History gives the versions of a record.
func (w walled) History(ctx context.Context, org id.Org, name, key string) ([]record.Known, error) {
	if !mayRead(ctx, name) {
		return nil, fault.NotFound
	}
	return w.Books.History(ctx, org, name, key)
}
