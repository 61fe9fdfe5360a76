// Package tsa fetches and checks time stamps of RFC 3161: a time stamping authority says that
// some bytes existed at a time. What is stamped here is a signed checkpoint.
package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/assayhq/assay/internal/fault"
)

const (
	// MaxSkew is how far the authority's clock may lie from ours at receipt.
	MaxSkew = 5 * time.Minute

	maxResponse = 256 << 10
	nonceSize   = 16
)

// Doer sends a request: the one guarded HTTP client of the house.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client asks one authority.
type Client struct {
	URL    string         // where the authority takes requests, by RFC 3161 section 3.4
	Roots  *x509.CertPool // the roots that its certificate must lead to
	HTTP   Doer
	Clock  func() time.Time
	Random io.Reader // nonces
}

// Stamp is a time stamp that was checked.
type Stamp struct {
	Response  []byte    // the whole response in DER, as openssl ts -verify -in reads it
	Time      time.Time // of the authority, UTC
	Accuracy  time.Duration
	Authority string // subject of its certificate
	Serial    string // of the stamp, decimal
}

// Fetch asks for a time stamp over content and checks what comes back: that it is granted, over
// the SHA-256 of exactly this content, in answer to this request, by a certificate for time
// stamping alone that leads to the roots, and at a time that our clock believes. An authority
// that cannot be reached gives an error without a kind; an answer that does not hold is a
// fault.Integrity, or a fault.Refused when its certificate leads to no root.
func (c *Client) Fetch(ctx context.Context, content []byte) (Stamp, error) {
	random := make([]byte, nonceSize)
	if _, err := io.ReadFull(c.Random, random); err != nil {
		return Stamp{}, fmt.Errorf("draw a nonce: %w", err)
	}
	random[0] = random[0]&0x7f | 0x40 // of one length, and positive
	nonce := new(big.Int).SetBytes(random)
	sum := sha256.Sum256(content)
	q := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: nonce}
	body, err := q.Marshal()
	if err != nil {
		return Stamp{}, fmt.Errorf("write the request for a time stamp: %w", err)
	}
	before := c.Clock()
	answer, err := c.post(ctx, body)
	if err != nil {
		return Stamp{}, fmt.Errorf("ask %s for a time stamp: %w", c.URL, err)
	}
	after := c.Clock()
	s, got, err := check(answer, content, c.Roots)
	if err != nil {
		return Stamp{}, err
	}
	if got == nil || got.Cmp(nonce) != 0 {
		return Stamp{}, bad("it answers another request: the nonce differs")
	}
	if margin := MaxSkew + s.Accuracy; s.Time.Before(before.Add(-margin)) || s.Time.After(after.Add(margin)) {
		return Stamp{}, bad("it says %s while the clock here says %s; one of the two is wrong", s.Time.Format(time.RFC3339), after.UTC().Format(time.RFC3339))
	}
	return s, nil
}

func (c *Client) post(ctx context.Context, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	r.Header.Set("Accept", "application/timestamp-reply")
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err == nil && len(b) > maxResponse {
		err = fmt.Errorf("its answer is longer than %d bytes", maxResponse)
	}
	return b, err
}

// Verify checks a response that was kept. The nonce was checked at receipt and the time is
// believed; everything else is checked again.
func Verify(response, content []byte, roots *x509.CertPool) (Stamp, error) {
	s, _, err := check(response, content, roots)
	return s, err
}

// Roots reads certificates in PEM, at least one.
func Roots(file string, text []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for rest := text; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Refused, File: file, What: fmt.Sprintf("certificate %d cannot be read", n+1), Err: err}
		}
		pool.AddCert(cert)
	}
	if n == 0 {
		return nil, &fault.Error{Kind: fault.Refused, File: file, What: "no certificate in it; expected the roots of the time stamping authority in PEM"}
	}
	return pool, nil
}

func bad(format string, args ...any) error {
	return &fault.Error{Kind: fault.Integrity, What: "the time stamp does not hold: " + fmt.Sprintf(format, args...)}
}

var errSigner = errors.New("expected one signer whose certificate comes along")
