package scope

import (
	"bytes"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/assayhq/assay/internal/fault"
)

const (
	// mostYAML bounds a file of YAML, in bytes: its tokens take a few hundred times as much memory for a moment.
	mostYAML = 512 << 10
	// mostDeep is how deep values may stand in each other. Nothing of a program needs more than ten.
	mostDeep = 64
)

// plain returns a text with line endings of one byte, whatever system wrote it. It refuses what is not UTF-8.
func plain(name string, b []byte) ([]byte, error) {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return nil, fault.At(name, bytes.Count(b[:i], []byte("\n"))+1, "", "byte 0x%02x is not UTF-8", b[i]).WithHint("save the file as UTF-8")
		}
		i += n
	}
	for bytes.Contains(b, []byte("\r\n")) { // again, for \r\r\n: what is read twice must read the same
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	return b, nil
}

// shallow refuses YAML that the decoder must not see: it goes down once for each level, and memory with it. It refuses
// names for values (anchors), by which few bytes become many, and all but the first document, which nobody would read.
func shallow(name string, b []byte) error {
	if len(b) > mostYAML {
		return fault.At(name, 0, "", "is larger than %d KiB", mostYAML>>10)
	}
	var d depth
	content, ended := false, false
	for _, t := range lexer.Tokenize(string(b)) {
		if t.Position == nil {
			continue
		}
		line := t.Position.Line
		switch t.Type {
		case token.CommentType:
			continue
		case token.AnchorType, token.AliasType:
			return fault.At(name, line, "", "%q begins an anchor or an alias; write the value out, or put it in quotes", t.Value)
		case token.DocumentHeaderType:
			ended = content
		case token.DocumentEndType:
			ended = true
		default:
			if ended {
				return fault.At(name, line, "", "a second YAML document begins; expected one in a file")
			}
			content = true
			if d.see(t) > mostDeep {
				return fault.At(name, line, "", "values stand in each other more than %d deep", mostDeep)
			}
		}
	}
	return nil
}

// depth counts how deep a token stands, a little too deep rather than not deep enough.
type depth struct {
	flow    int   // open brackets
	astray  int   // dashes and question marks in brackets, where no block may begin: the decoder goes down all the same
	columns []int // of the blocks that are open
	line    int
	marks   int // of a kind that opens a level, on this line
}

func (d *depth) see(t *token.Token) int {
	first := t.Position.Line != d.line
	if first {
		d.line, d.marks = t.Position.Line, 0
	}
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		d.flow++
	case token.SequenceEndType, token.MappingEndType:
		d.flow--
	case token.SequenceEntryType, token.MappingKeyType:
		first = true
		if d.flow > 0 {
			d.astray++
		}
	case token.MappingValueType, token.TagType: // the first of a line belongs to a key that is counted
		d.marks++
		first = first || d.marks > 1 && d.flow == 0
	}
	if first && d.flow <= 0 {
		for len(d.columns) > 0 && d.columns[len(d.columns)-1] >= t.Position.Column {
			d.columns = d.columns[:len(d.columns)-1]
		}
		d.columns = append(d.columns, t.Position.Column)
	}
	return max(d.flow, 0) + d.astray + len(d.columns)
}

// written is the plain value of a key at the margin, as it stands in the file; "" when it is not a number. The decoder
// would make 1.1 of 1.10.
func written(b []byte, key string) string {
	list := lexer.Tokenize(string(b))
	for i := range len(list) - 2 {
		if k, v := list[i], list[i+2]; k.Value == key && k.Position.Column == 1 && list[i+1].Type == token.MappingValueType {
			switch v.Type {
			case token.IntegerType, token.FloatType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType:
				return v.Value
			}
		}
	}
	return ""
}
