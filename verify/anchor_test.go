package verify

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
)

// testWitness signs as C2SP tlog-cosignature says.
type testWitness struct {
	name, vkey string
	id         uint32
	private    ed25519.PrivateKey
}

func newTestWitness(name string, seed byte) testWitness {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	raw := append([]byte{4}, private.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
	id := binary.BigEndian.Uint32(sum[:])
	return testWitness{name, fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(raw)), id, private}
}

func (w testWitness) cosign(note string, at int64) string {
	body, _, _ := strings.Cut(note, "\n\n")
	sig := ed25519.Sign(w.private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at, body))
	raw := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, w.id), uint64(at))
	return fmt.Sprintf("— %s %s\n", w.name, base64.StdEncoding.EncodeToString(append(raw, sig...)))
}

// testAuthority stamps as RFC 3161 says.
type testAuthority struct {
	root, cert *x509.Certificate
	rootKey    *ecdsa.PrivateKey
	key        *ecdsa.PrivateKey
	at         time.Time

	imprint  []byte // instead of the content's hash
	policy   int    // of the certificate: 0 for time stamping alone and critical
	other    bool   // the signed attributes name another certificate
	content  asn1.ObjectIdentifier
	status   int
	validity [2]time.Time
}

func newTestAuthority(t testing.TB, name string, at time.Time) *testAuthority {
	t.Helper()
	a := &testAuthority{at: at, content: oidTSTInfo, validity: [2]time.Time{at.AddDate(0, -1, 0), at.AddDate(0, 1, 0)}}
	a.rootKey = newKey(t)
	a.root = issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name + " root"}, NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, a.rootKey, a.rootKey)
	a.key = newKey(t)
	a.enroll(t, name)
	return a
}

const (
	purposeAlone = iota
	purposeNotCritical
	purposeTwo
)

// enroll makes the certificate anew, after the fields were changed.
func (a *testAuthority) enroll(t testing.TB, name string) {
	t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: a.validity[0], NotAfter: a.validity[1], KeyUsage: x509.KeyUsageDigitalSignature}
	purposes := []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}
	if a.policy == purposeTwo {
		purposes = append(purposes, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1})
	}
	c.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage, Critical: a.policy != purposeNotCritical, Value: der(t, purposes)}}
	a.cert = issue(t, c, a.root, a.key, a.rootKey)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func issue(t testing.TB, c, parent *x509.Certificate, key, signs *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = c
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	b, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signs)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func der(t testing.TB, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (a *testAuthority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}))
}

