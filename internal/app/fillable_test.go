package app

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/web/intake"
	"github.com/assayhq/assay/internal/web/shell"
)

// TestNobodyMakesThemselvesAnother: a file that comes through a page or from a program fills nothing on which the separation of duties
// rests, unless the compliance lead takes it in, and nothing that is kept here.
func TestNobodyMakesThemselvesAnother(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	as := func(roles ...access.Role) access.Visitor {
		return access.Visitor{Person: "p", Email: "jo@example.com", Org: o.org.ID, Roles: roles, Strong: true}
	}
	may := func(v access.Visitor, name string) bool {
		t.Helper()
		also, err := o.fillable(access.With(t.Context(), v))
		if err != nil {
			t.Fatal(err)
		}
		return also(name)
	}
	owner, lead := as(access.Owner), as(access.Lead)
	for name, who := range map[string][2]bool{ // the owner of a control, the compliance lead
		"changes": {true, true}, "trainings": {true, true}, "people": {false, true}, "aliases": {false, true}, "titles": {false, true}, "systems": {false, true},
		"holidays": {false, true}, "access_reviews": {false, true}, "policies": {false, true}, "policy_versions": {false, true}, "acknowledgements": {false, true},
		"inspections": {false, true}, "delegations": {false, false},
	} {
		if got := [2]bool{may(owner, name), may(lead, name)}; got != who {
			t.Errorf("%s may be filled by an owner, by the lead: %v, want %v", name, got, who)
		}
	}
	size := func() int64 {
		n, err := o.st.Size(t.Context(), o.org.ID)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := size()
	ctx := access.With(t.Context(), owner)
	alias := `{"alias":"jo@example.com","person_id":"alma"}` + "\n"
	_, err := imports{o}.Import(ctx, intake.Request{Register: "aliases", File: "x.jsonl", Source: "hris"}, strings.NewReader(alias))
	if !errors.Is(err, fault.Refused) {
		t.Errorf("an owner's file of aliases = %v, want refused", err)
	}
	mapping := "fields:\n  change_id: id\nchildren:\n  - register: aliases\n    from: list\n    fields:\n      alias: a\n      person_id: p\n"
	_, err = imports{o}.Import(ctx, intake.Request{Register: "changes", File: "x.jsonl", Source: "ci", Mapping: []byte(mapping)},
		strings.NewReader(`{"id":"1","list":[{"a":"jo@example.com","p":"alma"}]}`+"\n"))
	if !errors.Is(err, fault.Refused) {
		t.Errorf("aliases as children of changes = %v, want refused", err)
	}
	_, err = apiOf{&tenant{Tenant: &shell.Tenant{Org: o.org.ID}, o: o}}.Import(ctx, collect.ImportRequest{Register: "aliases", File: "x.jsonl", Format: "jsonl", Source: "hris", Operator: owner.Email, Reader: io.Reader(strings.NewReader(alias))})
	if !errors.Is(err, fault.Refused) && !errors.Is(err, fault.NotFound) {
		t.Errorf("aliases by the API = %v, want refused", err)
	}
	if after := size(); after != before {
		t.Errorf("the ledger grew from %d to %d", before, after)
	}

	v, err := register.ParseJSON("", 1, []byte(`{"review_id":"r1","system":"github","quarter":"2025-Q3","listed_at":"2025-10-01T00:00:00Z","ledger_size":1,"query":"q","listed":1,"sha256":"x","by_manager":false,"reviewer":"a","deputy":"b","due_on":"2025-10-30","started_by":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	row, err := register.Convert(o.regs["access_review_lists"], "", register.Input{Line: 1, Fields: v.Members})
	if err != nil {
		t.Fatal(err)
	}
	if err := ensureOne(t.Context(), o.st, o.org.ID, o.regs["access_review_lists"]); err != nil {
		t.Fatal(err)
	}
	if _, err := o.st.Append(t.Context(), o.org.ID, "", []record.Draft{{Row: row, Source: operate.Source}}); err != nil {
		t.Fatal(err)
	}
	if may(lead, "access_reviews") {
		t.Error("a file may complete a review that is done here")
	}
}
