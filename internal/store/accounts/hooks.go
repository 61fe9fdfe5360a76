package accounts

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Limits of what is kept for web hooks.
const (
	MostHooks    = 20   // of an organization
	MostWaiting  = 2000 // events for one hook; the oldest beyond are given up
	MostAttempts = 1000 // in the history of one hook; the oldest beyond are forgotten
)

// Hook is a receiver of an organization's events. Sealed holds its address and its key; who opens it knows how.
type Hook struct {
	ID      string
	Org     id.Org
	Host    string // of its address: what may be shown
	Events  []string
	Form    string // signed or chat
	Sealed  []byte
	By      string // the e-mail of who added it
	Added   time.Time
	Stopped string // why nothing is sent any more; empty while something is
}

// HookEvent is one event for the hooks of an organization that ask for its type.
type HookEvent struct {
	ID, Type string
	Body     []byte // for the form signed
	Chat     []byte // for the form chat
}

// HookMail is one event that waits for its next attempt at one hook.
type HookMail struct {
	Hook
	Nr       int64
	Event    string
	Type     string
	Body     []byte
	Attempts int // made so far
}

// HookAttempt is what came of one attempt.
type HookAttempt struct {
	Event, Type string
	At          time.Time
	Attempt     int // from 1
	Status      int // of HTTP; 0 where no answer came
	Problem     string
	Next        *time.Time // when it is tried again; nil: never
}

const hookColumns = "h.id, h.org, h.host, h.events, h.form, h.sealed, h.by, h.added, h.stopped"

func (h *Hook) into(events *string) []any {
	return []any{&h.ID, &h.Org, &h.Host, events, &h.Form, &h.Sealed, &h.By, at{&h.Added}, &h.Stopped}
}

// Hooks lists the hooks of an organization, stopped ones too, the oldest first.
func (s *Store) Hooks(ctx context.Context, org id.Org) ([]Hook, error) {
	return list(ctx, s.read, func(r scanner) (Hook, error) {
		var h Hook
		var events string
		err := r.Scan(h.into(&events)...)
		h.Events = split[string](events)
		return h, err
	}, "SELECT "+hookColumns+" FROM hooks h WHERE h.org = ? ORDER BY h.added, h.id", org)
}

// AddHook keeps a new hook. The first that is in force begins with what happens from now on: what was told before is forgotten.
func (s *Store) AddHook(ctx context.Context, h Hook) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		var all, live int
		if err := t.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE stopped = '') FROM hooks WHERE org = ?", h.Org).Scan(&all, &live); err != nil {
			return err
		}
		if all >= MostHooks {
			return fault.Refuse("the organization has %d web hooks, which is as many as there can be", all).WithHint("remove one that is not needed")
		}
		if live == 0 {
			if err := exec(ctx, t, "DELETE FROM hook_marks WHERE org = ?", h.Org); err != nil {
				return err
			}
		}
		return exec(ctx, t, "INSERT INTO hooks (id, org, host, events, form, sealed, by, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			h.ID, h.Org, h.Host, joined(h.Events), h.Form, h.Sealed, h.By, micro(h.Added))
	})
}

// DropHook forgets a hook of an organization with all that waits for it and its history, or fault.NotFound.
func (s *Store) DropHook(ctx context.Context, org id.Org, hook string) error {
	return one(ctx, s.write, "DELETE FROM hooks WHERE id = ? AND org = ?", hook, org)
}

// HookedOrgs lists the organizations that have a hook in force.
func (s *Store) HookedOrgs(ctx context.Context) ([]id.Org, error) {
	return list(ctx, s.read, func(r scanner) (id.Org, error) {
		var o id.Org
		return o, r.Scan(&o)
	}, "SELECT DISTINCT org FROM hooks WHERE stopped = '' ORDER BY org")
}

