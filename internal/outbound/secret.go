package outbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// Headers of a signed delivery, Standard Webhooks 1.0.0, "Webhook headers".
const (
	HeaderID        = "Webhook-Id"        // names the event; the same on every attempt
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt, seconds since 1970-01-01 UTC
	HeaderSignature = "Webhook-Signature" // one or more, between spaces
)

// Tolerance is how far the time of an attempt may lie from the receiver's clock, either way.
const Tolerance = 5 * time.Minute

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
	leastSecret  = 24 // bytes, by the specification
	mostSecret   = 64
	maxID        = 128
	maxSignature = 4096
)

// Secret is the key of one hook, shared with its receiver. It prints as "whsec_..." and nothing
// more; Reveal gives it out.
type Secret struct{ key []byte }

// NewSecret draws a secret of 256 bits.
func NewSecret(random io.Reader) (Secret, error) {
	key := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return Secret{}, fmt.Errorf("draw a secret: %w", err)
	}
	return Secret{key}, nil
}

// ParseSecret reads whsec_BASE64 of 24 to 64 bytes. The message of a refusal never repeats it.
func ParseSecret(text string) (Secret, error) {
	code, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(code)
	if !ok || err != nil || strings.ContainsAny(code, "\r\n") {
		return Secret{}, &fault.Error{Kind: fault.Refused, Field: "secret", What: "is no secret of Standard Webhooks; expected whsec_ and base64"}
	}
	if len(key) < leastSecret || len(key) > mostSecret {
		return Secret{}, &fault.Error{Kind: fault.Refused, Field: "secret", What: fmt.Sprintf("has %d bytes; expected %d to %d", len(key), leastSecret, mostSecret)}
	}
	return Secret{key}, nil
}

// Reveal gives the secret as the receiver keeps it.
func (s Secret) Reveal() string { return secretPrefix + base64.StdEncoding.EncodeToString(s.key) }

// Format keeps the secret out of every message and log.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, secretPrefix+"...") } //nolint:errcheck // fmt asks for none

// MarshalText keeps it out of encoders that look for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretPrefix + "..."), nil }

// Sign gives the signature of one attempt: "v1," and base64 of the HMAC-SHA256 over ID.TIMESTAMP.BODY.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(s.mac(id, strconv.FormatInt(at.Unix(), 10), body))
}

func (s Secret) mac(id, at string, body []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	io.WriteString(h, id+"."+at+".") //nolint:errcheck // a hash never fails
	h.Write(body)
	return h.Sum(nil)
}

// Verify checks a delivery that came in: that one of the secrets signed exactly this body, and that
// the attempt was made within Tolerance of now. A header that is missing, doubled or malformed is a
// fault.Refused; a signature or a time that does not hold is fault.Denied. Whoever calls keeps the
// id of what it took for twice the tolerance, so that a copy is taken once.
func Verify(secrets []Secret, h http.Header, body []byte, now time.Time) (id string, err error) {
	var values [3]string
	for i, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		v := h.Values(name)
		if len(v) != 1 || v[0] == "" || len(v[0]) > maxSignature {
			return "", &fault.Error{Kind: fault.Refused, Field: name, What: fmt.Sprintf("stands %d times or is empty or too long; expected it once", len(v))}
		}
		values[i] = v[0]
	}
	id = values[0]
	if err := checkID(id); err != nil {
		return "", err
	}
	seconds, err := strconv.ParseInt(values[1], 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != values[1] {
		return "", &fault.Error{Kind: fault.Refused, Field: HeaderTimestamp, What: "is no time; expected seconds since 1970-01-01 UTC"}
	}
	if !signed(secrets, values, body) {
		return "", &fault.Error{Kind: fault.Denied, Field: HeaderSignature, What: "no signature is of this body by a known secret"}
	}
	// Compared as seconds: a far time would overflow a duration, and a difference of seconds that
	// wraps around is near only when the times are.
	if d := now.Unix() - seconds; d > int64(Tolerance/time.Second) || d < -int64(Tolerance/time.Second) {
		return "", &fault.Error{Kind: fault.Denied, Field: HeaderTimestamp, What: fmt.Sprintf("is over %s from the receiver's clock", Tolerance)}
	}
	return id, nil
}

// signed tries every signature of version 1 with every secret, in constant time each.
func signed(secrets []Secret, values [3]string, body []byte) bool {
	for _, s := range secrets {
		if len(s.key) < leastSecret {
			continue // the zero value is nobody's secret
		}
		want := s.mac(values[0], values[1], body)
		for one := range strings.SplitSeq(values[2], " ") {
			code, ok := strings.CutPrefix(one, "v1,")
			got, err := base64.StdEncoding.DecodeString(code)
			if ok && err == nil && hmac.Equal(got, want) {
				return true
			}
		}
	}
	return false
}

// checkID holds an id to characters that cannot move the full stops of what is signed.
func checkID(id string) error {
	ok := id != "" && len(id) <= maxID
	for _, r := range id {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}
	if !ok {
		return &fault.Error{Kind: fault.Refused, Field: HeaderID, What: fmt.Sprintf("%q is no id; expected 1 to %d letters, digits, - and _", clip(id), maxID)}
	}
	return nil
}
