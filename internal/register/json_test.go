package register

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// refused asserts that an error is a refusal with the exact text.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %q", want)
	}
	if !errors.Is(err, fault.Refused) {
		t.Errorf("%v is no refusal", err)
	}
	if err.Error() != want {
		t.Errorf("error\n got %s\nwant %s", err, want)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{`{"a":1,"a":2}`, `f.json:7: column 8: the name "a" stands twice in one object`},
		{"{\"a\":\n{\"b\":1,\n\"b\":2}}", `f.json:9: column 1: the name "b" stands twice in one object`},
		{`{"a":1,"\u0061":2}`, `f.json:7: column 8: the name "a" stands twice in one object`},
		{"{\"a\":\"x\x00y\"}", `f.json:7: byte 8 of the row is NUL; expected text`},
		{`{"a":"x\u0000y"}`, `f.json:7: column 8: \u0000 is NUL; expected text`},
		{"{\"a\":\"\xff\"}", `f.json:7: byte 7 of the row (0xff) is not UTF-8; expected UTF-8 text`},
		{`{"a":"\ud800"}`, `f.json:7: column 7: half of a surrogate pair is no character`},
		{`{"a":"\udc00\ud800"}`, `f.json:7: column 7: half of a surrogate pair is no character`},
		{"<!DOCTYPE html><html>", `f.json:7: this is HTML or XML, expected JSON`},
		{`{"a":"b`, `f.json:7: the JSON is cut short: it ends inside a text`},
		{`{"a":[1,`, `f.json:7: the JSON is cut short: it ends where a value was expected`},
		{`{"a":tr`, `f.json:7: the JSON is cut short: it ends in the middle of a value`},
		{`{"a":1} x`, `f.json:7: column 9: unexpected "x" after the value; expected one JSON value`},
		{`{"a":01}`, `f.json:7: column 6: a number may not start with 0`},
		{`{"a":1.}`, `f.json:7: column 8: unexpected "}" in a number`},
		{`{'a':1}`, `f.json:7: column 2: unexpected "'"; expected a name in double quotes`},
		{`{"a":NaN}`, `f.json:7: column 6: unexpected "N"; this is not JSON`},
		{`[1,]`, `f.json:7: column 4: unexpected "]"; this is not JSON`},
		{"{\"a\":\"x\ty\"}", `f.json:7: column 8: a control character (0x09) inside a text; write it as an escape`},
		{`{"a":"\x41"}`, `f.json:7: column 7: the escape \x is unknown to JSON`},
		{strings.Repeat("[", 70) + strings.Repeat("]", 70), `f.json:7: column 66: nested deeper than 64 levels`},
	} {
		_, err := ParseJSON("f.json", 7, []byte(tc.in))
		refused(t, err, tc.want)
	}
}

func TestParseJSONRefusesManyNames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteByte('{')
	for i := range 1_000_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"c`)
		for n := i; n > 0; n /= 10 {
			b.WriteByte(byte('0' + n%10))
		}
		b.WriteString(`":1`)
	}
	b.WriteByte('}')
	_, err := ParseJSON("f.json", 1, []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "more than 10000 names") {
		t.Errorf("err = %v, want a refusal of more than 10000 names", err)
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{ // the sample of RFC 8785 3.2.2, its first number cut to what a float holds
			`{"numbers":[333333333.3333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			  "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null, true, false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		{ // the order of RFC 8785 3.2.3
			`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`,
			"{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}",
		},
		{`{"b":1,"a":{},"aa":[],"":0}`, `{"":0,"a":{},"aa":[],"b":1}`},
		{`[-0, 0.0, 1e0, 100e-2, 9007199254740993e0]`, ``},
		{`[-0, 0.0, 1e0, 100e-2, 9007199254740992, 123456789012345680000]`, `[0,0,1,1,9007199254740992,123456789012345680000]`},
	} {
		got, err := Canonical([]byte(tc.in))
		if tc.want == "" {
			refused(t, err, "the number 9007199254740993e0 does not survive as a 64-bit float; deliver it as text")
			continue
		}
		if err != nil || string(got) != tc.want {
			t.Errorf("Canonical(%s) =\n     %s, %v\nwant %s", tc.in, got, err, tc.want)
		}
	}
}

// TestES6 holds numbers of RFC 8785 appendix B.
func TestES6(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0x4340000000000000: "9007199254740992", 0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef50: "1e+21", 0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0xbecbf647612f3696: "-0.0000033333333333333333", 0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		if got := es6(math.Float64frombits(bits)); got != want {
			t.Errorf("es6(%x) = %s, want %s", bits, got, want)
		}
		if got, err := number(want); err != nil || got != want {
			t.Errorf("number(%s) = %s, %v, want itself", want, got, err)
		}
	}
	for _, lit := range []string{"1e400", "1e-400", "0.10000000000000000555", "9007199254740993"} {
		if got, err := number(lit); err == nil {
			t.Errorf("number(%s) = %s, want a refusal", lit, got)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"\ud83d\ude00\u0007",null,true,{"b":{}}]}`, `{"é":"\\\"/","a":-0}`, `[`, `{"a":1,"a":2}`, "\xff", `1e999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := Canonical(b)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("Canonical(%q) = %v, want a refusal", b, err)
			}
			return
		}
		twice, err := Canonical(once)
		if err != nil || string(once) != string(twice) {
			t.Errorf("Canonical is not stable: %q, then %q, %v", once, twice, err)
		}
	})
}
