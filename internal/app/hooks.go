package app

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/outbound"
	"github.com/assayhq/assay/internal/store/accounts"
)

var _ api.Hooks = orgHooks{}

const (
	lookEvery    = time.Minute     // how often is looked for what is new; also the least between two checkpoints that are told
	lastWords    = 5 * time.Second // how long a delivery that is under way may take when the process ends
	mostFlights  = 64              // deliveries under way
	mostOfOne    = 4               // of one organization
	testEvent    = "webhook.test"
	refusedToSay = "its address or secret cannot be read with the installation's key"
)

// hooking sends an organization's events to the receivers that its administrators named. What is to be sent waits in the accounts'
// database, in the same transaction as the mark of what was told: a restart loses nothing and tells nothing anew. A delivery that was
// taken and whose being taken could not be written down, because the machine stopped between, is made again under the same id.
type hooking struct {
	in      *installation
	store   *accounts.Store
	client  *outbound.Client
	courier *outbound.Courier
	sealing cipher.AEAD
	clock   func() time.Time
	random  io.Reader
	due     chan struct{} // something may be due
	news    chan struct{} // something may be new

	flying sync.WaitGroup
	mu     sync.Mutex
	busy   map[string]id.Org // hooks that a delivery is on its way to
	told   map[id.Org]seen   // what was found the last time, so that a quiet minute writes nothing
}

// newHooking wires the sending of events. The key is that of the accounts, which no key of another end is told from.
func (in *installation) newHooking(key [32]byte, allow []string) (*hooking, error) {
	c := in.app.Outbound
	for _, s := range allow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--allow-outbound", What: err.Error() + "; expected a network such as 10.1.0.0/16"}
		}
		c.Allow = append(slices.Clip(c.Allow), p.Masked())
	}
	client, err := outbound.New(c)
	if err != nil {
		return nil, err
	}
	own := hmac.New(sha256.New, key[:])
	own.Write([]byte("assay web hooks v1"))
	block, err := aes.NewCipher(own.Sum(nil))
	if err != nil {
		return nil, err
	}
	sealing, err := cipher.NewGCM(block)
	return &hooking{in: in, store: in.people, client: client, courier: outbound.NewCourier(client, in.app.Clock), sealing: sealing,
		clock: in.app.Clock, random: in.app.Random, due: make(chan struct{}, 1), news: make(chan struct{}, 1), busy: map[string]id.Org{}, told: map[id.Org]seen{}}, err
}

// run looks and delivers until the context ends.
func (h *hooking) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() {
		for tick := time.NewTicker(lookEvery); ctx.Err() == nil; {
			h.look(ctx)
			select {
			case <-tick.C:
			case <-h.news:
			case <-ctx.Done():
			}
		}
	})
	both.Go(func() {
		for ctx.Err() == nil {
			wait := h.deliver(ctx)
			select {
			case <-time.After(wait):
			case <-h.due:
			case <-ctx.Done():
			}
		}
	})
	both.Wait()
	h.flying.Wait()
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// deliver starts what is due, at most one event of a hook at a time, and says how long nothing more will be.
func (h *hooking) deliver(ctx context.Context) time.Duration {
	const idle = time.Minute
	now := h.clock()
	list, err := h.store.DueHooks(ctx, now, 4*mostFlights)
	if err != nil {
		h.failed(ctx, "read what is due", err)
		return idle
	}
	for _, m := range list {
		if h.take(m) {
			h.flying.Go(func() {
				h.attempt(ctx, m)
				h.leave(m)
				poke(h.due)
			})
		}
	}
	next, err := h.store.NextHook(ctx)
	if err != nil {
		h.failed(ctx, "read what is due next", err)
	}
	if err != nil || next == nil {
		return idle
	}
	return min(max(next.Sub(now), time.Second), idle) // what is under way pokes when it is done
}

func (h *hooking) failed(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		log.Printf("web hooks: %s: %v", what, err)
	}
}

// take keeps one slow receiver, and one organization with many, from holding up the others.
func (h *hooking) take(m accounts.HookMail) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	of := 0
	for _, org := range h.busy {
		if org == m.Org {
			of++
		}
	}
	if _, flies := h.busy[m.ID]; flies || of >= mostOfOne || len(h.busy) >= mostFlights {
		return false
	}
	h.busy[m.ID] = m.Org
	return true
}

func (h *hooking) leave(m accounts.HookMail) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, m.ID)
}

