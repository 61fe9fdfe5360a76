package app

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// TestRefusedOpening: an engagement that somebody may not open, and messages that they may not take in, leave a record of the attempt in the ledger
// of the house in which it was made, in the name of who made it. A partner who fills the form in wrongly leaves none.
func TestRefusedOpening(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	x.firm("Third Counsel LLP")
	attempts := func(slug string) (out []sealedAct) {
		t.Helper()
		size, err := x.in.st.Size(t.Context(), x.org(slug))
		if err != nil {
			t.Fatal(err)
		}
		list, err := x.in.st.System(t.Context(), x.org(slug), record.Access, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			var a sealedAct
			if err := json.Unmarshal(k.Body, &a); err != nil {
				t.Fatal(err)
			}
			if a.Act == notDone {
				out = append(out, a)
			}
		}
		return out
	}
	for _, c := range []struct {
		slug string
		role access.Role
		kept int
		why  string
	}{
		{"third-counsel-llp", access.Practitioner, 1, "none of your roles includes it: open"},
		{"third-counsel-llp", access.Administrator, 2, "none of your roles includes it: open"},
		{"third-counsel-llp", access.Partner, 0, ""},
		{"first-works", access.Lead, 1, "open is for the firm to do"},
		{"first-works", access.Auditor, 2, "open is for the firm to do"},
		{"first-works", access.Partner, 0, ""}, // there is no such role: nobody
	} {
		before := len(attempts(c.slug))
		email := string(c.role) + "@" + c.slug + ".example"
		b := x.join(email, c.slug, c.role)
		x.ask(b, http.MethodPost, "/o/"+c.slug+"/engagements/new")
		x.ask(b, http.MethodPost, "/o/"+c.slug+"/engagements/messages")
		list := attempts(c.slug)[before:]
		if len(list) != c.kept {
			t.Errorf("%s of %s: %d attempts are on record, want %d: %v", c.role, c.slug, len(list), c.kept, list)
			continue
		}
		if c.kept > 0 && (list[0].Person != email || !strings.Contains(list[0].Detail, "/engagements/new: "+c.why) || list[0].Address == "" || list[0].At == "") {
			t.Errorf("%s of %s: the record says %+v, want %q", c.role, c.slug, list[0], c.why)
		}
	}
}

// TestExaminersStayOut: who examines an organization, for a firm that lives in the same installation, gets no role there that is examined, by an
// invitation, by one of before, or by a directory, until they have left the engagement. They may be its auditor, and anything elsewhere.
func TestExaminersStayOut(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	x.firm("Third Counsel LLP")
	ctx, client, firm := t.Context(), x.org("first-works"), x.org("third-counsel-llp")
	tn, err := x.in.tenants.open(ctx, "third-counsel-llp")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x.in.keyOf(firm)
	if err != nil {
		t.Fatal(err)
	}
	pat := engage.Who{Email: "pat@third.example", Name: "Pat", Roles: []access.Role{access.Partner}, Strong: true}
	does := func(kind string, body any) {
		t.Helper()
		if err := x.in.house(tn.o).Do(ctx, pat, "2026-001", kind, body); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	by := access.Visitor{Person: "person_admin", Email: "admin@first.example"}
	invite := func(org id.Org, email string, r access.Role) (string, error) {
		return x.in.accounts.Invite(ctx, org, email, []access.Role{r}, by, account.From{})
	}
	before, err := invite(client, "sten@third.example", access.Owner)
	if err != nil {
		t.Fatal(err)
	}
	does("open", engage.Opening{Terms: yearOf(), Firm: engage.Party{Org: string(firm), Name: "Third Counsel LLP", Key: key}, Client: engage.Party{Org: string(client), Name: "First Works"},
		Profile: engage.Profile{Licence: "NY 1", City: "Albany", Region: "New York"}})
	does("join", engage.Joining{Email: pat.Email, Name: "Pat", Part: engage.Partner})
	does("join", engage.Joining{Email: "mona@third.example", Name: "Mona", Part: engage.Manager})
	does("join", engage.Joining{Email: "sten@third.example", Name: "Sten", Part: engage.Staff})
	person := func(email string) access.Person {
		t.Helper()
		p, err := x.in.accounts.Provision(ctx, email, "Some Body")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	mona, sten := person("mona@third.example"), person("sten@third.example")
	denied := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "examines this organization") {
			t.Errorf("%s = %v, want denied: they examine it", what, err)
		}
	}
	for _, r := range access.RolesIn(access.Service) {
		_, err := invite(client, "MONA@third.example", r)
		if r != access.Auditor && r != access.Customer {
			denied("invite as "+string(r), err)
		} else if err != nil {
			t.Errorf("invite as %s = %v", r, err)
		}
	}
	reassign := func(org id.Org, p access.Person, r access.Role) error {
		return x.in.accounts.Reassign(ctx, org, []account.Reassignment{{Person: p.ID, Add: []access.Role{r}}}, by, account.From{})
	}
	denied("a directory's adviser", reassign(client, mona, access.Adviser))
	_, err = x.in.accounts.Accept(ctx, before, access.Visitor{Person: sten.ID, Email: sten.Email}, account.From{})
	denied("an invitation of before", err)
	_, err = x.in.accounts.EnrolByPassword(ctx, account.Newcomer{Invitation: before, Name: "Sten"}, password, account.From{})
	denied("an account by an invitation of before", err)
	if err := errors.Join(reassign(x.org("second-secret"), mona, access.Adviser), reassign(firm, mona, access.Practitioner), reassign(client, mona, access.Auditor)); err != nil {
		t.Errorf("elsewhere, in the firm, and as the auditor: %v", err)
	}
	does("leave", engage.Leaving{Email: sten.Email, Why: "Goes to work for the client."})
	if _, err := x.in.accounts.Accept(ctx, before, access.Visitor{Person: sten.ID, Email: sten.Email}, account.From{}); err != nil {
		t.Errorf("after leaving: %v", err)
	}
}