// stamp is a response over some content.
func (a *testAuthority) stamp(t testing.TB, content string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	if a.imprint != nil {
		sum = [32]byte(a.imprint)
	}
	type imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	info := der(t, struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  int
		Time    time.Time `asn1:"generalized"`
		Nonce   int
	}{1, asn1.ObjectIdentifier{1, 2, 3, 4, 1}, imprint{pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDDigestAlgorithmSHA256, Parameters: asn1.NullRawValue}, sum[:]}, 7, a.at.UTC(), 99})
	named := sha256.Sum256(a.cert.Raw)
	if a.other {
		named = sha256.Sum256(a.root.Raw)
	}
	type certID struct{ Hash []byte }
	type certIDs struct{ Certs []certID }
	sd, err := pkcs7.NewSignedData(info)
	if err != nil {
		t.Fatal(err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	sd.SetContentType(a.content)
	sd.GetSignedData().Version = 3
	err = sd.AddSignerChain(a.cert, a.key, []*x509.Certificate{a.root}, pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{
		{Type: oidSigningCertV2, Value: certIDs{[]certID{{named[:]}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := sd.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return string(der(t, struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{struct{ Status int }{a.status}, asn1.RawValue{FullBytes: token}}))
}

// anchor adds what others said to a package and seals it anew.
func (l *testLedger) anchor(say func(e entries)) entries {
	e := l.build()
	for _, n := range []string{"manifest.json", "seal", "checkpoint"} {
		delete(e, n)
	}
	say(e)
	return l.seal(e)
}

// noon is when the authorities and witnesses of the tests speak: within the validity of
// certificates that the library checks by the machine's clock.
func noon() time.Time { return time.Now().UTC().Truncate(time.Second) }

func TestAnchors(t *testing.T) {
	t.Parallel()
	l := synthetic(400, 3)
	first, second := string(l.checkpoint(200)), string(l.checkpoint(390))
	one, two, stranger := newTestWitness("witness.example/w1", 1), newTestWitness("witness.example/w2", 2), newTestWitness("witness.example/w1", 3)
	tsa, foreign := newTestAuthority(t, "Time", noon()), newTestAuthority(t, "Foreign", noon())
	roots, others := []byte(tsa.pem()), []byte(foreign.pem())
	at := noon().Unix()
	fork := synthetic(400, 99)
	fork.key = l.key
	// stamped makes an authority like the first and changes it.
	stamped := func(change func(a *testAuthority)) func(e entries) {
		return func(e entries) {
			a := *tsa
			change(&a)
			e["anchors/390/checkpoint"], e["anchors/390/timestamp-1.tsr"], e["anchors/tsa-roots.pem"] = second, a.stamp(t, second), tsa.pem()
		}
	}
	sound := func(e entries) {
		e["anchors/200/checkpoint"], e["anchors/200/cosignatures"] = first, one.cosign(first, at-1000)
		e["anchors/390/checkpoint"], e["anchors/390/cosignatures"] = second, one.cosign(second, at)+two.cosign(second, at)
		e["anchors/390/timestamp-1.tsr"], e["anchors/tsa-roots.pem"] = tsa.stamp(t, second), tsa.pem()
	}
	for _, c := range []struct {
		name string
		say  func(e entries)
		o    Options
		want string // of the first fault; "" when the package is accepted
		left int64  // unanchored
	}{
		{"nothing said", func(entries) {}, Options{}, "", 400},
		{"nobody trusted", sound, Options{}, "", 400},
		{"a witness trusted", sound, Options{Witnesses: []string{one.vkey}}, "", 10},
		{"two witnesses trusted", sound, Options{Witnesses: []string{one.vkey + "\n", two.vkey}}, "", 10},
		{"an authority trusted", sound, Options{StampRoots: roots}, "", 10},
		{"one of two roots", sound, Options{StampRoots: append(slices.Clone(others), roots...)}, "", 10},
		{"all trusted", sound, Options{Witnesses: []string{one.vkey}, StampRoots: roots}, "", 10},
		{"a witness that is not there", sound, Options{Witnesses: []string{newTestWitness("w3", 9).vkey}}, "no checkpoint in it has a valid cosignature of the witness w3", 400},
		{"a witness of the same name", sound, Options{Witnesses: []string{stranger.vkey}}, "no checkpoint in it has a valid cosignature of the witness witness.example/w1", 400},
		{"the same name, one there", sound, Options{Witnesses: []string{one.vkey, stranger.vkey}}, "no checkpoint in it has a valid cosignature", 10},
		{"no cosignature at all", func(entries) {}, Options{Witnesses: []string{one.vkey}}, "no checkpoint in it has a valid cosignature", 400},
		{"another authority demanded", sound, Options{StampRoots: others}, "no checkpoint in it has a valid time stamp", 400},
		{"no time stamp at all", func(entries) {}, Options{StampRoots: roots}, "no checkpoint in it has a valid time stamp", 400},
		{"a time stamp moved to another checkpoint", func(e entries) {
			sound(e)
			e["anchors/200/timestamp-1.tsr"] = e["anchors/390/timestamp-1.tsr"]
		}, Options{StampRoots: roots}, "anchors/200/timestamp-1.tsr: it stamps other bytes", 10},
		{"a cosignature moved to another checkpoint", func(e entries) {
			sound(e)
			e["anchors/200/cosignatures"] = e["anchors/390/cosignatures"]
		}, Options{Witnesses: []string{two.vkey}}, "anchors/200/cosignatures: the cosignature of witness.example/w2 does not hold", 10},
		{"another imprint", stamped(func(a *testAuthority) { a.imprint = make([]byte, 32) }), Options{}, "it stamps other bytes", 400},
		{"not granted", stamped(func(a *testAuthority) { a.status = 2 }), Options{}, "did not grant", 400},
		{"a certificate that had expired", stamped(func(a *testAuthority) {
			a.validity = [2]time.Time{a.at.AddDate(0, -2, 0), a.at.AddDate(0, -1, 0)}
			a.enroll(t, "Old")
		}), Options{}, "certificate", 400},
		{"a stamp from after the certificate", stamped(func(a *testAuthority) { a.at = a.at.AddDate(0, 2, 0) }), Options{}, "when its certificate was not valid", 400},
		{"a certificate for two purposes", stamped(func(a *testAuthority) { a.policy = purposeTwo; a.enroll(t, "Two") }), Options{}, "time stamping alone", 400},
		{"a purpose that is not critical", stamped(func(a *testAuthority) { a.policy = purposeNotCritical; a.enroll(t, "Lax") }), Options{}, "time stamping alone", 400},
		{"another certificate named", stamped(func(a *testAuthority) { a.other = true }), Options{}, "does not name the certificate", 400},
		{"another content", stamped(func(a *testAuthority) { a.content = pkcs7.OIDData }), Options{}, "not the information of a time stamp", 400},
		{"a foreign authority", func(e entries) {
			e["anchors/390/checkpoint"], e["anchors/390/timestamp-1.tsr"], e["anchors/tsa-roots.pem"] = second, foreign.stamp(t, second), tsa.pem()
		}, Options{StampRoots: roots}, "its certificate, CN=Foreign, was not valid then", 400},
		{"a foreign authority that the reader knows", func(e entries) {
			e["anchors/390/checkpoint"], e["anchors/390/timestamp-1.tsr"] = second, foreign.stamp(t, second)
		}, Options{StampRoots: others}, "", 10},
		{"a flipped bit", func(e entries) {
			sound(e)
			b := []byte(e["anchors/390/timestamp-1.tsr"])
			b[len(b)-3] ^= 1
			e["anchors/390/timestamp-1.tsr"] = string(b)
		}, Options{}, "signature does not hold", 400},
		{"rubbish for a time stamp", func(e entries) { sound(e); e["anchors/390/timestamp-1.tsr"] = "rubbish" }, Options{}, "not a response", 400},
		{"something after the time stamp", func(e entries) { sound(e); e["anchors/390/timestamp-1.tsr"] += "\x00" }, Options{}, "not a response", 400},
		{"rubbish for roots", func(e entries) { sound(e); e["anchors/tsa-roots.pem"] = "rubbish" }, Options{}, "expected certificates", 400},
		{"rubbish for cosignatures", func(e entries) { sound(e); e["anchors/390/cosignatures"] = "rubbish\n" }, Options{}, "expected lines of the form", 400},
		{"a witness twice", func(e entries) { sound(e); e["anchors/390/cosignatures"] += one.cosign(second, at-1) }, Options{}, "two lines of", 400},
		{"a checkpoint of another history", func(e entries) {
			note := string(fork.checkpoint(390))
			e["anchors/390/checkpoint"], e["anchors/390/cosignatures"] = note, one.cosign(note, at)
		}, Options{Witnesses: []string{one.vkey}}, "is not of this ledger", 400},
		{"a checkpoint of a larger ledger", func(e entries) {
			big := synthetic(900, 3)
			note := string(big.checkpoint(900))
			e["anchors/900/checkpoint"], e["anchors/900/cosignatures"] = note, one.cosign(note, at)
		}, Options{Witnesses: []string{one.vkey}}, "is not of this ledger", 400},
		{"a checkpoint under another size", func(e entries) {
			e["anchors/391/checkpoint"], e["anchors/391/cosignatures"] = second, one.cosign(second, at)
		}, Options{}, "is of 390 records", 400},
		{"a checkpoint of another key", func(e entries) {
			note := string(newTestKey(2).checkpoint(390, l.root(390)))
			e["anchors/390/checkpoint"], e["anchors/390/cosignatures"] = note, one.cosign(note, at)
		}, Options{}, "not by the key of this ledger", 400},
		{"no checkpoint", func(e entries) { e["anchors/390/cosignatures"] = one.cosign(second, at) }, Options{}, "has no checkpoint", 400},
		{"another name", func(e entries) { sound(e); e["anchors/390/note"] = "x" }, Options{}, "expected anchors/SIZE/checkpoint", 400},
		{"a size in another spelling", func(e entries) { e["anchors/0390/checkpoint"] = second }, Options{}, "expected anchors/SIZE/checkpoint", 400},
		{"a number in another spelling", func(e entries) { sound(e); e["anchors/390/timestamp-01.tsr"] = "x" }, Options{}, "expected anchors/SIZE/checkpoint", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mine := &testLedger{key: l.key, records: l.records, hashes: l.hashes, fileMax: l.fileMax}
			rep := mine.anchor(c.say).check(t, c.o)
			if c.want == "" && !rep.OK || c.want != "" && (rep.OK || !strings.Contains(rep.Faults[0].String(), c.want)) {
				t.Errorf("ok %v, faults = %v; want %q", rep.OK, rep.Faults, c.want)
			}
			if c.want == "" && (rep.Unanchored != c.left || rep.Window.Unanchored != c.left || rep.Window.Anchored != 400-c.left) {
				t.Errorf("window = %+v, want %d records", rep.Window, c.left)
			}
			if c.want != "" && rep.Faults[0].Kind != Anchoring {
				t.Errorf("blamed on the %s", rep.Faults[0].Kind)
			}
		})
	}
}

// TestWindow reads what is printed of the tail that nobody vouches for.
func TestWindow(t *testing.T) {
	t.Parallel()
	l := synthetic(400, 3)
	note := string(l.checkpoint(390))
	w := newTestWitness("witness.example/w1", 1)
	tsa := newTestAuthority(t, "Time", noon())
	path := l.anchor(func(e entries) {
		e["anchors/390/checkpoint"], e["anchors/390/cosignatures"] = note, w.cosign(note, 1767225600)
		e["anchors/390/timestamp-1.tsr"], e["anchors/tsa-roots.pem"] = tsa.stamp(t, note), tsa.pem()
	}).write(t, zip.Deflate)
	held := filepath.Join(t.TempDir(), "held")
	if err := os.WriteFile(held, l.checkpoint(395), 0o600); err != nil {
		t.Fatal(err)
	}
	received := l.records[390].recv
	for _, c := range []struct {
		name string
		o    Options
		says []string
	}{
		{"nobody", Options{}, []string{
			"cosignature    size 390 by witness.example/w1 at 2026-01-01T00:00:00Z; its key is NOT trusted",
			"time stamp     size 390 by CN=Time at ", "its root is NOT trusted",
			"unanchored     all 400 records, the oldest received 2026-02-01T00:00:00.0005Z, 27 d 23 h before the package was made",
			"all 400 records are unanchored",
		}},
		{"a witness", Options{Witnesses: []string{w.vkey}}, []string{
			"at 2026-01-01T00:00:00Z; as you demand",
			"unanchored     10 records after size 390 (cosigned by witness.example/w1 at 2026-01-01T00:00:00Z), the oldest received " + received,
		}},
		{"an authority", Options{StampRoots: []byte(tsa.pem())}, []string{"10 records after size 390 (time stamped by CN=Time at ", "no other history was time stamped too"}},
		{"both", Options{Witnesses: []string{w.vkey}, StampRoots: []byte(tsa.pem())}, []string{"(time stamped by CN=Time at ", "; cosigned by witness.example/w1"}},
		{"held", Options{Checkpoints: []string{held}, Witnesses: []string{w.vkey}}, []string{"5 records after size 395 (held by you)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rep := check(t, path, c.o)
			var b strings.Builder
			if err := rep.Print(&b); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.says {
				if !strings.Contains(b.String(), want) {
					t.Errorf("not said: %q\n%s", want, b.String())
				}
			}
		})
	}
}

// TestOpenSSLReads has the time stamp of a package verified by the program on every desk.
func TestOpenSSLReads(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	l := synthetic(40, 3)
	note := string(l.checkpoint(30))
	tsa := newTestAuthority(t, "Time", noon())
	dir := t.TempDir()
	for name, text := range map[string]string{"checkpoint": note, "other": string(l.checkpoint(31)), "timestamp-1.tsr": tsa.stamp(t, note), "roots.pem": tsa.pem()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, data := range []string{"checkpoint", "other"} {
		cmd := exec.CommandContext(t.Context(), openssl, "ts", "-verify", "-in", "timestamp-1.tsr", "-data", data, "-CAfile", "roots.pem")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if ok := err == nil && strings.Contains(string(out), "Verification: OK"); ok != (data == "checkpoint") {
			t.Errorf("openssl over %s: %v\n%s", data, err, out)
		}
	}
}

// TestOpenSSLStamps verifies what openssl itself stamps, with RSA.
func TestOpenSSLStamps(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	script := `set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out roots.pem -subj "/CN=OpenSSL root" -days 2
openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj "/CN=OpenSSL time"
printf 'extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n' > ext
openssl x509 -req -in tsa.csr -CA roots.pem -CAkey root.key -CAcreateserial -days 1 -extfile ext -out tsa.pem
echo 01 > serial
printf '[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ndigests=sha256\ndefault_policy=1.2.3.4.1\nsigner_digest=sha256\naccuracy=secs:1\nordering=yes\n' > conf
openssl ts -query -data checkpoint -sha256 -cert -out q.tsq
openssl ts -reply -config conf -queryfile q.tsq -signer tsa.pem -inkey tsa.key -out r.tsr
`
	l := synthetic(40, 3)
	note := string(l.checkpoint(30))
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(script, "openssl ", openssl+" "))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	rep := l.anchor(func(e entries) {
		e["anchors/30/checkpoint"], e["anchors/30/timestamp-1.tsr"] = note, read("r.tsr")
	}).check(t, Options{StampRoots: []byte(read("roots.pem"))})
	if !rep.OK || rep.Window.Anchored != 30 || rep.Anchors[0].By != "CN=OpenSSL time" {
		t.Errorf("faults = %v, window = %+v", rep.Faults, rep.Window)
	}
}

func TestTrustGiven(t *testing.T) {
	t.Parallel()
	path := synthetic(3, 1).build().write(t, zip.Deflate)
	key := newTestWitness("w", 1).vkey
	for want, o := range map[string]Options{
		"--witness: not the key":               {Witnesses: []string{"nonsense"}},
		"--witness: not the canonical":         {Witnesses: []string{strings.Replace(key, "w+", "v+", 1)}},
		"--witness: not the key of a witness,": {Witnesses: []string{newTestKey(1).vkey}},
		"--witness: the same":                  {Witnesses: []string{key, key}},
		"--tsa-roots: expected":                {StampRoots: []byte("no PEM")},
	} {
		if _, err := File(t.Context(), path, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("File = %v, want an error with %q", err, want)
		}
	}
}

// TestStampFlips changes single bits of a time stamp. What passes must say the same.
func TestStampFlips(t *testing.T) {
	t.Parallel()
	tsa := newTestAuthority(t, "Time", noon())
	roots, err := parseRoots([]byte(tsa.pem()))
	if err != nil {
		t.Fatal(err)
	}
	whole := []byte(tsa.stamp(t, "content"))
	want, err := openStamp(whole, []byte("content"))
	if err != nil || !want.leadsTo(roots) {
		t.Fatal(err)
	}
	passed := 0
	for at := range whole {
		b := bytes.Clone(whole)
		b[at] ^= 1 << (at % 8)
		got, err := openStamp(b, []byte("content"))
		if err != nil || !got.leadsTo(roots) {
			continue
		}
		passed++
		if !got.at.Equal(want.at) || !got.signer.Equal(want.signer) {
			t.Errorf("bit %d of byte %d of %d: another time stamp passes", at%8, at, len(whole))
		}
	}
	t.Logf("%d of %d flips leave the stamp as it was: they lie outside what is signed; the manifest covers them", passed, len(whole))
}

func FuzzStamp(f *testing.F) {
	tsa := newTestAuthority(f, "Time", noon())
	f.Add([]byte(tsa.stamp(f, "content")))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := openStamp(b, []byte("other content")); err == nil {
			t.Errorf("%x stamps what it does not", b)
		}
	})
}

func FuzzCosignatures(f *testing.F) {
	w := newTestWitness("w", 1)
	f.Add(w.cosign("a\n1\nb\n\n", 7))
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseCosignatures(text)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, s := range list {
			raw := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, s.id), uint64(s.at))
			fmt.Fprintf(&again, "— %s %s\n", s.name, base64.StdEncoding.EncodeToString(append(raw, s.sig...)))
		}
		if again.String() != text {
			t.Errorf("%q is accepted as another spelling of %q", text, again.String())
		}
	})
}
