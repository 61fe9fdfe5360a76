package json

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

func rows(in string) ([]string, error) {
	var out []string
	for r, err := range Read(strings.NewReader(in), register.ReadOptions{File: "f.json"}) {
		if err != nil {
			return out, err
		}
		b, err := register.AppendCanonical([]byte(strconv.Itoa(r.Line)+" "), register.Value{Kind: register.Object, Members: r.Fields})
		if err != nil {
			return out, err
		}
		out = append(out, string(b))
	}
	return out, nil
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"a list":                  {"\xef\xbb\xbf[\n{\"a\":\"]\\\"}\"},\n {\"b\":\n[1]}]\n", []string{`2 {"a":"]\"}"}`, `3 {"b":[1]}`}},
		"an empty list":           {" [ ] ", nil},
		"an object with one list": {`{"page":{"n":[1]},"total":2,"rows":[{"a":1},{"a":2}],"next":null}`, []string{`1 {"a":1}`, `1 {"a":2}`}},
		"an object with no rows":  {`{"rows":[]}`, nil},
	} {
		got, err := rows(tc.in)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"", "f.json:1: the file is empty; expected a list of objects"},
		{"\n<html>", "f.json:2: this is HTML or XML, expected JSON"},
		{"12", `f.json:1: unexpected "1"; expected a list of objects, or an object with one list`},
		{"[{\"a\":1},\n2]", "f.json:2: a row of the list is no JSON object"},
		{"[{\"a\":1},\n{\"a\":1,\n\"a\":2}]", `f.json:3: column 1: the name "a" stands twice in one object`},
		{"[{\"a\":1},\n", "f.json:2: the file is cut short: it ends inside the list of rows"},
		{"[{\"a\":1}", "f.json:1: the file is cut short: it ends inside the list of rows"},
		{"[{\"a\":\n\"x", "f.json:2: the file is cut short: it ends in the middle of a value"},
		{"[{\"a\":1}] []", `f.json:1: unexpected "[" after the end of the document`},
		{"{\"a\":1}\n{\"a\":2}\n", "f.json:1: one object and no list in it; expected a list of objects, or an object with one list"},
		{`{"x":[{}],"y":[{}]}`, "f.json:1: y: a second list beside x; expected one list of rows"},
		{`{"x":1,"x":[]}`, `f.json:1: the name "x" stands twice in one object`},
		{"[{\"a\":1},]", `f.json:1: column 1: unexpected "]"; this is not JSON`},
		{"[{\"a\":1} {\"a\":2}]", `f.json:1: unexpected "{"; expected , or ]`},
		{"[{\"a\":1]}", `f.json:1: column 7: unexpected "]"; expected , or }`},
		{"[{\"a\":\"\xff\"}]", "f.json:1: byte 7 of the row (0xff) is not UTF-8; expected UTF-8 text"},
		{"[{\"a\":\"\x00\"}]", "f.json:1: byte 7 of the row is NUL; expected text"},
		{"[{\"a\":\"" + strings.Repeat("x", register.MaxRow) + "\"}]", "f.json:1: a row is larger than 16777216 bytes"},
	} {
		_, err := rows(tc.in)
		if err == nil || !errors.Is(err, fault.Refused) || err.Error() != tc.want {
			t.Errorf("got %v\nwant %s", err, tc.want)
		}
	}
}

// FuzzRead holds that whatever is read as a list is JSON: the strict parser agrees.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`[{"a":"]"},{"b":[1,{}]}]`, `{"n":1,"rows":[{"a":null}],"s":"x"}`, `[{},{}`, `{"a":[],"b":[]}`, "[{}]x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for _, err := range Read(strings.NewReader(string(b)), register.ReadOptions{File: "f"}) {
			if err != nil {
				if !errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "f:") {
					t.Errorf("%v: no refusal with its place", err)
				}
				return
			}
			n++
		}
		b = []byte(strings.TrimPrefix(string(b), "\xef\xbb\xbf"))
		if _, err := register.ParseJSON("f", 1, b); err != nil && !strings.Contains(err.Error(), "nested deeper") {
			t.Errorf("read %d rows of what is no JSON: %v", n, err)
		}
	})
}
