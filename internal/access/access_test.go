package access

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	if (Policy{}).Declared() {
		t.Error("the zero policy counts as declared; want refused")
	}
	if err := Decide(Policy{"invented"}, Visitor{Person: "p", Roles: Roles(), Strong: true}); !errors.Is(err, fault.Refused) {
		t.Errorf("Decide(an unknown policy) = %v, want refused", err)
	}
	seen := map[string]bool{}
	for _, p := range All() {
		if !p.Declared() || seen[p.String()] {
			t.Errorf("policy %q: undeclared or named twice", p)
		}
		seen[p.String()] = true
	}
}

// states are the kinds of visitor that the table is asked about, beside the role.
func visitors() map[string]Visitor {
	out := map[string]Visitor{"nobody": {}, "stranger": {Person: "p", Strong: true}, "stranger, stale": {Person: "p"},
		"several": {Person: "p", Roles: []Role{Contributor, Customer}}}
	for _, k := range Kinds() {
		in := ""
		if k == Firm {
			in = " in a firm"
		}
		for _, r := range Roles() {
			out[string(r)+in] = Visitor{Person: "p", Kind: k, Roles: []Role{r}, Strong: true}
			out[string(r)+in+", stale"] = Visitor{Person: "p", Kind: k, Roles: []Role{r}}
			for _, s := range Scopes() {
				out[string(r)+in+", token "+string(s)] = Visitor{Person: "p", Kind: k, Roles: []Role{r}, Token: true, Scopes: []Scope{s}}
			}
		}
		out["all that do not exist"+in] = Visitor{Person: "p", Kind: k, Roles: slices.DeleteFunc(Roles(), func(r Role) bool { return r.In(k) }), Strong: true}
	}
	return out
}

func word(err error) string {
	switch {
	case err == nil:
		return "yes"
	case errors.Is(err, SignIn):
		return "sign in"
	case errors.Is(err, StepUp):
		return "step up"
	case errors.Is(err, fault.NotFound):
		return "nothing there"
	case errors.Is(err, fault.Denied):
		return "no"
	}
	return err.Error()
}

func matrix(rules []rule, places map[Kind][]Role) []string {
	var out []string
	for name, v := range visitors() {
		for _, r := range rules {
			out = append(out, fmt.Sprintf("%s | %s | %s", r.policy, name, word(decide(rules, places, r.policy, v))))
		}
	}
	slices.Sort(out)
	return out
}

// TestMatrix holds the table against a list that a person reads: testdata/matrix.txt, one line a cell.
func TestMatrix(t *testing.T) {
	t.Parallel()
	got := matrix(table, places)
	const file = "testdata/matrix.txt"
	if os.Getenv("ASSAY_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(b)), "\n")
	t.Logf("%d cells", len(got))
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("the table says %q, the list does not", l)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the table has %d cells, the list %d", len(got), len(want))
	}
}

// TestMutants turns every entry of the table around, one at a time: the list must notice all of them.
func TestMutants(t *testing.T) {
	t.Parallel()
	sound, tried, killed := matrix(table, places), 0, 0
	try := func(what string, mutate func(r *rule)) {
		for i := range table {
			m := slices.Clone(table)
			m[i].roles = slices.Clone(m[i].roles)
			before := fmt.Sprint(m[i])
			mutate(&m[i])
			if fmt.Sprint(m[i]) == before {
				continue
			}
			tried++
			if !slices.Equal(matrix(m, places), sound) {
				killed++
			} else if m[i].who == members {
				t.Errorf("%s: %s changes nothing that the list would notice", table[i].policy, what)
			}
		}
	}
	for _, role := range Roles() {
		try("role "+string(role)+" turned around", func(r *rule) {
			if r.who != members {
				return
			}
			if i := slices.Index(r.roles, role); i >= 0 {
				r.roles = slices.Delete(r.roles, i, i+1)
			} else {
				r.roles = append(r.roles, role)
			}
		})
	}
	for _, s := range append(Scopes(), "") {
		try("scope "+string(s), func(r *rule) {
			if r.who == members {
				r.scope = s
			}
		})
	}
	try("step-up turned around", func(r *rule) {
		if r.who != anybody {
			r.stepUp = !r.stepUp
		}
	})
	for _, c := range []circle{anybody, signedIn, members} {
		try(fmt.Sprint("circle ", c), func(r *rule) { r.who = c })
	}
	t.Logf("%d of %d mutants noticed", killed, tried)
	if killed*100 < tried*99 {
		t.Errorf("%d of %d mutants noticed, want 99 %%", killed, tried)
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	history := []Done{{Prepare, "policy/pol-1", "ann"}, {Request, "grant/7", "bob"}, {Grant, "role/9", "cem"}}
	for _, c := range []struct {
		act  Done
		want error
	}{
		{Done{Approve, "policy/pol-1", "ann"}, fault.Denied},
		{Done{Approve, "policy/pol-1", "bob"}, nil},
		{Done{Approve, "policy/pol-2", "ann"}, nil},
		{Done{Approve, "grant/7", "bob"}, fault.Denied},
		{Done{Use, "role/9", "cem"}, fault.Denied},
		{Done{Use, "role/9", "ann"}, nil},
		{Done{Prepare, "policy/pol-1", "ann"}, nil},
	} {
		if err := Conflict(c.act, history); !errors.Is(err, c.want) {
			t.Errorf("Conflict(%v) = %v, want %v", c.act, err, c.want)
		}
	}
	if err := Conflict(Done{Prepare, "x", "ann"}, []Done{{Approve, "x", "ann"}}); !errors.Is(err, fault.Denied) {
		t.Errorf("preparing what one approved = %v, want denied", err)
	}
}

func TestSeparate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role Role
		had  []Role
		want error
	}{
		{Auditor, nil, nil},
		{Auditor, []Role{Adviser}, fault.Denied},
		{Adviser, []Role{Auditor}, fault.Denied},
		{Lead, []Role{Auditor}, fault.Denied},
		{Owner, []Role{Lead, Administrator}, nil},
	} {
		if err := Separate(c.role, c.had); !errors.Is(err, c.want) {
			t.Errorf("Separate(%s, had %v) = %v, want %v", c.role, c.had, err, c.want)
		}
	}
}
