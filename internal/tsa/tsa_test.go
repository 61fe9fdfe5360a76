package tsa_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/tsa"
	"github.com/assayhq/assay/internal/tsa/tsatest"
)

const checkpoint = "assay.local/org_x\n7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n— assay.local/org_x AAAA\n"

func client(t *testing.T, a *tsatest.Authority) *tsa.Client {
	t.Helper()
	roots, err := tsa.Roots("roots.pem", a.PEM())
	if err != nil {
		t.Fatal(err)
	}
	return &tsa.Client{URL: a.URL, Roots: roots, HTTP: http.DefaultClient, Clock: a.Clock, Random: rand.Reader}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	a := tsatest.Start(t, time.Now)
	c := client(t, a)
	s, err := c.Fetch(t.Context(), []byte(checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	if s.Authority != "CN=Time stamps of the test" || time.Since(s.Time).Abs() > time.Minute || s.Serial == "" {
		t.Errorf("Fetch = %+v", s)
	}
	again, err := tsa.Verify(s.Response, []byte(checkpoint), c.Roots)
	if err != nil || !again.Time.Equal(s.Time) {
		t.Errorf("Verify = %+v, %v", again, err)
	}
	if _, err := tsa.Verify(s.Response, []byte(checkpoint+" "), c.Roots); !errors.Is(err, fault.Integrity) {
		t.Errorf("Verify over other bytes = %v, want an integrity failure", err)
	}
}

// TestOpenSSL has the program on every desk verify what was kept.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	a := tsatest.Start(t, time.Now)
	s, err := client(t, a).Fetch(t.Context(), []byte(checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"checkpoint": []byte(checkpoint), "other": []byte("other\n"), "timestamp.tsr": s.Response, "roots.pem": a.PEM()} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(data string) (string, error) {
		cmd := exec.CommandContext(t.Context(), openssl, "ts", "-verify", "-in", "timestamp.tsr", "-data", data, "-CAfile", "roots.pem")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := verify("checkpoint"); err != nil || !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl ts -verify: %v\n%s", err, out)
	}
	if out, err := verify("other"); err == nil {
		t.Errorf("openssl ts -verify over other bytes passes\n%s", out)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	foreign := tsatest.Issue(t, nil, "Another root", now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, *tsatest.Authority)
		kind  error
		says  string
	}{
		{"down", func(_ *testing.T, a *tsatest.Authority) { a.Status = http.StatusServiceUnavailable }, nil, "503"},
		{"another nonce", func(_ *testing.T, a *tsatest.Authority) {
			a.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.Nonce = big.NewInt(7) }
		}, fault.Integrity, "nonce"},
		{"no nonce", func(_ *testing.T, a *tsatest.Authority) {
			a.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.Nonce = nil }
		}, fault.Integrity, "nonce"},
		{"another imprint", func(_ *testing.T, a *tsatest.Authority) {
			a.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.HashedMessage = make([]byte, 32) }
		}, fault.Integrity, "other bytes"},
		{"a clock an hour fast", func(_ *testing.T, a *tsatest.Authority) {
			a.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.Time = s.Time.Add(time.Hour) }
		}, fault.Integrity, "one of the two is wrong"},
		{"a clock an hour slow", func(_ *testing.T, a *tsatest.Authority) {
			a.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.Time = s.Time.Add(-time.Hour) }
		}, fault.Integrity, "one of the two is wrong"},
		{"no certificate", func(_ *testing.T, a *tsatest.Authority) {
			a.Spoil = func(s *timestamp.Timestamp, _ *tsatest.Certificate) { s.AddTSACertificate = false }
		}, fault.Integrity, "does not hold"},
		{"a certificate that has expired", func(t *testing.T, a *tsatest.Authority) {
			a.Signer = tsatest.Issue(t, &a.Root, "Expired", now.AddDate(0, -2, 0), now.AddDate(0, -1, 0))
		}, fault.Integrity, "outside of certificate validity"},
		{"a foreign certificate", func(t *testing.T, a *tsatest.Authority) {
			a.Signer = tsatest.Issue(t, &foreign, "Foreign", now.AddDate(0, -1, 0), now.AddDate(0, 1, 0))
		}, fault.Refused, "roots configured"},
		{"a certificate for something else", func(t *testing.T, a *tsatest.Authority) {
			a.Signer = tsatest.Issue(t, &a.Root, "A web server", now.AddDate(0, -1, 0), now.AddDate(0, 1, 0), x509.ExtKeyUsageServerAuth)
		}, fault.Integrity, "time stamping alone"},
		{"a certificate for something else too", func(t *testing.T, a *tsatest.Authority) {
			a.Signer = tsatest.Issue(t, &a.Root, "Both", now.AddDate(0, -1, 0), now.AddDate(0, 1, 0), x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageServerAuth)
		}, fault.Integrity, "time stamping alone"},
		{"refused by the authority", func(t *testing.T, a *tsatest.Authority) {
			b, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.TimeNotAvailable)
			if err != nil {
				t.Fatal(err)
			}
			a.Replace = func([]byte) []byte { return b }
		}, fault.Integrity, "rejected"},
		{"a flipped bit of the signature", func(_ *testing.T, a *tsatest.Authority) {
			a.Replace = func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
		}, fault.Integrity, "does not hold"},
		{"something after the end", func(_ *testing.T, a *tsatest.Authority) {
			a.Replace = func(b []byte) []byte { return append(b, 0) }
		}, fault.Integrity, "trailing"},
		{"endless", func(_ *testing.T, a *tsatest.Authority) {
			a.Replace = func([]byte) []byte { return make([]byte, 1<<20) }
		}, nil, "longer than"},
		{"nothing", func(_ *testing.T, a *tsatest.Authority) {
			a.Replace = func([]byte) []byte { return nil }
		}, fault.Integrity, "does not hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := tsatest.Start(t, func() time.Time { return now })
			ask := client(t, a)
			c.spoil(t, a)
			_, err := ask.Fetch(t.Context(), []byte(checkpoint))
			if err == nil || !strings.Contains(err.Error(), c.says) || c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("Fetch = %v, want one of kind %v that says %q", err, c.kind, c.says)
			}
		})
	}
}

func TestRoots(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := tsa.Roots("roots.pem", []byte(text)); !errors.Is(err, fault.Refused) {
			t.Errorf("Roots(%q) = %v, want a refusal", text, err)
		}
	}
}

// FuzzVerify shows that no answer makes the parser fail in another way than by an error, and
// that none passes that says something else than the one that was given.
func FuzzVerify(f *testing.F) {
	response, err := os.ReadFile("testdata/timestamp.tsr")
	if err != nil {
		f.Fatal(err)
	}
	trusted, err := os.ReadFile("testdata/roots.pem")
	if err != nil {
		f.Fatal(err)
	}
	roots, err := tsa.Roots("testdata/roots.pem", trusted)
	if err != nil {
		f.Fatal(err)
	}
	want, err := tsa.Verify(response, []byte(checkpoint), roots)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(response)
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := tsa.Verify(b, []byte(checkpoint), roots)
		if err == nil && (!got.Time.Equal(want.Time) || got.Serial != want.Serial || got.Authority != want.Authority) {
			t.Errorf("another time stamp passes: %+v", got)
		}
	})
}
