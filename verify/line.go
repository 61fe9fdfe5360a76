package verify

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	domain   = "assay record v1\n" // 16 bytes before the salt of every commitment
	saltText = 32                  // hex digits of a salt
	maxLine  = 8 << 20             // bytes of one line; a longer one is refused unread
)

var errLine = errors.New("the line is not `SALT RECORD` or `- COMMITMENT` in lower-case hex")

// hexDigit maps the lower-case hex digits to their values and everything else to 255.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range "0123456789abcdef" {
		t[c] = byte(i)
	}
	return t
}()

// unhex decodes lower-case hex only, the one spelling of hashed texts.
func unhex(dst, src []byte) bool {
	if len(src) != 2*len(dst) {
		return false
	}
	for i := range dst {
		h, l := hexDigit[src[2*i]], hexDigit[src[2*i+1]]
		if h|l > 15 {
			return false
		}
		dst[i] = h<<4 | l
	}
	return true
}

// commit returns the leaf of one line without its line feed. For a record it overwrites the hex
// of the salt with the bytes that are hashed before the record, so that one call hashes both
// without a copy; the canonical record behind it stays as it is and is returned. An erased
// record has none.
func commit(line []byte) (leaf tlog.Hash, record []byte, err error) {
	if bytes.HasPrefix(line, []byte("- ")) {
		var c [32]byte
		if !unhex(c[:], line[2:]) {
			return leaf, nil, errLine
		}
		return leafHash(&c), nil, nil
	}
	if len(line) < saltText+3 || line[saltText] != ' ' || line[saltText+1] != '{' {
		return leaf, nil, errLine
	}
	var salt [16]byte
	if !unhex(salt[:], line[:saltText]) {
		return leaf, nil, errLine
	}
	record = line[saltText+1:]
	copy(line[1:], domain)
	copy(line[1+len(domain):], salt[:])
	c := sha256.Sum256(line[1:])
	return leafHash(&c), record, nil
}

// envelope is what stands around the body of a record, still in its JSON spelling.
type envelope struct {
	key, received, register, version []byte
}

var tailStart = []byte(`,"key":"`)

// scan finds the members after the body without parsing the body. They are scalars in a fixed
// order and a quote inside a string is always escaped, so the last `,"key":"` is the record's
// own. It is false when the end of the record has another form.
func scan(record []byte) (e envelope, ok bool) {
	i := lastKey(record)
	if i < 0 {
		return e, false
	}
	c := canon{b: record, i: i}
	if e.key, ok = c.field(`,"key":"`); !ok {
		return e, false
	}
	c.field(`,"pull":"`)
	if e.received, ok = c.field(`,"received":"`); !ok {
		return e, false
	}
	c.field(`,"recorded":"`)
	if e.register, ok = c.field(`,"register":"`); !ok {
		return e, false
	}
	c.field(`,"source":"`)
	if !c.take(`,"version":`) {
		return e, false
	}
	e.version = record[c.i:max(c.i, len(record)-1)]
	n, err := strconv.Atoi(string(e.version))
	return e, err == nil && n > 0 && e.version[0] != '+' && e.version[0] != '0' && record[len(record)-1] == '}'
}

// lastKey looks for the start of the tail in the last bytes first, where it nearly always is.
func lastKey(record []byte) int {
	from := max(0, len(record)-400)
	at := -1
	for i := from; ; {
		j := bytes.Index(record[i:], tailStart)
		if j < 0 {
			break
		}
		at = i + j
		i = at + len(tailStart)
	}
	if at < 0 {
		at = bytes.LastIndex(record, tailStart)
	}
	return at
}

// field takes `prefix...text"` and returns the text as it is spelt.
func (c *canon) field(prefix string) ([]byte, bool) {
	if !c.take(prefix) {
		return nil, false
	}
	from := c.i
	for c.i < len(c.b) {
		j := bytes.IndexByte(c.b[c.i:], '"')
		if j < 0 {
			return nil, false
		}
		c.i += j + 1
		if !escaped(c.b[from : c.i-1]) {
			return c.b[from : c.i-1], true
		}
	}
	return nil, false
}

// escaped reports whether a text ends in an odd number of backslashes.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// record is one record parsed in full. Only records that matter by themselves are: the seal,
// pulls, erasures, those that findings name, and those at fault.
type record struct {
	register, key string
	version       int
	body          []byte
}

func (r record) name() string { return r.register + "/" + r.key + "@" + strconv.Itoa(r.version) }

var errRecord = errors.New("not a record: expected exactly body, event, key, pull, received, recorded, register, source and version")

// parseRecord reads a canonical record and refuses members that it may not have.
func parseRecord(b []byte) (record, error) {
	ms, err := object(b)
	if err != nil {
		return record{}, err
	}
	var r record
	seen := 0
	for _, m := range ms {
		text, isText := unquote(m.raw)
		switch m.name {
		case "body":
			if m.raw[0] != '{' {
				return record{}, errRecord
			}
			r.body = m.raw
			seen++
			continue
		case "version":
			if r.version, err = strconv.Atoi(string(m.raw)); err != nil || r.version < 1 {
				return record{}, errRecord
			}
			seen++
			continue
		case "key":
			r.key = text
			seen++
		case "register":
			r.register = text
			seen++
		case "received":
			if _, ok := instant([]byte(text)); !ok {
				return record{}, errRecord
			}
			seen++
		case "event", "recorded":
			if _, ok := instant([]byte(text)); !ok && text != "never" {
				return record{}, errRecord
			}
		case "pull", "source":
		default:
			return record{}, errRecord
		}
		if !isText {
			return record{}, errRecord
		}
	}
	if seen != 5 || r.register == "" || r.key == "" {
		return record{}, errRecord
	}
	return r, nil
}

// describe names a record for a person, as well as its text allows.
func describe(b []byte) string {
	if r, err := parseRecord(b); err == nil {
		return r.name()
	}
	if e, ok := scan(b); ok {
		key, good := unquote(append(append([]byte{'"'}, e.key...), '"'))
		if good {
			return string(e.register) + "/" + key + "@" + string(e.version)
		}
	}
	return ""
}

// instant reads the one spelling of a time, UTC with up to six digits and no trailing zero, and
// returns a form whose bytes order as the times do.
func instant(b []byte) (t [26]byte, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(b) < len(form)+1 || b[len(b)-1] != 'Z' {
		return t, false
	}
	for i := range form {
		if form[i] == '0' {
			if b[i] < '0' || b[i] > '9' {
				return t, false
			}
		} else if b[i] != form[i] {
			return t, false
		}
	}
	copy(t[:], form+".000000")
	copy(t[:], b[:len(form)])
	frac := b[len(form) : len(b)-1]
	if len(frac) == 0 {
		return t, true
	}
	if frac[0] != '.' || len(frac) < 2 || len(frac) > 7 || frac[len(frac)-1] == '0' {
		return t, false
	}
	for _, d := range frac[1:] {
		if d < '0' || d > '9' {
			return t, false
		}
	}
	copy(t[len(form):], frac)
	return t, true
}
