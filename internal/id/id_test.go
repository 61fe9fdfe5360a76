package id_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

func TestTextOrderIsTimeOrder(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	var made []string
	for i := range 200 {
		// The random part falls while the time rises: only the time may decide.
		o, err := id.NewOrg(start.Add(time.Duration(i)*time.Millisecond), bytes.NewReader(bytes.Repeat([]byte{byte(255 - i)}, 10)))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, string(o))
	}
	if !slices.IsSorted(made) {
		t.Errorf("identifiers made one after the other are not sorted: %q", made[:3])
	}
}

func TestRandomPartTellsSameTimesApart(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	a, errA := id.NewPull(now, strings.NewReader("0123456789"))
	b, errB := id.NewPull(now, strings.NewReader("0123456788"))
	if errA != nil || errB != nil || a == b {
		t.Errorf("NewPull with other random bytes = %q, %q, %v, %v, want two identifiers", a, b, errA, errB)
	}
}

func TestShortRandomnessIsAnError(t *testing.T) {
	t.Parallel()
	if l, err := id.NewLink(time.Unix(0, 0), strings.NewReader("123456789")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("NewLink with nine random bytes = %q, %v, want io.ErrUnexpectedEOF", l, err)
	}
}

func TestParseOrg(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	made, err := id.NewOrg(now, strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := id.ParseOrg(string(made)); err != nil || got != made {
		t.Errorf("ParseOrg(%q) = %q, %v, want it back", made, got, err)
	}
	pull, err := id.NewPull(now, strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	s := string(made)
	for _, bad := range []string{
		"", "org_", "org", string(pull), s[:len(s)-1], s + "0", s + "\n", strings.ToUpper(s), "org_" + s, "ORG" + s[3:],
		s[:len(s)-1] + "z", // the last character holds three bits: only some of them are the spelling
		s[:8] + "\n" + s[8:], "org_il" + s[6:],
	} {
		if got, err := id.ParseOrg(bad); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseOrg(%q) = %q, %v, want a refusal", bad, got, err)
		}
	}
}

func FuzzParseOrg(f *testing.F) {
	f.Add("org_000000000000000000000000000")
	f.Add("org_06b7q")
	f.Fuzz(func(t *testing.T, s string) {
		if o, err := id.ParseOrg(s); err == nil && (string(o) != s || len(s) != len("org_")+26) {
			t.Errorf("ParseOrg(%q) = %q, want the same 30 characters or a refusal", s, o)
		}
	})
}