// attempt makes one delivery and writes down what came of it.
func (h *hooking) attempt(ctx context.Context, m accounts.HookMail) {
	sending, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWords, end) })()
	var d outbound.Delivery
	to, err := h.open(m.Hook)
	if err == nil {
		d, err = h.courier.Deliver(sending, to, outbound.Payload{ID: m.Event, Body: m.Body})
	}
	if sending.Err() != nil {
		return // it was cut off, and is made again
	}
	a, stop := h.outcome(m, d, err)
	for {
		err := h.store.Attempted(sending, m, a, stop)
		if err == nil {
			return
		}
		h.failed(sending, "write down an attempt", err) // until it is, nothing more is sent there: it would be sent twice
		select {
		case <-time.After(lastWords):
		case <-sending.Done():
			return
		}
	}
}

// outcome says what an attempt means: done, tried again at a time, or the end of the hook.
func (h *hooking) outcome(m accounts.HookMail, d outbound.Delivery, err error) (a accounts.HookAttempt, stop string) {
	a = accounts.HookAttempt{Event: m.Event, Type: m.Type, At: d.At, Attempt: m.Attempts + 1, Status: d.Status}
	if a.At.IsZero() {
		a.At = h.clock()
	}
	switch {
	case err == nil && d.Delivered():
		return a, ""
	case err == nil && d.Gone():
		a.Problem = "the receiver wants no more (410 Gone)"
		return a, a.Problem
	case errors.Is(err, fault.Refused), errors.Is(err, fault.Integrity):
		a.Problem = err.Error()
		return a, a.Problem
	case err != nil:
		a.Problem = err.Error()
	default:
		a.Problem = fmt.Sprintf("the receiver answered %d; expected 2xx", d.Status)
	}
	wait, more := outbound.Next(a.Attempt, h.jitter())
	if !more {
		return a, fmt.Sprintf("given up after %d attempts: %s", a.Attempt, a.Problem)
	}
	next := h.clock().Add(max(wait, d.RetryAfter))
	a.Next = &next
	return a, ""
}

func (h *hooking) jitter() float64 {
	var b [1]byte
	if _, err := io.ReadFull(h.random, b[:]); err != nil {
		return 0
	}
	return float64(b[0]) / 256
}

// sealedHook is what is kept of a hook under seal.
type sealedHook struct {
	URL    string `json:"url"`
	Secret string `json:"secret,omitempty"`
}

func sealedFor(k accounts.Hook) []byte { return []byte("hook/" + string(k.Org) + "/" + k.ID) }

// close seals an address and secret, bound to their hook.
func (h *hooking) close(k accounts.Hook, x sealedHook) ([]byte, error) {
	b, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, h.sealing.NonceSize())
	if _, err := io.ReadFull(h.random, nonce); err != nil {
		return nil, err
	}
	return h.sealing.Seal(nonce, nonce, b, sealedFor(k)), nil
}

// open gives a hook as it is spoken to.
func (h *hooking) open(k accounts.Hook) (outbound.Hook, error) {
	lost := &fault.Error{Kind: fault.Integrity, What: refusedToSay}
	n := h.sealing.NonceSize()
	if len(k.Sealed) < n {
		return outbound.Hook{}, lost
	}
	b, err := h.sealing.Open(nil, k.Sealed[:n], k.Sealed[n:], sealedFor(k))
	var x sealedHook
	if err != nil || json.Unmarshal(b, &x) != nil {
		return outbound.Hook{}, lost
	}
	out := outbound.Hook{URL: x.URL, Form: outbound.Chat}
	if k.Form != chatForm {
		s, err := outbound.ParseSecret(x.Secret)
		if err != nil {
			return outbound.Hook{}, lost
		}
		out.Form, out.Secrets = outbound.Signed, []outbound.Secret{s}
	}
	return out, nil
}

const (
	signedForm = "signed"
	chatForm   = "chat"
)

// orgHooks are the hooks of one organization. Every question it asks names the organization.
type orgHooks struct {
	h    *hooking
	org  id.Org
	slug string
	name string
}

// Hooks lists the receivers.
func (x orgHooks) Hooks(ctx context.Context) ([]api.Hook, error) {
	list, err := x.h.store.Hooks(ctx, x.org)
	out := make([]api.Hook, len(list))
	for i, k := range list {
		out[i] = shownHook(k)
	}
	return out, err
}

