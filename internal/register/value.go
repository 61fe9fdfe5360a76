package register

import (
	"io"
	"iter"
)

// Kind says what a value of a source is.
type Kind uint8

// The kinds. Absent and Null mean the same to a record: the source says nothing.
const (
	Absent Kind = iota
	Null
	String
	Number // Text holds the literal
	Boolean
	List
	Object
	Local // a cell with a date style: Text is YYYY-MM-DD or YYYY-MM-DDThh:mm:ss, of no zone
)

// Value is one value as a source delivered it.
type Value struct {
	Kind    Kind
	Text    string // of String, Number and Local; "true" or "false" of Boolean
	List    []Value
	Members []Member // of Object, in the order of the source
}

// Member is one named value of an object.
type Member struct {
	Name  string
	Value Value
}

// Input is one row as a format reads it: an object with its place in the file.
type Input struct {
	Line   int  // line of the file or row of the sheet where it starts, from 1
	Loose  bool // the format has no types of its own: CSV, spreadsheets
	Fields []Member
}

// ReadOptions tell a format what it reads.
type ReadOptions struct {
	File  string // the name in messages
	Sheet string // the sheet of a workbook; empty when it has only one
}

// Reader reads one file format row by row, in bounded memory. A row is valid until the next
// one is asked for. After an error the sequence ends.
type Reader func(r io.Reader, o ReadOptions) iter.Seq2[Input, error]

// The limits that every format keeps, so that a hostile file costs a refusal and no memory.
const (
	MaxColumns = 10_000   // fields of one row or members of one object
	MaxRow     = 16 << 20 // bytes of one row
	MaxDepth   = 64       // nesting of lists and objects
)

// Text makes a text value.
func text(s string) Value { return Value{Kind: String, Text: s} }

// Get returns the member of that name, or an absent value.
func (v Value) Get(name string) Value { return get(v.Members, name) }

func get(ms []Member, name string) Value {
	for i := range ms {
		if ms[i].Name == name {
			return ms[i].Value
		}
	}
	return Value{}
}

// known reports whether the source said anything.
func (v Value) known() bool { return v.Kind != Absent && v.Kind != Null }

// empty reports whether the source delivered the value empty: "", [] or {}.
func (v Value) empty() bool {
	switch v.Kind {
	case String:
		return v.Text == ""
	case List:
		return len(v.List) == 0
	case Object:
		return len(v.Members) == 0
	}
	return false
}

// describe names a value in a message, cut to a readable length.
func (v Value) describe() string {
	switch v.Kind {
	case Absent, Null:
		return "nothing"
	case List:
		return "a list"
	case Object:
		return "an object"
	case Boolean, Number:
		return v.Text
	}
	return quote(v.Text)
}
