package oscal

import (
	"crypto/sha1" //nolint:gosec // RFC 9562, 5.5: the hash of a name-based UUID; nothing secret rests on it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// space is the name space of our UUIDs: that of Namespace among the URLs.
var space = derive([16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, Namespace)

// derive makes a name-based UUID (RFC 9562, version 5).
func derive(space [16]byte, name string) (u [16]byte) {
	sum := sha1.Sum(append(space[:], name...)) //nolint:gosec // as above
	copy(u[:], sum[:])
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return u
}

// uuid names a thing by what it is: the same parts give the same name, in every document.
func uuid(parts ...string) string {
	var name strings.Builder
	for _, p := range parts {
		name.WriteString(strconv.Quote(p))
	}
	u := derive(space, name.String())
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// line makes a text fit OSCAL's string type: one line, something in it, no space at its ends.
func line(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\ufffd"), func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }), " ")
	if s == "" {
		return "-"
	}
	return s
}

// token makes an identifier of OSCAL's token type, which begins with a letter or an underscore. One that
// had to be changed gets a digest, so that two never become the same.
func token(s string) string {
	changed := false
	out := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || r == '.' || r == '-' || r == '_' {
			return r
		}
		changed = true
		return '_'
	}, strings.ToValidUTF8(s, "\ufffd"))
	if changed || out == "" {
		sum := sha256.Sum256([]byte(s))
		out += "-" + hex.EncodeToString(sum[:4])
	}
	if r := []rune(out)[0]; !unicode.IsLetter(r) && r != '_' {
		out = "_" + out
	}
	return out
}

// markup quotes a text for OSCAL's Markdown: what came with the data is text, and no element or link. Most
// members that hold one are required, so a blank text says that it is one.
func markup(s string) string {
	if strings.TrimSpace(s) == "" {
		return "Not stated."
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if strings.ContainsRune("\\`*[]<>{}", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// prop is a property of ours; none when there is no value.
func prop(name, value string) []Property {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	return []Property{{Name: name, NS: Namespace, Value: line(value)}}
}

func count(name string, n int) []Property { return prop(name, strconv.Itoa(n)) }

func join[T any](lists ...[]T) []T {
	var out []T
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// target is a file beside the document as a relative reference (RFC 3986, 4.2).
func target(path string) string {
	return (&url.URL{Path: strings.ToValidUTF8(path, "\ufffd")}).String()
}
