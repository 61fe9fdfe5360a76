package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/store/accounts"
)

// seen is what a look at an organization found.
type seen struct {
	run   *assure.Results
	tasks string     // a digest; empty: not known yet
	day   civil.Date // of which they are
	size  int64
	done  bool // all of it was told
}

// found is what there is to be told about an organization.
type found struct {
	res   *assure.Results
	at    time.Time          // when the run ended
	open  []operate.Instance // due within a day, or late
	known bool               // those are
	cp    ledger.Signed
	seen  seen
}

// forget has the next look compare with what is kept.
func (h *hooking) forget(org id.Org) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.told, org)
}

// look finds what is new in the organizations that have a hook in force.
func (h *hooking) look(ctx context.Context) {
	orgs, err := h.store.HookedOrgs(ctx)
	if err != nil {
		h.failed(ctx, "list the organizations", err)
		return
	}
	for _, org := range orgs {
		if err := h.lookAt(ctx, org); err != nil {
			h.failed(ctx, "look at "+string(org), err)
		}
	}
}

func (h *hooking) lookAt(ctx context.Context, org id.Org) error {
	slug := h.in.tenants.slug(org)
	if slug == "" {
		return nil
	}
	t, err := h.in.tenants.open(ctx, slug)
	if err != nil {
		return err
	}
	f, err := h.find(ctx, t)
	if err != nil {
		return err
	}
	h.mu.Lock()
	last := h.told[org]
	h.mu.Unlock()
	f.seen.done = last.done
	if last == f.seen && last.done {
		return nil
	}
	now := h.clock()
	x := orgHooks{h, t.Org, t.Slug, t.Name}
	f.seen.done = true
	err = h.store.Tell(ctx, org, now, func(mark func(string) ([]byte, error)) (map[string][]byte, []accounts.HookEvent, error) {
		marks, events := map[string][]byte{}, []accounts.HookEvent{}
		for _, part := range []func(orgHooks, time.Time, func(string) ([]byte, error), map[string][]byte) ([]accounts.HookEvent, error){f.deviations, f.due, f.checkpoint} {
			list, err := part(x, now, mark, marks)
			if err != nil {
				return nil, nil, err
			}
			events = append(events, list...)
		}
		return marks, events, nil
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.told[org] = f.seen
	h.mu.Unlock()
	poke(h.due)
	return nil
}

// find reads the latest run, the instances that are due, and the checkpoint. What is not known yet is left for the next look.
func (h *hooking) find(ctx context.Context, t *tenant) (f found, err error) {
	r, ok := t.p.latest()
	if !ok {
		t.p.soon()
	} else {
		f.res, f.at = r.res, r.at
		if _, err := t.p.results(ctx); err != nil { // newer ones are made in the background, also while nobody reads
			return f, err
		}
	}
	f.seen.run = f.res
	if ok && t.board != nil && !t.p.gauge.waits(ctx) {
		today := t.o.program.Zone.DateOf(civil.InstantOf(h.clock()))
		// Not the board's list, which may be of a moment ago when nothing was known: an empty one would have everything told anew.
		if f.open, err = t.board.Due.Due(ctx, t.Org, today+1); err != nil {
			return f, err
		}
		if f.known = !t.p.gauge.waits(ctx); f.known {
			f.seen.tasks, f.seen.day = string(digests(f.instances())), today
		}
	}
	f.cp, err = t.o.st.Checkpoint(ctx, t.Org)
	if errors.Is(err, fault.NotFound) {
		err = nil
	}
	f.seen.size = f.cp.Size
	return f, err
}

// digest names a thing that was told; 64 bits suffice to tell some hundred thousand apart.
type digest [8]byte

func digestOf(parts ...string) digest {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return digest(sum[:8])
}

// markVersion begins every mark, so that one of nothing is a mark.
const markVersion = 1

// digests is a mark of many things: sorted, so that the same things make the same mark.
func digests[V any](m map[digest]V) []byte {
	list := slices.SortedFunc(maps.Keys(m), func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	out := make([]byte, 1, 1+8*len(list))
	out[0] = markVersion
	for _, d := range list {
		out = append(out, d[:]...)
	}
	return out
}

// unseen leaves of the things those that a mark does not hold. Without a mark nothing is unseen: what was there before somebody asked is no news.
func unseen[V any](mark []byte, m map[digest]V) map[digest]V {
	if len(mark) == 0 || mark[0] != markVersion {
		return nil
	}
	out := maps.Clone(m)
	for old := range slices.Chunk(mark[1:], 8) {
		if len(old) == 8 {
			delete(out, digest(old))
		}
	}
	return out
}

type deviating struct{ control, test string }

// deviations tells of those that the run before did not have, one event for each test.
func (f *found) deviations(x orgHooks, _ time.Time, mark func(string) ([]byte, error), marks map[string][]byte) ([]accounts.HookEvent, error) {
	if f.res == nil {
		return nil, nil
	}
	all := map[digest]deviating{}
	for _, t := range f.res.Controls {
		for _, i := range t.Findings {
			if i.Verdict == assure.Deviation {
				all[digestOf(t.Control, t.Test, i.Key)] = deviating{t.Control, t.Test}
			}
		}
	}
	old, err := mark("deviations")
	if err != nil {
		return nil, err
	}
	marks["deviations"] = digests(all)
	n := map[deviating]int{}
	for _, t := range unseen(old, all) {
		n[t]++
	}
	order := slices.SortedFunc(maps.Keys(n), func(a, b deviating) int { return strings.Compare(a.control+"\x00"+a.test, b.control+"\x00"+b.test) })
	var out []accounts.HookEvent
	for _, t := range order {
		var e api.DeviationOpened
		e.Data.Organization, e.Data.Control, e.Data.Test, e.Data.Deviations = x.slug, t.control, t.test, n[t]
		what := "1 new deviation"
		if n[t] > 1 {
			what = fmt.Sprintf("%d new deviations", n[t])
		}
		one, err := x.event("deviation.opened", f.at, e.Data, fmt.Sprintf("%s: %s of %s", x.name, what, t.control))
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// instances names the open instances by what is told of them.
func (f *found) instances() map[digest]operate.Instance {
	out := map[digest]operate.Instance{}
	for _, t := range f.open {
		out[digestOf(kindOf(t), t.Control, t.Key)] = t
	}
	return out
}

func kindOf(t operate.Instance) string {
	if t.Late {
		return "task.late"
	}
	return "task.due"
}

// due tells of instances that came due, or late, since the last look.
func (f *found) due(x orgHooks, now time.Time, mark func(string) ([]byte, error), marks map[string][]byte) ([]accounts.HookEvent, error) {
	if !f.known {
		return nil, nil
	}
	all := f.instances()
	old, err := mark("tasks")
	if err != nil {
		return nil, err
	}
	marks["tasks"] = digests(all)
	order := slices.SortedFunc(maps.Values(unseen(old, all)), func(a, b operate.Instance) int {
		if a.Due != b.Due {
			return int(a.Due - b.Due)
		}
		return strings.Compare(a.Control+"\x00"+a.Key, b.Control+"\x00"+b.Key)
	})
	var out []accounts.HookEvent
	for _, t := range order {
		var e api.TaskEvent
		e.Data.Organization, e.Data.Control, e.Data.Key, e.Data.Due = x.slug, t.Control, t.Key, t.Due
		when := "is due on"
		if t.Late {
			when = "is late; it was due on"
		}
		one, err := x.event(kindOf(t), now, e.Data, fmt.Sprintf("%s: %s (%s) %s %s", x.name, t.Control, t.Key, when, t.Due.Long()))
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// checkpoint tells of the ledger's new state, at most once a minute: who holds the latest holds all before it.
func (f *found) checkpoint(x orgHooks, now time.Time, mark func(string) ([]byte, error), marks map[string][]byte) ([]accounts.HookEvent, error) {
	const kind = "checkpoint"
	old, err := mark(kind)
	if err != nil {
		return nil, err
	}
	next := binary.BigEndian.AppendUint64([]byte{markVersion}, uint64(f.cp.Size)) //nolint:gosec // a size is not negative
	next = binary.BigEndian.AppendUint64(next, uint64(now.UnixMicro()))           //nolint:gosec // nor is this time
	if len(old) != len(next) || old[0] != markVersion {
		marks[kind] = next
		return nil, nil
	}
	last := time.UnixMicro(int64(binary.BigEndian.Uint64(old[9:]))) //nolint:gosec // as it was written
	switch {
	case int64(binary.BigEndian.Uint64(old[1:9])) == f.cp.Size: //nolint:gosec // as it was written
		return nil, nil
	case now.Sub(last) < lookEvery:
		f.seen.done = false // the next look tells it
		return nil, nil
	}
	marks[kind] = next
	var e api.CheckpointSigned
	e.Data.Organization, e.Data.Note = x.slug, string(f.cp.Note)
	e.Data.Checkpoint = assure.Checkpoint{Size: f.cp.Size, Root: f.cp.RootHex()}
	one, err := x.event("checkpoint.signed", now, e.Data, fmt.Sprintf("%s: the ledger holds %d records, root %s", x.name, f.cp.Size, f.cp.RootHex()))
	return []accounts.HookEvent{one}, err
}

// drafted tells that a document was drawn. Drawing the same one again, while nothing was recorded between, is no news. Nobody waits for
// more than one write of the accounts' database, and a document is given out also when it cannot be told.
func (h *hooking) drafted(ctx context.Context, org id.Org, slug, name string, size int64, kind, format string) {
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer end()
	x, now := orgHooks{h, org, slug, name}, h.clock()
	err := h.store.Tell(ctx, org, now, func(mark func(string) ([]byte, error)) (map[string][]byte, []accounts.HookEvent, error) {
		topic := "drafted/" + kind + "/" + format
		old, err := mark(topic)
		state := binary.BigEndian.AppendUint64([]byte{markVersion}, uint64(size)) //nolint:gosec // a size is not negative
		if err != nil || bytes.Equal(old, state) {
			return nil, nil, err
		}
		var e api.ReportDrafted
		e.Data.Organization, e.Data.Kind, e.Data.Format = slug, kind, format
		one, err := x.event("report.drafted", now, e.Data, fmt.Sprintf("%s: a draft of %s was drawn as %s", name, kind, format))
		return map[string][]byte{topic: state}, []accounts.HookEvent{one}, err
	})
	if err != nil {
		h.failed(ctx, "tell of a draft", err)
	}
	poke(h.due)
}

// drawn is what the pages of an organization call when they have drawn a document; nil where there are no web hooks.
func (in *installation) drawn(org id.Org, slug, name string) func(ctx context.Context, kind, format string) {
	if in.hooks == nil {
		return nil
	}
	return func(ctx context.Context, kind, format string) {
		if some, err := in.people.Hooks(ctx, org); err != nil || len(some) == 0 {
			return
		}
		size, err := in.st.Size(ctx, org)
		if err != nil {
			in.hooks.failed(ctx, "tell of a draft", err)
			return
		}
		in.hooks.drafted(ctx, org, slug, name, size, kind, format)
	}
}
