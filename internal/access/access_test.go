package access

import "testing"

func TestPolicies(t *testing.T) {
	t.Parallel()
	if (Policy{}).Declared() {
		t.Error("the zero policy counts as declared; want refused")
	}
	seen := map[string]bool{}
	for _, p := range All() {
		if !p.Declared() || seen[p.String()] {
			t.Errorf("policy %q: undeclared or named twice", p)
		}
		seen[p.String()] = true
	}
}
