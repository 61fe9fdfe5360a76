package tsa

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 2634 names the signer's certificate by SHA-1; nothing rests on it
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"github.com/assayhq/assay/internal/fault"
)

var (
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// check does all of RFC 3161 section 2.2 but nonce and clock, and gives the nonce back.
func check(response, content []byte, roots *x509.CertPool) (Stamp, *big.Int, error) {
	t, err := timestamp.ParseResponse(response)
	if err != nil {
		return Stamp{}, nil, bad("%v", err)
	}
	sum := sha256.Sum256(content)
	if t.HashAlgorithm != crypto.SHA256 || !bytes.Equal(t.HashedMessage, sum[:]) {
		return Stamp{}, nil, bad("it stamps other bytes than these")
	}
	p, err := pkcs7.Parse(t.RawToken)
	if err != nil {
		return Stamp{}, nil, bad("%v", err)
	}
	cert, err := signer(p)
	if err != nil {
		return Stamp{}, nil, bad("%v", err)
	}
	if err := p.Verify(); err != nil {
		return Stamp{}, nil, bad("%v", err)
	}
	between := x509.NewCertPool()
	for _, c := range p.Certificates {
		between.AddCert(c)
	}
	_, err = cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: t.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return Stamp{}, nil, &fault.Error{
			Kind: fault.Refused, What: fmt.Sprintf("the certificate of the time stamp, %s, was not valid at %s under the roots configured", cert.Subject, t.Time.UTC()), Err: err,
			Hint: "give the authority's roots with --tsa-roots, from another channel than the time stamp",
		}
	}
	return Stamp{Response: response, Time: t.Time.UTC(), Accuracy: t.Accuracy, Authority: cert.Subject.String(), Serial: t.SerialNumber.String()}, t.Nonce, nil
}

// signer finds the one certificate that signed, and holds it against what the signature says of
// it: without that, a certificate could be exchanged for another of the same key.
func signer(p *pkcs7.PKCS7) (*x509.Certificate, error) {
	cert := p.GetOnlySigner()
	if cert == nil {
		return nil, errSigner
	}
	switch digest := p.Signers[0].DigestAlgorithm.Algorithm; {
	case digest.Equal(pkcs7.OIDDigestAlgorithmSHA256), digest.Equal(pkcs7.OIDDigestAlgorithmSHA384), digest.Equal(pkcs7.OIDDigestAlgorithmSHA512):
	default:
		return nil, fmt.Errorf("its signature uses the digest %s; expected SHA-256, SHA-384 or SHA-512", digest)
	}
	if p.Signers[0].DigestEncryptionAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmECDSASHA1) {
		return nil, errors.New("its signature uses SHA-1")
	}
	var content asn1.ObjectIdentifier
	if err := p.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &content); err != nil || !content.Equal(oidTSTInfo) {
		return nil, errors.New("what is signed is not the information of a time stamp")
	}
	if !names(p, cert) {
		return nil, errors.New("the signature does not name the certificate that it came with")
	}
	return cert, purpose(cert)
}

// names reports whether the signed attributes name the certificate (RFC 5816, RFC 2634).
func names(p *pkcs7.PKCS7, cert *x509.Certificate) bool {
	type certID struct {
		Hash   []byte
		Issuer asn1.RawValue `asn1:"optional"`
	}
	type certIDv2 struct {
		Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
		Hash      []byte
		Issuer    asn1.RawValue `asn1:"optional"`
	}
	var v2 struct {
		Certs    []certIDv2
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p.UnmarshalSignedAttribute(oidSigningCertV2, &v2); err == nil && len(v2.Certs) > 0 {
		first := v2.Certs[0]
		hash := map[string]crypto.Hash{
			"": crypto.SHA256, pkcs7.OIDDigestAlgorithmSHA256.String(): crypto.SHA256,
			pkcs7.OIDDigestAlgorithmSHA384.String(): crypto.SHA384, pkcs7.OIDDigestAlgorithmSHA512.String(): crypto.SHA512,
		}[first.Algorithm.Algorithm.String()]
		if !hash.Available() {
			return false
		}
		h := hash.New()
		h.Write(cert.Raw)
		return bytes.Equal(h.Sum(nil), first.Hash)
	}
	var v1 struct {
		Certs    []certID
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p.UnmarshalSignedAttribute(oidSigningCert, &v1); err != nil || len(v1.Certs) == 0 {
		return false
	}
	sum := sha1.Sum(cert.Raw) //nolint:gosec // see the import
	return bytes.Equal(sum[:], v1.Certs[0].Hash)
}

// purpose holds a certificate to RFC 3161 section 2.3: for time stamping alone, and critical.
func purpose(cert *x509.Certificate) error {
	alone := len(cert.ExtKeyUsage) == 1 && cert.ExtKeyUsage[0] == x509.ExtKeyUsageTimeStamping && len(cert.UnknownExtKeyUsage) == 0
	for _, e := range cert.Extensions {
		if e.Id.Equal(oidExtKeyUsage) && e.Critical && alone {
			return nil
		}
	}
	return errors.New("its certificate is not for time stamping alone")
}
