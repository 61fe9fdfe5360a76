package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

const challengeLen = 32 // bytes of chance; WebAuthn level 3, section 13.4.3, asks for 16

// usesKept is how often one person proves themselves by passkey within the life of a challenge. It bounds what is remembered.
const usesKept = 100

// challenges are those of sign-ins by passkey. Anybody may ask for one, so that nothing is kept of it: the browser holds it with its end
// and a MAC. Only a challenge that a known passkey has signed is remembered, until its end, so that it signs in once. The key is of
// this run of the program: after a restart, which forgets what was used, no earlier challenge is good.
type challenges struct {
	key [sha256.Size]byte

	mu    sync.Mutex
	used  map[id.Person]map[[challengeLen]byte]time.Time // with the end of each
	swept time.Time
}

func newChallenges(random io.Reader) (*challenges, error) {
	c := &challenges{used: map[id.Person]map[[challengeLen]byte]time.Time{}}
	_, err := io.ReadFull(random, c.key[:])
	return c, err
}

// challenge is one, with the moment from which it is good no more.
type challenge struct {
	chance [challengeLen]byte
	end    time.Time
}

func (c *challenges) mac(body []byte) []byte {
	h := hmac.New(sha256.New, c.key[:])
	h.Write(body)
	return h.Sum(nil)
}

// sealed is what the browser holds: challenge, end in microseconds since 1970, MAC.
func (c *challenges) sealed(x challenge) string {
	body := binary.BigEndian.AppendUint64(x.chance[:], uint64(x.end.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(body, c.mac(body)...))
}

// open reads what sealed gave; ok is false for all that this run of the program did not seal, and for what has ended.
func (c *challenges) open(text string, now time.Time) (x challenge, ok bool) {
	const body = challengeLen + 8
	if len(text) != base64.RawURLEncoding.EncodedLen(body+sha256.Size) {
		return x, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !hmac.Equal(b[body:], c.mac(b[:body])) {
		return x, false
	}
	copy(x.chance[:], b)
	x.end = time.UnixMicro(int64(binary.BigEndian.Uint64(b[challengeLen:body]))).UTC()
	return x, now.Before(x.end)
}

// use marks a challenge that the person's passkey has signed. Of two who come with the same one, one gets in.
func (c *challenges) use(p id.Person, x challenge, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.swept) >= ceremony || now.Before(c.swept) {
		for p := range c.used {
			c.forget(p, now)
		}
		c.swept = now
	}
	c.forget(p, now)
	of := c.used[p]
	if _, again := of[x.chance]; again {
		return errLate()
	}
	if len(of) >= usesKept {
		return &fault.Error{Kind: fault.Busy, What: "this account proved itself by passkey too often within five minutes", Hint: "try again in a few minutes"}
	}
	if of == nil {
		of = map[[challengeLen]byte]time.Time{}
		c.used[p] = of
	}
	of[x.chance] = x.end
	return nil
}

func (c *challenges) forget(p id.Person, now time.Time) {
	of := c.used[p]
	for x, end := range of {
		if !now.Before(end) {
			delete(of, x)
		}
	}
	if len(of) == 0 {
		delete(c.used, p)
	}
}
