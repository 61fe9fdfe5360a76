package collect

import (
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "a": "a", "'": "'", "'a": "'a", "it's =": "it's =", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		"＝1": "'＝1", "'=1": "''=1", "''-": "'''-", "=": "'=", "\xff=": "\xff=",
	} {
		got := Guard(cell)
		if got != want {
			t.Errorf("Guard(%q) = %q, want %q", cell, got, want)
		}
		if back := Unguard(got); back != cell {
			t.Errorf("Unguard(%q) = %q, want %q", got, back, cell)
		}
	}
}

func FuzzGuard(f *testing.F) {
	for _, s := range []string{"", "'", "=", "'=", "''＝", "\xff", "'\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		got := Guard(cell)
		if back := Unguard(got); back != cell {
			t.Errorf("Unguard(Guard(%q)) = %q", cell, back)
		}
		if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") {
			t.Errorf("Guard(%q) = %q", cell, got)
		}
	})
}
