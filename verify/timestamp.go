package verify

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 2634 names a certificate by SHA-1; nothing rests on it alone
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/digitorus/pkcs7"
)

var (
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
	digests          = map[string]crypto.Hash{
		pkcs7.OIDDigestAlgorithmSHA256.String(): crypto.SHA256,
		pkcs7.OIDDigestAlgorithmSHA384.String(): crypto.SHA384,
		pkcs7.OIDDigestAlgorithmSHA512.String(): crypto.SHA512,
	}
)

// stamp is a time stamp whose signature holds by a certificate that came along; whether the
// certificate leads anywhere is a question of its own.
type stamp struct {
	at      time.Time
	signer  *x509.Certificate
	between []*x509.Certificate
}

// tstInfo is what an authority signs (RFC 3161, section 2.4.2).
type tstInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	Serial   *big.Int
	Time     time.Time `asn1:"generalized"`
	Accuracy struct {
		Seconds int `asn1:"optional"`
		Millis  int `asn1:"optional,tag:0"`
		Micros  int `asn1:"optional,tag:1"`
	} `asn1:"optional"`
	Ordering   bool             `asn1:"optional"`
	Nonce      *big.Int         `asn1:"optional"`
	Authority  asn1.RawValue    `asn1:"optional,tag:0"`
	Extensions []pkix.Extension `asn1:"optional,tag:1"`
}

// openStamp reads the response of a time stamping authority and checks all that needs no trust:
// it is granted, over the SHA-256 of exactly this content, and signed by the one certificate that
// it names, which is for time stamping alone.
func openStamp(response, content []byte) (stamp, error) {
	var r struct {
		Status struct {
			Status int
			Text   asn1.RawValue  `asn1:"optional,tag:16"`
			Fail   asn1.BitString `asn1:"optional"`
		}
		Token asn1.RawValue `asn1:"optional"`
	}
	rest, err := asn1.Unmarshal(response, &r)
	if err != nil || len(rest) > 0 {
		return stamp{}, errors.New("not a response of a time stamping authority (RFC 3161) in DER")
	}
	if r.Status.Status > 1 || len(r.Token.FullBytes) == 0 {
		return stamp{}, fmt.Errorf("the authority did not grant it (status %d)", r.Status.Status)
	}
	p, err := pkcs7.Parse(r.Token.FullBytes)
	if err != nil {
		return stamp{}, fmt.Errorf("its token cannot be read: %w", err)
	}
	cert, err := signerOf(p)
	if err != nil {
		return stamp{}, err
	}
	var info tstInfo
	if rest, err := asn1.Unmarshal(p.Content, &info); err != nil || len(rest) > 0 || info.Version != 1 {
		return stamp{}, errors.New("what is signed cannot be read as the information of a time stamp")
	}
	sum := sha256.Sum256(content)
	if !info.Imprint.Algorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmSHA256) || !bytes.Equal(info.Imprint.Hash, sum[:]) {
		return stamp{}, errors.New("it stamps other bytes than the checkpoint beside it")
	}
	// At the stamp's own time: the library would else ask this machine's clock.
	if err := p.VerifyWithChainAtTime(nil, info.Time); err != nil {
		return stamp{}, fmt.Errorf("its signature does not hold: %w", err)
	}
	if info.Time.Before(cert.NotBefore) || info.Time.After(cert.NotAfter) {
		return stamp{}, fmt.Errorf("it says %s, when its certificate was not valid (%s to %s)", info.Time.UTC().Format(time.RFC3339), cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return stamp{info.Time.UTC(), cert, p.Certificates}, nil
}

// signerOf finds the one certificate that signed, and holds it against the signed attributes.
func signerOf(p *pkcs7.PKCS7) (*x509.Certificate, error) {
	cert := p.GetOnlySigner()
	if cert == nil {
		return nil, errors.New("it does not have exactly one signer whose certificate comes along")
	}
	if digests[p.Signers[0].DigestAlgorithm.Algorithm.String()] == 0 || p.Signers[0].DigestEncryptionAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmECDSASHA1) {
		return nil, errors.New("its signature uses another digest than SHA-256, SHA-384 and SHA-512")
	}
	var content asn1.ObjectIdentifier
	if err := p.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &content); err != nil || !content.Equal(oidTSTInfo) {
		return nil, errors.New("what is signed is not the information of a time stamp")
	}
	if !namesCertificate(p, cert) {
		return nil, errors.New("its signature does not name the certificate that comes along")
	}
	critical := false
	for _, e := range cert.Extensions {
		critical = critical || e.Id.Equal(oidExtKeyUsage) && e.Critical
	}
	if !critical || len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) > 0 {
		return nil, errors.New("its certificate is not for time stamping alone")
	}
	return cert, nil
}

// namesCertificate reports whether the signed attributes name the certificate: by RFC 5816, or
// by RFC 2634 with SHA-1.
func namesCertificate(p *pkcs7.PKCS7, cert *x509.Certificate) bool {
	var v2 struct {
		Certs []struct {
			Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash      []byte
			Issuer    asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p.UnmarshalSignedAttribute(oidSigningCertV2, &v2); err == nil {
		if len(v2.Certs) == 0 {
			return false
		}
		hash := crypto.SHA256
		if a := v2.Certs[0].Algorithm.Algorithm; len(a) > 0 {
			hash = digests[a.String()]
		}
		if !hash.Available() {
			return false
		}
		h := hash.New()
		h.Write(cert.Raw)
		return bytes.Equal(h.Sum(nil), v2.Certs[0].Hash)
	}
	var v1 struct {
		Certs []struct {
			Hash   []byte
			Issuer asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p.UnmarshalSignedAttribute(oidSigningCert, &v1); err != nil || len(v1.Certs) == 0 {
		return false
	}
	sum := sha1.Sum(cert.Raw) //nolint:gosec // see the import
	return bytes.Equal(sum[:], v1.Certs[0].Hash)
}

// leadsTo reports whether the certificate was valid at the stamp's time under these roots.
func (s stamp) leadsTo(roots *x509.CertPool) bool {
	between := x509.NewCertPool()
	for _, c := range s.between {
		between.AddCert(c)
	}
	_, err := s.signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: s.at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	return err == nil
}

// parseRoots reads certificates in PEM, at least one.
func parseRoots(text []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", n+1, err)
		}
		pool.AddCert(cert)
		n++
	}
	if n == 0 {
		return nil, errors.New("expected certificates in PEM")
	}
	return pool, nil
}
