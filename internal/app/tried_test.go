package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
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
