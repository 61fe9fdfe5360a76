package publish

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// TestAnchors packs what a witness said and has the verifier demand it.
func TestAnchors(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.fill(t, 300)
	key, err := ledger.NewCosigner(rand.Reader, "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	said := func(c ledger.Signed) ledger.Attestation {
		return ledger.Attestation{Kind: ledger.Cosigned, By: key.Name(), Size: c.Size, Note: c.Note, Proof: []byte(key.Cosign(c.Checkpoint, time.Unix(1767225600, 0)).Line)}
	}
	mt := material(t, m)
	mt.Anchors = []ledger.Attestation{said(m.signed[0]), said(m.signed[1])}
	path, _ := pack(t, mt)
	last := m.signed[1].Size
	code, answer := verify(t, path, "--witness", key.Text())
	if code != 0 || answer["unanchored"] != float64(300-last) || len(answer["anchors"].([]any)) != 2 {
		t.Errorf("assay-verify = %d, %v, %v", code, answer["faults"], answer["window"])
	}
	entries := unpack(t, path)
	cosigned := entries[fmt.Sprintf("anchors/%d/checkpoint", last)] + entries[fmt.Sprintf("anchors/%d/cosignatures", last)]
	if cosigned != string(mt.Anchors[1].Note)+string(mt.Anchors[1].Proof) {
		t.Errorf("the cosigned note reads\n%s", cosigned)
	}

	wrong := said(m.signed[1])
	wrong.By, wrong.Note = "another", m.signed[0].Note
	mt.Anchors = append(mt.Anchors, wrong)
	if _, err := Package(t.Context(), &bytes.Buffer{}, mt); !errors.Is(err, fault.Integrity) {
		t.Errorf("two checkpoints of one size: %v", err)
	}
	mt.Anchors = []ledger.Attestation{{Kind: "rumour", Size: last, Note: m.signed[1].Note}}
	if _, err := Package(t.Context(), &bytes.Buffer{}, mt); !errors.Is(err, fault.Integrity) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// TestChosen bounds the anchors of a package, and keeps the last word of everybody.
func TestChosen(t *testing.T) {
	t.Parallel()
	var list []ledger.Attestation
	for i := range int64(1000) {
		list = append(list, ledger.Attestation{Kind: ledger.Cosigned, By: "w1", Size: i + 1})
	}
	list = append(list, ledger.Attestation{Kind: ledger.Stamped, By: "T", Size: 3}, ledger.Attestation{Kind: ledger.Cosigned, By: "w2", Size: 4})
	got := chosen(list)
	if len(got) > maxAnchors+3 || !slices.IsSorted(got) {
		t.Errorf("%d sizes: %v", len(got), got)
	}
	for _, want := range []int64{3, 4, 1000} {
		if !slices.Contains(got, want) {
			t.Errorf("the last word at %d is missing", want)
		}
	}
}
