package jsonl

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

func rows(in string) ([]string, error) {
	var out []string
	for r, err := range Read(strings.NewReader(in), register.ReadOptions{File: "f.jsonl"}) {
		if err != nil {
			return out, err
		}
		b, err := register.AppendCanonical([]byte{byte('0' + r.Line), ' '}, register.Value{Kind: register.Object, Members: r.Fields})
		if err != nil {
			return out, err
		}
		out = append(out, string(b))
	}
	return out, nil
}

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := rows("\xef\xbb\xbf{\"b\":1,\"a\":null}\r\n\n  \n{\"a\":[{}]}\n{\"c\":true}")
	if diff := cmp.Diff([]string{`1 {"a":null,"b":1}`, `4 {"a":[{}]}`, `5 {"c":true}`}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := rows(""); err != nil || got != nil {
		t.Errorf("an empty file: %v, %v, want no rows", got, err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"{\"a\":1}\n[1]\n", "f.jsonl:2: the line is no JSON object"},
		{"[{\"a\":1}]\n", "f.jsonl:1: a list; expected one object a line"},
		{"{\"a\":1}\n{\"a\":1,\"a\":2}\n", `f.jsonl:2: column 8: the name "a" stands twice in one object`},
		{"{\"a\":1}\n{\"a\":\"tru", "f.jsonl:2: the JSON is cut short: it ends inside a text"},
		{"{\"a\":1} {\"a\":2}\n", `f.jsonl:1: column 9: unexpected "{" after the value; expected one JSON value`},
		{"<html>\n", "f.jsonl:1: this is HTML or XML, expected JSON"},
		{"{\"a\":\"\xfe\"}\n", "f.jsonl:1: byte 7 of the row (0xfe) is not UTF-8; expected UTF-8 text"},
		{"{\"a\":1}\n{\"a\":\"\x00\"}\n", "f.jsonl:2: byte 7 of the row is NUL; expected text"},
		{"{\"a\":\"" + strings.Repeat("x", register.MaxRow) + "\"}\n", "f.jsonl:1: the line is longer than 16777216 bytes"},
	} {
		_, err := rows(tc.in)
		if err == nil || !errors.Is(err, fault.Refused) || err.Error() != tc.want {
			t.Errorf("got %v\nwant %s", err, tc.want)
		}
	}
}

// FuzzRead: a row that was read reads again from its canonical text; a refusal names file and line.
func FuzzRead(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n\n{\"b\":[\"\\u0041\"]}"))
	f.Add([]byte("{\"a\":1}\r\n{"))
	f.Add([]byte("\xef\xbb\xbf{\"a\":1e400}\n[]\n{\"a\":1,\"a\":2}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		line := 0
		for r, err := range Read(strings.NewReader(string(b)), register.ReadOptions{File: "f"}) {
			if err != nil {
				if !errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "f:") {
					t.Errorf("%v: no refusal with its place", err)
				}
				return
			}
			if r.Line <= line {
				t.Errorf("line %d after line %d", r.Line, line)
			}
			line = r.Line
			text, err := register.AppendCanonical(nil, register.Value{Kind: register.Object, Members: r.Fields})
			if err != nil {
				continue // such as a number that no machine keeps exactly: the register refuses it
			}
			if again, err := register.ParseJSON("f", 1, text); err != nil || len(again.Members) != len(r.Fields) {
				t.Errorf("line %d as %s reads as %v, %v", r.Line, text, again, err)
			}
		}
	})
}
