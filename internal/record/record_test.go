package record_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

func instant(t *testing.T, s string) *civil.Instant {
	t.Helper()
	i, err := civil.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return &i
}

// TestCanonical pins the format: a change of it would orphan every package that an auditor holds.
func TestCanonical(t *testing.T) {
	t.Parallel()
	full := record.Record{
		Register: "changes", Key: "change-77", Version: 2, Source: "github", Pull: "pull_x",
		Event: instant(t, "2026-01-02T03:04:05Z"), Recorded: instant(t, "2026-01-02T03:04:06.5Z"), Received: *instant(t, "2026-01-03T00:00:00.000001Z"),
		Body: []byte(`{"title":"a }\"{ b"}`),
	}
	least := record.Record{Register: "r", Key: "k", Version: 1, Received: *instant(t, "2026-01-03T00:00:00Z"), Body: []byte(`{}`)}
	odd := record.Record{Register: "r", Key: "a\"b\\c/\n\u007f\u2028é😀", Version: 1, Received: least.Received, Body: []byte(`{}`)}
	for _, c := range []struct {
		r    record.Record
		want string
	}{
		{full, `{"body":{"title":"a }\"{ b"},"event":"2026-01-02T03:04:05Z","key":"change-77","pull":"pull_x","received":"2026-01-03T00:00:00.000001Z","recorded":"2026-01-02T03:04:06.5Z","register":"changes","source":"github","version":2}`},
		{least, `{"body":{},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`},
		{odd, "{\"body\":{},\"key\":\"a\\\"b\\\\c/\\n\u007f\u2028é😀\",\"received\":\"2026-01-03T00:00:00Z\",\"register\":\"r\",\"version\":1}"},
	} {
		b := c.r.Append(nil)
		if string(b) != c.want {
			t.Errorf("Append = %s, want %s", b, c.want)
		}
		if canonical, err := register.Canonical(b); err != nil || !bytes.Equal(canonical, b) {
			t.Errorf("not canonical: %s, %v", canonical, err)
		}
		got, err := record.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.r, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"body":{"a":1},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`
	if _, err := record.Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]string{
		"nothing":                  ``,
		"another order":            `{"key":"k","body":{"a":1},"received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"a blank":                  `{"body":{"a":1}, "key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"another member":           `{"body":{"a":1},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1,"x":1}`,
		"null":                     `{"body":{"a":1},"event":null,"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"no received":              `{"body":{"a":1},"key":"k","register":"r","version":1}`,
		"another offset":           `{"body":{"a":1},"key":"k","received":"2026-01-03T00:00:00+00:00","register":"r","version":1}`,
		"trailing zeros":           `{"body":{"a":1},"key":"k","received":"2026-01-03T00:00:00.10Z","register":"r","version":1}`,
		"version 01":               `{"body":{"a":1},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":01}`,
		"version 0":                `{"body":{"a":1},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":0}`,
		"bytes behind":             good + "\n",
		"cut":                      good[:len(good)-1],
		"an escape too many":       `{"body":{"a":1},"key":"\u006b","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"a body out of order":      `{"body":{"b":1,"a":1},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"a body with blanks":       `{"body":{"a": 1},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"a body with a name twice": `{"body":{"a":1,"a":2},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"a body that is a list":    `{"body":[1],"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"a body left open":         `{"body":{"a":"},"key":"k","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
		"an empty key":             `{"body":{"a":1},"key":"","received":"2026-01-03T00:00:00Z","register":"r","version":1}`,
	} {
		if r, err := record.Decode([]byte(b)); !errors.Is(err, fault.Refused) {
			t.Errorf("%s: Decode(%s) = %+v, %v; want a refusal", name, b, r, err)
		}
	}
}

// TestRoundTrip: whatever a record holds, its bytes are canonical and give it back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	// NUL has no place in a record: every door refuses it.
	runes := rapid.Rune().Filter(func(r rune) bool { return r != 0 })
	text, anyText := rapid.StringOfN(runes, 1, 20, -1), rapid.StringOfN(runes, 0, 20, -1)
	times := rapid.Custom(func(t *rapid.T) *civil.Instant {
		i := civil.Instant(rapid.Int64Range(-2e15, 7e15).Draw(t, "time"))
		return &i
	})
	rapid.Check(t, func(t *rapid.T) {
		r := record.Record{
			Register: text.Draw(t, "register"), Key: text.Draw(t, "key"), Version: rapid.IntRange(1, 1<<30).Draw(t, "version"),
			Source: anyText.Draw(t, "source"), Pull: id.Pull(anyText.Draw(t, "pull")), Received: *times.Draw(t, "received"),
		}
		if rapid.Bool().Draw(t, "has event") {
			r.Event = times.Draw(t, "event")
		}
		var err error
		if r.Body, err = register.AppendCanonical(nil, register.Value{Kind: register.Object, Members: []register.Member{
			{Name: text.Draw(t, "name"), Value: register.Value{Kind: register.String, Text: anyText.Draw(t, "value")}},
		}}); err != nil {
			t.Fatal(err)
		}
		b := r.Append(nil)
		got, err := record.Decode(b)
		if err != nil {
			t.Fatalf("Decode(%s): %v", b, err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"body":{"a":1},"event":"2026-01-02T03:04:05Z","key":"k","pull":"p","received":"2026-01-03T00:00:00Z","recorded":"2026-01-02T03:04:05Z","register":"r","source":"s","version":1}`))
	f.Add([]byte(`{"body":{},"key":"\"","received":"2026-01-03T00:00:00Z","register":"r","version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := record.Decode(b)
		if err != nil {
			if !errors.Is(err, fault.Refused) && !errors.Is(err, fault.Integrity) {
				t.Errorf("Decode(%q) = %v, an error of no kind", b, err)
			}
			return
		}
		if again := r.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("Decode accepts another spelling: %q, canonical %q", b, again)
		}
		if c, err := register.Canonical(b); err != nil || !bytes.Equal(c, b) {
			t.Errorf("Decode accepts what is not canonical: %q, %v", b, err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	at := civil.Instant(1767225845000000)
	r := record.Record{Register: "changes", Key: "change-77", Version: 1, Source: "github", Pull: "pull_06h09pd5ny5vscaczx7vepxb40", Event: &at, Received: at, Body: bytes.Repeat([]byte("x"), 300)}
	var buf []byte
	for b.Loop() {
		buf = r.Append(buf[:0])
	}
}
