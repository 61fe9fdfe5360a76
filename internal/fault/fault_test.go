package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

func TestErrorPrintsThePlaceFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  *fault.Error
		want string
	}{
		{fault.Refuse("%q is no date", "x"), `"x" is no date`},
		{fault.At("a.csv", 7, "merged_at", "no offset"), "a.csv:7: merged_at: no offset"},
		{fault.At("a.xlsx", 0, "", "a zip bomb"), "a.xlsx: a zip bomb"},
		{&fault.Error{Kind: fault.Integrity, Field: "root", What: "differs"}, "root: differs"},
		{&fault.Error{Kind: fault.Refused, File: "a", Line: 1, What: "cut short", Err: io.ErrUnexpectedEOF}, "a:1: cut short: unexpected EOF"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%#v.Error() = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestKindsAndCausesAreFoundThroughWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("import changes: %w", &fault.Error{Kind: fault.Refused, What: "cut short", Err: io.ErrUnexpectedEOF})
	for _, is := range []error{fault.Refused, io.ErrUnexpectedEOF} {
		if !errors.Is(err, is) {
			t.Errorf("errors.Is(%v, %v) = false, want true", err, is)
		}
	}
	for _, not := range []error{fault.NotFound, fault.Integrity, fault.Denied, fault.Busy} {
		if errors.Is(err, not) {
			t.Errorf("errors.Is(%v, %v) = true, want false", err, not)
		}
	}
}

func TestHintIsTheFirstInTheChain(t *testing.T) {
	t.Parallel()
	inner := fault.Refuse("no offset").WithHint("write %s", "Z")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{io.EOF, ""},
		{fault.Refuse("bare"), ""},
		{fmt.Errorf("read: %w", inner), "write Z"},
		{&fault.Error{Kind: fault.Refused, What: "row 7", Err: inner}, "write Z"},
		{(&fault.Error{Kind: fault.Refused, What: "row 7", Err: inner}).WithHint("see row 7"), "see row 7"},
	} {
		if got := fault.Hint(c.err); got != c.want {
			t.Errorf("Hint(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestWithHintLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	e := fault.Refuse("x")
	if _ = e.WithHint("y"); e.Hint != "" {
		t.Errorf("after WithHint the original's hint = %q, want none", e.Hint)
	}
}
