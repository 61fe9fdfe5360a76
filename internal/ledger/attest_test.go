package ledger_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

func witnessKey(t testing.TB, seed byte) ledger.Cosigner {
	t.Helper()
	c, err := ledger.NewCosigner(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCosignature(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 999, time.UTC)
	c := ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}
	key := witnessKey(t, 1)
	got := key.Cosign(c, at)
	if !got.Time.Equal(at.Truncate(time.Second)) || got.Name != "witness.example/w1" {
		t.Errorf("Cosign = %+v", got)
	}
	public, err := ledger.ParseWitness(key.Text())
	if err != nil {
		t.Fatal(err)
	}
	opened, err := public.Open(c, got.Line)
	if err != nil || opened != got {
		t.Errorf("Open = %+v, %v; want %+v", opened, err, got)
	}
	again, err := ledger.ParseCosigner(key.Secret())
	if err != nil || again.Text() != key.Text() {
		t.Errorf("ParseCosigner(Secret) = %v, %v", again.Text(), err)
	}
	other := c
	other.Root = leaf(2)
	if _, err := public.Open(other, got.Line); !errors.Is(err, fault.Integrity) {
		t.Errorf("Open over another root = %v, want an integrity failure", err)
	}
	if _, err := witnessKey(t, 2).Open(c, got.Line); !errors.Is(err, fault.NotFound) {
		t.Errorf("Open with another key = %v, want not found", err)
	}
	for at := range got.Line { // no flipped bit passes as the witness's word
		for bit := range 8 {
			bad := []byte(got.Line)
			bad[at] ^= 1 << bit
			if _, err := public.Open(c, string(bad)); err == nil {
				t.Fatalf("a flipped bit at %d passes: %q", at, bad)
			}
		}
	}
}

// TestCosignatureForm holds the bytes against the text of C2SP tlog-cosignature, with a verifier
// that knows nothing of this package but its vkey.
func TestCosignatureForm(t *testing.T) {
	t.Parallel()
	c := ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}
	key := witnessKey(t, 1)
	line := key.Cosign(c, time.Unix(1679315147, 0)).Line
	parts := strings.Fields(line)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 4+8+64 || parts[0] != "—" {
		t.Fatalf("%q: %v", line, err)
	}
	if n := binary.BigEndian.Uint64(raw[4:]); n != 1679315147 {
		t.Errorf("time = %d", n)
	}
	// The same key as an ordinary Ed25519 key of a note signs the message, so that the
	// standard library of notes verifies it.
	b64 := key.Text()[strings.LastIndex(key.Text(), "+")+1:]
	public, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := note.NewEd25519VerifierKey("w", public[1:])
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if !v.Verify([]byte("cosignature/v1\ntime 1679315147\n"+c.Text()), raw[12:]) {
		t.Error("the signature is not over the message of C2SP tlog-cosignature")
	}
}

func TestKeysOfWitnesses(t *testing.T) {
	t.Parallel()
	key := witnessKey(t, 1)
	_, log, err := note.GenerateKey(bytes.NewReader(make([]byte, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "a", log, key.Text() + "\n", key.Secret(), strings.Replace(key.Text(), "witness", "w i", 1), strings.Replace(key.Text(), "w1", "w2", 1)} {
		if _, err := ledger.ParseWitness(bad); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseWitness(%q) = %v, want a refusal", bad, err)
		}
	}
	for _, bad := range []string{"", key.Text(), key.Secret() + "\n", strings.Replace(key.Secret(), "w1", "w2", 1)} {
		if _, err := ledger.ParseCosigner(bad); !errors.Is(err, fault.Refused) {
			t.Errorf("ParseCosigner(%q) = %v, want a refusal", bad, err)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb", "\xff"} {
		if _, err := ledger.NewCosigner(bytes.NewReader(make([]byte, 32)), name); !errors.Is(err, fault.Refused) {
			t.Errorf("NewCosigner(%q) = %v, want a refusal", name, err)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	at := func(s string) civil.Instant {
		i, err := civil.ParseInstant(s)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	stamp := ledger.Attestation{Kind: ledger.Stamped, By: "CN=T", At: at("2026-03-01T10:00:00Z"), Size: 10}
	cosigned := ledger.Attestation{Kind: ledger.Cosigned, By: "w", At: at("2026-03-01T09:00:00Z"), Size: 10}
	older := ledger.Attestation{Kind: ledger.Cosigned, By: "w", At: at("2026-02-01T09:00:00Z"), Size: 4}
	later := ledger.Attestation{Kind: ledger.Cosigned, By: "w", At: at("2026-03-02T09:00:00Z"), Size: 30}
	for _, c := range []struct {
		name string
		size int64
		list []ledger.Attestation
		want string
	}{
		{"nothing", 12, nil, "Nobody outside holds or has time stamped a checkpoint of this ledger. All 12 records are unanchored, the oldest since 2026-02-01T00:00:00Z (30 d 1 h)."},
		{"two of one size", 12, []ledger.Attestation{older, stamp, cosigned},
			"The first 10 records are anchored: their checkpoint was cosigned at 2026-03-01T09:00:00Z by w, time stamped at 2026-03-01T10:00:00Z by CN=T. The last 2 records are unanchored, the oldest since 2026-03-03T00:00:10Z (59 min 50 s)."},
		{"all", 10, []ledger.Attestation{older, stamp}, "The first 10 records are anchored: their checkpoint was time stamped at 2026-03-01T10:00:00Z by CN=T. No record is unanchored."},
		{"as of an earlier size", 5, []ledger.Attestation{older, stamp, later}, "The first 4 records are anchored: their checkpoint was cosigned at 2026-02-01T09:00:00Z by w. The last 1 records are unanchored, the oldest since 2026-03-03T00:00:04Z (59 min 56 s)."},
		{"empty", 0, nil, "Nobody outside holds or has time stamped a checkpoint of this ledger. No record is unanchored."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			received := func(i int64) (civil.Instant, error) {
				if i == 0 {
					return at("2026-02-01T00:00:00Z"), nil
				}
				return at("2026-03-03T00:00:00Z") + civil.Instant(i)*1_000_000, nil
			}
			w, err := ledger.Measure(c.size, c.list, received, at("2026-03-03T01:00:00Z"))
			if err != nil || w.String() != c.want || w.Anchored+w.Unanchored != c.size {
				t.Errorf("Measure = %+v, %v\n got %s\nwant %s", w, err, w, c.want)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := ledger.Measure(1, nil, func(int64) (civil.Instant, error) { return 0, broken }, 0); !errors.Is(err, broken) {
		t.Errorf("Measure = %v, want the error of the store", err)
	}
}

func FuzzCosignature(f *testing.F) {
	key := witnessKey(f, 1)
	c := ledger.Checkpoint{Origin: origin, Size: 42, Root: leaf(1)}
	line := key.Cosign(c, time.Unix(1679315147, 0)).Line
	f.Add(line)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := key.Open(c, text); err == nil && text != line {
			t.Errorf("another line passes: %q", text)
		}
	})
}
