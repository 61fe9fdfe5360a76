package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
)

// Attempt is a request that bears an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07).
type Attempt struct {
	Scope string   // whose key it is: person and organization
	Key   string   // as the caller chose it
	Head  [32]byte // SHA-256 of everything but the body
}

// Answer is what was answered to an attempt.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Sum    [32]byte // SHA-256 of the body that came
}

// The refusals of Begin.
var (
	// ErrInFlight is an attempt of which another is being worked on.
	ErrInFlight = errors.New("in flight")
	// ErrOther is a key that came with another request before.
	ErrOther = errors.New("another request")
)

// Idempotency keeps answers for a day.
type Idempotency interface {
	// Begin claims a key. It gives the answer of an attempt that ended, ErrInFlight while one is under way, ErrOther when the key came
	// with another head; nil and no error says to go on. One that outlives the process has to give up attempts whose process ended: of
	// those nobody knows what was done, and their answer is a 500 that is kept.
	Begin(ctx context.Context, at Attempt) (*Answer, error)
	// Finish keeps the answer for a day, or, without one, forgets the key.
	Finish(ctx context.Context, at Attempt, answer *Answer) error
}

// Kept is for how long an answer is kept.
const Kept = 24 * time.Hour

const (
	maxKey    = 255
	maxAnswer = 256 << 10
)

func idempotencyParameter() *huma.Param {
	n := maxKey + 2
	return &huma.Param{Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &n},
		Description: "Names this attempt, such as a UUID in quotes. The same request under the same key within 24 hours is answered as the first time and done once; another request under it is refused. A request that was refused leaves no trace of its key."}
}

