package api

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
)

// Limits say how much one caller may ask in a minute. A caller is a token, a session, or the address of somebody who is not signed in.
type Limits struct {
	Requests int // of any kind
	Unsafe   int // that change something
	Heavy    int // that have much reckoned or drawn: a forecast, a document
	Unknown  int // of an address from which nobody is signed in
	Callers  int // of whom is kept how much they asked
}

// Usual are 600 requests a minute, of which 60 change something and 30 are heavy.
func Usual() Limits {
	return Limits{Requests: 600, Unsafe: 60, Heavy: 30, Unknown: 120, Callers: 20000}
}

// limiter keeps a bucket of tokens for each caller, which fills evenly.
type limiter struct {
	l     Limits
	clock func() time.Time

	mu    sync.Mutex
	all   map[string]*bucket
	swept time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(l Limits, clock func() time.Time) *limiter {
	return &limiter{l: l, clock: clock, all: map[string]*bucket{}}
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// take takes one request from its caller's buckets and tells them how much is left; a problem when there is nothing.
func (l *limiter) take(h http.Header, r *http.Request) *Problem {
	v := access.From(r.Context())
	policy, size, key := "all", l.l.Requests, caller(v, r)
	if v.Person == "" {
		policy, size = "unknown", l.l.Unknown
	}
	left, wait := l.draw(key, size)
	if wait == 0 && !safe(r.Method) && v.Person != "" {
		policy, size = "unsafe", l.l.Unsafe
		left, wait = l.draw("w"+key, size)
	}
	return told(h, policy, size, left, wait)
}

// heavy takes one request of those that cost much.
func (l *limiter) heavy(h http.Header, r *http.Request) *Problem {
	left, wait := l.draw("h"+caller(access.From(r.Context()), r), l.l.Heavy)
	return told(h, "heavy", l.l.Heavy, left, wait)
}

// caller names whose bucket a request takes from.
func caller(v access.Visitor, r *http.Request) string {
	switch {
	case v.Person == "":
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		return "a" + host
	case v.Token: // the caller is the token, not its person
		sum := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		return "t" + string(sum[:])
	}
	return "s" + v.Session + "\n" + string(v.Person)
}

// told says what is left, as draft-ietf-httpapi-ratelimit-headers-10 has it; a problem where one has to wait.
func told(h http.Header, policy string, size, left, wait int) *Problem {
	h.Set("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=60`, policy, size))
	h.Set("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, policy, left, int(math.Ceil(60*float64(size-left)/float64(size)))))
	if wait == 0 {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(wait))
	return newProblem(http.StatusTooManyRequests, fmt.Sprintf("more than %d requests in a minute; try again in %d s", size, wait))
}

// Limited puts another door for programs under the same limits, in buckets of its own: each of its requests counts as one that reads.
func (a *API) Limited(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := r.Clone(r.Context())
		read.Method = http.MethodGet
		if p := a.others.take(w.Header(), read); p != nil {
			p.write(w)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// draw takes one token; where there is none it gives the seconds until there is.
func (l *limiter) draw(key string, size int) (left, wait int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, rate := l.clock(), float64(size)/60
	b := l.all[key]
	if b == nil {
		l.sweep(now)
		b = &bucket{left: float64(size), at: now}
		l.all[key] = b
	}
	b.left = min(float64(size), b.left+max(0, now.Sub(b.at).Seconds())*rate)
	b.at = now
	if b.left < 1 {
		return 0, max(1, int(math.Ceil((1-b.left)/rate)))
	}
	b.left--
	return int(b.left), 0
}

// sweep forgets, where too many callers are kept, those whose buckets are full again, and else any: memory stays bounded.
func (l *limiter) sweep(now time.Time) {
	if len(l.all) < l.l.Callers {
		return
	}
	if now.Sub(l.swept) >= time.Second { // not at every stranger's request
		l.swept = now
		for k, b := range l.all {
			if now.Sub(b.at) >= time.Minute {
				delete(l.all, k)
			}
		}
	}
	for k := range l.all {
		if len(l.all) < l.l.Callers {
			return
		}
		delete(l.all, k)
	}
}
