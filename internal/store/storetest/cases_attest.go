package storetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

func testAttest(t *testing.T, b *bench) {
	first := must(b.Checkpoint(t.Context(), b.org))
	b.pull(drafts(0, 40)...)
	c := must(b.Checkpoint(t.Context(), b.org))
	said := []ledger.Attestation{
		{Kind: ledger.Cosigned, By: "w/1", At: 7, Size: first.Size, Note: first.Note, Proof: []byte("— w/1 AAAA\n")},
		{Kind: ledger.Cosigned, By: "w/1", At: 9, Size: c.Size, Note: c.Note, Proof: []byte("— w/1 BBBB\n")},
		{Kind: ledger.Stamped, By: "CN=T", At: 8, Size: c.Size, Note: c.Note, Proof: []byte{0, 1, 2, 0xff}},
	}
	for _, i := range []int{2, 0, 1} {
		b.check(b.Attest(t.Context(), b.org, said[i]))
	}
	later := said[2]
	later.At, later.Proof = 99, []byte{1}
	b.check(b.Attest(t.Context(), b.org, later)) // the first word stands
	other := b.newOrg("Other")
	for name, a := range map[string]ledger.Attestation{
		"of no checkpoint":       {Kind: ledger.Stamped, By: "x", Size: c.Size - 1, Note: c.Note, Proof: []byte{1}},
		"of a larger ledger":     {Kind: ledger.Stamped, By: "x", Size: 1000, Note: c.Note, Proof: []byte{1}},
		"of another checkpoint":  {Kind: ledger.Stamped, By: "x", Size: c.Size, Note: first.Note, Proof: []byte{1}},
		"of a changed signature": {Kind: ledger.Stamped, By: "x", Size: c.Size, Note: append(bytes.Clone(c.Note), '\n'), Proof: []byte{1}},
	} {
		if err := b.Attest(t.Context(), b.org, a); !errors.Is(err, fault.Refused) {
			t.Errorf("Attest %s = %v, want a refusal", name, err)
		}
	}
	if err := b.Attest(t.Context(), other, said[1]); !errors.Is(err, fault.Refused) {
		t.Errorf("Attest in another organization = %v, want a refusal", err)
	}
	b.reopen()
	if diff := cmp.Diff(said, must(b.Attestations(t.Context(), b.org))); diff != "" {
		t.Errorf("Attestations (-want +got):\n%s", diff)
	}
	if got := must(b.Attestations(t.Context(), other)); len(got) != 0 {
		t.Errorf("the other organization sees %v", got)
	}
	b.clean()
	at := must(b.Received(t.Context(), b.org, c.Size-1))
	if before := must(b.Received(t.Context(), b.org, 0)); before == 0 || at < before {
		t.Errorf("received %v, then %v", before, at)
	}
	if _, err := b.Received(t.Context(), b.org, c.Size); err == nil {
		t.Error("a record that is not there was received")
	}
}
