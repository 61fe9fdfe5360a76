package record

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/register"
)

// Append writes the canonical bytes of the record (RFC 8785) behind dst: what the ledger
// commits to. Body must be canonical already; members that are absent are left out.
func (r *Record) Append(dst []byte) []byte {
	dst = append(dst, `{"body":`...)
	dst = append(dst, r.Body...)
	if r.Event != nil {
		dst = appendInstant(append(dst, `,"event":"`...), *r.Event)
	}
	dst = appendText(append(dst, `,"key":`...), r.Key)
	if r.Pull != "" {
		dst = appendText(append(dst, `,"pull":`...), string(r.Pull))
	}
	dst = appendInstant(append(dst, `,"received":"`...), r.Received)
	if r.Recorded != nil {
		dst = appendInstant(append(dst, `,"recorded":"`...), *r.Recorded)
	}
	dst = appendText(append(dst, `,"register":`...), r.Register)
	if r.Source != "" {
		dst = appendText(append(dst, `,"source":`...), r.Source)
	}
	dst = append(dst, `,"version":`...)
	return append(strconv.AppendInt(dst, int64(r.Version), 10), '}')
}

func appendInstant(dst []byte, i civil.Instant) []byte {
	if i == civil.Never {
		return append(dst, `never"`...)
	}
	return i.Time().AppendFormat(dst, "2006-01-02T15:04:05.999999Z\"")
}

func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			b, err := register.AppendCanonical(dst, register.Value{Kind: register.String, Text: s})
			if err != nil {
				panic(err) // a text has a canonical form
			}
			return b
		}
	}
	dst = append(append(dst, '"'), s...)
	return append(dst, '"')
}

// Decode reads canonical bytes in their one spelling.
func Decode(b []byte) (Record, error) {
	if !utf8.Valid(b) {
		return Record{}, fault.Refuse("not the canonical bytes of a record: they are not UTF-8")
	}
	r, err := Parse(b)
	if err != nil {
		return r, err
	}
	body, err := register.Canonical(r.Body)
	if err != nil {
		return Record{}, err
	}
	if !bytes.Equal(body, r.Body) {
		return Record{}, fault.Refuse("the body of record %s is not canonical", r.Name())
	}
	return r, nil
}

// Parse reads canonical bytes without looking into the body: enough for bytes whose hash is
// known to be sealed, and several times faster.
func Parse(b []byte) (Record, error) {
	s := scanner{rest: b}
	var r Record
	s.literal(`{"body":`)
	r.Body = s.object()
	r.Event = s.instant(`,"event":`)
	r.Key = s.member(`,"key":`)
	if s.has(`,"pull":`) {
		r.Pull = id.Pull(s.member(`,"pull":`))
	}
	if t := s.instant(`,"received":`); t != nil {
		r.Received = *t
	} else {
		s.bad = true
	}
	r.Recorded = s.instant(`,"recorded":`)
	r.Register = s.member(`,"register":`)
	if s.has(`,"source":`) {
		r.Source = s.member(`,"source":`)
	}
	s.literal(`,"version":`)
	n := max(bytes.IndexByte(s.rest, '}'), 0)
	v, err := strconv.ParseInt(string(s.rest[:n]), 10, 32)
	if r.Version = int(v); s.bad || err != nil || v < 1 || r.Register == "" || r.Key == "" || !bytes.Equal(r.Append(nil), b) {
		return Record{}, fault.Refuse("not the canonical bytes of a record")
	}
	return r, nil
}

// scanner takes members off the front in their fixed order; after a fault all it gives is empty.
type scanner struct {
	rest []byte
	bad  bool
}

func (s *scanner) has(prefix string) bool {
	return !s.bad && len(s.rest) >= len(prefix) && string(s.rest[:len(prefix)]) == prefix
}

func (s *scanner) literal(prefix string) {
	if !s.has(prefix) {
		s.bad = true
		return
	}
	s.rest = s.rest[len(prefix):]
}

// object takes a JSON object by its braces; what is inside is left as it is.
func (s *scanner) object() []byte {
	if !s.has("{") {
		s.bad = true
		return nil
	}
	depth := 0
	for i := 0; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			if i = closing(s.rest, i); i < 0 {
				s.bad = true
				return nil
			}
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				o := s.rest[: i+1 : i+1]
				s.rest = s.rest[i+1:]
				return o
			}
		}
	}
	s.bad = true
	return nil
}

// closing finds the quote that ends the string whose opening quote is at i, or -1.
func closing(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

func (s *scanner) member(prefix string) string {
	s.literal(prefix)
	if !s.has(`"`) {
		s.bad = true
		return ""
	}
	end := closing(s.rest, 0)
	if end < 0 {
		s.bad = true
		return ""
	}
	quoted := s.rest[:end+1]
	s.rest = s.rest[end+1:]
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:end])
	}
	v, err := register.ParseJSON("", 0, quoted)
	if err != nil {
		s.bad = true
	}
	return v.Text
}

func (s *scanner) instant(prefix string) *civil.Instant {
	if !s.has(prefix) {
		return nil
	}
	t, err := civil.ParseInstant(s.member(prefix))
	if err != nil {
		s.bad = true
		return nil
	}
	return &t
}
