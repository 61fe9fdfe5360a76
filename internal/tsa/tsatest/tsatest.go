// Package tsatest is a time stamping authority for tests, with a root of its own.
package tsatest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// Authority answers requests for time stamps. Its fields may be changed between requests.
type Authority struct {
	URL   string
	Clock func() time.Time

	// Spoil changes what is about to be signed, or the certificate that signs it.
	Spoil func(t *timestamp.Timestamp, signs *Certificate)
	// Replace changes the finished answer.
	Replace func(response []byte) []byte
	// Status is the HTTP status; 0 is 200.
	Status int

	Root   Certificate
	Signer Certificate
	mu     sync.Mutex
	asked  int
}

// Certificate is one with its key.
type Certificate struct {
	Cert *x509.Certificate
	Key  *ecdsa.PrivateKey
}

// Start starts an authority whose certificates are valid for a day around the clock's time.
func Start(t testing.TB, clock func() time.Time) *Authority {
	t.Helper()
	a := &Authority{Clock: clock}
	now := clock()
	a.Root = Issue(t, nil, "Root of the test", now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	a.Signer = Issue(t, &a.Root, "Time stamps of the test", now.Add(-12*time.Hour), now.Add(12*time.Hour))
	s := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(s.Close)
	a.URL = s.URL
	return a
}

// Issue makes a certificate for time stamping, or a root when there is no issuer.
func Issue(t testing.TB, issuer *Certificate, name string, from, to time.Time, usage ...x509.ExtKeyUsage) Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	check(t, err)
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to, BasicConstraintsValid: true}
	parent, signs := c, key
	if issuer == nil {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
	} else {
		parent, signs = issuer.Cert, issuer.Key
		c.KeyUsage = x509.KeyUsageDigitalSignature
		if usage != nil {
			c.ExtKeyUsage = usage
		} else {
			purposes, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
			check(t, err)
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purposes}}
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signs)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	return Certificate{cert, key}
}

// PEM is the root as a file of trusted roots holds it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Cert.Raw})
}

// Asked is how many requests came.
func (a *Authority) Asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *Authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.Status != 0 {
		w.WriteHeader(a.Status)
		return
	}
	b, err := io.ReadAll(r.Body)
	if err == nil {
		b, err = a.Answer(b)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(b)
}

// Answer answers one request.
func (a *Authority) Answer(request []byte) ([]byte, error) {
	q, err := timestamp.ParseRequest(request)
	if err != nil {
		return nil, err
	}
	t := timestamp.Timestamp{
		HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: a.Clock().UTC().Truncate(time.Second),
		Nonce: q.Nonce, Policy: asn1.ObjectIdentifier{1, 2, 3, 4, 1}, AddTSACertificate: q.Certificates,
	}
	signs := a.Signer
	if a.Spoil != nil {
		a.Spoil(&t, &signs)
	}
	b, err := t.CreateResponseWithOpts(signs.Cert, signs.Key, crypto.SHA256)
	if err == nil && a.Replace != nil {
		b = a.Replace(b)
	}
	return b, err
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
