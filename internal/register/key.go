package register

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// blank reports whether a text that is not empty shows nothing: white space and invisible characters.
func blank(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) })
}

// keyPart keeps the parts of a joined key apart: two records never share one. The last part
// needs no escape.
var keyPart = strings.NewReplacer("%", "%25", "/", "%2F")

// maxKey bounds a natural key: it stands in indexes and messages.
const maxKey = 512

func keyText(f Field, col any) (string, error) {
	k := ""
	switch v := col.(type) {
	case string:
		k = v
	case int64:
		switch f.Type {
		case Date:
			k = civil.Date(v).String()
		case Instant:
			k = civil.Instant(v).String()
		default:
			k = strconv.FormatInt(v, 10)
		}
	}
	switch {
	case k == "":
		return "", fault.Refuse("missing; it is the key of the record")
	case blank(k):
		return "", fault.Refuse("%s shows nothing; it is the key of the record", quote(k))
	case len(k) > maxKey:
		return "", fault.Refuse("a key of %d bytes; expected at most %d", len(k), maxKey)
	case strings.ContainsFunc(k, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return "", fault.Refuse("%s holds a control character; a key is one line of text", quote(k))
	}
	return k, nil
}