func shownHook(k accounts.Hook) api.Hook {
	return api.Hook{ID: k.ID, URL: "https://" + k.Host, Events: k.Events, Form: k.Form, By: k.By, At: civil.InstantOf(k.Added).String(), Stopped: k.Stopped}
}

func badHook(field, format string, args ...any) error {
	return &fault.Error{Kind: fault.Refused, Field: field, What: fmt.Sprintf(format, args...)}
}

// AddHook keeps a new receiver and gives its secret, which nobody is shown again. One of the form chat has none: its address is.
func (x orgHooks) AddHook(ctx context.Context, by string, n api.NewHook) (api.Hook, string, error) {
	if err := x.h.client.CheckURL(n.URL); err != nil {
		return api.Hook{}, "", err
	}
	u, err := url.Parse(n.URL)
	if err != nil || u.Scheme != "https" {
		return api.Hook{}, "", badHook("url", "is no address of https; expected one like https://hooks.example.com/path")
	}
	if n.Form != signedForm && n.Form != chatForm {
		return api.Hook{}, "", badHook("form", "is %q; expected signed or chat", n.Form)
	}
	n.Events = slices.Compact(slices.Sorted(slices.Values(n.Events)))
	if len(n.Events) == 0 {
		return api.Hook{}, "", badHook("events", "are missing; expected at least one")
	}
	for _, e := range n.Events {
		if !slices.Contains(api.Events(), e) {
			return api.Hook{}, "", badHook("events", "holds %q; expected of %v", e, api.Events())
		}
	}
	k := accounts.Hook{Org: x.org, Host: u.Host, Events: n.Events, Form: n.Form, By: by, Added: x.h.clock()}
	if k.ID, err = id.New("hook", k.Added, x.h.random); err != nil {
		return api.Hook{}, "", err
	}
	keep := sealedHook{URL: n.URL}
	if n.Form == signedForm {
		s, err := outbound.NewSecret(x.h.random)
		if err != nil {
			return api.Hook{}, "", err
		}
		keep.Secret = s.Reveal()
	}
	if k.Sealed, err = x.h.close(k, keep); err != nil {
		return api.Hook{}, "", err
	}
	if err := x.h.store.AddHook(ctx, k); err != nil {
		return api.Hook{}, "", err
	}
	x.h.forget(x.org)
	poke(x.h.news)
	return shownHook(k), keep.Secret, nil
}

// DropHook forgets a receiver.
func (x orgHooks) DropHook(ctx context.Context, key string) error {
	return x.h.store.DropHook(ctx, x.org, key)
}

// Deliveries pages through what was sent to a receiver.
func (x orgHooks) Deliveries(ctx context.Context, key string, offset, limit int) ([]api.Delivery, int, error) {
	list, total, err := x.h.store.HookAttempts(ctx, x.org, key, offset, limit)
	out := make([]api.Delivery, len(list))
	for i, a := range list {
		out[i] = api.Delivery{Event: a.Type, ID: a.Event, At: civil.InstantOf(a.At).String(), Attempt: a.Attempt, Status: a.Status, Problem: a.Problem}
		if a.Next != nil {
			out[i].Next = civil.InstantOf(*a.Next).String()
		}
	}
	return out, total, err
}

// TestHook sends an event that says nothing but that it arrived.
func (x orgHooks) TestHook(ctx context.Context, key string) error {
	now := x.h.clock()
	e, err := x.event(testEvent, now, map[string]string{"organization": x.slug}, "This is a test. Events of "+x.name+" will arrive here.")
	if err != nil {
		return err
	}
	if err := x.h.store.TryHook(ctx, x.org, key, e, now); err != nil {
		return err
	}
	poke(x.h.due)
	return nil
}

// event writes one down in both forms.
func (x orgHooks) event(kind string, at time.Time, data any, text string) (accounts.HookEvent, error) {
	name, err := id.New("event", at, x.h.random)
	if err != nil {
		return accounts.HookEvent{}, err
	}
	body, err := json.Marshal(struct {
		api.Event
		Data any `json:"data"`
	}{api.Event{Type: kind, Timestamp: at.UTC().Format(time.RFC3339Nano)}, data})
	if x.h.in != nil && x.h.in.base != "" {
		text += "\n" + x.h.in.base + "/o/" + x.slug + "/"
	}
	return accounts.HookEvent{ID: name, Type: kind, Body: body, Chat: outbound.Slack(text)}, err
}
