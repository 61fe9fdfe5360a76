// Package fault names the few kinds of error that a caller may branch on. Rooms return
// them wrapped; only the doors turn them into exit codes, HTTP statuses and sentences.
package fault

import (
	"errors"
	"fmt"
)

// The kinds. Compare with errors.Is; an error without a kind is a defect or a broken machine.
var (
	// Refused is bad input: nothing was stored, and the message says where and what was expected.
	Refused = errors.New("refused")
	// NotFound is a thing that does not exist, or that the caller may not know to exist.
	NotFound = errors.New("not found")
	// Integrity is a record, proof, blob or checkpoint that does not agree with what was sealed.
	Integrity = errors.New("integrity")
	// Denied is an act that the caller's role or an earlier act forbids.
	Denied = errors.New("not allowed")
	// Busy is a resource held by someone else, such as a data folder opened by another process.
	Busy = errors.New("busy")
)

// Error is a fault with a place and a remedy. Every part but Kind and What may be empty.
type Error struct {
	Kind  error  // one of the kinds above
	File  string // the file as the person named it
	Line  int    // from 1; 0 when the input has no lines
	Field string // the field, column or flag
	What  string // what is wrong, and what was expected
	Hint  string // what to do about it
	Err   error  // the cause, if it says more than What
}

// Refuse makes a refusal that has no place in a file.
func Refuse(format string, args ...any) *Error {
	return &Error{Kind: Refused, What: fmt.Sprintf(format, args...)}
}

// At makes a refusal of one field of one line: "FILE:LINE: FIELD: what".
func At(file string, line int, field, format string, args ...any) *Error {
	return &Error{Kind: Refused, File: file, Line: line, Field: field, What: fmt.Sprintf(format, args...)}
}

// WithHint returns the error with a remedy added.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Error prints the place, the field and what is wrong on one line; the hint is left to the door.
func (e *Error) Error() string {
	s := ""
	if e.File != "" {
		s = e.File + ":"
		if e.Line > 0 {
			s += fmt.Sprintf("%d:", e.Line)
		}
		s += " "
	}
	if e.Field != "" {
		s += e.Field + ": "
	}
	s += e.What
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap lets errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Hint returns the first remedy in the chain, or "".
func Hint(err error) string {
	var e *Error
	for errors.As(err, &e) {
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
