package collect

import (
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/register"
)

// formulas are the characters with which a cell may begin that a spreadsheet program runs, in their
// wide forms too.
const formulas = "=+-@\t\r\n＝＋－＠"

// Guard makes a cell of a sheet one that a spreadsheet program shows and does not run: it puts an
// apostrophe before what would be a formula, and before what looks as if this had been done already.
func Guard(cell string) string {
	if guarded(cell) {
		return "'" + cell
	}
	return cell
}

// Unguard takes off what Guard put on. Every text comes back as it was.
func Unguard(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && guarded(rest) {
		return rest
	}
	return cell
}

// guarded reports whether a formula stands behind any number of apostrophes.
func guarded(cell string) bool {
	r, size := utf8.DecodeRuneInString(strings.TrimLeft(cell, "'"))
	return size > 0 && strings.ContainsRune(formulas, r)
}

// unguard reads a sheet of this program's own.
func unguard(rows iter.Seq2[register.Input, error]) iter.Seq2[register.Input, error] {
	return func(yield func(register.Input, error) bool) {
		for in, err := range rows {
			for i := range in.Fields {
				if v := &in.Fields[i].Value; in.Loose && v.Kind == register.String {
					v.Text = Unguard(v.Text)
				}
			}
			if !yield(in, err) {
				return
			}
		}
	}
}
