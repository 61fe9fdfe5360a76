package access

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
)

// TestPlaces holds the table of places against one that a person reads: each role, and where it exists.
func TestPlaces(t *testing.T) {
	t.Parallel()
	want := strings.Join([]string{
		"administrator: service organization, audit firm",
		"lead: service organization",
		"owner: service organization",
		"executive: service organization",
		"contributor: service organization",
		"adviser: service organization",
		"auditor: service organization",
		"customer: service organization",
		"partner: audit firm",
		"practitioner: audit firm",
	}, "\n")
	var got []string
	for _, r := range Roles() {
		var in []string
		for _, k := range Kinds() {
			if r.In(k) {
				in = append(in, k.String())
			}
		}
		got = append(got, fmt.Sprintf("%s: %s", r, strings.Join(in, ", ")))
	}
	if d := cmp.Diff(want, strings.Join(got, "\n")); d != "" {
		t.Errorf("the places of roles (-want +got):\n%s", d)
	}
	for _, k := range []Kind{-1, Firm + 1} {
		if in, void := InForce(k, Roles()); len(in) != 0 || len(void) != len(Roles()) {
			t.Errorf("InForce(%s) = %v, want none", k, in)
		}
	}
}

// TestPlacesMutants turns every entry of the table of places around: the list of cells notices each.
func TestPlacesMutants(t *testing.T) {
	t.Parallel()
	sound := matrix(table, places)
	for _, k := range Kinds() {
		for _, r := range Roles() {
			m := maps.Clone(places)
			if r.In(k) {
				m[k] = slices.DeleteFunc(slices.Clone(m[k]), func(x Role) bool { return x == r })
			} else {
				m[k] = append(slices.Clone(m[k]), r)
			}
			if slices.Equal(matrix(table, m), sound) {
				t.Errorf("%s in: %s, turned around, changes nothing that the list would notice", r, k)
			}
		}
	}
}

// TestSidesOfEngagements writes down whom the policies of engagements let in, and that no policy of members is satisfied on one side by a role of
// the other: where a role does not exist its holder is told what a stranger is.
func TestSidesOfEngagements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy Policy
		kind   Kind
		want   []Role
	}{
		{ReadEngagements, Service, []Role{Lead, Owner, Executive}},
		{ReadEngagements, Firm, []Role{Partner, Practitioner}},
		{TakePart, Service, []Role{Administrator, Lead, Owner, Executive, Contributor, Adviser, Auditor}},
		{TakePart, Firm, []Role{Administrator, Partner, Practitioner}},
		{ReadHome, Firm, []Role{Administrator, Partner, Practitioner}},
		{ReadLedger, Firm, []Role{Administrator, Partner, Practitioner}},
		{ManagePeople, Firm, []Role{Administrator}},
		{ReadResults, Firm, nil},
		{ReadRecords, Firm, nil},
		{ReadDrafts, Firm, nil},
		{EditProgram, Firm, nil},
		{DoWork, Firm, nil},
		{SignAssertion, Firm, nil},
		{Release, Firm, nil},
	} {
		var got []Role
		for _, r := range Roles() {
			if Decide(c.policy, Visitor{Person: "p", Kind: c.kind, Roles: []Role{r}, Strong: true}) == nil {
				got = append(got, r)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s in: %s = %v, want %v", c.policy, c.kind, got, c.want)
		}
	}
	for _, r := range table {
		for _, k := range Kinds() {
			_, void := InForce(k, Roles())
			v := Visitor{Person: "p", Kind: k, Roles: void, Strong: true, Token: r.scope != "", Scopes: Scopes()}
			if err := Decide(r.policy, v); r.who == members && !errors.Is(err, fault.NotFound) {
				t.Errorf("%s in: %s by %v = %v, want nothing there", r.policy, k, void, err)
			}
			for _, x := range void {
				if v.Is(x) {
					t.Errorf("Is(%s) in: %s = true, want false", x, k)
				}
			}
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		for _, r := range Roles() {
			err := Place(k, Administrator, r)
			if r.In(k) && err != nil || !r.In(k) && (!errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), string(r))) {
				t.Errorf("Place(%s, %s) = %v", k, r, err)
			}
		}
		if err := Place(k, Founders(k)...); err != nil || !slices.Contains(Founders(k), Administrator) {
			t.Errorf("Founders(%s) = %v, %v, want roles that exist there, and an administrator", k, Founders(k), err)
		}
		if err := Separate(Founders(k)[1], Founders(k)[:1]); err != nil {
			t.Errorf("Founders(%s): %v", k, err)
		}
	}
}
