package scim_test

import (
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
)

// TestStrangerUnderAColleaguesAddress: another organization's administrator makes an account for the address of somebody whom acme's
// directory lists later, or listed without a role. The directory is answered as ever, and the account gets nothing.
func TestStrangerUnderAColleaguesAddress(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} {
		w := setup(t)
		const email = "future@acme.example"
		var user string
		if first {
			user = w.user(email)
		}
		mallory := access.Visitor{Person: w.admin[other].ID, Email: w.admin[other].Email}
		secret, err := w.people.Invite(w.ctx, other, email, []access.Role{access.Contributor}, mallory, account.From{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.people.EnrolByPassword(w.ctx, account.Newcomer{Invitation: secret, Name: "Future"}, "violet kettles argue quietly", account.From{}); err != nil {
			t.Fatal(err)
		}
		if !first {
			user = w.user(email)
		}
		group := w.group("assay-lead", user)
		w.expect(acme, email, "")
		if a := w.acme(200, "GET", "/Users/"+user, ""); a.body["active"] != true || len(a.body["groups"].([]any)) != 1 {
			t.Errorf("the user reads %s, want it active and in its group", a.raw)
		}
		for _, active := range []string{"false", "true"} {
			w.acme(200, "PATCH", "/Users/"+user, patch(`{"op":"replace","path":"active","value":`+active+`}`))
			w.expect(acme, email, "")
		}
		// What waits follows the directory until the holder of the address comes.
		w.group("assay-owner", user)
		w.acme(204, "DELETE", "/Groups/"+group, "")
		link, err := w.people.RecoveryLink(w.ctx, email)
		if err != nil {
			t.Fatal(err)
		}
		const fresh = "seven grey herons waded east"
		if err := w.people.Recover(w.ctx, link, fresh, account.From{}); err != nil {
			t.Fatal(err)
		}
		w.expect(acme, email, "")
		if _, err := w.people.Password(w.ctx, email, fresh, account.From{}, ""); err != nil {
			t.Fatal(err)
		}
		w.expect(acme, email, "owner")
		w.acme(204, "DELETE", "/Users/"+user, "")
		w.expect(acme, email, "")
	}
}
