package csv

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// row is a read row as text: its line, then name=value.
func rows(in io.Reader) ([]string, error) {
	var out []string
	for r, err := range Read(in, register.ReadOptions{File: "f.csv"}) {
		if err != nil {
			return out, err
		}
		s := string(rune('0' + r.Line))
		for _, m := range r.Fields {
			s += " " + m.Name + "=" + m.Value.Text
		}
		out = append(out, s)
	}
	return out, nil
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"commas":                   {"a,b\n1,2\n", []string{"2 a=1 b=2"}},
		"byte order mark":          {"\xef\xbb\xbfa,b\n1,2\n", []string{"2 a=1 b=2"}},
		"semicolons":               {"a;b\n1,5;2\n", []string{"2 a=1,5 b=2"}},
		"tabs":                     {"a\tb\n1;5\t2,0\n", []string{"2 a=1;5 b=2,0"}},
		"delimiter in quotes":      {"\"a;;;\",b\n1,2\n", []string{"2 a;;;=1 b=2"}},
		"one column":               {"a\n1\n\n2\n", []string{"2 a=1", "4 a=2"}},
		"one column, quoted empty": {"a\n\"\"\n", []string{"2 a="}},
		"CR LF, no last line end":  {"a,b\r\n1,2\r\n3,4", []string{"2 a=1 b=2", "3 a=3 b=4"}},
		"quoted newlines count":    {"a,b\n\"x\ny\r\nz\",1\n2,3\n", []string{"2 a=x\ny\r\nz b=1", "5 a=2 b=3"}},
		"doubled quotes":           {"a,b\n\"say \"\"hi\"\"\",\"\"\n", []string{`2 a=say "hi" b=`}},
		"formulas stay text":       {"a,b\n=1+1,\"=SUM(A1,B1)\"\n", []string{"2 a==1+1 b==SUM(A1,B1)"}},
		"only a header":            {"a,b\n", nil},
		"empty last cell":          {"a,b\n1,\n", []string{"2 a=1 b="}},
		"names are trimmed":        {" a , b\n1,2", []string{"2 a=1 b=2"}},
	} {
		got, err := rows(strings.NewReader(tc.in))
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"", "f.csv:1: the file is empty; expected a header line"},
		{"a,b\n1,2\n1,2,3\n", "f.csv:3: 3 columns; expected 2, as in the header"},
		{"a,b\n\"x\n\",2\n1\n", "f.csv:4: 1 columns; expected 2, as in the header"},
		{"a,a\n", `f.csv:1: two columns are named "a"`},
		{"a,,b\n", "f.csv:1: column 2 has no name"},
		{"a,b\n1,\"2\n3,4\n", "f.csv:2: the file is cut short: it ends inside the quoted value that starts here"},
		{"a,b\n1,x\"y\"\n", `f.csv:2: column 2: a " inside a value that does not start with one; put the value in quotes and double the "`},
		{"a,b\n1,\"x\"y\n", `f.csv:2: column 2: a value goes on after its closing "; double each " inside a value`},
		{"a,b\n1,\xff\n", "f.csv:2: byte 2 of the row (0xff) is not UTF-8; expected UTF-8 text"},
		{"a,b\n1,x\x00y\n", "f.csv:2: byte 3 of the row is NUL; expected text"},
		{"a,b\r1,2\r", "f.csv:1: a carriage return without a line feed; expected lines that end in LF or CR LF"},
		{"\xff\xfea\x00", "f.csv:1: the file is UTF-16; expected UTF-8"},
		{"\n<!doctype html>\n", "f.csv:1: this is HTML or XML, expected CSV"},
		{"PK\x03\x04....", "f.csv:1: the file is a zip archive or a workbook; expected CSV"},
	} {
		_, err := rows(strings.NewReader(tc.in))
		if err == nil || !errors.Is(err, fault.Refused) || err.Error() != tc.want {
			t.Errorf("Read(%q):\n got %v\nwant %s", tc.in, err, tc.want)
		}
	}
}

// endless gives the same bytes for ever.
type endless struct {
	head, body string
	given      int64
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.head)
	e.head = e.head[n:]
	for n < len(b) {
		n += copy(b[n:], e.body)
	}
	e.given += int64(n)
	return n, nil
}

// TestReadStopsEarly reads files without end: each is refused after a bounded part of it.
func TestReadStopsEarly(t *testing.T) {
	for _, tc := range []struct {
		in   *endless
		most int64
		want string
	}{
		{&endless{"", "column,", 0}, 1 << 20, "f.csv:1: more than 10000 columns"},
		{&endless{"a,b\n", "1,", 0}, 1 << 20, "f.csv:2: more than 10000 columns"},
		{&endless{"a,b\n\"", "x", 0}, 32 << 20, "f.csv:2: the row is larger than 16777216 bytes"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := rows(tc.in)
		runtime.ReadMemStats(&after)
		if err == nil || err.Error() != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
		if used := int64(after.TotalAlloc - before.TotalAlloc); tc.in.given > tc.most || used > 8*tc.most {
			t.Errorf("%s: read %d bytes and allocated %d; want at most %d and %d", tc.want, tc.in.given, used, tc.most, 8*tc.most)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\xef\xbb\xbfa;b\r\n\"x\ny\";\"\"\"\"\r\n", "a\tb\n1\t2", "a\n\"", ",", "a,a\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		columns, line := 0, 1
		for r, err := range Read(strings.NewReader(string(b)), register.ReadOptions{File: "f"}) {
			if err != nil {
				if !errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "f:") {
					t.Errorf("%v: no refusal with its place", err)
				}
				return
			}
			if columns == 0 {
				columns = len(r.Fields)
			}
			if len(r.Fields) != columns || r.Line <= line {
				t.Errorf("%d columns on line %d after %d columns on line %d", len(r.Fields), r.Line, columns, line)
			}
			line = r.Line
		}
	})
}
