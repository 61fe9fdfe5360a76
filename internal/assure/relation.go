package assure

import "iter"

// Column is one column of a relation. Every value may be null.
type Column struct {
	Name    string
	Integer bool // 64-bit integer; otherwise text
}

// Relation is a table as it leaves the house: the copy of a population that an auditor reads
// with a program of their own. Rows can be read once; a value is nil, int64 or string.
type Relation struct {
	Name    string
	Columns []Column
	Lookups [][]string // the columns by which tests find its rows from others: an index for each saves hours
	Rows    iter.Seq2[[]any, error]
}
