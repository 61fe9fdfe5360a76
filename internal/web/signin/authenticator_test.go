package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// authenticator is a small one in software: ES256, discoverable credentials, attestation "none". WebAuthn level 3, sections 6.1 and 6.5.
type authenticator struct {
	t       *testing.T
	origin  string
	flags   byte // 0x01 present, 0x04 verified
	counter uint32
	rp      string
	id      []byte
	handle  []byte
	key     *ecdsa.PrivateKey
}

func newAuthenticator(t *testing.T, origin string) *authenticator {
	return &authenticator{t: t, origin: origin, flags: 0x05, counter: 1}
}

type options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		UserVerification       string `json:"userVerification"`
		AuthenticatorSelection struct {
			ResidentKey      string `json:"residentKey"`
			UserVerification string `json:"userVerification"`
		} `json:"authenticatorSelection"`
		Exclude []struct {
			ID string `json:"id"`
		} `json:"excludeCredentials"`
	} `json:"publicKey"`
}

func (a *authenticator) read(v string) (o options) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(v), &o); err != nil {
		a.t.Fatal(err)
	}
	return o
}

var b64 = base64.RawURLEncoding

func (a *authenticator) client(kind, challenge string) []byte {
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

func (a *authenticator) data(flags byte) []byte {
	sum := sha256.Sum256([]byte(a.rp))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), a.counter)
}

func (a *authenticator) encode(v any) []byte {
	a.t.Helper()
	m, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		a.t.Fatal(err)
	}
	b, err := m.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

func (a *authenticator) json(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

// create makes a passkey as the options ask.
func (a *authenticator) create(v string) []byte {
	a.t.Helper()
	o := a.read(v)
	a.rp = o.PublicKey.RP.ID
	a.handle, _ = b64.DecodeString(o.PublicKey.User.ID)
	a.id = make([]byte, 32)
	_, _ = rand.Read(a.id)
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		a.t.Fatal(err)
	}
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	cose := a.encode(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:65]})
	data := append(a.data(a.flags|0x40), make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	return a.json(map[string]any{"id": b64.EncodeToString(a.id), "rawId": b64.EncodeToString(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(a.client("webauthn.create", o.PublicKey.Challenge)), "transports": []string{"internal", "hybrid"},
			"attestationObject": b64.EncodeToString(a.encode(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data}))}})
}

// get signs a challenge; each use counts.
func (a *authenticator) get(v string) []byte {
	a.t.Helper()
	o := a.read(v)
	a.counter++
	data, client := a.data(a.flags), a.client("webauthn.get", o.PublicKey.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.json(map[string]any{"id": b64.EncodeToString(a.id), "rawId": b64.EncodeToString(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data), "signature": b64.EncodeToString(sig),
			"userHandle": b64.EncodeToString(a.handle)}})
}
