package operate

import (
	"errors"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// TestSecondPair: an approval is the act of who approves, over what another entered.
func TestSecondPair(t *testing.T) {
	t.Parallel()
	s := setup(t)
	bob := s.a
	bob.Email = "bob@example.com"
	waiver := func(a Actor, key string, version int, by string) (Saved, error) {
		f := map[string]string{"control": "IAM-02", "scope": "the build server", "reason": "no agent for it"}
		if key != "" {
			f["waiver_id"] = key
		}
		if by != "" {
			f["approved_by"], f["approved_at"] = by, "2026-11-25 10:00"
		}
		return s.Save(t.Context(), Entry{Actor: a, Register: "waivers", Key: key, Version: version, Fields: f})
	}
	denied := func(what string, err error) {
		t.Helper()
		var f *fault.Error
		if !errors.Is(err, fault.Denied) || !errors.As(err, &f) || f.Field != "approved_by" {
			t.Errorf("%s = %v, want denied at approved_by", what, err)
		}
	}
	_, err := waiver(s.a, "", 0, bob.Email)
	denied("an approval in another's name", err)
	_, err = waiver(s.a, "", 0, s.a.Email)
	denied("approving what one enters", err)
	one, err := waiver(s.a, "", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = waiver(s.a, one.Key, 1, s.a.Email)
	denied("approving what one entered before", err)
	_, err = waiver(s.a, one.Key, 1, bob.Email)
	denied("an approval in another's name, later", err)
	if _, err = waiver(bob, one.Key, 1, bob.Email); err != nil {
		t.Fatalf("another person's approval = %v", err)
	}
	// An edit that leaves the approval as it is keeps it; the versions show who wrote what after it.
	if _, err = waiver(s.a, one.Key, 2, bob.Email); err != nil {
		t.Errorf("an edit that leaves the approval as it is = %v", err)
	}
	if _, err = waiver(s.a, one.Key, 2, ""); err != nil {
		t.Fatal(err)
	}
	if _, err = s.Restore(t.Context(), s.a, "waivers", one.Key, 2, 3); !errors.Is(err, fault.Denied) {
		t.Errorf("putting back an approval in another's name = %v, want denied", err)
	}
}
