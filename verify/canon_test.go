package verify

import (
	"math"
	"strings"
	"testing"
)

// The samples of numbers are those of RFC 8785, appendix B.
func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`{}`, `{"a":[],"b":{}}`, `{"a":1,"aa":2,"b":-3.5}`, `{"a":null,"b":true,"c":false}`, `{"a":"\b\f\n\r\t\"\\\u001f\u0000é"}`,
		`{"n":[0,5e-324,1.7976931348623157e+308,9007199254740992,295147905179352830000,1e+21,9.999999999999997e+22,1e-7,0.000001,333333333.3333332]}`,
		"{\"\U0001F600\":1,\"\uFB33\":2}"} {
		if _, err := object([]byte(s)); err != nil {
			t.Errorf("object(%s): %v", s, err)
		}
	}
	for _, s := range []string{``, `[]`, `{} `, ` {}`, `{"a":1 }`, `{"b":1,"a":2}`, `{"a":1,"a":1}`, `{"a":1.0}`, `{"a":01}`, `{"a":-0}`, `{"a":1e2}`, `{"a":1E400}`, `{"a":+1}`, `{"a":NaN}`,
		`{"a":"\u0041"}`, `{"a":"\/"}`, `{"a":"\u000a"}`, `{"a":"\u001F"}`, "{\"a\":\"\n\"}", "{\"a\":\"\xff\"}", `{"a":"x}`, `{"a"}`, `{"a":1,}`, `{"a":tru}`, "{\"\uFB33\":1,\"\U0001F600\":2}",
		strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)} {
		if _, err := object([]byte(s)); err == nil {
			t.Errorf("object(%s) was accepted", s)
		}
	}
	if got := ecmaNumber(math.Copysign(0, -1)); got != "0" {
		t.Errorf("ecmaNumber(-0) = %s, want 0", got)
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	order := []string{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.12Z", "2026-01-02T03:04:06Z"}
	for i := range order {
		a, ok := instant([]byte(order[i]))
		if !ok || shown(a) != order[i] {
			t.Fatalf("instant(%s) = %s, %v", order[i], shown(a), ok)
		}
		if i > 0 {
			if b, _ := instant([]byte(order[i-1])); string(b[:]) >= string(a[:]) {
				t.Errorf("%s does not come before %s", order[i-1], order[i])
			}
		}
	}
	for _, s := range []string{"", "Z", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02t03:04:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.10Z", "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05+00:00", "never"} {
		if _, ok := instant([]byte(s)); ok {
			t.Errorf("instant(%q) was accepted", s)
		}
	}
}
