package account

import (
	"sync"
	"time"
)

// meter limits what one network may ask for before anybody knows who it is, within a window of time. It is kept in memory, for so many
// networks at most; a flood from more of them starts it anew, and meets the bounds of what is kept.
type meter struct {
	most, networks int
	window         time.Duration

	mu    sync.Mutex
	count map[string]tally
}

type tally struct {
	n     int
	since time.Time
}

func newMeter(most int, window time.Duration) *meter {
	return &meter{most: most, networks: 20_000, window: window, count: map[string]tally{}}
}

// allowed is nil, or a *Wait until the window ends.
func (m *meter) allowed(address string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.at(network(address), now)
	if t.n < m.most {
		return nil
	}
	return &Wait{t.since.Add(m.window).Sub(now)}
}

// add counts one more.
func (m *meter) add(address string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	net := network(address)
	t := m.at(net, now)
	if _, there := m.count[net]; !there && len(m.count) >= m.networks {
		m.lapse(now)
	}
	t.n++
	m.count[net] = t
}

// take counts one more unless there were enough.
func (m *meter) take(address string, now time.Time) error {
	if err := m.allowed(address, now); err != nil {
		return err
	}
	m.add(address, now)
	return nil
}

func (m *meter) at(net string, now time.Time) tally {
	t, there := m.count[net]
	if !there || now.Sub(t.since) >= m.window || now.Before(t.since) {
		return tally{since: now}
	}
	return t
}

// lapse makes room: windows that have ended, else all.
func (m *meter) lapse(now time.Time) {
	for net, t := range m.count {
		if now.Sub(t.since) >= m.window {
			delete(m.count, net)
		}
	}
	if len(m.count) >= m.networks {
		clear(m.count)
	}
}
