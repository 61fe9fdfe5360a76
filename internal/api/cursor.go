package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// cursors make the marks by which a caller asks for the next page. A mark is signed over the organization and the query: one of
// another list, of another organization, or made by hand is refused.
type cursors struct{ secret []byte }

// maxOffset bounds how far a list is paged through.
const maxOffset = 1 << 40

func (c cursors) mac(org id.Org, query string, at []byte) []byte {
	m := hmac.New(sha256.New, c.secret)
	for _, part := range []string{"assay cursor 1", string(org), query, string(at)} {
		_ = binary.Write(m, binary.BigEndian, int64(len(part))) // a hash takes everything
		m.Write([]byte(part))
	}
	return m.Sum(nil)[:16]
}

// make gives the mark of an offset.
func (c cursors) make(org id.Org, query string, offset int) string {
	at := binary.BigEndian.AppendUint64(nil, uint64(offset))
	return base64.RawURLEncoding.EncodeToString(append(at, c.mac(org, query, at)...))
}

// read gives the offset of a mark; 0 of none.
func (c cursors) read(org id.Org, query, cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != 8+16 || !hmac.Equal(b[8:], c.mac(org, query, b[:8])) {
		return 0, badCursor
	}
	n := binary.BigEndian.Uint64(b)
	if n > maxOffset {
		return 0, badCursor
	}
	return int(n), nil
}

var badCursor = &Problem{Type: Base + "/#problem-refused", Title: "Refused", Status: 422, Detail: "the cursor is not one that this list gave",
	Errors: []Fault{{Message: "expected the value of next from a page of the same list with the same query", Location: "query.cursor"}}}

// Paged is what every list is asked with.
type Paged struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many a page holds"`
	Cursor string `query:"cursor" maxLength:"64" doc:"The value of next from the page before; it is good for the same query only"`
}

// following gives the mark of the page after this one; none after the last.
func (a *API) following(org id.Org, query string, offset, got int, total int64) string {
	if got == 0 || int64(offset+got) >= total {
		return ""
	}
	return a.cursors.make(org, query, offset+got)
}

func refused(location, format string, args ...any) *Problem {
	p := newProblem(422, "")
	p.Detail = fault.Refuse(format, args...).What
	p.Errors = []Fault{{Message: p.Detail, Location: location}}
	return p
}
