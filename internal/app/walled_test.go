package app

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// TestDraftsAreWalled: who may not read drafts learns nothing of them from the registers that keep them, by whatever way.
func TestDraftsAreWalled(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	o, err := x.in.tenants.open(t.Context(), "first-works")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{publish.Signatures, publish.Drafts} {
		if !operate.OfDrafts(name) {
			t.Errorf("%s is not known to be of drafts", name)
		}
	}
	s := o.o.regs[publish.Drafts]
	if err := ensureOne(t.Context(), x.in.st, o.Org, s); err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	body.WriteString("{")
	for i, f := range s.Fields {
		if i > 0 {
			body.WriteString(",")
		}
		v := map[bool]string{true: "1", false: `"pelican"`}[f.Type == register.Int]
		switch {
		case f.Type == register.Instant:
			v = `"2025-10-01T00:00:00Z"`
		case f.Type == register.Date:
			v = `"2025-10-01"`
		case f.Type == register.Bool:
			v = "true"
		case len(f.Values) > 0:
			v = `"` + f.Values[0] + `"`
		}
		body.WriteString(`"` + f.Name + `":` + v)
	}
	body.WriteString("}")
	v, err := register.ParseJSON("", 1, []byte(body.String()))
	if err != nil {
		t.Fatal(err)
	}
	row, err := register.Convert(s, "", register.Input{Line: 1, Fields: v.Members})
	if err != nil {
		t.Fatal(err)
	}
	index, err := x.in.st.Size(t.Context(), o.Org)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.in.st.Append(t.Context(), o.Org, "", []record.Draft{{Row: row, Source: operate.Source}}); err != nil {
		t.Fatal(err)
	}
	for _, role := range []access.Role{access.Auditor, access.Customer, access.Contributor, access.Administrator, access.Adviser, access.Lead, access.Executive, access.Owner} {
		may := access.Decide(access.ReadDrafts, access.Visitor{Person: "p", Org: o.Org, Roles: []access.Role{role}, Strong: true}) == nil
		b := x.join(string(role)+"@first.example", "first-works", role)
		for _, path := range []string{"/registers/report_drafts", "/registers/report_drafts/rows.csv", "/registers/report_drafts/record?key=pelican", "/registers?q=drafts"} {
			status, _, text := x.ask(b, http.MethodGet, "/o/first-works"+path)
			if shown := strings.Contains(text, "pelican") && status == http.StatusOK; shown && !may {
				t.Errorf("%s at %s reads a draft's record", role, path)
			}
			if path == "/registers?q=drafts" && !may && strings.Contains(text, "report_drafts") {
				t.Errorf("%s at %s learns that there is one", role, path)
			}
		}
		ctx := access.With(t.Context(), access.Visitor{Person: "p", Org: o.Org, Roles: []access.Role{role}, Strong: true})
		list, err := o.p.Records(ctx, []string{"report_drafts/pelican@1"})
		if err != nil || len(list) > 0 != may {
			t.Errorf("%s: the record by its name is %v, %v; may read: %t", role, list, err, may)
		}
		proof, err := o.p.Proof(ctx, index)
		if err != nil || (len(proof.Line) > 0) != may {
			t.Errorf("%s: the proof holds %q, %v; may read: %t", role, proof.Line, err, may)
		}
		books := walled{x.in.st}
		_, _, err = books.List(ctx, o.Org, s, record.Query{})
		_, past := books.History(ctx, o.Org, s.Name, "pelican")
		if (err == nil) != may || (past == nil) != may {
			t.Errorf("%s: the programs' list is %v, its versions %v; may read: %t", role, err, past, may)
		}
	}
	lead := access.With(t.Context(), access.Visitor{Person: "p", Org: o.Org, Roles: []access.Role{access.Lead}, Strong: true})
	for _, text := range []string{"", "{}", "no record", `{"register":7}`} {
		if mayProve(lead, record.Sealed{Bytes: []byte(text)}) {
			t.Errorf("a leaf of %q is shown, whose register nobody knows", text)
		}
	}
	if !slices.ContainsFunc(access.Roles(), func(r access.Role) bool {
		return errors.Is(access.Decide(access.ReadDrafts, access.Visitor{Person: "p", Org: o.Org, Roles: []access.Role{r}, Strong: true}), nil)
	}) {
		t.Error("nobody reads drafts")
	}
}