// Tell has the events that find makes wait for every hook of the organization that asks for their type, and keeps the marks that find sets,
// all or nothing, while nobody else does. Find is given the mark of a kind, nil where there is none. An organization without a hook in
// force is not told anything.
func (s *Store) Tell(ctx context.Context, org id.Org, now time.Time, find func(mark func(kind string) ([]byte, error)) (map[string][]byte, []HookEvent, error)) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		rows, err := t.QueryContext(ctx, "SELECT "+hookColumns+" FROM hooks h WHERE h.org = ? AND h.stopped = ''", org)
		if err != nil {
			return err
		}
		hooks, err := gather(rows, func(r scanner) (Hook, error) {
			var h Hook
			var events string
			err := r.Scan(h.into(&events)...)
			h.Events = split[string](events)
			return h, err
		})
		if err != nil || len(hooks) == 0 {
			return err
		}
		marks, events, err := find(func(kind string) ([]byte, error) {
			var v []byte
			err := t.QueryRowContext(ctx, "SELECT value FROM hook_marks WHERE org = ? AND kind = ?", org, kind).Scan(&v)
			if errors.Is(err, sql.ErrNoRows) {
				return nil, nil
			}
			return v, err
		})
		if err != nil {
			return err
		}
		for kind, v := range marks {
			if err := exec(ctx, t, "INSERT INTO hook_marks (org, kind, value) VALUES (?, ?, ?) ON CONFLICT (org, kind) DO UPDATE SET value = excluded.value", org, kind, v); err != nil {
				return err
			}
		}
		for _, h := range hooks {
			for _, e := range events {
				if slices.Contains(h.Events, e.Type) {
					if err := put(ctx, t, h, e, now); err != nil {
						return err
					}
				}
			}
			if len(events) > 0 {
				if err := spill(ctx, t, h.ID, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func put(ctx context.Context, t *sql.Tx, h Hook, e HookEvent, now time.Time) error {
	body := e.Body
	if h.Form == "chat" {
		body = e.Chat
	}
	return exec(ctx, t, "INSERT INTO hook_outbox (hook, event, type, body, due) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", h.ID, e.ID, e.Type, body, micro(now))
}

// spill gives up the oldest of what waits for a hook beyond the limit, and says so in its history.
func spill(ctx context.Context, t *sql.Tx, hook string, now time.Time) error {
	const over = "SELECT nr FROM hook_outbox WHERE hook = ? ORDER BY nr DESC LIMIT -1 OFFSET ?"
	if err := exec(ctx, t, "INSERT INTO hook_attempts (hook, event, type, at, attempt, status, problem) SELECT hook, event, type, ?, attempts, 0, 'given up: too many events wait for this receiver' FROM hook_outbox WHERE nr IN ("+over+")",
		micro(now), hook, MostWaiting); err != nil {
		return err
	}
	if err := exec(ctx, t, "DELETE FROM hook_outbox WHERE nr IN ("+over+")", hook, MostWaiting); err != nil {
		return err
	}
	return forget(ctx, t, hook)
}

// forget bounds the history of a hook.
func forget(ctx context.Context, t *sql.Tx, hook string) error {
	return exec(ctx, t, "DELETE FROM hook_attempts WHERE nr IN (SELECT nr FROM hook_attempts WHERE hook = ? ORDER BY nr DESC LIMIT -1 OFFSET ?)", hook, MostAttempts)
}

// TryHook has one event wait for one hook, whatever it asks for. One that was stopped, or for which an event of the type waits already, is refused.
func (s *Store) TryHook(ctx context.Context, org id.Org, hook string, e HookEvent, now time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		h := Hook{ID: hook}
		var waiting int
		err := t.QueryRowContext(ctx, "SELECT form, stopped, (SELECT count(*) FROM hook_outbox o WHERE o.hook = h.id AND o.type = ?) FROM hooks h WHERE id = ? AND org = ?", e.Type, hook, org).
			Scan(&h.Form, &h.Stopped, &waiting)
		switch {
		case err != nil:
			return missing(err)
		case h.Stopped != "":
			return fault.Refuse("nothing is sent to this receiver any more: %s", h.Stopped).WithHint("remove it and add it again")
		case waiting > 0:
			return fault.Refuse("a test event waits for this receiver already")
		}
		return put(ctx, t, h, e, now)
	})
}

// DueHooks gives, of each hook for which something is due, what has been due for longest.
func (s *Store) DueHooks(ctx context.Context, now time.Time, limit int) ([]HookMail, error) {
	return list(ctx, s.read, func(r scanner) (HookMail, error) {
		var m HookMail
		var events string
		err := r.Scan(append(m.into(&events), &m.Nr, &m.Event, &m.Type, &m.Body, &m.Attempts)...)
		m.Events = split[string](events)
		return m, err
	}, "SELECT "+hookColumns+`, o.nr, o.event, o.type, o.body, o.attempts FROM hooks h
JOIN hook_outbox o ON o.nr = (SELECT nr FROM hook_outbox x WHERE x.hook = h.id AND x.due <= ? ORDER BY x.due, x.nr LIMIT 1)
WHERE h.stopped = '' ORDER BY o.due, o.nr LIMIT ?`, micro(now), limit)
}

// NextHook is when something is due next; nil when nothing waits.
func (s *Store) NextHook(ctx context.Context) (*time.Time, error) {
	var t *time.Time
	err := s.read.QueryRowContext(ctx, "SELECT min(o.due) FROM hook_outbox o JOIN hooks h ON h.id = o.hook WHERE h.stopped = ''").Scan(maybe{&t})
	return t, err
}

// Attempted keeps what came of an attempt. With a next time the event waits for it, else it is done with. A reason stops the hook, and all
// that waits for it is given up.
func (s *Store) Attempted(ctx context.Context, m HookMail, a HookAttempt, stop string) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		var n int
		if err := t.QueryRowContext(ctx, "SELECT count(*) FROM hooks WHERE id = ?", m.ID).Scan(&n); err != nil || n == 0 {
			return err // removed meanwhile
		}
		err := exec(ctx, t, "INSERT INTO hook_attempts (hook, event, type, at, attempt, status, problem, next) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			m.ID, a.Event, a.Type, micro(a.At), a.Attempt, a.Status, a.Problem, microOf(a.Next))
		switch {
		case err != nil:
			return err
		case stop != "":
			if err := exec(ctx, t, "UPDATE hooks SET stopped = ? WHERE id = ?", stop, m.ID); err != nil {
				return err
			}
			err = exec(ctx, t, "DELETE FROM hook_outbox WHERE hook = ?", m.ID)
		case a.Next != nil:
			err = exec(ctx, t, "UPDATE hook_outbox SET attempts = ?, due = ? WHERE nr = ?", a.Attempt, micro(*a.Next), m.Nr)
		default:
			err = exec(ctx, t, "DELETE FROM hook_outbox WHERE nr = ?", m.Nr)
		}
		if err != nil {
			return err
		}
		return forget(ctx, t, m.ID)
	})
}

// HookAttempts pages through the history of a hook of the organization, the latest first, or fault.NotFound.
func (s *Store) HookAttempts(ctx context.Context, org id.Org, hook string, offset, limit int) ([]HookAttempt, int, error) {
	var total int
	err := s.read.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM hook_attempts a WHERE a.hook = h.id) FROM hooks h WHERE h.id = ? AND h.org = ?", hook, org).Scan(&total)
	if err != nil {
		return nil, 0, missing(err)
	}
	all, err := list(ctx, s.read, func(r scanner) (HookAttempt, error) {
		var a HookAttempt
		return a, r.Scan(&a.Event, &a.Type, at{&a.At}, &a.Attempt, &a.Status, &a.Problem, maybe{&a.Next})
	}, "SELECT event, type, at, attempt, status, problem, next FROM hook_attempts WHERE hook = ? ORDER BY nr DESC LIMIT ? OFFSET ?", hook, limit, offset)
	return all, total, err
}
