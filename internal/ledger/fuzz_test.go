package ledger_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// FuzzWitness: a key of a witness and a signature line have one spelling each, and no line but the
// one that the witness made opens.
func FuzzWitness(f *testing.F) {
	c, err := ledger.NewCosigner(bytes.NewReader(make([]byte, 32)), "witness.example/w1")
	if err != nil {
		f.Fatal(err)
	}
	cp := ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}
	good := c.Cosign(cp, time.Unix(1_767_225_845, 0)).Line
	f.Add(c.Text(), good)
	f.Add(c.Secret(), strings.TrimSuffix(good, "\n"))
	f.Add("a+00000000+AA==", "— witness.example/w1 AA==\n")
	f.Fuzz(func(t *testing.T, key, line string) {
		w, err := ledger.ParseWitness(key)
		if err == nil && w.Text() != key {
			t.Errorf("ParseWitness(%q) accepts another spelling of %q", key, w.Text())
		}
		if err != nil && !errors.Is(err, fault.Refused) {
			t.Errorf("ParseWitness(%q) = %v, want a refusal", key, err)
		}
		s, err := ledger.ParseCosigner(key)
		if err == nil && s.Secret() != key {
			t.Errorf("ParseCosigner accepts another spelling of %q", s.Secret())
		}
		if err != nil && (!errors.Is(err, fault.Refused) || len(key) > 60 && strings.Contains(err.Error(), key)) {
			t.Errorf("ParseCosigner = %v, want a refusal that does not repeat the secret", err)
		}
		got, err := c.Open(cp, line)
		if err == nil && c.Cosign(cp, got.Time).Line != line {
			t.Errorf("Open accepts %q, which the witness did not sign", line)
		}
		if err != nil && !errors.Is(err, fault.Integrity) && !errors.Is(err, fault.NotFound) {
			t.Errorf("Open(%q) = %v", line, err)
		}
	})
}

// FuzzSplitTile: a tile is whole hashes, and joined they are its bytes again.
func FuzzSplitTile(f *testing.F) {
	f.Add(ledger.JoinTile([]tlog.Hash{leaf(1), leaf(2)}), uint8(2))
	f.Add([]byte("short"), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, width uint8) {
		hashes, err := ledger.SplitTile(b, int(width))
		if err != nil {
			if !errors.Is(err, fault.Integrity) {
				t.Errorf("SplitTile = %v", err)
			}
			return
		}
		if len(hashes) != int(width) || !bytes.HasPrefix(b, ledger.JoinTile(hashes)) {
			t.Errorf("SplitTile(%x, %d) = %v", b, width, hashes)
		}
	})
}
