package accounts

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

func hook(t *testing.T, s *Store, org id.Org, key, form string, events ...string) Hook {
	t.Helper()
	h := Hook{ID: key, Org: org, Host: "hooks.example.com", Events: events, Form: form, Sealed: []byte("sealed " + key), By: "ann@example.com", Added: t0}
	if err := s.AddHook(t.Context(), h); err != nil {
		t.Fatalf("AddHook(%s) = %v", key, err)
	}
	return h
}

// tell has events wait whatever was told before.
func tell(t *testing.T, s *Store, org id.Org, events ...HookEvent) {
	t.Helper()
	err := s.Tell(t.Context(), org, t0, func(func(string) ([]byte, error)) (map[string][]byte, []HookEvent, error) { return nil, events, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func event(key, kind string) HookEvent {
	return HookEvent{ID: key, Type: kind, Body: []byte(`{"of":"` + key + `"}`), Chat: []byte(`{"text":"` + key + `"}`)}
}

// due lists what is due as hook/event/body.
func due(t *testing.T, s *Store, now time.Time) []string {
	t.Helper()
	list, err := s.DueHooks(t.Context(), now, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range list {
		out = append(out, m.ID+"/"+m.Event+"/"+string(m.Body))
	}
	slices.Sort(out)
	return out
}

func TestHooksAreWalled(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	a := hook(t, s, "org-a", "h-a", "signed", "task.due", "task.late")
	hook(t, s, "org-b", "h-b", "chat", "task.due")
	got, err := s.Hooks(t.Context(), "org-a")
	if diff := cmp.Diff([]Hook{a}, got); err != nil || diff != "" {
		t.Errorf("Hooks(org-a) = %v %s", err, diff)
	}
	tell(t, s, "org-a", event("e1", "task.due"), event("e2", "task.late"), event("e3", "report.drafted"))
	if diff := cmp.Diff([]string{`h-a/e1/{"of":"e1"}`}, due(t, s, t0)); diff != "" {
		t.Errorf("after org-a was told something: %s", diff)
	}
	if err := s.DropHook(t.Context(), "org-b", "h-a"); !errors.Is(err, fault.NotFound) {
		t.Errorf("DropHook(org-b, h-a) = %v, want not found", err)
	}
	if _, _, err := s.HookAttempts(t.Context(), "org-b", "h-a", 0, 10); !errors.Is(err, fault.NotFound) {
		t.Errorf("HookAttempts(org-b, h-a) = %v, want not found", err)
	}
	if err := s.TryHook(t.Context(), "org-b", "h-a", event("t", "webhook.test"), t0); !errors.Is(err, fault.NotFound) {
		t.Errorf("TryHook(org-b, h-a) = %v, want not found", err)
	}
	if err := s.DropHook(t.Context(), "org-a", "h-a"); err != nil || len(due(t, s, t0)) != 0 {
		t.Errorf("DropHook(org-a, h-a) = %v with %v left, want nothing", err, due(t, s, t0))
	}
	if orgs, err := s.HookedOrgs(t.Context()); err != nil || !slices.Equal(orgs, []id.Org{"org-b"}) {
		t.Errorf("HookedOrgs = %v, %v, want org-b", orgs, err)
	}
}

// TestTellIsAllOrNothing: what is told and the mark of it stand together, also after the file was closed.
func TestTellIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, path := setup(t)
	called := 0
	look := func(s *Store, fail error) (before []byte) {
		t.Helper()
		err := s.Tell(t.Context(), "org", t0, func(mark func(string) ([]byte, error)) (map[string][]byte, []HookEvent, error) {
			called++
			var err error
			if before, err = mark("seen"); err != nil {
				t.Fatal(err)
			}
			return map[string][]byte{"seen": []byte("all")}, []HookEvent{event("e", "task.due")}, fail
		})
		if !errors.Is(err, fail) {
			t.Errorf("Tell = %v, want %v", err, fail)
		}
		return before
	}
	if look(s, nil); called != 0 {
		t.Error("an organization without a hook was looked at")
	}
	hook(t, s, "org", "one", "signed", "task.due")
	hook(t, s, "org", "two", "chat", "task.due")
	look(s, errors.New("a fault"))
	if before := look(s, nil); before != nil {
		t.Errorf("the mark after a fault is %q, want none", before)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	want := []string{`one/e/{"of":"e"}`, `two/e/{"text":"e"}`}
	if diff := cmp.Diff(want, due(t, s, t0)); diff != "" {
		t.Errorf("after opening again: %s", diff)
	}
	if before := look(s, nil); string(before) != "all" {
		t.Errorf("the mark after opening again is %q, want all", before)
	}
	if next, err := s.NextHook(t.Context()); err != nil || next == nil || !next.Equal(t0) {
		t.Errorf("NextHook = %v, %v, want %v", next, err, t0)
	}
	for _, m := range []string{"one", "two"} { // the same event waits once
		x := HookMail{Hook: Hook{ID: m}, Nr: nr(t, s, m), Event: "e"}
		if err := s.Attempted(t.Context(), x, HookAttempt{Event: "e", At: t0, Attempt: 1, Status: 200}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if left := due(t, s, t0.Add(time.Hour)); len(left) != 0 {
		t.Errorf("after it was taken %v waits", left)
	}
}

func nr(t *testing.T, s *Store, hook string) int64 {
	t.Helper()
	list, err := s.DueHooks(t.Context(), t0.Add(1000*time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m HookMail) bool { return m.ID == hook })
	if i < 0 {
		t.Fatalf("nothing waits for %s", hook)
	}
	return list[i].Nr
}

func TestAttempted(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	h := hook(t, s, "org", "one", "signed", "task.due")
	hook(t, s, "org", "two", "signed", "task.due")
	tell(t, s, "org", event("e1", "task.due"), event("e2", "task.due"))
	later := t0.Add(time.Minute)
	m := HookMail{Hook: h, Nr: nr(t, s, "one"), Event: "e1", Type: "task.due"}
	failed := HookAttempt{Event: "e1", Type: "task.due", At: t0, Attempt: 1, Status: 500, Problem: "no", Next: &later}
	if err := s.Attempted(t.Context(), m, failed, ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`one/e2/{"of":"e2"}`, `two/e1/{"of":"e1"}`}, due(t, s, t0)); diff != "" {
		t.Errorf("while e1 waits for its next attempt: %s", diff)
	}
	if list, err := s.DueHooks(t.Context(), t0, 1); err != nil || len(list) != 1 {
		t.Errorf("DueHooks(1) = %d, %v, want 1", len(list), err)
	}
	stop := HookAttempt{Event: "e2", Type: "task.due", At: later, Attempt: 1, Status: 410, Problem: "gone"}
	if err := s.Attempted(t.Context(), HookMail{Hook: h, Nr: nr(t, s, "one"), Event: "e2"}, stop, "gone"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`two/e1/{"of":"e1"}`}, due(t, s, later)); diff != "" {
		t.Errorf("after one was stopped: %s", diff)
	}
	got, total, err := s.HookAttempts(t.Context(), "org", "one", 0, 10)
	if diff := cmp.Diff([]HookAttempt{stop, failed}, got); err != nil || total != 2 || diff != "" {
		t.Errorf("HookAttempts = %d, %v %s", total, err, diff)
	}
	if got, total, err := s.HookAttempts(t.Context(), "org", "one", 1, 10); err != nil || total != 2 || len(got) != 1 || got[0].Event != "e1" {
		t.Errorf("HookAttempts from 1 = %v of %d, %v", got, total, err)
	}
	if list, err := s.Hooks(t.Context(), "org"); err != nil || list[0].Stopped != "gone" {
		t.Errorf("Hooks = %v, %v, want the first stopped", list, err)
	}
	if err := s.TryHook(t.Context(), "org", "one", event("t", "webhook.test"), t0); !errors.Is(err, fault.Refused) {
		t.Errorf("TryHook of a stopped one = %v, want refused", err)
	}
	if err := s.TryHook(t.Context(), "org", "two", event("t1", "webhook.test"), t0); err != nil {
		t.Errorf("TryHook = %v", err)
	}
	if err := s.TryHook(t.Context(), "org", "two", event("t2", "webhook.test"), t0); !errors.Is(err, fault.Refused) {
		t.Errorf("TryHook while one waits = %v, want refused", err)
	}
	if err := s.DropHook(t.Context(), "org", "one"); err != nil {
		t.Fatal(err)
	}
	if err := s.Attempted(t.Context(), m, failed, ""); err != nil {
		t.Errorf("Attempted of a hook that was removed meanwhile = %v, want nothing", err)
	}
}

// TestHooksAreBounded: neither what waits, nor the history, nor the hooks of an organization grow without end.
func TestHooksAreBounded(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	hook(t, s, "org", "one", "signed", "task.due")
	for part := range 4 {
		var list []HookEvent
		for i := range 1000 {
			list = append(list, event(fmt.Sprintf("e%d", part*1000+i), "task.due"))
		}
		tell(t, s, "org", list...)
	}
	count := func(table string) (n int) {
		t.Helper()
		if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count("hook_outbox"); n != MostWaiting {
		t.Errorf("%d events wait, want %d", n, MostWaiting)
	}
	if got := due(t, s, t0); len(got) != 1 || got[0] != `one/e2000/{"of":"e2000"}` {
		t.Errorf("the next is %v, want e2000: the oldest were given up", got)
	}
	got, total, err := s.HookAttempts(t.Context(), "org", "one", 0, 1)
	if err != nil || total != MostAttempts || got[0].Event != "e1999" || got[0].Problem == "" {
		t.Errorf("the history holds %d, %v, the latest %+v; want %d and e1999 given up", total, err, got, MostAttempts)
	}
	for i := 1; i < MostHooks; i++ {
		hook(t, s, "org", fmt.Sprintf("more-%d", i), "chat", "task.due")
	}
	if err := s.AddHook(t.Context(), Hook{ID: "over", Org: "org", Added: t0, Sealed: []byte{1}}); !errors.Is(err, fault.Refused) {
		t.Errorf("AddHook of one too many = %v, want refused", err)
	}
}

// TestTheFirstHookBeginsAnew: what happened while nobody was told is no news to who comes later.
func TestTheFirstHookBeginsAnew(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	mark := func() (v []byte) {
		t.Helper()
		err := s.Tell(t.Context(), "org", t0, func(mark func(string) ([]byte, error)) (map[string][]byte, []HookEvent, error) {
			var err error
			v, err = mark("seen")
			return map[string][]byte{"seen": {1}}, nil, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	hook(t, s, "org", "one", "signed", "task.due")
	mark()
	hook(t, s, "org", "two", "signed", "task.due")
	if v := mark(); v == nil {
		t.Error("a second hook made the first one's marks forgotten")
	}
	for _, h := range []string{"one", "two"} {
		if err := s.DropHook(t.Context(), "org", h); err != nil {
			t.Fatal(err)
		}
	}
	hook(t, s, "org", "three", "signed", "task.due")
	if v := mark(); v != nil {
		t.Errorf("the mark is %v, want none", v)
	}
}