// parseKey reads the header: a string of RFC 8941, or the same without quotes.
func parseKey(s string) (string, error) {
	s = strings.Trim(s, " \t")
	if rest, ok := strings.CutPrefix(s, `"`); ok {
		inner, ok := strings.CutSuffix(rest, `"`)
		if !ok {
			return "", errKey
		}
		var b strings.Builder
		for i := 0; i < len(inner); i++ {
			c := inner[i]
			switch {
			case c == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\'):
				i++
				c = inner[i]
			case c == '\\' || c == '"' || c < 0x20 || c > 0x7e:
				return "", errKey
			}
			b.WriteByte(c)
		}
		s = b.String()
	} else if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > 0x7e || strings.ContainsRune(`",;\`, r) }) {
		return "", errKey
	}
	if s == "" || len(s) > maxKey {
		return "", errKey
	}
	return s, nil
}

var errKey = &Problem{Type: Base + "/#problem-bad-request", Title: "The request cannot be read", Status: 400, Detail: "the Idempotency-Key is none",
	Errors: []Fault{{Message: fmt.Sprintf("expected one string of 1 to %d printable characters, in quotes", maxKey), Location: "header.Idempotency-Key"}}}

// once does a request that changes something, at most once under its key.
func (a *API) once(w http.ResponseWriter, r *http.Request, secret bool, h func(http.ResponseWriter, *http.Request)) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		h(w, r)
		return
	}
	key, err := parseKey(values[0])
	if len(values) > 1 {
		err = errKey
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	v := access.From(r.Context())
	at := Attempt{Scope: string(v.Person) + "\n" + string(v.Org), Key: key, Head: head(r)}
	answer, err := a.o.Idempotency.Begin(r.Context(), at)
	switch {
	case errors.Is(err, ErrInFlight):
		w.Header().Set("Retry-After", "1")
		newProblem(http.StatusConflict, "").write(w)
	case errors.Is(err, ErrOther):
		otherRequest().write(w)
	case err != nil:
		a.refuse(w, r, err)
	case answer != nil:
		again(w, r, answer)
	default:
		a.first(w, r, at, secret, h)
	}
}

func otherRequest() *Problem {
	p := newProblem(http.StatusUnprocessableEntity, "this Idempotency-Key came with another request before")
	p.Errors = []Fault{{Message: "expected a key of its own for each request", Location: "header.Idempotency-Key"}}
	return p
}

// head is the fingerprint of a request apart from its body.
func head(r *http.Request) [32]byte {
	d := sha256.New()
	for _, s := range []string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("If-Match")} {
		fmt.Fprintf(d, "%d:%s", len(s), s)
	}
	return [32]byte(d.Sum(nil))
}

// first works on a request and keeps its answer: that of a success, and of a fault after which nobody knows what was done. A refusal
// changed nothing, so that the key is free again.
func (a *API) first(w http.ResponseWriter, r *http.Request, at Attempt, secret bool, h func(http.ResponseWriter, *http.Request)) {
	sum := &summing{r: r.Body, d: sha256.New()}
	r.Body = sum
	t := &tee{ResponseWriter: w, status: http.StatusOK}
	done := false
	defer func() {
		var keep *Answer
		if !done || t.status >= 500 || t.status < 300 {
			keep = t.answer(done, sum)
			if secret && done && t.status < 300 {
				keep.instead(newProblem(http.StatusConflict, "this was done; what was answered holds a secret, which is shown once"))
			}
		}
		// The caller has the answer, or went away: the key is settled in either case.
		if err := a.o.Idempotency.Finish(context.WithoutCancel(r.Context()), at, keep); err != nil {
			a.o.Failed(r, err)
		}
	}()
	h(t, r)
	done = true
	if t.status < 300 {
		_, _ = io.Copy(io.Discard, sum) // what the handler left over counts to the fingerprint
	}
}

// again answers as the first time, if the body is the same too.
func again(w http.ResponseWriter, r *http.Request, x *Answer) {
	d := sha256.New()
	if r.Body != nil {
		if _, err := io.Copy(d, r.Body); err != nil {
			newProblem(http.StatusBadRequest, "the body did not arrive whole").write(w)
			return
		}
	}
	if x.Status < 500 && subtle.ConstantTimeCompare(d.Sum(nil), x.Sum[:]) != 1 {
		otherRequest().write(w)
		return
	}
	for k, v := range x.Header {
		w.Header()[k] = slices.Clone(v)
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(x.Status)
	_, _ = w.Write(x.Body) // the reader went away: nothing is lost
}

// summing hashes a body while it is read.
type summing struct {
	r io.ReadCloser
	d hash.Hash
}

func (s *summing) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.d.Write(p[:n])
	return n, err
}

func (s *summing) Close() error { return s.r.Close() }

// tee keeps a copy of an answer.
type tee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	wrote  bool
}

func (t *tee) WriteHeader(s int) {
	if !t.wrote {
		t.status, t.wrote = s, true
	}
	t.ResponseWriter.WriteHeader(s)
}

func (t *tee) Write(b []byte) (int, error) {
	t.wrote = true
	if t.body.Len() <= maxAnswer {
		t.body.Write(b)
	}
	return t.ResponseWriter.Write(b)
}

// Unwrap lets deadlines be set.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tee) answer(done bool, s *summing) *Answer {
	x := &Answer{Status: t.status, Header: http.Header{}, Body: t.body.Bytes(), Sum: [32]byte(s.d.Sum(nil))}
	if !done || t.body.Len() > maxAnswer {
		x.instead(newProblem(http.StatusInternalServerError, "the first attempt ended without an answer that could be kept"))
		return x
	}
	for _, k := range []string{"Content-Type", "Etag", "Location"} {
		if v := t.Header().Values(k); len(v) > 0 {
			x.Header[k] = slices.Clone(v)
		}
	}
	return x
}

// instead has a problem kept in place of the answer.
func (x *Answer) instead(p *Problem) {
	b, err := json.Marshal(p)
	if err != nil {
		b = nil // the status alone says it
	}
	x.Status, x.Header, x.Body = p.Status, http.Header{"Content-Type": {"application/problem+json"}}, b
}

// Lost is the answer to an attempt whose process ended before it was answered.
func Lost() *Answer {
	x := &Answer{}
	x.instead(newProblem(http.StatusInternalServerError, "the server stopped while it worked on the first attempt"))
	return x
}

// Memory keeps answers while the process lives, for tests. It is bounded, and one caller's keys never push out another's: whoever has too many
// loses their own oldest.
type Memory struct {
	clock    func() time.Time
	perScope int
	bytes    int

	mu   sync.Mutex
	all  map[string]*scope
	size int
}

type scope struct {
	order []string
	kept  map[string]*attempt
}

type attempt struct {
	head   [32]byte
	at     time.Time
	answer *Answer // nil while it is under way
}

// NewMemory makes a memory of at most so many answers for each person in an organization, and so many bytes altogether.
func NewMemory(clock func() time.Time, perScope, bytes int) *Memory {
	return &Memory{clock: clock, perScope: perScope, bytes: bytes, all: map[string]*scope{}}
}

// Begin claims a key.
func (m *Memory) Begin(_ context.Context, at Attempt) (*Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	s := m.all[at.Scope]
	if s == nil {
		s = &scope{kept: map[string]*attempt{}}
		m.all[at.Scope] = s
	}
	m.expire(s, now)
	if x := s.kept[at.Key]; x != nil {
		switch {
		case x.head != at.Head:
			return nil, ErrOther
		case x.answer == nil:
			return nil, ErrInFlight
		}
		return x.answer, nil
	}
	for len(s.order) >= m.perScope {
		if !m.dropOldest(s) {
			return nil, ErrInFlight // everything this caller has is under way
		}
	}
	s.kept[at.Key] = &attempt{head: at.Head, at: now}
	s.order = append(s.order, at.Key)
	return nil, nil
}

// Finish keeps an answer.
func (m *Memory) Finish(_ context.Context, at Attempt, answer *Answer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.all[at.Scope]
	if s == nil || s.kept[at.Key] == nil {
		return nil
	}
	if answer == nil {
		m.forget(s, at.Key)
		if len(s.order) == 0 {
			delete(m.all, at.Scope)
		}
		return nil
	}
	s.kept[at.Key].answer = answer
	m.size += len(answer.Body)
	for m.size > m.bytes && m.largest() {
	}
	return nil
}

// expire forgets what is older than a day; the order is that of time.
func (m *Memory) expire(s *scope, now time.Time) {
	for len(s.order) > 0 && now.Sub(s.kept[s.order[0]].at) >= Kept {
		m.forget(s, s.order[0])
	}
}

func (m *Memory) forget(s *scope, key string) {
	if x := s.kept[key]; x != nil && x.answer != nil {
		m.size -= len(x.answer.Body)
	}
	delete(s.kept, key)
	s.order = slices.DeleteFunc(s.order, func(k string) bool { return k == key })
}

// dropOldest forgets the oldest answer of a scope.
func (m *Memory) dropOldest(s *scope) bool {
	for _, k := range s.order {
		if s.kept[k].answer != nil {
			m.forget(s, k)
			return true
		}
	}
	return false
}

// largest takes from whoever keeps most.
func (m *Memory) largest() bool {
	var most *scope
	for _, s := range m.all {
		if most == nil || len(s.order) > len(most.order) {
			most = s
		}
	}
	return most != nil && m.dropOldest(most)
}
