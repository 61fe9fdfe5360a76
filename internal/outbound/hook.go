package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

const (
	maxPayload = 256 << 10
	maxAnswer  = 1 << 10
)

// Form is how a hook is spoken to.
type Form int

// The forms.
const (
	Signed Form = iota // by Standard Webhooks 1.0.0
	Chat               // as chat systems take messages, with the secret in the address and no signature
)

// Hook is a receiver that somebody set up.
type Hook struct {
	URL     string
	Form    Form
	Secrets []Secret // newest first; two while the receiver changes from one to the other
}

// Payload is one event for a hook.
type Payload struct {
	ID   string // names the event and stays the same on every attempt: letters, digits, - and _
	Body []byte // JSON, at most 256 KiB
}

// Delivery is what came of one attempt.
type Delivery struct {
	At         time.Time // when it began
	Took       time.Duration
	Status     int           // of HTTP; 0 where no answer came
	Answer     string        // its first KiB as plain text, for the person who set the hook up
	Truncated  bool          // there was more
	RetryAfter time.Duration // the receiver's wish; 0 where it has none, at most 24 h
}

// Delivered reports whether the receiver took it: any 2xx. A redirect is a failure.
func (d Delivery) Delivered() bool { return d.Status >= 200 && d.Status <= 299 }

// Gone reports whether the receiver wants no more (410): the hook is to be switched off.
func (d Delivery) Gone() bool { return d.Status == http.StatusGone }

// Courier makes deliveries. It is safe for concurrent use.
type Courier struct {
	http  *http.Client
	clock func() time.Time
}

// NewCourier makes a courier that goes through the guard of a client and follows no redirect,
// whatever the client does.
func NewCourier(c *Client, clock func() time.Time) *Courier {
	h := c.HTTP()
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Courier{http: h, clock: clock}
}

// Deliver makes one attempt. Whatever the receiver answered is a Delivery without an error; look at
// Delivered. An error says that no answer came: a fault.Refused cannot get better by trying again,
// anything else can (see Next).
func (c *Courier) Deliver(ctx context.Context, h Hook, p Payload) (Delivery, error) {
	d := Delivery{At: c.clock()}
	r, err := request(ctx, h, p, d.At)
	if err != nil {
		return d, err
	}
	answer, err := do(c.http, r)
	d.Took = c.clock().Sub(d.At)
	if err != nil {
		return d, err
	}
	defer answer.Body.Close()
	d.Status = answer.StatusCode
	// The receiver has decided; that the rest of its words got lost changes nothing.
	words, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if d.Truncated = len(words) > maxAnswer; d.Truncated {
		words = words[:maxAnswer]
	}
	d.Answer = readable(string(words))
	d.RetryAfter = retryAfter(answer.Header.Get("Retry-After"), d.At)
	d.Took = c.clock().Sub(d.At)
	return d, nil
}

func request(ctx context.Context, h Hook, p Payload, at time.Time) (*http.Request, error) {
	if err := checkID(p.ID); err != nil {
		return nil, err
	}
	if len(p.Body) > maxPayload || !json.Valid(p.Body) {
		return nil, &fault.Error{Kind: fault.Refused, Field: "body", What: fmt.Sprintf("is no JSON or over %d bytes", maxPayload)}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(p.Body))
	if err != nil {
		return nil, &fault.Error{Kind: fault.Refused, Field: "url", What: "is not an address; expected one like https://hooks.example.com/path"}
	}
	r.Header.Set("Content-Type", "application/json")
	if h.Form == Chat {
		return r, nil
	}
	if len(h.Secrets) == 0 {
		return nil, &fault.Error{Kind: fault.Refused, Field: "secret", What: "is missing; a delivery without a signature proves nothing"}
	}
	signatures := make([]string, len(h.Secrets))
	for i, s := range h.Secrets {
		if len(s.key) < leastSecret {
			return nil, &fault.Error{Kind: fault.Refused, Field: "secret", What: "is empty; expected one that was drawn or parsed"}
		}
		signatures[i] = s.Sign(p.ID, at, p.Body)
	}
	r.Header.Set(HeaderID, p.ID)
	r.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(HeaderSignature, strings.Join(signatures, " "))
	return r, nil
}

// retryAfter reads the header of RFC 9110 section 10.2.3: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		wait = time.Duration(min(seconds, uint64(most/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), most)
}

// schedule is the wait before each attempt, as Standard Webhooks 1.0.0 gives it: ten over three days.
var schedule = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// spread is the most that jitter adds to a wait, as a part of it.
const spread = 0.2

// Next gives the wait after so many attempts, and whether there is another one at all. Jitter is
// drawn evenly from 0 up to 1; it lengthens the wait by up to a fifth, so that receivers which
// failed together are not all asked again together.
func Next(attempt int, jitter float64) (time.Duration, bool) {
	attempt = max(attempt, 0)
	if attempt >= len(schedule) {
		return 0, false
	}
	if math.IsNaN(jitter) {
		jitter = 0
	}
	wait := schedule[attempt]
	return wait + time.Duration(float64(wait)*spread*min(max(jitter, 0), 1)), true
}
